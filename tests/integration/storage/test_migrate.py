"""The schema's way from nothing to ours, and from ours to the next, with all that is stored."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, insert, select, text

from bot.errors import OwnDatabaseUnavailable, SetupError
from bot.storage import migrate
from bot.storage.engine import OwnDatabase
from bot.storage.tables import incidents, members, metadata, owners, proposal_backends, proposals, record_head
from tests.postgres import Postgres

MOMENT = datetime(2026, 11, 22, 6, 7, 8, 123456, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
NEXT_REVISION = f"{int(migrate.HEAD) + 1:04}"
NEXT = '''
"""Build a parent table anew."""

import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{ours}"


def upgrade() -> None:
    with op.batch_alter_table("proposals", recreate="auto") as batch:
        batch.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
        batch.alter_column("reason", existing_type=sa.Text(), nullable=True)
    {more}
'''


@pytest.fixture
async def empty(own_database_url: str) -> AsyncIterator[OwnDatabase]:
    async with OwnDatabase(own_database_url) as db:
        yield db


def next_release(folder: Path, more: str = "pass") -> Path:
    """The project's revisions and one more, which changes a table that others refer to."""
    shutil.copytree(migrate.scripts(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = NEXT.format(more=more, ours=migrate.HEAD, next=NEXT_REVISION)
    (folder / "versions" / f"{NEXT_REVISION}_next.py").write_text(text)
    return folder


async def test_from_nothing_to_ours_and_then_there_is_nothing_to_do(empty: OwnDatabase, own_database_url: str) -> None:
    assert await migrate.current(empty) is None
    assert migrate.upgrade(own_database_url) is None
    assert await migrate.current(empty) == migrate.head()
    assert migrate.upgrade(own_database_url) == migrate.HEAD
    await migrate.refuse_old_schema(empty)
    async with empty.read() as connection:
        assert (await connection.execute(select(record_head.c.seq))).scalars().all() == [0]


def test_there_is_one_head_and_it_can_be_told_without_alembic() -> None:
    assert migrate._revisions(migrate.scripts()).newest == migrate.HEAD


async def test_the_migrated_schema_is_the_one_in_the_code(own_database: OwnDatabase) -> None:
    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with own_database.read() as connection:
        assert await connection.run_sync(compare) == []


async def test_every_check_and_index_of_the_migrated_schema_is_the_one_in_the_code(own_database: OwnDatabase) -> None:
    """Alembic's comparison sees neither checks nor the conditions of indexes."""
    migrated = await _definitions(own_database)
    async with own_database.write() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
    assert migrated == await _definitions(own_database)
    assert len(migrated) > len(metadata.tables)


async def _definitions(db: OwnDatabase) -> set[str]:
    if db.kind == "sqlite":
        query = "SELECT name || ' ' || sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    else:
        query = """
            SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
             UNION ALL SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
                         FROM information_schema.columns
                        WHERE table_schema = 'public' AND table_name <> 'alembic_version'"""
    async with db.read() as connection:
        found = (await connection.execute(text(query))).scalars().all()
    # SQLite keeps the words of CREATE TABLE: the order of its constraints means nothing, nor that a renamed table is quoted.
    without = str.maketrans({",": " ", ")": " ", '"': None})
    return {" ".join(sorted(str(definition).translate(without).split())) for definition in found}


async def test_an_sqlite_file_is_migrated_by_serve_itself(tmp_path: Path) -> None:
    async with OwnDatabase(f"sqlite:///{tmp_path}/own.db") as db:
        await migrate.prepare(db)
        assert await migrate.current(db) == migrate.HEAD
        await migrate.prepare(db)
    assert not list(tmp_path.glob("*.before-*"))


async def test_postgresql_is_not_migrated_by_serve_but_the_mend_is_named(postgres18: Postgres) -> None:
    async with OwnDatabase(postgres18.url(dbname=postgres18.make_database("own"))) as db:
        with pytest.raises(SetupError, match="connbot migrate"):
            await migrate.prepare(db)
        assert await migrate.current(db) is None


@pytest.mark.parametrize(("found", "mend"), [("0000", "connbot migrate"), ("9999", "newer connbot")])
async def test_another_schema_is_refused_and_the_mend_named(own_database: OwnDatabase, found: str, mend: str) -> None:
    async with own_database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})
    with pytest.raises(SetupError, match=mend):
        await migrate.refuse_old_schema(own_database)


async def test_the_schema_of_a_newer_release_is_left_alone(
    own_database: OwnDatabase, migrated_url: str, tmp_path: Path
) -> None:
    async with own_database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError, match="newer connbot"):
        migrate.upgrade(migrated_url)
    assert await migrate.current(own_database) == "9999"
    assert not list(tmp_path.glob("*.before-*"))


PROPOSAL: dict[str, Any] = {
    "team": "T1",
    "kind": "terminate",
    "server": "class",
    "role": "alice",
    "role_oid": 1,
    "requester": "U1",
    "by_right": "owner",
    "reason": "strays",
    "state": "proposed",
    "channel": "C1",
    "created_at": MOMENT,
    "lapses_at": MOMENT + timedelta(minutes=2),
}


async def fill(db: OwnDatabase) -> dict[str, list[Any]]:
    people = {"team": "T1", "slack_id": "U1", "server": "class"}
    backend = {"started_at": MOMENT, "application_name": "psql", "state": "idle", "has_written": True}
    added: dict[str, object] = {"grade": "responder", "roles": "", "added_by": "U2", "added_at": MOMENT}
    linked: dict[str, object] = {
        "role": "alice",
        "role_oid": 1,
        "origin": "staff",
        "linked_by": "U2",
        "linked_at": MOMENT,
    }
    incident: dict[str, object] = {
        "id": "I1",
        "team": "T1",
        "server": "class",
        "scope_kind": "server",
        "scope_name": "",
        "state": "open",
        "cause": "server_limit",
        "reporter": "U1",
        "opened_at": MOMENT,
    }
    async with db.write() as connection:
        await connection.execute(insert(members), people | added)
        await connection.execute(insert(owners), people | linked)
        await connection.execute(insert(incidents), incident)
        await connection.execute(insert(proposals), [PROPOSAL | {"id": f"P{n}"} for n in range(20)])
        rows = [
            backend | {"proposal_id": f"P{n}", "position": position, "pid": 1 + position}
            for n in range(20)
            for position in range(3)
        ]
        await connection.execute(insert(proposal_backends), rows)
    return await stored(db)


async def stored(db: OwnDatabase) -> dict[str, list[Any]]:
    async def rows(table: Table) -> list[Any]:
        return list((await connection.execute(select(table).order_by(*table.primary_key.columns))).all())

    async with db.read() as connection:
        return {name: await rows(table) for name, table in metadata.tables.items()}


async def test_a_change_of_a_populated_parent_table_keeps_every_row(
    own_database: OwnDatabase, migrated_url: str, tmp_path: Path
) -> None:
    before = await fill(own_database)
    assert len(before["proposal_backends"]) == 60
    assert migrate.upgrade(migrated_url, folder=next_release(tmp_path / "scripts")) == migrate.HEAD
    assert await migrate.current(own_database) == NEXT_REVISION
    assert await stored(own_database) == before
    async with own_database.write() as connection:
        await connection.execute(text("DELETE FROM proposals WHERE id = 'P0'"))
    assert len((await stored(own_database))["proposal_backends"]) == 57


async def test_the_older_sqlite_file_is_kept_as_it_was_and_for_its_owner_alone(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with OwnDatabase(migrated_sqlite_url) as db:
        before = await fill(db)
    migrate.upgrade(migrated_sqlite_url, folder=next_release(tmp_path / "scripts"))
    copy = tmp_path / f"own.db.before-{NEXT_REVISION}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    async with OwnDatabase(f"sqlite:///{copy}") as db:
        assert await migrate.current(db) == migrate.HEAD
        assert await stored(db) == before


async def test_a_migration_that_fails_half_way_changes_nothing(
    own_database: OwnDatabase, migrated_url: str, tmp_path: Path
) -> None:
    before = await fill(own_database)
    scripts = next_release(tmp_path / "scripts", more='op.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(OwnDatabaseUnavailable, match="nowhere"):
        migrate.upgrade(migrated_url, folder=scripts)
    assert await migrate.current(own_database) == migrate.HEAD
    assert await stored(own_database) == before


async def test_a_migration_that_would_lose_parents_changes_nothing(migrated_sqlite_url: str, tmp_path: Path) -> None:
    scripts = next_release(tmp_path / "scripts", more='op.execute("DELETE FROM proposals")')
    async with OwnDatabase(migrated_sqlite_url) as db:
        before = await fill(db)
        with pytest.raises(OwnDatabaseUnavailable, match="proposal_backends"):
            migrate.upgrade(migrated_sqlite_url, folder=scripts)
        assert await stored(db) == before


async def test_what_ended_before_counts_as_told_and_nothing_else_changes(
    empty: OwnDatabase, own_database_url: str, tmp_path: Path
) -> None:
    migrate.upgrade(own_database_url, folder=release(tmp_path / "scripts", "0001"))
    states = ("proposed", "claimed", "resolved", "withdrawn", "lapsed")
    async with empty.write() as connection:
        for state in states:
            await connection.execute(insert(proposals), ended(state))
            await connection.execute(insert(proposal_backends), BACKEND | {"proposal_id": state})
    assert migrate.upgrade(own_database_url) == "0001"
    rows = {row.id: row for row in (await stored(empty))["proposals"]}
    over = dict.fromkeys(states) | {"resolved": MOMENT + timedelta(minutes=1), "withdrawn": MOMENT}
    assert {name: row.told_at for name, row in rows.items()} == over
    assert {name: row.owners_told_at for name, row in rows.items()} == over
    for state in states:
        assert ended(state).items() <= rows[state]._asdict().items()
    assert len((await stored(empty))["proposal_backends"]) == len(states)


async def test_what_owners_asked_for_before_had_their_consent_and_nothing_waits_that_nobody_was_asked(
    empty: OwnDatabase, own_database_url: str, tmp_path: Path
) -> None:
    migrate.upgrade(own_database_url, folder=release(tmp_path / "scripts", "0005"))
    asked = {"owners": {"by_right": "owner"}, "staffs": {"by_right": "admin"}, "waits": {"state": "waiting"}}
    async with empty.write() as connection:
        for name, changes in asked.items():
            await connection.execute(insert(proposals), ended("proposed") | {"id": name, "by_right": "admin"} | changes)

    assert migrate.upgrade(own_database_url) == "0005"

    rows = {row.id: (row.consent, row.state) for row in (await stored(empty))["proposals"]}
    assert rows == {"owners": ("owner", "proposed"), "staffs": ("none", "proposed"), "waits": ("none", "lapsed")}


async def test_incidents_of_before_are_kept(empty: OwnDatabase, own_database_url: str, tmp_path: Path) -> None:
    migrate.upgrade(own_database_url, folder=release(tmp_path / "scripts", "0003"))
    old = {
        "team": "T1",
        "server": "class",
        "scope_kind": "role",
        "cause": "role_limit",
        "reporter": "U1",
        "opened_at": MOMENT,
    }
    open_one = old | {"id": "I1", "scope_name": "alice", "state": "open", "channel": "C1", "thread": "1.0"}
    over = old | {"id": "I2", "scope_name": "bob", "state": "resolved", "resolved_at": MOMENT + timedelta(hours=1)}
    async with empty.write() as connection:
        for one in (open_one, over):
            await connection.execute(insert(incidents), one)

    assert migrate.upgrade(own_database_url) == "0003"

    rows = {row.id: row for row in (await stored(empty))["incidents"]}
    for one in (open_one, over):
        assert one.items() <= rows[one["id"]]._asdict().items()
        assert (rows[one["id"]].private, rows[one["id"]].occasion) == (False, 1)


BACKEND = {
    "position": 0,
    "pid": 1,
    "started_at": MOMENT,
    "application_name": "psql",
    "state": "idle",
    "has_written": True,
}


def ended(state: str) -> dict[str, Any]:
    """A proposal that came to this state."""
    taken = {"claimed_by": "U1", "claimed_at": MOMENT, "deadline": MOMENT} if state in ("claimed", "resolved") else {}
    resolved = {"resolved_at": MOMENT + timedelta(minutes=1)} if state == "resolved" else {}
    return PROPOSAL | taken | resolved | {"id": state, "state": state}


def release(folder: Path, newest: str) -> Path:
    """The revisions up to `newest`, as an older release had them."""
    shutil.copytree(migrate.scripts(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (folder / "versions").glob("*.py"):
        if script.name[:4] > newest:
            script.unlink()
    return folder


async def test_several_processes_may_migrate_at_once(empty: OwnDatabase, own_database_url: str) -> None:
    upgrades = (asyncio.create_subprocess_exec(*_upgrade(own_database_url), cwd=ROOT) for _ in range(3))
    processes = await asyncio.gather(*upgrades)
    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert await migrate.current(empty) == migrate.HEAD


def _upgrade(url: str) -> list[str]:
    program = "import sys; from bot.storage.migrate import upgrade; upgrade(sys.argv[1])"
    return [sys.executable, "-c", program, url]


def test_a_file_that_cannot_be_migrated_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "own.db").write_bytes(b"not a database" * 100)
    with pytest.raises(OwnDatabaseUnavailable):
        migrate.upgrade(f"sqlite:///{tmp_path}/own.db")
    with pytest.raises(OwnDatabaseUnavailable):
        migrate.upgrade(f"sqlite:///{tmp_path}/nowhere/own.db")


def test_starting_on_a_migrated_file_does_not_import_alembic(migrated_sqlite_url: str) -> None:
    program = """
import asyncio, sys
from bot.storage import migrate
from bot.storage.engine import OwnDatabase

async def main():
    async with OwnDatabase(sys.argv[1]) as db:
        await migrate.prepare(db)

asyncio.run(main())
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program, migrated_sqlite_url], check=True, cwd=ROOT)


def test_the_wheel_brings_the_migrations_and_migrates_with_them(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, check=True, capture_output=True, cwd=_sources(tmp_path / "sources"))
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as file:
        file.extractall(installed)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from bot.storage import migrate\n"
        "assert migrate.scripts().is_relative_to(sys.argv[1]), migrate.scripts()\n"
        "print(migrate.upgrade(sys.argv[2]), migrate.upgrade(sys.argv[2]))"
    )
    command = [sys.executable, "-I", "-c", program, str(installed), f"sqlite:///{tmp_path}/own.db"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == f"None {migrate.HEAD}\n"
    with sqlite3.connect(tmp_path / "own.db") as connection:
        assert connection.execute("SELECT seq FROM record_head").fetchall() == [(0,)]
    connection.close()


def _sources(folder: Path) -> Path:
    """What the wheel is built from, as far as the migrations need it."""
    for name in ("bot", "migrations"):
        left_out = shutil.ignore_patterns("__pycache__", "node_modules", "page")
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "manifest.yml").touch()
    return folder
