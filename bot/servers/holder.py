"""The one task that owns the one connection to a server; whoever needs it leaves work in its queue."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, Generic, TypeVar

import psycopg

from bot.errors import ServerUnavailable
from bot.servers.opening import Connection, dismiss, leave, unavailable
from bot.servers.pausing import longest, pause
from bot.servers.queries import CLOCK

log = logging.getLogger(__name__)

T = TypeVar("T")

DEADLINE = 3.0
"""Seconds a query may take, and an attempt to connect until those who wait for it are told."""
WAITS = 4 / 3
"""Deadlines that a request waits for its turn: one for what hangs before it, and the time in which a replacement is opened."""
ATTEMPT_WITHIN = 10.0
"""Seconds after which an attempt to connect is given up, names resolved and every host tried."""
HEARTBEAT_EVERY = 20.0


@dataclass(slots=True, eq=False)
class _Request(Generic[T]):
    work: Callable[[Connection], Awaitable[T]]
    answer: asyncio.Future[T]
    repeatable: bool
    until: float
    """By the loop's clock: what has not begun by then is told so, and never begins."""

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Holder:
    """Holds one connection to a server for as long as it is open, and does what it is asked on it, in turn.

    - A requester that is cancelled never cancels its query; what has not begun by then is left out.
    - A query that takes longer than `DEADLINE` is given up: another connection is opened, then the old one is let go.
    - While there is no connection, requests fail at once with the reason.
    - Nobody waits long for others' queries: what has not begun after `WAITS` deadlines fails.
    """

    def __init__(
        self,
        server: str,
        connect: Callable[[], Awaitable[Connection]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        deadline: float = DEADLINE,
        heartbeat_every: float = HEARTBEAT_EVERY,
        beat: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> None:
        self._server = server
        self._connect = connect
        self._sleep = sleep
        self._draw = draw
        self._deadline = deadline
        self._heartbeat_every = heartbeat_every
        self._beat = beat or _beat
        self._waiting: deque[_Request[Any]] = deque()
        self._woken = asyncio.Event()
        self._tried = asyncio.Event()
        self._connection: Connection | None = None
        self._failure: ServerUnavailable | None = None
        self._failures = 0
        self._asked_at = -inf
        self._task: asyncio.Task[None] | None = None
        self._running: asyncio.Task[Any] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._former: list[Connection] = []  # let go, and perhaps not gone from the server yet

    @property
    def failure(self) -> ServerUnavailable | None:
        """Why there is no connection; None while there is one, or while the first attempt runs."""
        return self._failure

    async def open(self) -> None:
        """Begin to hold a connection, and wait until the first attempt has succeeded or failed."""
        self._task = asyncio.create_task(self._hold(), name=f"connection to {self._server}")
        self._task.add_done_callback(self._end)
        await self._tried.wait()

    async def close(self) -> None:
        """Let the running query end, within its deadline, and close the connection; what waits fails."""
        closed = self._failure = ServerUnavailable(self._server, "unreachable", "closed")
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._running is not None:
                await asyncio.wait({self._running}, timeout=self._deadline)
            self._let_go(connection, self._running)
        while self._leaving:
            await asyncio.wait(set(self._leaving))
        # Last, because a query that was cut off may have put its request back.
        self._fail_waiting(closed)

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool) -> T:
        """Do `work` on the connection when its turn comes; once more on a new connection if it is `repeatable` and the old breaks.

        Errors of psycopg become `ServerUnavailable`; of work that is not repeatable it is unknown then whether it was done.
        """
        loop = asyncio.get_running_loop()
        if self._failure is not None:
            self._asked_at = loop.time()
            raise _again(self._failure)
        answer: asyncio.Future[T] = loop.create_future()
        request = _Request(work, answer, repeatable, loop.time() + self._deadline * WAITS)
        self._waiting.append(request)
        self._woken.set()
        giving_up = loop.call_at(request.until, self._give_up, request)
        try:
            return await answer
        finally:
            giving_up.cancel()

    def _give_up(self, request: _Request[Any]) -> None:
        if request in self._waiting:
            self._waiting.remove(request)
            request.fail(ServerUnavailable(self._server, "deadline", "others' queries do not end"))

    # The task.

    async def _hold(self) -> None:
        while True:
            if self._connection is None:
                await self._open_first()
            elif self._connection.closed:
                self._drop()
            elif self._waiting:
                await self._carry_out(self._waiting.popleft(), self._connection)
            elif await self._is_quiet(self._connection):
                await self._carry_out(self._of_our_own(self._beat), self._connection)

    def _end(self, task: asyncio.Task[None]) -> None:
        """See that nobody waits for ever should the task end by a fault of ours."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.critical("gave up", exc_info=fault, extra={"action": "connect", "server": self._server})
            self._failure = ServerUnavailable(self._server, "unreachable", type(fault).__name__)
            self._fail_waiting(self._failure)
            self._tried.set()

    async def _open_first(self) -> None:
        connection = await self._attempt()
        if connection is None:
            await self._nap()
        else:
            self._take(connection)

    async def _carry_out(self, request: _Request[Any], connection: Connection) -> None:
        if request.answer.done():
            return
        self._running = asyncio.ensure_future(request.work(connection))
        self._running.add_done_callback(partial(self._answer, request, connection))
        done, _ = await asyncio.wait({self._running}, timeout=self._deadline)
        if not done:
            request.fail(ServerUnavailable(self._server, "deadline", f"no answer within {self._deadline:g} s"))
            await self._replace(connection, self._running)
        self._running = None

    def _answer(self, request: _Request[T], connection: Connection, task: asyncio.Task[T]) -> None:
        error = None if task.cancelled() else task.exception()
        if request.answer.done():
            return
        if task.cancelled():
            request.answer.cancel()
        elif error is None:
            request.answer.set_result(task.result())
        elif not isinstance(error, psycopg.Error):
            request.fail(error)
        elif connection.closed and request.repeatable and asyncio.get_running_loop().time() < request.until:
            request.repeatable = False
            self._waiting.appendleft(request)
        else:
            request.fail(unavailable(self._server, error))

    async def _is_quiet(self, connection: Connection) -> bool:
        """Wait for a request; True when none came until a heartbeat is due or the server sent something unasked: its farewell."""
        self._woken.clear()
        loop = asyncio.get_running_loop()
        loop.add_reader(connection.fileno(), self._woken.set)
        try:
            async with asyncio.timeout(self._heartbeat_every):
                await self._woken.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(connection.fileno())
        return not self._waiting

    def _of_our_own(self, work: Callable[[Connection], Awaitable[None]]) -> _Request[None]:
        """Work that nobody waits for."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        return _Request(work, answer, repeatable=False, until=inf)

    # Connections coming and going.

    async def _attempt(self) -> Connection | None:
        """Try to connect; those who wait are told of the failure, or after the deadline that it takes too long."""
        attempt = asyncio.ensure_future(self._connect_in_time())
        try:
            done, _ = await asyncio.wait({attempt}, timeout=self._deadline)
            if not done:
                self._note(ServerUnavailable(self._server, "unreachable", f"no connection within {self._deadline:g} s"))
            return await attempt
        except ServerUnavailable as failure:
            self._failures += 1
            self._note(failure)
            return None
        except asyncio.CancelledError:
            attempt.cancel()
            (result,) = await asyncio.gather(attempt, return_exceptions=True)
            if not isinstance(result, BaseException):
                await result.close()
            raise

    async def _nap(self) -> None:
        full = self._failure is not None and self._failure.is_full
        asked_ago = asyncio.get_running_loop().time() - self._asked_at
        await self._sleep(pause(self._failures, self._draw(), longest(full=full, asked_ago=asked_ago)))

    async def _connect_in_time(self) -> Connection:
        try:
            async with asyncio.timeout(ATTEMPT_WITHIN):
                return await self._connect()
        except TimeoutError:
            raise ServerUnavailable(self._server, "unreachable", f"no connection within {ATTEMPT_WITHIN:g} s") from None

    async def _replace(self, old: Connection, stuck: asyncio.Task[Any]) -> None:
        """Open another connection before the old one is let go: on a full server its slot may be the only one to be had.

        If the old one answers after all before another was opened, it is kept.
        """
        while (connection := await self._attempt()) is None:
            napping = asyncio.ensure_future(self._nap())
            await asyncio.wait({stuck, napping}, return_when=asyncio.FIRST_COMPLETED)
            napping.cancel()
            if stuck.done():
                if not old.closed:
                    self._take(old)
                return
        self._let_go(old, stuck)
        self._take(connection)

    def _take(self, connection: Connection) -> None:
        self._connection, self._failure, self._failures = connection, None, 0
        self._tried.set()
        while self._former:
            self._waiting.append(self._of_our_own(partial(dismiss, self._former.pop())))
        log.info("connected", extra={"action": "connect", "server": self._server})

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        log.warning("connection broke", extra={"action": "connect", "server": self._server})
        if connection is not None:
            self._let_go(connection, None)

    def _note(self, failure: ServerUnavailable) -> None:
        known = self._failure
        self._failure = failure
        self._fail_waiting(failure)
        self._tried.set()
        if known is None or known.why != failure.why:
            facts = {"action": "connect", "server": self._server, "why": failure.why, "detail": failure.detail}
            log.warning("no connection", extra=facts)

    def _fail_waiting(self, failure: ServerUnavailable) -> None:
        while self._waiting:
            self._waiting.popleft().fail(_again(failure))

    def _let_go(self, connection: Connection, stuck: asyncio.Task[Any] | None) -> None:
        self._former.append(connection)
        leaving = asyncio.create_task(leave(connection, stuck), name=f"leaving {self._server}")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


def _again(failure: ServerUnavailable) -> ServerUnavailable:
    """The same for another person: one exception raised to many would gather all their tracebacks."""
    return ServerUnavailable(failure.server, failure.why, failure.detail)


async def _beat(connection: Connection) -> None:
    await connection.execute(CLOCK)
