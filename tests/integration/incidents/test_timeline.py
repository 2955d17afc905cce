"""The history, page by page and by what is asked for."""

import asyncio
from datetime import timedelta

import pytest

from bot.access.allow_list import AllowList
from bot.access.member import Action, Actor, Denied
from bot.incidents.event import Event
from bot.incidents.history import History
from bot.incidents.incident import Affected, Conversation, Report, Scope, ScopeKind
from bot.incidents.incidents import Incidents
from bot.incidents.timeline_values import Cursor, Question
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.tables import proposal_backends, proposals
from tests import builders
from tests.builders import NOON, a_backend
from tests.histories import a_backend as a_backend_row
from tests.histories import a_proposal, write

EVE, TOM = Actor("T1", "UEVE"), Actor("T1", "UTOM")


@pytest.fixture
def history(own_database: OwnDatabase, record: Record) -> History:
    return History(own_database, record)


async def propose(history: History, name: str, requester: str = "UALICE") -> None:
    now = NOON + timedelta(seconds=int(name[1:]))
    proposal = builders.a_proposal(a_backend(4711), id=name, team="T1", requester=requester, created_at=now)
    await history.propose(proposal)
    # SQLite's clock tells milliseconds: each has one of its own.
    await asyncio.sleep(0.002)


async def read_all(history: History, question: Question, limit: int) -> list[Event]:
    """Every page, one after the other."""
    events: list[Event] = []
    after: Cursor | None = None
    while True:
        page = await history.page(question, limit, after)
        assert len(page.events) <= limit
        events += page.events
        if page.older is None:
            return events
        assert page.older != after
        after = page.older


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_hold_everything_once_and_in_order(
    history: History, own_database: OwnDatabase, record: Record, limit: int
) -> None:
    allow_list = AllowList(own_database, record)
    for number in range(9):
        await propose(history, f"p{number}")
        # Entries of one transaction have one time.
        await allow_list.refuse(EVE, Denied(Action.LIST, "nothing"), role="alice", server="class")
    whole = await history.read("T1")
    assert len(whole) == 18
    assert sorted(event.id for event in await read_all(history, Question("T1"), limit)) == sorted(
        event.id for event in whole
    )
    for kind in ("refusal", "termination"):
        paged = [event for event in await read_all(history, Question("T1"), limit) if event.kind == kind]
        assert [event.id for event in paged] == [event.id for event in whole if event.kind == kind]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_what_happened_at_one_moment_is_on_one_page_each(
    history: History, own_database: OwnDatabase, limit: int
) -> None:
    rows = [a_proposal(number, NOON) for number in range(7)]
    await write(own_database, proposals, *rows)
    await write(own_database, proposal_backends, *(a_backend_row(number, 0, "terminated", NOON) for number in range(7)))
    paged = await read_all(history, Question("T1"), limit)
    assert [event.id for event in paged] == [f"p{number}" for number in range(7)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_a_clock_that_was_set_back_hides_no_entry(
    history: History, own_database: OwnDatabase, record: Record, limit: int
) -> None:
    rows = [a_proposal(number, NOON + timedelta(minutes=number)) for number in range(6)]
    await write(own_database, proposals, *rows)
    await write(own_database, proposal_backends, *(a_backend_row(number, 0, "terminated", NOON) for number in range(6)))
    for minutes in (1, 4, 2, 0, 5):
        at = NOON + timedelta(minutes=minutes, seconds=30)
        async with own_database.write() as connection:
            await record.append(connection, at, "U0EVE", "refusal", {"team": "T1", "why": "nothing"})
    paged = await read_all(history, Question("T1"), limit)
    assert [event.id for event in paged if event.kind == "refusal"] == ["5", "4", "3", "2", "1"]
    assert [event.id for event in paged if event.kind == "termination"] == ["p5", "p4", "p3", "p2", "p1", "p0"]
    hour = Question("T1", since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=5))
    within = await read_all(history, hour, limit)
    assert [event.id for event in within] == ["2", "p4", "p3", "3", "p2", "1", "p1"]


async def test_a_long_history_is_read_in_parts(history: History) -> None:
    for number in range(7):
        await propose(history, f"p{number}")
    parts = [[event.id for event in part] async for part in history.pages(Question("T1"), 5, at_once=2)]
    assert [len(part) for part in parts] == [2, 2, 1]
    newest = (await history.page(Question("T1"), 5)).events
    assert [name for part in parts for name in part] == [event.id for event in newest]
    assert [part async for part in history.pages(Question("T2"), 5)] == [()]
    assert [len(part) async for part in history.pages(Question("T1"), 100, at_once=7)] == [7]


async def test_what_comes_meanwhile_moves_no_page(history: History) -> None:
    for number in range(4):
        await propose(history, f"p{number}")
    first = await history.page(Question("T1"), 2)
    await propose(history, "p9")
    second = await history.page(Question("T1"), 2, first.older)
    assert [event.id for event in (*first.events, *second.events)] == ["p3", "p2", "p1", "p0"]


async def test_it_is_asked_by_person_and_by_time(history: History, own_database: OwnDatabase, record: Record) -> None:
    await propose(history, "p1")
    await propose(history, "p2", "UTOM")
    await AllowList(own_database, record).refuse(TOM, Denied(Action.LIST, "nothing"), role="bob", server="class")
    toms = await history.page(Question("T1", person="UTOM"), 10)
    assert {(event.kind, event.requester) for event in toms.events} == {("refusal", "UTOM"), ("termination", "UTOM")}
    whole = await history.read("T1")
    second = next(event for event in whole if event.id == "p2")
    since_then = await history.page(Question("T1", since=second.at), 9)
    assert "p2" in {event.id for event in since_then.events}
    assert "p1" not in {event.id for event in since_then.events}
    before = await history.page(Question("T1", until=second.at), 9)
    assert [event.id for event in before.events] == ["p1"]


async def test_it_is_asked_by_cause(history: History, own_database: OwnDatabase, record: Record) -> None:
    ids = iter(("i1", "i2"))
    incidents = Incidents(own_database, record, lambda: next(ids))
    where = Conversation("C0HELP", "1.2")
    for cause, scope in (("role_limit", Scope(ScopeKind.ROLE, "alice")), ("server_limit", Scope(ScopeKind.SERVER))):
        await incidents.report(Report("T1", "class", scope, cause, Affected("UALICE", where, NOON)))
    await propose(history, "p1")
    page = await history.page(Question("T1", cause="server_limit"), 10)
    assert [(event.kind, event.incident, event.reason) for event in page.events] == [("incident", "i2", "server limit")]
    assert (await history.page(Question("T1", cause="%"), 10)).events == ()
