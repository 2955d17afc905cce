/** What the stateful elements of a message hold: at first what the app set, then what the person chose. */
import type { Fields, Held, Json, Values } from "./protocol";

/** One element's choice, and the element it was made on: when the app changes the element, the choice is void. */
interface Choice {
  element: string;
  held: Held;
}

export type Choices = Readonly<Record<string, Choice>>;

const NOTHING_CHOSEN: Choices = {};

const INITIAL: Record<string, (element: Fields) => Fields> = {
  checkboxes: (element) => ({ selected_options: list(element.initial_options) }),
  radio_buttons: (element) => ({ selected_option: element.initial_option ?? null }),
  static_select: (element) => ({ selected_option: element.initial_option ?? null }),
  multi_static_select: (element) => ({ selected_options: list(element.initial_options) }),
  users_select: (element) => ({ selected_user: element.initial_user ?? null }),
  channels_select: (element) => ({ selected_channel: element.initial_channel ?? null }),
  conversations_select: (element) => ({ selected_conversation: element.initial_conversation ?? null }),
  datepicker: (element) => ({ selected_date: element.initial_date ?? null }),
  timepicker: (element) => ({ selected_time: element.initial_time ?? null }),
  plain_text_input: (element) => ({ value: element.initial_value ?? null }),
  number_input: (element) => ({ value: element.initial_value ?? null }),
  email_text_input: (element) => ({ value: element.initial_value ?? null }),
  url_text_input: (element) => ({ value: element.initial_value ?? null }),
  file_input: () => ({ files: [] }),
};

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

export function fields(value: Json | undefined): Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

export function listed(value: Json | undefined): Fields[] {
  return list(value).filter((item): item is Fields => item !== null && typeof item === "object" && !Array.isArray(item));
}

export function options(element: Fields): Fields[] {
  return [...listed(element.options), ...listed(element.option_groups).flatMap((group) => listed(group.options))];
}

/** Two options are the same when their values are. */
export function sameOption(one: Json | undefined, other: Json | undefined): boolean {
  return fields(one).value !== undefined && fields(one).value === fields(other).value;
}

export function isStateful(element: Fields): boolean {
  return String(element.type) in INITIAL;
}

function initial(element: Fields): Held {
  const type = String(element.type);
  return { type, ...INITIAL[type]?.(element) };
}

function key(blockId: string, element: Fields): string {
  return JSON.stringify([blockId, String(element.action_id ?? "")]);
}

export function heldBy(choices: Choices, blockId: string, element: Fields): Held {
  const choice = choices[key(blockId, element)];
  return choice?.element === JSON.stringify(element) ? choice.held : initial(element);
}

export function withHeld(choices: Choices | undefined, blockId: string, element: Fields, held: Held): Choices {
  return { ...(choices ?? NOTHING_CHOSEN), [key(blockId, element)]: { element: JSON.stringify(element), held } };
}

/** A block's elements, wherever its kind keeps them. */
export function elementsOf(block: Fields): Fields[] {
  const single = [block.accessory, block.element].map(fields).filter((element) => element.type !== undefined);
  return block.type === "actions" || block.type === "context_actions" ? listed(block.elements) : single;
}

/** `state.values` as a click sends it: every stateful element, chosen or not. */
export function valuesOf(blocks: Fields[], choices: Choices): Values {
  const values: Values = {};
  for (const block of blocks) {
    const blockId = String(block.block_id ?? "");
    for (const element of elementsOf(block).filter(isStateful)) {
      (values[blockId] ??= {})[String(element.action_id ?? "")] = heldBy(choices, blockId, element);
    }
  }
  return values;
}
