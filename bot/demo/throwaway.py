"""A PostgreSQL server for a while: started from nothing, and gone with the process that started it."""

import atexit
import contextlib
import errno
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from psycopg.conninfo import make_conninfo

from bot.demo.binaries import CannotStartPostgres, inspect
from bot.demo.keeper import Keeper
from bot.demo.place import Place, no_room

HOST = "127.0.0.1"
_READY_WITHIN = 60.0
_PORT_TRIES = 5
_PORT_TAKEN = "Address already in use"
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": HOST,
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "shared_buffers": "32MB",
        # Shared memory in files of the server's own folder: gone with it, even after a crash.
        "dynamic_shared_memory_type": "mmap",
        "lc_messages": "C",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
)
_RULES = tuple(
    f"{kind} {base} all {source}"
    for base in ("all", "replication")
    for kind, source in (("local", ""), ("host", "127.0.0.1/32"))
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_taken(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as exc:
        return exc.errno == errno.EADDRINUSE
    return False


class ThrowAway:
    """One PostgreSQL server on loopback, superuser `postgres`, for as long as this process lives or until `stop`.

    Works as root and as an ordinary user. Without `password` whoever connects is trusted; with one, passwords are asked
    for (SCRAM) and `passfile` holds those that `remember` was told. `rules` are lines of pg_hba.conf that come before that.
    `port` 0 means any free one, `namespaces` are as in `find_footing`. Whatever keeps this machine from starting PostgreSQL
    is raised as `CannotStartPostgres`.
    """

    host = HOST

    def __init__(
        self,
        bindir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        port: int = 0,
        password: str | None = None,
        rules: Sequence[str] = (),
        namespaces: bool = True,
        free_port: Callable[[], int] = _free_port,
    ) -> None:
        binaries = inspect(bindir)
        self.major = binaries.major
        self.version = binaries.version
        self.port = port
        self._any_port = port == 0
        self._free_port = free_port
        self._namespaces = namespaces
        self._bindir = bindir
        self._settings = {**_SETTINGS, **(settings or {})}
        self._password = password
        self._rules = (*rules, *(f"{rule} {self._auth}" for rule in _RULES))
        self._place: Place | None = None
        self._keeper: Keeper | None = None
        self._pid: int | None = None
        self._stopped: set[int] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _auth(self) -> str:
        return "trust" if self._password is None else "scram-sha-256"

    @property
    def running(self) -> bool:
        """The server was started and has not ended."""
        return self._keeper is not None and self._keeper.running

    @property
    def pid(self) -> int:
        """The server's main process."""
        if self._pid is None:
            raise RuntimeError("not started")
        return self._pid

    @property
    def socket_dir(self) -> Path:
        """The folder of the server's Unix socket."""
        return self._home()

    @property
    def passfile(self) -> Path:
        """A libpq password file, readable by this process's user alone."""
        return self._home() / "passfile"

    @property
    def log(self) -> str:
        """What the server has said so far."""
        return (self._home() / "log").read_text(errors="replace")

    def dsn(self, user: str = "postgres", dbname: str = "postgres", **extra: str | int) -> str:
        """Return a libpq connection string; it names the password file but never holds a password."""
        passfile = {} if self._password is None else {"passfile": str(self.passfile)}
        own = {"host": self.host, "port": str(self.port), "user": user, "dbname": dbname}
        return make_conninfo(**{**own, **passfile, **{name: str(value) for name, value in extra.items()}})

    def remember(self, role: str, password: str) -> None:
        """Add the password of `role` to the password file that `dsn` names."""
        line = f"{self.host}:*:*:{_escape(role)}:{_escape(password)}\n"
        self._settled().write(self.passfile.name, line)

    def start(self) -> None:
        """Start the server and wait until it takes connections; after `halt`, on the same port with the same data."""
        if self.running:
            return
        self.halt()
        if not self._any_port and self._place is None and _is_taken(self.port):
            raise self._taken()
        atexit.register(self.stop)
        try:
            self._launch(self._place or self._prepare())
        except BaseException as exc:
            self.stop()
            if isinstance(exc, OSError):
                raise no_room(Path(exc.filename or tempfile.gettempdir()), exc.strerror or str(exc)) from exc
            raise

    def halt(self) -> None:
        """Shut the server down in order, telling its clients; the data stay for another `start`."""
        self.resume()
        if self._keeper is not None:
            self._keeper.halt()
            self._keeper = None

    def stop(self) -> None:
        """End the server at once and remove all it left; does nothing when there is nothing."""
        atexit.unregister(self.stop)
        self.resume()
        if self._keeper is not None:
            self._keeper.stop()
            self._keeper = None
        if self._place is not None:
            self._place.remove()
        self._place = self._pid = None

    def signal(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to one of the server's own processes, such as SIGSTOP to a backend."""
        if pid != self.pid and _parent(pid) != self.pid:
            raise ProcessLookupError(errno.ESRCH, "not a process of this server", str(pid))
        os.kill(pid, number)
        if number == signal.SIGSTOP:
            self._stopped.add(pid)

    def resume(self) -> None:
        """Let every process that `signal` stopped go on."""
        while self._stopped:
            with contextlib.suppress(ProcessLookupError):
                self.signal(self._stopped.pop(), signal.SIGCONT)

    def _home(self) -> Path:
        return self._settled().folder

    def _settled(self) -> Place:
        if self._place is None:
            raise RuntimeError("not started")
        return self._place

    def _prepare(self) -> Place:
        place = self._place = Place.find(self._bindir, namespaces=self._namespaces)
        place.write("superuser", (self._password or "nobody asks for it") + "\n")
        place.write("rules", "".join(f"{rule}\n" for rule in self._rules))
        if self._password is not None:
            self.remember("postgres", self._password)
        return place

    def _launch(self, place: Place) -> None:
        for tries_left in reversed(range(_PORT_TRIES)):
            if self._any_port and self._pid is None:
                self.port = self._free_port()
            try:
                self._launch_once(place)
            except CannotStartPostgres:
                # Somebody took the port between our look and the server's: only one that was ours to choose is chosen anew.
                if tries_left and self._any_port and self._pid is None and _PORT_TAKEN in self.log:
                    (self._home() / "log").unlink()
                    continue
                raise
            return

    def _launch_once(self, place: Place) -> None:
        folder = place.folder
        own = {"port": str(self.port), "unix_socket_directories": str(folder), "hba_file": str(folder / "rules")}
        self._keeper = Keeper(place.footing, folder, {**self._settings, **own})
        pid = self._keeper.wait_ready(_READY_WITHIN)
        if pid is None:
            self.halt()
            raise self._why()
        self._pid = pid

    def _taken(self) -> CannotStartPostgres:
        return CannotStartPostgres(
            f"Port {self.port} of {self.host} is in use: end the program that listens there, or choose another port."
        )

    def _why(self) -> CannotStartPostgres:
        try:
            said = self.log
        except FileNotFoundError:
            said = ""
        if _PORT_TAKEN in said:
            return self._taken()
        if os.strerror(errno.ENOSPC) in said:
            return no_room(self._home().parent, os.strerror(errno.ENOSPC))
        telling = [line for line in said.splitlines() if "FATAL" in line or "error:" in line] or said.splitlines()[-1:]
        last = telling[0].strip() if telling else "it said nothing"
        return CannotStartPostgres(f"PostgreSQL {self.version} did not start: {last}.")


def _parent(pid: int) -> int | None:
    try:
        status = Path("/proc", str(pid), "status").read_text()
    except FileNotFoundError:
        return None
    return int(next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1])


def _escape(field: str) -> str:
    return field.replace("\\", "\\\\").replace(":", "\\:")
