/** What the page and the workspace say to each other: see `GET /page/state` and its neighbours. */

export interface Persona {
  id: string;
  name: string;
  real_name: string;
  title?: string | null;
}

export interface User {
  id: string;
  name: string;
  real_name?: string | null;
  is_bot?: boolean;
}

export interface Command {
  command: string;
  description?: string | null;
  usage_hint?: string | null;
}

export interface App {
  id: string;
  name: string;
  bot_user_id?: string | null;
  commands: Command[];
  shortcuts: { callback_id: string; name: string; on_messages: boolean }[];
  /** It has a Home tab. */
  home: boolean;
  online: boolean;
}

export interface Channel {
  id: string;
  name: string;
  kind: "channel" | "im";
  topic?: string | null;
  user?: string | null;
}

export interface Reaction {
  name: string;
  users: string[];
  count: number;
}

/** Block Kit arrives as JSON that anybody may have written: every field is looked at before use. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };
export type Fields = { [key: string]: Json | undefined };

export interface Message {
  ts: string;
  channel: string;
  thread_ts?: string | null;
  user?: string | null;
  bot_id?: string | null;
  app_id?: string | null;
  text: string;
  blocks?: Fields[] | null;
  ephemeral: boolean;
  edited: boolean;
  subtype?: string | null;
  reactions?: Reaction[];
  files?: { id: string; name: string; picture: boolean; url: string }[];
}

/** A modal or a Home tab: the app's view, and what is wrong in it by block. */
export interface View {
  id: string;
  app_id: string;
  app: string;
  title: Fields;
  submit: Fields | null;
  close: Fields | null;
  blocks: Fields[];
  errors: Readonly<Record<string, string>>;
}

export interface State {
  team: { id: string; name: string; domain: string };
  me: string;
  personas: Persona[];
  users: User[];
  apps: App[];
  channels: Channel[];
  messages: Record<string, Message[]>;
  /** The modals open before this person, the one in sight last. */
  views: View[];
  /** What apps' Home tabs show this person. */
  homes: View[];
}

export type Event =
  | { type: "message"; message: Message }
  | { type: "changed"; message: Message }
  | { type: "deleted"; channel: string; ts: string }
  | { type: "views"; views: View[]; homes: View[] }
  | { type: "channel"; channel: Channel }
  | { type: "app"; app: App };

export type Answer = { ok: true; file?: Kept } | { ok: false; error: string };

/** A file that was uploaded, as it stands in a field. */
export interface Kept {
  id: string;
  name: string;
}

/** What a stateful element holds: `selected_options`, `selected_option`, `value`, … with its `type`. */
export type Held = Fields & { type: string };
export type Values = Record<string, Record<string, Held>>;

const UNREACHABLE = "The workspace did not answer. Is it still running?";

export async function post(path: string, body: unknown): Promise<Answer> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Answer;
    return answer.ok === true ? answer : { ok: false, error: String(answer.error || UNREACHABLE) };
  } catch {
    return { ok: false, error: UNREACHABLE };
  }
}

export async function readState(as: string | null): Promise<State> {
  const response = await fetch(`/page/state${as ? `?as=${encodeURIComponent(as)}` : ""}`);
  if (!response.ok) {
    throw new Error(`state: ${response.status}`);
  }
  return (await response.json()) as State;
}

export function eventsAddress(as: string): string {
  const address = new URL(`/page/events?as=${encodeURIComponent(as)}`, window.location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}
