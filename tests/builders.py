"""Values for tests: sensible by default, keywords override; times are told in minutes before `NOON`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.access.member import Actor, Grade, Member, Origin, Owner, Right, Standing
from bot.incidents.proposal import LAPSES_AFTER, Kind, Outcome, Place, Proposal, State
from bot.servers.backend import CLIENT_BACKEND, Backend, BackendId, BackendState
from bot.servers.capacity import Capacity, Limit, LimitKind
from bot.servers.pooled import ClientState, PooledClient, PooledReading
from bot.servers.server import Reading, Role, Target, Verdict, target_of

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TEAM = "T0COURSE"
ALICE = "U0ALICE"
BOB = "U0BOB"
ROLE_OID = 16401


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def ago(count: float | None) -> datetime | None:
    """`count` minutes before NOON; None stays None."""
    return None if count is None else NOON - minutes(count)


def a_backend(
    pid: int = 4711,
    *,
    started: float = 180,
    state: BackendState = BackendState.IDLE,
    since: float | None = 60,
    transaction: float | None = None,
    queried: float | None = None,
    wrote: bool = False,
    role: str = "alice",
    role_oid: int = ROLE_OID,
    server: str = "class",
    database: str | None = "shop",
    application_name: str = "psql",
    client_address: str | None = "10.0.0.5",
    backend_type: str = CLIENT_BACKEND,
    leader_pid: int | None = None,
    own: bool = False,
    pooler: bool = False,
    neighbours: int = 0,
) -> Backend:
    """A backend of alice's; `started`, `since`, `transaction` and `queried` are minutes before NOON."""
    return Backend(
        id=BackendId(server, pid, NOON - minutes(started), role_oid),
        role=role,
        database=database,
        application_name=application_name,
        client_address=client_address,
        backend_type=backend_type,
        state=state,
        state_since=ago(since),
        transaction_started_at=ago(transaction),
        query_started_at=ago(since if queried is None else queried),
        has_written=wrote,
        leader_pid=leader_pid,
        own=own,
        pooler=pooler,
        neighbours=neighbours,
    )


def an_unseen_backend(
    pid: int = 4714, *, queried: float | None = 60, wrote: bool = False, client_address: str | None = "10.0.0.5"
) -> Backend:
    """A backend of which the server tells no more than ClassDB's list does."""
    return replace(
        a_backend(
            pid, state=BackendState.UNKNOWN, since=None, wrote=wrote, client_address=client_address, backend_type=""
        ),
        query_started_at=ago(queried),
    )


def an_active_backend(pid: int = 4712, *, since: float = 5, application_name: str = "psql") -> Backend:
    """A backend whose query has been running for `since` minutes."""
    return a_backend(pid, state=BackendState.ACTIVE, since=since, transaction=since, application_name=application_name)


def a_writing_backend(pid: int = 4713, *, since: float = 30, application_name: str = "psql") -> Backend:
    """A backend idle in a transaction with uncommitted writes."""
    state = BackendState.IDLE_IN_TRANSACTION
    return a_backend(
        pid, state=state, since=since, transaction=since + 1, wrote=True, application_name=application_name
    )


def a_role(
    name: str = "alice",
    *,
    oid: int = ROLE_OID,
    can_login: bool = True,
    superuser: bool = False,
    replication: bool = False,
    groups: frozenset[str] = frozenset({"students"}),
    student: bool = True,
    service: bool = False,
) -> Role:
    """A student's role."""
    return Role(name, oid, can_login, superuser, replication, groups, student, service)


def a_capacity(
    role: str = "alice",
    *,
    used: int = 0,
    limit: int | None = 5,
    databases: Sequence[Limit] = (),
    server: str = "class",
    server_used: int = 40,
    server_limit: int | None = 97,
    at_least: bool = False,
    exempt: bool = False,
) -> Capacity:
    """The limits of a role that has 5 slots on a server with room; `at_least` is the server's."""
    return Capacity(
        role=Limit(LimitKind.ROLE, role, used, limit),
        databases=tuple(databases),
        server=Limit(LimitKind.SERVER, server, server_used, server_limit, at_least),
        role_exempt=exempt,
    )


def a_reading(
    *backends: Backend,
    role: Role | None = None,
    capacity: Capacity | None = None,
    server: str = "class",
    at: datetime = NOON,
    tells_states: bool = True,
) -> Reading:
    """A reading at NOON; its capacity counts the client backends given."""
    role = role or a_role()
    used = sum(1 for backend in backends if backend.is_client)
    counted = capacity or a_capacity(role.name, used=used, server=server, exempt=role.superuser)
    return Reading(
        server, at, role, counted, tuple(sorted(backends, key=lambda backend: backend.started_at)), tells_states
    )


def a_target(backend: Backend | None = None) -> Target:
    """A backend as it was shown."""
    return target_of(backend or a_backend())


def a_place(channel: str = "C0HELP", *, response_url: str | None = None) -> Place:
    until = None if response_url is None else NOON + minutes(30)
    return Place(channel, None, response_url, until)


def a_proposal(
    *backends: Backend,
    id: str = "p-3f9c",  # noqa: A002  # the value's own field
    team: str = TEAM,
    kind: Kind = Kind.TERMINATE,
    server: str = "class",
    role: str = "alice",
    role_oid: int = ROLE_OID,
    requester: str = BOB,
    right: Right = Right.RESPONDER,
    reason: str = "",
    state: State = State.PROPOSED,
    place: Place | None = None,
    created_at: datetime = NOON,
    claimed_by: str | None = None,
    outcomes: Sequence[Outcome] = (),
) -> Proposal:
    """Bob's proposal to end some of alice's backends; claimed and resolved times follow from `state`."""
    claimed = state in (State.CLAIMED, State.RESOLVED)
    return Proposal(
        id=id,
        team=team,
        kind=kind,
        server=server,
        role=role,
        role_oid=role_oid,
        requester=requester,
        right=right,
        reason=reason,
        state=state,
        targets=tuple(target_of(backend) for backend in backends or (a_backend(),)),
        place=place or a_place(),
        created_at=created_at,
        lapses_at=created_at + LAPSES_AFTER,
        claimed_by=(claimed_by or requester) if claimed else None,
        claimed_at=created_at + minutes(0.5) if claimed else None,
        deadline=created_at + minutes(0.5) + timedelta(seconds=10) if claimed else None,
        resolved_at=created_at + minutes(0.55) if state is State.RESOLVED else None,
        outcomes=tuple(outcomes),
    )


def an_outcome(backend: Backend | None = None, verdict: Verdict = Verdict.TERMINATED, detail: str = "") -> Outcome:
    return Outcome((backend or a_backend()).id, verdict, NOON, detail)


def a_resolved(verdicts: Mapping[Backend, Verdict], *, claimed_by: str | None = None) -> Proposal:
    """A resolved proposal, one outcome for each backend."""
    outcomes = [an_outcome(backend, verdict) for backend, verdict in verdicts.items()]
    return a_proposal(*verdicts, state=State.RESOLVED, claimed_by=claimed_by, outcomes=outcomes)


def a_member(
    slack_id: str = BOB,
    grade: Grade = Grade.RESPONDER,
    *,
    team: str = TEAM,
    server: str = "",
    roles: str = "",
    until: datetime | None = None,
    added_by: str = "cli:root",
    added_at: datetime = NOON - timedelta(days=3),
) -> Member:
    return Member(team, slack_id, grade, server, roles, until, added_by, added_at)


def an_owner(
    slack_id: str = ALICE,
    role: str = "alice",
    *,
    team: str = TEAM,
    server: str = "class",
    role_oid: int = ROLE_OID,
    origin: Origin = Origin.STAFF,
    linked_by: str = BOB,
    linked_at: datetime = NOON - timedelta(days=3),
) -> Owner:
    return Owner(team, slack_id, server, role, role_oid, origin, linked_by, linked_at)


def a_standing(
    actor: str = BOB, *, team: str = TEAM, members: Sequence[Member] = (), owned: Sequence[Owner] = ()
) -> Standing:
    return Standing(Actor(team, actor), tuple(members), tuple(owned))


def a_client(
    number: int | None = 17,
    state: ClientState = ClientState.IDLE,
    *,
    connected: float = 60,
    since: float = 5,
    database: str = "shop",
    application_name: str = "psql",
    address: str | None = "10.0.0.7",
    port: int = 51234,
    backend_pid: int | None = None,
) -> PooledClient:
    """A client of the pooler; `connected` and `since` (its last request) are minutes before NOON."""
    times = NOON - minutes(connected), NOON - minutes(since)
    return PooledClient(number, times[0], database, application_name, address, port, state, times[1], backend_pid)


def a_pooled(*clients: PooledClient, server: str = "class", elsewhere: int = 0) -> PooledReading:
    """What the console told at NOON."""
    return PooledReading(server, NOON, clients, elsewhere)
