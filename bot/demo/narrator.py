"""Who tells the story: each thing that is done is said, and each step is checked before it is told."""

import re
import textwrap
from collections.abc import Callable, Mapping

from bot.demo.stage import CHANNEL
from bot.workspace.model import Message, User
from bot.workspace.server import Workspace
from bot.workspace.text import unescape

WIDTH = 100
_MENTION = re.compile(r"<@([A-Z0-9]+)>")


class StepFailed(Exception):
    """A step was not seen to happen; the text says which and what was there instead."""


class Narrator:
    """Prints what people do in #db-help and what the bot answers, as it happens."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._told: set[tuple[str, str]] = set()
        self.steps = 0

    def say(self, line: str) -> None:
        """Tell what somebody does."""
        print(f"\n> {line}", flush=True)

    def step(self, happened: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
        """Tell that something was seen to happen; raises `StepFailed` where it was not."""
        if not happened:
            raise StepFailed(what)
        self.steps += 1
        print(f"  ✓ {what}", flush=True)

    async def types(self, who: str, line: str) -> Message:
        """Type a command and return the bot's next message to that person."""
        self.say(f"{who} types {line}")
        delivered = await self.workspace.command(who, CHANNEL, line)
        self.step(delivered.acknowledged, f"acknowledged after {delivered.after * 1000:.0f} ms")
        return await self.next(who)

    async def clicks(self, who: str, label: str, message: Message, action_id: str) -> Message:
        """Click a button and return what the bot says then to that person, anew or in the message's place."""
        self.say(f"{who} clicks {label}")
        await self.workspace.click(who, CHANNEL, message.ts, action_id=action_id)
        return await self.next(who)

    async def next(
        self, who: str, meant: Callable[[Message], bool] = lambda _: True, *, within: float = 5.0
    ) -> Message:
        """Wait for something of the bot's that this person sees and that was not told yet, and tell it."""
        message = await self.workspace.wait_for(lambda: self._untold(who, meant), within=within)
        if message is None:
            raise StepFailed(f"the bot's next message to {who}")
        self._told.add((message.ts, message.text))
        print(drawn(message, self.workspace.state.users), flush=True)
        return message

    def _untold(self, who: str, meant: Callable[[Message], bool]) -> Message | None:
        seen = self.workspace.messages(CHANNEL, who)
        return next((one for one in seen if one.app_id and (one.ts, one.text) not in self._told and meant(one)), None)


def drawn(message: Message, people: Mapping[str, User]) -> str:
    """A message as a person would read it aloud: entities and mentions as what they stand for."""
    named = _MENTION.sub(lambda found: f"@{people[found[1]].name}" if found[1] in people else found[0], message.text)
    lines = (part for line in unescape(named).splitlines() for part in textwrap.wrap(line, WIDTH) or [""])
    return "\n".join(f"  │ {line}" for line in lines)
