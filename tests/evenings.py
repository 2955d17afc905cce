"""One incident with everybody around it: what they are told alone, and the modals before them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.incidents.incident import Incident
from bot.incidents.incidents import Incidents
from bot.slack import ids
from bot.storage.record import Record
from bot.workspace.block_kit.walk import elements
from bot.workspace.delivery import Envelope
from bot.workspace.model import Message
from bot.workspace.views import View
from tests.courses import CHANNEL, slack_id
from tests.eventually import eventually
from tests.help_channels import HURRIED, Help, a_help_channel, refused
from tests.postgres import OpenBackend, Postgres

CALM = replace(HURRIED, free_for=timedelta(hours=1))
"""Nothing is over by itself."""


@dataclass
class Evening:
    """Alice's role is full, she said so, and the answer stands in the thread; tom is a TA."""

    help: Help
    role: str
    opened: list[OpenBackend]
    root: Message
    answer: Message
    _heard: dict[str, set[str]] = field(default_factory=dict)

    async def click(self, who: str, message: Message, action_id: str) -> Message:
        """Press a button, and wait for what is said to whoever pressed it alone, in the same thread."""
        self.attend(who, message.channel)
        await self.help.press(who, message, action_id)
        return await self.told(who, message.channel)

    def attend(self, who: str, channel: str = CHANNEL) -> None:
        """Take all that this person was told alone as heard."""
        self._heard[who] = {one.ts for one in self._private(who, channel)}

    async def told(self, who: str, channel: str = CHANNEL) -> Message:
        """Wait for what this person is told alone."""
        found = await self.help.course.workspace.wait_for(lambda: self.unheard(who, channel), within=10)
        self._heard.setdefault(who, set()).add(found[0].ts)
        return found[0]

    def unheard(self, who: str, channel: str = CHANNEL) -> list[Message]:
        return [one for one in self._private(who, channel) if one.ts not in self._heard.get(who, set())]

    def _private(self, who: str, channel: str) -> list[Message]:
        return [one for one in self.help.course.workspace.messages(channel, who) if one.ephemeral]

    async def view(self, who: str, depth: int = 1) -> View:
        """Wait until so many modals stand before a person, with the facts in the uppermost."""

        def ready() -> bool:
            views = self.help.course.workspace.views(who)
            return len(views) == depth and "Looking at the server" not in str(views[-1].blocks)

        await eventually(ready, within=10)
        return self.help.course.workspace.views(who)[-1]

    async def tools(self, who: str = "tom", message: Message | None = None) -> View:
        """Open the staff's tools."""
        await self.help.press(who, message or self.answer, ids.STAFF_TOOLS)
        return await self.view(who)

    async def incidents(self) -> list[Incident]:
        """The open incidents."""
        async with self.help.course.database() as database:
            return list(await Incidents(database, Record(None), str).standing())

    async def are_open(self, count: int) -> bool:
        """Whether so many incidents are open."""
        return len(await self.incidents()) == count

    async def the_incident(self) -> Incident:
        """The one that is open."""
        (incident,) = await self.incidents()
        return incident

    async def is_seen_by(self, who: str) -> bool:
        """Whether this person is the first of the staff who did something about it."""
        return (await self.the_incident()).human == slack_id(who)

    async def deliver(self, payload: dict[str, Any]) -> None:
        """Send whatever somebody makes up, as if Slack did."""
        workspace = self.help.course.workspace
        trigger = workspace._interactions._triggers.issue(workspace.app(), workspace.state.find_user("mallory"))
        delivered = await workspace._delivery.send(
            workspace.app(), Envelope.INTERACTION, {"trigger_id": trigger, **payload}
        )
        assert delivered.acknowledged


@asynccontextmanager
async def an_evening(postgres: Postgres, url: str, folder: Path) -> AsyncIterator[Evening]:
    """Begin it; at its end nothing broke Slack's rules."""
    async with a_help_channel(postgres, url, folder, patience=CALM) as channel:
        course = channel.course
        role = course.make_student(3)
        await course.own("alice", role)
        await course.grant("tom")
        opened = await course.fill(role, 3)
        root = channel.say("alice", refused(role))
        yield Evening(channel, role, opened, root, await channel.answer(root))


def actions(surface: Message | View) -> list[str]:
    return [element["action_id"] for _, element in elements(surface.blocks)]


def value_of(surface: Message | View, action_id: str) -> str:
    return next(str(element["value"]) for _, element in elements(surface.blocks) if element["action_id"] == action_id)
