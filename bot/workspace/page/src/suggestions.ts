/** What the message box offers while one types: commands after a slash at the start, people after an at sign. */
import type { App, User } from "./protocol";
import { nameOf } from "./surroundings";

export interface Suggestion {
  key: string;
  /** What stands in the list, and what goes into the box. */
  term: string;
  hint: string;
  description: string;
  from: string;
}

export interface Offer {
  /** Where in the text the suggestion goes. */
  start: number;
  end: number;
  suggestions: Suggestion[];
}

const MOST_PEOPLE = 6;

function commandsFor(typed: string, apps: App[]): Suggestion[] {
  const all = apps.flatMap((app) =>
    app.commands.map(({ command, usage_hint, description }) => ({
      key: `${app.id} ${command}`,
      term: command,
      hint: usage_hint ?? "",
      description: description ?? "",
      from: app.name,
    })),
  );
  return all.filter(({ term }) => term.startsWith(typed.toLowerCase())).sort((one, other) => (one.term < other.term ? -1 : 1));
}

function peopleFor(typed: string, users: Iterable<User>): Suggestion[] {
  const wanted = typed.toLowerCase();
  return [...users]
    .filter((user) => !user.is_bot && [user.name, nameOf(user, "")].some((name) => name.toLowerCase().startsWith(wanted)))
    .slice(0, MOST_PEOPLE)
    .map((user) => ({ key: user.id, term: `@${user.name}`, hint: "", description: nameOf(user, user.id), from: "" }));
}

/** What to offer for `text` with the caret at `caret`; null where there is nothing. */
export function offer(text: string, caret: number, apps: App[], users: Iterable<User>, commands: boolean): Offer | null {
  const before = text.slice(0, caret);
  if (commands && /^\/\S*$/.test(before)) {
    const suggestions = commandsFor(before, apps);
    return suggestions.length > 0 ? { start: 0, end: caret, suggestions } : null;
  }
  const at = /(?:^|\s)@([\w.-]*)$/.exec(before);
  if (!at) return null;
  const suggestions = peopleFor(at[1] ?? "", users);
  return suggestions.length > 0 ? { start: caret - (at[1] ?? "").length - 1, end: caret, suggestions } : null;
}

/** The command whose arguments are being typed, for its usage hint. */
export function commandOf(text: string, apps: App[]): Suggestion | null {
  const name = /^(\/\S+)\s/.exec(text)?.[1]?.toLowerCase();
  return name ? (commandsFor(name, apps).find(({ term }) => term === name) ?? null) : null;
}
