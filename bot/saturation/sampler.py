"""Samples every server, one process at a time."""

import asyncio
import logging
from datetime import timedelta

from bot.errors import ServerUnavailable
from bot.saturation.samples import Allowed, Samples
from bot.servers.fleet import Fleet
from bot.storage.lease import Lease

log = logging.getLogger(__name__)

TURNS_HELD = 1.5
"""Turns for which a process that took a server's samples is waited for, before another takes them."""
LEAST_HELD = timedelta(seconds=10)
THIN_EVERY = 10
"""Turns between two looks for what has grown old."""


class Sampler:
    """Takes a sample of each server a turn, unless another process does."""

    def __init__(self, fleet: Fleet, samples: Samples, lease: Lease, every: timedelta) -> None:
        self._fleet = fleet
        self._samples = samples
        self._lease = lease
        self._hold_for = max(every * TURNS_HELD, LEAST_HELD)
        self._turns = 0

    async def turn(self) -> None:
        """Sample all servers at once; one that cannot be asked costs the others nothing, and is a gap."""
        await asyncio.gather(*(self._sample(name) for name in self._fleet.names))
        if self._turns % THIN_EVERY == 0:
            await self.thin()
        self._turns += 1

    async def thin(self) -> None:
        """Let what was kept grow old, of every server, whether it can be asked, or is configured here, or not."""
        for name in await self._samples.servers():
            work = f"thinning:{name}"
            if await self._lease.take(work, self._hold_for):
                await self._samples.thin(name, self._still(work))

    async def _sample(self, name: str) -> None:
        server = self._fleet.choose(name)
        # Who cannot ask the server does not keep others from it.
        if server.failure is not None or not await self._lease.take(_work(name), self._hold_for):
            return
        try:
            sample = await server.sample()
        except ServerUnavailable as exc:
            log.info("no sample", extra={"action": "sample", "server": name, "why": exc.why})
            return
        # A process that was stopped meanwhile comes too late with what it saw.
        await self._samples.keep(sample, self._still(_work(name)))

    def _still(self, work: str) -> Allowed:
        return lambda connection: self._lease.holds(connection, work)


def _work(name: str) -> str:
    return f"samples:{name}"
