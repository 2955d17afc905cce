"""Two bots on one PostgreSQL database share clicks, settlements and tellings: one effect, one telling."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from sqlalchemy import select, update

from bot.clock import clock
from bot.incidents.history import History
from bot.incidents.proposal import Claimed, Outcome
from bot.servers.server import Verdict
from bot.slack import ids
from bot.storage.record import Record, Verified
from bot.storage.tables import proposals
from bot.workspace.delivery import Envelope
from bot.workspace.model import Json, Message
from tests.clicks import a_click
from tests.courses import CHANNEL, Course, a_course, served
from tests.eventually import eventually
from tests.postgres import OpenBackend, Postgres

CLICKS = 10


@pytest_asyncio.fixture
async def course(postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    async with a_course(postgres18, migrated_postgresql_url, tmp_path, serving=False) as course:
        await course.grant("tom")
        yield course
        async with course.database() as database, database.read() as connection:
            assert isinstance(await Record(None).verify(connection), Verified)


async def two(course: Course, stack: AsyncExitStack) -> None:
    """Begin two bots at the same moment."""
    await asyncio.gather(*(stack.enter_async_context(served(course)) for _ in range(2)))
    assert len(course.workspace.socket_mode.connections(course.workspace.app().id)) == 2


async def asked_for(course: Course) -> tuple[str, OpenBackend, Message]:
    """A student's session that a responder was asked about."""
    alice = course.make_student()
    one, _ = await course.fill(alice, 2)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    course.look("tom")
    return alice, one, asked


async def deliver(course: Course, payload: Json) -> None:
    """Send a payload to whichever bot has its turn."""
    delivered = await course.workspace._delivery.send(course.workspace.app(), Envelope.INTERACTION, payload)
    assert delivered.acknowledged


def told(course: Course) -> list[str]:
    """What tom was told since he looked, in the channel or by direct message."""
    new = [*course.new("tom"), *course.workspace.messages(course.workspace.dm("tom"), "tom")]
    return [message.text for message in new]


async def terminations(course: Course, role: str) -> list[list[str]]:
    """The outcomes of each termination of a role that is on record."""
    found = [entry for entry in await course.history(role) if entry["kind"] == "termination"]
    return [[backend["outcome"] for backend in entry["backends"]] for entry in found]


async def test_the_same_click_delivered_to_both_has_one_effect_and_one_answer(course: Course) -> None:
    async with AsyncExitStack() as stack:
        await two(course, stack)
        alice, one, asked = await asked_for(course)

        await asyncio.gather(*(deliver(course, a_click(course, "tom", asked, ids.TERMINATE)) for _ in range(4)))
        await eventually(lambda: told(course))

    # Both have said by now whatever they had to say.
    assert ["ended 1 connection" in text for text in told(course)] == [True]
    assert not course.postgres.is_open(one)
    assert await terminations(course, alice) == [["terminated"]]


async def test_of_ten_clicks_one_ends_and_nine_are_told_who_was_first(course: Course) -> None:
    async with AsyncExitStack() as stack:
        await two(course, stack)
        alice, one, asked = await asked_for(course)

        await asyncio.gather(
            *(deliver(course, a_click(course, "tom", asked, ids.TERMINATE, f"1.2.{n}")) for n in range(CLICKS))
        )
        await eventually(lambda: len(told(course)) == CLICKS)

    assert sum("ended 1 connection" in text for text in told(course)) == 1
    assert sum("was first" in text and "his click did nothing more" in text for text in told(course)) == CLICKS - 1
    assert not course.postgres.is_open(one)
    assert await terminations(course, alice) == [["terminated"]]


async def left_claimed(course: Course, count: int) -> list[str]:
    """Proposals that a process claimed a minute ago and did not live to resolve; returns their roles."""
    async with served(course):
        roles = [(await asked_for(course))[0] for _ in range(count)]
    async with course.database() as database:
        async with database.read() as connection:
            rows = (await connection.execute(select(proposals))).all()
        history = History(database, Record(None))
        for row in rows:
            proposal = await history.get(course.team, row.id)
            assert proposal is not None
            place = replace(proposal.place, response_url=None, response_url_until=None)
            claimed = await history.claim(
                proposal.requester_actor,
                row.id,
                role=course.role(row.role),
                server_now=clock() - timedelta(minutes=1),
                now=clock(),
                place=place,
            )
            assert isinstance(claimed, Claimed)
    course.look("tom")
    return roles


async def test_what_a_process_left_claimed_is_settled_once_and_told_once(course: Course) -> None:
    roles = await left_claimed(course, 3)

    async with AsyncExitStack() as stack:
        await two(course, stack)
        await eventually(lambda: len(told(course)) >= len(roles), within=10)

    assert len(told(course)) == len(roles)
    assert all("interrupted" in text and "still there" in text for text in told(course))
    assert [await terminations(course, role) for role in roles] == [[["interrupted"]]] * len(roles)


async def test_what_a_process_left_untold_is_told_once(course: Course) -> None:
    roles = await left_claimed(course, 3)
    async with course.database() as database:
        history = History(database, Record(None))
        for proposal in await history.overdue():
            await history.resolve(proposal, [Outcome(one.id, Verdict.TERMINATED, clock()) for one in proposal.targets])
        async with database.write() as connection:
            await connection.execute(update(proposals).values(telling_until=clock() - timedelta(seconds=1)))

    async with AsyncExitStack() as stack:
        await two(course, stack)
        await eventually(lambda: is_told(course), within=10)

    assert sorted(text.split(" of ")[1].split()[0] for text in told(course)) == sorted(roles)
    assert all("ended 1 connection" in text for text in told(course))


async def test_a_message_that_was_sent_and_not_noted_is_not_sent_again(course: Course) -> None:
    """As when the process was killed right after the direct message."""
    roles = await left_claimed(course, 2)
    async with AsyncExitStack() as stack:
        await two(course, stack)
        await eventually(lambda: len(told(course)) == len(roles), within=10)
    async with course.database() as database, database.write() as connection:
        values = {"told_at": None, "telling_until": clock() - timedelta(seconds=1)}
        await connection.execute(update(proposals).values(values))

    async with AsyncExitStack() as stack:
        await two(course, stack)
        await eventually(lambda: is_told(course), within=10)

    assert len(told(course)) == len(roles)


async def is_told(course: Course) -> bool:
    async with course.database() as database, database.read() as connection:
        return None not in (await connection.execute(select(proposals.c.told_at))).scalars().all()


async def test_a_cancel_that_nobody_lived_to_answer_is_answered_by_another(course: Course) -> None:
    async with served(course):
        alice, one, asked = await asked_for(course)
    async with course.database() as database:
        history = History(database, Record(None))
        async with database.read() as connection:
            row = (await connection.execute(select(proposals))).one()
        proposal = await history.get(course.team, row.id)
        assert proposal is not None
        place = replace(proposal.place, response_url=None, response_url_until=None)
        await history.withdraw(proposal.requester_actor, row.id, place=place)
        async with database.write() as connection:
            await connection.execute(update(proposals).values(telling_until=clock() - timedelta(seconds=1)))

    async with AsyncExitStack() as stack:
        await two(course, stack)
        await eventually(lambda: is_told(course), within=10)

    (text,) = told(course)
    assert text.startswith("Cancelled: nothing was ended.")
    assert course.postgres.is_open(one)
    assert await terminations(course, alice) == [[None]]
    assert asked in course.workspace.messages(CHANNEL, "tom")
