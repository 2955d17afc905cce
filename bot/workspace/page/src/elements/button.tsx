import { useElement } from "../acting";
import type { Fields } from "../protocol";
import { words } from "../richtext";
import { EmojiWords } from "./words";

export interface ElementProps {
  blockId: string;
  element: Fields;
  /** The id of what names the element, where the element has no label of its own. */
  labelledBy?: string;
  /** In an input block without `dispatch_action`, a choice is kept and not sent. */
  silent?: boolean;
}

/** A button; it stays focusable while its request runs, so that a keyboard does not lose its place. */
export function Button({ blockId, element }: ElementProps) {
  const { busy, press: send } = useElement(blockId, element);
  const style = element.style === "primary" || element.style === "danger" ? ` button-${element.style}` : "";
  const click = () => {
    const url = String(element.url ?? "");
    if (/^https?:/i.test(url)) window.open(url, "_blank", "noopener,noreferrer");
    void send(element.value === undefined ? {} : { value: element.value });
  };
  return (
    <button
      type="button"
      className={`button${style}`}
      aria-label={element.accessibility_label ? words(element.accessibility_label) : undefined}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={click}
    >
      <EmojiWords text={element.text} />
    </button>
  );
}
