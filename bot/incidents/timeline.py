"""What happened, newest first and page by page: terminations out of the proposals, all else out of the record."""

from collections.abc import Sequence

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


async def read_page(connection: AsyncConnection, question: Question, limit: int, after: Cursor | None = None) -> Page:
    """Read the newest events that answer the question, or those older than `after`."""
    after = after or Cursor()
    recorded = await _entries(connection, question, limit + 1, after)
    proposed = () if question.cause is not None else await _proposals(connection, question, limit + 1, after)
    told = sorted([*recorded, *proposed], key=lambda one: (one[1].at, one[0].seq or 0), reverse=True)
    shown = told[:limit]
    if len(told) <= limit:
        return Page(tuple(event for _, event in shown))
    seqs = [cursor.seq for cursor, _ in shown if cursor.seq is not None]
    times = [cursor.at for cursor, _ in shown if cursor.at is not None]
    older = Cursor(min(seqs, default=after.seq), min(times, default=after.at))
    return Page(tuple(event for _, event in shown), older)


async def _entries(
    connection: AsyncConnection, question: Question, limit: int, after: Cursor
) -> list[tuple[Cursor, Event]]:
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
    if after.seq is not None:
        asked.append(entries.c.seq < after.seq)
    query = select(entries).where(*asked).order_by(entries.c.seq.desc()).limit(limit)
    return [(Cursor(seq=row.seq), of_entry(row)) for row in await connection.execute(query)]


async def _proposals(
    connection: AsyncConnection, question: Question, limit: int, after: Cursor
) -> Sequence[tuple[Cursor, Event]]:
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
        asked.append(proposals.c.created_at < after.at)
    found = await read_proposals(connection, *asked, newest=limit)
    return [(Cursor(at=one.created_at), of_proposal(one)) for one in found]
