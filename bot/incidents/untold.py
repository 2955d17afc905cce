"""Whose proposals came to an end without their knowing, or the owners', and who has it in hand to tell them."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import func, or_, update

from bot.incidents.proposal import USUAL, Proposal, State, Waits
from bot.incidents.rows import read_proposals
from bot.storage.engine import OwnDatabase
from bot.storage.tables import proposals

UNTOLD_FOR = timedelta(hours=24)
"""After that it is too late to tell; who could not be reached in that time stays untold."""
_ENDED = proposals.c.state.in_((State.RESOLVED, State.WITHDRAWN))
_UNTOLD = (_ENDED, or_(proposals.c.told_at.is_(None), proposals.c.owners_told_at.is_(None)))
_ENDED_AT = func.coalesce(proposals.c.resolved_at, proposals.c.created_at)


class Whom(StrEnum):
    """Who knows now, by the column that says so."""

    REQUESTER = "told_at"
    OWNERS = "owners_told_at"
    """With whoever asked first, where an owner took it over."""


class Untold:
    """Of a proposal that ended one process at a time tells its people, and none once that is done."""

    def __init__(self, db: OwnDatabase, waits: Waits = USUAL) -> None:
        self._db = db
        self._waits = waits
        self._told: dict[tuple[Whom, ...], set[str]] = defaultdict(set)
        self._writing = asyncio.Lock()

    async def told(self, proposal: Proposal, *whom: Whom) -> None:
        """Keep that these know what became of a proposal."""
        self._told[whom].add(proposal.id)
        # Those that come while one is written are written together. A power cut may take it back: then it is told again,
        # in the place where it was told before.
        async with self._writing:
            ids = self._told.pop(whom, set())
            if ids:
                # Who was told before was told then.
                now = {one.value: func.coalesce(proposals.c[one.value], self._db.clock) for one in whom}
                async with self._db.write(durable=False) as connection:
                    await connection.execute(update(proposals).where(proposals.c.id.in_(ids), _ENDED).values(now))

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
