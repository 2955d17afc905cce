"""Where every delivery from Slack comes in: whether it is the first of its key, and who it is from.

Those that come while a transaction is in flight wait together and are served by the next one, so a hundred at once cost
two transactions and not a hundred.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete
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
        self._claim = (
            db.insert(deliveries)
            .values(received_at=db.clock)
            .on_conflict_do_nothing()
            .returning(deliveries.c.team, deliveries.c.key)
        )

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
        batch.waiting.append((actor, storable(actor.team), _short(delivery_key)))
        # One who leaves must not take the others' transaction along.
        return (await asyncio.shield(batch.served))[place]

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
                claimed = await self._claim_all(connection, batch)
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

    async def _claim_all(self, connection: AsyncConnection, batch: _Batch) -> set[tuple[str, str]]:
        keys = dict.fromkeys((team, key) for _, team, key in batch.waiting if key)
        if not keys:
            return set()
        rows = [{"team": team, "key": key} for team, key in keys]
        return {(row.team, row.key) for row in await connection.execute(self._claim, rows)}

    async def _tidy(self, connection: AsyncConnection) -> None:
        """Remove the keys of yesterday, now and then."""
        time = asyncio.get_running_loop().time()
        if time < self._tidy_at:
            return
        old = deliveries.c.received_at < await self._db.now(connection) - KEPT_FOR
        await connection.execute(delete(deliveries).where(old))
        self._tidy_at = time + _TIDIED_EVERY.total_seconds()


def _short(key: str) -> str:
    """A key that fits into an index, whatever was sent."""
    return storable(key) if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
