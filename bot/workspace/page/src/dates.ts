/** Slack's date tokens (`<!date^1763800000^{date_short_pretty} at {time}|…>`) in the reader's own time zone. */

const LOCALE = "en-US";

function ordinal(day: number): string {
  const teen = day % 100 >= 11 && day % 100 <= 13;
  return `${day}${teen ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th")}`;
}

function written(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(LOCALE, options).format(date);
}

function daysBetween(date: Date, now: Date): number {
  const midnight = (moment: Date) => Date.UTC(moment.getFullYear(), moment.getMonth(), moment.getDate());
  return (midnight(date) - midnight(now)) / 86_400_000;
}

function pretty(date: Date, now: Date, otherwise: string): string {
  return { "-1": "yesterday", "0": "today", "1": "tomorrow" }[String(daysBetween(date, now))] ?? otherwise;
}

function ago(date: Date, now: Date): string {
  const seconds = Math.round((date.getTime() - now.getTime()) / 1000);
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ];
  const words = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always" });
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) {
      return words.format(Math.trunc(seconds / length), unit);
    }
  }
  return words.format(seconds, "second");
}

function long(date: Date): string {
  return `${written(date, { month: "long" })} ${ordinal(date.getDate())}, ${date.getFullYear()}`;
}

function oneToken(token: string, date: Date, now: Date): string {
  const short = written(date, { month: "short", day: "numeric", year: "numeric" });
  const weekday = `${written(date, { weekday: "long" })}, ${long(date)}`;
  const pad = (value: number) => String(value).padStart(2, "0");
  switch (token) {
    case "{date_num}":
      return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    case "{date_slash}":
      return `${pad(date.getMonth() + 1)}/${pad(date.getDate())}/${date.getFullYear()}`;
    case "{date}":
      return long(date);
    case "{date_pretty}":
      return pretty(date, now, long(date));
    case "{date_short}":
      return short;
    case "{date_short_pretty}":
      return pretty(date, now, short);
    case "{date_long}":
    case "{date_long_full}":
      return weekday;
    case "{date_long_pretty}":
    case "{day_divider_pretty}":
      return pretty(date, now, weekday);
    case "{time}":
      return written(date, { hour: "numeric", minute: "2-digit" });
    case "{time_secs}":
      return written(date, { hour: "numeric", minute: "2-digit", second: "2-digit" });
    case "{ago}":
      return ago(date, now);
    default:
      return token;
  }
}

/** The date as the format asks for it; null where the timestamp is none, so that the fallback stands. */
export function writeDate(timestamp: string, format: string, now: Date): string | null {
  const date = new Date(Number(timestamp) * 1000);
  if (!/^-?\d+$/.test(timestamp) || Number.isNaN(date.getTime())) {
    return null;
  }
  return format.replace(/\{[a-z_]+\}/g, (token) => oneToken(token, date, now));
}

/** When a message was written, from its `ts`. */
export function dateOf(ts: string): Date {
  return new Date(Number(ts) * 1000);
}

export function clock(date: Date): string {
  return written(date, { hour: "numeric", minute: "2-digit" });
}

export function fullDate(date: Date): string {
  return written(date, { dateStyle: "full", timeStyle: "medium" });
}

export function dayOf(date: Date, now: Date): string {
  const text = pretty(date, now, written(date, { weekday: "long", month: "long", day: "numeric" }));
  return text.charAt(0).toUpperCase() + text.slice(1);
}
