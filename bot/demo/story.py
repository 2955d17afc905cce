"""The story: a TA lets alice in; she reports that her notebook is kept out, and helps herself. Each step is checked."""

import asyncio
import signal
import sys
from collections.abc import Mapping

from bot.demo.classroom import LIMIT
from bot.demo.narrator import Narrator, StepFailed
from bot.demo.report import report
from bot.demo.stage import CHANNEL, INSTRUCTOR, STUDENT, TA, Stage
from bot.workspace.server import NotSeen

STRAY = "DBeaver 25.2.3 - Main"
"""How the program of the connection begins that the TA picks."""


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
        f"{STUDENT} is at {LIMIT} of {LIMIT} connections and cannot open another. As {STUDENT} say so in #{CHANNEL}, and see its thread:\n"
        f'  FATAL: too many connections for role "{STUDENT}"\n'
        f"Then switch to {TA} (a TA) and type:\n  /conns {STUDENT}\n  /kill {STUDENT} strays\n"
        f"As {STUDENT}: /conns\nAs {INSTRUCTOR} (an instructor): /connbot members\n\n"
        "Ctrl-C ends everything.",
        flush=True,
    )
    print(f"\nThe bot ended: {await stage.bot.ended()}", file=sys.stderr)
    return 1


class Story:
    """The steps, each printed as it happens."""

    def __init__(self, stage: Stage) -> None:
        self._narrator = Narrator(stage.workspace)
        self._classroom = stage.classroom

    @property
    def steps(self) -> int:
        """How many were seen to happen."""
        return self._narrator.steps

    async def tell(self) -> None:
        """Play every step; raises `StepFailed` or `NotSeen` at the first that does not happen."""
        await self._locked_out()
        await report(self._narrator, self._classroom)

    async def _locked_out(self) -> None:
        """A TA looks and ends one connection; alice's psql takes the slot."""
        narrator = self._narrator
        before = await self._refused()
        pid = next((pid for pid, name in before.items() if name.startswith(STRAY)), 0)
        listed = await narrator.types(TA, f"/conns {STUDENT}")
        narrator.step(f"{LIMIT} of {LIMIT}" in listed.text, f"the TA sees that {STUDENT} is at {LIMIT} of {LIMIT}")
        asked = await narrator.types(TA, f"/kill {STUDENT} {pid}")
        still = await self._classroom.sessions(STUDENT)
        narrator.step(still == before, "nothing ended before the click")
        await narrator.clicks(TA, "Terminate", asked, "terminate")
        left = await self._classroom.sessions(STUDENT)
        narrator.step(
            left == {one: name for one, name in before.items() if one != pid}, f"connection {pid} ended, no other"
        )
        narrator.say(f"{STUDENT}'s psql connects again")
        mine = await self._classroom.log_in(STUDENT, "psql homework")
        narrator.step(mine in await self._classroom.sessions(STUDENT), f"{STUDENT} is in")
        own = await narrator.types(STUDENT, "/conns")
        narrator.step(STUDENT in own.text, f"{STUDENT} sees the connections of the role")

    async def _refused(self) -> dict[int, str]:
        refusal = await self._classroom.try_login(STUDENT)
        self._narrator.say(f"{STUDENT}'s psql: {refusal}")
        sessions = await self._classroom.sessions(STUDENT)
        self._narrator.step(
            refusal is not None and len(sessions) == LIMIT, f"{STUDENT} is refused with {LIMIT} connections open"
        )
        return sessions
