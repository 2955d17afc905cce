"""Tracked tasks: what goes on after an acknowledgement is kept hold of, and finished before the program ends.

Bolt keeps no handle on what a listener starts, and loses an acknowledgement when the listener raises right after it
(reference: Bolt's asyncio runner); so the work runs here, where nothing it raises can reach Bolt.
"""

import asyncio
import logging
from collections.abc import Coroutine

log = logging.getLogger(__name__)


class Work:
    """The tasks in flight; they catch their own errors, so whatever still escapes is a fault of ours and is logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._courtesies: set[asyncio.Task[object]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coroutine: Coroutine[object, object, object], name: str, *, needed: bool = True) -> None:
        """Run `coroutine` as a task of its own and return at once; one that is not `needed` may be cut off at the end."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        if not needed:
            self._courtesies.add(task)
        task.add_done_callback(self._finished)

    async def drain(self, within: float) -> int:
        """Wait up to `within` seconds for the tasks in flight, those they start meanwhile too; then cancel. Return how many were cut."""
        deadline = asyncio.get_running_loop().time() + within
        while (needed := self._tasks - self._courtesies) and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(needed, timeout=left)
        for task in set(self._courtesies):
            task.cancel()
        await asyncio.gather(*self._courtesies, return_exceptions=True)
        cut = set(self._tasks)
        for task in cut:
            log.warning("cut off at shutdown", extra={"action": task.get_name()})
            task.cancel()
        await asyncio.gather(*cut, return_exceptions=True)
        return len(cut)

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        self._courtesies.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", extra={"action": task.get_name()}, exc_info=error)
