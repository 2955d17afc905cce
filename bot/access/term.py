"""The end of a term: what people were given for it lapses then, on record, by the own database's clock."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.entries import TERM, record_grants, record_links
from bot.access.member import Actor, Grade, Lapsing
from bot.access.standing import member_of, owner_of
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.tables import members, owners
from bot.storage.tables import record as entries

BY_ITSELF = "connbot"
"""The actor of what nobody's click did."""


class Terms:
    """What lapses: every link to a role, and every responder's grant without an end of its own, made before the term's end.

    Instructors and admins stay. What was made after the end is the next term's, so that a date that is over takes nothing
    from anybody twice.
    """

    def __init__(self, db: OwnDatabase, record: Record) -> None:
        self._db = db
        self._record = record

    async def now(self) -> datetime:
        """The own database's time, which all processes share."""
        return await self._db.now()

    async def lapsing(self, team: str, ends_at: datetime) -> Lapsing:
        """Count what lapses at that time as things stand."""
        async with self._db.read() as connection:
            counts = [
                (await connection.execute(select(func.count()).where(*which))).scalar_one()
                for which in (_links(team, ends_at), _grants(team, ends_at))
            ]
        return Lapsing(*counts)

    async def lapse(self, team: str, day: date, ends_at: datetime) -> bool:
        """Let it lapse, in one transaction; false: it is not time, or nothing is left that might."""
        if not (await self.lapsing(team, ends_at)).anything:
            return False
        actor = Actor(team, BY_ITSELF)
        async with self._record.turn(self._db) as turn:
            if turn.at < ends_at:
                return False
            links = [owner_of(row) for row in await _take(turn.connection, owners, _links(team, ends_at))]
            grants = [member_of(row) for row in await _take(turn.connection, members, _grants(team, ends_at))]
            if not (links or grants):
                return False
            await record_links(turn, actor, links, state="unlinked")
            await record_grants(turn, actor, grants, state="removed")
            said = {"state": "ended", "ends": day.isoformat(), "links": len(links), "grants": len(grants)}
            await turn.append(actor.id, TERM, {"team": team, **said})
            return True

    async def lapsed(self, team: str, day: date) -> Lapsing | None:
        """Read how much lapsed at the end of that day; None: nothing did."""
        which = (entries.c.team == team, entries.c.kind == TERM)
        async with self._db.read() as connection:
            found = await connection.execute(select(entries.c.payload).where(*which).order_by(entries.c.seq.desc()))
            said = [json.loads(payload) for payload in found.scalars()]
        return next((Lapsing(one["links"], one["grants"]) for one in said if one["ends"] == day.isoformat()), None)


def _links(team: str, ends_at: datetime) -> tuple[ColumnElement[bool], ...]:
    return owners.c.team == team, owners.c.linked_at < ends_at


def _grants(team: str, ends_at: datetime) -> tuple[ColumnElement[bool], ...]:
    responders = (members.c.team == team, members.c.grade == Grade.RESPONDER.word)
    return *responders, members.c.added_at < ends_at, members.c.until.is_(None)


async def _take(connection: AsyncConnection, table: Any, which: Sequence[ColumnElement[bool]]) -> Sequence[Any]:
    """Remove rows and return them."""
    rows = (await connection.execute(select(table).where(*which).order_by(*table.primary_key.columns))).all()
    await connection.execute(delete(table).where(*which))
    return rows
