"""What happened, newest first and page by page: terminations out of the proposals, all else out of the record."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.incidents.event import KINDS, Event, of_entry, of_proposal
from bot.incidents.rows import read_proposals
from bot.incidents.timeline_values import Cursor, Page, Question
from bot.storage.record import FORGET
from bot.storage.tables import proposals
from bot.storage.tables import record as entries

CLAIM = "claim"
WITHDRAWAL = "withdrawal"
TOLD_BY_PROPOSALS = (CLAIM, WITHDRAWAL, *KINDS.values(), FORGET)
"""Kinds of entries that say no more than their proposals do."""
INCIDENT = "incident"
_Told: TypeAlias = tuple[Cursor, Event]


async def read_page(connection: AsyncConnection, question: Question, limit: int, after: Cursor | None = None) -> Page:
    """Read the newest events that answer the question, or those older than `after`."""
    after = after or Cursor()
    recorded = await _entries(connection, question, limit + 1, after)
    proposed = () if question.cause is not None else await _proposals(connection, question, limit + 1, after)
    told = _together(recorded, proposed)
    shown = tuple(event for _, event in told[:limit])
    if len(told) <= limit:
        return Page(shown)
    for cursor, _ in told[:limit]:
        after = replace(after, seq=cursor.seq) if cursor.at is None else replace(cursor, seq=after.seq)
    return Page(shown, after)


def _together(recorded: Sequence[_Told], proposed: Sequence[_Told]) -> list[_Told]:
    """Both, the newer of their next ones first: each stays in its own order, also where a clock was set back meanwhile."""
    told: list[_Told] = []
    one, other = deque(recorded), deque(proposed)
    while one and other:
        told.append(one.popleft() if one[0][1].at >= other[0][1].at else other.popleft())
    return [*told, *one, *other]


async def _entries(connection: AsyncConnection, question: Question, limit: int, after: Cursor) -> list[_Told]:
    asked: list[ColumnElement[bool]] = [entries.c.kind.not_in(TOLD_BY_PROPOSALS), entries.c.payload.is_not(None)]
    for column, value in ((entries.c.team, question.team), (entries.c.role, question.role)):
        if value is not None:
            asked.append(column == value)
    if question.server is not None:
        asked.append(entries.c.server.in_((question.server, "")))
    if question.person is not None:
        asked.append(entries.c.actor == question.person)
    if question.cause is not None:
        asked += [
            entries.c.kind == INCIDENT,
            entries.c.payload.contains(f'"cause":"{question.cause}"', autoescape=True),
        ]
    if question.since is not None:
        asked.append(entries.c.at >= question.since)
    if question.until is not None:
        asked.append(entries.c.at < question.until)
    timed = question.since is not None or question.until is not None
    if after.seq is not None:
        asked += _before(after.seq, timed=timed)
    # By time, as an index has them: by number a week of long ago is found only behind all that came after it.
    order = [*([entries.c.at.desc()] if timed else []), entries.c.seq.desc()]
    query = select(entries).where(*asked).order_by(*order).limit(limit)
    return [(Cursor(seq=row.seq), of_entry(row)) for row in await connection.execute(query)]


def _before(seq: int, *, timed: bool) -> list[ColumnElement[bool]]:
    """The entries that come behind this one, in the order of time or in that of the record."""
    if not timed:
        return [entries.c.seq < seq]
    last = entries.alias()
    at = select(last.c.at).where(last.c.seq == seq).scalar_subquery()
    return [entries.c.at <= at, or_(entries.c.at < at, entries.c.seq < seq)]


async def _proposals(connection: AsyncConnection, question: Question, limit: int, after: Cursor) -> Sequence[_Told]:
    asked: list[ColumnElement[bool]] = []
    for column, value in (
        (proposals.c.team, question.team),
        (proposals.c.role, question.role),
        (proposals.c.server, question.server),
    ):
        if value is not None:
            asked.append(column == value)
    if question.person is not None:
        asked.append(or_(proposals.c.requester == question.person, proposals.c.asked_by == question.person))
    if question.since is not None:
        asked.append(proposals.c.created_at >= question.since)
    if question.until is not None:
        asked.append(proposals.c.created_at < question.until)
    if after.at is not None:
        earlier = proposals.c.created_at < after.at
        # In the order of `read_proposals`; the first condition is what an index finds them by.
        further = earlier if after.id is None else or_(earlier, proposals.c.id > after.id)
        asked += [proposals.c.created_at <= after.at, further]
    found = await read_proposals(connection, *asked, newest=limit)
    return [(Cursor(at=one.created_at, id=one.id), of_proposal(one)) for one in found]
