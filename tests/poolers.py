"""A true PgBouncer before a test's server, and clients that connect through it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bot.demo.clients import drop
from tests.postgres import Postgres
from tests.servers import missing

HOST = "127.0.0.1"
ADMIN, READER = "console_admin", "console_reader"
ACCOUNT = "nobody"
"""PgBouncer refuses root, so there it runs as this account."""
_PORT_TAKEN = "Address already in use"
_READY_WITHIN = 10.0


class PgBouncer:
    """One PgBouncer on loopback that trusts whoever connects; it leads to the test's server under every database's name."""

    def __init__(self, postgres: Postgres, roles: Sequence[str], settings: str, databases: str) -> None:
        self.postgres = postgres
        self.port = 0
        self._folder = Path(tempfile.mkdtemp(prefix="connbot-pooler-"))
        self._databases = databases or f"* = host={postgres.host} port={postgres.port}"
        self._settings = settings
        self._write("users", "".join(f'"{role}" ""\n' for role in (ADMIN, READER, *roles)))
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[psycopg.AsyncConnection] = []

    def dsn(self, role: str, dbname: str = "postgres", **extra: str) -> str:
        """Return a libpq connection string that leads through the pooler."""
        return make_conninfo(host=HOST, port=self.port, user=role, dbname=dbname, **extra)

    def console(self, role: str = ADMIN) -> str:
        """Return a libpq connection string of its admin console."""
        return self.dsn(role, "pgbouncer")

    async def connect(
        self, role: str, *, application_name: str = "", dbname: str = "postgres"
    ) -> psycopg.AsyncConnection:
        """Connect through the pooler, for as long as the test lasts."""
        dsn = self.dsn(role, dbname, application_name=application_name)
        client = await psycopg.AsyncConnection.connect(dsn, autocommit=True, prepare_threshold=None)
        self._clients.append(client)
        await client.execute("SELECT 1")
        return client

    @property
    def ends_clients(self) -> bool:
        """It has KILL_CLIENT: 1.24 and later."""
        said = subprocess.run([_program(), "--version"], check=True, capture_output=True, text=True).stdout
        major, minor = said.removeprefix("PgBouncer ").split(".")[:2]
        return (int(major), int(minor)) >= (1, 24)

    def signal(self, number: signal.Signals) -> None:
        """Send the pooler a signal, such as SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)

    def start(self) -> None:
        """Start it, on the port it had before or any free one, and wait until it takes connections."""
        own = not self.port
        for _ in range(5):
            self.port = _free_port() if own else self.port
            self._launch()
            if self._is_ready():
                return
            assert own, self.log
            assert _PORT_TAKEN in self.log, self.log
        raise AssertionError(self.log)

    def halt(self) -> None:
        """End it; its clients and its connections to the server go with it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End it and remove what it left."""
        for client in self._clients:
            drop(client)
        self.halt()
        shutil.rmtree(self._folder)

    @property
    def log(self) -> str:
        """What it has said."""
        return (self._folder / "log").read_text(errors="replace")

    def _launch(self) -> None:
        config = self._write(
            "pgbouncer.ini",
            f"[databases]\n{self._databases}\n[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {self._folder / 'users'}\nadmin_users = {ADMIN}\nstats_users = {READER}\n{self._settings}\n",
        )
        account = {"user": ACCOUNT, "group": "nogroup", "extra_groups": ()} if os.geteuid() == 0 else {}
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [_program(), config], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **account
            )  # type: ignore[call-overload]  # the account's keywords

    def _is_ready(self) -> bool:
        deadline = time.monotonic() + _READY_WITHIN
        while self._process is not None and self._process.poll() is None:
            try:
                psycopg.connect(self.console(), autocommit=True, connect_timeout=2).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self.log
                time.sleep(0.02)
            else:
                return True
        return False

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        path.chmod(0o644)
        self._folder.chmod(0o755)
        return path


@contextmanager
def a_pooler(postgres: Postgres, roles: Sequence[str], settings: str = "", databases: str = "") -> Iterator[PgBouncer]:
    """Start a PgBouncer before the server, which knows `roles`, and end it; `settings` are lines of its configuration."""
    pooler = PgBouncer(postgres, roles, settings, databases)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.remove()


def _program() -> str:
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("PgBouncer is not installed: its package is named pgbouncer.")
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
