"""A students' server over psycopg."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import psycopg

from bot.errors import ServerUnavailable, SetupError
from bot.servers import classdb, opening, queries
from bot.servers.activity import Activity, fetch
from bot.servers.backend import BackendId
from bot.servers.guard import ABSENT, GuardState
from bot.servers.guard_function import means
from bot.servers.holder import HEARTBEAT_EVERY, Holder
from bot.servers.opening import Connection
from bot.servers.rehearsal import rehearse
from bot.servers.rights import Missing, RightsFacts, missing
from bot.servers.samples import SAMPLE, STALE_AFTER, Sample, sample_of
from bot.servers.server import Limits, Presence, Reading, Role, RoleNow, Target, Verdict, Verdicts
from bot.servers.settings import ServerSettings
from bot.servers.sharing import SharedReads
from bot.servers.sight import ACTIVITY
from bot.servers.signals import OWN_RIGHTS
from bot.servers.way import Way

log = logging.getLogger(__name__)

WATCH_FOR = 5.0
"""Seconds in which a signalled backend is expected to end."""
_FIRST_LOOK = 0.005
_LONGEST_LOOK = 0.1

_VERDICTS = {
    "gone": Verdict.ALREADY_GONE,
    "over": Verdict.ALREADY_GONE,
    "late": Verdict.INTERRUPTED,
    "changed": Verdict.CHANGED,
    "hidden": Verdict.FAILED,
    "no_right": Verdict.FAILED,
    "not_signalled": Verdict.FAILED,
    "signalled": Verdict.STILL_ENDING,
}
"""What an answer of `Way.signal` comes to unless the watch sees more; any other answer is a refusal."""
_ENDED = {"signalled": Verdict.TERMINATED, "not_signalled": Verdict.ALREADY_GONE}
"""What it comes to when the session is gone at last: one the server could not signal had ended by itself."""
_Look = Callable[[Collection[BackendId]], Awaitable[set[BackendId]]]
"""Finds which of them what was signalled still goes on in."""
_WITHOUT_DETAIL = ("gone", "changed", "signalled")


def note(server: str, lack: Missing, words: str = "something is missing on the server") -> None:
    """Log what a server lacks; whoever knows better `words` for people has it told by these."""
    facts = {"action": "rights", "server": server, "missing": lack.kind, "cost": lack.cost, "detail": lack.detail}
    log.warning(words, extra=facts)


class PostgresServer:
    """One PostgreSQL instance; see `bot.servers.server.Server`, which it is."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        watch_for: float = WATCH_FOR,
        heartbeat_every: float = HEARTBEAT_EVERY,
        tell: Callable[[str, Missing], None] = note,
    ) -> None:
        if faults := opening.faults(settings):
            raise SetupError(faults)
        self._settings = settings
        self._watch_for = watch_for
        self._tell = tell
        self._way: Way = Activity(settings)
        self._missing: tuple[Missing, ...] = ()
        self._facts: RightsFacts | None = None
        self._holder = Holder(settings.name, self._connect, heartbeat_every=heartbeat_every, beat=self._look)
        self._reads = SharedReads(self._holder, self._read)
        self._role_reads = SharedReads(self._holder, self._roles)
        self._limit_reads = SharedReads(self._holder, self._limits)

    @property
    def name(self) -> str:
        """The name it has in the configuration."""
        return self._settings.name

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What the bot's role lacks there, as last tested: often, while it is connected; () before it ever was."""
        return self._missing

    @property
    def guard(self) -> GuardState:
        """The guard there, as last tested."""
        return self._facts.guard if self._facts else ABSENT

    @property
    def failure(self) -> ServerUnavailable | None:
        """Why it cannot be asked now; None when it can."""
        return self._holder.failure

    async def open(self) -> None:
        """Take the one connection; a server that cannot be reached is tried again until `close`."""
        await self._holder.open()

    async def close(self) -> None:
        """Let the connection go."""
        await self._holder.close()

    async def read(self, role: str) -> Reading | None:
        """Read `role` (exactly, else folded to lower case) in a read that begins after this call; None: no such role."""
        return await self._reads.read(role) if _can_be_sent(role) else None

    async def role(self, name: str) -> RoleNow | None:
        """Read a role alone (exactly, else folded to lower case) in a read that begins after this call; None: no such role."""
        return await self._role_reads.read(name) if _can_be_sent(name) else None

    async def roles_by_name(self, names: Sequence[str]) -> Mapping[str, Role]:
        """Find roles, each exactly or else folded to lower case, by the name they were asked for; unknown ones are left out."""
        asked = [*filter(_can_be_sent, names)]
        found = await self._holder.run(lambda connection: self._roles(connection, asked), repeatable=True)
        return {name: now.role for name, now in found.items()}

    async def presets(self, digests: Collection[str]) -> frozenset[str]:
        """Which of these names (their SHA-256 in hex) a database or role gives its sessions as `application_name` by itself."""
        asked = {"digests": [*digests]}
        rows = await self._holder.run(lambda connection: fetch(connection, queries.PRESETS, asked), repeatable=True)
        return frozenset(row["digest"] for row in rows)

    async def limits(self, database: str | None = None) -> Limits:
        """Read the server's own limit, and a database's, in a read that begins after this call."""
        asked = database if database is not None and _can_be_sent(database) else ""
        found = await self._limit_reads.read(asked)
        assert found is not None  # noqa: S101 - it is read for every name
        return found

    async def sample(self) -> Sample:
        """Count what is in use of each limit, and what idles, in one statement."""
        return await self._holder.run(self._sample, repeatable=True)

    async def clock(self) -> datetime:
        """The server's `clock_timestamp()`, read after this call."""
        return await self._holder.run(_clock, repeatable=True)

    async def presence(self, ids: Sequence[BackendId]) -> Mapping[BackendId, Presence]:
        """Which of these sessions exist now."""
        there = await self._there(ids)
        return {backend: Presence.THERE if backend in there else Presence.GONE for backend in ids}

    async def terminate(self, targets: Sequence[Target], *, before: datetime) -> Verdicts:
        """Signal those targets that are still what was shown, if the server's clock is before `before`, and watch them end (5 s).

        All conditions stand in the statement that signals, which is sent once. `ServerUnavailable` leaves open whether a signal
        was sent; it must not be asked for again.
        """
        distinct = {target.id: target for target in targets}
        answers = await self._holder.run(
            lambda connection: self._signal(connection, distinct, before), repeatable=False
        )
        return await self._watched(answers, self._there)

    async def cancel(self, targets: Sequence[Target], *, before: datetime) -> Verdicts:
        """Cancel the queries of those targets that still run the one that was shown; else as `terminate`."""
        distinct = {target.id: target for target in targets}
        answers = await self._holder.run(
            lambda connection: self._cancel(connection, distinct, before), repeatable=False
        )
        return await self._watched(answers, lambda ids: self._running([distinct[backend] for backend in ids]))

    async def running(self, targets: Sequence[Target]) -> Mapping[BackendId, Presence]:
        """Which of these sessions still run the query that was shown."""
        running = await self._running(targets)
        return {target.id: Presence.THERE if target.id in running else Presence.GONE for target in targets}

    async def _watched(self, answers: Mapping[BackendId, str], look: _Look) -> Verdicts:
        """See what becomes of those that were signalled, and give each its verdict."""
        left = {backend for backend, answer in answers.items() if answer in _ENDED}
        async for there in self._watch(left, look):
            left = there
        verdicts, details = {}, {}
        for backend, answer in answers.items():
            ended = backend not in left
            verdicts[backend] = (_ENDED if ended else _VERDICTS).get(answer) or _VERDICTS.get(answer, Verdict.REFUSED)
            if answer not in _WITHOUT_DETAIL:
                # What is late was there, and nothing was sent to it.
                details[backend] = Presence.THERE if answer == "late" else answer
        return Verdicts(verdicts, details)

    # Work on the connection.

    async def _connect(self) -> Connection:
        connection = await opening.connect(self._settings)
        try:
            facts = await opening.settle_in(connection, self._settings)
            way = self._choose(facts)
            await rehearse(self.name, way, connection)
        except psycopg.Error as exc:
            await connection.close()
            raise opening.unavailable(self.name, exc) from exc
        except BaseException:
            await connection.close()
            raise
        self._way = way
        self._note(facts)
        return connection

    def _choose(self, facts: RightsFacts) -> Way:
        """The way that tells most, and the means that may do least: the guard where there is one that can be trusted."""
        settings = replace(self._settings, students=facts.students)
        sees = classdb.LISTED if facts.classdb and not facts.reads_all else ACTIVITY
        by = {"guard": means(facts.role), "classdb": classdb.MEANS}.get(_signals_by(facts), OWN_RIGHTS)
        return Activity(settings, by, sees)

    async def _look(self, connection: Connection) -> None:
        """See what the bot may do now: rights come and go while it is connected."""
        facts = await opening.look(connection, self._settings)
        if self._facts != facts:
            self._way = self._choose(facts)
        self._note(facts)

    async def _signal(
        self, connection: Connection, targets: Mapping[BackendId, Target], before: datetime
    ) -> dict[BackendId, str]:
        await self._look(connection)
        return await self._way.signal(connection, targets, before)

    async def _cancel(
        self, connection: Connection, targets: Mapping[BackendId, Target], before: datetime
    ) -> dict[BackendId, str]:
        await self._look(connection)
        return await self._way.cancel(connection, targets, before)

    async def _read(self, connection: Connection, names: Sequence[str]) -> dict[str, Reading]:
        return await self._way.read(connection, names)

    async def _limits(self, connection: Connection, names: Sequence[str]) -> dict[str, Limits]:
        return dict.fromkeys(names, await self._way.limits(connection, [*filter(None, names)]))

    async def _sample(self, connection: Connection) -> Sample:
        (row,) = await fetch(connection, SAMPLE, {"stale_after": STALE_AFTER})
        return sample_of(row, self._settings, connection.info.server_version)

    async def _roles(self, connection: Connection, names: Sequence[str]) -> dict[str, RoleNow]:
        return await self._way.roles(connection, names)

    def _note(self, facts: RightsFacts) -> None:
        by = _signals_by(facts)
        if self._facts is None or by != _signals_by(self._facts):
            log.info("signals sessions", extra={"action": "rights", "server": self.name, "by": by})
        self._facts = facts
        lacks = missing(facts)
        for lack in lacks:
            if lack not in self._missing:
                self._tell(self.name, lack)
        self._missing = lacks

    async def _watch(self, left: Collection[BackendId], look: _Look) -> AsyncIterator[set[BackendId]]:
        """Say again and again which of them are there, until none is or the time is over; others' reads go between ours."""
        loop = asyncio.get_running_loop()
        over, pause = loop.time() + self._watch_for, _FIRST_LOOK
        while left and loop.time() < over:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_LOOK)
            try:
                left = await look(left)
            except ServerUnavailable:
                # The signal is sent; that we cannot look now is no reason to say less of the others.
                continue
            yield left

    async def _there(self, ids: Collection[BackendId]) -> set[BackendId]:
        asked = tuple(ids)
        return await self._holder.run(lambda connection: self._way.there(connection, asked), repeatable=True)

    async def _running(self, targets: Collection[Target]) -> set[BackendId]:
        asked = tuple(targets)
        return await self._holder.run(lambda connection: self._way.running(connection, asked), repeatable=True)


def _signals_by(facts: RightsFacts) -> str:
    """By what sessions are signalled, in words."""
    if facts.guard.usable:
        return "guard"
    return "own rights" if facts.signals else "classdb" if facts.classdb else "nothing"


async def _clock(connection: Connection) -> datetime:
    (row,) = await fetch(connection, queries.CLOCK, {})
    time: datetime = row["clock_timestamp"]
    return time.astimezone(UTC)


def _can_be_sent(name: str) -> bool:
    """PostgreSQL's text has no NUL and no half characters, so no role is named so."""
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in name)
