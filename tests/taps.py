"""Taps: TCP proxies in front of everything that a process talks to, so that something happens to it at its n-th message."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime

from bot.clock import clock

PING, PONG = 0x89, 0x8A
SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


class Passing:
    """The messages of one process in both directions, counted from when it is armed; at one of them something is done."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        """Where each message went, until the one at which something was done."""
        self._armed = False
        self._at = 0
        self._then: Callable[[], bool] = bool

    def arm(self, at: int, then: Callable[[], bool]) -> None:
        """Call `then` when message `at` (from 1) has come, before it goes on; it says whether the message goes on at all."""
        self.seen, self._armed, self._at, self._then = [], True, at, then

    def disarm(self) -> bool:
        """Let everything pass uncounted from now on; whether nothing was done by then."""
        self._armed = False
        return len(self.seen) < self._at

    def passes(self, where: str) -> bool:
        """Count one message; whether it goes on."""
        if not self._armed or len(self.seen) >= self._at:
            return True
        self.seen.append(where)
        return self._then() if len(self.seen) == self._at else True


class Signals:
    """The statements by which a server was told to end backends, read from what a client sends."""

    def __init__(self) -> None:
        self._asked: list[tuple[datetime, bytes]] = []

    def of(self, pid: int, since: datetime) -> list[datetime]:
        """When the end of this process was asked for since it began: before, another had its pid, or a role its number."""
        numbers = (b"{%d}" % pid, struct.pack("!i", pid))
        return [at for at, parameters in self._asked if at >= since and any(number in parameters for number in numbers)]

    def reader(self) -> Callable[[bytes], None]:
        """What reads along one connection."""
        signalling: set[bytes] = set()
        buffer = bytearray()
        messages = _messages(buffer)

        def read(chunk: bytes) -> None:
            buffer.extend(chunk)
            for kind, body in messages:
                if kind == b"":
                    break
                if kind == b"P":
                    name, query, _ = body.split(b"\0", 2)
                    (signalling.add if b"pg_terminate_backend" in query else signalling.discard)(name)
                elif kind == b"B":
                    _, name, parameters = body.split(b"\0", 2)
                    if name in signalling:
                        self._asked.append((clock(), parameters))

        return read


def _messages(buffer: bytearray) -> Iterator[tuple[bytes, bytes]]:
    """The messages of a PostgreSQL client, as their bytes come in; (b"", b"") where more bytes are needed."""
    started = False
    while True:
        head = 1 if started else 0
        if len(buffer) < head + 4 or len(buffer) < head + (length := int.from_bytes(buffer[head : head + 4], "big")):
            yield b"", b""
            continue
        kind, body = bytes(buffer[:head]), bytes(buffer[head + 4 : head + length])
        del buffer[: head + length]
        if started:
            yield kind, body
        else:
            started = int.from_bytes(body[:4], "big") not in (SSL_REQUEST, GSS_REQUEST)


@asynccontextmanager
async def tap(
    name: str, host: str, port: int, passing: Passing, read_along: Callable[[], Callable[[bytes], None]] | None = None
) -> AsyncIterator[int]:
    """Listen on 127.0.0.1, at the port this yields, for what is meant for `host` and `port`; every piece is one step.

    The pings and pongs of websockets are none: they come when they come.
    """
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(join(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_close, writer)
            try:
                there, further = await asyncio.open_connection(host, port)
            except OSError:
                return
            stack.push_async_callback(_close, further)
            read = read_along() if read_along else None
            flows = [
                asyncio.ensure_future(flow(f"to {name}", reader, further, read)),
                asyncio.ensure_future(flow(f"from {name}", there, writer)),
            ]
            try:
                await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in flows:
                    each.cancel()
                await asyncio.gather(*flows, return_exceptions=True)

    async def flow(
        where: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        read: Callable[[bytes], None] | None = None,
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(1 << 16):
                if chunk[0] not in (PING, PONG) and not passing.passes(where):
                    return
                if read:
                    read(chunk)
                writer.write(chunk)
                await writer.drain()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
