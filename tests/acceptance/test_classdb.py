"""A bot whose login has ClassDB's instructor rights and no others: what it cannot see it says, and asks why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.clients import Doing
from bot.slack import ids
from bot.workspace.block_kit.walk import elements
from bot.workspace.model import Message
from tests.classdb import ClassDb, a_home, installed
from tests.courses import a_course, slack_id
from tests.postgres import Postgres


@pytest.fixture
def classdb(postgres18: Postgres) -> Iterator[ClassDb]:
    with a_home(postgres18) as dbname, installed(postgres18, dbname) as classdb:
        yield classdb


def said(message: Message) -> str:
    """All that a message shows."""
    return f"{message.text} {message.blocks}"


async def test_staff_give_a_reason_and_owners_need_none(
    classdb: ClassDb, migrated_sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dsn = classdb.dsn(classdb.make_instructor())
    postgres = classdb.postgres
    async with a_course(postgres, migrated_sqlite_url, tmp_path, dsn=dsn) as course:
        alice = course.make_student()
        one, other = await course.fill(alice, 2)
        writer = await postgres.open_backend(alice, Doing.WRITTEN, application_name="DBeaver")
        await course.grant("tom")
        await course.own("alice", alice)
        assert "ClassDB's functions" in caplog.text

        listed = await course.ask("tom", f"/conns {alice}")
        assert "does not show the bot states" in said(listed)
        assert f"`/kill {alice} PID on class because \u2026`" in said(listed)
        assert "3 of 5 connections" in listed.text
        assert "uncommitted writes" in said(listed)

        asked = await course.ask("tom", f"/kill {alice} {one.pid} {writer.pid}")
        assert "Whether a query is running the server does not show the bot" in asked.text
        assert f"Would be lost: uncommitted writes (pid {writer.pid})." in asked.text
        assert f"or type `/kill {alice} {one.pid} {writer.pid} on class because \u2026`" in asked.text
        assert classdb.asked_to_end() == []
        told = await course.give_reason("tom", asked, ids.TERMINATE_BECAUSE, "exam at 9")
        assert "1 of 5 connections" in told.text
        assert [postgres.is_open(backend) for backend in (one, other, writer)] == [False, True, False]
        assert sorted(classdb.asked_to_end()) == sorted([one.pid, writer.pid])
        entry = (await course.history(alice))[0]
        assert (entry["reason"], entry["requester"]) == ("exam at 9", slack_id("tom"))
        assert {backend["outcome"] for backend in entry["backends"]} == {"terminated"}

        mine = await course.ask("alice", "/conns")
        assert "needs a reason" not in said(mine)
        closing = await course.press("alice", mine, ids.CLOSE)
        assert "End 1 connection" in closing.text
        await course.press("alice", closing, ids.TERMINATE)
        assert not postgres.is_open(other)
        assert course.workspace.complaints == []


async def test_what_is_ticked_ends_for_a_reason_only(
    classdb: ClassDb, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    dsn = classdb.dsn(classdb.make_instructor())
    async with a_course(classdb.postgres, migrated_sqlite_url, tmp_path, dsn=dsn) as course:
        alice = course.make_student()
        opened = await course.fill(alice, 2)
        await course.grant("tom")
        listed = await course.ask("tom", f"/conns {alice}")
        (box,) = [element for _, element in elements(listed.blocks) if element["type"] == "checkboxes"]
        await course.workspace.check("tom", listed.channel, listed.ts, [one["value"] for one in box["options"]])

        asked = await course.press("tom", listed, ids.TERMINATE_CHOSEN)

        actions = [element["action_id"] for _, element in elements(asked.blocks)]
        assert actions == [ids.TERMINATE_BECAUSE, ids.WITHDRAW]
        typed = await course.ask("tom", f"/kill {alice} {opened[0].pid} because exam at 9")
        assert ids.TERMINATE in [element["action_id"] for _, element in elements(typed.blocks)]
        cancelled = await course.ask("tom", f"/kill {alice} {opened[0].pid} --cancel")
        assert "the server does not show the bot what it is doing" in cancelled.text
        assert all(classdb.postgres.is_open(backend) for backend in opened)
