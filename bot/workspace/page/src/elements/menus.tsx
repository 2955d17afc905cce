import { useState } from "react";

import { useElement } from "../acting";
import type { Fields, Json } from "../protocol";
import { words } from "../richtext";
import { nameOf, useSurroundings } from "../surroundings";
import { fields, listed, options } from "../values";
import type { ElementProps } from "./button";
import { Menu } from "./menu";
import { EmojiWords } from "./words";

function Options({ of }: { of: Fields[] }) {
  return of.map((option, index) => (
    <option key={index} value={String(option.value ?? "")}>
      {words(option.text)}
    </option>
  ));
}

/** The browser's own menu: it is what phones and screen readers know. */
export function StaticSelect({ blockId, element, labelledBy, silent }: ElementProps) {
  const { held, busy, hold, choose: send } = useElement(blockId, element);
  const all = options(element);
  const choose = (value: string) => {
    const chosen = { selected_option: (all.find((option) => option.value === value) ?? null) as Json };
    if (silent) hold(chosen);
    else void send(chosen);
  };
  const placeholder = words(element.placeholder) || "Select an option";
  return (
    <select
      className="select"
      aria-label={labelledBy ? undefined : placeholder}
      aria-labelledby={labelledBy}
      aria-busy={busy || undefined}
      value={String(fields(held.selected_option).value ?? "")}
      onChange={(event) => choose(event.target.value)}
    >
      <option value="" disabled hidden>
        {placeholder}
      </option>
      <Options of={listed(element.options)} />
      {listed(element.option_groups).map((group, index) => (
        <optgroup key={index} label={words(group.label)}>
          <Options of={listed(group.options)} />
        </optgroup>
      ))}
    </select>
  );
}

const THINGS: Record<string, { field: string; placeholder: string }> = {
  users_select: { field: "selected_user", placeholder: "Select a person" },
  channels_select: { field: "selected_channel", placeholder: "Select a channel" },
  conversations_select: { field: "selected_conversation", placeholder: "Select a conversation" },
};

/** A person, or a channel, of this workspace. */
export function ThingSelect({ blockId, element, labelledBy, silent }: ElementProps) {
  const { held, busy, hold, choose: send } = useElement(blockId, element);
  const { users, channels } = useSurroundings();
  const { field, placeholder } = THINGS[String(element.type)] ?? { field: "value", placeholder: "" };
  const people = [...users.values()].filter((user) => !user.is_bot).map((user) => ({ id: user.id, name: nameOf(user, user.id) }));
  const places = [...channels.values()]
    .filter((channel) => channel.kind === "channel")
    .map(({ id, name }) => ({ id, name: `#${name}` }));
  const choose = (id: string) => {
    if (silent) hold({ [field]: id });
    else void send({ [field]: id });
  };
  const prompt = words(element.placeholder) || placeholder;
  return (
    <select
      className="select"
      aria-label={labelledBy ? undefined : prompt}
      aria-labelledby={labelledBy}
      aria-busy={busy || undefined}
      value={String(held[field] ?? "")}
      onChange={(event) => choose(event.target.value)}
    >
      <option value="" disabled hidden>
        {prompt}
      </option>
      {(element.type === "users_select" ? people : places).map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** Several of a list; sent when the list is closed, as Slack does. */
export function MultiSelect({ blockId, element, labelledBy, silent }: ElementProps) {
  const { held, busy, hold, choose: send } = useElement(blockId, element);
  const [draft, setDraft] = useState<string[] | null>(null);
  const chosen = draft ?? listed(held.selected_options).map((option) => String(option.value));
  const prompt = words(element.placeholder) || "Select options";
  const settle = () => {
    if (draft === null) return;
    setDraft(null);
    const value = { selected_options: options(element).filter((option) => draft.includes(String(option.value))) as Json[] };
    if (silent) hold(value);
    else void send(value);
  };
  const toggle = (value: string) => setDraft(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  const names = options(element)
    .filter((option) => chosen.includes(String(option.value)))
    .map((option) => words(option.text));
  return (
    <details className="multi" aria-busy={busy || undefined} onToggle={(event) => event.currentTarget.open || settle()}>
      <summary className="select">{names.join(", ") || prompt}</summary>
      <div className="choices" role="group" aria-label={labelledBy ? undefined : prompt} aria-labelledby={labelledBy}>
        {options(element).map((option, index) => (
          <label key={index} className="choice">
            <input
              type="checkbox"
              checked={chosen.includes(String(option.value))}
              onChange={() => toggle(String(option.value))}
            />
            <EmojiWords text={option.text} />
          </label>
        ))}
      </div>
    </details>
  );
}

/** The menu behind three dots. */
export function Overflow({ blockId, element, labelledBy }: ElementProps) {
  const { busy, press: send } = useElement(blockId, element);
  const items = options(element).map((option) => ({
    label: <EmojiWords text={option.text} />,
    choose: () => void send({ selected_option: option as Json }),
  }));
  return (
    <Menu label="More actions" describedBy={labelledBy} buttonClass="button button-icon" busy={busy} items={items}>
      <span aria-hidden="true">•••</span>
    </Menu>
  );
}
