import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

import { Attaching } from "./attaching";
import { SendIcon } from "./icons";
import type { App } from "./protocol";
import { commandOf, type Offer, offer, type Suggestion } from "./suggestions";
import { useSurroundings } from "./surroundings";

interface ComposerProps {
  /** What the box is for: "Message #help as alice". */
  label: string;
  apps: App[];
  /** Slash commands do not work in threads. */
  inThread: boolean;
  /** Takes the focus when it appears. */
  focused?: boolean;
  /** Resolves to false where it was not taken: the text comes back. */
  say: (text: string, broadcast: boolean) => Promise<boolean>;
  upload: (picture: File, text: string) => Promise<boolean>;
  shortcut: (callbackId: string) => void;
  /** In a thread: the words of the box by which a reply is shown in the channel too. */
  also?: string;
}

function Suggestions({ id, found, chosen, take }: { id: string; found: Offer; chosen: number; take: (one: Suggestion) => void }) {
  return (
    <ul className="suggestions" role="listbox" id={id} aria-label="Suggestions">
      {found.suggestions.map((one, index) => (
        // The text box keeps the focus: a press that moved it would close the list before the click.
        <li
          key={one.key}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => take(one)}
        >
          <span className="suggestion-term">{one.term}</span>
          {one.hint && <span className="suggestion-hint">{one.hint}</span>}
          <span className="suggestion-description">{one.description}</span>
          {one.from && <span className="suggestion-from">{one.from}</span>}
        </li>
      ))}
    </ul>
  );
}

export function Composer({ label, apps, inThread, focused = false, say, upload, shortcut, also }: ComposerProps) {
  const { users } = useSurroundings();
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const caretTo = useRef<number | null>(null);
  const [text, setText] = useState("");
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [broadcast, setBroadcast] = useState(false);
  const [closed, setClosed] = useState(false);
  const [history, setHistory] = useState<string[]>([]);
  const found = closed ? null : offer(text, caret, apps, users.values(), !inThread);
  const at = found ? Math.min(chosen, found.suggestions.length - 1) : 0;
  const usage = inThread ? null : commandOf(text, apps);

  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 200)}px`;
    if (caretTo.current !== null) area.setSelectionRange(caretTo.current, caretTo.current);
    caretTo.current = null;
  }, [text]);

  useEffect(() => setChosen(0), [text]);

  useEffect(() => {
    if (focused) box.current?.focus();
  }, [focused]);

  const write = (next: string, position = next.length) => {
    caretTo.current = position;
    setText(next);
    setCaret(position);
    setClosed(false);
  };
  const take = (one: Suggestion) => {
    if (!found) return;
    const inserted = `${one.term} `;
    write(text.slice(0, found.start) + inserted + text.slice(found.end).replace(/^ /, ""), found.start + inserted.length);
    box.current?.focus();
  };
  const send = async () => {
    const said = text.trim();
    if (!said) return;
    setHistory([said, ...history]);
    write("");
    // A refused command stays away as in Slack, and comes back with the Up key; a message that was not taken comes back by itself.
    setBroadcast(false);
    if (!(await say(said, broadcast)) && !said.startsWith("/")) setText((typed) => typed || said);
  };
  const attach = async (picture: File) => {
    const said = text.trim();
    write("");
    if (!(await upload(picture, said))) setText((typed) => typed || said);
  };
  const offered = (event: KeyboardEvent, open: Offer) => {
    const { length } = open.suggestions;
    const one = open.suggestions[at];
    const complete = one !== undefined && one.term === text.slice(open.start, open.end);
    if (event.key === "ArrowDown") setChosen((at + 1) % length);
    else if (event.key === "ArrowUp") setChosen((at + length - 1) % length);
    else if (event.key === "Escape") setClosed(true);
    else if (one && (event.key === "Tab" || (event.key === "Enter" && !complete)) && !event.shiftKey) take(one);
    else return false;
    return true;
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    let done = found !== null && offered(event, found);
    if (!done && event.key === "Enter" && !event.shiftKey) {
      void send();
      done = true;
    } else if (!done && event.key === "ArrowUp" && text === "" && history[0]) {
      write(history[0]);
      done = true;
    }
    if (done) event.preventDefault();
  };
  const status = found
    ? `${found.suggestions.length === 1 ? "1 suggestion" : `${found.suggestions.length} suggestions`}. Up and Down choose, Tab takes.`
    : "";

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {found && <Suggestions id={id} found={found} chosen={at} take={take} />}
      <div className="composer-box">
        <Attaching apps={apps} upload={(picture) => void attach(picture)} shortcut={shortcut} />
        <textarea
          ref={box}
          rows={1}
          value={text}
          placeholder={label}
          aria-label={label}
          aria-autocomplete="list"
          aria-controls={found ? id : undefined}
          aria-activedescendant={found ? `${id}-${at}` : undefined}
          aria-describedby={usage ? `${id}-usage` : undefined}
          enterKeyHint="send"
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setText(event.target.value);
            setCaret(event.target.selectionStart);
            setClosed(false);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onBlur={() => setClosed(true)}
          onFocus={() => setClosed(false)}
          onKeyDown={press}
          onPaste={(event) => {
            const picture = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
            if (!picture) return;
            event.preventDefault();
            void attach(picture);
          }}
        />
        <button type="submit" className="send" aria-label="Send" disabled={text.trim() === ""}>
          <SendIcon />
        </button>
      </div>
      {also && (
        <label className="also">
          <input type="checkbox" checked={broadcast} onChange={(event) => setBroadcast(event.target.checked)} />
          {also}
        </label>
      )}
      <p className="usage" id={`${id}-usage`}>
        {usage && (
          <>
            <b>{usage.term}</b> {usage.hint}
            {usage.description && ` · ${usage.description}`}
          </>
        )}
      </p>
      <p className="unseen" role="status">
        {status}
      </p>
    </form>
  );
}
