"""Reads that are shared: who asks before one begins is served by it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

from bot.servers.opening import Connection

T = TypeVar("T")


class Runs(Protocol):
    """Does work on a connection; a `bot.servers.holder.Holder` does."""

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool) -> T:
        """Do `work` on a connection."""


class SharedReads(Generic[T]):
    """One read in flight; all who ask meanwhile share the next, which begins after they asked."""

    def __init__(self, holder: Runs, read: Callable[[Connection, Sequence[str]], Awaitable[Mapping[str, T]]]) -> None:
        self._holder = holder
        self._read = read
        self._next: _Batch[T] | None = None

    async def read(self, name: str) -> T | None:
        """Return what a read that begins after this call says of `name`; None where it says nothing."""
        batch = self._next
        if batch is None:
            batch = self._next = _Batch()
            # A task of its own: whoever asked first may go away, the others still wait for it.
            batch.answer = asyncio.create_task(self._run(batch))
            batch.answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        batch.names[name] = None
        return (await asyncio.shield(batch.answer)).get(name)

    async def _run(self, batch: "_Batch[T]") -> Mapping[str, T]:
        try:
            return await self._holder.run(partial(self._begin, batch), repeatable=True)
        finally:
            self._close(batch)

    async def _begin(self, batch: "_Batch[T]", connection: Connection) -> Mapping[str, T]:
        self._close(batch)
        return await self._read(connection, tuple(batch.names))

    def _close(self, batch: "_Batch[T]") -> None:
        if self._next is batch:
            self._next = None


class _Batch(Generic[T]):
    answer: asyncio.Task[Mapping[str, T]]

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
