"""Text for people: what comes from a server or a person is data, shown as it is and never obeyed.

Three characters mean something to Slack in any text object (`&`, `<`, `>`), more mean formatting, and some can be seen by nobody.
Foreign text therefore reaches a message only through `name`, `code` or `plain`; all three make invisible characters visible.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

Block = dict[str, Any]
Quote = Callable[[str], str]
"""How foreign text stands in a sentence: `name` in a message, `plain` in a terminal."""

TEXT_LIMIT = 3900
"""Characters of a message's `text`; Slack advises about 4,000."""
MENTIONS_LIMIT = 50
"""People mentioned in one message."""
NAME_WIDTH = 64
"""Characters of one foreign name in a sentence, entities counted."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # joiner, Hangul and Khmer fillers, the empty Braille pattern
)
_MARKS_IN_A_ROW = 2
_REMEMBERED = 4096
"""Names and times are shown again and again: each is worked out once while it is asked for."""
_TAME = re.compile(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*(?:[ -][A-Za-z0-9]+(?:_[A-Za-z0-9]+)*)*")
"""Words that no reader of mrkdwn takes for formatting, a link, an emoji or a mention."""
_TIME = re.compile(r"<!date\^-?[0-9]+\^[^|<>]*\|([^<>]*)>")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9./:?&=_%-]{1,300}")
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: `text` alone carries the whole outcome (notifications, screen readers), `blocks` show it."""

    text: str
    blocks: tuple[Block, ...]
    drawn: str = field(init=False, repr=False, compare=False)
    """The blocks as JSON: what is counted against Slack's limit, and sent as often as the message is."""

    def __post_init__(self) -> None:
        """Draw the blocks, which nobody changes any more."""
        object.__setattr__(self, "drawn", json.dumps(self.blocks, ensure_ascii=False))


def visible(text: str) -> str:
    r"""Show each control, direction, filler or other invisible character of `text` by a visible token.

    Control characters become their pictures (`␀`), blanks at an end or in a row `␠`, all else `\u202e`; combining marks
    stay on the letters they belong to.
    """
    if text.isascii() and text.isprintable() and text == " ".join(text.split()):
        return text  # nearly every name; the rest of this is for the others
    shown: list[str] = []
    marks = _MARKS_IN_A_ROW
    for char in text:
        category = unicodedata.category(char)
        if category[0] == "M" and marks < _MARKS_IN_A_ROW and char not in _INVISIBLE:
            marks += 1
            shown.append(char)
            continue
        marks = 0 if category[0] == "L" and char not in _INVISIBLE else _MARKS_IN_A_ROW
        shown.append(_seen(char, category))
    return _blanks("".join(shown))


def _seen(char: str, category: str) -> str:
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "\u2421"
    if char == " " or not (category[0] in "CZM" or char in _INVISIBLE):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _blanks(text: str) -> str:
    return re.sub(r"^ +| +$|(?<= ) +", lambda found: "\u2420" * len(found[0]), text)


def escape(text: str) -> str:
    """Make `text` mean nothing to Slack: the three entities, and nothing invisible."""
    return "".join(_ENTITIES.get(char, char) for char in visible(text))


@lru_cache(maxsize=_REMEMBERED)
def code(text: str, width: int = NAME_WIDTH) -> str:
    """Show `text` in code style, in which nothing is formatting, a link or an emoji; at most `width` characters, quotes included.

    A backtick cannot be escaped there, so another accent stands for it.
    """
    pieces = [_ENTITIES.get(char, char) for char in visible(text).replace("`", "\u02cb") or "(empty)"]
    return f"`{''.join(cut(pieces, width - 2))}`"


@lru_cache(maxsize=_REMEMBERED)
def name(text: str) -> str:
    """Show a foreign name in a sentence: as it is where no reading of mrkdwn can go wrong, else in code style."""
    return text if _TAME.fullmatch(text) and len(text) <= NAME_WIDTH else code(text)


def plain(text: str) -> str:
    """Show a foreign name in a sentence that is not mrkdwn: as it is where that reads well, else in quotation marks."""
    return text if _TAME.fullmatch(text) else f'"{visible(text)}"'


def spoken(text: str, width: int) -> str:
    """Show a foreign name in a plain label such as a button's: no character of Slack's own, at most `width` characters."""
    return "".join(cut([{"&": "+", "<": "\u2039", ">": "\u203a"}.get(char, char) for char in visible(text)], width))


def cut(pieces: Sequence[str], width: int) -> list[str]:
    """Return as many of `pieces` as fit into `width` characters, an ellipsis last where some do not."""
    if sum(map(len, pieces)) <= width:
        return list(pieces)
    kept: list[str] = []
    for piece in pieces:
        if sum(map(len, kept)) + len(piece) > width - 1:
            break
        kept.append(piece)
    return [*kept, "\u2026"]


def spelled(text: str) -> str:
    """Replace Slack's times by what they fall back to, for places where nothing renders them."""
    return _TIME.sub(r"\1", text)


def person(slack_id: str) -> str:
    """Name a person: a Slack member by a mention, which reads as their name; one at the command line in words."""
    if _SLACK_ID.fullmatch(slack_id):
        return f"<@{slack_id}>"
    if slack_id.startswith("cli:"):
        return f"{name(slack_id.removeprefix('cli:'))} (at the command line)"
    return name(slack_id)


def people(slack_ids: Sequence[str], most: int = MENTIONS_LIMIT) -> str:
    """Mention people, `and 12 more` where they are too many for one message."""
    named = [person(slack_id) for slack_id in slack_ids[:most]]
    more = len(slack_ids) - len(named)
    return join([*named, f"{more:,} more"] if more else named)


def link(url: str, label: str) -> str:
    """Make words a link to an address of Slack's own; without the link where it is no such address."""
    return f"<{url}|{label}>" if _ADDRESS.fullmatch(url) else label


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Return `1 connection`, `2,000 connections`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def join(items: Sequence[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return f" {last} ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)


def sentences(parts: Sequence[str], more: Callable[[int], str], limit: int = TEXT_LIMIT) -> str:
    """Join `parts` by blanks within `limit` characters; where some do not fit, `more` says how many those are."""
    kept, length = 0, -1
    for part in parts:
        length += 1 + len(part)
        kept += length <= limit - len(more(len(parts))) - 1
    if length <= limit:
        return " ".join(parts)
    return " ".join([*parts[:kept], more(len(parts) - kept)])


def duration(span: timedelta) -> str:
    """Return `45 s`, `12 min`, `3 h 12 min`, `2 d 4 h`: two units at most, rounded down, never below zero."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    units = [(days, "d"), (hours, "h")] if days else [(hours, "h"), (minutes, "min")]
    return " ".join(f"{count:,} {unit}" for count, unit in units if count)


def clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Return a time in `zone`: `21:04` on the day of `now`, else `20 Nov 21:04`, with the year where it is another."""
    return _clock(at, _day(now, zone), zone)


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Return a time that Slack shows in each reader's own zone, `clock` being what it falls back to."""
    return _moment(at, _day(now, zone), zone)


def day_or_time(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Return `moment` where there is little room: the time of today, else the date alone; at most 44 characters."""
    return _day_or_time(at, _day(now, zone), zone)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# A session's start is told at every read of it, and in the same words all day.


@lru_cache(maxsize=_REMEMBERED)
def _clock(at: datetime, today: date, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    if local.date() == today:
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {_MONTHS[local.month - 1]}{year} {local:%H:%M}"


@lru_cache(maxsize=_REMEMBERED)
def _moment(at: datetime, today: date, zone: tzinfo) -> str:
    return _rendered(at, "{time}" if _day(at, zone) == today else "{date_short_pretty} {time}", _clock(at, today, zone))


@lru_cache(maxsize=_REMEMBERED)
def _day_or_time(at: datetime, today: date, zone: tzinfo) -> str:
    told = _clock(at, today, zone)
    if _day(at, zone) == today:
        return _rendered(at, "{time}", told)
    return _rendered(at, "{date_short}", told.rpartition(" ")[0])


def _rendered(at: datetime, form: str, otherwise: str) -> str:
    return f"<!date^{int(at.timestamp())}^{form}|{otherwise}>"


@lru_cache(maxsize=_REMEMBERED)
def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()
