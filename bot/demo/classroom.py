"""A database course on a throw-away server: its roles, and the sessions its people's programs have left open."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg import sql

from bot.demo.clients import Doing, Refused, Returning, connect, drop, leave
from bot.demo.throwaway import ThrowAway

DATABASE = "class"
STUDENTS = "students"
"""The group of all students."""
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "kim", "leo")
SERVICE = "autograder"
INSTRUCTOR = "prof"
BOT = "connbot"
LIMIT = 5
"""How many connections a student may have."""
SETTINGS: Mapping[str, str] = MappingProxyType({"max_connections": "50"})
_HANDED_IN = "INSERT INTO submission (answer) VALUES ('select count(*) from orders')"
_NOTHING = sql.SQL("")
_BOT_RIGHTS = sql.SQL("IN ROLE pg_read_all_stats, pg_signal_backend")


@dataclass(frozen=True, slots=True)
class Sitting:
    """A session that a program of somebody's keeps open; one that `returns` connects again whenever it is cut off."""

    role: str
    application_name: str
    doing: Doing = Doing.IDLE
    returns: bool = False


SITTINGS = (
    Sitting("alice", "pgAdmin 4 - DB:class"),
    Sitting("alice", "pgAdmin 4 - CONN:4917302"),
    Sitting("bob", "pgAdmin 4 - DB:class"),
    Sitting(SERVICE, "autograder"),
    Sitting("alice", "psql", Doing.WRITTEN),
    Sitting("alice", "DBeaver 25.2.3 - Main <class>"),
    Sitting("alice", "DBeaver 25.2.3 - SQLEditor <Script-3.sql>"),
    Sitting("bob", "notebook homework-4", returns=True),
)


def class_server(bindir: Path, *, port: int = 0) -> ThrowAway:
    """Make the server a classroom needs, not yet started; it asks everybody for a password."""
    return ThrowAway(bindir, settings=SETTINGS, port=port, password=secrets.token_urlsafe())


class Classroom:
    """The course on a started `class_server`: every session in it is a true one, as old as it says."""

    def __init__(self, server: ThrowAway) -> None:
        self._server = server
        self._admin: psycopg.AsyncConnection | None = None
        self._connections: list[psycopg.AsyncConnection] = []
        self._returning: list[Returning] = []

    @property
    def bot_dsn(self) -> str:
        """How the bot connects; the password is in the file this names."""
        # A database without a limit of its own, so that the bot gets in whatever the students do.
        return self._server.dsn(BOT)

    async def populate(self) -> None:
        """Create the roles and the database, and let everybody's programs connect."""
        self._admin = await connect(self._server.dsn())
        await self._create_roles(self._admin)
        await self._create_database(self._admin)
        for sitting in SITTINGS:
            await self._sit(sitting)

    async def try_login(self, role: str) -> str | None:
        """Log in and leave again; None when that worked, else what the server answered, as a client shows it."""
        try:
            connection = await connect(self._server.dsn(role, DATABASE))
        except Refused as refused:
            return refused.text
        await connection.close()
        return None

    async def log_in(self, role: str, application_name: str = "psql") -> int:
        """Log in and stay; returns the backend's pid, raises `Refused`."""
        connection = await self._connect(role, application_name)
        return connection.info.backend_pid

    async def return_to_seats(self, role: str) -> None:
        """Let those of a role's programs connect again that were there at first and no longer are; raises `Refused`."""
        there = list((await self.sessions(role)).values())
        for sitting in SITTINGS:
            if sitting.role != role:
                continue
            if sitting.application_name in there:
                there.remove(sitting.application_name)
            elif not sitting.returns:
                await self._sit(sitting)

    async def sessions(self, role: str) -> dict[int, str]:
        """Ask the server for a role's client backends, oldest first: application name by pid."""
        if self._admin is None:
            raise RuntimeError("not populated")
        query = (
            "SELECT pid, application_name FROM pg_stat_activity"
            " WHERE usename = %s AND backend_type = 'client backend' ORDER BY backend_start"
        )
        return dict(await (await self._admin.execute(query, [role])).fetchall())

    async def close(self) -> None:
        """Let everybody leave."""
        for client in self._returning:
            await client.close()
        for connection in self._connections:
            drop(connection)
        if self._admin is not None:
            await self._admin.close()

    async def _create_roles(self, admin: psycopg.AsyncConnection) -> None:
        await admin.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(STUDENTS)))
        in_students = sql.SQL("CONNECTION LIMIT {} IN ROLE {}").format(LIMIT, sql.Identifier(STUDENTS))
        for person in PEOPLE:
            await self._create_login(admin, person, in_students)
        await self._create_login(admin, INSTRUCTOR)
        await self._create_login(admin, SERVICE)
        await self._create_login(admin, BOT, _BOT_RIGHTS)

    async def _create_login(
        self, admin: psycopg.AsyncConnection, role: str, options: sql.Composable = _NOTHING
    ) -> None:
        password = secrets.token_urlsafe()
        # Only its SCRAM verifier is sent, so that no log of any kind can hold the password.
        verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} {}")
        await admin.execute(create.format(sql.Identifier(role), verifier, options))
        self._server.remember(role, password)

    async def _create_database(self, admin: psycopg.AsyncConnection) -> None:
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        await admin.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(INSTRUCTOR)))
        owner = await connect(self._server.dsn(INSTRUCTOR, DATABASE))
        async with owner:
            await owner.execute(
                "CREATE TABLE submission (student name NOT NULL DEFAULT current_user, answer text NOT NULL)"
            )
            await owner.execute(sql.SQL("GRANT SELECT, INSERT ON submission TO {}").format(sql.Identifier(STUDENTS)))

    async def _sit(self, sitting: Sitting) -> None:
        if sitting.returns:
            client = Returning(self._server.dsn(sitting.role, DATABASE), sitting.application_name)
            self._returning.append(await client.start())
            return
        connection = await self._connect(sitting.role, sitting.application_name)
        await leave(connection, sitting.doing, write=_HANDED_IN)

    async def _connect(self, role: str, application_name: str) -> psycopg.AsyncConnection:
        connection = await connect(self._server.dsn(role, DATABASE), application_name)
        self._connections.append(connection)
        return connection
