"""The own database's schema: which revision it has, and how it gets to ours.

Alembic takes a second to import, so it is only where there is something to migrate.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.errors import OwnDatabaseUnavailable, SetupError
from bot.storage import sqlite
from bot.storage.engine import OwnDatabase, read_url
from bot.storage.postgresql import connect_options, unavailable

HEAD = "0010"
"""The newest revision; a test holds it against the scripts, so that it can be told without Alembic."""

_IN_WHEEL = Path(__file__).with_name("migrations")
_IN_CHECKOUT = Path(__file__).parents[2] / "migrations"
# One number among the advisory locks of the database, so that replicas do not migrate at the same time.
_ADVISORY_LOCK = 4_711_022_026
_LIMITS = "SELECT set_config('lock_timeout', '10s', true), set_config('statement_timeout', '10min', true)"


def head() -> str:
    """Tell the newest revision."""
    return HEAD


def scripts() -> Path:
    """Tell the folder of the revisions: in an installed package, or in a checkout."""
    return _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CHECKOUT


async def current(db: OwnDatabase) -> str | None:
    """Tell the revision that the database has; None: no schema of ours."""
    async with db.read() as connection:
        return await connection.run_sync(_revision)


async def prepare(db: OwnDatabase) -> None:
    """Bring an SQLite file to our revision, its older self copied first; elsewhere as `refuse_old_schema`."""
    if db.kind == "sqlite" and await current(db) != HEAD:
        await asyncio.to_thread(upgrade, db.url)
    await refuse_old_schema(db)


async def refuse_old_schema(db: OwnDatabase) -> None:
    """Raise `SetupError`, naming the mend, unless the schema is ours."""
    found = await current(db)
    if found is None:
        raise SetupError((f"The database {db.address} has no tables yet: run `connbot migrate`.",))
    if found > HEAD:
        raise _newer(found)
    if found < HEAD:
        fault = f"The database {db.address} has the older schema {found} instead of {HEAD}: run `connbot migrate`."
        raise SetupError((fault,))


def upgrade(url: str | URL, *, folder: Path | None = None) -> str | None:
    """Bring the database at `url` to the newest revision in `folder` (ours); returns the one it had, None for none.

    All or nothing. SQLite: the file's older self is kept beside it as `FILE.before-REVISION`. PostgreSQL: one process at a
    time, another waits for it up to 10 s. Raises `SetupError`, `OwnDatabaseUnavailable`; blocks.
    """
    address = read_url(url)
    revisions = _revisions(folder or scripts())
    try:
        with (
            _on_sqlite(address, revisions) if address.drivername == "sqlite" else _on_postgresql(address) as connection
        ):
            before = _revision(connection)
            revisions.run(connection, before)
    except DBAPIError as exc:
        raise unavailable(exc) from exc
    except (sqlite3.Error, OSError) as exc:
        raise OwnDatabaseUnavailable(str(exc)) from exc
    return before


@dataclass(frozen=True, slots=True)
class _Revisions:
    """The scripts of a folder, for Alembic."""

    folder: Path
    known: frozenset[str]
    newest: str

    def due(self, found: str | None) -> bool:
        """Tell whether a schema of revision `found` is behind; raises `SetupError` when it is ahead."""
        if found is not None and found not in self.known:
            raise _newer(found)
        return found != self.newest

    def run(self, connection: Connection, found: str | None) -> None:
        """Run what is due, in the transaction of `connection`."""
        if not self.due(found):
            return
        from alembic import command  # noqa: PLC0415 - takes a second

        command.upgrade(_config(self.folder, connection), self.newest)


def _revisions(folder: Path) -> _Revisions:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - takes a second

    found = ScriptDirectory.from_config(_config(folder))
    newest = found.get_current_head()
    assert newest is not None  # noqa: S101 - a folder without revisions is no release
    return _Revisions(folder, frozenset(script.revision for script in found.walk_revisions()), newest)


def _config(folder: Path, connection: Connection | None = None) -> Any:
    from alembic.config import Config  # noqa: PLC0415 - takes a second

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


@contextlib.contextmanager
def _on_sqlite(address: URL, revisions: _Revisions) -> Iterator[Connection]:
    """Copy the file if it will change, then open one transaction for all revisions, foreign keys checked at its end."""
    path = Path(address.database or "").absolute()
    sqlite.make_file(path)
    _copy(path, revisions)
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(path), poolclass=NullPool)
    event.listen(engine, "connect", _without_foreign_keys)
    event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        yield connection
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            tables = ", ".join(sorted({str(row[0]) for row in broken}))
            raise OwnDatabaseUnavailable(
                f"migrating would leave rows of {tables} without their parents: nothing was changed"
            )


@contextlib.contextmanager
def _on_postgresql(address: URL) -> Iterator[Connection]:
    engine = create_engine(address, connect_args=connect_options(address), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(_LIMITS))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
        yield connection


def _without_foreign_keys(connection: sqlite3.Connection, _entry: object) -> None:
    # Batch changes drop and rename tables: with foreign keys on, that deletes the rows of every child. The switch does
    # nothing inside a transaction, so it is thrown before.
    connection.execute("PRAGMA foreign_keys = OFF")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _copy(path: Path, revisions: _Revisions) -> None:
    """Keep the file as it is beside itself, if it has a schema and revisions are due."""
    unfinished = path.with_name(f"{path.name}.copying-{os.getpid()}")
    with contextlib.closing(sqlite.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall():
            return
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if not versions or not revisions.due(versions[0][0]):
            return
        unfinished.unlink(missing_ok=True)
        sqlite.make_file(unfinished)
        connection.execute("VACUUM INTO ?", (str(unfinished),))
    unfinished.replace(path.with_name(f"{path.name}.before-{revisions.newest}"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _newer(found: str) -> SetupError:
    return SetupError(
        (f"The database has the schema {found} of a newer connbot: install that one, or restore an older copy.",)
    )
