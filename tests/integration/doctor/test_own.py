"""What can be wrong with the bot's own database: produced on both kinds, its mend done as it is printed, the fault gone."""

import asyncio
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bot.cli.main import main
from bot.doctor.finding import Finding, Level
from bot.storage.migrate import HEAD
from bot.storage.serving import serve_lock
from tests.doctors import Findings, examined
from tests.eventually import eventually
from tests.postgres import Postgres

OWN = "The bot's own database"
KEY = "the key of the tests"


async def look(url: str, **variables: str) -> Findings:
    return await examined({"CONNBOT_DATABASE_URL": url, "CONNBOT_AUDIT_KEY": KEY, **variables})


async def connbot(url: str, line: str) -> None:
    """Run a command of connbot's beside this test's loop."""
    program, *words = line.split()
    assert program == "connbot"
    assert await asyncio.to_thread(main, words, {"CONNBOT_DATABASE_URL": url}) == 0


async def run(url: str, found: Finding) -> None:
    """Run the one command of connbot's that a mend prints."""
    (line,) = found.lines
    await connbot(url, line)


def revise(url: str, revision: str) -> None:
    """Give the database another revision, as if another version had migrated it."""
    address = make_url(url)
    engine = create_engine(address.set(drivername="sqlite" if address.drivername == "sqlite" else "postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    engine.dispose()


async def test_an_empty_one_is_migrated_and_gets_its_first_admin_as_printed(
    own_database_url: str, tmp_path: Path
) -> None:
    told = await look(own_database_url)
    if own_database_url.startswith("sqlite"):
        assert told.says("is not there yet")
        assert not (tmp_path / "own.db").exists()
    else:
        await run(own_database_url, told.the("has no tables of connbot's yet"))

    await run(own_database_url, (await look(own_database_url)).the("The allow-list is empty"))

    told = await look(own_database_url)
    assert [what for what in told.bad(OWN) if "watches" not in what] == []
    assert told.says(f"Its schema is this version's ({HEAD})")
    assert told.says("1 entry on the allow-list, 1 admin among them")
    assert told.says("It can be written")


async def test_a_schema_of_another_version(migrated_url: str) -> None:
    revise(migrated_url, "0000")
    found = (await look(migrated_url)).the("the older 0000")
    assert (found.level, found.lines) == (Level.FAULT, ("connbot migrate",))

    revise(migrated_url, "9999")
    found = (await look(migrated_url)).the("of a newer connbot")
    assert (found.level, found.lines) == (Level.FAULT, ())


async def test_staff_without_an_admin_can_be_changed_here_alone(migrated_url: str) -> None:
    await connbot(migrated_url, "connbot allow U0TOM --grade responder")

    found = (await look(migrated_url)).the("is an admin")

    assert found.level is Level.WARNING
    await run(migrated_url, found)
    assert not (await look(migrated_url)).bad(OWN)


async def test_without_a_key_it_is_said_what_that_leaves_open(migrated_sqlite_url: str, tmp_path: Path) -> None:
    found = (await examined({"CONNBOT_DATABASE_URL": migrated_sqlite_url})).the("is unkeyed")
    assert found.level is Level.WARNING
    assert "make the whole chain anew" in found.what

    make, _ = found.lines
    subprocess.run(["sh", "-c", make], cwd=tmp_path, check=True)
    file = tmp_path / "audit.key"
    assert file.stat().st_mode & 0o077 == 0
    keyed = await examined({"CONNBOT_DATABASE_URL": migrated_sqlite_url, "CONNBOT_AUDIT_KEY_FILE": str(file)})
    assert keyed.says("The record is keyed")


# The file.


async def test_a_file_that_everybody_can_read_is_closed_as_printed(migrated_sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "own.db").chmod(0o644)
    copy = tmp_path / "own.db.before-0001"
    copy.touch(0o644)

    found = (await look(migrated_sqlite_url)).the("Everybody on this machine can read it")
    assert found.level is Level.FAULT
    subprocess.run(["sh", "-c", *found.lines], check=True)

    assert not (await look(migrated_sqlite_url)).says("Everybody on this machine")
    assert copy.stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "var lib"
    url = f"sqlite:///{folder / 'own.db'}"

    found = (await look(url)).the("cannot be made")
    subprocess.run(["sh", "-c", found.lines[0].replace("USER", str(os.getuid()))], check=True)

    assert (await look(url)).says("is not there yet")


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "own.db").write_text("not a database at all, but long enough to be looked at " * 9)

    found = (await look(f"sqlite:///{tmp_path / 'own.db'}")).the("file is not a database")

    assert found.level is Level.FAULT
    assert "Restore it from a backup" in found.mend


async def test_a_file_that_another_process_holds(migrated_sqlite_url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = (await look(migrated_sqlite_url)).the("cannot be written")

    assert found.level is Level.FAULT
    assert "locked" in found.what
    assert (await look(migrated_sqlite_url)).says("It can be written")


async def test_a_serve_on_it_is_as_it_should_be(migrated_sqlite_url: str) -> None:
    with serve_lock(migrated_sqlite_url):
        assert (await look(migrated_sqlite_url)).the(f"process {os.getpid()}").level is Level.FINE
    assert not (await look(migrated_sqlite_url)).says("works on it now")


async def test_an_address_that_is_none() -> None:
    found = (await look("mysql://nowhere")).the("which is no database of ours")

    assert found.level is Level.FAULT


# PostgreSQL.


@pytest.fixture
def its(migrated_postgresql_url: str, migrated_template: tuple[Postgres, str]) -> tuple[Postgres, str, str]:
    """The server, a role without any right, and the URL by which it logs in to the database."""
    postgres, _ = migrated_template
    name = make_url(migrated_postgresql_url).database
    assert name
    role = postgres.make_role("keeper")
    return postgres, role, postgres.url(role, name)


async def test_a_role_that_may_not_use_the_tables_is_granted_them_as_printed(its: tuple[Postgres, str, str]) -> None:
    postgres, _, url = its
    found = (await look(url)).the("may not read and write")
    assert found.level is Level.FAULT
    with psycopg.connect(postgres.dsn(dbname=make_url(url).database or ""), autocommit=True) as admin:
        for line in found.lines:
            admin.execute(line)

    assert (await look(url)).says("It can be written")


@pytest.mark.parametrize(("limit", "level"), [(2, Level.FAULT), (4, Level.WARNING)])
async def test_a_limit_too_small_for_the_bot(its: tuple[Postgres, str, str], limit: int, level: Level) -> None:
    postgres, role, url = its
    postgres.run("ALTER ROLE {} CONNECTION LIMIT " + str(limit), role)

    found = (await look(url)).the("Its role may have")
    assert found.level is level
    postgres.admin.execute(found.lines[0])

    assert not (await look(url)).says("Its role may have")


async def test_one_that_is_read_only(migrated_template: tuple[Postgres, str], migrated_postgresql_url: str) -> None:
    postgres, _ = migrated_template
    name = make_url(migrated_postgresql_url).database or ""
    postgres.run("ALTER DATABASE {} SET default_transaction_read_only = on", name)

    found = (await look(migrated_postgresql_url)).the("it is read-only")
    assert found.level is Level.FAULT
    postgres.admin.execute(found.lines[0])

    assert (await look(migrated_postgresql_url)).says("It can be written")


async def test_one_that_is_gone_or_on_a_full_server(its: tuple[Postgres, str, str]) -> None:
    postgres, role, url = its
    address = make_url(url)
    gone = (await look(str(address.set(port=1)))).the(f"{OWN} cannot be reached")
    assert gone.lines == (f"pg_isready -h {address.host} -p 1",)

    postgres.run("ALTER ROLE {} CONNECTION LIMIT 0", role)
    postgres.admin.execute((await look(url)).the("too many connections for role").lines[0])
    await eventually(lambda: is_reached(url))


async def is_reached(url: str) -> bool:
    """Sessions end a moment after their client has left."""
    return not (await look(url)).says("cannot be reached")


async def test_one_on_the_server_that_the_bot_watches(its: tuple[Postgres, str, str], tmp_path: Path) -> None:
    postgres, _, url = its
    config = tmp_path / "connbot.toml"
    config.write_text(f"[servers.class]\ndsn = '{postgres.dsn(postgres.make_bot_role())}'\n")

    found = (await look(url, CONNBOT_CONFIG=str(config))).the("server that the bot watches (class)")

    assert found.level is Level.WARNING
    assert found.lines[0].startswith("export CONNBOT_DATABASE_URL=sqlite:///")
    assert not (await look(f"sqlite:///{tmp_path / 'own.db'}", CONNBOT_CONFIG=str(config))).says("that the bot watches")
