"""The SQL that looks for sessions and signals them; each statement with the rights it needs.

The settings that `opening` pins (search_path first of all) hold for all of it.
"""

from dataclasses import dataclass

from bot.servers.queries import GROUPS
from bot.servers.sight import ACTIVITY, Sight


def present(sight: Sight) -> str:
    """The statement that says which of these sessions there are. Needs what `sight` needs."""
    return f"""
SELECT target.pid, target.started_at, {sight.hidden} AS hidden, {sight.there} AS there
FROM unnest(%(pids)s::int[], %(starts)s::timestamptz[], %(role_oids)s::oid[]) AS target(pid, started_at, role_oid)
{sight.now}
"""


# "fastpath function call" is a running call too, of the protocol's own kind.
_RUNS = "now.state IN ('active', 'fastpath function call')"


def running(sight: Sight) -> str:
    """The statement that says which of these sessions still run the query that was shown. Needs what `sight` needs."""
    return f"""
SELECT target.pid, target.started_at, {sight.hidden} AS hidden,
    coalesce(now.backend_start = target.started_at AND now.query_start = target.query_start AND {_RUNS}, false) AS there
FROM unnest(%(pids)s::int[], %(starts)s::timestamptz[], %(role_oids)s::oid[], %(queries)s::timestamptz[])
    AS target(pid, started_at, role_oid, query_start)
{sight.now}
"""


@dataclass(frozen=True, slots=True)
class Means:
    """How a session is signalled: SQL expressions over `target`, what was shown, and `now`, what there is."""

    allowed: str
    """Whether the server will let us; asked first, because the others would raise an error."""
    send: str
    """Tells the session to end; true when the signal is on its way."""
    cancel: str | None
    """Cancels what the session runs; true when the signal is on its way. None: there is no such signal."""


OWN_RIGHTS = Means(
    allowed="pg_has_role(now.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')",
    send="pg_terminate_backend(target.pid)",
    cancel="pg_cancel_backend(target.pid)",
)
"""With what the bot's own role may do: pg_signal_backend, or membership in the target's role."""


def terminate(means: Means, sight: Sight = ACTIVITY) -> str:
    """The statement that ends those that are what was shown, and says of each what was done.

    Needs what `sight` and `means` need.
    """
    return _signal(sight, f"WHEN {sight.changed} THEN 'changed'", means.allowed, means.send)


def cancel(means: Means, sight: Sight = ACTIVITY) -> str:
    """The statement that cancels the queries of those that still run what was shown, and says of each what was done.

    Needs what `sight` and `means` need.
    """
    runs_another = f"""
    WHEN now.state IS NULL THEN 'unknown_state'
    WHEN NOT {_RUNS} THEN 'over'
    WHEN now.query_start IS DISTINCT FROM target.query_start THEN 'changed'"""
    allowed, send = ("false", "false") if means.cancel is None else (means.allowed, means.cancel)
    return _signal(sight, runs_another, allowed, send)


# CASE tries one condition after the other, so that the signal is reached by those alone that nothing before it stopped, and
# the clock is asked right before it. All that could raise an error stands before the signal as a condition: an error
# would spoil the others' answers.
def _signal(sight: Sight, unlike_shown: str, allowed: str, send: str) -> str:
    return f"""
SELECT target.pid, target.started_at, CASE
    WHEN now.pid IS NULL THEN 'gone'
    WHEN now.backend_start IS NULL THEN 'hidden'
    WHEN now.backend_start <> target.started_at OR now.usesysid IS DISTINCT FROM target.role_oid THEN 'gone'
    WHEN now.pid = pg_backend_pid() THEN 'own'
    WHEN role.rolsuper THEN 'superuser'
    WHEN role.rolreplication THEN 'replication'
    WHEN {sight.not_client} THEN 'not_client'
    WHEN role.rolname = ANY (%(services)s::text[]) THEN 'service'
    WHEN role.rolname <> ALL (%(students)s::text[])
        AND NOT EXISTS (SELECT FROM ({GROUPS}) AS its(name) WHERE its.name = ANY (%(students)s::text[]))
        OR role.oid IS NULL THEN 'not_student'
    WHEN now.client_addr <<= ANY (%(poolers)s::text[]::inet[]) OR now.client_addr IS NULL AND %(local_pooler)s THEN 'pooler'
    WHEN {sight.unknown_state} THEN 'unknown_state'
    {unlike_shown}
    WHEN NOT ({allowed}) THEN 'no_right'
    WHEN clock_timestamp() >= %(before)s THEN 'late'
    WHEN {send} THEN 'signalled'
    ELSE 'not_signalled' END AS answer
FROM unnest(
    %(pids)s::int[], %(starts)s::timestamptz[], %(role_oids)s::oid[], %(transactions)s::timestamptz[], %(written)s::bool[],
    %(states)s::text[], %(queries)s::timestamptz[]
) AS target(pid, started_at, role_oid, xact_start, has_written, state, query_start)
{sight.now}
LEFT JOIN pg_roles AS role ON role.oid = now.usesysid
"""


PRESENT = present(ACTIVITY)
RUNNING = running(ACTIVITY)
TERMINATE = terminate(OWN_RIGHTS)
CANCEL = cancel(OWN_RIGHTS)
