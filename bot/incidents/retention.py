"""Retention: what is older than a course keeps it becomes figures that name nobody, from which old weeks are told as before.

Rights are no part of it: who was given or owned what stays on record until that person is forgotten.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, delete, or_, select, update

from bot.access.entries import MEMBERSHIP, OWNERSHIP, TERM, WORKSPACE
from bot.access.link import Proof
from bot.incidents.forgetting import FORGOTTEN
from bot.incidents.incident import BY_ITSELF, IncidentState
from bot.incidents.posts import PostKind
from bot.incidents.proposal import State
from bot.storage.engine import OwnDatabase
from bot.storage.lease import Lease
from bot.storage.record import FORGET, Record
from bot.storage.tables import (
    incident_people,
    incidents,
    link_news,
    link_requests,
    posts,
    proposal_backends,
    proposals,
)
from bot.storage.tables import record as entries

NO_ROLE = 1
"""In the place of a role's oid that is forgotten; no role has it."""
AT_ONCE = 500
"""Rows a transaction, so that nobody waits long for it."""
POSTS_TIMES = 10
"""So many times more posts, which no index finds by their age."""
HELD_FOR = timedelta(minutes=10)
"""Far longer than one transaction takes."""
ONCE_IN = timedelta(days=1)
"""What was done to its end is begun again so much later."""
_KEPT = (FORGET, MEMBERSHIP, OWNERSHIP, WORKSPACE, TERM)
"""Kinds of entries that say who has which right, or name nobody."""
_ENDED = (State.RESOLVED, State.WITHDRAWN, State.LAPSED)
_PROPOSAL = {
    "role": FORGOTTEN, "role_oid": NO_ROLE, "requester": FORGOTTEN, "reason": "", "channel": "", "thread": None,
    "response_url": None, "response_url_until": None,
}  # fmt: skip
_BACKEND = {"database": None, "application_name": "", "client_address": None}
_INCIDENT = {"reporter": FORGOTTEN, "client": None, "channel": None, "thread": None}


def months_before(now: datetime, months: int) -> datetime:
    """The same time of the same day so many months earlier, or of the last day where that month has no such day."""
    count = now.year * 12 + now.month - 1 - months
    for day in range(now.day, now.day - 4, -1):
        try:
            return now.replace(year=count // 12, month=count % 12 + 1, day=day)
        except ValueError:
            continue
    raise AssertionError


class Retention:
    """Reduces what is older than `months` of one workspace; in small transactions, each of which stands by itself."""

    def __init__(
        self, db: OwnDatabase, record: Record, lease: Lease, team: str, months: int, *, at_once: int = AT_ONCE
    ) -> None:
        self._db = db
        self._record = record
        self._lease = lease
        self._work = f"retention:{team}"
        self._team = team
        self._months = months
        self._at_once = at_once
        self._done_at: datetime | None = None

    async def turn(self) -> None:
        """Do all there is to do, unless that was done today or another process is at it; who ends before leaves the rest to others."""
        now = await self._db.now()
        if self._done_at is not None and now < self._done_at + ONCE_IN:
            return
        if not await self._lease.take(self._work, HELD_FOR):
            return
        async for _ in self.steps():
            if not await self._lease.take(self._work, HELD_FOR):
                return
        self._done_at = now

    async def steps(self) -> AsyncGenerator[None, None]:
        """Do it one transaction a step; whoever begins again goes on where the last one stopped."""
        before = months_before(await self._db.now(), self._months)
        async for _ in self._entries(before):
            yield
        async for ids in self._pages(proposals.c.id, proposals.c.created_at, *self._old_proposals(before)):
            await self._reduce_proposals(ids)
            yield
        async for ids in self._pages(incidents.c.id, incidents.c.opened_at, *self._old_incidents(before)):
            await self._reduce_incidents(ids)
            yield
        async for ids in self._pages(posts.c.id, posts.c.claimed_at, *self._old_posts(before), times=POSTS_TIMES):
            async with self._db.write() as connection:
                await connection.execute(delete(posts).where(posts.c.id.in_(ids)))
            yield
        await self._end_requests(before)

    async def _entries(self, before: datetime) -> AsyncIterator[None]:
        after = 0
        while True:
            told = (entries.c.seq, entries.c.at, entries.c.team, entries.c.kind)
            page = select(*told).where(entries.c.seq > after).order_by(entries.c.seq).limit(self._at_once)
            async with self._db.read() as connection:
                rows = (await connection.execute(page)).all()
            old = [row for row in rows if row.at < before]
            # A forgotten entry has no team.
            seqs = [row.seq for row in old if row.team == self._team and row.kind not in _KEPT]
            if seqs:
                async with self._db.write() as connection:
                    await self._record.forget(connection, await self._db.now(connection), BY_ITSELF, seqs)
                yield
            if len(old) < self._at_once:
                return
            after = old[-1].seq

    async def _pages(
        self, key: ColumnElement[str], time: ColumnElement[datetime], *which: ColumnElement[bool], times: int = 1
    ) -> AsyncIterator[Sequence[str]]:
        """The keys of the rows that fulfil `which`, the oldest first; those of one page must not do so any more at the next."""
        page = select(key, time.label("time")).where(*which).order_by(time).limit(self._at_once * times)
        after: datetime | None = None
        while True:
            async with self._db.read() as connection:
                further = page if after is None else page.where(time >= after)
                rows = (await connection.execute(further)).all()
            if not rows:
                return
            yield [row[0] for row in rows]
            after = rows[-1].time

    def _old_proposals(self, before: datetime) -> tuple[ColumnElement[bool], ...]:
        mine = (proposals.c.team == self._team, proposals.c.created_at < before)
        return (*mine, proposals.c.state.in_(_ENDED), proposals.c.role_oid != NO_ROLE)

    async def _reduce_proposals(self, ids: Sequence[str]) -> None:
        """What stays: server, kind, times, by which right, with whose consent, and what became of each connection."""
        named = (proposals.c.claimed_by, proposals.c.asked_by, proposals.c.answered_by)
        values = {**_PROPOSAL, **{column.name: _nobody(column) for column in named}}
        known = proposal_backends.c.outcome_detail
        detail = {"outcome_detail": case((known.is_not(None), ""))}
        async with self._db.write() as connection:
            theirs = proposal_backends.c.proposal_id.in_(ids)
            await connection.execute(update(proposal_backends).where(theirs).values({**_BACKEND, **detail}))
            await connection.execute(update(proposals).where(proposals.c.id.in_(ids)).values(values))

    def _old_incidents(self, before: datetime) -> tuple[ColumnElement[bool], ...]:
        one = incidents.c
        mine = (one.team == self._team, one.opened_at < before, one.resolved_at < before)
        named = or_(
            one.reporter != FORGOTTEN,
            one.human != FORGOTTEN,
            one.resolved_by.not_in(("", FORGOTTEN)),
            one.scope_name.not_in(("", FORGOTTEN)),
            *(column.is_not(None) for column in (one.client, one.channel, one.thread)),
            select(incident_people.c.slack_id).where(incident_people.c.incident_id == one.id).exists(),
        )
        return (*mine, named)

    async def _reduce_incidents(self, ids: Sequence[str]) -> None:
        """What stays: server, what kind of thing was full and why, and the times."""
        one = incidents.c
        values = {
            **_INCIDENT,
            "human": _nobody(one.human),
            "resolved_by": _nobody(one.resolved_by),
            "scope_name": _nobody(one.scope_name),
        }
        async with self._db.write() as connection:
            await connection.execute(delete(incident_people).where(incident_people.c.incident_id.in_(ids)))
            await connection.execute(update(incidents).where(one.id.in_(ids)).values(values))

    def _old_posts(self, before: datetime) -> tuple[ColumnElement[bool], ...]:
        """All but the weeks that were told, and what is still kept up to date."""
        standing = select(incidents.c.id).where(incidents.c.state == IncidentState.OPEN)
        mine = (posts.c.team == self._team, posts.c.claimed_at < before)
        return (*mine, posts.c.kind != PostKind.SUMMARY, posts.c.about.not_in(standing))

    async def _end_requests(self, before: datetime) -> None:
        asked = (link_requests.c.team == self._team, link_requests.c.asked_at < before)
        over = (link_requests.c.proof != Proof.WAITING, link_requests.c.card_due.is_(False))
        async with self._db.write() as connection:
            await connection.execute(delete(link_requests).where(*asked, *over))
            news = (link_news.c.team == self._team, link_news.c.at < before)
            await connection.execute(delete(link_news).where(*news))


def _nobody(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The word for whoever was forgotten, where something stands; nothing and '' stay what they are."""
    return case((column == "", ""), (column.is_not(None), FORGOTTEN))
