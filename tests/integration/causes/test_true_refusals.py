"""What true servers of each major say when they refuse or end a connection, as psycopg shows it, read back."""

import asyncio
import socket
from pathlib import Path

import psycopg
import pytest

from bot.causes.finding import Cause, Finding, Kind
from bot.causes.recognise import recognise
from bot.causes.refusal import recognise_refusal
from tests.postgres import Postgres

NAMES = ('o"dd "name"', "Ann Smith", "<!channel>", "名前", "it's")


def refused(dsn: str) -> str:
    """The very text of the error with which a connection is refused."""
    with pytest.raises(psycopg.OperationalError) as told:
        psycopg.connect(dsn).close()
    return str(told.value)


def ended(connection: psycopg.Connection) -> str:
    """The very text of the error with which an open connection ends."""
    with pytest.raises(psycopg.Error) as told:
        connection.execute("SELECT pg_sleep(10)")
    connection.close()
    return str(told.value)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest, postgres: Postgres) -> str:
    """A name that a role and a database of the server has."""
    return postgres.make_role(str(request.param))


def test_a_role_s_limit(postgres: Postgres, name: str) -> None:
    postgres.run("ALTER ROLE {} CONNECTION LIMIT 0", name)
    text = refused(postgres.dsn(name))
    assert recognise(text) == Finding(Cause.ROLE_LIMIT, None, name, None, postgres.host, postgres.port, 0.99)
    refusal = recognise_refusal(text)
    assert (refusal.cause, refusal.name, refusal.by_server) == (Cause.ROLE_LIMIT, name, True)


@pytest.mark.parametrize("prefix", NAMES)
def test_a_database_s_limit(postgres: Postgres, prefix: str) -> None:
    database = postgres.make_database(prefix, limit=0)
    text = refused(postgres.dsn(postgres.make_role(), database))
    found = recognise(text)
    assert (found.cause, found.database, found.port) == (Cause.DATABASE_LIMIT, database, postgres.port)


async def test_reserved_slots_and_then_none_at_all(postgres: Postgres) -> None:
    student, boss = postgres.make_role(), postgres.make_role("boss", superuser=True)
    await postgres.fill(student)
    ordinary = await asyncio.to_thread(refused, postgres.dsn(student))
    assert recognise(ordinary).cause is Cause.RESERVED_SLOTS
    if postgres.major >= 16:
        # The second of the two limits that are kept: behind it there are the superusers' slots alone.
        await postgres.fill(postgres.make_role("helper", groups=["pg_use_reserved_connections"]))
        assert recognise(await asyncio.to_thread(refused, postgres.dsn(student))).cause is Cause.RESERVED_SLOTS
    await postgres.fill(boss)
    nothing_left = await asyncio.to_thread(refused, postgres.dsn(boss))
    assert recognise(nothing_left).cause is Cause.SERVER_LIMIT
    for text in (ordinary, nothing_left):
        assert recognise_refusal(text).is_full


def test_what_else_a_server_refuses_for(postgres: Postgres) -> None:
    role, closed = postgres.make_role(), postgres.make_database()
    asked, barred = postgres.make_role(password="right"), postgres.make_role(login=False)
    private = postgres.make_database()
    postgres.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", closed)
    postgres.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", private)
    expected = {
        postgres.dsn(asked, password="wrong"): (Kind.PASSWORD, asked, None),
        postgres.dsn(asked, passfile="/dev/null"): (Kind.PASSWORD_MISSING, None, None),
        postgres.dsn("nobody"): (Kind.NO_SUCH_ROLE, "nobody", None),
        postgres.dsn(barred): (Kind.NOT_PERMITTED_TO_LOG_IN, barred, None),
        postgres.dsn(role, "nothing"): (Kind.NO_SUCH_DATABASE, None, "nothing"),
        postgres.dsn(role, closed): (Kind.NOT_ACCEPTING, None, closed),
        postgres.dsn(role, private): (Kind.PERMISSION_DENIED, None, private),
        postgres.dsn(role, sslmode="require"): (Kind.TLS, None, None),
    }
    for dsn, want in expected.items():
        found = recognise(refused(dsn))
        assert (found.kind, found.role, found.database) == want
        assert (found.host, found.port) == (postgres.host, postgres.port)


def test_what_no_server_answered(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    nobody = recognise(refused(f"host=127.0.0.1 port={port} dbname=x user=x"))
    assert (nobody.kind, nobody.port, nobody.own_computer) == (Kind.REFUSED, port, True)
    unknown = recognise(refused("host='no such host' dbname=x user=x"))
    assert unknown.kind is Kind.DNS
    nowhere = recognise(refused(f"host={tmp_path} port=5432 dbname=x user=x"))
    assert (nowhere.kind, nowhere.host, nowhere.own_computer) == (Kind.NO_LOCAL_SERVER, str(tmp_path), True)


def test_how_a_server_ends_a_connection(postgres: Postgres) -> None:
    role = postgres.make_role()
    killed = psycopg.connect(postgres.dsn(role), autocommit=True)
    postgres.admin.execute("SELECT pg_terminate_backend(%s)", [killed.info.backend_pid])
    assert recognise(ended(killed)).kind is Kind.TERMINATED_BY_ADMINISTRATOR

    timeouts = {"idle_in_transaction_session_timeout": (Kind.IDLE_IN_TRANSACTION_TIMEOUT, "BEGIN; SELECT 1")}
    timeouts["idle_session_timeout"] = (Kind.IDLE_SESSION_TIMEOUT, "SELECT 1")
    if postgres.major >= 17:
        timeouts["transaction_timeout"] = (Kind.TRANSACTION_TIMEOUT, "BEGIN; SELECT 1")
    for setting, (kind, doing) in timeouts.items():
        late = psycopg.connect(postgres.dsn(role, options=f"-c {setting}=30ms"), autocommit=True)
        late.execute(doing)
        _until_ended(postgres, late.info.backend_pid)
        assert recognise(ended(late)).kind is kind


def _until_ended(postgres: Postgres, pid: int) -> None:
    for _ in range(200):
        if not postgres.activity(pid):
            return
        postgres.admin.execute("SELECT pg_sleep(0.02)")
    pytest.fail("the session does not end")
