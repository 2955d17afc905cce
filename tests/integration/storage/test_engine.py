"""The own database's connections, transactions and bad days."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from bot.errors import OwnDatabaseUnavailable, SetupError
from bot.storage.engine import OwnDatabase
from bot.storage.postgresql import CONNECTIONS
from bot.storage.serving import serve_lock
from bot.storage.tables import deliveries, incidents, proposal_backends, workspaces
from tests.eventually import eventually
from tests.postgres import Postgres

MOMENT = datetime(2026, 11, 22, 6, 7, 8, 123456, tzinfo=UTC)


def a_workspace(team: str = "T1") -> dict[str, object]:
    return {"team": team, "name": "DB course", "first_seen": MOMENT}


async def teams(db: OwnDatabase) -> list[str]:
    async with db.read() as connection:
        return list((await connection.execute(select(workspaces.c.team).order_by(workspaces.c.team))).scalars())


async def test_what_a_transaction_wrote_is_there_when_it_ends_well_and_not_when_it_does_not(
    own_database: OwnDatabase,
) -> None:
    async with own_database.write() as connection:
        await connection.execute(insert(workspaces), a_workspace("T1"))

    async def fail() -> None:
        async with own_database.write() as connection:
            await connection.execute(insert(workspaces), a_workspace("T2"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with own_database.write(durable=False) as connection:
        await connection.execute(insert(workspaces), a_workspace("T3"))
    assert await teams(own_database) == ["T1", "T3"]


async def test_times_come_back_exact_and_aware(own_database: OwnDatabase) -> None:
    async with own_database.write() as connection:
        await connection.execute(insert(workspaces), a_workspace())
    async with own_database.read() as connection:
        found = (await connection.execute(select(workspaces.c.first_seen))).scalar_one()
    assert found == MOMENT
    assert found.tzinfo is UTC


async def test_its_clock_tells_this_time_and_can_be_ahead(
    own_database: OwnDatabase, migrated_url: str, tmp_path: Path
) -> None:
    (tmp_path / "touched").touch()
    real = datetime.fromtimestamp((tmp_path / "touched").stat().st_mtime, UTC)
    assert abs(await own_database.now() - real) < timedelta(seconds=5)
    async with OwnDatabase(migrated_url, ahead=timedelta(minutes=3)) as later:
        ahead = await later.now() - await own_database.now()
    assert abs(ahead - timedelta(minutes=3)) < timedelta(seconds=5)


async def test_constraints_stand_in_the_database(own_database: OwnDatabase) -> None:
    with pytest.raises(IntegrityError):
        async with own_database.write() as connection:
            await connection.execute(insert(workspaces), a_workspace(""))
    orphan = {
        "proposal_id": "nobody",
        "position": 0,
        "pid": 1,
        "started_at": MOMENT,
        "application_name": "",
        "state": "",
        "has_written": False,
    }
    with pytest.raises(IntegrityError):
        async with own_database.write() as connection:
            await connection.execute(insert(proposal_backends), orphan)


async def test_at_most_one_incident_of_a_scope_is_open(own_database: OwnDatabase) -> None:
    def an_incident(name: str, state: str = "open") -> dict[str, object]:
        return {
            "id": name,
            "team": "T1",
            "server": "class",
            "scope_kind": "role",
            "scope_name": "alice",
            "state": state,
            "cause": "role_limit",
            "reporter": "U1",
            "opened_at": MOMENT,
            "resolved_at": MOMENT if state == "resolved" else None,
        }

    async with own_database.write() as connection:
        await connection.execute(
            insert(incidents),
            [
                an_incident("a"),
            ],
        )
        await connection.execute(insert(incidents), [an_incident("b", "resolved"), an_incident("c", "resolved")])
    with pytest.raises(IntegrityError):
        async with own_database.write() as connection:
            await connection.execute(insert(incidents), an_incident("d"))


async def test_many_writers_at_once_all_get_their_turn(own_database: OwnDatabase) -> None:
    async def write(number: int) -> None:
        async with own_database.write(durable=False) as connection:
            row = {"team": "T1", "key": str(number), "received_at": MOMENT}
            await connection.execute(insert(deliveries), row)

    await asyncio.gather(*(write(number) for number in range(60)))
    async with own_database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(deliveries))).scalar_one() == 60


async def test_a_cancelled_writer_leaves_nothing_behind_and_nobody_waiting(own_database: OwnDatabase) -> None:
    inside = asyncio.Event()

    async def write_slowly() -> None:
        async with own_database.write() as connection:
            await connection.execute(insert(workspaces), a_workspace("T1"))
            inside.set()
            await asyncio.Event().wait()

    slow = asyncio.create_task(write_slowly())
    await inside.wait()
    slow.cancel()
    async with asyncio.timeout(5), own_database.write() as connection:
        await connection.execute(insert(workspaces), a_workspace("T2"))
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert await teams(own_database) == ["T2"]


async def test_text_no_database_takes_is_stored_all_the_same(own_database: OwnDatabase) -> None:
    async with own_database.write() as connection:
        await connection.execute(insert(workspaces), a_workspace("T\x00\ud800<!channel>"))
    assert await teams(own_database) == ["T\ufffd\ufffd<!channel>"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "connbot.db",
        "mysql://host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+asyncpg://u:secret@h/d",
        "://",
    ],
)
def test_an_address_of_no_own_database_is_refused_in_words_without_its_password(url: str) -> None:
    with pytest.raises(SetupError) as raised:
        OwnDatabase(url)
    assert "CONNBOT_DATABASE_URL" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_the_password_is_not_in_the_address_for_people() -> None:
    assert OwnDatabase("postgresql://bot:secret@db/connbot").address == "postgresql+psycopg://bot:***@db/connbot"


async def test_a_new_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    async with OwnDatabase(f"sqlite:///{path}") as db:
        async with db.write() as connection:
            await connection.execute(text("CREATE TABLE t (x int)"))
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        async with db.read() as connection:
            pragmas = [
                (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
                for name in ("journal_mode", "foreign_keys", "busy_timeout")
            ]
    assert pragmas == ["wal", 1, 3000]


async def test_a_file_in_no_folder_names_the_mend(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="CONNBOT_DATABASE_URL"):
        await OwnDatabase(f"sqlite:///{tmp_path}/nowhere/own.db").open()


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "own.db").write_bytes(b"not a database" * 100)
    threads = threading.active_count()
    with pytest.raises(OwnDatabaseUnavailable, match="not a database"):
        await OwnDatabase(f"sqlite:///{tmp_path}/own.db").open()
    # Its thread is told to end before the failure is.
    await eventually(lambda: threading.active_count() == threads)


async def test_a_removed_file_is_missed_and_one_put_back_is_used(migrated_sqlite_url: str, tmp_path: Path) -> None:
    async with OwnDatabase(migrated_sqlite_url) as db:
        path = tmp_path / "own.db"
        path.rename(tmp_path / "away.db")
        with pytest.raises(OwnDatabaseUnavailable, match="gone"):
            async with db.write() as connection:
                await connection.execute(insert(workspaces), a_workspace("T1"))
        with pytest.raises(OwnDatabaseUnavailable):
            await teams(db)
        assert not path.exists()
        (tmp_path / "away.db").rename(path)
        async with db.write() as connection:
            await connection.execute(insert(workspaces), a_workspace("T2"))
        assert await teams(db) == ["T2"]


async def test_a_locked_file_is_unavailable_and_then_not(migrated_sqlite_url: str, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "own.db", isolation_level=None)
    async with OwnDatabase(migrated_sqlite_url) as db:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OwnDatabaseUnavailable, match="locked"):
            async with db.write() as connection:
                await connection.execute(insert(workspaces), a_workspace())
        other.execute("ROLLBACK")
        other.close()
        async with db.write() as connection:
            await connection.execute(insert(workspaces), a_workspace())
        assert await teams(db) == ["T1"]


async def test_a_full_disk_is_unavailable_and_nothing_was_written(migrated_sqlite_url: str) -> None:
    async with OwnDatabase(migrated_sqlite_url) as db:
        async with db.write() as connection:
            await connection.execute(insert(workspaces), a_workspace("T1"))
        async with db.read() as connection:
            await connection.execute(text("PRAGMA max_page_count = 1"))
        with pytest.raises(OwnDatabaseUnavailable, match="full"):
            async with db.write() as connection:
                await connection.execute(insert(workspaces), [a_workspace(f"T{n:050}" * 50) for n in range(500)])
        assert await teams(db) == ["T1"]


async def test_a_read_only_file_is_unavailable(migrated_sqlite_url: str) -> None:
    async with OwnDatabase(migrated_sqlite_url) as db:
        async with db.read() as connection:
            await connection.execute(text("PRAGMA query_only = ON"))
        with pytest.raises(OwnDatabaseUnavailable, match="readonly"):
            async with db.write() as connection:
                await connection.execute(insert(workspaces), a_workspace())


def test_one_serve_a_file_and_the_second_is_told_who(migrated_sqlite_url: str) -> None:
    with serve_lock(migrated_sqlite_url):
        done = _serve(migrated_sqlite_url)
        assert done.returncode == 1
        assert f"process {os.getpid()}" in done.stdout
    assert _serve(migrated_sqlite_url).stdout == "served\n"


def test_any_number_may_serve_from_postgresql() -> None:
    with serve_lock("postgresql:///own"), serve_lock("postgresql:///own"):
        pass


def _serve(url: str) -> "subprocess.CompletedProcess[str]":
    program = (
        "import sys\nfrom bot.errors import SetupError\nfrom bot.storage.serving import serve_lock\n"
        "try:\n    with serve_lock(sys.argv[1]): print('served')\n"
        "except SetupError as exc:\n    print(exc); sys.exit(1)\n"
    )
    return subprocess.run([sys.executable, "-c", program, url], check=False, capture_output=True, text=True, cwd=_ROOT)


_ROOT = Path(__file__).parents[3]


def connections(postgres: Postgres, url: str) -> list[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = 'connbot' ORDER BY pid"
    return [pid for (pid,) in postgres.admin.execute(query, [url.rpartition("/")[2]])]


async def test_postgresql_gets_three_connections_at_the_start_and_the_same_three_stay(
    migrated_postgresql_url: str, migrated_template: tuple[Postgres, str]
) -> None:
    postgres, _ = migrated_template
    async with OwnDatabase(migrated_postgresql_url) as db:
        opened = connections(postgres, migrated_postgresql_url)
        assert len(opened) == CONNECTIONS
        await asyncio.gather(*(db.now() for _ in range(30)))
        assert connections(postgres, migrated_postgresql_url) == opened


async def test_lost_postgresql_connections_are_replaced_before_anybody_notices(
    migrated_postgresql_url: str, migrated_template: tuple[Postgres, str]
) -> None:
    postgres, _ = migrated_template
    async with OwnDatabase(migrated_postgresql_url) as db:
        for pid in connections(postgres, migrated_postgresql_url):
            postgres.admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        await asyncio.gather(*(db.now() for _ in range(10)))
        async with db.write() as connection:
            await connection.execute(insert(workspaces), a_workspace())
        assert await teams(db) == ["T1"]


async def test_a_postgresql_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(OwnDatabaseUnavailable, match=r"refused|failed"):
        await OwnDatabase("postgresql://bot:secret@127.0.0.1:1/own").open()


async def test_a_read_only_postgresql_is_unavailable(
    migrated_postgresql_url: str, migrated_template: tuple[Postgres, str]
) -> None:
    postgres, _ = migrated_template
    postgres.run("ALTER DATABASE {} SET default_transaction_read_only = on", migrated_postgresql_url.rpartition("/")[2])
    async with OwnDatabase(migrated_postgresql_url) as db:
        with pytest.raises(OwnDatabaseUnavailable, match="read-only"):
            async with db.write() as connection:
                await connection.execute(insert(workspaces), a_workspace())


async def test_a_table_locked_for_long_on_postgresql_is_unavailable(migrated_postgresql_url: str) -> None:
    async with OwnDatabase(migrated_postgresql_url) as db, OwnDatabase(migrated_postgresql_url) as other:
        async with other.write() as connection:
            await connection.execute(text("LOCK TABLE workspaces"))
            with pytest.raises(OwnDatabaseUnavailable, match="lock timeout"):
                await teams(db)
        assert await teams(db) == []
