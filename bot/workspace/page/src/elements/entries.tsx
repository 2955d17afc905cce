import { type KeyboardEvent, useState } from "react";

import { useElement } from "../acting";
import { words } from "../richtext";
import type { ElementProps } from "./button";

const ENTRIES: Record<string, { kind: string; field: string; label: string }> = {
  datepicker: { kind: "date", field: "selected_date", label: "Date" },
  timepicker: { kind: "time", field: "selected_time", label: "Time" },
  plain_text_input: { kind: "text", field: "value", label: "Text" },
  number_input: { kind: "number", field: "value", label: "Number" },
  email_text_input: { kind: "email", field: "value", label: "E-mail address" },
  url_text_input: { kind: "url", field: "value", label: "Address" },
};

export function isEntry(type: string): boolean {
  return type in ENTRIES;
}

/** A date, a time or a text; a date is sent when chosen, a text when Enter is pressed. */
export function Entry({ blockId, element, labelledBy, silent }: ElementProps) {
  const { held, busy, hold, choose: send } = useElement(blockId, element);
  const { kind, field, label } = ENTRIES[String(element.type)] ?? { kind: "text", field: "value", label: "" };
  const current = String(held[field] ?? "");
  const [draft, setDraft] = useState<string | null>(null);
  const typed = field === "value";
  const settle = (text: string) => {
    setDraft(null);
    if (text === current) return;
    if (silent || typed) hold({ [field]: text || null });
    else void send({ [field]: text || null });
  };
  const enter = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !typed || element.multiline === true) return;
    event.preventDefault();
    const value = { [field]: (draft ?? current) || null };
    setDraft(null);
    if (silent) hold(value);
    else void send(value);
  };
  const common = {
    className: "entry",
    "aria-label": labelledBy ? undefined : words(element.placeholder) || label,
    "aria-labelledby": labelledBy,
    "aria-busy": busy || undefined,
    placeholder: words(element.placeholder) || undefined,
    value: draft ?? current,
    onBlur: () => draft !== null && settle(draft),
    onKeyDown: enter,
  };
  if (element.multiline === true) return <textarea {...common} rows={3} onChange={(event) => setDraft(event.target.value)} />;
  return (
    <input type={kind} {...common} onChange={(event) => (typed ? setDraft(event.target.value) : settle(event.target.value))} />
  );
}
