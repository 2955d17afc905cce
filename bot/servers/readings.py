"""Rows of `queries` made into readings, limits and roles."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.servers.backend import CLIENT_BACKEND, Backend, BackendId, BackendState
from bot.servers.capacity import Capacity, Limit
from bot.servers.counting import ServerSlots, database_limit, role_limit, server_limit
from bot.servers.server import Limits, Reading, Role
from bot.servers.settings import ServerSettings

Row = Mapping[str, Any]

_STATES = {state.value: state for state in BackendState}
_COLUMNS = (
    "pids",
    "datids",
    "application_names",
    "client_addresses",
    "backend_types",
    "states",
    "backend_starts",
    "state_changes",
    "xact_starts",
    "query_starts",
    "written",
    "leader_pids",
    "poolers",
    "crowds",
)


def role_of(row: Row, settings: ServerSettings) -> Role:
    """Make a role of the columns that both statements share."""
    name, groups = row["rolname"], frozenset(row["groups"])
    powerful = row["rolsuper"] or row["rolreplication"]
    return Role(
        name=name,
        oid=row["oid"],
        can_login=row["rolcanlogin"],
        superuser=row["rolsuper"],
        replication=row["rolreplication"],
        groups=groups,
        student=not powerful and not groups.union((name,)).isdisjoint(settings.students),
        service=name in settings.services,
    )


def reading_of(row: Row, settings: ServerSettings, version: int, *, tells_states: bool = True) -> Reading:
    """Make a reading of one row of `queries.read`."""
    role = role_of(row, settings)
    backends = sorted(_backends(row, settings.name, role), key=lambda backend: (backend.started_at, backend.pid))
    capacity = _capacity(row, settings, role, backends, version)
    return Reading(
        server=settings.name,
        at=row["at"].astimezone(UTC),
        role=role,
        capacity=capacity if tells_states else _unsure(capacity, backends),
        backends=tuple(backends),
        tells_states=tells_states,
    )


def limits_of(row: Row, server: str, version: int, *, tells_states: bool = True) -> Limits:
    """Make the limits of the row of `queries.limits`."""
    unsure = not tells_states
    found = _server(row, server, version)
    return Limits(
        at=row["at"].astimezone(UTC),
        server=replace(found, at_least=found.at_least or unsure, at_most=unsure),
        databases={limit.name: replace(limit, at_most=unsure) for limit in _databases(row)},
    )


def _backends(row: Row, server: str, role: Role) -> Iterator[Backend]:
    if row["pids"] is None:
        return
    databases = dict(zip(row["base_oids"] or (), row["base_names"] or (), strict=True))
    for pid, datid, application, address, kind, state, start, since, xact, query, written, leader, pooler, crowd in zip(
        *(row[column] for column in _COLUMNS), strict=True
    ):
        yield Backend(
            id=BackendId(server, pid, start.astimezone(UTC), role.oid),
            role=role.name,
            database=databases.get(datid),
            application_name=application or "",
            client_address=address,
            backend_type=kind or "",
            state=_STATES.get(state or "", BackendState.UNKNOWN),
            state_since=_utc(since),
            transaction_started_at=_utc(xact),
            query_started_at=_utc(query),
            has_written=written,
            leader_pid=leader,
            own=pid == row["own_pid"],
            pooler=bool(pooler),
            # Its own role is one of those counted; a helper process and the bot's own connection have no neighbours to speak of.
            neighbours=crowd - 1 if kind == CLIENT_BACKEND and pid != row["own_pid"] else 0,
        )


def _capacity(row: Row, settings: ServerSettings, role: Role, backends: Collection[Backend], version: int) -> Capacity:
    clients = [backend for backend in backends if backend.is_client]
    met = {backend.database for backend in clients}.union(settings.databases)
    return Capacity(
        role=role_limit(role.name, len(clients), row["rolconnlimit"]),
        databases=tuple(
            sorted((limit for limit in _databases(row) if limit.name in met), key=lambda limit: limit.name)
        ),
        server=_server(row, settings.name, version, all_slots=role.superuser),
        role_exempt=role.superuser,
    )


def _unsure(counted: Capacity, backends: Collection[Backend]) -> Capacity:
    """The same where helper processes cannot be told from clients, and logins in progress are never seen."""
    return replace(
        counted,
        role=replace(counted.role, at_most=any(backend.may_be_helper for backend in backends)),
        databases=tuple(replace(limit, at_most=True) for limit in counted.databases),
        server=replace(counted.server, at_least=True, at_most=True),
    )


def _server(row: Row, name: str, version: int, *, all_slots: bool = False) -> Limit:
    slots = ServerSlots(row["max_connections"], row["superuser_reserved"], row["reserved"], row["provider_reserved"])
    return server_limit(name, row["server_used"], slots, version, starting=row["server_starting"], all_slots=all_slots)


def _databases(row: Row) -> Iterator[Limit]:
    columns = (row[f"base_{column}"] or () for column in ("names", "used", "limits"))
    return (database_limit(name, used, setting) for name, used, setting in zip(*columns, strict=True))


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(UTC)
