/** A message's text as a person would type it: entities and live mentions turned back. */
import type { Channel, User } from "./protocol";

export function typed(text: string, users: ReadonlyMap<string, User>, channels: ReadonlyMap<string, Channel>): string {
  return text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (_, id: string) => `@${users.get(id)?.name ?? id}`)
    .replace(/<#(\w+)(?:\|([^>]*))?>/g, (_, id: string, name?: string) => `#${channels.get(id)?.name ?? (name || id)}`)
    .replace(/<!(channel|here|everyone)(?:\|[^>]*)?>/g, "@$1")
    .replace(/<(?:https?:|mailto:)[^|>]+\|([^>]+)>/g, "$1")
    .replace(/<(https?:[^|>]+)>/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
