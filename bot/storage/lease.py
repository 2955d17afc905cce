"""Leases: work that one process at a time does, handed on when that one is gone; all by the own database's clock."""

from datetime import timedelta

from sqlalchemy import or_

from bot.storage.engine import OwnDatabase
from bot.storage.tables import leases


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
            mine = or_(leases.c.holder == self._holder, leases.c.until <= self._db.clock)
            taking = adding.on_conflict_do_update(
                index_elements=[leases.c.name], set_={"holder": self._holder, "until": until}, where=mine
            )
            return (await connection.execute(taking.returning(leases.c.name))).first() is not None
