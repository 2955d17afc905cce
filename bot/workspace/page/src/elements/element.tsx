import type { ElementProps } from "./button";
import { Button } from "./button";
import { Checkboxes, RadioButtons } from "./choices";
import { Entry, isEntry } from "./entries";
import { FileInput } from "./files";
import { MultiSelect, Overflow, StaticSelect, ThingSelect } from "./menus";

const KINDS: Record<string, (props: ElementProps) => React.ReactNode> = {
  button: Button,
  checkboxes: Checkboxes,
  radio_buttons: RadioButtons,
  static_select: StaticSelect,
  multi_static_select: MultiSelect,
  users_select: ThingSelect,
  channels_select: ThingSelect,
  conversations_select: ThingSelect,
  overflow: Overflow,
  file_input: FileInput,
};

export function Element(props: ElementProps) {
  const type = String(props.element.type);
  const Kind = KINDS[type] ?? (isEntry(type) ? Entry : null);
  return Kind ? <Kind {...props} /> : <NotDrawn what="element" type={type} />;
}

/** Said in place of what this page does not draw, so that nothing of a message is missing unseen. */
export function NotDrawn({ what, type }: { what: string; type: string }) {
  return (
    <p className="not-drawn">
      This page does not draw the {what} “{type}”.
    </p>
  );
}
