"""What is asked of the history, and a page of it."""

from dataclasses import dataclass
from datetime import datetime

from bot.incidents.event import Event


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; None leaves it open. `server` also means what was about every server."""

    team: str | None = None
    role: str | None = None
    server: str | None = None
    person: str | None = None
    """Who did it, or asked for it."""
    cause: str | None = None
    """A word of `causes`: only incidents of this cause."""
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far it has been read: entries of the record by number, proposals by time and, of one time, by id."""

    seq: int | None = None
    at: datetime | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, newest first; `older` leads to the next ones, None: there are none."""

    events: tuple[Event, ...]
    older: Cursor | None = None
