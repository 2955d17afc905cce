"""Reports of one trouble are one incident, over several processes, and every change of it is on record."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.incidents.incident import (
    BY_ITSELF,
    Affected,
    Conversation,
    How,
    Incident,
    IncidentState,
    Report,
    Reported,
    Scope,
    ScopeKind,
    Waiting,
)
from bot.incidents.incidents import Incidents
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from bot.storage.tables import incidents as rows
from bot.storage.tables import record as entries
from tests.builders import NOON

HELP, THREAD = "C0HELP", Conversation("C0HELP", "1763812800.000100")
OTHER = Conversation("C0HELP", "1763812900.000100")
DM = Conversation("D0ANN", "1763812700.000100", private=True)
ALICE = Scope(ScopeKind.ROLE, "alice")


@pytest.fixture
def incidents(own_database: OwnDatabase, record: Record) -> Incidents:
    numbers = itertools.count(1)
    return Incidents(own_database, record, lambda: f"i{next(numbers)}")


def a_report(
    person: str = "U0ANN",
    *,
    scope: Scope = ALICE,
    where: Conversation = THREAD,
    ts: str = "",
    role: str | None = "alice",
    server: str = "class",
    team: str = "T1",
) -> Report:
    affected = Affected(person, where, NOON, role, ts or where.thread)
    return Report(team, server, scope, f"{scope.kind}_limit", affected)


async def states(db: OwnDatabase, record: Record) -> list[str]:
    """What the record says, in order; and it must be whole."""
    async with db.read() as connection:
        assert isinstance(await record.verify(connection), Verified)
        payloads = (await connection.execute(select(entries.c.payload).order_by(entries.c.seq))).scalars()
        return [payload.partition('"state":"')[2].partition('"')[0] for payload in payloads]


async def age(db: OwnDatabase, minutes: int) -> None:
    """Let all that was resolved have been so a while ago."""
    async with db.write() as connection:
        past = await db.now(connection) - timedelta(minutes=minutes)
        early = {"opened_at": past, "occasion_at": past}
        await connection.execute(update(rows).where(rows.c.state == "resolved").values(resolved_at=past, **early))


async def opened(incidents: Incidents, report: Report | None = None) -> Incident:
    return (await incidents.report(report or a_report())).incident


async def test_a_first_report_opens_an_incident_and_the_next_ones_join_it(
    incidents: Incidents, own_database: OwnDatabase, record: Record
) -> None:
    first = await incidents.report(a_report())
    second = await incidents.report(a_report("U0BOB", ts="2.0"))
    again = await incidents.report(a_report("U0BOB", ts="3.0", role=None))

    assert (first.how, second.how, again.how) == (How.OPENED, How.JOINED, How.KNOWN)
    kept = await incidents.get("T1", "i1")
    assert kept == again.incident
    assert [one.person for one in kept.people] == ["U0ANN", "U0BOB"]
    assert kept.people[1].role == "alice", "what was known of a person stays known"
    assert (kept.reporter, kept.conversation, kept.cause, kept.occasion) == ("U0ANN", THREAD, "role_limit", 1)
    assert await states(own_database, record) == ["opened", "joined"]


async def test_another_scope_server_or_workspace_is_another_incident(incidents: Incidents) -> None:
    reports = (
        a_report(),
        a_report(scope=Scope(ScopeKind.ROLE, "bob")),
        a_report(scope=Scope(ScopeKind.DATABASE, "alice")),
        a_report(scope=Scope(ScopeKind.SERVER)),
        a_report(server="lab"),
        a_report(team="T2"),
    )
    assert {(await incidents.report(report)).how for report in reports} == {How.OPENED}
    assert len(await incidents.standing()) == 6
    assert len(await incidents.standing("T2")) == 1
    # All in one thread: another full role opens its own there.
    assert len(await incidents.in_conversation("T1", THREAD)) == 5


async def test_twenty_reports_at_once_over_two_processes_are_one(
    own_database: OwnDatabase, record: Record, migrated_url: str
) -> None:
    async with OwnDatabase(migrated_url) as second:
        numbers = itertools.count()
        both = [Incidents(db, record, lambda: f"i{next(numbers)}") for db in (own_database, second)]
        work = (both[n % 2].report(a_report(f"U{n:02}", ts=f"{n}.0")) for n in range(20))
        reported: list[Reported] = await asyncio.gather(*work)

    assert [one.how for one in reported].count(How.OPENED) == 1
    assert {one.incident.id for one in reported} == {reported[0].incident.id}
    (only,) = await both[0].standing("T1")
    assert len(only.waiting) == 20
    assert len(await states(own_database, record)) == 20


async def test_one_of_several_resolves_and_it_is_on_record_who(
    incidents: Incidents, own_database: OwnDatabase, record: Record
) -> None:
    incident = await opened(incidents)
    results = await asyncio.gather(*(incidents.resolve("T1", incident.id, by) for by in ("U0TOM", "", "U0EVE")))
    (won,) = [one for one in results if one is not None]
    assert (won.state, won.open) == (IncidentState.RESOLVED, False)
    assert await incidents.get("T1", incident.id) == won
    assert await incidents.resolve("T2", incident.id, "U0TOM") is None
    assert await states(own_database, record) == ["opened", "resolved"]
    async with own_database.read() as connection:
        last = (await connection.execute(select(entries.c.actor).order_by(entries.c.seq.desc()).limit(1))).scalar_one()
    assert last == (won.resolved_by or BY_ITSELF)


async def test_what_comes_back_soon_is_the_same_occasion_and_later_another_one(
    incidents: Incidents, own_database: OwnDatabase
) -> None:
    incident = await opened(incidents)
    await incidents.acted("T1", incident.id, "U0TOM")
    await incidents.resolve("T1", incident.id, "")
    back = await incidents.report(a_report("U0BOB"))
    assert (back.how, back.incident.id, back.incident.occasion) == (How.REOPENED, incident.id, 2)
    assert back.incident.human is None, "nobody has done anything about it this time"
    assert back.incident.opened_at == incident.opened_at < back.incident.occasion_at
    await incidents.resolve("T1", incident.id, "")
    await age(own_database, 31)
    assert (await incidents.report(a_report())).how is How.OPENED


async def test_still_stuck_reopens_while_it_is_the_same_occasion(
    incidents: Incidents, own_database: OwnDatabase, record: Record
) -> None:
    incident = await opened(incidents)
    assert await incidents.reopen("T1", incident.id, "U0ANN") is None
    await incidents.stands("T1", incident.id, "U0ANN", Waiting.IN)
    await incidents.resolve("T1", incident.id, "")

    again = await incidents.reopen("T1", incident.id, "U0ANN")

    assert again is not None
    assert (again.open, again.occasion) == (True, 2)
    assert [one.state for one in again.people] == [Waiting.WAITING]
    assert await incidents.get("T1", incident.id) == again
    assert await states(own_database, record) == ["opened", "resolved", "reopened"]
    await incidents.resolve("T1", incident.id, "")
    await age(own_database, 31)
    assert await incidents.reopen("T1", incident.id, "U0ANN") is None
    await opened(incidents)
    assert await incidents.reopen("T1", "none", "U0ANN") is None


async def test_a_deleted_report_is_withdrawn_and_with_the_last_one_the_incident_ends(
    incidents: Incidents, own_database: OwnDatabase, record: Record
) -> None:
    incident = await opened(incidents)
    await incidents.report(a_report("U0BOB", ts="2.0"))

    first = await incidents.withdraw("T1", HELP, THREAD.thread)
    assert first is not None
    assert (first.open, [one.person for one in first.waiting]) == (True, ["U0BOB"])
    assert await incidents.withdraw("T1", HELP, THREAD.thread) is None
    last = await incidents.withdraw("T1", HELP, "2.0")
    assert last is not None
    assert (last.open, last.resolved_by) == (False, "U0BOB")
    assert await incidents.withdraw("T1", HELP, "9.9") is None
    assert await incidents.withdraw("T2", HELP, "2.0") is None
    assert await incidents.get("T1", incident.id) == last
    assert await states(own_database, record) == ["opened", "joined", "withdrawn", "withdrawn", "resolved"]


async def test_a_private_report_is_talked_about_in_public_once_somebody_reports_there(incidents: Incidents) -> None:
    private = await opened(incidents, a_report(where=DM))
    assert private.conversation.private
    public = await opened(incidents, a_report("U0BOB"))
    assert (public.id, public.conversation) == (private.id, THREAD)
    assert public.conversations == (THREAD, DM)
    assert await opened(incidents, a_report("U0EVE", where=Conversation("D0EVE", "3.0", private=True))) is not None
    kept = await incidents.get("T1", private.id)
    assert kept is not None
    assert kept.conversation == THREAD
    assert [one.id for one in await incidents.in_conversation("T1", DM)] == [private.id]


async def test_what_a_thread_and_a_channel_are_about(incidents: Incidents, own_database: OwnDatabase) -> None:
    alice = await opened(incidents)
    bob = await opened(incidents, a_report("U0BOB", scope=Scope(ScopeKind.ROLE, "bob"), where=OTHER))
    await incidents.resolve("T1", alice.id, "")
    assert [one.id for one in await incidents.in_conversation("T1", THREAD)] == [alice.id]
    assert [one.id for one in await incidents.near("T1", HELP, bob.opened_at - timedelta(minutes=15))] == [bob.id]
    assert await incidents.near("T1", HELP, bob.opened_at + timedelta(seconds=1)) == ()
    assert await incidents.near("T1", "C0OTHER", NOON) == ()
    await age(own_database, 31)
    assert await incidents.in_conversation("T1", THREAD) == ()


async def test_the_first_answer_and_the_first_human_are_kept(incidents: Incidents) -> None:
    incident = await opened(incidents)
    first = await incidents.answered("T1", incident.id)
    await incidents.acted("T1", incident.id, "U0TOM")
    await incidents.acted("T1", incident.id, "U0EVE")
    again = await incidents.answered("T1", incident.id)
    assert first is not None
    assert again is not None
    assert again.answered_at == first.answered_at
    assert again.human == "U0TOM"
    assert await incidents.answered("T1", "none") is None
    assert await incidents.acted("T2", incident.id, "U0EVE") is None
    assert await incidents.stands("T1", incident.id, "U0NOBODY", Waiting.IN) is None


async def test_ending_connections_of_a_role_helps_who_waits_for_it_or_for_its_server(incidents: Incidents) -> None:
    about = [ALICE, Scope(ScopeKind.ROLE, "bob"), Scope(ScopeKind.SERVER), Scope(ScopeKind.DATABASE, "shop")]
    for scope in about:
        await opened(incidents, a_report(scope=scope))
    await opened(incidents, a_report(server="lab"))
    await opened(incidents, a_report(team="T2"))

    await incidents.helped("T1", "class", "alice", "U0TOM")
    await incidents.helped("T1", "class", "alice", "U0EVE")

    seen = {(one.team, one.server, one.scope) for one in await incidents.standing() if one.human == "U0TOM"}
    assert seen == {("T1", "class", scope) for scope in about if scope.name != "bob"}
    assert not [one for one in await incidents.standing() if one.human == "U0EVE"]


async def test_words_from_people_are_data(incidents: Incidents) -> None:
    hostile = "<!channel>\x00'); DROP TABLE incidents;--\ud800"
    incident = await opened(incidents, a_report(hostile, scope=Scope(ScopeKind.ROLE, hostile), role=hostile))
    kept = await incidents.get("T1", incident.id)
    assert kept is not None
    assert kept.scope.name == "<!channel>\ufffd'); DROP TABLE incidents;--\ufffd"
