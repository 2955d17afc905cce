"""The admin console of a server's PgBouncer: who its clients are, and the end of some."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo
from psycopg.pq import Format
from psycopg.rows import dict_row

from bot.causes.refusal import recognise_refusal
from bot.errors import PoolerUnavailable, SetupError
from bot.servers.backend import Backend, BackendId
from bot.servers.ends import addresses, port
from bot.servers.opening import Connection, leave
from bot.servers.pooled import PooledReading, Row, Shown, find, has_changed, place_of, readings_of, target_now
from bot.servers.server import Presence, Target, Verdict, Verdicts
from bot.servers.settings import ServerSettings
from bot.servers.sharing import SharedReads

T = TypeVar("T")

DEADLINE = 3.0
"""Seconds that a look at a console may take, from connecting to the last answer."""
FOR_EACH = 0.05
"""Seconds more for each client that is to be ended."""
LONGEST = 10.0
"""Seconds that a visit takes at most: settlement looks later."""
_PARAMETERS: dict[str, str | int] = {
    "application_name": "connbot",
    "client_encoding": "UTF8",
    "connect_timeout": 3,
    # The console refuses those it does not know, and the environment may bring some.
    "options": "",
}
_ADMIN_NEEDED = "admin access needed"
_ANSWERS = ((_ADMIN_NEEDED, "no_right"), ("client not found", "gone"))
_VERDICTS = {
    "gone": Verdict.ALREADY_GONE,
    "changed": Verdict.CHANGED,
    "late": Verdict.INTERRUPTED,
    "ended": Verdict.TERMINATED,
}
"""What an answer comes to; any other is a failure, for the reason that it is."""

Look = Callable[[Connection, Sequence[str]], Awaitable[Mapping[str, PooledReading]]]


class _Text(Loader):
    """Reads text whatever bytes it holds; those that are no letters become halves of characters, which no role's name has."""

    format = Format.TEXT

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")


class Console:
    """One PgBouncer's admin console. A connection is open only while it is asked, and takes none of the server's slots.

    It speaks the simple query protocol alone, so nothing is sent with parameters.
    """

    def __init__(self, settings: ServerSettings, clock: Callable[[], datetime], *, deadline: float = DEADLINE) -> None:
        self._server = settings.name
        fault = (
            f"The pgbouncer of servers.{settings.name} cannot be read: write it as name=value pairs, such as "
            'pgbouncer = "host=… port=6432 dbname=pgbouncer user=…".'
        )
        if not settings.pgbouncer or not settings.pgbouncer.strip():
            # libpq would take whatever the environment says, or its own defaults.
            raise SetupError((fault,))
        try:
            self._conninfo = make_conninfo(settings.pgbouncer, **_PARAMETERS)
        except psycopg.Error:
            raise SetupError((fault,)) from None
        self._hosts, self._port = frozenset((*settings.hosts, *addresses(settings))), port(settings)
        self._clock = clock
        self._deadline = deadline
        self._looks = SharedReads(self, self._look)
        self._leaving: set[asyncio.Task[None]] = set()

    async def look(self, role: str) -> PooledReading:
        """Read the clients of the role of exactly this name, in a look that begins after this call."""
        reading = await self._looks.read(role)
        if reading is None:
            raise PoolerUnavailable(self._server, "unreadable")
        return reading

    async def presence(self, role: str, ids: Collection[BackendId]) -> Mapping[BackendId, Presence]:
        """Which of these clients of a role there are now."""
        clients = (await self.look(role)).clients
        return {one: Presence.THERE if find(clients, one) else Presence.GONE for one in ids}

    async def end(
        self, targets: Sequence[Target], backends: Mapping[int, Backend], *, in_time: Callable[[], bool]
    ) -> Verdicts:
        """End those clients of one role that are still what was shown, each only if it is `in_time` right before.

        `backends` are the role's on the server now, by pid: they tell what a client is at. All is done on one connection, so
        by one process of the pooler, in which a number is given once. `PoolerUnavailable` leaves open what was ended; where
        nothing was sent, the verdicts say that instead.
        """
        ending = _Ending(self._look, targets, backends, in_time)
        try:
            within = min(self._deadline + FOR_EACH * len(targets), max(self._deadline, LONGEST))
            await self._visit(ending.run, within)
        except PoolerUnavailable:
            if ending.sent:
                raise
            return Verdicts(
                {target.id: Verdict.FAILED for target in targets}, {target.id: "console_silent" for target in targets}
            )
        finally:
            ending.given_up = True
        return Verdicts(ending.verdicts, ending.details)

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool) -> T:  # noqa: ARG002 -- as a holder's; here each has a connection of its own
        """Do `work` on a connection of its own; raises `PoolerUnavailable`."""
        return await self._visit(work, self._deadline)

    async def close(self) -> None:
        """Wait until every connection is closed."""
        while self._leaving:
            await asyncio.wait(set(self._leaving))

    async def _visit(self, work: Callable[[Connection], Awaitable[T]], within: float) -> T:
        loop = asyncio.get_running_loop()
        over = loop.time() + within
        connection = await self._connect()
        working = asyncio.ensure_future(work(connection))
        working.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            done, _ = await asyncio.wait({working}, timeout=over - loop.time())
        finally:
            self._let_go(connection, working)
        if not done:
            raise PoolerUnavailable(self._server, "deadline")
        try:
            return working.result()
        except psycopg.Error as exc:
            raise self._unavailable(exc) from exc

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(self._deadline):
                connection = await Connection.connect(
                    self._conninfo, autocommit=True, prepare_threshold=None, row_factory=dict_row
                )
        except TimeoutError:
            raise PoolerUnavailable(self._server, "deadline") from None
        except (psycopg.Error, OSError, ValueError) as exc:
            # Not chained: libpq repeats pieces of the connection string, which a log would then show.
            refusal = recognise_refusal(str(exc))
            why = "refused" if refusal.by_server else "unreachable"
            raise PoolerUnavailable(self._server, why, refusal.words) from None
        connection.adapters.register_loader("text", _Text)
        return connection

    async def _look(self, connection: Connection, names: Sequence[str]) -> dict[str, PooledReading]:
        shown = Shown(
            clients=await _show(connection, b"SHOW CLIENTS"),
            servers=await _show(connection, b"SHOW SERVERS"),
            databases=await _show(connection, b"SHOW DATABASES"),
            at=self._clock(),
        )
        try:
            return readings_of(shown, self._server, names, self._hosts, self._port)
        except (KeyError, TypeError, ValueError) as exc:
            raise PoolerUnavailable(self._server, "unreadable", type(exc).__name__) from exc

    def _unavailable(self, error: psycopg.Error) -> PoolerUnavailable:
        words = error.diag.message_primary
        if words is None:
            return PoolerUnavailable(self._server, "unreachable")
        return PoolerUnavailable(self._server, "rights" if words == _ADMIN_NEEDED else "unreadable", words)

    def _let_go(self, connection: Connection, working: asyncio.Task[T]) -> None:
        leaving = asyncio.create_task(leave(connection, working), name=f"leaving {self._server}'s pooler")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


class _Ending:
    """The end of some clients of one role on one connection, and how far it came."""

    def __init__(
        self, look: Look, targets: Sequence[Target], backends: Mapping[int, Backend], in_time: Callable[[], bool]
    ) -> None:
        self._look = look
        self._targets = {target.id: target for target in targets}
        self._backends = backends
        self._in_time = in_time
        self.sent = False
        self.given_up = False
        """Nobody waits any more: nothing further is sent."""
        self.verdicts: dict[BackendId, Verdict] = {}
        self.details: dict[BackendId, str] = {}

    async def run(self, connection: Connection) -> None:
        """Look the clients up and end those that are still what was shown; the pooler answers when it has cut one off."""
        clients = await self._clients(connection)
        for target in self._targets.values():
            answer = self._stopped(target, clients.get(target.id)) or await self._kill(connection, target.id)
            self._note(target.id, answer)

    async def _clients(self, connection: Connection) -> dict[BackendId, Target]:
        """Those of the targets there are, as they are now."""
        roles = list(dict.fromkeys(target.role for target in self._targets.values()))
        readings = await self._look(connection, roles)
        found = {}
        for shown in self._targets.values():
            reading = readings[shown.role]
            client = find(reading.clients, shown.id)
            if client is not None and place_of(client) == shown.client_address:
                found[shown.id] = target_now(client, shown.id, shown.role, self._backends)
        return found

    def _stopped(self, shown: Target, now: Target | None) -> str:
        """What forbids to send for this one; '' where nothing does."""
        if now is None:
            return "gone"
        if has_changed(shown, now):
            return "changed"
        return "late" if self.given_up or not self._in_time() else ""

    async def _kill(self, connection: Connection, one: BackendId) -> str:
        # Nothing is awaited between the look at the time and the sending.
        self.sent = True
        try:
            await connection.execute(b"KILL_CLIENT %d" % one.pid)
        except psycopg.Error as exc:
            words = exc.diag.message_primary
            if words is None:
                raise
            return next((answer for known, answer in _ANSWERS if words.startswith(known)), words)
        return "ended"

    def _note(self, one: BackendId, answer: str) -> None:
        self.verdicts[one] = _VERDICTS.get(answer, Verdict.FAILED)
        if self.verdicts[one] is Verdict.FAILED:
            self.details[one] = answer


async def _show(connection: Connection, what: bytes) -> list[Row]:
    cursor = await connection.execute(what)
    return [*await cursor.fetchall()]
