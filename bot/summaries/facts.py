"""What a week's figures are made of, as it was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bot.summaries.timing import Times
from bot.summaries.week import Week


class Cause(NamedTuple):
    """How many incidents were opened in the week for one cause, and how many of them are not over."""

    cause: str
    incidents: int
    unresolved: int


class Ends(NamedTuple):
    """How many backends of the week's proposals came to the same."""

    kind: str
    agreed: bool
    """An owner of the role asked for it, or took it over."""
    outcome: str
    number: int


class Height(NamedTuple):
    """The highest use of a limit in the week, and that limit then."""

    kind: str
    name: str
    used: int
    slots: int | None
    reached_at: datetime


class RoleUse(NamedTuple):
    """The highest use of a role's limit; `full` is the limit at which it was full, None: it never was."""

    name: str
    used: int
    full: int | None


class Program(NamedTuple):
    """The connections of one program from one network; the highest counts, and connections times seconds."""

    program: str
    place: str
    service: bool
    roles: int
    idle: int | None
    used_seconds: float
    idle_seconds: float
    stale_seconds: float


class Watched(NamedTuple):
    """A time in which the server was sampled without a gap; `killed` None: its own count is no use there."""

    began_at: datetime
    ended_at: datetime
    killed: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is on record of one server's week; times are aware UTC."""

    server: str
    week: Week
    begins: datetime
    ends: datetime
    now: datetime
    causes: Sequence[Cause]
    answer: Times | None
    """From an incident's opening to the bot's answer."""
    human: Times | None
    """From its last opening to the first thing that a person of the staff did."""
    resolution: Times | None
    """From its first opening to its last resolution."""
    ends_by_outcome: Sequence[Ends]
    own_ends: Sequence[datetime]
    """When the bot ended sessions, or may have."""
    heights: Sequence[Height]
    roles: Sequence[RoleUse]
    programs: Sequence[Program]
    spans: Sequence[Watched]
    """Of this week and the one before."""
    begins_before: datetime
    """The beginning of the week before."""
    incidents_before: int
    idle_seconds_before: float
    entries: int
    """The record's length."""
    head: str
