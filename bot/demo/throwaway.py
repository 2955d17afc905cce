"""A PostgreSQL server for a while: started from nothing, and gone with the process that started it."""

import atexit
import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Self

from psycopg.conninfo import make_conninfo

from bot.demo.binaries import CannotStartPostgres, Footing, find_footing, inspect

HOST = "127.0.0.1"
_READY_WITHIN = 60.0
_GONE_WITHIN = 20.0
_PORT_TRIES = 5
# A Unix socket's path has at most 103 bytes on some systems; our folder's and the socket's own name take 40 of them.
_LONGEST_BASE = 60
_PORT_TAKEN = "Address already in use"
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": HOST,
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "shared_buffers": "32MB",
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
# The keeper outlives its starter by a moment: when the pipe on its standard input closes, however the starter ended
# (SIGKILL too), it ends the server and removes the folder. Signals are repeated because one that comes before the
# server listens to it is lost. It ends by itself when the server does, and leaves the folder with the log then.
_KEEPER = r"""
folder=$1 bin=$2; shift 2
umask 077
exec 3<&0 0</dev/null >>"$folder/log" 2>&1
[ -s "$folder/data/PG_VERSION" ] ||
  "$bin/initdb" -D "$folder/data" -U postgres -A reject --pwfile="$folder/superuser" \
    --locale=C -E UTF8 --no-sync --no-instructions 3<&- || exit 3
"$bin/postgres" -D "$folder/data" "$@" 3<&- &
server=$!
{
  read -r order <&3
  case $order in halt) how=INT ;; *) how=QUIT; : >"$folder/over" ;; esac
  while kill -$how $server; do sleep 1; done
} 2>/dev/null &
reader=$!
wait $server
kill $reader 2>/dev/null
if [ -e "$folder/over" ]; then rm -rf -- "$folder"; fi
"""


class ThrowAway:
    """One PostgreSQL server on loopback, superuser `postgres`, for as long as this process lives or until `stop`.

    Works as root and as an ordinary user. Without `password` whoever connects is trusted; with one, passwords are asked
    for (SCRAM) and `passfile` holds those that `remember` was told. `rules` are lines of pg_hba.conf that come before that.
    `port` 0 means any free one. Whatever keeps this machine from starting PostgreSQL is raised as `CannotStartPostgres`.
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
    ) -> None:
        binaries = inspect(bindir)
        self.major = binaries.major
        self.version = binaries.version
        self.port = port
        self._any_port = port == 0
        self._bindir = bindir
        self._settings = {**_SETTINGS, **(settings or {})}
        self._password = password
        self._rules = (*rules, *(f"{rule} {self._auth}" for rule in _RULES))
        self._folder: Path | None = None
        self._footing: Footing | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
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
        return self._keeper is not None and self._keeper.poll() is None

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
        with self._private(self.passfile, "a") as file:
            file.write(f"{self.host}:*:*:{_escape(role)}:{_escape(password)}\n")

    def start(self) -> None:
        """Start the server and wait until it takes connections; after `halt`, on the same port with the same data."""
        if self.running:
            return
        atexit.register(self.stop)
        try:
            self._prepare()
            self._launch()
        except BaseException as exc:
            self.stop()
            if isinstance(exc, OSError):
                raise CannotStartPostgres(_about_the_folder(exc)) from exc
            raise

    def halt(self) -> None:
        """Shut the server down in order, telling its clients; the data stay for another `start`."""
        self._end(b"halt\n")

    def stop(self) -> None:
        """End the server at once and remove all it left; does nothing when there is nothing."""
        atexit.unregister(self.stop)
        self._end(b"")
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = self._footing = self._pid = None

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
        if self._folder is None:
            raise RuntimeError("not started")
        return self._folder

    def _prepare(self) -> None:
        if self._folder is not None:
            return
        base = tempfile.gettempdir()
        if len(base) > _LONGEST_BASE:
            base = "/tmp"  # noqa: S108 -- mkdtemp makes a folder of our own there
        self._folder = Path(tempfile.mkdtemp(prefix="connbot-pg-", dir=base))
        self._footing = find_footing(self._bindir, self._folder)
        with self._private(self._folder / "superuser", "w") as file:
            file.write((self._password or "nobody asks for it") + "\n")
        with self._private(self._folder / "rules", "w") as file:
            file.write("".join(f"{rule}\n" for rule in self._rules))
        if self._password is not None:
            self.remember("postgres", self._password)

    def _private(self, path: Path, mode: str) -> IO[str]:
        """Open a file for the account the server runs under and for ours, and nobody else."""

        def opener(name: str, flags: int) -> int:
            descriptor = os.open(name, flags, 0o600)
            if self._footing is not None and self._footing.uid is not None:
                os.fchown(descriptor, self._footing.uid, self._footing.gid or -1)
            return descriptor

        return open(path, mode, encoding="utf-8", opener=opener)

    def _launch(self) -> None:
        for tries_left in reversed(range(_PORT_TRIES)):
            if self._any_port and self._pid is None:
                self.port = _free_port()
            try:
                self._launch_once()
            except CannotStartPostgres:
                # Somebody took the port between our look and the server's: only one that was ours to choose is chosen anew.
                if tries_left and self._any_port and self._pid is None and _PORT_TAKEN in self.log:
                    (self._home() / "log").unlink()
                    continue
                raise
            return

    def _launch_once(self) -> None:
        footing, folder = self._footing, self._home()
        if footing is None:
            raise RuntimeError("not prepared")
        own = {"port": str(self.port), "unix_socket_directories": str(folder), "hba_file": str(folder / "rules")}
        settings = {**self._settings, **own}
        self._keeper = footing.popen(
            [
                *("sh", "-c", _KEEPER, "connbot-postgres", folder, footing.bindir),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ]
        )
        deadline = time.monotonic() + _READY_WITHIN
        while (pid := _ready_pid(folder)) is None:
            if not self.running or time.monotonic() > deadline:
                self._end(b"halt\n")
                raise CannotStartPostgres(self._why())
            time.sleep(0.01)
        self._pid = pid

    def _end(self, order: bytes) -> None:
        self.resume()
        keeper, self._keeper = self._keeper, None
        if keeper is None or keeper.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError), keeper.stdin as pipe:
            pipe.write(order)
        try:
            keeper.wait(_GONE_WITHIN)
        except subprocess.TimeoutExpired:
            # It leads a session of its own in which only it and the server are; backends follow when the server is gone.
            os.killpg(keeper.pid, signal.SIGKILL)
            keeper.wait()

    def _why(self) -> str:
        try:
            said = self.log
        except FileNotFoundError:
            said = ""
        if _PORT_TAKEN in said:
            return f"Port {self.port} of {self.host} is in use: end the program that listens there, or choose another port."
        if os.strerror(errno.ENOSPC) in said:
            return _about_the_folder(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        telling = [line for line in said.splitlines() if "FATAL" in line or "error:" in line] or said.splitlines()[-1:]
        return f"PostgreSQL {self.version} did not start: {telling[0].strip() if telling else 'it said nothing'}."


def _ready_pid(folder: Path) -> int | None:
    """Read the pid from the server's own note once it says that connections are taken."""
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, PermissionError):
        return None
    return int(lines[0]) if len(lines) > 7 and lines[7].strip() == "ready" else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _parent(pid: int) -> int | None:
    try:
        status = Path("/proc", str(pid), "status").read_text()
    except FileNotFoundError:
        return None
    return int(next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1])


def _about_the_folder(exc: OSError) -> str:
    return (
        f"PostgreSQL's files (about 50 MB) found no place in {tempfile.gettempdir()} ({exc.strerror}): "
        "make room there, or name another folder in TMPDIR."
    )


def _escape(field: str) -> str:
    return field.replace("\\", "\\\\").replace(":", "\\:")
