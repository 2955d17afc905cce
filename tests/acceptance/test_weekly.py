"""The week comes into the staff's channel by itself, once over replicas, restarts and crashes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select, update

from bot.clock import clock
from bot.composition.parts import new_id
from bot.incidents.posts import SENDING_TAKES, Posts
from bot.slack.posting import Posting
from bot.slack.week_teller import ChannelTeller
from bot.storage.engine import OwnDatabase
from bot.storage.tables import incidents, posts
from bot.summaries.told import tell
from bot.summaries.week import last_whole
from bot.workspace.limits import Fault
from bot.workspace.model import Message
from bot.workspace.server import Workspace
from tests.courses import Course, a_course, channel_id, served
from tests.eventually import eventually
from tests.histories import an_incident, write
from tests.postgres import Postgres
from tests.weeks import busy
from tests.workspaces import BOT_TOKEN, a_client, a_workspace


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


@pytest_asyncio.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with a_workspace() as workspace:
        yield workspace
        assert workspace.complaints == []


def a_teller(workspace: Workspace, db: OwnDatabase, channel: str = "staff", **given: Any) -> ChannelTeller:
    """One process's way to a channel."""
    posting = Posting(a_client(workspace), Posts(db, new_id), **given)
    found = workspace.state.find_channel(channel).id if channel in ("staff", "general") else channel
    return ChannelTeller(posting, "T1", found, clock, UTC)


async def a_minute_later(db: OwnDatabase) -> None:
    async with db.write() as connection:
        past = await db.now(connection) - SENDING_TAKES - timedelta(seconds=1)
        await connection.execute(update(posts).values(claimed_at=past))


def told_in(workspace: Workspace, channel: str) -> list[Message]:
    return [one for one in workspace.messages(channel, "bob") if "Week 2026-W47" in one.text]


@pytest.mark.parametrize("shut", ["archived", "without us"])
async def test_it_comes_when_the_channel_takes_it_again(
    workspace: Workspace, own_database: OwnDatabase, shut: str
) -> None:
    teller, staff = a_teller(workspace, own_database), workspace.state.find_channel("staff")
    without_us = tuple(one for one in staff.members if one != workspace.app().bot_user_id)
    workspace.state.replace_channel(
        replace(staff, archived=True) if shut == "archived" else replace(staff, members=without_us)
    )
    week = tell(busy())
    for _ in range(2):
        assert not await teller.tell(week)
        await a_minute_later(own_database)
    workspace.state.replace_channel(staff)

    assert await teller.tell(week)
    assert await a_teller(workspace, own_database).tell(week)

    (message,) = told_in(workspace, "staff")
    assert any(block["type"] == "data_visualization" for block in message.blocks or ())


async def test_it_comes_into_the_channel_that_is_configured_now(
    workspace: Workspace, own_database: OwnDatabase
) -> None:
    week = tell(busy())
    assert not await a_teller(workspace, own_database, "C0NOWHERE").tell(week)
    await a_minute_later(own_database)

    assert await a_teller(workspace, own_database, "general").tell(week)
    assert await a_teller(workspace, own_database, "staff").tell(week)

    assert [len(told_in(workspace, channel)) for channel in ("general", "staff")] == [1, 0]
    async with own_database.read() as connection:
        kept = (await connection.execute(select(posts.c.channel))).scalars().all()
    assert kept == [workspace.state.find_channel("general").id]


async def test_what_was_sent_to_the_channel_of_before_is_found_there(
    workspace: Workspace, own_database: OwnDatabase
) -> None:
    week = tell(busy())
    assert await a_teller(workspace, own_database, "general").tell(week)
    async with own_database.write() as connection:
        await connection.execute(update(posts).values(sent_at=None, ts=None))
    await a_minute_later(own_database)

    assert await a_teller(workspace, own_database, "staff").tell(week)

    assert [len(told_in(workspace, channel)) for channel in ("general", "staff")] == [1, 0]


async def test_who_was_stopped_after_the_claim_sends_nothing_any_more(
    workspace: Workspace, own_database: OwnDatabase
) -> None:
    week, times = tell(busy()), iter([0.0, SENDING_TAKES.total_seconds()])
    assert not await a_teller(workspace, own_database, elapsed=lambda: next(times)).tell(week)
    assert told_in(workspace, "staff") == []
    await a_minute_later(own_database)
    assert await a_teller(workspace, own_database).tell(week)
    assert len(told_in(workspace, "staff")) == 1


async def test_after_trouble_of_slack_s_own_it_comes_with_its_charts(
    workspace: Workspace, own_database: OwnDatabase
) -> None:
    week, teller = tell(busy()), a_teller(workspace, own_database, again_after=())
    workspace.inject("chat.postMessage", Fault(status=500))
    assert not await teller.tell(week)
    await a_minute_later(own_database)
    assert await teller.tell(week)
    (message,) = told_in(workspace, "staff")
    assert any(block["type"] == "data_visualization" for block in message.blocks or ())


async def test_where_slack_knows_no_charts_it_comes_without(own_database: OwnDatabase) -> None:
    taken: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        said = await request.text()
        if request.match_info["method"] != "chat.postMessage":
            return web.json_response({"ok": True, "messages": []})
        if "data_visualization" in said:
            return web.json_response({"ok": False, "error": "invalid_blocks"})
        taken.append(said)
        return web.json_response({"ok": True, "ts": "1.000001"})

    app = web.Application()
    app.router.add_post("/api/{method}", answer)
    app.router.add_get("/api/{method}", answer)
    async with TestServer(app) as server:
        client = AsyncWebClient(BOT_TOKEN, base_url=str(server.make_url("/api/")))
        teller = ChannelTeller(Posting(client, Posts(own_database, new_id)), "T1", "C0STAFF", clock, UTC)
        assert not await teller.tell(tell(busy()))
        await a_minute_later(own_database)
        assert await teller.tell(tell(busy()))
    assert len(taken) == 1


@pytest.mark.parametrize("sent", [True, False])
async def test_a_week_that_was_left_is_looked_for(
    workspace: Workspace, own_database: OwnDatabase, *, sent: bool
) -> None:
    week, teller = tell(busy()), a_teller(workspace, own_database)
    if not sent:
        workspace.inject("chat.postMessage", Fault(status=500), 3)
    assert await teller.tell(week) is sent
    async with own_database.write() as connection:
        await connection.execute(update(posts).values(sent_at=None, ts=None))
    assert not await teller.recall("class", week.digest.week), "somebody has it in hand"
    await a_minute_later(own_database)

    assert await teller.recall("class", week.digest.week)

    async with own_database.read() as connection:
        kept = (await connection.execute(select(posts.c.ts))).scalars().all()
    assert kept == ([told_in(workspace, "staff")[0].ts] if sent else [None])
