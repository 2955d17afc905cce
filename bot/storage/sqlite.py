"""SQLite for an event loop, with one hop to its thread where something may have to be waited for.

A hop costs ten times what SQLite needs for a small statement, and aiosqlite's own cursors make four a statement, besides
one each to begin, to end and to reset a transaction. What may wait is the first statement of a transaction, which takes
the lock, and the commit, which waits for the disk: these are hops. All between runs where it is, on rows that are few and
pages that are in memory; and what was only read ends without waiting.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT = 3.0
POOL_SIZE = 5
# What is forgotten must not stay behind in the file's free places.
_PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON")
# What a claim says must outlive the machine's power as well: a signal follows it. Where losing the last moment does no
# harm, the wait for the disk is spared.
_BEGIN = {
    "read": ("BEGIN",),
    "write": ("PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE"),
    "durable": ("PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"),
}
MODE = "connbot_mode"


class _Cursor:
    """A cursor as SQLAlchemy's dialect uses one: executed and emptied at once."""

    arraysize = 1

    def __init__(self, connection: "Swift") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        return await self._run("execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> Self:
        return await self._run("executemany", sql, parameters)

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    async def _run(self, method: str, sql: str, parameters: Iterable[Any]) -> Self:
        done = await self._connection.run(method, sql, parameters)
        self._rows, self.description, self.rowcount, self.lastrowid = done
        return self


class Swift(aiosqlite.Connection):
    """aiosqlite's connection and thread, with transactions of two hops."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        # A process that ends without closing must not wait for this thread.
        self._thread.daemon = True
        self._stopping: asyncio.Future[None] | None = None
        self._to_begin: tuple[str, ...] = ()
        self._begun = False
        self._holds = False
        self._reading = False

    def stop(self) -> "asyncio.Future[None] | None":
        """Let the thread end after what it has to do."""
        self._stopping = super().stop()
        return self._stopping

    async def _connect(self) -> Self:
        try:
            await super()._connect()
        finally:
            # A thread whose file could not be opened is waited for, lest it report its end to a loop that is closed.
            if self._stopping:
                await self._stopping
        return self

    def begin_with_next(self, mode: str) -> None:
        """Begin a transaction with the next statement; `mode` is read, write or durable."""
        self._to_begin = _BEGIN[mode]
        self._reading = mode == "read"

    def cursor(self) -> _Cursor:  # type: ignore[override]  # what the dialect needs of it, without a hop to make it
        """Return a cursor, without asking the thread for one."""
        return _Cursor(self)

    async def run(self, method: str, sql: str, parameters: Iterable[Any]) -> tuple[Any, ...]:
        """Begin if that is due, run `sql`, and return rows, description, row count and last row id."""
        if self._holds:
            return self._run((), method, sql, parameters)
        begin, self._to_begin = self._to_begin, ()
        # Set before waiting: a cancelled statement may have begun all the same.
        self._begun = self._begun or bool(begin)
        # aiosqlite's way to its thread has no types.
        done: tuple[Any, ...] = await self._execute(self._run, begin, method, sql, parameters)  # type: ignore[no-untyped-call]
        self._holds = self._begun
        return done

    def _run(self, begin: tuple[str, ...], method: str, sql: str, parameters: Iterable[Any]) -> tuple[Any, ...]:
        for statement in begin:
            self._conn.execute(statement)
        cursor = getattr(self._conn, method)(sql, parameters)
        rows = cursor.fetchall() if cursor.description else []
        result = rows, cursor.description, cursor.rowcount, cursor.lastrowid
        cursor.close()
        return result

    async def commit(self) -> None:
        """Commit what was begun; nothing begun costs nothing."""
        self._to_begin = ()
        self._holds = False
        if self._begun:
            await super().commit()
            self._begun = False

    async def rollback(self) -> None:
        """Roll back what was begun, without waiting where it only read: the thread does it before anything later."""
        self._to_begin = ()
        self._holds = False
        if not self._begun:
            return
        if self._reading:
            self._tx.put_nowait((None, self._conn.rollback))
        else:
            await super().rollback()
        self._begun = False


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read, unless there is one; raises `OSError`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing file as every connection of ours is opened; it is never made here, so a removed one is missed."""
    uri = f"file:{quote(str(path))}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def make_engine(path: Path) -> AsyncEngine:
    """Build the engine of the file at `path`; the execution option `MODE` says how its transactions begin."""

    def creator(*_args: object, **_options: object) -> Swift:
        return Swift(lambda: connect(path))

    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        connect_args={"async_creator_fn": creator},
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT,
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, Swift)  # noqa: S101 - the engine's own creator makes nothing else
    driver.begin_with_next(connection.get_execution_options().get(MODE, "durable"))
