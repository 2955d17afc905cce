/**
 * Slack's mrkdwn as rich text, which is how Slack itself keeps it.
 *
 * What is escaped stays text: `&lt;!channel&gt;` reads as written, `<!channel>` becomes a mention. A mistake in an app's escaping is
 * therefore seen on this page as it would be in Slack.
 */

export interface Style {
  bold?: true;
  italic?: true;
  strike?: true;
  code?: true;
}

export type Inline =
  | { type: "text"; text: string; style?: Style }
  | { type: "link"; url: string; text?: string; style?: Style }
  | { type: "user"; user_id: string; style?: Style }
  | { type: "channel"; channel_id: string; style?: Style }
  | { type: "usergroup"; usergroup_id: string; style?: Style }
  | { type: "broadcast"; range: "here" | "channel" | "everyone"; style?: Style }
  | { type: "date"; timestamp: number; format: string; url?: string; fallback?: string; style?: Style }
  | { type: "emoji"; name: string; skin_tone?: number; style?: Style };

export type Part =
  | { type: "rich_text_section"; elements: Inline[] }
  | { type: "rich_text_quote"; elements: Inline[] }
  | { type: "rich_text_preformatted"; elements: Inline[] };

export interface Reading {
  /** Neither mentions nor formatting: a plain_text object, in which only emoji are read. */
  plain?: boolean;
  emoji?: boolean;
  /** Addresses stay text, as with `verbatim: true`. */
  verbatim?: boolean;
  /** `@channel` and its like are read without brackets too, as in a text object that is not verbatim. */
  bare?: boolean;
  /** Between triple backticks: tokens are read, formatting and emoji are not. */
  preformatted?: boolean;
}

const DELIMITERS: Record<string, keyof Style> = { "*": "bold", _: "italic", "~": "strike" };
const EMOJI = /:([a-z0-9_+'-]+)(?:::skin-tone-([2-6]))?:/y;
const ADDRESS = /https?:\/\/[^\s<>|`]+/y;
const BARE = /@(channel|here|everyone)(?![\p{L}\p{N}_])/uy;
const WORD = /[\p{L}\p{N}]/u;

export function unescape(text: string): string {
  return text.replace(/&(lt|gt|amp);/g, (_, name: string) => ({ lt: "<", gt: ">", amp: "&" })[name] ?? "");
}

function withStyle<T extends Inline>(element: T, style: Style): T {
  return Object.keys(style).length > 0 ? { ...element, style: { ...style } } : element;
}

function dateToken(body: string, label: string | undefined): Inline | null {
  const [, timestamp, format, url] = body.split("^");
  if (!timestamp || !format || !/^-?\d+$/.test(timestamp)) {
    return label === undefined ? null : { type: "text", text: unescape(label) };
  }
  const element: Inline = { type: "date", timestamp: Number(timestamp), format: unescape(format) };
  if (url) element.url = unescape(url);
  if (label) element.fallback = unescape(label);
  return element;
}

/** What stands between `<` and `>`; null where it is no token of Slack's, and stays text. */
function token(inside: string): Inline | null {
  const bar = inside.indexOf("|");
  const body = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? undefined : inside.slice(bar + 1);
  const broadcast = /^!(here|channel|everyone)$/.exec(body)?.[1];
  if (broadcast) return { type: "broadcast", range: broadcast as "here" };
  const user = /^@([UWB][A-Z0-9]+)$/.exec(body)?.[1];
  if (user) return { type: "user", user_id: user };
  const channel = /^#([CGD][A-Z0-9]+)$/.exec(body)?.[1];
  if (channel) return { type: "channel", channel_id: channel };
  const group = /^!subteam\^([A-Z0-9]+)/.exec(body)?.[1];
  if (group) return { type: "usergroup", usergroup_id: group };
  if (body.startsWith("!date^")) return dateToken(body, label);
  if (/^(https?:\/\/|mailto:|tel:)\S/i.test(body)) {
    return { type: "link", url: unescape(body), ...(label ? { text: unescape(label) } : {}) };
  }
  return null;
}

/** Where the delimiter that opens at `start` closes on this line; -1 where it does not. */
function closing(line: string, start: number): number {
  const delimiter = line.charAt(start);
  const before = line.charAt(start - 1);
  const after = line.charAt(start + 1);
  if (WORD.test(before) || after === "" || /\s/.test(after) || after === delimiter) return -1;
  for (let at = start + 1; at < line.length; at += 1) {
    const skip = line.charAt(at) === "<" ? line.indexOf(">", at) : line.charAt(at) === "`" ? line.indexOf("`", at + 1) : -1;
    if (skip > at && delimiter !== "`") {
      at = skip;
    } else if (line.charAt(at) === delimiter && !/\s/.test(line.charAt(at - 1)) && !WORD.test(line.charAt(at + 1))) {
      return at;
    }
  }
  return -1;
}

class Line {
  private readonly found: Inline[] = [];
  private pending = "";

  constructor(
    private readonly text: string,
    private readonly style: Style,
    private readonly reading: Reading,
  ) {}

  read(): Inline[] {
    let at = 0;
    while (at < this.text.length) {
      const next = this.element(at);
      if (next > at) {
        at = next;
      } else {
        this.pending += this.text.charAt(at);
        at += 1;
      }
    }
    this.flush();
    return this.found;
  }

  private flush(): void {
    if (this.pending) {
      this.found.push(withStyle({ type: "text", text: unescape(this.pending) }, this.style));
      this.pending = "";
    }
  }

  private push(...elements: Inline[]): void {
    this.flush();
    this.found.push(...elements);
  }

  /** The index after the element that begins here, or `at` where none does. */
  private element(at: number): number {
    const first = this.text.charAt(at);
    if (first === ":") return this.emoji(at);
    if (this.reading.plain) return at;
    if (first === "<") return this.angle(at);
    if (first === "h" && !this.reading.verbatim) return this.address(at);
    if (first === "@" && this.reading.bare) return this.bareMention(at);
    if (this.style.code || this.reading.preformatted) return at;
    if (first === "`" || first in DELIMITERS) return this.delimited(at, first);
    return at;
  }

  private emoji(at: number): number {
    EMOJI.lastIndex = at;
    const literal = this.reading.emoji === false || this.reading.preformatted || this.style.code;
    const match = literal ? null : EMOJI.exec(this.text);
    const name = match?.[1];
    if (!match || !name || (/^\d+$/.test(name) && WORD.test(this.text.charAt(at - 1)))) return at;
    this.push(withStyle({ type: "emoji", name, ...(match[2] ? { skin_tone: Number(match[2]) } : {}) }, this.style));
    return at + match[0].length;
  }

  private angle(at: number): number {
    const end = this.text.indexOf(">", at);
    const element = end < 0 ? null : token(this.text.slice(at + 1, end));
    if (!element) return at;
    this.push(withStyle(element, this.style));
    return end + 1;
  }

  private bareMention(at: number): number {
    BARE.lastIndex = at;
    const found = /[\w&/.@]/.test(this.text.charAt(at - 1)) ? null : BARE.exec(this.text);
    if (!found) return at;
    this.push(withStyle({ type: "broadcast", range: found[1] as "here" }, this.style));
    return at + found[0].length;
  }

  private address(at: number): number {
    ADDRESS.lastIndex = at;
    const found = WORD.test(this.text.charAt(at - 1)) ? null : ADDRESS.exec(this.text);
    if (!found) return at;
    const url = found[0].replace(/(?:[.,;:!?)'"*_~]|&gt;.*)+$/, "");
    if (!/^https?:\/\/./.test(url)) return at;
    this.push(withStyle({ type: "link", url: unescape(url) }, this.style));
    return at + url.length;
  }

  private delimited(at: number, delimiter: string): number {
    const end = delimiter === "`" ? this.text.indexOf("`", at + 1) : closing(this.text, at);
    if (end <= at + 1) return at;
    const name = delimiter === "`" ? "code" : DELIMITERS[delimiter];
    const inside = new Line(this.text.slice(at + 1, end), { ...this.style, [name as string]: true }, this.reading);
    this.push(...inside.read());
    return end + 1;
  }
}

function lines(text: string, reading: Reading): Inline[] {
  return text.split("\n").flatMap((line, index) => {
    const elements = new Line(line, {}, reading).read();
    return index === 0 ? elements : [{ type: "text", text: "\n" } as Inline, ...elements];
  });
}

const QUOTE = /^(?:&gt;|>) ?/;
const QUOTE_ALL = /^(?:&gt;|>){3} ?/;

/** Sections and quotes, in the order of their lines. */
function paragraphs(text: string, reading: Reading): Part[] {
  const parts: Part[] = [];
  let open: { quoted: boolean; lines: string[] } | null = null;
  const close = () => {
    if (open) {
      parts.push({
        type: open.quoted ? "rich_text_quote" : "rich_text_section",
        elements: lines(open.lines.join("\n"), reading),
      });
    }
    open = null;
  };
  const all = text.split("\n");
  for (const [index, line] of all.entries()) {
    if (QUOTE_ALL.test(line)) {
      close();
      const rest = [line.replace(QUOTE_ALL, ""), ...all.slice(index + 1)].join("\n");
      parts.push({ type: "rich_text_quote", elements: lines(rest, reading) });
      return parts;
    }
    const quoted = QUOTE.test(line);
    if (open && (open as { quoted: boolean }).quoted !== quoted) close();
    open ??= { quoted, lines: [] };
    open.lines.push(quoted ? line.replace(QUOTE, "") : line);
  }
  close();
  return parts;
}

/** A text object's text as the parts of a rich_text block. */
export function parse(text: string, reading: Reading = {}): Part[] {
  if (reading.plain) {
    return [{ type: "rich_text_section", elements: lines(text, reading) }];
  }
  return text.split(/```([\s\S]+?)```/).flatMap((piece, index, all): Part[] => {
    if (index % 2 === 1) {
      return [
        { type: "rich_text_preformatted", elements: lines(piece.replace(/^\n|\n$/g, ""), { ...reading, preformatted: true }) },
      ];
    }
    // The line breaks around a preformatted part belong to it.
    const trimmed = piece.replace(index > 0 ? /^\n/ : /^(?!)/, "").replace(index < all.length - 1 ? /\n$/ : /(?!)$/, "");
    return trimmed === "" && all.length > 1 ? [] : paragraphs(trimmed, reading);
  });
}
