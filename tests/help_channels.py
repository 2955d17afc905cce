"""A course whose help channel the bot reads: what people say there, and what it says in its threads."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.incidents.patience import Patience
from bot.workspace.model import Message
from tests.courses import CHANNEL, Course, a_course, channel_id, slack_id
from tests.postgres import Postgres

STAFF = "staff"
TOP = f'help_channels = ["{channel_id(CHANNEL)}"]\nstaff_channel = "{channel_id(STAFF)}"'
HURRIED = Patience(free_for=timedelta(seconds=0.6), staff_after=timedelta(hours=1), look_every=timedelta(seconds=0.1))
PSQL = 'psql: error: connection to server at "db.example.edu" (10.0.0.5), port 5432 failed: FATAL:  '


def refused(role: str) -> str:
    """What psql prints where a role is at its limit."""
    return f'{PSQL}too many connections for role "{role}"'


def words(message: Message) -> str:
    """Everything that a message says, its blocks too; without the ids that Slack gives those."""
    blocks = [{name: part for name, part in block.items() if name != "block_id"} for block in message.blocks or ()]
    return f"{message.text}\n{json.dumps(blocks, ensure_ascii=False)}"


@dataclass
class Help:
    """The channel, as a test looks at it."""

    course: Course
    channel: str = CHANNEL

    def say(self, who: str, text: str, thread: Message | None = None, *, channel: str = "") -> Message:
        """Post what somebody says, in a message's thread if one is given."""
        root = None if thread is None else thread.thread_ts or thread.ts
        return self.course.workspace.say(who, channel or self.channel, text, root)

    def now(self, message: Message) -> Message:
        """A message as it stands now."""
        found = self.course.workspace.state.message(message.channel, message.ts)
        assert found is not None, "it is gone"
        return found

    def posted(self, channel: str = "") -> list[Message]:
        """All that the bot has said in public in a channel, and is still there."""
        state = self.course.workspace.state
        messages = state.messages(state.find_channel(channel or self.channel).id)
        return [one for one in messages if one.app_id is not None and not one.ephemeral]

    def in_thread(self, root: Message) -> list[Message]:
        """What the bot has said in public in a thread."""
        channel = self.course.workspace.state.channels[root.channel]
        return [one for one in self.posted(channel.id) if one.thread_ts == root.ts]

    def outside(self) -> list[Message]:
        """What the bot has said in public in the channel outside of every thread."""
        return [one for one in self.posted() if not one.is_reply or one.broadcast]

    def privately(self, who: str) -> list[Message]:
        """What the bot has said in the channel for this person alone."""
        return [one for one in self.course.workspace.messages(self.channel, who) if one.ephemeral]

    def direct(self, who: str) -> list[Message]:
        """What the bot has said to this person by direct message."""
        return self.posted(self.course.workspace.dm(who))

    def marks(self, message: Message) -> set[str]:
        """The names of the emoji that the bot put on a message."""
        bot = self.course.workspace.app().bot_user_id
        return {name for name, who in self.now(message).reactions if bot in who}

    async def answer(self, root: Message, *, within: float = 5.0) -> Message:
        """Wait for the first thing the bot says in a thread."""
        return (await self.said(root, 1, within=within))[0]

    async def said(self, root: Message, count: int, *, within: float = 5.0) -> list[Message]:
        """Wait until the bot has said so many things in a thread."""
        return await self.course.workspace.wait_for(
            lambda: found if len(found := self.in_thread(root)) >= count else [], within=within
        )

    async def seen(self, message: Message, mark: str = "eyes", *, within: float = 5.0) -> None:
        """Wait for a mark of the bot's on a message."""
        await self.course.workspace.wait_for(lambda: mark in self.marks(message), within=within)

    async def press(self, who: str, message: Message, action_id: str) -> None:
        """Click a button."""
        delivered = await self.course.workspace.click(who, message.channel, message.ts, action_id=action_id)
        assert delivered.acknowledged, delivered.error

    async def incidents(self) -> list[dict[str, Any]]:
        """What is on record of incidents, the first first."""
        return [one for one in reversed(await self.course.history()) if one["kind"] == "incident"]

    async def states(self) -> list[str]:
        """How the record says it went with incidents, in order."""
        return [str(one["state"]) for one in await self.incidents()]


def mention(who: str) -> str:
    """How a message mentions a person."""
    return f"<@{slack_id(who)}>"


@asynccontextmanager
async def a_help_channel(
    postgres: Postgres, url: str, folder: Path, *, patience: Patience = HURRIED, **course: Any
) -> AsyncIterator[Help]:
    """Start a course whose help channel the bot reads; at its end nothing broke Slack's rules."""
    settings: dict[str, Any] = {"top": TOP, "toml": "hosts = ['db.example.edu']", "patience": patience} | course
    async with a_course(postgres, url, folder, **settings) as running:
        yield Help(running)
        assert running.workspace.broadcasts == []
        assert running.workspace.complaints == []
