"""What the tests' own servers and sessions promise to the other tests."""

import asyncio

import psycopg
import pytest

from bot.demo.clients import Doing, Refused, connect, drop
from tests.eventually import eventually
from tests.postgres import MAX_CONNECTIONS, Postgres
from tests.servers import Servers


async def test_the_server_is_of_the_major_asked_for(postgres: Postgres, major: int) -> None:
    assert postgres.admin.info.server_version // 10000 == major == postgres.major


@pytest.mark.parametrize(
    ("doing", "state", "has_start", "has_written"),
    [
        (Doing.IDLE, "idle", False, False),
        (Doing.IN_TRANSACTION, "idle in transaction", True, False),
        (Doing.WRITTEN, "idle in transaction", True, True),
        # The server forgets when the transaction began as soon as it has failed.
        (Doing.ABORTED, "idle in transaction (aborted)", False, False),
        (Doing.ACTIVE, "active", True, False),
    ],
)
async def test_a_session_is_in_the_state_it_was_left_in(
    postgres: Postgres, doing: Doing, state: str, *, has_start: bool, has_written: bool
) -> None:
    role = postgres.make_role()
    backend = await postgres.open_backend(role, doing, application_name="pgAdmin 4 - DB:class")
    row = postgres.activity(backend.pid)
    assert row["usename"] == role
    assert row["application_name"] == "pgAdmin 4 - DB:class"
    assert row["backend_start"] == backend.started_at
    assert row["state"] == state
    assert (row["xact_start"] is not None) == has_start
    assert (row["backend_xid"] is not None) == has_written


async def test_a_session_can_be_in_another_database(postgres18: Postgres) -> None:
    database = postgres18.make_database()
    backend = await postgres18.open_backend(postgres18.make_role(), dbname=database)
    assert postgres18.activity(backend.pid)["datname"] == database


async def test_a_walsender_is_no_client_backend(postgres: Postgres) -> None:
    backend = await postgres.open_walsender(postgres.make_role(replication=True))
    assert postgres.activity(backend.pid)["backend_type"] == "walsender"


async def test_a_parallel_query_has_workers(postgres: Postgres) -> None:
    backend = await postgres.run_parallel(postgres.make_role())
    (worker, *_) = postgres.workers(backend.pid)
    assert postgres.activity(worker)["backend_type"] == "parallel worker"


async def test_a_hanging_login_takes_a_slot_of_its_role(postgres: Postgres) -> None:
    role = postgres.make_role(password="never said")
    before = _processes(postgres)
    postgres.open_hanging_login(role)
    assert _processes(postgres) == before + (1 if postgres.major >= 18 else 0), "only 18 shows a login in progress"


async def test_role_limit_refuses_in_the_servers_words(postgres: Postgres) -> None:
    role = postgres.make_role(limit=2)
    opened = await postgres.fill(role)
    assert len(opened) == 2
    with pytest.raises(Refused, match=f'too many connections for role "{role}"'):
        await postgres.open_backend(role)
    await postgres.close_backend(opened[0])
    await postgres.open_backend(role)


async def test_database_limit_refuses(postgres18: Postgres) -> None:
    database = postgres18.make_database(limit=1)
    role = postgres18.make_role()
    assert len(await postgres18.fill(role, dbname=database)) == 1


async def test_server_can_be_filled_to_its_reserved_slots(postgres: Postgres) -> None:
    opened = await postgres.fill(postgres.make_role())
    # The tests' own connection takes one too.
    assert len(opened) == postgres.ordinary_slots - 1
    if postgres.major >= 16:
        opened += await postgres.fill(postgres.make_bot_role(reserved=True))
    opened += await postgres.fill(postgres.make_role(superuser=True))
    assert len(opened) == MAX_CONNECTIONS - 1


async def test_bot_role_sees_and_ends_others_sessions(postgres: Postgres) -> None:
    victim = await postgres.open_backend(postgres.make_role())
    bot = await postgres.open_backend(postgres.make_bot_role())
    cursor = await bot.connection.execute(
        "SELECT state, pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s", [victim.pid]
    )
    assert await cursor.fetchone() == ("idle", True)
    await eventually(lambda: not postgres.is_open(victim))


async def test_bot_role_without_rights_sees_and_ends_nothing(postgres18: Postgres) -> None:
    victim = await postgres18.open_backend(postgres18.make_role())
    bot = await postgres18.open_backend(postgres18.make_bot_role(stats=False, signal=False))
    cursor = await bot.connection.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [victim.pid])
    assert await cursor.fetchone() == (None,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await bot.connection.execute("SELECT pg_terminate_backend(%s)", [victim.pid])


async def test_a_frozen_session_outlives_its_signal_until_it_thaws(postgres18: Postgres) -> None:
    backend = await postgres18.open_backend(postgres18.make_role())
    postgres18.freeze(backend.pid)
    postgres18.admin.execute("SELECT pg_terminate_backend(%s)", [backend.pid])
    await asyncio.sleep(0.05)  # nothing can be waited for: it is about what does not happen
    assert postgres18.is_open(backend)
    postgres18.thaw(backend.pid)
    await eventually(lambda: not postgres18.is_open(backend))


def test_only_the_servers_own_processes_can_be_frozen(postgres18: Postgres) -> None:
    with pytest.raises(ProcessLookupError):
        postgres18.freeze(1)


async def test_a_halted_server_comes_back_as_it_was(postgres18: Postgres) -> None:
    role = postgres18.make_role()
    postgres18.halt()
    with pytest.raises(Refused, match="Connection refused"):
        await postgres18.open_backend(role)
    postgres18.start()
    await postgres18.open_backend(role)


async def test_whatever_a_test_made_is_gone_at_its_end(servers: Servers) -> None:
    with servers.share(18) as ours:
        group = ours.make_group()
        role = ours.make_role('<!channel> "*x*"', groups=[group], superuser=True)
        database = ours.make_database()
        frozen = await ours.open_backend(role, Doing.WRITTEN, dbname=database)
        ours.freeze(frozen.pid)
        await ours.open_backend(role, Doing.ACTIVE)
        ours.open_hanging_login(ours.make_role(password="never said"))
        elsewhere = await connect(ours.dsn(role))
        await elsewhere.execute("CREATE TABLE left_behind ()")
        ours.halt()
    drop(elsewhere)
    with servers.share(18) as next_one:
        query = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) UNION ALL SELECT datname FROM pg_database WHERE datname = %s"
        assert next_one.admin.execute(query, [[group, role], database]).fetchall() == []
        assert next_one.admin.execute("SELECT to_regclass('left_behind')").fetchone() == (None,)


def test_own_database_is_empty_and_ours(own_database_url: str) -> None:
    if own_database_url.startswith("sqlite:///"):
        return
    with psycopg.connect(own_database_url) as connection:
        connection.execute("CREATE TABLE ours ()")
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)


def _processes(postgres: Postgres) -> int:
    row = postgres.admin.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    ).fetchone()
    assert row is not None
    count: int = row[0]
    return count
