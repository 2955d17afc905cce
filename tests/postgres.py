"""True PostgreSQL servers for the tests, and true sessions on them in the states the tests speak of."""

import contextlib
import secrets
import signal
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from bot.demo.clients import Doing, Refused, connect, drop, leave
from bot.demo.throwaway import ThrowAway
from tests.eventually import eventually
from tests.majors import binaries

MAX_CONNECTIONS = 40
SUPERUSER_RESERVED = 3
RESERVED = 2
"""`reserved_connections`, which PostgreSQL has from 16 on."""
_ASKED = "asked_for_passwords"
_GONE_WITHIN = 10.0


class Running:
    """A started server that tests share, and the superuser's connection they share with it."""

    def __init__(self, major: int, *, max_connections: int = MAX_CONNECTIONS) -> None:
        settings = {
            "max_connections": max_connections,
            "superuser_reserved_connections": SUPERUSER_RESERVED,
            "max_prepared_transactions": 5,
            "log_connections": "on",
        }
        if major >= 16:
            settings["reserved_connections"] = RESERVED
        self.server = ThrowAway(
            binaries(major).bindir,
            settings={name: str(value) for name, value in settings.items()},
            rules=[f"host all +{_ASKED} 127.0.0.1/32 scram-sha-256"],
        )
        self.server.start()
        self._admin = self._connect()
        self._admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(_ASKED)))

    @property
    def admin(self) -> psycopg.Connection:
        """The superuser's connection; a new one when the server has ended the last."""
        if self._admin.closed:
            self._admin = self._connect()
        return self._admin

    def close(self) -> None:
        """Throw the server away."""
        self._admin.close()
        self.server.stop()

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.server.dsn(), autocommit=True, application_name="tests")


@dataclass(frozen=True, slots=True)
class OpenBackend:
    """A true session: which one it is, and its client's end of it."""

    pid: int
    started_at: datetime
    role: str
    connection: psycopg.AsyncConnection


class Postgres:
    """One test's share of a server: roles, databases and sessions of its own, gone at its end."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.server = running.server
        self.major = self.server.major
        self.host = self.server.host
        self.port = self.server.port
        self._roles: list[str] = []
        self._databases: list[str] = []
        self._backends: list[OpenBackend] = []
        self._sockets: list[socket.socket] = []

    @property
    def admin(self) -> psycopg.Connection:
        """A superuser's connection in autocommit mode; the tests' own, so a test must not leave anything set on it."""
        return self._running.admin

    @property
    def ordinary_slots(self) -> int:
        """How many connections there can be without special rights, the tests' own one among them."""
        return MAX_CONNECTIONS - SUPERUSER_RESERVED - (RESERVED if self.major >= 16 else 0)

    def dsn(self, role: str = "postgres", dbname: str = "postgres", **extra: str | int) -> str:
        """Return a libpq connection string."""
        return self.server.dsn(role, dbname, **extra)

    def url(self, role: str = "postgres", dbname: str = "postgres") -> str:
        """Return the same as a `postgresql://` URL."""
        return f"postgresql://{quote(role, safe='')}@{self.host}:{self.port}/{quote(dbname, safe='')}"

    def make_role(
        self,
        prefix: str = "student",
        *,
        limit: int = -1,
        groups: Sequence[str] = (),
        login: bool = True,
        superuser: bool = False,
        replication: bool = False,
        password: str | None = None,
        name: str = "",
    ) -> str:
        """Create a role named `name`, else `prefix`, `_` and something unique; only one with a `password` is asked for it."""
        name = name or _unique(prefix)
        flags = {"LOGIN": login, "SUPERUSER": superuser, "REPLICATION": replication}
        options = [sql.SQL("CONNECTION LIMIT {}").format(limit)]
        options += [sql.SQL("" if wanted else "NO") + sql.SQL(word) for word, wanted in flags.items()]
        if password is not None:
            options.append(sql.SQL("PASSWORD {}").format(password))
            groups = [*groups, _ASKED]
        if groups:
            options.append(sql.SQL("IN ROLE {}").format(sql.SQL(", ").join(map(sql.Identifier, groups))))
        self.run("CREATE ROLE {} {}", name, sql.SQL(" ").join(options))
        self._roles.append(name)
        return name

    def make_group(self, prefix: str = "students", *, groups: Sequence[str] = ()) -> str:
        """Create a role that cannot log in, for others to be members of."""
        return self.make_role(prefix, login=False, groups=groups)

    def make_bot_role(self, *, stats: bool = True, signal: bool = True, reserved: bool = False) -> str:
        """Create a role for the bot with the rights it asks of a server; `reserved` needs PostgreSQL 16."""
        rights = {"pg_read_all_stats": stats, "pg_signal_backend": signal, "pg_use_reserved_connections": reserved}
        return self.make_role("connbot", groups=[right for right, wanted in rights.items() if wanted])

    def make_database(self, prefix: str = "class", *, limit: int = -1, owner: str = "postgres") -> str:
        """Create a database with a unique name."""
        name = _unique(prefix)
        self.run("CREATE DATABASE {} OWNER {} CONNECTION LIMIT {}", name, owner, sql.Literal(limit))
        self._databases.append(name)
        return name

    async def open_backend(
        self,
        role: str,
        doing: Doing = Doing.IDLE,
        *,
        application_name: str = "",
        dbname: str = "postgres",
        **extra: str | int,
    ) -> OpenBackend:
        """Connect as `role` and leave the session in the given state; raises `Refused` with the server's words."""
        connection = await connect(self.dsn(role, dbname, **extra), application_name)
        pid = connection.info.backend_pid
        backend = OpenBackend(pid, self.activity(pid)["backend_start"], role, connection)
        self._backends.append(backend)
        await leave(connection, doing)
        if doing is Doing.ACTIVE:
            await eventually(lambda: self.activity(pid)["state"] == "active")
        return backend

    async def open_walsender(self, role: str) -> OpenBackend:
        """Connect as a stand-by server would; `role` needs the right of replication."""
        return await self.open_backend(role, replication="true")

    async def run_parallel(self, role: str) -> OpenBackend:
        """Connect as `role` and leave it running a query of a minute that parallel workers help with."""
        backend = await self.open_backend(role)
        forced = "debug_parallel_query = on" if self.major >= 16 else "force_parallel_mode = on"
        for setting in (
            forced,
            "parallel_setup_cost = 0",
            "parallel_tuple_cost = 0",
            "min_parallel_table_scan_size = 0",
        ):
            await backend.connection.execute(f"SET {setting}".encode())
        backend.connection.pgconn.send_query(b"SELECT sum(length(pg_sleep(0.2)::text)) FROM pg_class")
        backend.connection.pgconn.flush()
        await eventually(lambda: self.workers(backend.pid))
        return backend

    def open_hanging_login(self, role: str, dbname: str = "postgres") -> socket.socket:
        """Begin a login as `role`, which must have a password, and never answer the server's question for it."""
        client = socket.create_connection((self.host, self.port), timeout=5)
        self._sockets.append(client)
        words = b"\0".join(word.encode() for word in ("user", role, "database", dbname, "", ""))
        client.sendall(struct.pack("!ii", 8 + len(words), 3 << 16) + words)
        assert client.recv(1) == b"R", "the server asked for no password"
        return client

    async def fill(self, role: str, *, leave_free: int = 0, dbname: str = "postgres") -> list[OpenBackend]:
        """Open sessions of `role` until the server refuses another, then close `leave_free` of them again."""
        opened: list[OpenBackend] = []
        with contextlib.suppress(Refused):
            while True:
                opened.append(await self.open_backend(role, dbname=dbname))
        for _ in range(leave_free):
            await self.close_backend(opened.pop())
        return opened

    async def close_backend(self, backend: OpenBackend) -> None:
        """Let the client of a session leave, and wait until the server has noticed."""
        await backend.connection.close()
        await eventually(lambda: not self.is_open(backend))

    def run(self, statement: LiteralString, *parts: str | sql.Composable) -> None:
        """Run a statement as superuser; each `{}` in it stands for a name, given as text, or for a piece of SQL."""
        self.admin.execute(sql.SQL(statement).format(*(sql.Identifier(p) if isinstance(p, str) else p for p in parts)))

    def activity(self, pid: int) -> dict[str, Any]:
        """Read a process's row of `pg_stat_activity`; empty when there is none."""
        with self.admin.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute("SELECT * FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() or {}

    def is_open(self, backend: OpenBackend) -> bool:
        """Say whether this very session still exists on the server."""
        return self.activity(backend.pid).get("backend_start") == backend.started_at

    def workers(self, leader_pid: int) -> list[int]:
        """Find the parallel workers that help a session now."""
        query = "SELECT pid FROM pg_stat_activity WHERE leader_pid = %s"
        return [pid for (pid,) in self.admin.execute(query, [leader_pid])]

    def freeze(self, pid: int) -> None:
        """Stop a server process where it stands, so that it answers and obeys nothing; it goes on at the test's end."""
        self.server.signal(pid, signal.SIGSTOP)

    def thaw(self, pid: int) -> None:
        """Let a frozen process go on."""
        self.server.signal(pid, signal.SIGCONT)

    def halt(self) -> None:
        """Shut the server down; `start` brings it back with the same port and data, and so does the test's end."""
        self.admin.close()
        self.server.halt()

    def start(self) -> None:
        """Start the server again after `halt`."""
        self.server.start()

    def clean(self) -> None:
        """End and drop all this test made, and bring the server back if the test halted it."""
        self.server.resume()
        self.server.start()
        for backend in self._backends:
            drop(backend.connection)
        for client in self._sockets:
            client.close()
        self._end_sessions()
        for database in self._databases:
            self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)
        for role in self._roles:
            if self.admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None:
                self.run("DROP OWNED BY {} CASCADE", role)
                self.run("DROP ROLE {}", role)

    def _end_sessions(self) -> None:
        pids = [backend.pid for backend in self._backends]
        ours = "(pid = ANY(%s) OR usename = ANY(%s::name[]) OR datname = ANY(%s::name[])) AND pid <> pg_backend_pid()"
        end: LiteralString = f"SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"
        deadline = time.monotonic() + _GONE_WITHIN
        while left := self.admin.execute(end, [pids, self._roles, self._databases]).fetchall():
            assert time.monotonic() < deadline, f"sessions that do not end: {left}"
            time.sleep(0.005)


def _unique(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(4)}"
