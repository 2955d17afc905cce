"""What was typed after `/conns` and `/kill`, as a request; anything else is a `UsageError`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.connections.listed import ListRequest
from bot.connections.plan import Chosen, TerminateRequest, Which
from bot.incidents.proposal import Kind
from bot.slack.words import Problem, Word, rest, split, unfit, wrong

CONNS = "conns"
KILL = "kill"
MOST_PIDS = 100
LONGEST_REASON = 500
# A phone makes one dash of the two hyphens.
_HYPHENS = "(?:--|\u2014|\u2013)"
_CANCEL = re.compile(f"{_HYPHENS}cancel", re.IGNORECASE)
_CANCEL_WITHIN = re.compile(rf"(?<!\S){_HYPHENS}cancel\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CommandNames:
    """The slash commands as this workspace knows them."""

    conns: str = "/conns"
    kill: str = "/kill"
    connbot: str = "/connbot"


def parse_conns(text: str) -> ListRequest:
    """Read `[ROLE] [on SERVER]`; a mention as ROLE means the roles that person owns. Raises `UsageError`."""
    words = split(CONNS, text)
    _help_wanted(CONNS, words)
    if words and words[0].is_word("on") and len(words) < 3:
        return ListRequest(server=_server(CONNS, words, 0)[0])
    server, others = take_server(CONNS, words, after=1)
    if len(others) > 1:
        raise wrong(CONNS, Problem.ONE_ROLE, " ".join(word.text for word in others))
    role, owner = whose(others[0]) if others else (None, None)
    return ListRequest(role=role, server=server, owner=owner)


def parse_kill(text: str) -> TerminateRequest:
    """Read `ROLE PID… | strays | all | client NUMBER… | client all [--cancel] [on SERVER] [because …]`; a mention as ROLE sets `owner`. Raises `UsageError`."""
    words = split(KILL, text, last=_begins_reason)
    _help_wanted(KILL, words)
    if not words:
        raise wrong(KILL, Problem.ROLE_MISSING)
    reason = _reason(text, words.pop()) if len(words) > 1 and _begins_reason(words[-1]) else ""
    cancel = [word for word in words if _is_cancel(word)]
    server, words = take_server(KILL, [word for word in words if word not in cancel], after=1)
    if not words:
        raise wrong(KILL, Problem.ROLE_MISSING)
    role, owner = whose(words[0])
    if len(words) == 1:
        alone = role if role and not words[0].quoted and re.fullmatch(r"[0-9,]+", role) else None
        raise wrong(KILL, Problem.ROLE_MISSING if alone else Problem.NOTHING_CHOSEN, words[0].text)
    if words[1].is_word("client", "clients"):
        chosen, which = _clients(words[2:], cancel=bool(cancel))
        return TerminateRequest(role or "", chosen, which, server=server, reason=reason, owner=owner, kind=Kind.CLIENT)
    chosen, which = _selection(words[1:])
    kind = Kind.CANCEL if cancel else Kind.TERMINATE
    if cancel and which is Which.STRAYS:
        raise wrong(KILL, Problem.CANCEL_STRAYS)
    return TerminateRequest(role or "", chosen, which, server=server, reason=reason, owner=owner, kind=kind)


def _help_wanted(command: str, words: Sequence[Word]) -> None:
    if len(words) == 1 and words[0].is_word("help", "--help", "-h", "\u2014help", "\u2013help"):
        raise wrong(command, Problem.HELP)


def whose(word: Word) -> tuple[str | None, str | None]:
    """Return the role and the owner a word means; a name typed after an `@` that Slack knows nobody by is a role's."""
    if word.mention:
        return None, word.mention
    name = word.text.removeprefix("@") if not word.quoted else word.text
    return name or word.text, None


def take_server(command: str, words: Sequence[Word], *, after: int) -> tuple[str | None, list[Word]]:
    """Take `on SERVER` out of the words; the first `after` words are never that `on`."""
    found = [at for at, word in enumerate(words) if at >= after and word.is_word("on")]
    if not found:
        return None, list(words)
    server, end = _server(command, words, found[0])
    if len(found) > 1 and found[1] >= end:
        raise wrong(command, Problem.SERVER_TWICE)
    return server, [*words[: found[0]], *words[end:]]


def _server(command: str, words: Sequence[Word], at: int) -> tuple[str, int]:
    if at + 1 >= len(words) or words[at + 1].mention:
        raise wrong(command, Problem.SERVER_MISSING)
    return words[at + 1].text, at + 2


def _is_cancel(word: Word) -> bool:
    return not word.quoted and word.mention is None and _CANCEL.fullmatch(word.text) is not None


def _begins_reason(word: Word) -> bool:
    return word.is_word("because") or _flag(word) is not None


def _flag(word: Word) -> re.Match[str] | None:
    """Match `--reason` and `--reason=…`."""
    if word.quoted or word.mention:
        return None
    return re.fullmatch(rf"{_HYPHENS}reason(?:=(.*))?", word.raw, re.DOTALL | re.IGNORECASE)


def _reason(text: str, marker: Word) -> str:
    """Read what follows `because` or `--reason`: free text, which nothing in it can make a part of the command."""
    flag = _flag(marker)
    reason = _unquoted(" ".join(f"{(flag and flag[1]) or ''} {rest(text, marker.end)}".split()))
    if not reason:
        raise wrong(KILL, Problem.REASON_MISSING)
    if unfit(reason):
        raise wrong(KILL, Problem.BAD_CHARACTER, reason)
    if _CANCEL_WITHIN.search(reason):
        # Else connections would be ended where somebody meant to spare them.
        raise wrong(KILL, Problem.CANCEL_TOO_LATE)
    if len(reason) > LONGEST_REASON:
        raise wrong(KILL, Problem.REASON_TOO_LONG)
    return reason


def _unquoted(reason: str) -> str:
    whole = re.fullmatch(r"[\"\u201c\u201e](.*)[\"\u201c\u201d]", reason, re.DOTALL)
    return whole[1].strip() if whole else reason


def _selection(words: Sequence[Word]) -> tuple[tuple[Chosen, ...], Which | None]:
    parts = [part for word in words for part in re.split(r"[,;]", word.text) if part]
    named = {"strays": Which.STRAYS, "stray": Which.STRAYS, "all": Which.ALL}
    which = [named[part.casefold()] for part in parts if part.casefold() in named]
    pids = [part for part in parts if part.casefold() not in named and part.casefold() not in ("and", "&")]
    if which and (pids or len(set(which)) > 1):
        raise wrong(KILL, Problem.MIXED, " ".join(parts))
    if len(pids) > MOST_PIDS:
        raise wrong(KILL, Problem.TOO_MANY, str(len(pids)))
    if not which and not pids:
        raise wrong(KILL, Problem.NOTHING_CHOSEN)
    return tuple(Chosen(_pid(part)) for part in pids), which[0] if which else None


def _clients(words: Sequence[Word], *, cancel: bool) -> tuple[tuple[Chosen, ...], Which | None]:
    """Read which of a pooler's clients; `client 17 client 18` is understood too."""
    if cancel:
        raise wrong(KILL, Problem.CANCEL_CLIENT)
    numbers = [word for word in words if not word.is_word("client", "clients")]
    if not numbers:
        raise wrong(KILL, Problem.CLIENTS_BY_NUMBER)
    chosen, which = _selection(numbers)
    if which is Which.STRAYS:
        raise wrong(KILL, Problem.CLIENTS_BY_NUMBER)
    return chosen, which


def _pid(part: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", part) or not 0 < int(part) < 2**31:
        raise wrong(KILL, Problem.BAD_PID, part)
    return int(part)
