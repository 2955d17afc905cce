"""The admin console of a newer PgBouncer, in so far as its clients are listed and ended there.

It speaks PostgreSQL's protocol, version 3, as 1.24 and 1.25 do: the same columns in the same order and types, the same words
and codes, simple queries alone. Its clients are rows that a test gives it; who is ended is gone from them.
"""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count

from psycopg.conninfo import make_conninfo

from bot.clock import clock
from tests.eventually import eventually

ADMIN, READER = "console_admin", "console_reader"
_PROTOCOL, _CANCEL, _SSL, _GSS = 196608, 80877102, 80877103, 80877104
_TEXT, _INT4 = 25, 23
_COMMAND = re.compile(rb"\s*([a-z_]+)(?:\s+(\S+?))?\s*;?\s*", re.IGNORECASE)
_SOCKETS = (
    *("type", "user", "database", "replication", "state", "addr", "port", "local_addr", "local_port", "connect_time"),
    *("request_time", "wait", "wait_us", "close_needed", "ptr", "link", "remote_pid", "tls", "application_name"),
    *("prepared_statements", "id"),
)
_DATABASES = (
    *(
        "name",
        "host",
        "port",
        "database",
        "force_user",
        "pool_size",
        "min_pool_size",
        "reserve_pool_size",
        "server_lifetime",
    ),
    *("pool_mode", "load_balance_hosts", "max_connections", "current_connections", "max_client_connections"),
    *("current_client_connections", "paused", "disabled"),
)
_NUMBERS = frozenset(
    {
        "port",
        "local_port",
        "wait",
        "wait_us",
        "close_needed",
        "remote_pid",
        "prepared_statements",
        "id",
        "paused",
        "disabled",
    }
)

Cell = str | bytes | int | None


@dataclass
class Client:
    """One client of the pooler; `backend_pid` is set while a connection to the server is its own."""

    user: str | bytes
    id: int
    connected_at: datetime
    requested_at: datetime
    database: str = "postgres"
    application_name: str | bytes = "psql"
    address: str = "10.0.0.5"
    port: int = 51000
    backend_pid: int | None = None
    waiting: bool = False


@dataclass
class Base:
    """One database of the pooler."""

    name: str = "postgres"
    host: str | None = "127.0.0.1"
    port: int = 5432
    force_user: str | None = None


class Console:
    """A pooler with nothing but its console; `hangs_at` is a command that it does not answer, `drops_at` one at which it breaks off."""

    def __init__(self, version: str, zone: tzinfo) -> None:
        self.version = version
        self.port = 0
        self.clients: list[Client] = []
        self.bases: list[Base] = [Base()]
        self.commands: list[str] = []
        """All that it was told, in order."""
        self.ended: list[int] = []
        self.hangs_at = self.drops_at = ""
        self.answers = asyncio.Event()
        """Set, what hung is answered."""
        self.before: Callable[[str], None] = lambda _: None
        """Called with each command before it is carried out."""
        self._zone = zone
        self._ids = count(17)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def open(self) -> int:
        """Connections to it now."""
        return len(self._writers)

    def dsn(self, user: str = ADMIN, dbname: str = "pgbouncer") -> str:
        """Return a libpq connection string of it."""
        return make_conninfo(host="127.0.0.1", port=self.port, user=user, dbname=dbname)

    def add(self, user: str | bytes, *, age: float = 60, quiet: float = 10, **given: object) -> Client:
        """Add a client that connected `age` seconds ago and asked for something `quiet` seconds ago."""
        now = clock()
        client = Client(user, next(self._ids), now - timedelta(seconds=age), now - timedelta(seconds=quiet), **given)  # type: ignore[arg-type]  # the fields above
        self.clients.append(client)
        return client

    async def start(self) -> None:
        """Listen, on the port it had before or any free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in [*self._writers]:
            writer.transport.abort()
        self.answers.set()
        await eventually(lambda: not self._writers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await _Session(self, reader, writer).run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def tables(self, name: str, own: "_Session") -> tuple[Sequence[str], list[dict[str, Cell]]] | None:
        """What SHOW `name` answers: its columns and rows."""
        if name == "version":
            return ("version",), [{"version": f"PgBouncer {self.version}"}]
        if name == "databases":
            rows = [_base(base) for base in (Base("pgbouncer", None, self.port, "pgbouncer"), *self.bases)]
            return _DATABASES, rows
        if name == "clients":
            return _SOCKETS, [own.row(self._now()), *(self._client(client) for client in self.clients)]
        if name == "servers":
            return _SOCKETS, [self._backend(client) for client in self.clients if client.backend_pid]
        return None

    def _client(self, client: Client) -> dict[str, Cell]:
        state = "waiting" if client.waiting else "active"
        if state == "active" and client.backend_pid is None and self.version >= "1.25":
            state = "idle"
        link = f"0xb{client.id:x}" if client.backend_pid else ""
        row = _socket("C", client.user, client.database, state, client.address, client.port, f"0xa{client.id:x}", link)
        times = {"connect_time": self._told(client.connected_at), "request_time": self._told(client.requested_at)}
        return row | times | {"application_name": client.application_name, "id": client.id}

    def _backend(self, client: Client) -> dict[str, Cell]:
        row = _socket(
            "S", client.user, client.database, "active", "127.0.0.1", 5432, f"0xb{client.id:x}", f"0xa{client.id:x}"
        )
        times = {"connect_time": self._told(client.connected_at), "request_time": self._told(client.requested_at)}
        return row | times | {"remote_pid": client.backend_pid, "id": 1000 + client.id}

    def _now(self) -> str:
        return self._told(clock())

    def _told(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S %Z}"


class _Session:
    """One connection to the console."""

    def __init__(self, console: Console, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._console = console
        self._reader = reader
        self._writer = writer
        self._user = ""
        self._application_name = ""

    async def run(self) -> None:
        if not await self._welcome():
            return
        while True:
            kind, size = struct.unpack("!ci", await self._reader.readexactly(5))
            content = await self._reader.readexactly(size - 4)
            if kind == b"X":
                return
            if kind != b"Q":
                self._refuse("extended query protocol not supported by admin console")
                self._refuse("bad packet", fatal=True)
                await self._writer.drain()
                return
            command = content.rstrip(b"\0").decode()
            self._console.commands.append(command)
            self._console.before(command)
            if self._console.hangs_at and self._console.hangs_at in command:
                await self._console.answers.wait()
            if self._console.drops_at and self._console.drops_at in command:
                return
            self._carry_out(content.rstrip(b"\0"))
            await self._writer.drain()

    async def _welcome(self) -> bool:
        while True:
            (size,) = struct.unpack("!i", await self._reader.readexactly(4))
            content = await self._reader.readexactly(size - 4)
            (code,) = struct.unpack("!i", content[:4])
            if code in (_SSL, _GSS):
                self._writer.write(b"N")
                continue
            break
        if code == _CANCEL:
            return False
        assert code == _PROTOCOL
        words = content[4:].decode().split("\0")
        given = dict(zip(words[::2], words[1::2], strict=False))
        self._user, self._application_name = given["user"], given.get("application_name", "")
        if unknown := given.keys() - {
            "user",
            "database",
            "client_encoding",
            "application_name",
            "",
            "datestyle",
            "timezone",
        }:
            self._refuse(f"unsupported startup parameter: {unknown.pop()}", fatal=True)
            return False
        if self._user not in (ADMIN, READER):
            self._refuse("not allowed", fatal=True)
            return False
        self._send(b"R", struct.pack("!i", 0))
        for name, value in (("server_version", f"{self._console.version}/bouncer"), ("client_encoding", "UTF8")):
            self._send(b"S", f"{name}\0{value}\0".encode())
        self._send(b"K", struct.pack("!ii", 1, 1))
        self._ready()
        await self._writer.drain()
        return True

    def row(self, now: str) -> dict[str, Cell]:
        """This session as SHOW CLIENTS tells of it: it asks right now."""
        row = _socket(
            "C",
            self._user,
            "pgbouncer",
            "idle" if self._console.version >= "1.25" else "active",
            "127.0.0.1",
            40000,
            "0xc",
            "",
        )
        return row | {"connect_time": now, "request_time": now, "application_name": self._application_name, "id": 7}

    def _carry_out(self, command: bytes) -> None:
        found = _COMMAND.fullmatch(command)
        word, argument = (found[1].decode().lower(), (found[2] or b"").decode()) if found else ("", "")
        table = self._console.tables(argument.lower(), self) if word == "show" else None
        if table is not None:
            self._answer(*table)
        elif word == "kill_client":
            self._kill_client(argument)
        else:
            self._refuse(f"invalid command '{command.decode()}', use SHOW HELP;")

    def _kill_client(self, argument: str) -> None:
        if self._user != ADMIN and self._console.version >= "1.25.2":
            self._refuse("admin access needed")
            return
        if not argument.isdecimal():
            self._refuse("invalid client pointer supplied")
            return
        client = next((one for one in self._console.clients if one.id == int(argument)), None)
        if client is None:
            self._refuse("client not found")
            return
        self._console.clients.remove(client)
        self._console.ended.append(client.id)
        self._send(b"C", b"KILL_CLIENT\0")
        self._ready()

    def _answer(self, columns: Sequence[str], rows: list[dict[str, Cell]]) -> None:
        described = b"".join(
            column.encode()
            + b"\0"
            + struct.pack("!ihihih", 0, 0, *((_INT4, 4) if column in _NUMBERS else (_TEXT, -1)), -1, 0)
            for column in columns
        )
        self._send(b"T", struct.pack("!h", len(columns)) + described)
        for row in rows:
            cells = b"".join(map(_cell, (row[column] for column in columns)))
            self._send(b"D", struct.pack("!h", len(columns)) + cells)
        self._send(b"C", b"SHOW\0")
        self._ready()

    def _refuse(self, words: str, *, fatal: bool = False) -> None:
        severity = "FATAL" if fatal else "ERROR"
        self._send(b"E", f"S{severity}\0C08P01\0M{words}\0\0".encode())
        if not fatal:
            self._ready()

    def _ready(self) -> None:
        self._send(b"Z", b"I")

    def _send(self, kind: bytes, content: bytes) -> None:
        self._writer.write(kind + struct.pack("!i", len(content) + 4) + content)


def _cell(cell: Cell) -> bytes:
    if cell is None:
        return struct.pack("!i", -1)
    content = cell if isinstance(cell, bytes) else str(cell).encode()
    return struct.pack("!i", len(content)) + content


def _socket(
    kind: str, user: str | bytes, base: str, state: str, addr: str, port: int, ptr: str, link: str
) -> dict[str, Cell]:
    row: dict[str, Cell] = dict.fromkeys(_SOCKETS, "") | dict.fromkeys(_NUMBERS, 0)
    row |= {
        "type": kind,
        "user": user,
        "database": base,
        "replication": "none",
        "state": state,
        "addr": addr,
        "port": port,
    }
    return row | {"ptr": ptr, "link": link, "local_addr": "127.0.0.1", "local_port": 6432}


def _base(base: Base) -> dict[str, Cell]:
    row: dict[str, Cell] = dict.fromkeys(_DATABASES, 0)
    row |= {
        "name": base.name,
        "host": base.host,
        "port": base.port,
        "database": base.name,
        "force_user": base.force_user,
    }
    return row | {"pool_mode": None, "load_balance_hosts": None}


@asynccontextmanager
async def a_console(version: str = "1.25.2", zone: tzinfo = UTC) -> AsyncIterator[Console]:
    """Start a console, and end it."""
    console = Console(version, zone)
    await console.start()
    try:
        yield console
    finally:
        await console.stop()
