"""Leases: work that one process at a time does, handed on when that one is gone; all by the own database's clock."""

from datetime import timedelta

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.engine import OwnDatabase
from bot.storage.tables import leases

TOO_LONG = timedelta(hours=1)
"""Nobody takes a lease for so long: who seems to have, did so when the clock was wrong."""


class Lease:
    """One process's way to the leases; `holder` is its own and nobody else's."""

    def __init__(self, db: OwnDatabase, holder: str) -> None:
        self._db = db
        self._holder = holder

    async def take(self, name: str, hold_for: timedelta) -> bool:
        """Take or keep the lease `name` for `hold_for` from now; false: another process has it."""
        async with self._db.write(durable=False) as connection:
            until = await self._db.now(connection) + hold_for
            adding = self._db.insert(leases).values(name=name, holder=self._holder, until=until)
            over = or_(leases.c.until <= self._db.clock, leases.c.until > until + TOO_LONG)
            mine = or_(leases.c.holder == self._holder, over)
            taking = adding.on_conflict_do_update(
                index_elements=[leases.c.name], set_={"holder": self._holder, "until": until}, where=mine
            )
            return (await connection.execute(taking.returning(leases.c.name))).first() is not None

    async def holds(self, connection: AsyncConnection, name: str) -> bool:
        """Say whether the lease is still ours: then nobody else takes it until `connection`'s transaction ends."""
        ours = (leases.c.name == name, leases.c.holder == self._holder, leases.c.until > self._db.clock)
        keeping = update(leases).where(*ours).values(holder=self._holder)
        return (await connection.execute(keeping)).rowcount == 1
