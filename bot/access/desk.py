"""Where every delivery from Slack comes in: whether it is the first of its key, and who it is from.

Those that come while a transaction is in flight wait together and are served by the next one, so a hundred at once cost
two transactions and not a hundred.
"""

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.member import Action, Actor, Standing
from bot.access.standing import read_standings
from bot.errors import NotPermitted
from bot.storage.columns import storable
from bot.storage.engine import OwnDatabase
from bot.storage.tables import deliveries

KEPT_FOR = timedelta(hours=24)
"""How long a delivery's key is known; Slack sends nothing again that late."""
_TIDIED_EVERY = timedelta(hours=1)
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to one delivery; `first` is true for exactly one delivery of a key."""

    first: bool
    standing: Standing


class Deliveries:
    """The keys of what was delivered: of several claims of one, in whatever transactions, one is the first."""

    def __init__(self, db: OwnDatabase) -> None:
        self._claim = (
            db.insert(deliveries)
            .values(received_at=db.clock)
            .on_conflict_do_nothing()
            .returning(deliveries.c.team, deliveries.c.key)
        )

    async def is_first(self, connection: AsyncConnection, actor: Actor, delivery_key: str) -> bool:
        """Claim one in the caller's transaction; without a key there is no telling it from another one."""
        which = _stored(actor.team, delivery_key)
        return not which[1] or bool(await self.claim(connection, {which}))

    async def claim(self, connection: AsyncConnection, which: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Claim teams' keys in the caller's transaction; return those that this is the first claim of."""
        rows = [{"team": team, "key": key} for team, key in which if key]
        return {(row.team, row.key) for row in await connection.execute(self._claim, rows)} if rows else set()


@dataclass(slots=True)
class _Batch:
    """Deliveries that one transaction serves: who, of which team, with which key."""

    waiting: list[tuple[Actor, str, str]] = field(default_factory=list)
    served: "asyncio.Task[list[Admission]] | None" = None


class Desk:
    """Admits deliveries; `close` waits for those that are in flight."""

    def __init__(self, db: OwnDatabase) -> None:
        self._db = db
        self._one_in_flight = asyncio.Lock()
        self._gathering: _Batch | None = None
        self._tasks: set[asyncio.Task[list[Admission]]] = set()
        self._tidy_at = 0.0
        self._deliveries = Deliveries(db)

    async def admit(self, actor: Actor, delivery_key: str) -> Admission:
        """Claim the delivery `delivery_key` of the actor's team, and read the actor's standing as it is after this call.

        Raises `OwnDatabaseUnavailable`, and `NotPermitted` for whoever says to be at the command line: nobody is, here.
        """
        if actor.at_command_line:
            raise NotPermitted(Action.LIST)
        batch = self._gathering
        if batch is None or batch.served is None:
            batch = self._gathering = _Batch()
            batch.served = asyncio.create_task(self._serve(batch))
            self._tasks.add(batch.served)
            batch.served.add_done_callback(self._tasks.discard)
        place = len(batch.waiting)
        batch.waiting.append((actor, *_stored(actor.team, delivery_key)))
        # One who leaves must not take the others' transaction along.
        return (await asyncio.shield(batch.served))[place]

    async def unknown(self, which: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of these teams' keys that nobody has claimed; claims none."""
        stored = {one: _stored(*one) for one in which}
        keys = sorted({key for _, key in stored.values()})
        async with self._db.read() as connection:
            found = await connection.execute(
                select(deliveries.c.team, deliveries.c.key).where(deliveries.c.key.in_(keys))
            )
            known = {(row.team, row.key) for row in found}
        return {one for one in which if stored[one] not in known}

    async def close(self) -> None:
        """Wait until nothing is in flight."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, batch: _Batch) -> list[Admission]:
        try:
            async with self._one_in_flight, self._db.write(durable=False) as connection:
                # Whoever comes from now on gathers for the next one. A power cut may take the last keys back: it takes
                # the process, and whoever waits for it, along.
                self._gathering = None
                await self._tidy(connection)
                claimed = await self._deliveries.claim(connection, {(team, key) for _, team, key in batch.waiting})
                standings = await read_standings(connection, {actor for actor, _, _ in batch.waiting})
        finally:
            if self._gathering is batch:
                self._gathering = None
        admissions = []
        for actor, team, key in batch.waiting:
            # Without a key there is no telling it from another one.
            admissions.append(Admission(not key or (team, key) in claimed, standings[actor]))
            claimed.discard((team, key))
        return admissions

    async def _tidy(self, connection: AsyncConnection) -> None:
        """Remove the keys of yesterday, now and then."""
        time = asyncio.get_running_loop().time()
        if time < self._tidy_at:
            return
        old = deliveries.c.received_at < await self._db.now(connection) - KEPT_FOR
        await connection.execute(delete(deliveries).where(old))
        self._tidy_at = time + _TIDIED_EVERY.total_seconds()


def _stored(team: str, key: str) -> tuple[str, str]:
    """Team and key as they are stored: whatever was sent, it fits into an index."""
    short = storable(key) if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    return storable(team), short
