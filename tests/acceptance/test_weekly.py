"""The week comes into the staff's channel by itself, once over replicas, restarts and crashes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from bot.clock import clock
from bot.storage.tables import incidents, posts
from bot.summaries.week import last_whole
from bot.workspace.model import Message
from tests.courses import Course, a_course, channel_id, served
from tests.eventually import eventually
from tests.histories import an_incident, write
from tests.postgres import Postgres


@pytest_asyncio.fixture
async def course(postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    """A course whose last week had three incidents, and is due; nobody serves yet."""
    # Due since a moment ago, and for a week to come.
    due = clock() - timedelta(hours=1)
    top = f'staff_channel = "{channel_id("staff")}"\n[summary]\nday = "{due:%A}"\nhour = {due.hour}\n'.lower().replace(
        channel_id("staff").lower(), channel_id("staff")
    )
    async with a_course(postgres18, migrated_postgresql_url, tmp_path, top=top, serving=False) as running:
        week = last_whole(due, UTC)
        if week.told_at(due.weekday(), due.hour, UTC) > clock():
            week = week.after(-1)
        async with running.database() as database:
            days = [week.begins(UTC) + timedelta(days=day) for day in (0, 2, 6)]
            rows = [an_incident(at, day, team=running.team) for at, day in enumerate(days)]
            await write(database, incidents, *rows)
        yield running
        assert running.workspace.broadcasts == []
        assert running.workspace.complaints == []


def told(course: Course) -> list[Message]:
    return [one for one in course.workspace.messages("staff", "tina") if "Week 20" in one.text]


async def is_down(course: Course) -> bool:
    """Whether it is written down that the week was posted."""
    async with course.database() as database, database.read() as connection:
        rows = (await connection.execute(select(posts.c.sent_at).where(posts.c.kind == "summary"))).scalars().all()
    return len(rows) == 1 and rows[0] is not None


async def down(course: Course) -> None:
    await eventually(lambda: is_down(course), within=15)


async def test_three_replicas_post_it_once_and_a_restart_not_again(course: Course) -> None:
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(served(course)) for _ in range(3)))
        await down(course)
    async with served(course):
        await course.ask("tina", "/connbot help")
    (message,) = told(course)
    assert "At least 3 incidents: 3 × role limit." in message.text
    assert len(message.blocks or ()) <= 12


@pytest.mark.parametrize("posted", [False, True], ids=["before the post", "after the post"])
async def test_a_process_that_died_with_it_in_hand_costs_neither_nor_doubles_it(
    course: Course, *, posted: bool
) -> None:
    async with served(course):
        await down(course)
    (message,) = told(course)
    async with course.database() as database, database.write() as connection:
        past = await database.now(connection) - timedelta(minutes=5)
        lost = {"sent_at": None, "ts": None, "claimed_at": past, **({} if posted else {"id": "never posted"})}
        await connection.execute(update(posts).values(lost))

    async with served(course):
        await down(course)

    assert len(told(course)) == (1 if posted else 2)
    assert told(course)[0].ts == message.ts
