"""Backends for tests that need no server: sensible values, and what the test speaks of by keyword."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.servers.backend import CLIENT_BACKEND, Backend, BackendId, BackendState

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""The server's time of the reading."""


def a_backend(
    pid: int = 1001,
    *,
    server: str = "class",
    role_oid: int = 16401,
    started: timedelta = timedelta(hours=2),
    quiet_for: timedelta | None = timedelta(minutes=20),
    **changes: Any,
) -> Backend:
    """Build an idle psql of alice's, `started` before `AT`, in its state for `quiet_for`; `changes` are fields of `Backend`."""
    since = None if quiet_for is None else AT - quiet_for
    backend = Backend(
        id=BackendId(server, pid, AT - started, role_oid),
        role="alice",
        database="class",
        application_name="psql",
        client_address="192.0.2.7",
        backend_type=CLIENT_BACKEND,
        state=BackendState.IDLE,
        state_since=since,
        transaction_started_at=None,
        query_started_at=since,
        has_written=False,
    )
    return replace(backend, **changes)
