"""Messages on their way through Bolt: each is heard once, and no failure leaves a trace in a channel."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import func, select

from bot.access.member import Standing
from bot.clock import clock
from bot.errors import OwnDatabaseUnavailable, ServerUnavailable
from bot.slack.call import Call
from bot.slack.front import COMMANDS, Front
from bot.slack.hearing import Hearing
from bot.slack.marks import Marks
from bot.slack.messages import Removed, Rewritten, Spoken, Us, Written
from bot.slack.windows import Windows
from bot.storage.engine import OwnDatabase
from bot.storage.tables import deliveries
from bot.workspace.delivery import Envelope
from bot.workspace.model import Message
from bot.workspace.server import Workspace
from tests.fronts import a_front
from tests.workspaces import BOT_TOKEN, a_workspace, with_our_manifest

HELP, ELSEWHERE = "general", "staff"


@dataclass
class Listening:
    """A bot that listens in #general, keeps what it heard, and fails as it is told to."""

    workspace: Workspace
    marks: Marks
    front: Front = field(init=False)
    heard: list[Spoken] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    failure: Exception | None = None

    async def on_spoken(self, _: Call, standing: Standing, spoken: Spoken) -> None:
        if self.failure is not None:
            raise self.failure
        self.heard.append(spoken)
        self.standings.append(standing)

    async def until(self, count: int) -> list[Spoken]:
        await self.workspace.wait_for(lambda: len(self.heard) >= count)
        return self.heard

    async def last(self) -> list[Spoken]:
        """What was heard, after another message went the same way."""
        self.workspace.say("bob", HELP, "last")
        await self.workspace.wait_for(
            lambda: any(isinstance(one, Written) and one.text == "last" for one in self.heard)
        )
        return self.heard[:-1]

    async def told(self, who: str, channel: str) -> list[Message]:
        """What the bot says there to this person."""
        return await self.workspace.wait_for(
            lambda: [one for one in self.workspace.messages(channel, who) if one.bot_id]
        )

    async def deliver(self, inner: Any, event_id: str = "Ev01") -> None:
        body = {"type": "event_callback", "team_id": self.workspace.state.team.id, "event_id": event_id, "event": inner}
        sent = await self.workspace._delivery.send(self.workspace.app(), Envelope.EVENT, body)
        assert sent.acknowledged


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Listening]:
    async with a_workspace(with_our_manifest(), now=clock) as workspace:
        us = Us(workspace.state.team.id, workspace.app().bot_user_id)
        help_channel = workspace.state.find_channel(HELP).id
        bot = Listening(workspace, Marks([help_channel]))
        hearing = Hearing(us, [help_channel], bot.marks)

        def bind(app: AsyncApp, front: Front, _: Windows) -> None:
            for kind in ("message", "app_mention"):
                app.event(kind)(front.event(hearing, bot.on_spoken))

        async with a_front(workspace, url, bind) as bot.front:
            yield bot
        assert workspace.complaints == []


async def test_what_is_said_in_a_help_channel_is_heard(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        first = bot.workspace.say("alice", HELP, "it says <no> & stops")
        await bot.until(1)
        reply = bot.workspace.say("bob", HELP, "same", first.ts)
        await bot.until(2)
        changed = bot.workspace.edit("alice", first, "it works")
        await bot.until(3)
        bot.workspace.delete("bob", reply)
        said, same, edited, gone = await bot.until(4)

    assert isinstance(said, Written)
    assert (said.text, said.ts, said.person) == ("it says <no> & stops", first.ts, first.user)
    assert isinstance(same, Written)
    assert same.thread == first.ts
    assert isinstance(edited, Rewritten)
    assert (edited.now.text, edited.before and edited.before.text) == (changed.text, said.text)
    assert isinstance(gone, Removed)
    assert gone.ts == reply.ts
    assert {standing.actor.id for standing in bot.standings} == {first.user, reply.user}


async def test_a_message_with_replies_that_is_deleted_is_gone(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        first = bot.workspace.say("alice", HELP, "help")
        bot.workspace.say("bob", HELP, "same", first.ts)
        bot.workspace.delete("alice", first)
        *_, gone = await bot.until(3)

    assert isinstance(gone, Removed)
    assert gone.ts == first.ts


async def test_what_does_not_concern_us_does_not_reach_the_own_database(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        one = bot.workspace.say("bob", ELSEWHERE, "FATAL: too many connections")
        bot.workspace.edit("bob", one, "never mind")
        bot.workspace.delete("bob", one)
        assert await bot.last() == []

    async with OwnDatabase(migrated_sqlite_url) as database:
        assert await stored_keys(database) == 1
    assert bot.front.deliveries == 1


async def stored_keys(database: OwnDatabase) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(deliveries))).scalar_one())


async def test_a_mention_is_heard_once_wherever_it_is(migrated_sqlite_url: str) -> None:
    """Slack sends it as a mention, and as a message too."""
    async with listening(migrated_sqlite_url) as bot:
        for channel in (HELP, ELSEWHERE):
            bot.workspace.say("bob", channel, "@connbot resolve")
        here, there = await bot.until(2)
        assert await bot.last() == [here, there]

    assert isinstance(here, Written)
    assert isinstance(there, Written)
    assert (here.words, there.words) == ("resolve", "resolve")


async def test_after_a_mention_its_thread_is_heard(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        asked = bot.workspace.say("bob", ELSEWHERE, "@connbot it is full")
        await bot.until(1)
        bot.workspace.say("carol", ELSEWHERE, "same", asked.ts)
        _, reply = await bot.until(2)

    assert isinstance(reply, Written)
    assert reply.text == "same"


async def test_a_direct_message_is_heard(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        bot.workspace.say("alice", bot.workspace.dm("alice"), "help")
        (heard,) = await bot.until(1)

    assert isinstance(heard, Written)
    assert heard.where.private


async def test_a_delivery_that_comes_again_is_heard_once(migrated_sqlite_url: str) -> None:
    """By this process it is known without asking; by another one the own database knows."""
    async with listening(migrated_sqlite_url) as bot:
        said = bot.workspace.say("alice", HELP, "help")
        await bot.until(1)
        message = {"type": "message", "channel": said.channel, "user": said.user, "ts": said.ts, "text": "help"}
        await bot.deliver(message, "Ev77")
        assert len(await bot.last()) == 1
    async with listening(migrated_sqlite_url) as other:
        await other.deliver(message | {"ts": said.ts}, "Ev77")
        assert await other.last() == []


async def test_what_programs_say_is_not_heard(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        client = AsyncWebClient(BOT_TOKEN, base_url=bot.workspace.api_url)
        channel = bot.workspace.state.find_channel(HELP).id
        posted = await client.chat_postMessage(channel=channel, text="Too many connections")
        await client.chat_update(channel=channel, ts=posted["ts"], text="There is room again")
        await client.chat_delete(channel=channel, ts=posted["ts"])
        assert await bot.last() == []


@pytest.mark.parametrize("failure", [ZeroDivisionError("nobody foresaw this"), ServerUnavailable("class", "deadline")])
async def test_a_failure_in_a_channel_is_logged_and_bothers_nobody(
    failure: Exception, migrated_sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(migrated_sqlite_url) as bot:
        bot.failure = failure
        bot.workspace.say("alice", HELP, "help")
        await bot.workspace.wait_for(lambda: "message" in [record.__dict__.get("action") for record in caplog.records])
        bot.failure = None
        await bot.last()

        assert all(one.bot_id is None for one in bot.workspace.messages(HELP, "alice"))
        assert bot.workspace.messages(bot.workspace.dm("alice"), "alice") == []
    assert bot.front.failures == isinstance(failure, ZeroDivisionError)


@pytest.mark.parametrize("failure", [ZeroDivisionError("nobody foresaw this"), ServerUnavailable("class", "deadline")])
async def test_whoever_asked_is_told_of_a_failure(failure: Exception, migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        bot.failure = failure
        direct = bot.workspace.dm("alice")
        bot.workspace.say("alice", direct, "help")
        bot.workspace.say("bob", HELP, "@connbot help")
        told = [await bot.told("alice", direct), await bot.told("bob", HELP)]

    assert [[message.ephemeral_to is not None for message in each] for each in told] == [[True], [True]]


async def test_what_the_own_database_could_not_take_is_to_be_read_again(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        (channel,) = bot.marks.behind()
        bot.marks.reached(channel, "1795348800.000000")
        bot.failure = OwnDatabaseUnavailable()
        bot.workspace.say("alice", HELP, "help")
        await bot.workspace.wait_for(bot.marks.behind)

    assert bot.marks.behind() == (channel,)


async def test_questions_have_a_pace_and_reports_have_not(migrated_sqlite_url: str) -> None:
    async with listening(migrated_sqlite_url) as bot:
        direct = bot.workspace.dm("alice")
        for number in range(COMMANDS + 3):
            bot.workspace.say("alice", direct, f"question {number}")
            bot.workspace.say("bob", HELP, f"message {number}")
        await bot.until(COMMANDS + COMMANDS + 3)
        told = await bot.told("alice", direct)
        heard = await bot.last()

    assert len(told) == 1
    assert sum(one.channel == direct for one in heard) == COMMANDS


async def test_odd_and_forged_events_harm_nothing(migrated_sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    garbage: list[Any] = [None, 5, "", "<!channel>", [], {}, ["x"], {"x": {"x": []}}, "x" * 9000]
    async with listening(migrated_sqlite_url) as bot:
        channel = bot.workspace.state.find_channel(HELP).id
        message = {"type": "message", "channel": channel, "user": "U0ALICE00", "ts": "1795348800.000100", "text": "x"}
        change = {"type": "message", "subtype": "message_changed", "channel": channel, "ts": "1795348800.000200"}
        for number, odd in enumerate(garbage):
            # Bolt itself wants words for the conversation and the person.
            keys = ("channel", "user", "ts", "subtype") if isinstance(odd, str) else ("ts", "subtype")
            for key in keys:
                await bot.deliver(message | {key: odd}, f"Ev{number}")
            for key in ("message", "previous_message"):
                await bot.deliver(change | {"message": message, key: odd}, f"Ev{number}")
        heard = await bot.last()

    assert {one.ts for one in heard} <= {"1795348800.000100"}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
