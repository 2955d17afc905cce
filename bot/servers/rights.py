"""What the bot's role lacks on a server, and what each lack costs."""

from dataclasses import dataclass
from enum import StrEnum

from bot.servers.counting import NO_LIMIT
from bot.servers.guard import ABSENT, GuardStanding, GuardState

OLDEST_SUPPORTED = 140000
KNOWS_RESERVED_CONNECTIONS = 160000
ROOM_FOR_REPLACEMENT = 2
"""A replacement is opened before the old connection is let go."""


class Cost(StrEnum):
    """What cannot be done for want of something."""

    EVERYTHING = "everything"
    """Others' connections cannot be told apart: neither lists nor terminations."""
    SEEING_STATES = "seeing_states"
    """What others' connections are doing is not known, so ending one takes its owner or a reason, and no query is cancelled."""
    TERMINATING = "terminating"
    RECONNECTING_WHEN_FULL = "reconnecting_when_full"
    REPLACING = "replacing"
    """A connection that hangs cannot be replaced before it is let go."""
    THESE_ROLES = "these_roles"
    """Nobody is a member of what does not exist: its people cannot be terminated, or its account is not protected."""
    LEAST_RIGHTS = "least_rights"
    """Nothing that is asked for; but whoever has the bot's password can do more than the bot is for."""


class MissingKind(StrEnum):
    """What is missing."""

    VERSION = "version"
    READ_ALL_STATS = "pg_read_all_stats"
    STATES = "states"
    """ClassDB's functions tell no states, and the bot's role sees by nothing else."""
    SIGNAL_BACKEND = "pg_signal_backend"
    GUARD_CHANGED = "guard_changed"
    GUARD_OUTDATED = "guard_outdated"
    USE_RESERVED_CONNECTIONS = "pg_use_reserved_connections"
    RESERVED_CONNECTIONS = "reserved_connections"
    ROLE_LIMIT = "role_limit"
    DATABASE_LIMIT = "database_limit"
    NO_STUDENTS = "no_students"
    STUDENTS_ROLE = "students_role"
    SERVICE_ROLE = "service_role"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is missing; `detail` is the role, database, setting or version it is about, or in what the guard differs."""

    kind: MissingKind
    cost: Cost
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RightsFacts:
    """What `queries.RIGHTS` says of the bot's role and of the roles that the configuration names."""

    version: int
    role: str
    superuser: bool
    role_limit: int
    database: str
    database_limit: int
    reads_all: bool
    signals: bool
    uses_reserved: bool
    reserved: int
    students: tuple[str, ...]
    """Those of the configuration; where it names none, ClassDB's, if the server has them."""
    classdb: bool = False
    """It may use ClassDB's functions in that database."""
    unknown_students: tuple[str, ...] = ()
    unknown_services: tuple[str, ...] = ()
    guard: GuardState = ABSENT


def missing(facts: RightsFacts) -> tuple[Missing, ...]:
    """Return what is missing, the costliest first; () when nothing is.

    Slots kept in reserve (PostgreSQL 16 and later) are of use only with both the right to them and a reserve; where both
    are missing the right is named, which tells whoever grants it of the other.
    """
    differs = ", ".join(facts.guard.differs)
    may_signal = facts.signals or facts.guard.usable or facts.classdb
    knows_reserve = facts.version >= KNOWS_RESERVED_CONNECTIONS and not facts.superuser
    rules = (
        (facts.version < OLDEST_SUPPORTED, MissingKind.VERSION, Cost.EVERYTHING, str(facts.version)),
        (not facts.reads_all and not facts.classdb, MissingKind.READ_ALL_STATS, Cost.EVERYTHING, facts.role),
        (not facts.reads_all and facts.classdb, MissingKind.STATES, Cost.SEEING_STATES, facts.role),
        (
            facts.guard.standing is GuardStanding.CHANGED,
            MissingKind.GUARD_CHANGED,
            Cost.LEAST_RIGHTS if may_signal else Cost.TERMINATING,
            differs,
        ),
        (
            not may_signal and facts.guard.standing is GuardStanding.ABSENT,
            MissingKind.SIGNAL_BACKEND,
            Cost.TERMINATING,
            facts.role,
        ),
        (not facts.students, MissingKind.NO_STUDENTS, Cost.TERMINATING, ""),
        (facts.guard.standing is GuardStanding.OUTDATED, MissingKind.GUARD_OUTDATED, Cost.THESE_ROLES, differs),
        *((True, MissingKind.STUDENTS_ROLE, Cost.THESE_ROLES, name) for name in facts.unknown_students),
        *((True, MissingKind.SERVICE_ROLE, Cost.THESE_ROLES, name) for name in facts.unknown_services),
        (_is_tight(facts.role_limit, facts), MissingKind.ROLE_LIMIT, Cost.REPLACING, facts.role),
        (
            _is_limited(facts.database_limit, facts),
            MissingKind.DATABASE_LIMIT,
            Cost.RECONNECTING_WHEN_FULL,
            facts.database,
        ),
        (
            knows_reserve and not facts.uses_reserved,
            MissingKind.USE_RESERVED_CONNECTIONS,
            Cost.RECONNECTING_WHEN_FULL,
            facts.role,
        ),
        (
            knows_reserve and facts.uses_reserved and not facts.reserved,
            MissingKind.RESERVED_CONNECTIONS,
            Cost.RECONNECTING_WHEN_FULL,
            "",
        ),
    )
    return tuple(Missing(kind, cost, detail) for holds, kind, cost, detail in rules if holds)


def _is_tight(limit: int, facts: RightsFacts) -> bool:
    return _is_limited(limit, facts) and limit < ROOM_FOR_REPLACEMENT


def _is_limited(limit: int, facts: RightsFacts) -> bool:
    return limit != NO_LIMIT and not facts.superuser
