"""Opening a connection to a students' server, with every setting that matters to us fixed, and leaving it."""

import asyncio
import contextlib
import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format
from psycopg.rows import DictRow, dict_row
from psycopg.types.numeric import Int8Dumper

from bot.causes.finding import Cause
from bot.causes.refusal import recognise_refusal
from bot.errors import ServerUnavailable
from bot.servers import guard_function, queries
from bot.servers.guard_function import GuardFacts
from bot.servers.rights import RightsFacts
from bot.servers.settings import ServerSettings

T = TypeVar("T")


class Connection(psycopg.AsyncConnection[DictRow]):
    """A connection to a students' server."""

    session: tuple[int, datetime] | None = None
    """Its pid and start there, as soon as it has settled in."""


LOCAL_POOLER = "local"
STATEMENT_TIMEOUT_MS = 2500
"""Shorter than the holder's deadline, so that a slow statement ends without costing the connection."""

LOOK_WITHIN = 10.0
"""Seconds for one look at a server by a connection of its own, all hosts of its DSN tried."""

_CANCEL_WITHIN = 1.0

_QUERY_CANCELED = "57014"
_INSUFFICIENT_PRIVILEGE = "42501"
_OPTIONS_REFUSED = "unsupported startup parameter"
_FULL = {Cause.ROLE_LIMIT: "role_full", Cause.DATABASE_LIMIT: "database_full"}
_POOLER_BEFORE_IT = "a pooler stands before the server and refuses our settings: the dsn must name the server itself"

# As connection settings they outrank whatever ALTER ROLE or ALTER DATABASE set. The plan is made once: its making costs as
# much as a read, and the arguments do not change it.
_PINNED = {
    "search_path": "pg_catalog,pg_temp",
    "TimeZone": "UTC",
    "role": "none",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_isolation": "read\\ committed",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
PINNED = frozenset({*_PINNED, *queries.PINNED_LATER})
"""The settings of ours that outrank what the server gives the bot's sessions."""
_PARAMETERS: dict[str, str | int] = {
    "application_name": "connbot",
    "client_encoding": "UTF8",
    "connect_timeout": 2,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class _Text(Loader):
    """Reads text whatever bytes it holds: names made in a database of another encoding come as they are stored."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "replace")


def faults(settings: ServerSettings) -> tuple[str, ...]:
    """What in the configuration of one server cannot be read, in whole sentences that repeat nothing of a DSN."""
    found = []
    try:
        conninfo_to_dict(settings.dsn)
    except psycopg.Error:
        found.append(
            f"The dsn of servers.{settings.name} cannot be read: write it as name=value pairs (quote values with spaces) "
            "or as postgresql://user@host/database (percent-encode what is special)."
        )
    found += (
        f"servers.{settings.name}.poolers has {address!r}: give an IP address, a network such as 10.0.0.0/24, or "
        f"{LOCAL_POOLER!r} for a pooler that comes over a Unix socket."
        for address in settings.poolers
        if address != LOCAL_POOLER and not _is_network(address)
    )
    return tuple(found)


async def connect(settings: ServerSettings) -> Connection:
    """Open a connection in autocommit mode whose settings are ours; raises `ServerUnavailable`."""
    given = str(conninfo_to_dict(settings.dsn).get("options") or "")
    options = " ".join((given, *(f"-c {name}={value}" for name, value in _PINNED.items()))).strip()
    conninfo = make_conninfo(settings.dsn, options=options, **_PARAMETERS)
    try:
        connection = await Connection.connect(conninfo, autocommit=True, prepare_threshold=0, row_factory=dict_row)
    except (psycopg.Error, OSError, ValueError) as exc:
        # The last two are what a host name that is none raises while it is looked up. Not chained: libpq repeats pieces of the connection string, which a log would then show.
        raise _unavailable_at_connect(settings.name, str(exc)) from None
    for kind in ("text", "name", "varchar"):
        connection.adapters.register_loader(kind, _Text)
    # Else the type of a number's parameter follows its size, and each combination is planned anew.
    connection.adapters.register_dumper(int, Int8Dumper)
    return connection


async def visit(
    settings: ServerSettings, work: Callable[[Connection], Awaitable[T]], *, within: float = LOOK_WITHIN
) -> T:
    """Do `work` on a connection of its own, which is gone when this returns, soon after `within` seconds at the latest.

    Raises `ServerUnavailable`, also for what `work` raises of psycopg.
    """
    silent = ServerUnavailable(settings.name, "unreachable", f"no answer within {within:g} s")
    over = asyncio.get_running_loop().time() + within
    try:
        async with asyncio.timeout_at(over):
            connection = await connect(settings)
    except TimeoutError:
        raise silent from None
    working = asyncio.ensure_future(work(connection))
    working.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        # To cancel it would wait for the server's word on that, which one that hangs does not give.
        done, _ = await asyncio.wait({working}, timeout=over - asyncio.get_running_loop().time())
    finally:
        await leave(connection, working)
    if not done:
        raise silent
    try:
        return working.result()
    except psycopg.Error as exc:
        raise unavailable(settings.name, exc) from exc


async def settle_in(connection: Connection, settings: ServerSettings) -> RightsFacts:
    """Pin what a connection string cannot, and read what the bot's role may do; raises `psycopg.Error`, `ServerUnavailable`."""
    await connection.execute(queries.SETTLE_IN, binary=True)
    cursor = await connection.execute(queries.OWN_SESSION, binary=True)
    own = await cursor.fetchone() or {}
    connection.session = own["pid"], own["backend_start"]
    return await look(connection, settings)


async def look(connection: Connection, settings: ServerSettings) -> RightsFacts:
    """Read what the bot's role may do now, by itself and through the guard; raises `psycopg.Error`, `ServerUnavailable`."""
    cursor = await connection.execute(
        queries.RIGHTS, {"students": list(settings.students), "services": list(settings.services)}, binary=True
    )
    row = await cursor.fetchone() or {}
    facts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    if facts.pop("statement_timeout", None) != f"{STATEMENT_TIMEOUT_MS}ms":
        raise ServerUnavailable(settings.name, "refused", _POOLER_BEFORE_IT)
    cursor = await connection.execute(guard_function.PROBE, guard_function.asked_about(facts["role"]), binary=True)
    found = await cursor.fetchone()
    guard = guard_function.judge(
        None if found is None else GuardFacts(**found), replace(settings, students=facts["students"])
    )
    return RightsFacts(**facts, guard=guard)


async def leave(connection: Connection, stuck: asyncio.Task[Any] | None) -> None:
    """Close a connection; one with a query that hangs is cancelled on the server first, and cut at the socket."""
    if stuck is not None and not stuck.done():
        with contextlib.suppress(psycopg.Error, OSError):
            await connection.cancel_safe(timeout=_CANCEL_WITHIN)
            await asyncio.wait({stuck}, timeout=_CANCEL_WITHIN)
        # Cutting the socket ends the wait for it as a broken connection does; closing its descriptor, or cancelling the
        # task, would leave the loop with a number that the next connection may get, or wait for the server again.
        with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as cut:
            cut.shutdown(socket.SHUT_RDWR)
        await asyncio.wait({stuck})
    await connection.close()


async def dismiss(former: Connection, connection: Connection) -> None:
    """End what is left on the server of a connection that was let go: where the way to it is dead, its slot would stay taken.

    The server itself may not notice for hours. Every role may end its own sessions.
    """
    if former.session is not None:
        pid, started_at = former.session
        await connection.execute(queries.END_FORMER, {"pid": pid, "started_at": started_at}, binary=True)


def unavailable(server: str, error: psycopg.Error) -> ServerUnavailable:
    """Say of an error on an open connection what a person is told."""
    words = error.diag.message_primary or recognise_refusal(str(error)).words
    match error.sqlstate:
        case None if isinstance(error, psycopg.OperationalError):
            return ServerUnavailable(server, "unreachable", words)
        case None:
            return ServerUnavailable(server, "refused", type(error).__name__)
        case state if state.startswith(("08", "57P")):
            return ServerUnavailable(server, "unreachable", words)
        case state if state == _QUERY_CANCELED:
            return ServerUnavailable(server, "deadline", words)
        case state if state == _INSUFFICIENT_PRIVILEGE:
            return ServerUnavailable(server, "rights", words)
        case _:
            return ServerUnavailable(server, "refused", words)


def pooler_parameters(settings: ServerSettings) -> dict[str, Any]:
    """The poolers as `queries` takes them."""
    return {
        "poolers": [address for address in settings.poolers if address != LOCAL_POOLER],
        "local_pooler": LOCAL_POOLER in settings.poolers,
    }


def _unavailable_at_connect(server: str, text: str) -> ServerUnavailable:
    refusal = recognise_refusal(text)
    if refusal.is_full:
        return ServerUnavailable(server, _FULL.get(refusal.cause, "full"), refusal.words)
    if _OPTIONS_REFUSED in refusal.words:
        return ServerUnavailable(server, "refused", f"{refusal.words}; {_POOLER_BEFORE_IT}")
    answered = refusal.by_server and not refusal.is_passing
    return ServerUnavailable(server, "refused" if answered else "unreachable", refusal.words)


def _is_network(address: str) -> bool:
    try:
        ipaddress.ip_network(address, strict=True)
    except ValueError:
        return False
    return True
