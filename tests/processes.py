"""`connbot` as a process of its own, as an operator runs it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENDS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process left."""

    status: int
    out: str
    err: str


class Process:
    """A running `connbot`; its standard error goes to a file, so that nothing blocks it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def err(self) -> str:
        """What it wrote to standard error so far."""
        return self._log.read_text("utf-8", "replace")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def line(self) -> str:
        """The next line of its standard output; "" when it has ended."""
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), ENDS_WITHIN)).decode()

    def signal(self, number: int) -> None:
        """Send it a signal; one that is gone gets none."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def end(self) -> Ended:
        """Wait until it has ended."""
        assert self._process.stdout is not None
        out = await asyncio.wait_for(self._process.stdout.read(), ENDS_WITHIN)
        return Ended(await asyncio.wait_for(self._process.wait(), ENDS_WITHIN), out.decode(), self.err)


@asynccontextmanager
async def started(
    arguments: Sequence[str], variables: Mapping[str, str], log: Path, *, stdin: int = asyncio.subprocess.DEVNULL
) -> AsyncIterator[Process]:
    """Start `connbot` with these arguments and nothing but these variables of ours; it is killed if it is still there."""
    with log.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=log.parent,
            env=surroundings() | dict(variables),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=err,
        )
    try:
        yield Process(process, log)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        assert process.stdout is not None
        await process.stdout.read()
        await process.wait()


async def connbot(*arguments: str, variables: Mapping[str, str], folder: Path) -> Ended:
    """Run one command to its end."""
    async with started(arguments, variables, folder / "connbot.err") as process:
        return await process.end()


@asynccontextmanager
async def serving(variables: Mapping[str, str], log: Path) -> AsyncIterator[Process]:
    """Run `connbot serve`, from when it says that it serves."""
    async with started(["serve"], variables, log) as process:
        assert "serves" in await process.line(), process.err
        yield process


def surroundings() -> dict[str, str]:
    """What a process needs of this one's environment."""
    return {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", ""), "PYTHONPATH": str(ROOT)}
