"""What is said after another message, and makes sense only after it, waits until that one was read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

LONGEST_WAIT = 10.0
"""Seconds; a message that takes longer than that to be read has no place in any order."""


class Turns:
    """The messages of each conversation that are being read now, in the order in which they came."""

    def __init__(self) -> None:
        self._going: dict[str, dict[asyncio.Future[None], None]] = {}

    @asynccontextmanager
    async def turn(self, channel: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Be read; what is yielded waits for those of the same conversation that came before."""
        going = self._going.setdefault(channel, {})
        earlier, mine = tuple(going), asyncio.get_running_loop().create_future()
        going[mine] = None

        async def after_those() -> None:
            if earlier:
                await asyncio.wait(earlier, timeout=LONGEST_WAIT)

        try:
            yield after_those
        finally:
            mine.set_result(None)
            del going[mine]
            if not going:
                self._going.pop(channel, None)
