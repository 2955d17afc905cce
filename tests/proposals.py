"""Proposals for the tests of what is kept of them."""

from datetime import UTC, datetime, timedelta

from bot.access.member import Right
from bot.incidents.proposal import LAPSES_AFTER, Kind, Outcome, Place, Proposal, State
from bot.servers.backend import BackendId, BackendState
from bot.servers.server import Target, Verdict

SERVER_NOW = datetime(2026, 11, 22, 12, 0, 0, 654321, tzinfo=UTC)
"""A server's clock, which need not be anybody else's."""


def a_target(
    pid: int = 4711, *, server: str = "class", role: str = "alice", role_oid: int = 16400, name: str = "psql"
) -> Target:
    """A backend as it was shown."""
    return Target(
        id=BackendId(server, pid, SERVER_NOW - timedelta(hours=2, microseconds=pid), role_oid),
        role=role,
        database="class",
        application_name=name,
        client_address=None,
        state=BackendState.IDLE_IN_TRANSACTION,
        state_since=SERVER_NOW - timedelta(hours=1),
        transaction_started_at=None,
        has_written=True,
    )


def a_proposal(
    proposal_id: str = "p1",
    *,
    team: str = "T1",
    requester: str = "UALICE",
    role: str = "alice",
    role_oid: int = 16400,
    server: str = "class",
    pids: tuple[int, ...] = (4711,),
    reason: str = "",
) -> Proposal:
    """A proposal as a use case drafts it."""
    return Proposal(
        id=proposal_id,
        team=team,
        kind=Kind.TERMINATE,
        server=server,
        role=role,
        role_oid=role_oid,
        requester=requester,
        right=Right.OWNER,
        reason=reason,
        state=State.PROPOSED,
        targets=tuple(a_target(pid, server=server, role=role, role_oid=role_oid) for pid in pids),
        place=Place("C1", "171.1", "https://hooks.example/1", SERVER_NOW + timedelta(minutes=30)),
        created_at=SERVER_NOW,
        lapses_at=SERVER_NOW + LAPSES_AFTER,
    )


def outcomes(proposal: Proposal, verdict: Verdict = Verdict.TERMINATED, detail: str = "") -> tuple[Outcome, ...]:
    """The same outcome for each backend."""
    return tuple(Outcome(target.id, verdict, SERVER_NOW, detail) for target in proposal.targets)
