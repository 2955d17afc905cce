"""Programs connected to a server as people's clients leave them: true sessions, in the states the bot speaks of."""

import asyncio
import contextlib
from enum import StrEnum
from typing import Self

import psycopg

# libpq's own limit, so that a server that says nothing is a refusal too.
_CONNECT_TIMEOUT = 10
_TRY_AGAIN_AFTER = 0.25


class Doing(StrEnum):
    """What a session is left doing; `WRITTEN` is idle in a transaction that has written."""

    IDLE = "idle"
    IN_TRANSACTION = "idle in transaction"
    WRITTEN = "written"
    ABORTED = "aborted"
    ACTIVE = "active"


class Refused(Exception):
    """The server, or the way to it, refused a connection; `text` is what a person's client shows."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


async def connect(conninfo: str, application_name: str = "") -> psycopg.AsyncConnection:
    """Connect in autocommit mode; raises `Refused` with the server's own words."""
    try:
        return await psycopg.AsyncConnection.connect(
            conninfo,
            autocommit=True,
            application_name=application_name,
            connect_timeout=_CONNECT_TIMEOUT,
        )
    except psycopg.OperationalError as exc:
        raise Refused(str(exc).removeprefix("connection failed: ").strip()) from exc


async def leave(
    connection: psycopg.AsyncConnection, doing: Doing, write: str = "CREATE TEMP TABLE note (line text)"
) -> None:
    """Leave an idle connection in the given state; `write` is what a session that has written ran."""
    match doing:
        case Doing.IDLE:
            pass
        case Doing.IN_TRANSACTION:
            await connection.execute("BEGIN")
            await connection.execute("SELECT 1")
        case Doing.WRITTEN:
            await connection.execute("BEGIN")
            await connection.execute(write.encode())
        case Doing.ABORTED:
            await connection.execute("BEGIN")
            with contextlib.suppress(psycopg.errors.UndefinedTable):
                await connection.execute("SELECT * FROM pg_temp.no_such_table")
        case Doing.ACTIVE:
            # Sent and not waited for: no task of ours has to live as long as the query.
            connection.pgconn.send_query(b"SELECT pg_sleep(3600)")
            connection.pgconn.flush()


def drop(connection: psycopg.AsyncConnection) -> None:
    """Close our end of a connection whatever it is doing, without waiting for the server."""
    connection.pgconn.finish()


class Returning:
    """A program that connects again at once whenever it is cut off, as a notebook with a retry loop does."""

    def __init__(self, conninfo: str, application_name: str) -> None:
        self._conninfo = conninfo
        self._application_name = application_name
        self._connection: psycopg.AsyncConnection | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> Self:
        """Connect for the first time and stay connected from then on; raises `Refused`."""
        self._connection = await connect(self._conninfo, self._application_name)
        self._task = asyncio.create_task(self._stay(self._connection), name=f"client {self._application_name}")
        return self

    async def close(self) -> None:
        """Leave for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        if self._connection is not None:
            drop(self._connection)

    async def _stay(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                async for _ in connection.notifies():
                    pass
            drop(connection)
            connection = self._connection = await self._back()

    async def _back(self) -> psycopg.AsyncConnection:
        while True:
            try:
                return await connect(self._conninfo, self._application_name)
            except Refused:
                await asyncio.sleep(_TRY_AGAIN_AFTER)
