/** An app's Home tab, and the row of tabs above the conversation with it. */
import { type KeyboardEvent, useEffect, useMemo, useRef } from "react";

import { type Acting, ActingContext } from "./acting";
import { Blocks } from "./blocks";
import { type Desk, keyOfView } from "./desk";
import type { App, View } from "./protocol";
import { type Choices, heldBy } from "./values";

const NOTHING: Choices = {};
const TABS = ["home", "messages"] as const;
const NAMES = { home: "Home", messages: "Messages" };

export type Tab = (typeof TABS)[number];

export function Tabs({ tab, choose }: { tab: Tab; choose: (tab: Tab) => void }) {
  const row = useRef<HTMLDivElement>(null);
  const press = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = tab === "home" ? "messages" : "home";
    choose(other);
    row.current?.querySelector<HTMLElement>(`[data-tab="${other}"]`)?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label="What this app shows" ref={row} onKeyDown={press}>
      {TABS.map((one) => (
        <button
          key={one}
          type="button"
          role="tab"
          className="tab"
          data-tab={one}
          aria-selected={one === tab}
          tabIndex={one === tab ? 0 : -1}
          onClick={() => choose(one)}
        >
          {NAMES[one]}
        </button>
      ))}
    </div>
  );
}

interface HomeProps {
  app: App;
  view: View | undefined;
  desk: Desk;
  choices: Choices | undefined;
  failure: string | undefined;
}

export function Home({ app, view, desk, choices = NOTHING, failure }: HomeProps) {
  useEffect(() => void desk.lookAt(app.id, "home"), [desk, app.id]);
  const acting = useMemo<Acting | null>(
    () =>
      view
        ? {
            held: (blockId, element) => heldBy(choices, blockId, element),
            hold: (blockId, element, held) => desk.holdIn(keyOfView(view), blockId, element, held),
            send: (blockId, element, action) => desk.sendInView(view, blockId, element, action),
            keep: (file) => desk.keep(file),
          }
        : null,
    [desk, view, choices],
  );
  return (
    <section className="home" role="tabpanel" aria-label={`${app.name}: Home`} tabIndex={0}>
      <h2 className="unseen">Home</h2>
      {view ? (
        <ActingContext.Provider value={acting}>
          <Blocks blocks={view.blocks} />
        </ActingContext.Provider>
      ) : (
        <p className="empty">{app.name} has put nothing here yet.</p>
      )}
      {failure && (
        <p className="failure" role="alert">
          {failure}
        </p>
      )}
    </section>
  );
}
