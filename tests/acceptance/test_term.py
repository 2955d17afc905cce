"""The end of a term in the staff's channel: a week before, and when what was given for it has lapsed; once over replicas."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.clock import clock
from bot.storage.tables import members, owners
from bot.workspace.model import Message
from tests.courses import Course, a_course, channel_id, served
from tests.postgres import Postgres


def told(course: Course) -> list[Message]:
    return [one for one in course.workspace.messages("staff", "tina") if "The term" in one.text]


@pytest.mark.parametrize(
    ("ends_in", "words", "keeps"),
    [
        (3, "these lapse: 1 link of a student to a role and 1 grant of responders", True),
        (-2, "on record: 1 link of a student to a role and 1 grant of responders", False),
    ],
    ids=["before", "after"],
)
async def test_staff_are_told_once_and_students_keep_or_lose_what_is_theirs(
    postgres18: Postgres, migrated_url: str, tmp_path: Path, ends_in: int, words: str, *, keeps: bool
) -> None:
    ends = (clock() + timedelta(days=ends_in)).date()
    top = f'staff_channel = "{channel_id("staff")}"\n[term]\nends = {ends}\n'
    replicas = 1 if migrated_url.startswith("sqlite") else 3
    async with a_course(postgres18, migrated_url, tmp_path, top=top, serving=False) as course:
        alice = course.make_student()
        await course.own("alice", alice)
        await course.grant("tom")
        async with course.database() as database, database.write() as connection:
            past = clock() - timedelta(days=30)
            await connection.execute(update(owners).values(linked_at=past))
            await connection.execute(update(members).values(added_at=past))
        async with AsyncExitStack() as stack:
            await asyncio.gather(*(stack.enter_async_context(served(course)) for _ in range(replicas)))
            (message,) = await course.workspace.wait_for(lambda: told(course), within=15)
            assert words in message.text
            for who in ("alice", "tom"):
                answer = await course.ask(who, f"/conns {alice}")
                assert ("You may not" in answer.text) != keeps, answer.text
        async with served(course):
            await course.ask("alice", "/connbot help")
        assert len(told(course)) == 1
        assert course.workspace.complaints == []
