"""Proofs of possession as they are looked for: on true servers, with an own database of either kind."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from psycopg import sql

from bot.access.class_list import parse
from bot.access.link import AlreadyOwned, Asked, Card, LinkRequest, News, NewsKind, TooMany
from bot.access.links import Links
from bot.access.member import Actor, Owner, Standing
from bot.access.ownership import Ownership
from bot.access.roster import Enrolled, preview
from bot.connections.linking import Linking, Shown
from bot.demo.clients import Refused
from bot.errors import NotPermitted, ServerUnavailable, UnknownServer
from bot.incidents.patience import Patience
from bot.servers.fleet import Fleet
from bot.servers.settings import ServerSettings
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from tests.builders import NOON, a_role
from tests.own_database import AT_COMMAND_LINE
from tests.postgres import OpenBackend, Postgres

ALICE, MALLORY = Actor("T1", "UALICE"), Actor("T1", "UMALLORY")


@dataclass
class Told:
    """What people would be told; `reached` false: nobody can be, now."""

    news_: list[tuple[NewsKind, str, tuple[str, ...]]] = field(default_factory=list)
    rosters: list[int] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    closed: frozenset[str] | None = frozenset()
    reached: bool = True

    async def news(self, news: News, owners: Sequence[Owner], request: LinkRequest | None) -> bool:  # noqa: ARG002
        if self.reached:
            self.news_.append((news.kind, news.slack_id, tuple(owner.slack_id for owner in owners)))
        return self.reached

    async def roster(self, news: Sequence[News]) -> bool:
        if self.reached:
            self.rosters.append(len(news))
        return self.reached

    async def card(self, card: Card) -> Shown:
        if self.reached:
            self.cards.append(card)
        return Shown.NOW if self.reached else Shown.LATER

    async def deactivated(self, people: Collection[str]) -> frozenset[str] | None:
        return None if self.closed is None else self.closed & frozenset(people)


@dataclass
class Class:
    """A student's role on a server, and what looks for proofs of it."""

    postgres: Postgres
    fleet: Fleet
    ownership: Ownership
    links: Links
    told: Told
    students: str
    role: str

    def linking(self, **patience: timedelta) -> Linking:
        waits = Patience(**patience)
        return Linking("T1", self.fleet, self.links, self.ownership, self.told, waits, telling_holds_for=timedelta(0))

    async def ask(self, actor: Actor = ALICE, **patience: timedelta) -> str:
        asked = await self.linking(**patience).ask(Standing(actor), f"{actor.id}@example.edu", self.role, None)
        assert isinstance(asked, Asked)
        return asked.shown

    async def owners(self) -> list[str]:
        links = await self.ownership.all_of("T1")
        return [owner.slack_id for owner in links if owner.suspended_at is None]


@pytest.fixture
async def course(postgres: Postgres, own_database: OwnDatabase, record: Record) -> AsyncIterator[Class]:
    students = postgres.make_group()
    settings = ServerSettings(name="class", dsn=postgres.dsn(postgres.make_bot_role()), students=(students,))
    ownership = Ownership(own_database, record)
    links = Links(own_database, record, ownership)
    role = postgres.make_role("student", limit=2, groups=(students,))
    # Nobody listens there.
    gone = ServerSettings(name="gone", dsn="host=127.0.0.1 port=1 user=connbot", students=(students,))
    async with Fleet([settings, gone]) as fleet:
        yield Class(postgres, fleet, ownership, links, Told(), students, role)


async def show(backend: OpenBackend, name: str) -> None:
    await backend.connection.execute(sql.SQL("SET application_name = {}").format(name))


async def test_at_the_limit_a_session_that_is_open_proves_it(course: Class) -> None:
    opened = [await course.postgres.open_backend(course.role) for _ in range(2)]
    with pytest.raises(Refused):
        await course.postgres.open_backend(course.role)
    name = await course.ask()
    await course.linking().look()
    assert await course.owners() == []

    await show(opened[0], name)
    await course.linking().look()

    assert await course.owners() == ["UALICE"]
    assert course.told.news_ == [(NewsKind.NEW_OWNER, "UALICE", ("UALICE",))]


async def test_when_nobody_else_gets_in_the_bot_still_looks(course: Class) -> None:
    session = await course.postgres.open_backend(course.role)
    await show(session, await course.ask())
    await course.postgres.fill(course.postgres.make_role("crowd"))

    await course.linking().look()

    assert await course.owners() == ["UALICE"]


async def test_a_transaction_that_failed_and_a_running_query_show_it_too(course: Class) -> None:
    session = await course.postgres.open_backend(course.role)
    await show(session, await course.ask())
    await session.connection.execute("BEGIN")
    await session.connection.execute("SELECT 1")

    await course.linking().look()

    assert await course.owners() == ["UALICE"]


async def test_a_session_that_sets_it_back_shows_it_no_more(course: Class) -> None:
    session = await course.postgres.open_backend(course.role)
    await show(session, await course.ask())
    await session.connection.execute("RESET application_name")

    await course.linking().look()

    assert await course.owners() == []


async def test_a_server_that_cannot_be_asked_keeps_nobody_else_waiting(course: Class) -> None:
    for number, server in enumerate(("gone", "no longer configured")):
        await course.links.ask(
            MALLORY, server=server, asked_for="x", role=a_role(), shown=f"x{number}", waits=timedelta(minutes=10)
        )
    session = await course.postgres.open_backend(course.role)
    await show(session, await course.ask())

    await course.linking().look()

    assert await course.owners() == ["UALICE"]
    with pytest.raises(ServerUnavailable):
        await course.linking().ask(Standing(ALICE), "alice", course.role, "gone")


async def test_what_cannot_be_told_now_is_told_by_whoever_looks_when_it_can(course: Class) -> None:
    session = await course.postgres.open_backend(course.role)
    await show(session, await course.ask())
    course.told.reached = False
    await course.linking().look()
    assert (await course.owners(), course.told.news_) == (["UALICE"], [])

    course.told.reached = True
    for _ in range(2):
        await course.linking().look()

    assert course.told.news_ == [(NewsKind.NEW_OWNER, "UALICE", ("UALICE",))]


async def test_a_card_that_cannot_be_posted_now_is_posted_later(course: Class) -> None:
    asked = await course.linking().ask(Standing(ALICE), "alice", course.role, "class")
    assert isinstance(asked, Asked)
    course.told.reached = False
    await course.linking().ask_to_vouch(ALICE, asked.request.id)
    assert course.told.cards == []

    course.told.reached = True
    for _ in range(2):
        await course.linking().look()

    assert [card.request.id for card in course.told.cards] == [asked.request.id]


async def test_time_over_is_told_once(course: Class) -> None:
    await course.ask(proof_waits=timedelta(microseconds=1))
    for _ in range(2):
        await course.linking().look()
    assert course.told.news_ == [(NewsKind.NOT_FOUND, "UALICE", ())]


async def test_who_may_ask(course: Class) -> None:
    with pytest.raises(UnknownServer):
        await course.linking().ask(Standing(ALICE), "alice", course.role, "elsewhere")
    with pytest.raises(NotPermitted):
        await course.linking().ask(Standing(Actor("T2", "UALICE")), "alice", course.role, None)
    for _ in range(3):
        await course.ask(MALLORY)
    assert isinstance(await course.linking().ask(Standing(MALLORY), "mallory", "x", None), TooMany)


async def test_a_name_in_other_letters_is_the_role_that_the_server_would_take(course: Class) -> None:
    asked = await course.linking().ask(Standing(ALICE), "alice", course.role.upper(), None)
    assert isinstance(asked, Asked)
    assert (asked.request.asked_for, asked.request.role) == (course.role.upper(), course.role)


async def test_an_owner_needs_no_proof_unless_the_role_was_made_anew(course: Class) -> None:
    now_there = await course.fleet.choose().role(course.role)
    assert now_there is not None
    owner = await course.ownership.own(AT_COMMAND_LINE, ALICE.id, server="class", role=now_there.role, now=now_there.at)
    assert isinstance(owner, Owner)
    again = await course.linking().ask(Standing(ALICE, owned=(owner,)), "alice", course.role, None)
    assert again == AlreadyOwned(course.role, "class")
    anew = replace(owner, role_oid=owner.role_oid + 1)
    assert isinstance(await course.linking().ask(Standing(ALICE, owned=(anew,)), "alice", course.role, None), Asked)


async def test_whose_account_is_closed_owns_nothing_any_more(course: Class) -> None:
    session = await course.postgres.open_backend(course.role)
    await show(session, await course.ask())
    await course.linking().look()

    for course.told.closed in (None, frozenset({"UBOB"})):
        await course.linking().look_who_left()
        assert await course.owners() == ["UALICE"]
    course.told.closed = frozenset({"UALICE"})
    for _ in range(2):
        await course.linking().look_who_left()

    assert await course.owners() == []


async def test_a_roster_is_told_to_staff_once_and_to_those_who_owned_a_role_before(course: Class) -> None:
    people = {f"{name}@example.edu": f"U{name.upper()}" for name in ("alice", "bob", "carol")}
    before = "email,role\nalice@example.edu,alice\n"
    after = f"{before}bob@example.edu,alice\ncarol@example.edu,alice\n"
    await enrol(course, before, people)
    await course.linking().look()
    assert (course.told.rosters, course.told.news_) == ([], [])

    course.told.reached = False
    await enrol(course, after, people)
    await course.linking().look()
    course.told.reached = True
    for _ in range(2):
        await course.linking().look()

    assert course.told.rosters == [2]
    told = {(slack_id, owners) for _, slack_id, owners in course.told.news_}
    assert told == {("UBOB", ("UALICE", "UBOB")), ("UCAROL", ("UALICE", "UCAROL"))}


async def enrol(course: Class, lines: str, people: dict[str, str]) -> None:
    seen = preview(parse(lines.encode()), people, {"alice": 16_400})
    enrolled = await course.ownership.enrol(AT_COMMAND_LINE, seen, server="class", now=NOON)
    assert isinstance(enrolled, Enrolled)
