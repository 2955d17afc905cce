/** The messages of a channel or of a thread, and the box under them. */
import { Fragment, useLayoutEffect, useRef, useState } from "react";

import { dateOf, dayOf } from "./dates";
import { type Desk, keyOf, type View } from "./desk";
import { Message } from "./message";
import type { App, Message as Value } from "./protocol";
import { useNow } from "./surroundings";
import type { Choices } from "./values";

const TOGETHER_FOR = 5 * 60;
const NEAR_THE_END = 80;
const NOTHING: Choices = {};

function continues(message: Value, before: Value | undefined): boolean {
  return (
    before !== undefined &&
    !message.ephemeral &&
    !before.ephemeral &&
    before.user === message.user &&
    before.bot_id === message.bot_id &&
    dateOf(before.ts).getDate() === dateOf(message.ts).getDate() &&
    Number(message.ts) - Number(before.ts) < TOGETHER_FOR
  );
}

interface MessageListProps {
  label: string;
  messages: Value[];
  replies: ReadonlyMap<string, number>;
  desk: Desk;
  view: View;
  apps: App[];
  /** Said where there is nothing yet. */
  empty: string;
  openThread?: (ts: string) => void;
}

export function MessageList({ label, messages, replies, desk, view, apps, empty, openThread }: MessageListProps) {
  const now = useNow();
  const frame = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [missed, setMissed] = useState(false);
  const last = messages.at(-1)?.ts;
  const toEnd = () => {
    frame.current?.scrollTo({ top: frame.current.scrollHeight });
    setMissed(false);
  };
  const scrolled = () => {
    const area = frame.current;
    if (!area) return;
    atEnd.current = area.scrollHeight - area.scrollTop - area.clientHeight < NEAR_THE_END;
    if (atEnd.current) setMissed(false);
  };
  // Whoever reads the end stays at the end; whoever reads further up is told, and not moved.
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
  }, [messages]);
  useLayoutEffect(() => {
    if (!atEnd.current) setMissed(true);
  }, [last]);
  return (
    <div className="messages-frame">
      <div className="messages" ref={frame} onScroll={scrolled} tabIndex={0} role="log" aria-live="polite" aria-label={label}>
        {messages.length === 0 && <p className="empty">{empty}</p>}
        {messages.map((message, index) => {
          const day = dayOf(dateOf(message.ts), now);
          const before = messages[index - 1];
          const newDay = before === undefined || dayOf(dateOf(before.ts), now) !== day;
          return (
            <Fragment key={message.ts}>
              {newDay && (
                <p className="day">
                  <span>{day}</span>
                </p>
              )}
              <Message
                message={message}
                desk={desk}
                apps={apps}
                choices={view.choices[keyOf(message)] ?? NOTHING}
                failure={view.failures[keyOf(message)]}
                continues={!newDay && continues(message, before)}
                replies={replies.get(message.ts) ?? 0}
                openThread={openThread}
              />
            </Fragment>
          );
        })}
      </div>
      {missed && (
        <button type="button" className="missed" onClick={toEnd}>
          New messages below
        </button>
      )}
    </div>
  );
}
