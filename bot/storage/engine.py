"""The bot's own database, SQLite or PostgreSQL: its connections, its transactions, its clock."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, DateTime, Interval, Select, Table, func, literal, select, type_coerce
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import OwnDatabaseUnavailable, SetupError
from bot.storage import postgresql, sqlite
from bot.storage.columns import AwareTime

_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_SQLITE_TIME = "%Y-%m-%d %H:%M:%f000"


class OwnDatabase:
    """The bot's own database; every failure of it is `OwnDatabaseUnavailable`, and then nothing was written.

    `url` is `sqlite:///FILE` or `postgresql://…`; anything else raises `SetupError`. `ahead` shifts its clock.
    """

    def __init__(self, url: str, *, ahead: timedelta = timedelta(0)) -> None:
        self.url = read_url(url)
        self.kind = "sqlite" if self.url.drivername == "sqlite" else "postgresql"
        self.path = Path(self.url.database or "").absolute() if self.kind == "sqlite" else None
        self.address = self.url.render_as_string(hide_password=True)
        self.clock = _clock(self.kind, ahead)
        """The database's time, as an expression for statements."""
        self._now = select(self.clock)
        self._timed: dict[Select[Any], Select[Any]] = {}
        self._engine = sqlite.make_engine(self.path) if self.path else postgresql.make_engine(self.url)
        self._connections = postgresql.Connections(self._engine)
        self._modes = {
            mode: self._engine.execution_options(**{sqlite.MODE: mode}) for mode in ("read", "write", "durable")
        }
        self._writing = asyncio.Lock()
        self._file: tuple[int, int] | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Make SQLite's file if there is none, or open PostgreSQL's connections; raises also `SetupError`."""
        if self.path:
            try:
                sqlite.make_file(self.path)
            except OSError as exc:
                fault = f"The database file {self.path} cannot be made ({exc.strerror}): name another in CONNBOT_DATABASE_URL."
                raise SetupError((fault,)) from exc
            self._file = _identity(self.path)
        try:
            if self.path:
                async with self.read() as connection:
                    await connection.execute(select(1))
            else:
                with _at_the_door():
                    await self._connections.open()
        except OwnDatabaseUnavailable:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @contextlib.asynccontextmanager
    async def write(self, *, durable: bool = True) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that may write; it commits at the end of the block, or rolls back when that raises.

        On SQLite one at a time. Without `durable` a power cut may take back the last moments (a crash of the process
        never does).
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(_at_the_door())
            if self.path:
                # Waiting here is fair and costs nothing; waiting inside SQLite is neither.
                await stack.enter_async_context(self._writing)
                await self._miss_the_file()
                yield await stack.enter_async_context(self._modes["durable" if durable else "write"].begin())
            else:
                connection = await stack.enter_async_context(self._connections.one())
                await stack.enter_async_context(connection.begin())
                yield connection

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads."""
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(_at_the_door())
            if self.path:
                await self._miss_the_file()
                yield await stack.enter_async_context(self._modes["read"].connect())
            else:
                yield await stack.enter_async_context(self._connections.one())

    def insert(self, table: Table) -> "postgresql_dialect.Insert | sqlite_dialect.Insert":
        """Begin an INSERT that knows ON CONFLICT, as this kind of database spells it."""
        return sqlite_dialect.insert(table) if self.path else postgresql_dialect.insert(table)

    def timed(self, statement: Select[Any]) -> Select[Any]:
        """Add the database's time to what `statement`, a constant, reads: as the last column, `now`."""
        if statement not in self._timed:
            self._timed[statement] = statement.add_columns(self.clock.label("now"))
        return self._timed[statement]

    async def now(self, connection: AsyncConnection | None = None) -> datetime:
        """Tell the database's own time; in `connection`'s transaction if one is given."""
        if connection is None:
            async with self.read() as own:
                return await self.now(own)
        return (await connection.execute(self._now)).scalar_one()

    async def _miss_the_file(self) -> None:
        """Notice that the file is not the opened one any more: SQLite itself would go on writing to a removed one."""
        assert self.path is not None  # noqa: S101 - asked for SQLite alone
        found = _identity(self.path)
        if found == self._file:
            return
        await self._engine.dispose()
        if found is None:
            raise OwnDatabaseUnavailable(f"{self.path} is gone")
        self._file = found


def read_url(text: str | URL) -> URL:
    """Read the address of an own database; raises `SetupError` naming the mend, never the password."""
    mend = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE."
    try:
        url = make_url(text)
    except ArgumentError as exc:
        raise SetupError((f"CONNBOT_DATABASE_URL is not an address: {mend}",)) from exc
    if url.drivername in ("sqlite", "sqlite+aiosqlite"):
        if not url.database or url.database == ":memory:" or url.host:
            raise SetupError((f"CONNBOT_DATABASE_URL names no file: {mend}",))
        return URL.create("sqlite", database=url.database)
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    raise SetupError((f"CONNBOT_DATABASE_URL names {url.drivername}, which is no database of ours: {mend}",))


def _clock(kind: str, ahead: timedelta) -> ColumnElement[datetime]:
    if kind == "sqlite":
        shift = f"{ahead.total_seconds():+.3f} seconds"
        return type_coerce(func.strftime(_SQLITE_TIME, "now", shift), AwareTime())
    now = func.clock_timestamp(type_=DateTime(timezone=True))
    return type_coerce(now + literal(ahead, Interval()), AwareTime())


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice the speed of Path.stat, on every transaction
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def _at_the_door() -> Iterator[None]:
    """Turn what the drivers raise into our own error; what breaks a constraint is a fault of the code and stays."""
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except PoolTimeoutError as exc:
        raise OwnDatabaseUnavailable("every connection is in use") from exc
    except DBAPIError as exc:
        raise postgresql.unavailable(exc) from exc
