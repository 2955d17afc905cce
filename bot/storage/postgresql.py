"""PostgreSQL as the bot's own database: a few connections, opened at the start and kept.

On a full server a new connection is refused, so one that is lost costs no other: each is tried before it is used, that one
alone is opened anew, and while that is refused the others do its work.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from bot.causes.refusal import recognise_refusal
from bot.errors import OwnDatabaseUnavailable

log = logging.getLogger(__name__)

CONNECTIONS = 3
WAIT = 5.0
"""Seconds to wait for a connection that others use."""
_LOOK_EVERY = 0.02

_CONNECT: dict[str, str | int] = {
    "application_name": "connbot",
    "connect_timeout": 5,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
# A process that is stopped while it holds the head of the record would stop every other one.
_SESSION = (
    "SELECT set_config('timezone', 'UTC', false), set_config('statement_timeout', '5s', false),"
    " set_config('lock_timeout', '3s', false), set_config('idle_in_transaction_session_timeout', '10s', false),"
    " set_config('idle_session_timeout', '0', false)"
)


def connect_options(url: URL) -> dict[str, str | int]:
    """Return what a PostgreSQL connection of ours is opened with, besides what `url` says itself."""
    return {name: value for name, value in _CONNECT.items() if name not in url.query}


def make_engine(url: URL) -> AsyncEngine:
    """Make the engine with its pool; nothing is opened yet."""
    engine = create_async_engine(
        url, connect_args=connect_options(url), pool_size=CONNECTIONS, max_overflow=0, pool_timeout=WAIT
    )
    dialect = engine.dialect

    def is_alive(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as exc:
            # Not the pool's own ping, which has every other connection closed and opened anew as well.
            raise DisconnectionError from exc

    event.listen(engine.sync_engine, "connect", _set_up_session)
    event.listen(engine.sync_engine, "checkout", is_alive)
    event.listen(engine.sync_engine, "handle_error", _spare_the_others)
    return engine


class Connections:
    """The connections of one engine, handed out one at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._in_use = 0
        self._handed_out = 0

    async def open(self) -> None:
        """Open all at once, or as many as the server gives, one at least; the others follow when there is room."""
        async with AsyncExitStack() as stack:
            for number in range(CONNECTIONS):
                try:
                    await stack.enter_async_context(self._engine.connect())
                except DBAPIError as exc:
                    if not number:
                        raise
                    fewer = f"{number} of {CONNECTIONS}: {unavailable(exc).detail}"
                    log.warning("fewer connections to the own database", extra={"action": "open", "detail": fewer})
                    return

    @asynccontextmanager
    async def one(self) -> AsyncIterator[AsyncConnection]:
        """Hand out a connection that works, and wait for one that others use while no further one is to be had."""
        connection = await self._acquire()
        self._in_use += 1
        self._handed_out += 1
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_exit(connection)
                yield connection
        finally:
            self._in_use -= 1

    async def _acquire(self) -> AsyncConnection:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT
        tries, seen = 0, self._handed_out
        while True:
            try:
                return await self._engine.connect()
            except DBAPIError:
                # Each try takes the next in turn: when as many have failed and nobody had one meanwhile, there is none.
                wait = self._in_use > 0 or self._handed_out != seen
                tries, seen = 0 if wait else tries + 1, self._handed_out
                if tries == CONNECTIONS or loop.time() > deadline:
                    raise
            await asyncio.sleep(_LOOK_EVERY if wait else 0)


def unavailable(error: DBAPIError) -> OwnDatabaseUnavailable:
    """Say of an error of the driver's what a person is told; a refusal for want of slots is known by its words."""
    text = str(error.orig)
    refusal = recognise_refusal(text)
    if refusal.is_full:
        return OwnDatabaseUnavailable(refusal.words, full=True)
    return OwnDatabaseUnavailable(" ".join(text.split()))


def _set_up_session(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(_SESSION)
    cursor.close()
    connection.commit()


def _spare_the_others(context: ExceptionContext) -> None:
    context.invalidate_pool_on_disconnect = False
