"""The bot as a process of its own, as a course runs it; it ends when its starter ends, however that came about."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bot.errors import SetupError

READY_WITHIN = 30.0
STOP_WITHIN = 15.0
# The shell outlives the starter by a moment: when the pipe on its standard input closes (SIGKILL closes it too), it ends
# the bot in order.
_KEEPER = r"""
exec 3<&0 0</dev/null
"$@" 3<&- &
bot=$!
{ read -r _ <&3; kill -TERM $bot; } 2>/dev/null &
reader=$!
wait $bot; status=$?
kill $reader 2>/dev/null
exit $status
"""


class BotProcess:
    """One `connbot serve`, and commands beside it, with the same environment."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it serves; raises `SetupError` with its last words when it does not."""
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "sh", "-c", _KEEPER, "sh", sys.executable, "-m", "bot", "serve",
                env=self._environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                # Ctrl-C is for us: we then stop it in its turn.
                start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), READY_WITHIN)
        except TimeoutError:
            line = b""
        if not line:
            raise SetupError((f"The bot did not start: {self._last_words()}",))

    async def ended(self) -> str:
        """Wait until it ends by itself; its last words."""
        if self._process is not None:
            await self._process.wait()
        return self._last_words()

    async def stop(self) -> None:
        """Tell it to end, and make it when it does not."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        await process.stdout.read()

    async def run(self, *arguments: str) -> None:
        """Run one command of the command line beside it; raises `SetupError` with what it said when it failed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments,
            env=self._environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode:
            raise SetupError((f"connbot {arguments[0]} failed: {said.decode().strip()}",))

    def _last_words(self) -> str:
        said = self._log.read_text("utf-8", "replace").strip().splitlines()
        return said[-1] if said else "it said nothing."
