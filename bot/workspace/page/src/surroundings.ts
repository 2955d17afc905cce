import { createContext, useContext, useSyncExternalStore } from "react";

import type { Channel, User } from "./protocol";

export type Theme = "light" | "dark";

/** What drawing a message needs to know beside the message. */
export interface Surroundings {
  theme: Theme;
  me: string;
  users: ReadonlyMap<string, User>;
  channels: ReadonlyMap<string, Channel>;
}

export const SurroundingsContext = createContext<Surroundings>({ theme: "light", me: "", users: new Map(), channels: new Map() });

export function useSurroundings(): Surroundings {
  return useContext(SurroundingsContext);
}

export function nameOf(user: User | undefined, id: string): string {
  return user?.real_name || user?.name || id;
}

let now = new Date();
let timer = 0;
const watchers = new Set<() => void>();

function tick(): void {
  now = new Date();
  for (const changed of watchers) changed();
}

function watchClock(changed: () => void): () => void {
  if (watchers.size === 0) timer = window.setInterval(tick, 30_000);
  watchers.add(changed);
  return () => {
    watchers.delete(changed);
    if (watchers.size === 0) window.clearInterval(timer);
  };
}

/** The time, looked at twice a minute: for "today" and "3 minutes ago". */
export function useNow(): Date {
  return useSyncExternalStore(watchClock, () => now);
}
