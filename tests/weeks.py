"""Weeks for tests, with figures that can be worked out by hand."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.summaries.facts import Cause, Ends, Facts, Height, Program, RoleUse, Watched
from bot.summaries.timing import times
from bot.summaries.week import Week

ZONE = ZoneInfo("America/New_York")
WEEK = Week(2026, 47)
MONDAY = datetime(2026, 11, 16, 5, tzinfo=UTC)
NEXT, BEFORE = MONDAY + timedelta(weeks=1), MONDAY - timedelta(weeks=1)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOW = NEXT + 8 * HOUR
WEEK_SECONDS = 168 * 3600.0
WHOLE = Watched(BEFORE, NEXT, 0)


def facts(incidents: Sequence["Happened"] = (), **given: Any) -> Facts:
    """A week on the server class, watched whole, in which nothing happened, but for what is given."""
    open_ones = Counter(one.cause for one in incidents if one.resolution is None)
    causes = Counter(one.cause for one in incidents)
    usual: dict[str, object] = {
        "server": "class",
        "week": WEEK,
        "begins": MONDAY,
        "ends": NEXT,
        "now": NOW,
        "causes": [Cause(cause, count, open_ones[cause]) for cause, count in causes.items()],
        "answer": times(None if one.answer is None else one.answer * 60 for one in incidents),
        "human": times(None if one.human is None else one.human * 60 for one in incidents),
        "resolution": times(None if one.resolution is None else one.resolution * 60 for one in incidents),
        "ends_by_outcome": (),
        "own_ends": (),
        "heights": (),
        "roles": (),
        "programs": (),
        "spans": (WHOLE,),
        "begins_before": BEFORE,
        "incidents_before": 0,
        "idle_seconds_before": 0.0,
        "entries": 12,
        "head": f"12:{'ab' * 32}",
    }
    return Facts(**{**usual, **given})


class Happened(NamedTuple):
    """One incident, and after how many minutes each thing came."""

    cause: str = "role_limit"
    answer: float | None = None
    human: float | None = None
    resolution: float | None = None


def happened(
    cause: str = "role_limit", answer: float | None = None, human: float | None = None, resolution: float | None = None
) -> Happened:
    """One incident; after how many minutes each thing came."""
    return Happened(cause, answer, human, resolution)


def a_program(
    name: str, place: str, idle: float, *, stale: float = 0.0, roles: int = 3, service: bool = False
) -> Program:
    """A program of which so many connections idle on average."""
    sums = (idle + 1) * WEEK_SECONDS, idle * WEEK_SECONDS, stale * WEEK_SECONDS
    return Program(name, place, service, roles, int(idle) + 1, *sums)


HEIGHTS = (
    Height("database", "shop", 18, 20, MONDAY),
    Height("database", "bank", 5, 5, MONDAY),
    Height("database", "postgres", 40, None, MONDAY),
    Height("server", "class", 60, 97, MONDAY + 34 * HOUR),
)
PROGRAMS = (
    a_program("pgAdmin", "10.0.1.0/24", 6, stale=5),
    a_program("pgAdmin", "10.0.2.0/24", 4, stale=1),
    a_program("canvas", "10.0.9.0/24", 5, service=True),
    a_program("psql", "10.0.1.0/24", 5),
)


def busy(**given: Any) -> Facts:
    """A week with something of everything."""
    usual: dict[str, Any] = {
        "incidents": [happened("role_limit", 0.1, 4, 10)] * 3
        + [happened("server_limit", 0.1, None, 65), happened("role_limit", 0.2, 9)],
        "ends_by_outcome": [
            Ends("terminate", True, "terminated", 5),
            Ends("terminate", False, "terminated", 3),
            Ends("terminate", False, "changed", 2),
            Ends("cancel", True, "terminated", 1),
        ],
        "heights": HEIGHTS,
        "roles": [RoleUse("ann", 5, 5), RoleUse("bob", 5, 5), RoleUse("cem", 2, None)],
        "programs": PROGRAMS,
        "spans": [Watched(BEFORE, NEXT - HOUR, 0), Watched(NEXT - HOUR, NEXT, 3)],
        "incidents_before": 4,
        "idle_seconds_before": 25 * WEEK_SECONDS,
    }
    return facts(**{**usual, **given})
