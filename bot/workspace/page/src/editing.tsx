/** A person's own message, its words in a box. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";

interface EditingProps {
  first: string;
  save: (text: string) => void;
  cancel: () => void;
}

export function Editing({ first, save, cancel }: EditingProps) {
  const [text, setText] = useState(first);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(first.length, first.length);
  }, [first]);
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && !event.shiftKey) save(text);
    else return;
    event.preventDefault();
  };
  return (
    <form
      className="editing"
      onSubmit={(event) => {
        event.preventDefault();
        save(text);
      }}
    >
      <textarea
        ref={box}
        className="entry"
        rows={3}
        aria-label="Edit message"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={press}
      />
      <div className="confirm-buttons">
        <button type="button" className="button" onClick={cancel}>
          Cancel
        </button>
        <button type="submit" className="button button-primary">
          Save
        </button>
      </div>
    </form>
  );
}
