"""The client's side of a pooler, out of what its admin console tells."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.servers.backend import Backend, BackendId, BackendState
from bot.servers.server import Role, Target

Row = Mapping[str, Any]

LARGEST_NUMBER = 2**31 - 1
"""A pooler shows greater ones wrongly."""
_ADMIN_DATABASE = "pgbouncer"
_ZONE_STEP = timedelta(minutes=15)
"""Every zone's distance from UTC is a multiple of it."""
_SECONDS = len("2026-11-22 21:04:05")
_LOCAL = "local"


class ClientState(StrEnum):
    """What a pooler's client is at."""

    ACTIVE = "active"
    """A connection to the server is its own for now."""
    WAITING = "waiting"
    """It has asked for something and waits for a connection to the server."""
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class PooledClient:
    """One client of a pooler; times are aware UTC and whole seconds, text from clients is data and may hold anything."""

    number: int | None
    """Its id at the console, by which it can be ended; None before PgBouncer 1.24."""
    connected_at: datetime
    database: str
    application_name: str
    address: str | None
    """None: a Unix socket of the pooler's machine."""
    port: int
    state: ClientState
    since: datetime
    """Its last request."""
    backend_pid: int | None = None
    """The server's process that works for it now."""


@dataclass(frozen=True, slots=True)
class PooledReading:
    """The clients of one role at the pooler of its server, oldest first, as the console told at `at`."""

    server: str
    at: datetime
    clients: tuple[PooledClient, ...]
    elsewhere: int = 0
    """Databases of the pooler that lead to other servers, or to a host not known as this one's; their clients are left out."""

    @property
    def can_end(self) -> bool:
        """The pooler tells ids, so it can end a client (PgBouncer 1.24 and later)."""
        return all(client.number is not None for client in self.clients)


def client_target(client: PooledClient, reading: PooledReading, role: Role, backends: Mapping[int, Backend]) -> Target:
    """What is shown of a client that has a number, to be compared with what it is at the click; `pid` is that number."""
    one = BackendId(reading.server, client.number or 0, client.connected_at, role.oid)
    return target_now(client, one, role.name, backends)


def target_now(client: PooledClient, one: BackendId, role: str, backends: Mapping[int, Backend]) -> Target:
    """A client as it is now; what it is at, that one of `backends` (the role's, by pid) tells that works for it."""
    backend = backends.get(client.backend_pid or 0)
    state = BackendState.IDLE if client.state is ClientState.IDLE else BackendState.ACTIVE
    return Target(
        id=one,
        role=role,
        database=client.database,
        application_name=client.application_name,
        client_address=place_of(client),
        state=backend.state if backend else state,
        state_since=backend.state_since if backend else client.since,
        transaction_started_at=backend.transaction_started_at if backend else None,
        query_started_at=backend.query_started_at if backend else None,
        has_written=backend is not None and backend.has_written,
    )


def has_changed(shown: Target, now: Target) -> bool:
    """Whether a client works now as it did not when it was shown; the same rule as for the server's own sessions."""
    return now.state is not BackendState.IDLE and (
        now.transaction_started_at != shown.transaction_started_at
        or (now.has_written and not shown.has_written)
        or now.state not in (BackendState.IDLE_IN_TRANSACTION, shown.state)
    )


def find(clients: Iterable[PooledClient], one: BackendId) -> PooledClient | None:
    """Find a client by number and beginning: its number alone is given again once the pooler was started anew."""
    return next((c for c in clients if (c.number, c.connected_at) == (one.pid, one.started_at)), None)


def place_of(client: PooledClient) -> str | None:
    """Where a client comes from: `10.0.0.5:51234`, `[::1]:51234`; None: a Unix socket of the pooler's machine."""
    if client.address is None:
        return None
    return f"[{client.address}]:{client.port}" if ":" in client.address else f"{client.address}:{client.port}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What one look at a console showed: SHOW CLIENTS, SHOW SERVERS, SHOW DATABASES; `at` is our clock then."""

    clients: Sequence[Row]
    servers: Sequence[Row]
    databases: Sequence[Row]
    at: datetime


def readings_of(
    shown: Shown, server: str, roles: Iterable[str], hosts: Collection[str], port: int
) -> dict[str, PooledReading]:
    """Sort what a console showed by role; `hosts` and `port` are the server's own, as far as they are known here.

    A client is of the role that its connections to the server log in as. Raises `KeyError` and `ValueError` where the answer
    is no console's.
    """
    zone = _zone(shown)
    bases = {row["name"]: row for row in shown.databases if row["name"] != _ADMIN_DATABASE}
    here = _here(bases, hosts, port)
    backends = {row["ptr"]: row["remote_pid"] for row in shown.servers}
    found: dict[str, list[PooledClient]] = {role: [] for role in roles}
    for row in shown.clients:
        base = bases.get(row["database"])
        # A client that only brings a request to cancel is gone by itself at once.
        if base is not None and row["database"] in here and "cancel" not in row["state"]:
            clients = found.get(base["force_user"] or row["user"])
            if clients is not None:
                clients.append(_client(row, backends, zone))
    at = max((_local(row["request_time"]) for row in shown.clients), default=shown.at.replace(tzinfo=None) - zone)
    return {
        role: PooledReading(
            server, (at + zone).replace(tzinfo=UTC), tuple(sorted(clients, key=_age)), len(bases) - len(here)
        )
        for role, clients in found.items()
    }


def _client(row: Row, backends: Mapping[str, int], zone: timedelta) -> PooledClient:
    number = row.get("id")
    return PooledClient(
        number=number if type(number) is int and 0 < number <= LARGEST_NUMBER else None,
        connected_at=(_local(row["connect_time"]) + zone).replace(tzinfo=UTC),
        database=_readable(row["database"]),
        application_name=_readable(row.get("application_name") or ""),
        address=None if row["addr"] == "unix" else row["addr"],
        port=row["port"],
        state=_state(row),
        since=(_local(row["request_time"]) + zone).replace(tzinfo=UTC),
        backend_pid=backends.get(row["link"]) or None,
    )


def _state(row: Row) -> ClientState:
    # Before 1.25 a client without a connection to the server is called active too.
    if row["link"]:
        return ClientState.ACTIVE
    return ClientState.WAITING if row["state"] == "waiting" else ClientState.IDLE


def _zone(shown: Shown) -> timedelta:
    """How far the console's wall clock is behind UTC; its newest time is that of our own request."""
    latest = max((_local(row["request_time"]) for row in shown.clients), default=None)
    if latest is None:
        return timedelta(0)
    return _ZONE_STEP * round((shown.at.replace(tzinfo=None) - latest) / _ZONE_STEP)


def _local(text: str) -> datetime:
    """Read `2026-11-22 21:04:05 EST` as the pooler's wall clock: an abbreviation names no zone for certain."""
    return datetime.fromisoformat(text[:_SECONDS])


def _readable(text: str) -> str:
    """Replace what were no letters in UTF-8: they came as halves of characters, so that no name is taken for another."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _here(bases: Mapping[str, Row], hosts: Collection[str], port: int) -> set[str]:
    """The databases of a pooler that lead to the server: all, where all lead to the same one."""
    ends = {name: (str(row["host"] or _LOCAL), row["port"]) for name, row in bases.items()}
    if len(set(ends.values())) <= 1:
        return set(ends)
    known = {_folded(host) for host in hosts}
    return {
        name
        for name, (host, its_port) in ends.items()
        if its_port == port and known.issuperset(_folded(one) for one in host.split(","))
    }


def _folded(host: str) -> str:
    """One name for all names of one's own machine."""
    own = host in ("", _LOCAL, "localhost", "127.0.0.1", "::1") or host.startswith(("/", "@"))
    return _LOCAL if own else host.lower()


def _age(client: PooledClient) -> tuple[datetime, int]:
    return client.connected_at, client.number or 0
