"""A server with a group of students, and the bot's own connection to it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from bot.servers import opening
from bot.servers.backend import Backend
from bot.servers.guard_script import Place, install, removal
from bot.servers.holder import HEARTBEAT_EVERY, Holder
from bot.servers.opening import Connection
from bot.servers.postgres import WATCH_FOR, PostgresServer
from bot.servers.server import Reading
from bot.servers.settings import ServerSettings
from tests.postgres import OpenBackend, Postgres


@dataclass
class Class:
    """One test's students on one server, and what asks the server about them."""

    postgres: Postgres
    students: str
    bot: str
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def make_student(self, prefix: str = "student", **options: Any) -> str:
        return self.postgres.make_role(prefix, groups=[self.students], **options)

    def settings(self, bot: str | None = None, *, dbname: str = "postgres", **changes: Any) -> ServerSettings:
        given = {"students": (self.students,), "dsn": self.postgres.dsn(bot or self.bot, dbname), **changes}
        return ServerSettings(name="class", **given)

    async def open(
        self,
        bot: str | None = None,
        *,
        watch_for: float = WATCH_FOR,
        heartbeat_every: float = HEARTBEAT_EVERY,
        **changes: Any,
    ) -> PostgresServer:
        """Open the bot's connection, for as long as the test lasts."""
        server = PostgresServer(self.settings(bot, **changes), watch_for=watch_for, heartbeat_every=heartbeat_every)
        self.stack.push_async_callback(server.close)
        await server.open()
        return server

    def stand_guard(self, bot: str | None = None, *, dbname: str = "postgres", **changes: Any) -> None:
        """Install the guard for as long as the test lasts, as the script of the version does."""
        settings = self.settings(bot, dbname=dbname, **changes)
        place = Place(bot or self.bot, dbname, self.postgres.admin.info.server_version)
        self.run_as_admin(install(settings, place), dbname)
        self.stack.callback(self.run_as_admin, removal(settings, place), dbname)

    def run_as_admin(self, script: str, dbname: str = "postgres") -> None:
        """Run a whole script on a connection of its own."""
        with psycopg.connect(self.postgres.dsn(dbname=dbname), autocommit=True) as connection:
            connection.execute(script.encode())

    def sessions(self, bot: str | None = None) -> int:
        """Count the bot's sessions as the server sees them."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
        ((count,),) = self.postgres.admin.execute(query, [bot or self.bot]).fetchall()
        return int(count)

    def clock(self) -> datetime:
        ((now,),) = self.postgres.admin.execute("SELECT clock_timestamp()").fetchall()
        assert isinstance(now, datetime)
        return now

    def soon(self) -> datetime:
        """A deadline for a signal, as a claim sets it."""
        return self.clock() + timedelta(seconds=10)


@asynccontextmanager
async def held(
    course: Class, bot: str | None = None, *, dsn: str | None = None, **options: Any
) -> AsyncIterator[Holder]:
    """Hold a connection of the bot's."""
    settings = course.settings(bot, **({} if dsn is None else {"dsn": dsn}))

    async def connect() -> Connection:
        connection = await opening.connect(settings)
        try:
            await opening.settle_in(connection, settings)
            # The connection's own time-out would end a slow query before the holder's deadline is tested.
            await connection.execute("SET statement_timeout = 0")
        except BaseException:
            await connection.close()
            raise
        return connection

    holder = Holder("class", connect, **options)
    await holder.open()
    try:
        yield holder
    finally:
        await holder.close()


async def pid(connection: Connection) -> int:
    """Work that tells which session it ran in."""
    return connection.info.backend_pid if (await connection.execute("SELECT 1")).rowcount else 0


async def read(server: PostgresServer, role: str) -> Reading:
    """Read a role that there is."""
    reading = await server.read(role)
    assert reading is not None
    return reading


async def shown(server: PostgresServer, opened: OpenBackend) -> Backend:
    """Read one session as a person is shown it."""
    reading = await read(server, opened.role)
    return next(backend for backend in reading.backends if backend.pid == opened.pid)


@pytest.fixture
async def course(postgres: Postgres) -> AsyncIterator[Class]:
    async with AsyncExitStack() as stack:
        yield Class(postgres, postgres.make_group(), postgres.make_bot_role(), stack)


@pytest.fixture
async def newest(postgres18: Postgres) -> AsyncIterator[Class]:
    """The same on the newest major alone, for what is the same on all of them."""
    async with AsyncExitStack() as stack:
        yield Class(postgres18, postgres18.make_group(), postgres18.make_bot_role(), stack)


BY_ANY_MEANS = pytest.mark.parametrize("server", ["own rights", "guard"], indirect=True)
"""For tests of `server` that hold through the guard as well."""


@pytest.fixture
async def server(request: pytest.FixtureRequest, course: Class) -> PostgresServer:
    if getattr(request, "param", "") == "guard":
        course.stand_guard()
    return await course.open()


@pytest.fixture
def course18(postgres18: Postgres) -> Class:
    return Class(postgres18, postgres18.make_group(), postgres18.make_bot_role())
