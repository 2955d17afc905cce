/** Text as Slack draws it: our reading of it, drawn by slack-blocks-to-jsx through its rich_text block. */
import { type ComponentProps, type ReactNode, useCallback, useMemo } from "react";
import { Message as Drawing } from "slack-blocks-to-jsx";

import { fullDate, writeDate } from "./dates";
import { type Inline, parse, type Part } from "./mrkdwn";
import type { Fields } from "./protocol";
import { nameOf, useNow, useSurroundings } from "./surroundings";

type Hooks = NonNullable<ComponentProps<typeof Drawing>["hooks"]>;
type Blocks = ComponentProps<typeof Drawing>["blocks"];

function UserMention({ id }: { id: string }) {
  const { users, me } = useSurroundings();
  return (
    <span className={id === me ? "mention mention-me" : "mention"}>
      @<bdi>{nameOf(users.get(id), id)}</bdi>
    </span>
  );
}

function ChannelMention({ id }: { id: string }) {
  const { channels } = useSurroundings();
  return (
    <span className="mention">
      #<bdi>{channels.get(id)?.name ?? "private channel"}</bdi>
    </span>
  );
}

function LocalTime({ timestamp, format, fallback }: { timestamp: string; format: string; fallback: string }) {
  const now = useNow();
  const text = writeDate(timestamp, format, now);
  if (text === null) return <span>{fallback}</span>;
  const date = new Date(Number(timestamp) * 1000);
  return (
    <time dateTime={date.toISOString()} title={fullDate(date)}>
      {text}
    </time>
  );
}

/** Only addresses a browser may be sent to; anything else is shown as the text it is. */
export function SafeLink({ href, children }: { href: string; children: ReactNode }) {
  if (!/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <a className="link" href={href} target="_blank" rel="noopener noreferrer nofollow">
      <bdi>{children}</bdi>
    </a>
  );
}

/** `drawn` is what the emoji tables know of `name`; what they do not know stays as typed. */
function Emoji({ name, drawn }: { name: string; drawn: string }) {
  const known = drawn !== "" && !drawn.includes(name);
  return known ? (
    <span className="emoji" role="img" aria-label={name.replaceAll("_", " ")}>
      {drawn}
    </span>
  ) : (
    <span>:{name}:</span>
  );
}

// The library keeps the first hooks it is given, so these are the same always and look around through the context.
const HOOKS: Hooks = {
  user: ({ id }) => <UserMention id={id} />,
  channel: ({ id }) => <ChannelMention id={id} />,
  usergroup: ({ id }) => <span className="mention">@{id}</span>,
  atHere: () => <span className="mention mention-all">@here</span>,
  atChannel: () => <span className="mention mention-all">@channel</span>,
  atEveryone: () => <span className="mention mention-all">@everyone</span>,
  date: ({ timestamp, format, fallback }) => <LocalTime timestamp={timestamp} format={format} fallback={fallback} />,
  link: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  emoji: (data, draw) => <Emoji name={data.name} drawn={String(draw(data) ?? "")} />,
};

/** Blocks the library draws well. It marks each drawing with the same id, which a page may have once: the id is taken off. */
export function Drawn({ blocks }: { blocks: Fields[] }) {
  const { theme } = useSurroundings();
  const withoutId = useCallback((frame: HTMLDivElement | null) => {
    frame?.querySelector("#slack_blocks_to_jsx")?.removeAttribute("id");
  }, []);
  // The library's header is off (`withoutWrapper`), so name and logo are not drawn.
  return (
    <div className="drawn" ref={withoutId}>
      <Drawing withoutWrapper name="" logo="" theme={theme} hooks={HOOKS} blocks={blocks as unknown as Blocks} />
    </div>
  );
}

/** Dates with a link and dates that cannot be read are settled here: the library's date element knows neither. */
function settled(element: Inline, now: Date): Inline {
  if (element.type !== "date") return element;
  const text = writeDate(String(element.timestamp), element.format, now);
  const style = element.style ? { style: element.style } : {};
  if (text === null) return { type: "text", text: element.fallback ?? "", ...style };
  return element.url ? { type: "link", url: element.url, text, ...style } : element;
}

const PARTS = new Set(["rich_text_section", "rich_text_quote", "rich_text_preformatted", "rich_text_list"]);

/** A rich_text block from anywhere, with nothing in it that would break the drawing. */
export function richText(elements: unknown, now: Date): Fields {
  const parts = (Array.isArray(elements) ? elements : []).filter(
    (part): part is Part => PARTS.has(part?.type) && Array.isArray(part.elements),
  );
  const settle = (part: Part): unknown => ({
    ...part,
    elements: (part.elements as (Inline | Part)[]).map((one) => ("elements" in one ? settle(one) : settled(one, now))),
  });
  return { type: "rich_text", elements: parts.map(settle) as Fields[] };
}

/** A text object, or the text of a message, drawn. */
export function Text({ text }: { text: unknown }) {
  const now = useNow();
  const blocks = useMemo(() => {
    if (typeof text === "string") return [richText(parse(text), now)];
    const { type, text: said, emoji, verbatim } = (text ?? {}) as Fields;
    const reading = {
      plain: type === "plain_text",
      emoji: emoji !== false,
      verbatim: verbatim === true,
      bare: verbatim !== true,
    };
    return [richText(parse(String(said ?? ""), reading), now)];
  }, [text, now]);
  return <Drawn blocks={blocks} />;
}

/** A text object read as plain words: for accessible names, options of native selects, dialogs' titles. */
export function words(text: unknown): string {
  const object = typeof text === "string" ? { text } : ((text ?? {}) as Fields);
  return String(object.text ?? "").replace(/&(lt|gt|amp);/g, (_, name: string) => ({ lt: "<", gt: ">", amp: "&" })[name] ?? "");
}
