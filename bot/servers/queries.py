"""The SQL that the students' servers are sent; each statement with the rights it needs.

`pg_stat_activity.query` is never selected. The settings that `opening` pins (search_path first of all) hold for all of it.
"""

from bot.servers.sight import ACTIVITY, Sight

# The groups of `role.oid`: what it is a member of, through others too. Two memberships make nobody one of the group's people
# and are passed over: with the right to admit others (it is its administrator: since PostgreSQL 16 whoever creates a role gets
# one), and through another role that can log in (a person's own role, granted to staff so that they can work as that person).
GROUPS = """
    WITH RECURSIVE edge AS NOT MATERIALIZED (
        SELECT m.member, m.roleid
        FROM pg_auth_members AS m
        WHERE NOT EXISTS (
            SELECT FROM pg_auth_members AS a WHERE a.member = m.member AND a.roleid = m.roleid AND a.admin_option
        )
    ), membership(roleid) AS (
        SELECT edge.roleid FROM edge WHERE edge.member = role.oid
        UNION
        SELECT edge.roleid
        FROM membership
        JOIN pg_roles AS through ON through.oid = membership.roleid AND NOT through.rolcanlogin
        JOIN edge ON edge.member = through.oid
    )
    SELECT groups.rolname FROM membership JOIN pg_roles AS groups ON groups.oid = membership.roleid
"""

# The roles asked for: one row for each name that there is, exactly so or else folded.
_ROLE = """
    SELECT asked.name AS asked, found.oid, found.rolname, found.rolcanlogin, found.rolsuper, found.rolreplication,
        found.rolconnlimit
    FROM unnest(%(names)s::text[], %(folded)s::text[]) AS asked(name, folded)
    CROSS JOIN LATERAL (
        SELECT * FROM pg_roles WHERE rolname IN (asked.name, asked.folded) ORDER BY rolname = asked.name DESC LIMIT 1
    ) AS found
"""

ROLES = f"""
WITH role AS ({_ROLE})
SELECT clock_timestamp() AS at, role.*, ARRAY({GROUPS}) AS groups FROM role
"""
"""Roles by name, one row a name that there is, and the server's time. Needs no right."""


# Databases with their limits and the clients in each.
_BASE = """
    SELECT array_agg(d.oid) AS base_oids, array_agg(d.datname) AS base_names, array_agg(d.datconnlimit) AS base_limits,
        array_agg(coalesce(taken.used, 0)) AS base_used
    FROM pg_database AS d
    LEFT JOIN (SELECT datid, count(*) AS used FROM activity WHERE is_client GROUP BY datid) AS taken ON taken.datid = d.oid
"""

SERVER_SLOTS = """server AS (
    SELECT count(*) FILTER (WHERE is_client AND state IS DISTINCT FROM 'starting') AS server_used,
        count(*) FILTER (WHERE is_client AND state = 'starting') AS server_starting, count(*) FILTER (WHERE is_hidden) AS hidden,
        current_setting('max_connections')::int AS max_connections,
        current_setting('superuser_reserved_connections')::int AS superuser_reserved,
        coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS reserved,
        coalesce(nullif(current_setting('rds.rds_superuser_reserved_connections', true), '')::int, 0) AS provider_reserved
    FROM activity
)"""
"""A part of statements: the server's own slots, and how many of `activity` take one."""


# One pass over pg_stat_activity serves all of it: its rows are costly (all of them are made whichever are asked for), and
# a filter by role name or backend type inside it makes a nested loop over pg_authid; without names of its own the view
# loses both its joins. Arrays, because what is said of a role is said once then.
def read(sight: Sight) -> str:
    """The statement that reads roles, their backends and the limits they meet, one row a name that there is.

    Needs what `sight` needs; `hidden` counts the backends that are kept from us.
    """
    return f"""
WITH role AS MATERIALIZED ({_ROLE}), activity AS MATERIALIZED ({sight.activity}), crowd AS (
    SELECT place, count(DISTINCT usesysid) AS roles
    FROM activity
    WHERE is_client AND pid <> pg_backend_pid()
    GROUP BY place
), session AS (
    SELECT usesysid,
        array_agg(pid) AS pids,
        array_agg(datid) AS datids,
        array_agg(application_name) AS application_names,
        array_agg(host(client_addr)) AS client_addresses,
        array_agg(backend_type) AS backend_types,
        array_agg(state) AS states,
        array_agg(backend_start) AS backend_starts,
        array_agg(state_change) AS state_changes,
        array_agg(xact_start) AS xact_starts,
        array_agg(query_start) AS query_starts,
        array_agg(has_written) AS written,
        array_agg(leader_pid) AS leader_pids,
        array_agg(client_addr <<= ANY (%(poolers)s::text[]::inet[]) OR client_addr IS NULL AND %(local_pooler)s) AS poolers,
        array_agg(crowd.roles) AS crowds
    FROM activity
    LEFT JOIN crowd USING (place)
    WHERE usesysid IN (SELECT oid FROM role)
    GROUP BY usesysid
), base AS (
{_BASE}
    WHERE d.oid IN (SELECT datid FROM activity WHERE usesysid IN (SELECT oid FROM role))
        OR d.datname = ANY (%(databases)s::text[])
), {SERVER_SLOTS}
SELECT clock_timestamp() AS at, pg_backend_pid() AS own_pid, role.*, session.*, base.*, server.*, ARRAY({GROUPS}) AS groups
FROM role
LEFT JOIN session ON session.usesysid = role.oid
CROSS JOIN base
CROSS JOIN server
"""


READ = read(ACTIVITY)


def limits(sight: Sight) -> str:
    """The statement that reads the limits of the server and of databases by name, in one row; needs what `sight` needs."""
    return f"""
WITH role AS (SELECT oid, rolname FROM pg_roles WHERE false), activity AS MATERIALIZED ({sight.activity}), base AS ({_BASE}
    WHERE d.datname = ANY (%(databases)s::text[])
), {SERVER_SLOTS}
SELECT clock_timestamp() AS at, base.*, server.*
FROM base
CROSS JOIN server
"""


LIMITS = limits(ACTIVITY)

STUDENTS = f"""
SELECT count(*) AS students
FROM pg_roles AS role
WHERE role.rolcanlogin AND NOT role.rolsuper AND NOT role.rolreplication AND (
    role.rolname = ANY (%(students)s::text[])
    OR EXISTS (SELECT FROM ({GROUPS}) AS its(name) WHERE its.name = ANY (%(students)s::text[]))
)
"""
"""How many roles can log in as students. Needs no right."""

# Bytes all along: nobody checks that what is set for one database can be read in another.
PRESETS = """
SELECT DISTINCT preset.digest
FROM pg_db_role_setting AS given
CROSS JOIN unnest(given.setconfig) AS setting
CROSS JOIN LATERAL (
    SELECT encode(sha256(substring(textsend(setting) FROM 18)), 'hex') AS digest
    WHERE substring(textsend(setting) FROM 1 FOR 17) = 'application_name='::bytea
) AS preset
WHERE preset.digest = ANY (%(digests)s::text[])
"""
"""Which names (their SHA-256) sessions get as their `application_name` from a database or a role by itself. Needs no right."""

CLOCK = "SELECT clock_timestamp()"
"""The server's time. Needs no right."""

OWN_SESSION = "SELECT pid, backend_start FROM pg_stat_get_activity(pg_backend_pid())"
"""Which session this is. Needs no right."""

END_FORMER = """
SELECT pg_terminate_backend(former.pid)
FROM pg_stat_get_activity(%(pid)s::int) AS former
JOIN pg_roles AS own ON own.oid = former.usesysid AND own.rolname = session_user
WHERE former.backend_start = %(started_at)s::timestamptz
"""
"""End a former session of the bot's own. Needs no right."""

PINNED_LATER = ("idle_session_timeout", "transaction_timeout")
SETTLE_IN = f"""
SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN {PINNED_LATER!r}
"""
"""Pin the time-outs that not every version has, so that they cannot stand in the connection's own settings. Needs no right."""

# ClassDB's functions, if they are what its documentation says and do what they do with their owners' rights: a schema of that
# name, or a function that anybody else has put into it, is not what we may use.
_CLASSDB = """
    SELECT count(*) = 2
    FROM pg_proc AS function
    JOIN pg_namespace AS schema ON schema.oid = function.pronamespace AND schema.nspname = 'classdb'
    JOIN (VALUES
        ('listuserconnections', 'character varying', 'pg_read_all_stats', 'TABLE(username character varying, pid integer, '
            'applicationname character varying, clientaddress inet, connectionstarttime timestamp with time zone, '
            'lastquerystarttime timestamp with time zone)'),
        ('killconnection', 'integer', 'pg_signal_backend', 'boolean')
    ) AS wanted(name, takes, needs, gives) ON wanted.name = function.proname AND wanted.takes = oidvectortypes(function.proargtypes)
    WHERE pg_get_function_result(function.oid) = wanted.gives AND function.prosecdef
        AND pg_has_role(function.proowner, wanted.needs, 'USAGE')
        AND has_schema_privilege(schema.oid, 'USAGE') AND has_function_privilege(function.oid, 'EXECUTE')
"""

RIGHTS = f"""
SELECT current_setting('server_version_num')::int AS version,
    current_setting('statement_timeout') AS statement_timeout,
    pg_has_role('pg_read_all_stats', 'USAGE') AS reads_all,
    pg_has_role('pg_signal_backend', 'USAGE') AS signals,
    coalesce((SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = 'pg_use_reserved_connections'), false)
        AS uses_reserved,
    coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS reserved,
    ({_CLASSDB}) AS classdb,
    CASE WHEN cardinality(%(students)s::text[]) = 0 THEN ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = 'classdb_student')
        ELSE %(students)s::text[] END AS students,
    own.rolname AS role, own.rolsuper AS superuser, own.rolconnlimit AS role_limit,
    base.datname AS database, base.datconnlimit AS database_limit,
    ARRAY(
        SELECT name FROM unnest(%(students)s::text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
    ) AS unknown_students,
    ARRAY(
        SELECT name FROM unnest(%(services)s::text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
    ) AS unknown_services
FROM pg_roles AS own, pg_database AS base
WHERE own.rolname = current_user AND base.datname = current_database()
"""
"""What the bot's own role may do, and what of the configuration the server does not know. Needs no right."""
