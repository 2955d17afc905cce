"""What was typed after `/connbot`, as a request; anything else is a `UsageError`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from bot.access.member import Grade
from bot.causes.finding import LIMITS, Cause
from bot.slack.commands import take_server, whose
from bot.slack.words import Problem, Word, slack_id, split, wrong
from bot.summaries.week import Week, read_week

CONNBOT = "connbot"
CAUSES = tuple(str(cause) for cause in Cause if cause in LIMITS)
"""The causes of incidents, by which history can be asked."""
T = TypeVar("T")
LATER = ("advice", "limit")
"""Words of `/connbot` whose features are not in this program yet."""


@dataclass(frozen=True, slots=True)
class Help:
    """`/connbot help`."""


@dataclass(frozen=True, slots=True)
class Allow:
    """`/connbot allow @user GRADE [ROLES] [on SERVER] [until …]`; no roles: all students; `until` is aware UTC."""

    slack_id: str
    grade: Grade
    roles: str = ""
    server: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disallow:
    """`/connbot disallow @user [on SERVER]`."""

    slack_id: str
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """`/connbot members [on SERVER]`."""

    server: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """`/connbot history [ROLE] [by @person] [cause CAUSE] [week WEEK] [on SERVER]`; `owner`: of the roles this member owns."""

    role: str | None = None
    server: str | None = None
    owner: str | None = None
    person: str | None = None
    cause: str | None = None
    """One of `CAUSES`."""
    week: Week | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """`/connbot summary [WEEK] [on SERVER]`; no week: the last whole one."""

    week: Week | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """`/connbot own @user ROLE [on SERVER]`."""

    slack_id: str
    role: str
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Disown:
    """`/connbot disown @user [ROLE] [on SERVER]`; no role: every one."""

    slack_id: str
    role: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """`/connbot link ROLE [on SERVER]`."""

    role: str
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnose:
    """`/connbot diagnose TEXT`; `text` as Slack sent it."""

    text: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A word of `/connbot` whose feature is not in this program yet."""

    word: str


ConnbotRequest = Help | Allow | Disallow | Members | History | Summary | Own | Disown | Link | Diagnose | Unsupported


def parse_connbot(text: str, *, zone: tzinfo, now: datetime) -> ConnbotRequest:
    """Read a word of `/connbot` and what belongs to it; dates without an offset are in `zone`. Raises `UsageError`."""
    first = re.match(r"\s*(\w+)", text)
    if first and first[1].casefold() in LATER:
        return Unsupported(first[1].casefold())
    if first and first[1].casefold() == "diagnose":
        return _diagnose(text[first.end() :])
    words = split(CONNBOT, text)
    if not words or words[0].is_word("help", "--help", "-h", "\u2014help", "\u2013help"):
        return Help()
    parse = _SUBCOMMANDS.get("" if words[0].quoted or words[0].mention else words[0].text.casefold())
    if parse is None:
        raise wrong(CONNBOT, Problem.UNKNOWN_SUBCOMMAND, words[0].text)
    until, others = _take_until(words[1:], zone, now) if words[0].is_word("allow") else (None, words[1:])
    server, others = take_server(CONNBOT, others, after=0)
    request = parse(others, server)
    return replace(request, until=until) if isinstance(request, Allow) else request


def _diagnose(text: str) -> Diagnose:
    """Take the text as it is: nothing in an error is a keyword or a quotation to be closed."""
    if not text.strip():
        raise wrong(CONNBOT, Problem.TEXT_MISSING)
    return Diagnose(text)


def _person(words: Sequence[Word]) -> str:
    found = slack_id(words[0]) if words else None
    if found is None:
        raise wrong(CONNBOT, Problem.PERSON_MISSING, words[0].text if words else "")
    return found


def _only(words: Sequence[Word], most: int) -> None:
    if len(words) > most:
        raise wrong(CONNBOT, Problem.UNEXPECTED, " ".join(word.text for word in words[most:]))


def _role(word: Word) -> str:
    role, owner = whose(word)
    if role is None or owner:
        raise wrong(CONNBOT, Problem.NOT_A_ROLE, word.text)
    return role


def _allow(words: Sequence[Word], server: str | None) -> Allow:
    member = _person(words)
    if len(words) < 2:
        raise wrong(CONNBOT, Problem.GRADE_MISSING)
    grade = next((grade for grade in Grade if words[1].is_word(grade.word)), None)
    if grade is None:
        raise wrong(CONNBOT, Problem.BAD_GRADE, words[1].text)
    return Allow(member, grade, ",".join(glob for word in words[2:] for glob in _globs(word)), server)


def _globs(word: Word) -> list[str]:
    """Split a list of globs and groups; their punctuation is theirs, and a group that Slack took for a person is a group."""
    if word.mention and word.text == f"@{word.mention}":
        raise wrong(CONNBOT, Problem.BAD_ROLES, word.text)
    globs = [glob for glob in (word.text if word.mention else word.raw).split(",") if glob]
    if "@" in globs:
        raise wrong(CONNBOT, Problem.BAD_ROLES, word.raw)
    return globs


def _disallow(words: Sequence[Word], server: str | None) -> Disallow:
    member = _person(words)
    _only(words, 1)
    return Disallow(member, server)


def _members(words: Sequence[Word], server: str | None) -> Members:
    _only(words, 0)
    return Members(server)


def _history(words: Sequence[Word], server: str | None) -> History:
    person, words = _take(words, "by", slack_id, Problem.PERSON_MISSING)
    cause, words = _take(words, "cause", _cause, Problem.BAD_CAUSE)
    week, words = _take(words, "week", lambda word: read_week(word.text), Problem.BAD_WEEK)
    _only(words, 1)
    role, owner = whose(words[0]) if words else (None, None)
    return History(role, server, owner, person, cause, week)


def _cause(word: Word) -> str | None:
    return next((one for one in CAUSES if word.is_word(one)), None)


def _take(
    words: Sequence[Word], keyword: str, read: Callable[[Word], T | None], problem: Problem
) -> tuple[T | None, list[Word]]:
    """Take a keyword and the word behind it out of the words; raises `UsageError` with `problem` where that says nothing."""
    at = next((at for at, word in enumerate(words) if word.is_word(keyword)), None)
    if at is None:
        return None, list(words)
    value = read(words[at + 1]) if at + 1 < len(words) else None
    if value is None:
        raise wrong(CONNBOT, problem, words[at + 1].text if at + 1 < len(words) else keyword)
    return value, [*words[:at], *words[at + 2 :]]


def _summary(words: Sequence[Word], server: str | None) -> Summary:
    _only(words, 1)
    week = read_week(words[0].text) if words else None
    if words and week is None:
        raise wrong(CONNBOT, Problem.BAD_WEEK, words[0].text)
    return Summary(week, server)


def _own(words: Sequence[Word], server: str | None) -> Own:
    member = _person(words)
    if len(words) < 2:
        raise wrong(CONNBOT, Problem.ROLE_MISSING)
    _only(words, 2)
    return Own(member, _role(words[1]), server)


def _disown(words: Sequence[Word], server: str | None) -> Disown:
    member = _person(words)
    _only(words, 2)
    return Disown(member, _role(words[1]) if len(words) > 1 else None, server)


def _link(words: Sequence[Word], server: str | None) -> Link:
    if not words:
        raise wrong(CONNBOT, Problem.ROLE_MISSING)
    _only(words, 1)
    return Link(_role(words[0]), server)


_SUBCOMMANDS: dict[str, Callable[[Sequence[Word], str | None], ConnbotRequest]] = {
    "allow": _allow,
    "disallow": _disallow,
    "members": _members,
    "history": _history,
    "summary": _summary,
    "own": _own,
    "disown": _disown,
    "link": _link,
}


def _take_until(words: Sequence[Word], zone: tzinfo, now: datetime) -> tuple[datetime | None, list[Word]]:
    """Take `until DATE [TIME]` out of the words; a date alone means the end of that day."""
    at = next((at for at, word in enumerate(words) if word.is_word("until")), None)
    if at is None:
        return None, list(words)
    typed = [word.text for word in words[at + 1 : at + 3]]
    if len(typed) == 2 and not re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", typed[1]):
        typed = typed[:1]
    until = read_time(" ".join(typed), zone)
    if until is None:
        raise wrong(CONNBOT, Problem.BAD_TIME, " ".join(typed))
    if until <= now:
        raise wrong(CONNBOT, Problem.PAST_TIME, " ".join(typed))
    return until, [*words[:at], *words[at + 1 + len(typed) :]]


def read_time(typed: str, zone: tzinfo) -> datetime | None:
    """Read an ISO date (the end of that day) or time, in `zone` where it names no offset; None: it is neither."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", typed):
            local = datetime.combine(date.fromisoformat(typed) + timedelta(days=1), time(), zone)
        elif re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]", typed):
            local = datetime.fromisoformat(typed)
        else:
            return None
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
