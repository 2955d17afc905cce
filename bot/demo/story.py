"""The story: alice is refused, a TA looks, asks, clicks; alice gets in. Each step is checked on the server."""

import asyncio
import signal
from collections.abc import Mapping

from bot.demo.classroom import LIMIT
from bot.demo.stage import CHANNEL, INSTRUCTOR, STUDENT, TA, Stage
from bot.workspace.model import Message
from bot.workspace.server import NotSeen

STRAY = "pgAdmin 4 - CONN"
"""How the program of the connection begins that the TA picks."""


class StepFailed(Exception):
    """A step was not seen to happen; the text says which and what was there instead."""


async def run(*, once: bool, port: int, variables: Mapping[str, str]) -> int:
    """Play the story (`once`) or leave the stage to whoever opens the page; return the exit status."""
    print("Starting a PostgreSQL server, a workspace and the bot …", flush=True)
    async with Stage(variables, 0 if once else port) as stage:
        if once:
            return await _play(stage)
        await _stay(stage)
        return 0


async def _play(stage: Stage) -> int:
    story = Story(stage)
    try:
        await story.tell()
    except (StepFailed, NotSeen) as exc:
        print(f"\nNot seen: {exc}", flush=True)
        return 1
    print(f"\nEvery one of {story.steps} steps was seen to happen on the server.", flush=True)
    return 0


async def _stay(stage: Stage) -> None:
    print(
        f"\nOpen {stage.workspace.url} in a browser.\n\n"
        f"{STUDENT} is at {LIMIT} of {LIMIT} connections and cannot open another. Switch to {TA} (a TA) and type in #{CHANNEL}:\n"
        f"  /conns {STUDENT}\n  /kill {STUDENT} strays\n"
        f"As {STUDENT}: /conns\nAs {INSTRUCTOR} (an instructor): /connbot members\n\n"
        "Ctrl-C ends everything.",
        flush=True,
    )
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    await stop.wait()
    print("\nEnding …", flush=True)


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
        self._step(delivered.acknowledged, f"acknowledged after {delivered.after * 1000:.1f} ms", quiet=True)
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
                print(_drawn(message), flush=True)
                return message
        return None

    def _changed(self, asked: Message) -> Message | None:
        for message in self._workspace.messages(CHANNEL, TA):
            if message.ts == asked.ts and message.text != asked.text:
                print(_drawn(message), flush=True)
                return message
        return None

    def _say(self, line: str) -> None:
        print(f"\n> {line}", flush=True)

    def _step(self, happened: bool, what: str, *, quiet: bool = False) -> None:  # noqa: FBT001 - reads as an assertion
        if not happened:
            raise StepFailed(what)
        self.steps += 1
        if not quiet:
            print(f"  ✓ {what}", flush=True)


def _drawn(message: Message) -> str:
    return "\n".join(f"  │ {line}" for line in message.text.splitlines())
