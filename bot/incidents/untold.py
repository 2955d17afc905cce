"""Whose proposals came to an end without their knowing, and who has it in hand to tell them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, update

from bot.incidents.proposal import USUAL, Proposal, State, Waits
from bot.incidents.rows import read_proposals
from bot.storage.engine import OwnDatabase
from bot.storage.tables import proposals

UNTOLD_FOR = timedelta(hours=24)
"""After that it is too late to tell; who could not be reached in that time stays untold."""
_UNTOLD = (proposals.c.state.in_((State.RESOLVED, State.WITHDRAWN)), proposals.c.told_at.is_(None))
_ENDED_AT = func.coalesce(proposals.c.resolved_at, proposals.c.created_at)


class Untold:
    """Of a proposal that ended one process at a time tells its person, and none once that is done."""

    def __init__(self, db: OwnDatabase, waits: Waits = USUAL) -> None:
        self._db = db
        self._waits = waits
        self._told: set[str] = set()
        self._writing = asyncio.Lock()

    async def told(self, proposal: Proposal) -> None:
        """Keep that its person knows what became of a proposal."""
        self._told.add(proposal.id)
        # Those that come while one is written are written together. A power cut may take it back: then it is told again,
        # in the place where it was told before.
        async with self._writing:
            ids, self._told = self._told, set()
            if ids:
                async with self._db.write(durable=False) as connection:
                    which = (proposals.c.id.in_(ids), *_UNTOLD)
                    await connection.execute(update(proposals).where(*which).values(told_at=self._db.clock))

    async def take(self) -> tuple[Proposal, ...]:
        """Take in hand what ended and was not told in time, for `telling_holds_for`; what others have in hand is left out."""
        async with self._db.read() as connection:
            now = await self._db.now(connection)
            free = proposals.c.telling_until.is_(None) | (proposals.c.telling_until <= now)
            left_over = (*_UNTOLD, free, now - UNTOLD_FOR < _ENDED_AT)
            found = await read_proposals(connection, *left_over)
        if not found:
            return ()
        async with self._db.write(durable=False) as connection:
            until = await self._db.now(connection) + self._waits.telling_holds_for
            which = (proposals.c.id.in_([one.id for one in found]), *left_over)
            taking = update(proposals).where(*which).values(telling_until=until).returning(proposals.c.id)
            taken = set((await connection.execute(taking)).scalars())
        return tuple(replace(one, telling_until=until) for one in found if one.id in taken)
