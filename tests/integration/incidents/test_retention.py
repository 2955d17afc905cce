"""Retention: old weeks tell the same figures, nobody is named any more, and the chain holds; on both own databases."""

import secrets
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.access.allow_list import AllowList, Grant
from bot.access.link import LinkRequest
from bot.access.links import Links
from bot.access.member import Action, Actor, Denied, Grade, Right
from bot.access.ownership import Ownership
from bot.incidents.history import History
from bot.incidents.incident import Affected, Conversation, Report, Scope, ScopeKind
from bot.incidents.incidents import Incidents
from bot.incidents.posts import PostKind, Posts
from bot.incidents.proposal import Claimed, Outcome
from bot.incidents.retention import Retention, months_before
from bot.servers.server import Verdict
from bot.storage.engine import OwnDatabase
from bot.storage.lease import Lease
from bot.storage.record import Record, Verified
from bot.storage.tables import incidents, metadata, proposals
from bot.summaries.digest import Digest, digest
from bot.summaries.reading import Weeks
from bot.summaries.week import week_of
from tests import builders
from tests.builders import NOON, a_backend, a_role
from tests.own_database import AT_COMMAND_LINE

ANN, TOM = "U0ANN", "U0TOM"
ZONE = ZoneInfo("America/New_York")
LATER = timedelta(days=70)
OF_PEOPLE = (ANN, TOM, "annsrole", "198.51.100.77", "anns_program", "anns_shop", "because of ann", "C0HELP", "D0ANN")
HELP = Conversation("C0HELP", "5.0")


@pytest.mark.parametrize(
    ("now", "months", "before"),
    [
        ("2026-11-22T12:30", 12, "2025-11-22T12:30"),
        ("2026-05-31T00:00", 3, "2026-02-28T00:00"),
        ("2028-03-30T00:00", 1, "2028-02-29T00:00"),
        ("2026-01-15T00:00", 1, "2025-12-15T00:00"),
    ],
)
def test_months_are_the_calendar_s(now: str, months: int, before: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert months_before(at, months) == datetime.fromisoformat(before).replace(tzinfo=UTC)


async def happened(db: OwnDatabase, record: Record) -> None:
    """Three incidents, three terminations, a refusal, a request and posts, all of them about ann, with tom's help."""
    kept = Incidents(db, record, lambda: secrets.token_hex(4))
    history, posts = History(db, record), Posts(db, lambda: secrets.token_hex(4))
    role = replace(a_role(), name="annsrole")
    await AllowList(db, record).allow(AT_COMMAND_LINE, Grant(TOM, Grade.RESPONDER), now=NOON)
    await Ownership(db, record).own(AT_COMMAND_LINE, ANN, server="class", role=role, now=NOON)
    scopes = (Scope(ScopeKind.ROLE, "annsrole"), Scope(ScopeKind.SERVER), Scope(ScopeKind.DATABASE, "anns_shop"))
    for number, scope in enumerate(scopes):
        theirs = Affected(ANN, replace(HELP, thread=f"{number}.0"), NOON, "annsrole", f"{number}.0")
        reported = await kept.report(Report("T1", "class", scope, f"{scope.kind}_limit", theirs, "anns_program"))
        await kept.answered("T1", reported.incident.id)
        await kept.acted("T1", reported.incident.id, TOM)
        await kept.resolve("T1", reported.incident.id, ANN if number else "")
        post = await posts.claim("T1", PostKind.ANSWER, reported.incident.id, HELP)
        assert post is not None
        await posts.sent(post, "6.0")
        backend = replace(
            a_backend(4711 + number, role="annsrole", database="anns_shop", application_name="anns_program"),
            client_address="198.51.100.77",
        )
        proposal = builders.a_proposal(
            backend, id=f"p{number}", team="T1", requester=ANN, role="annsrole", reason="because of ann",
            right=Right.OWNER, place=builders.a_place("D0ANN", response_url="https://hooks.example/U0ANN"),
        )  # fmt: skip
        await history.propose(proposal)
        answer = await history.claim(Actor("T1", ANN), f"p{number}", role=role, server_now=NOON, now=NOON)
        assert isinstance(answer, Claimed)
        await history.resolve(
            answer.proposal, [Outcome(one.id, Verdict.TERMINATED, NOON, "because of ann") for one in answer.proposal.targets]
        )  # fmt: skip
    await AllowList(db, record).refuse(Actor("T1", TOM), Denied(Action.LIST, "nothing"), role="annsrole", target=ANN)
    links = Links(db, record, Ownership(db, record))
    asked = await links.ask(
        Actor("T1", ANN), server="class", asked_for="annsrole", role=role, shown="shown", waits=timedelta(minutes=10)
    )
    assert isinstance(asked, LinkRequest)
    assert await links.void(asked, "gone")
    await posts.claim("T1", PostKind.NOTICE, "news", Conversation("D0ANN", ""), occasion=ANN)


async def happened_again(db: OwnDatabase, record: Record) -> None:
    """One more refusal, long ago."""
    async with db.write() as connection:
        await record.append(connection, NOON - LATER, ANN, "refusal", {"team": "T1", "why": "nothing"})


async def named(db: OwnDatabase) -> set[str]:
    """Which of `OF_PEOPLE` stands in any column of any table, but for people's rights and what the record says of these."""
    rights = ("members", "owners")
    async with db.read() as connection:
        rows = [
            row
            for table in metadata.sorted_tables
            if table.name not in rights
            for row in (await connection.execute(table.select())).all()
            if getattr(row, "kind", "") not in ("membership", "ownership")
        ]
    return {word for word in OF_PEOPLE if word in repr(rows)}


async def figures(db: OwnDatabase) -> list[Digest]:
    """The weeks in which everything happened, as they are told now; but for the record's length and the time it is."""
    weeks = Weeks(db, ZONE)
    async with db.read() as connection:
        made = (await connection.execute(select(proposals.c.created_at))).scalars().all()
        opened = (await connection.execute(select(incidents.c.opened_at))).scalars().all()
    found = sorted({week_of(at, ZONE) for at in [*made, *opened]})
    facts = [await weeks.read("T1", "class", week) for week in found]
    return [digest(replace(one, entries=0, head="", now=one.ends)) for one in facts]


def retention(db: OwnDatabase, record: Record, holder: str = "one", at_once: int = 500) -> Retention:
    return Retention(db, record, Lease(db, holder), "T1", 2, at_once=at_once)


async def test_an_old_week_tells_the_same_and_names_nobody(
    own_database: OwnDatabase, record: Record, migrated_url: str
) -> None:
    await happened(own_database, record)
    before = await figures(own_database)
    assert sum(one.incidents for one in before) == 3
    assert sum(one.terminated for one in before) == sum(one.with_consent for one in before) == 3
    assert await named(own_database) == set(OF_PEOPLE)

    await retention(own_database, record).turn()
    assert await named(own_database) == set(OF_PEOPLE), "it is not old yet"
    async with OwnDatabase(migrated_url, ahead=LATER) as later:
        await retention(later, record).turn()

        assert await named(later) == set()
        assert await figures(later) == before
        async with later.read() as connection:
            verified = await record.verify(connection)
        assert isinstance(verified, Verified)
        assert verified.forgotten > 0
        rights = await AllowList(later, record).standing(Actor("T1", ANN))
        assert [one.role for one in rights.owned] == ["annsrole"]
        told = await History(later, record).read("T1")
        assert {one.kind for one in told} >= {"termination", "membership", "ownership"}
        entries = verified.entries
        await retention(later, record).turn()
        async with later.read() as connection:
            again = await record.verify(connection)
        assert isinstance(again, Verified)
        assert again.entries == entries, "there is nothing left to do"


async def test_who_begins_again_goes_on_where_it_was_interrupted(
    own_database: OwnDatabase, record: Record, migrated_url: str
) -> None:
    await happened(own_database, record)
    before = await figures(own_database)
    async with OwnDatabase(migrated_url, ahead=LATER) as later:
        steps = 0
        while await named(later):
            async with aclosing(retention(later, record, at_once=1).steps()) as begun:
                await anext(begun, None)
            steps += 1
            assert await figures(later) == before
            async with later.read() as connection:
                assert isinstance(await record.verify(connection), Verified)
    assert steps > 10


async def test_one_process_at_a_time_does_it(own_database: OwnDatabase, record: Record, migrated_url: str) -> None:
    await happened(own_database, record)
    async with OwnDatabase(migrated_url, ahead=LATER) as later:
        assert await Lease(later, "other").take("retention:T1", timedelta(minutes=5))
        await retention(later, record).turn()
        assert await named(later) == set(OF_PEOPLE)
        await retention(later, record, "other").turn()
        assert await named(later) == set()


async def test_what_was_interrupted_is_done_when_its_lease_is_over_and_what_was_done_a_day_later(
    own_database: OwnDatabase, record: Record, migrated_url: str
) -> None:
    await happened(own_database, record)
    async with OwnDatabase(migrated_url, ahead=LATER) as later:
        killed = retention(later, record, "killed", at_once=1)
        assert await Lease(later, "killed").take("retention:T1", timedelta(minutes=5))
        async with aclosing(killed.steps()) as begun:
            await anext(begun)
        waiting = retention(later, record, "waiting")
        await waiting.turn()
        assert await named(later) != set()
        assert await Lease(later, "killed").take("retention:T1", timedelta(0))
        await waiting.turn()
        assert await named(later) == set()
        await happened_again(later, record)
        await waiting.turn()
        assert await named(later) != set(), "it was done today"


async def test_what_is_open_and_what_is_another_workspace_s_stays(
    own_database: OwnDatabase, record: Record, migrated_url: str
) -> None:
    kept, posts = Incidents(own_database, record, lambda: "open"), Posts(own_database, lambda: secrets.token_hex(4))
    theirs = Affected(ANN, HELP, NOON, "annsrole", "5.0")
    await kept.report(Report("T1", "class", Scope(ScopeKind.SERVER), "server_limit", theirs))
    await Incidents(own_database, record, lambda: "other").report(
        Report("T2", "class", Scope(ScopeKind.SERVER), "server_limit", theirs)
    )
    other = await Incidents(own_database, record, lambda: "x").resolve("T2", "other", ANN)
    assert other is not None
    for team, about in (("T1", "open"), ("T2", "other")):
        post = await posts.claim(team, PostKind.ANSWER, about, HELP)
        assert post is not None
        await posts.sent(post, "6.0")

    async with OwnDatabase(migrated_url, ahead=LATER) as later:
        await retention(later, record).turn()

        (still,) = await kept.standing("T1")
        assert (still.reporter, still.conversation, len(still.people)) == (ANN, HELP, 1)
        assert await kept.get("T2", "other") == other
        assert len(await posts.about("T1", "open", PostKind.ANSWER)) == 1
        assert len(await posts.about("T2", "other", PostKind.ANSWER)) == 1
