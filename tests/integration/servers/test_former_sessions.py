"""What the bot leaves behind on a server when it changes its connection: nothing, as soon as it has another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.errors import ServerUnavailable
from bot.servers import opening
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, held, pid
from tests.postgres import Postgres


@pytest.mark.parametrize("noticed", ["by a deadline", "by an error"])
async def test_a_connection_whose_way_is_dead_leaves_no_second_slot_taken(course18: Class, noticed: str) -> None:
    async with way(course18.postgres) as line:
        dsn = course18.postgres.dsn(course18.bot, port=line.port)
        async with held(course18, dsn=dsn, deadline=0.3) as holder:
            before = await holder.run(pid, repeatable=True)
            line.forget(break_off=noticed == "by an error")
            if noticed == "by a deadline":
                with pytest.raises(ServerUnavailable):
                    await holder.run(pid, repeatable=True)
            # The server knows nothing of it: to it the first one's client is there as ever.
            await eventually(lambda: course18.postgres.activity(before) == {})
            assert await holder.run(pid, repeatable=True) != before
            assert course18.sessions() == 1


async def test_only_that_very_session_of_its_own_is_dismissed(course18: Class) -> None:
    settings = course18.settings()
    first, second = await opening.connect(settings), await opening.connect(settings)
    try:
        for connection in (first, second):
            await opening.settle_in(connection, settings)
        assert first.session is not None
        number, started_at = first.session
        first.session = number, started_at - timedelta(microseconds=1)
        await opening.dismiss(first, second)
        assert course18.sessions() == 2
        first.session = number, started_at
        await opening.dismiss(first, second)
        await eventually(lambda: course18.sessions() == 1)
        # A session of somebody else's is not the bot's to dismiss.
        other = await course18.postgres.open_backend(course18.make_student())
        first.session = other.pid, other.started_at
        await opening.dismiss(first, second)
        assert course18.postgres.is_open(other)
    finally:
        await first.close()
        await second.close()


class Way:
    """A way to the server that can die without the server noticing."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._writers: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.port = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one client's bytes to and fro."""
        to_server = await asyncio.open_connection(self._postgres.host, self._postgres.port)
        self._writers.append((writer, to_server[1]))
        for source, sink in ((reader, to_server[1]), (to_server[0], writer)):
            self._tasks.append(asyncio.create_task(_pour(source, sink)))

    def forget(self, *, break_off: bool) -> None:
        """Carry nothing more of those there are; their clients may be told, the server never is."""
        for task in self._tasks:
            task.cancel()
        for client, _ in self._writers if break_off else ():
            client.transport.abort()

    def close(self) -> None:
        """Let all of them go."""
        for task in self._tasks:
            task.cancel()
        for writers in self._writers:
            for writer in writers:
                writer.transport.abort()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        sink.write(chunk)


@asynccontextmanager
async def way(postgres: Postgres) -> AsyncIterator[Way]:
    line = Way(postgres)
    async with await asyncio.start_server(line.carry, "127.0.0.1", 0) as listener:
        line.port = listener.sockets[0].getsockname()[1]
        try:
            yield line
        finally:
            line.close()
