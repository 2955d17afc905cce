"""What happened, newest first, in a line each."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Protocol

from bot.incidents.proposal import Kind
from bot.servers.server import Verdict
from bot.slack.blocks import connection, elements
from bot.slack.blocks.kinds import PIDS_NAMED, Words, words
from bot.slack.blocks.text import Message, code, join, moment, name, person, plural

SHOWN = 20
REASON_WIDTH = 80
CHANGES_OF_RIGHTS = ("membership", "ownership")
"""Kinds of entries whose reason says whose rights changed, and how."""

_WORDS = {"cancellation": words(Kind.CANCEL), "client_termination": words(Kind.CLIENT)}
"""Those of the events that are not about connections."""


class ToldBackend(Protocol):
    """One connection of an event."""

    @property
    def pid(self) -> int: ...
    @property
    def outcome(self) -> str | None: ...


class Told(Protocol):
    """An event of the record, as far as a line tells of it."""

    @property
    def kind(self) -> str: ...
    @property
    def server(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def requester(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def backends(self) -> Sequence[ToldBackend]: ...


def render(events: Sequence[Told], *, zone: tzinfo, now: datetime, role: str | None = None) -> Message:
    """Show the newest of `events`, of one role or of all."""
    about = f" for {name(role)}" if role else ""
    if not events:
        return elements.short(f"Nothing is on record{about}.")
    shown = events[:SHOWN]
    head = (
        f"On record{about}: the newest {plural(len(shown), 'entry', 'entries')}."
        if len(shown) > 1
        else f"On record{about}:"
    )
    lines = [f"\u2022 {_line(event, zone, now)}" for event in shown]
    if len(events) > SHOWN:
        lines.append("Older ones: `connbot history`, at the command line.")
    return elements.message([head, *lines], elements.sections([f"*{head}*", *lines]))


def _line(event: Told, zone: tzinfo, now: datetime) -> str:
    what = event.kind.replace("_", " ")
    parts = [moment(event.at, now, zone), f"{name(what)}{f' ({name(event.state)})' if event.state else ''}"]
    whom = [*([name(event.role)] if event.role else []), *([f"on {name(event.server)}"] if event.server else [])]
    if whom:
        parts.append(" ".join(whom))
    if event.requester:
        parts.append(f"by {person(event.requester)}")
    if event.backends:
        parts.append(_ended(event))
    if event.reason:
        parts.append(_change(event.reason) if event.kind in CHANGES_OF_RIGHTS else _reason(event.reason))
    return " \u00b7 ".join(parts)


def _reason(reason: str) -> str:
    return f"reason: {code(reason, REASON_WIDTH)}"


def _change(about: str) -> str:
    """Whose rights were changed, and how."""
    whose, _, how = about.partition(": ")
    return f"{person(whose)}: {code(how, REASON_WIDTH)}" if how else person(whose)


def _ended(event: Told) -> str:
    """What became of each: of a query, where that was to be cancelled."""
    by_outcome: dict[str, list[int]] = {}
    for backend in event.backends:
        by_outcome.setdefault(backend.outcome or "open", []).append(backend.pid)
    its = _WORDS.get(event.kind, words(Kind.TERMINATE))
    said = {Verdict.TERMINATED.value: its.done} if its is words(Kind.CANCEL) else {}
    return join([f"{_which(its, pids)} {said.get(one, one.replace('_', ' '))}" for one, pids in by_outcome.items()])


def _which(its: Words, pids: list[int]) -> str:
    if len(pids) > PIDS_NAMED:
        return its.count(len(pids))
    return f"{its.of_one if len(pids) == 1 else its.of_many}{connection.pids(pids, its.number)}"
