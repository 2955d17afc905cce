"""What was typed after a slash command, as words: mentions, quoted names, plain words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import UsageError

LONGEST_WORD = 200
"""Characters; PostgreSQL's names have at most 63 bytes, lists of globs are longer."""


class Problem(StrEnum):
    """What is wrong with what was typed or clicked; first word of `UsageError.problem`, the rest is what was typed."""

    HELP = "help"
    ONE_ROLE = "one_role"
    ROLE_MISSING = "role_missing"
    SERVER_MISSING = "server_missing"
    SERVER_TWICE = "server_twice"
    NOT_A_ROLE = "not_a_role"
    UNCLOSED_QUOTE = "unclosed_quote"
    BAD_CHARACTER = "bad_character"
    TOO_LONG = "too_long"
    NOTHING_CHOSEN = "nothing_chosen"
    BAD_PID = "bad_pid"
    MIXED = "mixed"
    TOO_MANY = "too_many"
    CANCEL_STRAYS = "cancel_strays"
    CANCEL_CLIENT = "cancel_client"
    CLIENTS_BY_NUMBER = "clients_by_number"
    CANCEL_TOO_LATE = "cancel_too_late"
    REASON_MISSING = "reason_missing"
    REASON_TOO_LONG = "reason_too_long"
    UNKNOWN_SUBCOMMAND = "unknown_subcommand"
    PERSON_MISSING = "person_missing"
    GRADE_MISSING = "grade_missing"
    BAD_GRADE = "bad_grade"
    BAD_ROLES = "bad_roles"
    BAD_TIME = "bad_time"
    PAST_TIME = "past_time"
    BAD_WEEK = "bad_week"
    FUTURE_WEEK = "future_week"
    BAD_CAUSE = "bad_cause"
    UNEXPECTED = "unexpected"
    TEXT_MISSING = "text_missing"
    STALE_BUTTON = "stale_button"
    NOTHING_TICKED = "nothing_ticked"


def wrong(command: str, problem: Problem, typed: str = "") -> UsageError:
    """Return the error for `problem` with what was typed."""
    return UsageError(command, f"{problem} {typed}".rstrip(" "))


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `raw` has the punctuation after it too, `mention` is the Slack id where a person was mentioned."""

    text: str
    raw: str
    end: int
    """Where it ends in what was typed."""
    quoted: bool = False
    mention: str | None = None

    def is_word(self, *words: str) -> bool:
        """Say whether it is one of these keywords; what was quoted never is."""
        return not self.quoted and self.mention is None and self.text.casefold() in words


_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""Characters that come along unseen when text is copied: soft hyphens, joiners, directions."""
_BLANKS = re.compile(rf"[\s{_UNSEEN}]*")
_ANGLE = re.compile(r"<([^<>\s][^<>]*)>")
_PLAIN = re.compile(r"\S+")
_AFTER = re.compile(rf"[.,;:!?\u2026{_UNSEEN}]*(?=\s|$)")
_CLOSING = {
    '"': '"\u201c\u201d',
    "\u201c": '"\u201c\u201d',
    "\u201d": '"\u201c\u201d',
    "\u201e": '"\u201c\u201d',
    "\u00ab": "\u00bb",
    "'": "'\u2019",
    "\u2018": "'\u2019",
    "`": "`",
}
"""Opening quotation marks, those of keyboards and those phones make of them, with what closes them."""
_STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_MENTION = re.compile(r"@([UW][A-Z0-9]{2,})(?:\|(.*))?", re.DOTALL)
_ID = re.compile(r"[UW][A-Z0-9]{2,}")


def split(command: str, text: str, last: Callable[[Word], bool] = lambda _: False) -> list[Word]:
    """Split what was typed after `command` into words, up to the first for which `last` holds; raises `UsageError`.

    Slack writes people, channels and links in angle brackets and `&`, `<`, `>` as entities; both are undone here.
    """
    words: list[Word] = []
    at = _end(_BLANKS, text, 0)
    while at < len(text):
        word = _angle(command, text, at) or _quoted(command, text, at) or _unquoted(text, at)
        if words and last(word):
            return [*words, word]
        if word.quoted or word.mention or word.text:
            words.append(_checked(command, word))
        at = _end(_BLANKS, text, word.end)
    return words


def unescape(text: str) -> str:
    """Undo Slack's three entities."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def rest(text: str, start: int) -> str:
    """Return free text from `start` on as a person would read it: mentions and links by their names, blanks joined."""
    named = _ANGLE.sub(lambda found: _label(found[1]), text[start:])
    return " ".join(unescape(named).split())


def unfit(text: str) -> bool:
    """Say whether `text` holds what no name on a server and no column of a database can: NUL, or half a surrogate pair."""
    return any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in text)


def slack_id(word: Word) -> str | None:
    """Return the person a word means: a mention, or an id as typed."""
    return word.mention or (word.text if _ID.fullmatch(word.text) else None)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _angle(command: str, text: str, at: int) -> Word | None:
    found = _ANGLE.match(text, at)
    if found is None:
        return None
    end = _end(_AFTER, text, found.end())
    if found[1][0] in "!#":
        raise wrong(command, Problem.NOT_A_ROLE, unescape(_label(found[1])))
    mention = _MENTION.fullmatch(found[1])
    label = unescape(_label(found[1]))
    return Word(label, label, end, mention=mention[1] if mention else None)


def _label(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target[0] in "@#!":
        return target[0] + (label.removeprefix(target[0]) or target[1:])
    return label or re.sub(r"^(?:mailto:|https?://)", "", target)


def _quoted(command: str, text: str, at: int) -> Word | None:
    closing = _CLOSING.get(text[at])
    if closing is None:
        return None
    inside = []
    here = at + 1
    while here < len(text):
        if text[here] not in closing:
            inside.append(text[here])
        elif here + 1 < len(text) and text[here + 1] in closing:
            inside.append(text[here])
            here += 1
        else:
            after = _AFTER.match(text, here + 1)
            if after is None:
                break
            name = unescape("".join(inside))
            return Word(name, name, after.end(), quoted=True)
        here += 1
    raise wrong(command, Problem.UNCLOSED_QUOTE, unescape(text[at:]))


def _unquoted(text: str, at: int) -> Word:
    end = _end(_PLAIN, text, at)
    word = unescape(text[at:end]).translate(_STRAIGHT)
    return Word(re.sub(rf"[.,;:!?\u2026{_UNSEEN}]+$", "", word), re.sub(rf"[{_UNSEEN}]+$", "", word), end)


def _checked(command: str, word: Word) -> Word:
    if unfit(word.text):
        raise wrong(command, Problem.BAD_CHARACTER, word.text)
    if len(word.text) > LONGEST_WORD:
        raise wrong(command, Problem.TOO_LONG, word.text[:LONGEST_WORD])
    if word.quoted and not word.text:
        raise wrong(command, Problem.ROLE_MISSING)
    return word
