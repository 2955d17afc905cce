"""The story: alice is refused, a TA looks, asks, clicks; alice gets in. Each step is checked on the server."""

import asyncio
import re
import signal
import sys
import textwrap
from collections.abc import Mapping

from bot.demo.classroom import LIMIT
from bot.demo.stage import CHANNEL, INSTRUCTOR, STUDENT, TA, Stage
from bot.workspace.model import Message, User
from bot.workspace.server import NotSeen
from bot.workspace.text import unescape

STRAY = "DBeaver 25.2.3 - Main"
"""How the program of the connection begins that the TA picks."""


WIDTH = 100
_MENTION = re.compile(r"<@([A-Z0-9]+)>")


class StepFailed(Exception):
    """A step was not seen to happen; the text says which and what was there instead."""


async def run(*, once: bool, port: int, variables: Mapping[str, str]) -> int:
    """Play the story (`once`) or leave the stage to whoever opens the page; return the exit status."""
    stop = asyncio.Event()
    told = [signal.SIGINT, signal.SIGTERM]
    # A terminal that closes ends the demo, unless that was not to be (nohup).
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        told.append(signal.SIGHUP)
    for one in told:
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    performance = asyncio.create_task(_perform(once=once, port=port, variables=variables))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({performance, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not performance.done():
        print("\nEnding …", flush=True)
        performance.cancel()
    stopped.cancel()
    await asyncio.gather(performance, stopped, return_exceptions=True)
    # A story that was cut off was not seen to its end.
    return int(once) if performance.cancelled() else performance.result()


async def _perform(*, once: bool, port: int, variables: Mapping[str, str]) -> int:
    print("Starting a PostgreSQL server, a workspace and the bot …", flush=True)
    async with Stage(variables, 0 if once else port) as stage:
        return await (_play(stage) if once else _stay(stage))


async def _play(stage: Stage) -> int:
    story = Story(stage)
    try:
        await story.tell()
    except (StepFailed, NotSeen) as exc:
        print(f"\nNot seen: {exc}", flush=True)
        return 1
    print(f"\nEvery one of {story.steps} steps was seen to happen on the server.", flush=True)
    return 0


async def _stay(stage: Stage) -> int:
    print(
        f"\nOpen {stage.workspace.url} in a browser.\n\n"
        f"{STUDENT} is at {LIMIT} of {LIMIT} connections and cannot open another. Switch to {TA} (a TA) and type in #{CHANNEL}:\n"
        f"  /conns {STUDENT}\n  /kill {STUDENT} strays\n"
        f"As {STUDENT}: /conns\nAs {INSTRUCTOR} (an instructor): /connbot members\n\n"
        "Ctrl-C ends everything.",
        flush=True,
    )
    print(f"\nThe bot ended: {await stage.bot.ended()}", file=sys.stderr)
    return 1


class Story:
    """The steps, each printed as it happens."""

    def __init__(self, stage: Stage) -> None:
        self._workspace = stage.workspace
        self._classroom = stage.classroom
        self._told: set[str] = set()
        self.steps = 0

    async def tell(self) -> None:
        """Play every step; raises `StepFailed` or `NotSeen` at the first that does not happen."""
        before = await self._refused()
        pid = next((pid for pid, name in before.items() if name.startswith(STRAY)), 0)
        listed = await self._answer(TA, f"/conns {STUDENT}")
        self._step(f"{LIMIT} of {LIMIT}" in listed.text, f"the TA sees that {STUDENT} is at {LIMIT} of {LIMIT}")
        asked = await self._answer(TA, f"/kill {STUDENT} {pid}")
        still = await self._classroom.sessions(STUDENT)
        self._step(still == before, "nothing ended before the click")
        self._say(f"{TA} clicks Terminate")
        await self._click(asked)
        left = await self._classroom.sessions(STUDENT)
        self._step(
            left == {one: name for one, name in before.items() if one != pid}, f"connection {pid} ended, no other"
        )
        self._say(f"{STUDENT}'s psql connects again")
        mine = await self._classroom.log_in(STUDENT, "psql homework")
        self._step(mine in await self._classroom.sessions(STUDENT), f"{STUDENT} is in")
        own = await self._answer(STUDENT, "/conns")
        self._step(STUDENT in own.text, f"{STUDENT} sees the connections of the role")

    async def _refused(self) -> dict[int, str]:
        refusal = await self._classroom.try_login(STUDENT)
        self._say(f"{STUDENT}'s psql: {refusal}")
        sessions = await self._classroom.sessions(STUDENT)
        self._step(
            refusal is not None and len(sessions) == LIMIT, f"{STUDENT} is refused with {LIMIT} connections open"
        )
        return sessions

    async def _answer(self, who: str, line: str) -> Message:
        """Type a command and return the bot's next message to that person."""
        self._say(f"{who} types {line}")
        delivered = await self._workspace.command(who, CHANNEL, line)
        self._step(delivered.acknowledged, f"acknowledged after {delivered.after * 1000:.0f} ms")
        message = await self._workspace.wait_for(lambda: self._new(who))
        if message is None:
            raise StepFailed(line)
        return message

    async def _click(self, asked: Message) -> None:
        await self._workspace.click(TA, CHANNEL, asked.ts, action_id="terminate")
        await self._workspace.wait_for(lambda: self._changed(asked))

    def _new(self, who: str) -> Message | None:
        for message in self._workspace.messages(CHANNEL, who):
            if message.ts not in self._told and message.app_id:
                self._told.add(message.ts)
                print(_drawn(message, self._workspace.state.users), flush=True)
                return message
        return None

    def _changed(self, asked: Message) -> Message | None:
        for message in self._workspace.messages(CHANNEL, TA):
            if message.ts == asked.ts and message.text != asked.text:
                print(_drawn(message, self._workspace.state.users), flush=True)
                return message
        return None

    def _say(self, line: str) -> None:
        print(f"\n> {line}", flush=True)

    def _step(self, happened: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
        if not happened:
            raise StepFailed(what)
        self.steps += 1
        print(f"  ✓ {what}", flush=True)


def _drawn(message: Message, people: Mapping[str, User]) -> str:
    """A message as a person would read it aloud: entities and mentions as what they stand for."""
    named = _MENTION.sub(lambda found: f"@{people[found[1]].name}" if found[1] in people else found[0], message.text)
    lines = (part for line in unescape(named).splitlines() for part in textwrap.wrap(line, WIDTH) or [""])
    return "\n".join(f"  │ {line}" for line in lines)
