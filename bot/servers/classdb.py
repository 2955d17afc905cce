"""ClassDB's functions: how sessions are seen and ended by a login that has ClassDB's instructor rights and no other.

`classdb.listUserConnections(role)` tells of a role's sessions: pid, start, program, address, start of the last query.
`classdb.killConnection(pid)` ends any of an ordinary role, so what it must not end is ours to see to. A role's name is passed
in quotation marks, which makes ClassDB take it as it is; without them it would fold it to lower case. What else is told of a
session is open to everybody: its role and database, and which locks it holds, by which one in a transaction (a running query
is one too) and one with uncommitted writes are known.
"""

from bot.servers.sight import Sight
from bot.servers.signals import Means

STUDENTS = "classdb_student"
"""The role whose members are ClassDB's students."""

_LISTED = """
        SELECT its.oid, listed.*
        FROM ({roles}) AS its
        CROSS JOIN LATERAL classdb.listUserConnections(('"' || its.rolname || '"')::varchar) AS listed
"""
# The locks of a transaction on its own two numbers; it has the second from its first write on. Who waits for it asks for another mode.
_HELD = """
        SELECT pid, bool_or(locktype = 'transactionid') AS has_written
        FROM pg_locks
        WHERE locktype IN ('virtualxid', 'transactionid') AND mode = 'ExclusiveLock'
        GROUP BY pid
"""

LISTED = Sight(
    # Helper processes have a role and a database as clients do: these counts are upper bounds. The bot's own role is shown
    # its own sessions whole.
    activity=f"""
    SELECT activity.pid, listed.oid AS usesysid, activity.datid, activity.application_name,
        listed.clientaddress AS client_addr, activity.backend_type, activity.state,
        listed.connectionstarttime AS backend_start, activity.state_change, activity.xact_start,
        listed.lastquerystarttime AS query_start, coalesce(held.has_written, false) AS has_written, activity.leader_pid,
        coalesce(activity.backend_type = 'client backend', activity.usesysid IS NOT NULL AND activity.datid IS NOT NULL)
            AS is_client,
        false AS is_hidden, coalesce(listed.clientaddress, '::') AS place
    FROM pg_stat_activity AS activity
    LEFT JOIN ({_LISTED.format(roles="SELECT DISTINCT oid, rolname FROM role")}) AS listed
        ON listed.pid = activity.pid AND listed.oid = activity.usesysid
    LEFT JOIN ({_HELD}) AS held ON held.pid = activity.pid
    """,
    now=f"""
    LEFT JOIN (
        SELECT activity.pid, activity.usesysid, listed.clientaddress AS client_addr, activity.backend_type, activity.state,
            listed.connectionstarttime AS backend_start, listed.lastquerystarttime AS query_start,
            held.pid IS NOT NULL AS in_transaction, coalesce(held.has_written, false) AS has_written
        FROM pg_stat_get_activity(NULL) AS activity
        LEFT JOIN ({_LISTED.format(roles="SELECT oid, rolname FROM pg_roles WHERE oid = ANY (%(role_oids)s::oid[])")}) AS listed
            ON listed.pid = activity.pid AND listed.oid = activity.usesysid
        LEFT JOIN ({_HELD}) AS held ON held.pid = activity.pid
    ) AS now ON now.pid = target.pid AND now.usesysid = target.role_oid
    """,
    hidden="false",
    # A dropped role's sessions live on, in nobody's list; nobody has logged in as that role since.
    there="now.pid IS NOT NULL AND coalesce(now.backend_start = target.started_at, true)",
    not_client="now.backend_type <> 'client backend'",
    unknown_state="false",
    # It works now, on what it was not working on when it was shown.
    changed="""
        now.in_transaction AND (
            now.query_start IS DISTINCT FROM target.query_start OR now.has_written AND NOT target.has_written
        )
    """,
    tells_states=False,
)
"""By ClassDB's list. Needs ClassDB's instructor rights."""

MEANS = Means(allowed="true", send="classdb.killConnection(target.pid)", cancel=None)
"""By ClassDB's function, which cancels nothing. Needs ClassDB's instructor rights."""
