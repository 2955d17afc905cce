"""Requests to own a role: proved once, vouched for by those who may, told by one process."""

import asyncio
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.access.allow_list import AllowList, Grant
from bot.access.class_list import parse
from bot.access.link import Decision, LinkRequest, News, NewsKind, Proof, TooMany, Vouch
from bot.access.links import Links
from bot.access.member import Actor, Denied, Grade, Origin, Owner
from bot.access.ownership import DEACTIVATED, Ownership
from bot.access.roster import preview
from bot.incidents.history import History
from bot.servers.server import Role
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from bot.storage.tables import link_requests
from tests.builders import NOON, ROLE_OID, a_role
from tests.own_database import AT_COMMAND_LINE

ALICE, MALLORY = Actor("T1", "UALICE"), Actor("T1", "UMALLORY")
INSTRUCTOR, TA = Actor("T1", "UPROF"), Actor("T1", "UTA")
ALICES = a_role()
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
async def ownership(own_database: OwnDatabase, record: Record) -> Ownership:
    allow_list = AllowList(own_database, record)
    await allow_list.allow(AT_COMMAND_LINE, Grant(INSTRUCTOR.id, Grade.INSTRUCTOR, "class"), now=NOON)
    await allow_list.allow(AT_COMMAND_LINE, Grant(TA.id, Grade.RESPONDER), now=NOON)
    return Ownership(own_database, record)


@pytest.fixture
def links(own_database: OwnDatabase, record: Record, ownership: Ownership) -> Links:
    return Links(own_database, record, ownership)


async def ask(
    links: Links, actor: Actor = ALICE, name: str = "alice", role: Role | None = ALICES, server: str = "class"
) -> LinkRequest:
    shown = f"connbot-link {actor.id} {secrets.token_hex(4)}"
    asked = await links.ask(actor, server=server, asked_for=name, role=role, shown=shown, waits=TEN_MINUTES)
    assert isinstance(asked, LinkRequest)
    return asked


async def put_before_staff(links: Links, actor: Actor = ALICE, role: Role | None = ALICES) -> LinkRequest:
    asked = await links.ask_to_vouch(actor, (await ask(links, actor, role=role)).id)
    assert isinstance(asked, LinkRequest)
    return asked


async def news_of(links: Links) -> list[tuple[NewsKind, str, str | None]]:
    return [(one.kind, one.slack_id, one.origin) for one in await links.take_news("T1", timedelta(0))]


async def told(db: OwnDatabase, record: Record) -> list[tuple[str, str, str]]:
    async with db.read() as connection:
        assert isinstance(await record.verify(connection), Verified)
    events = await History(db, record).read("T1")
    return [
        (event.kind, event.state, event.requester) for event in events if event.kind in ("ownership", "link_request")
    ]


async def let_time_pass(db: OwnDatabase) -> None:
    """As if everything had been asked eleven minutes earlier."""
    async with db.write() as connection:
        for column in (link_requests.c.asked_at, link_requests.c.expires_at):
            rows = (await connection.execute(select(link_requests.c.id, column))).all()
            for row in rows:
                earlier = {column.name: row[1] - timedelta(minutes=11)}
                await connection.execute(update(link_requests).where(link_requests.c.id == row.id).values(earlier))


async def test_a_proof_links_its_person_once_on_record_and_is_news(
    links: Links, ownership: Ownership, own_database: OwnDatabase, record: Record
) -> None:
    request = await ask(links)
    assert await links.waiting("T1") == (request,)
    assert await links.waiting("T2") == ()

    won = await asyncio.gather(*(links.prove(request) for _ in range(4)))

    (owner,) = [one for one in won if one]
    assert (owner.slack_id, owner.role_oid, owner.origin, owner.linked_by) == (
        "UALICE",
        ROLE_OID,
        Origin.POSSESSION,
        "UALICE",
    )
    assert await ownership.owners_of("T1", "class", ROLE_OID) == (owner,)
    assert await links.waiting("T1") == ()
    assert await news_of(links) == [(NewsKind.NEW_OWNER, "UALICE", "possession")]
    assert await told(own_database, record) == [
        ("ownership", "linked", "UALICE"),
        ("link_request", "asked", "UALICE"),
    ]


async def test_a_proof_that_comes_too_late_is_none_and_its_person_is_told_once(
    links: Links, ownership: Ownership, own_database: OwnDatabase
) -> None:
    request = await ask(links)
    await let_time_pass(own_database)

    assert await links.waiting("T1") == ()
    assert await links.prove(request) is None
    assert sorted(await asyncio.gather(links.expire("T1"), links.expire("T1"))) == [0, 1]

    assert await ownership.roles_of("T1", "UALICE") == ()
    assert await news_of(links) == [(NewsKind.NOT_FOUND, "UALICE", None)]


async def test_what_is_no_students_role_is_asked_for_alike_and_never_looked_for(
    links: Links, ownership: Ownership, own_database: OwnDatabase
) -> None:
    request = await ask(links, MALLORY, "postgres", None)

    assert request.proof is Proof.WAITING
    assert await links.waiting("T1") == ()
    assert await links.prove(request) is None
    await let_time_pass(own_database)
    assert await links.expire("T1") == 1
    assert await ownership.roles_of("T1", "UMALLORY") == ()


async def test_three_wait_at_a_time_and_another_person_is_not_kept_from_asking(
    links: Links, own_database: OwnDatabase
) -> None:
    for name in ("a", "b", "c"):
        await ask(links, MALLORY, name)

    fourth = await links.ask(MALLORY, server="class", asked_for="d", role=a_role(), shown="d", waits=TEN_MINUTES)

    assert isinstance(fourth, TooMany)
    assert fourth.until is not None
    await ask(links, ALICE)
    await let_time_pass(own_database)
    await ask(links, MALLORY, "d")


async def test_a_code_that_was_spread_is_void_on_record(
    links: Links, own_database: OwnDatabase, record: Record
) -> None:
    request = await ask(links, MALLORY)

    assert await links.void(request, "preset")
    assert not await links.void(request, "preset")

    assert await links.prove(request) is None
    assert await news_of(links) == [(NewsKind.NOT_FOUND, "UMALLORY", None)]
    assert (await told(own_database, record))[0] == ("link_request", "void", "UMALLORY")


async def test_those_who_may_vouch_link_and_nobody_else(
    links: Links, ownership: Ownership, own_database: OwnDatabase, record: Record
) -> None:
    request = await put_before_staff(links)

    for actor in (ALICE, MALLORY, TA, Actor("T2", "UPROF")):
        refused = await links.decide(actor, request.id, a_role(), theirs=True, now=NOON)
        assert isinstance(refused, Denied) if actor.team == "T1" else refused is None
    assert await ownership.roles_of("T1", "UALICE") == ()

    decided = await links.decide(INSTRUCTOR, request.id, a_role(), theirs=True, now=NOON)

    assert isinstance(decided, Decision)
    assert (decided.why, decided.request.vouch, decided.request.decided_by) == ("", Vouch.VOUCHED, "UPROF")
    (link,) = await ownership.roles_of("T1", "UALICE")
    assert (link.origin, link.linked_by) == (Origin.VOUCH, "UPROF")
    again = await links.decide(INSTRUCTOR, request.id, a_role(), theirs=False, now=NOON)
    assert isinstance(again, Decision)
    assert (again.why, again.request.vouch) == ("first", Vouch.VOUCHED)
    assert await links.waiting("T1") == ()
    assert await news_of(links) == [(NewsKind.NEW_OWNER, "UALICE", "vouch")]
    assert (await told(own_database, record))[0] == ("ownership", "linked", "UPROF")


async def test_staff_say_not_theirs(links: Links, ownership: Ownership) -> None:
    request = await put_before_staff(links, MALLORY)

    decided = await links.decide(INSTRUCTOR, request.id, a_role(), theirs=False, now=NOON)

    assert isinstance(decided, Decision)
    assert decided.request.vouch is Vouch.NOT_THEIRS
    assert await ownership.roles_of("T1", "UMALLORY") == ()
    assert await news_of(links) == [(NewsKind.NOT_THEIRS, "UMALLORY", None)]


@pytest.mark.parametrize("now_there", [None, a_role(oid=ROLE_OID + 1), a_role(service=True), a_role(can_login=False)])
async def test_a_role_that_is_another_now_is_not_vouched_for(
    links: Links, ownership: Ownership, now_there: Role | None
) -> None:
    request = await put_before_staff(links)

    decided = await links.decide(INSTRUCTOR, request.id, now_there, theirs=True, now=NOON)

    assert isinstance(decided, Decision)
    assert decided.why == "made_anew"
    assert await ownership.roles_of("T1", "UALICE") == ()


async def test_a_request_is_put_before_staff_once_and_by_its_person_alone(links: Links) -> None:
    request = await ask(links)

    assert await links.ask_to_vouch(MALLORY, request.id) is None
    assert await links.ask_to_vouch(ALICE, "no such id") is None
    assert await links.cards_due("T1") == ()
    for _ in range(2):
        asked = await links.ask_to_vouch(ALICE, request.id)
        assert isinstance(asked, LinkRequest)
        assert asked.vouch is Vouch.ASKED
    other = await ask(links)
    again = await links.ask_to_vouch(ALICE, other.id)
    assert isinstance(again, LinkRequest)
    assert again.id == request.id
    assert [one.id for one in await links.cards_due("T1")] == [request.id]


async def test_staff_have_three_cards_of_one_person_at_most(links: Links, own_database: OwnDatabase) -> None:
    for name in ("a", "b", "c"):
        assert isinstance(await links.ask_to_vouch(MALLORY, (await ask(links, MALLORY, name)).id), LinkRequest)
    await let_time_pass(own_database)

    assert isinstance(await links.ask_to_vouch(MALLORY, (await ask(links, MALLORY, "d")).id), TooMany)


async def test_a_card_is_due_until_it_says_how_things_stand(links: Links) -> None:
    asked = await put_before_staff(links)
    await links.decide(INSTRUCTOR, asked.id, a_role(), theirs=True, now=NOON)

    await links.card_shown(asked)
    (due,) = await links.cards_due("T1")
    await links.card_shown(due)

    assert due.vouch is Vouch.VOUCHED
    assert await links.cards_due("T1") == ()


async def test_a_proof_closes_the_card_and_the_persons_other_codes(links: Links) -> None:
    carded, other = await put_before_staff(links), await ask(links)

    assert await links.prove(other)

    assert [(one.id, one.vouch) for one in await links.cards_due("T1")] == [(carded.id, Vouch.CLOSED)]
    assert await links.prove(carded) is None
    closed = await links.decide(INSTRUCTOR, carded.id, a_role(), theirs=False, now=NOON)
    assert isinstance(closed, Decision)
    assert closed.why == "first"


async def test_news_are_told_by_one_process_and_again_if_it_dies(links: Links, ownership: Ownership) -> None:
    await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(), now=NOON)

    taken = await asyncio.gather(*(links.take_news("T1", TEN_MINUTES) for _ in range(3)))

    (news,) = [one for each in taken for one in each]
    assert isinstance(news, News)
    assert (news.by, news.origin, news.role, news.role_oid) == ("UPROF", Origin.STAFF, "alice", ROLE_OID)
    assert await links.take_news("T1", TEN_MINUTES) == ()
    assert await links.take_news("T2", TEN_MINUTES) == ()
    await links.told(news)
    assert await news_of(links) == []


async def test_who_is_an_owner_already_is_no_news(links: Links, ownership: Ownership) -> None:
    for _ in range(2):
        await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(), now=NOON)
    assert len(await news_of(links)) == 1


async def test_of_what_the_command_line_does_only_those_are_news_who_join_other_owners(
    links: Links, ownership: Ownership
) -> None:
    people = {"a@example.edu": "UALICE", "b@example.edu": "UBOB", "c@example.edu": "UCAROL"}
    for actor, lines, told in (
        (AT_COMMAND_LINE, "b@example.edu,team\nc@example.edu,team\n", set()),
        (AT_COMMAND_LINE, "a@example.edu,alice\na@example.edu,team\n", {("UALICE", "team")}),
        (INSTRUCTOR, "b@example.edu,bob\n", {("UALICE", "team"), ("UBOB", "bob")}),
    ):
        seen = preview(parse(f"email,role\n{lines}".encode()), people, {"alice": 1, "team": 2, "bob": 3})
        await ownership.enrol(actor, seen, server="class", now=NOON)
        news = await links.take_news("T1", timedelta(0))
        assert {(one.slack_id, one.role) for one in news} == told


async def test_a_suspended_link_counts_for_nothing_until_it_is_made_anew(
    links: Links, ownership: Ownership, own_database: OwnDatabase, record: Record
) -> None:
    await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(), now=NOON)

    (suspended,) = await ownership.suspend("T1", "UALICE", DEACTIVATED)
    assert await ownership.suspend("T1", "UALICE", DEACTIVATED) == ()

    assert (suspended.suspended_why, suspended.suspended_at is not None) == ("deactivated", True)
    allow_list = AllowList(own_database, record)
    assert (await allow_list.standing(ALICE)).owned == ()
    assert await ownership.owners_of("T1", "class", ROLE_OID) == await ownership.roles_of("T1", "UALICE") == ()
    assert await ownership.all_of("T1") == (suspended,)
    assert (await told(own_database, record))[0] == ("ownership", "suspended", "slack")

    assert isinstance(await links.prove(await ask(links)), Owner)
    assert [owner.suspended_at for owner in (await allow_list.standing(ALICE)).owned] == [None]


async def test_a_roster_makes_a_suspended_link_anew(ownership: Ownership) -> None:
    seen = preview(parse(b"email,role\na@example.edu,alice\n"), {"a@example.edu": "UALICE"}, {"alice": 1})
    await ownership.enrol(INSTRUCTOR, seen, server="class", now=NOON)
    await ownership.suspend("T1", "UALICE", DEACTIVATED)
    await ownership.enrol(INSTRUCTOR, seen, server="class", now=NOON)
    assert len(await ownership.roles_of("T1", "UALICE")) == 1
