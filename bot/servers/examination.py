"""One look at a students' server by a connection of its own, for whoever sets the bot up: what it is, allows and limits."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from bot.clock import ahead
from bot.errors import PoolerUnavailable, SetupError
from bot.servers import opening
from bot.servers.counting import ServerSlots
from bot.servers.examined import ConsoleSeen, Examined, Preset, Target
from bot.servers.opening import Connection
from bot.servers.pgbouncer import Console
from bot.servers.queries import STUDENTS
from bot.servers.settings import ServerSettings

# What limits and settings there are, for one row. Roles, databases and settings are everybody's to read; that a row of
# pg_stat_activity is a client's is told only with pg_read_all_stats, that it has a database is told everybody.
_EXAMINE = """
SELECT clock_timestamp() AS at,
    current_setting('server_version') AS version,
    (SELECT system_identifier FROM pg_control_system()) AS system,
    pg_postmaster_start_time() AS started_at,
    pg_is_in_recovery() AS standby,
    current_setting('track_activities') = 'on' AS tracks,
    current_setting('lc_messages') AS language,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
    coalesce(host(inet_client_addr()) <> host(inet_server_addr()), false) AS remote,
    current_setting('max_connections')::int AS max_connections,
    current_setting('superuser_reserved_connections')::int AS superuser_reserved,
    coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS reserved,
    coalesce(nullif(current_setting('rds.rds_superuser_reserved_connections', true), '')::int, 0) AS provider_reserved,
    (SELECT count(*) FROM pg_stat_activity WHERE coalesce(backend_type = 'client backend', datid IS NOT NULL)) AS used,
    (SELECT count(*) FROM pg_stat_activity WHERE usesysid = own.oid AND pid <> pg_backend_pid()) AS role_used,
    CASE WHEN isfinite(own.rolvaliduntil) THEN own.rolvaliduntil END AS valid_until,
    ARRAY(
        SELECT word FROM (VALUES ('CREATEROLE', own.rolcreaterole), ('CREATEDB', own.rolcreatedb),
            ('REPLICATION', own.rolreplication), ('BYPASSRLS', own.rolbypassrls)) AS attribute(word, held) WHERE held
    ) AS attributes,
    ARRAY(
        SELECT CASE WHEN s.setrole = 0 THEN 'database' ELSE 'role' END || ' ' || setting
        FROM pg_db_role_setting AS s CROSS JOIN LATERAL unnest(s.setconfig) AS setting
        WHERE s.setrole IN (0, own.oid) AND s.setdatabase IN (0, base.oid)
    ) AS settings
FROM pg_roles AS own, pg_database AS base
WHERE own.rolname = current_user AND base.datname = current_database()
"""


async def examine(settings: ServerSettings, clock: Callable[[], datetime]) -> Examined:
    """Look once; raises `ServerUnavailable`. The connection is gone when this returns."""
    return await opening.visit(settings, partial(_look, settings=settings, clock=clock))


async def examine_console(settings: ServerSettings, clock: Callable[[], datetime]) -> ConsoleSeen:
    """Look once at the admin console of the server's PgBouncer; raises nothing that is expected."""
    where = target(settings.pgbouncer or "")
    try:
        console = Console(settings, clock)
    except SetupError as exc:
        return ConsoleSeen(where, fault=str(exc))
    try:
        version, reading = await console.run(_version, repeatable=True), await console.look("")
    except PoolerUnavailable as exc:
        return ConsoleSeen(where, failure=exc)
    finally:
        await console.close()
    return ConsoleSeen(where, version, reading.elsewhere)


async def _version(connection: Connection) -> str:
    row = await (await connection.execute("SHOW VERSION")).fetchone() or {}
    found = re.search(r"[0-9]+(\.[0-9]+)+", " ".join(map(str, row.values())))
    return found[0] if found else ""


def target(dsn: str) -> Target:
    """Say where a DSN leads; all of it '' for one that cannot be read."""
    try:
        said = conninfo_to_dict(dsn)
    except psycopg.Error:
        return Target()
    # libpq's own defaults would be wrong where a service file says otherwise.
    usual = {} if said.get("service") else _defaults()
    found = {name: str(said.get(name) or usual.get(name, "")) for name in ("host", "port", "user", "dbname", "service")}
    host = found["host"] or str(said.get("hostaddr") or "")
    database = found["dbname"] or ("" if found["service"] else found["user"])
    return Target(host, found["port"], found["user"], database, found["service"], bool(said.get("password")))


def _defaults() -> dict[str, str]:
    return {
        option.keyword.decode(): option.val.decode("utf-8", "replace")
        for option in Conninfo.get_defaults()
        if option.val is not None
    }


async def _look(connection: Connection, settings: ServerSettings, clock: Callable[[], datetime]) -> Examined:
    rights = await opening.settle_in(connection, settings)
    asked = clock()
    cursor = await connection.execute(_EXAMINE, binary=True)
    answered = clock()
    row = await cursor.fetchone() or {}
    cursor = await connection.execute(STUDENTS, {"students": list(rights.students)}, binary=True)
    (students,) = (await cursor.fetchone() or {"students": 0}).values()
    remote = row["remote"] and not row["encrypted"]
    valid_until = row["valid_until"]
    return Examined(
        version=row["version"].split()[0],
        rights=rights,
        slots=ServerSlots(row["max_connections"], row["superuser_reserved"], row["reserved"], row["provider_reserved"]),
        used=row["used"],
        role_used=row["role_used"],
        students=students,
        off=ahead(row["at"], asked, answered),
        identity=(row["system"], row["started_at"].astimezone(UTC)),
        standby=row["standby"],
        tracks=row["tracks"],
        language=row["language"],
        in_the_clear=remote,
        valid_until=None if valid_until is None else valid_until.astimezone(UTC),
        attributes=tuple(row["attributes"]),
        presets=tuple(_preset(text) for text in row["settings"]),
    )


def _preset(text: str) -> Preset:
    level, _, setting = text.partition(" ")
    name, _, value = setting.partition("=")
    return Preset(level, name, value, name in opening.PINNED)
