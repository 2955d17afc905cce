"""Incidents and what servers say of them, for tests; times as in `tests.builders`."""

from datetime import datetime

from bot.diagnosis.facts import Facts
from bot.incidents.incident import Affected, Conversation, Incident, IncidentState, Scope, ScopeKind, Waiting
from bot.servers.capacity import Limit, LimitKind
from tests.builders import ALICE, NOON, TEAM, minutes

THREAD = Conversation("C0HELP", "1763812800.000100")
ELSEWHERE = Conversation("C0HELP2", "1763812900.000100")
PRIVATE = Conversation("D0ALICE", "1763812800.000100", private=True)

ROLE = Scope(ScopeKind.ROLE, "alice")
DATABASE = Scope(ScopeKind.DATABASE, "shop")
SERVER = Scope(ScopeKind.SERVER)


def somebody(
    person: str = ALICE,
    where: Conversation = THREAD,
    *,
    role: str | None = "alice",
    state: Waiting = Waiting.WAITING,
    since: float = 10,
    ts: str = "1763812800.000100",
) -> Affected:
    """Alice, who reported in the thread ten minutes before NOON that her role is full."""
    return Affected(person, where, NOON - minutes(since), role, ts, state)


def a_crowd(count: int, where: Conversation = THREAD) -> list[Affected]:
    """So many people who wait, of whom nobody knows the role."""
    return [somebody(f"U0STUDENT{number:03}", where, role=None) for number in range(count)]


def an_incident(
    *people: Affected,
    id: str = "i-7a",  # noqa: A002  # the value's own field
    server: str = "class",
    scope: Scope = ROLE,
    cause: str = "role_limit",
    state: IncidentState = IncidentState.OPEN,
    where: Conversation = THREAD,
    occasion: int = 1,
    human: str | None = None,
    resolved_by: str = "",
    client: str = "",
) -> Incident:
    """An incident that was opened ten minutes before NOON; alice's own unless people are given."""
    resolved = state is IncidentState.RESOLVED
    return Incident(
        id=id,
        team=TEAM,
        server=server,
        scope=scope,
        cause=cause,
        state=state,
        reporter=ALICE,
        conversation=where,
        opened_at=NOON - minutes(10),
        occasion_at=NOON - minutes(10),
        occasion=occasion,
        human=human,
        human_at=NOON - minutes(5) if human else None,
        resolved_at=NOON if resolved else None,
        resolved_by=resolved_by,
        client=client,
        people=people or (somebody(),),
    )


def over(*people: Affected, by: str = "", scope: Scope = ROLE) -> Incident:
    """The same when it is over."""
    return an_incident(*people, scope=scope, state=IncidentState.RESOLVED, resolved_by=by)


def facts(
    used: int = 5,
    limit: int | None = 5,
    *,
    scope: Scope = ROLE,
    server: str = "class",
    strays: int = 0,
    at: datetime = NOON,
    at_least: bool = False,
) -> Facts:
    """A scope that is full unless told otherwise."""
    kind, name = LimitKind(str(scope.kind)), scope.name or server
    return Facts(at, Limit(kind, name, used, limit, at_least), strays=strays)


NO_SUCH = Facts(NOON, None)
FULL_SERVER = facts(97, 97, scope=SERVER)
