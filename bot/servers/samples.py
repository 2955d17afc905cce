"""One sample of a server: how much of each limit is in use, and from which programs and networks connections idle.

Names of people and texts of queries are no part of it; of a client's address its network alone is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.servers.capacity import Limit
from bot.servers.clients import client_of
from bot.servers.counting import ServerSlots, database_limit, role_limit, server_limit
from bot.servers.queries import SERVER_SLOTS
from bot.servers.settings import ServerSettings

Row = Mapping[str, Any]

STALE_AFTER = timedelta(minutes=30)
"""Idle for so long: its person has gone on to something else."""
MOST_CROWDS = 50
"""Of one sample; programs name themselves, so that there may be one for every connection."""
OTHERS = "(others)"
"""The program under which what is more than that is counted."""
_LONGEST_PROGRAM = 64

# What pg_stat_activity tells everybody, so that it serves with any rights; states and addresses are told to few.
# The connections of other replicas, and of the bot's own database, call themselves what ours does.
SAMPLE = f"""
WITH activity AS MATERIALIZED (
    SELECT pid, usesysid, datid, application_name, client_addr, state, state_change,
        coalesce(backend_type = 'client backend', usesysid IS NOT NULL AND datid IS NOT NULL) AS is_client,
        false AS is_hidden
    FROM pg_stat_activity
), crowd AS (
    SELECT usesysid, pid = pg_backend_pid() OR application_name = 'connbot' AS own, coalesce(application_name, '') AS program,
        coalesce(text(network(set_masklen(client_addr, CASE family(client_addr) WHEN 4 THEN 24 ELSE 64 END))), '') AS place,
        count(*) AS used,
        count(*) FILTER (WHERE starts_with(state, 'idle')) AS idle,
        count(*) FILTER (
            WHERE starts_with(state, 'idle') AND state_change < clock_timestamp() - %(stale_after)s::interval
        ) AS stale,
        bool_and(state IS NOT NULL) AS told
    FROM activity
    WHERE is_client AND usesysid IS NOT NULL
    GROUP BY usesysid, own, program, place
), crowds AS (
    SELECT array_agg(coalesce(rolname::text, '')) AS roles, array_agg(coalesce(rolconnlimit, -1)) AS role_limits,
        array_agg(coalesce(rolsuper, false)) AS superusers, array_agg(crowd.usesysid::bigint) AS role_oids,
        array_agg(own) AS own, array_agg(program) AS programs, array_agg(place) AS places, array_agg(used) AS used,
        array_agg(idle) AS idle, array_agg(stale) AS stale, array_agg(told) AS told
    FROM crowd
    LEFT JOIN pg_roles AS role ON role.oid = crowd.usesysid
), base AS (
    SELECT array_agg(d.oid::bigint) AS base_oids, array_agg(d.datname::text) AS base_names,
        array_agg(d.datconnlimit) AS base_limits, array_agg(coalesce(taken.used, 0)) AS base_used,
        array_agg(coalesce(stat.sessions_killed, 0)) AS base_killed, array_agg(stat.stats_reset) AS base_resets
    FROM pg_database AS d
    LEFT JOIN pg_stat_database AS stat ON stat.datid = d.oid
    LEFT JOIN (SELECT datid, count(*) AS used FROM activity WHERE is_client GROUP BY datid) AS taken ON taken.datid = d.oid
), {SERVER_SLOTS}
SELECT clock_timestamp() AS at, pg_postmaster_start_time() AS postmaster_at, crowds.*, base.*, server.*
FROM crowds
CROSS JOIN base
CROSS JOIN server
"""
"""A sample, in one row. Needs no right; without pg_read_all_stats neither states nor addresses are told."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The connections of one program from one network; counts of what idles are None where the server does not tell."""

    program: str
    """As `clients.client_of` names it; '' where it gave none, or one with its role's name in it."""
    place: str
    """The network: a /24 or a /64; '' for a Unix socket, or where the server does not tell."""
    service: bool
    """Of service accounts."""
    roles: int
    used: int
    idle: int | None
    """In no query, in a transaction or not."""
    stale: int | None
    """Of these, for more than `STALE_AFTER`."""


@dataclass(frozen=True, slots=True)
class Killed:
    """How many sessions of a database were ended by operators since its statistics were `reset_at`, by the server's own count."""

    count: int
    reset_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One server as it was at `at`, by its own clock."""

    server: str
    at: datetime
    postmaster_at: datetime
    """When it was started."""
    limits: tuple[Limit, ...]
    """The server's own; the databases' and roles' that are in use."""
    crowds: tuple[Crowd, ...]
    killed: Mapping[int, Killed]
    """By database oid."""


def sample_of(row: Row, settings: ServerSettings, version: int) -> Sample:
    """Make a sample of the row of `SAMPLE`."""
    slots = ServerSlots(row["max_connections"], row["superuser_reserved"], row["reserved"], row["provider_reserved"])
    own = server_limit(settings.name, row["server_used"], slots, version, starting=row["server_starting"])
    bases = _columns(row, "base_oids", "base_names", "base_limits", "base_used", "base_killed", "base_resets")
    return Sample(
        server=settings.name,
        at=row["at"].astimezone(UTC),
        postmaster_at=row["postmaster_at"].astimezone(UTC),
        limits=(
            own,
            *(database_limit(name, used, limit) for _, name, limit, used, _, _ in bases if used),
            *_roles(row),
        ),
        crowds=_crowds(row, settings),
        killed={oid: Killed(killed, reset.astimezone(UTC) if reset else None) for oid, _, _, _, killed, reset in bases},
    )


def _columns(row: Row, *names: str) -> Sequence[tuple[Any, ...]]:
    return [*zip(*(row[name] or () for name in names), strict=True)]


def _roles(row: Row) -> list[Limit]:
    used: dict[str, int] = defaultdict(int)
    limits: dict[str, int] = {}
    for role, limit, superuser, count in _columns(row, "roles", "role_limits", "superusers", "used"):
        if role:
            used[role] += count
            limits[role] = -1 if superuser else limit
    return [role_limit(role, count, limits[role]) for role, count in used.items()]


def _crowds(row: Row, settings: ServerSettings) -> tuple[Crowd, ...]:
    found: dict[tuple[str, str, bool], list[tuple[Any, ...]]] = defaultdict(list)
    names = ("roles", "role_oids", "own", "programs", "places", "used", "idle", "stale", "told")
    for role, oid, own, program, place, *counts in _columns(row, *names):
        if not own:
            found[_program(program, role), place, role in settings.services].append((oid, *counts))
    ranked = sorted(found.items(), key=lambda one: (-sum(used for _, used, *_ in one[1]), one[0]))
    crowds = [_crowd(*key, rows) for key, rows in ranked[:MOST_CROWDS]]
    for service in (False, True):
        rest = [row for key, rows in ranked[MOST_CROWDS:] if key[2] is service for row in rows]
        crowds += [_crowd(OTHERS, "", service, rest)] if rest else []
    return tuple(crowds)


def _crowd(program: str, place: str, service: bool, rows: Sequence[tuple[Any, ...]]) -> Crowd:  # noqa: FBT001
    told = all(told for *_, told in rows)
    return Crowd(
        program=program,
        place=place,
        service=service,
        roles=len({oid for oid, *_ in rows}),
        used=sum(used for _, used, *_ in rows),
        idle=sum(idle for _, _, idle, _, _ in rows) if told else None,
        stale=sum(stale for _, _, _, stale, _ in rows) if told else None,
    )


def _program(application_name: str, role: str) -> str:
    """The program's name, without a person's."""
    named = client_of(application_name).name[:_LONGEST_PROGRAM].strip()
    return "" if role and role.casefold() in named.casefold() else named
