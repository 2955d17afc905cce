"""How sessions are seen: pieces of the SQL that reads, looks for and signals them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """What stands for the sessions in the statements; `target` is one as it was shown, `now` the same as it is."""

    activity: str
    """The query of all backends for `queries.read`; it may speak of `role`, the roles asked for."""
    now: str
    """Joins `now` to `target`."""
    hidden: str
    """Whether `now` is there and kept from us, so that nothing can be said."""
    there: str
    """Whether `now` is what was shown."""
    not_client: str
    """Whether `now` is surely no client's."""
    unknown_state: str
    """Whether we ought to be told what `now` is doing and are not."""
    changed: str
    """Whether `now` is doing something that was not shown."""
    tells_states: bool
    """Whether we are told what sessions are doing."""


ACTIVITY = Sight(
    activity="""
    SELECT pid, usesysid, datid, application_name, client_addr, backend_type, state, backend_start, state_change,
        xact_start, query_start, backend_xid IS NOT NULL AS has_written, leader_pid,
        backend_type = 'client backend' AS is_client, backend_start IS NULL AS is_hidden,
        coalesce(client_addr, '::') AS place
    FROM pg_stat_activity
    """,
    # By pid, so that no row is made but its own.
    now="""
    LEFT JOIN LATERAL (
        SELECT pid, usesysid, client_addr, backend_type, state, backend_start, xact_start, query_start,
            backend_xid IS NOT NULL AS has_written
        FROM pg_stat_get_activity(target.pid)
    ) AS now ON now.pid = target.pid
    """,
    hidden="now.pid IS NOT NULL AND now.backend_start IS NULL",
    there="now.backend_start IS NOT DISTINCT FROM target.started_at",
    not_client="now.backend_type IS DISTINCT FROM 'client backend'",
    unknown_state="now.state IS NULL OR now.state IN ('disabled', 'starting')",
    changed="""
        now.state <> 'idle' AND (
            now.xact_start IS DISTINCT FROM target.xact_start
            OR now.has_written AND NOT target.has_written
            OR now.state NOT IN ('idle in transaction', target.state)
        )
    """,
    tells_states=True,
)
"""By pg_stat_activity. Needs pg_read_all_stats: without it others' rows come with NULL for all that matters."""
