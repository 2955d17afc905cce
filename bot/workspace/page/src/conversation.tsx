/** A channel or a direct conversation, and beside it the thread that is open. */
import { useMemo, useRef } from "react";

import { Composer } from "./composer";
import type { Desk } from "./desk";
import { CloseIcon } from "./icons";
import { MessageList } from "./messages";
import type { Channel, Message, State } from "./protocol";

function inThread(message: Message, root: string): boolean {
  return message.ts === root || message.thread_ts === root;
}

function inChannel(message: Message): boolean {
  return !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast";
}

function counted(messages: Message[]): Map<string, number> {
  const replies = new Map<string, number>();
  for (const { thread_ts, ts } of messages) {
    if (thread_ts && thread_ts !== ts) replies.set(thread_ts, (replies.get(thread_ts) ?? 0) + 1);
  }
  return replies;
}

const NONE: Message[] = [];

interface ConversationProps {
  state: State;
  desk: Desk;
  channel: Channel;
  title: string;
  thread: string | null;
  setThread: (ts: string | null) => void;
}

export function Conversation({ state, desk, channel, title, thread, setThread }: ConversationProps) {
  const view = desk.view;
  const opener = useRef<Element | null>(null);
  const all = view.messages[channel.id] ?? NONE;
  const main = useMemo(() => all.filter(inChannel), [all]);
  const replies = useMemo(() => counted(all), [all]);
  const threaded = useMemo(() => (thread ? all.filter((message) => inThread(message, thread)) : NONE), [all, thread]);
  const who = state.personas.find((persona) => persona.id === state.me)?.name ?? state.me;
  const openThread = (ts: string) => {
    opener.current = document.activeElement;
    setThread(ts);
  };
  // Whoever closes a thread goes on where it was opened.
  const closeThread = () => {
    setThread(null);
    window.requestAnimationFrame(() => (opener.current as HTMLElement | null)?.focus());
  };
  const common = { replies, desk, view, apps: state.apps };
  return (
    <div className={`conversation${thread ? " conversation-thread" : ""}`}>
      <div className="main">
        <h2 className="unseen">Messages</h2>
        <MessageList
          {...common}
          label={`Messages in ${title}`}
          messages={main}
          openThread={openThread}
          empty={`Nothing has been said in ${title} yet.`}
        />
        <Composer
          label={`Message ${title} as ${who}`}
          apps={state.apps}
          inThread={false}
          say={(text) => desk.say(channel.id, text, null, false)}
          upload={(picture, text) => desk.upload(channel.id, picture, text, null)}
          shortcut={(callbackId) => void desk.shortcut(channel.id, callbackId)}
        />
      </div>
      {thread && (
        <section
          className="thread"
          aria-label="Thread"
          onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && closeThread()}
        >
          <header className="bar">
            <h2>
              Thread <span className="quiet">{title}</span>
            </h2>
            <button type="button" className="icon-button" aria-label="Close thread" onClick={closeThread}>
              <CloseIcon />
            </button>
          </header>
          <MessageList
            key={thread}
            {...common}
            label="Messages in the thread"
            messages={threaded}
            empty="This message is gone."
          />
          <Composer
            key={`${thread} box`}
            label={`Reply as ${who}`}
            apps={state.apps}
            inThread
            focused
            also={`Also send to ${title}`}
            say={(text, broadcast) => desk.say(channel.id, text, thread, broadcast)}
            upload={(picture, text) => desk.upload(channel.id, picture, text, thread)}
            shortcut={(callbackId) => void desk.shortcut(channel.id, callbackId)}
          />
        </section>
      )}
    </div>
  );
}
