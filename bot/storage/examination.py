"""One look at the own database, beside whoever uses it, for whoever sets the bot up: nothing is made or changed."""

import asyncio
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import OwnDatabaseUnavailable, SetupError
from bot.storage import migrate
from bot.storage.engine import OwnDatabase
from bot.storage.examined import VERSIONS, Address, FileSeen, OwnSeen, PostgresqlSeen
from bot.storage.serving import serving
from bot.storage.tables import metadata

LOOK_WITHIN = 8.0
"""Seconds; to find a server that does not answer at all takes connecting 5."""

_SERVER = """
SELECT (SELECT system_identifier FROM pg_control_system()) AS system, pg_postmaster_start_time() AS started_at,
    current_user AS role, own.rolconnlimit AS role_limit, base.datconnlimit AS database_limit, current_database() AS name,
    current_setting('transaction_read_only') = 'on' AS read_only,
    (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND usesysid = own.oid AND application_name = 'connbot' AND pid <> pg_backend_pid()
    ) AS others,
    ARRAY(
        SELECT DISTINCT found.name FROM unnest(CAST(:tables AS text[])) AS found(name)
        CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed(privilege)
        WHERE to_regclass(quote_ident(found.name)) IS NOT NULL
            AND NOT has_table_privilege(to_regclass(quote_ident(found.name)), needed.privilege)
            AND (found.name <> :versions OR needed.privilege = 'SELECT')
    ) AS forbidden
FROM pg_roles AS own, pg_database AS base
WHERE own.rolname = current_user AND base.datname = current_database()
"""


async def examine(url: str) -> OwnSeen:
    """Look once; raises nothing that is expected."""
    try:
        database = OwnDatabase(url)
    except SetupError as exc:
        return OwnSeen(fault=str(exc))
    parts = (database.url.host, database.url.port, database.url.username, database.url.database)
    address = Address(*(str(part or "") for part in parts)) if database.path is None else Address()
    seen = OwnSeen(address, None if database.path is None else _file(database))
    if seen.file is not None and not seen.file.there:
        return seen
    try:
        async with asyncio.timeout(LOOK_WITHIN):
            return await _look(database, seen)
    except OwnDatabaseUnavailable as exc:
        return replace(seen, failure=exc.detail)
    except TimeoutError:
        return replace(seen, failure=f"no answer within {LOOK_WITHIN:g} s")
    finally:
        await database.close()


async def _look(database: OwnDatabase, seen: OwnSeen) -> OwnSeen:
    async with database.read() as connection:
        now = await database.now(connection)
        postgresql, read_only = (None, False) if database.path else await _server(connection)
    seen = replace(seen, postgresql=postgresql, now=now)
    if postgresql and VERSIONS in postgresql.forbidden:
        return seen
    unwritable = "it is read-only, as a standby is" if read_only else await _unwritable(database)
    return replace(seen, revision=await migrate.current(database), unwritable=unwritable)


async def _server(connection: AsyncConnection) -> tuple[PostgresqlSeen, bool]:
    tables = [*(table.name for table in metadata.sorted_tables), VERSIONS]
    row = (await connection.execute(text(_SERVER), {"tables": tables, "versions": VERSIONS})).mappings().one()
    seen = PostgresqlSeen(
        identity=(row["system"], row["started_at"]),
        role=row["role"],
        role_limit=row["role_limit"],
        database=row["name"],
        database_limit=row["database_limit"],
        others=row["others"],
        forbidden=tuple(sorted(row["forbidden"])),
    )
    return seen, row["read_only"]


async def _unwritable(database: OwnDatabase) -> str:
    """Begin a transaction that may write, and leave it at that."""
    try:
        async with database.write(durable=False) as connection:
            await connection.execute(text("SELECT 1"))
    except OwnDatabaseUnavailable as exc:
        return exc.detail
    return ""


def _file(database: OwnDatabase) -> FileSeen:
    assert database.path is not None  # noqa: S101 - asked for SQLite alone
    path, folder = database.path, database.path.parent
    beside = (*folder.glob(f"{path.name}-*"), *folder.glob(f"{path.name}.before-*")) if folder.is_dir() else ()
    return FileSeen(
        path,
        there=path.is_file(),
        open_to_all=tuple(sorted(each for each in (path, *beside) if _open_to_all(each))),
        folder_writable=os.access(folder, os.W_OK),
        free=shutil.disk_usage(folder).free if folder.is_dir() else 0,
        serving=serving(database.url),
    )


def _open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
