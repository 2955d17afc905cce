"""Samples, kept: each in one transaction, together with the time that was watched."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.saturation.thinning import HOUR, KEPT_FOR, MINUTE, THINNED, Peak, Use, floor, kept, merged_peaks, merged_uses
from bot.saturation.watched import GAP, LONGEST, Looked, Mark, Span, look, mark_of
from bot.servers.samples import Killed, Sample
from bot.storage.engine import OwnDatabase
from bot.storage.tables import sample_limits, sample_marks, sample_programs, sample_spans

AT_ONCE = timedelta(hours=6)
"""So much is thinned in one transaction."""
ONE_MINUTE = timedelta(seconds=MINUTE)

Allowed = Callable[[AsyncConnection], Awaitable[bool]]
"""Says, in a transaction, whether it is still this process that writes samples, and sees that it is until that ends."""


async def _always(_connection: AsyncConnection) -> bool:
    return True


class Samples:
    """The samples of every server; thinned, they stand for whole hours of the course's `zone`."""

    def __init__(self, db: OwnDatabase, zone: tzinfo = UTC) -> None:
        self._db = db
        self._zone = zone

    async def keep(self, sample: Sample, allowed: Allowed = _always) -> None:
        """Keep a sample that was taken just now; one that is not `allowed` any more is left out."""
        async with self._db.write(durable=False) as connection:
            if not await allowed(connection):
                return
            at = await self._db.now(connection)
            looked = look(*await self._last(connection, sample.server, at), sample, at)
            await self._keep_span(connection, sample, looked, at)
            peaks, uses = kept(sample, at, looked.seconds)
            minute = floor(at, MINUTE)
            await self._merge(connection, sample.server, MINUTE, (minute, minute + ONE_MINUTE), peaks, uses)

    async def servers(self) -> list[str]:
        """All servers that samples were ever kept of, those that are configured no more among them."""
        async with self._db.read() as connection:
            return [*(await connection.execute(select(sample_marks.c.server))).scalars()]

    async def thin(self, server: str, allowed: Allowed = _always) -> bool:
        """Make old rows fewer and remove the oldest; true: there may be more to do."""
        async with self._db.write(durable=False) as connection:
            if not await allowed(connection):
                return False
            now = await self._db.now(connection)
            for table in (sample_limits, sample_programs):
                over = (*_of(table, server, HOUR), table.c.at < now - KEPT_FOR)
                await connection.execute(delete(table).where(*over))
            spans = (sample_spans.c.server == server, sample_spans.c.began_at < now - KEPT_FOR)
            await connection.execute(delete(sample_spans).where(*spans))
            rows = [exists().where(table.c.server == server) for table in (sample_limits, sample_programs)]
            marks = (sample_marks.c.server == server, sample_marks.c.at < now - KEPT_FOR, *(~row for row in rows))
            await connection.execute(delete(sample_marks).where(*marks))
            thinned = [await self._thin(connection, server, narrow, wide, now - age) for narrow, wide, age in THINNED]
        return any(thinned)

    async def _thin(self, connection: AsyncConnection, server: str, narrow: int, wide: int, before: datetime) -> bool:
        """Make rows of `narrow` seconds from before then into rows of `wide` ones: whole ones, the oldest first."""
        oldest = [
            (await connection.execute(select(func.min(table.c.at)).where(*_of(table, server, narrow)))).scalar_one()
            for table in (sample_limits, sample_programs)
        ]
        known = [at for at in oldest if at is not None]
        if not known:
            return False
        begin = floor(min(known), wide, self._zone)
        end = min(begin + AT_ONCE, floor(before, wide, self._zone))
        if end <= begin:
            return False
        peaks, uses = await _read(connection, server, narrow, begin, end)
        for table in (sample_limits, sample_programs):
            await connection.execute(delete(table).where(*_within(table, server, narrow, begin, end)))
        peaks = [replace(one, width=wide, at=floor(one.at, wide, self._zone)) for one in peaks]
        uses = [replace(one, width=wide, at=floor(one.at, wide, self._zone)) for one in uses]
        await self._merge(connection, server, wide, (begin, end), peaks, uses)
        return True

    async def _merge(
        self,
        connection: AsyncConnection,
        server: str,
        width: int,
        between: tuple[datetime, datetime],
        peaks: Sequence[Peak],
        uses: Sequence[Use],
    ) -> None:
        """Put rows to those that are there for the same times."""
        old_peaks, old_uses = await _read(connection, server, width, *between)
        await self._put(connection, server, sample_limits, merged_peaks([*old_peaks, *peaks]))
        await self._put(connection, server, sample_programs, merged_uses([*old_uses, *uses]))

    async def _put(self, connection: AsyncConnection, server: str, table: Table, rows: Iterable["Peak | Use"]) -> None:
        key = [column.name for column in table.primary_key]
        adding = self._db.insert(table)
        others = {column.name: adding.excluded[column.name] for column in table.c if column.name not in key}
        values = [{"server": server, **asdict(row)} for row in rows]
        if values:
            await connection.execute(adding.on_conflict_do_update(index_elements=key, set_=others), values)

    async def _last(self, connection: AsyncConnection, server: str, at: datetime) -> tuple[Span | None, Mark | None]:
        # A clock that was ahead for a while left spans that are yet to come.
        past = (sample_spans.c.began_at <= at, sample_spans.c.began_at > at - LONGEST - GAP)
        newest = select(sample_spans).where(sample_spans.c.server == server, *past)
        span = (await connection.execute(newest.order_by(sample_spans.c.ended_at.desc()).limit(1))).one_or_none()
        mark = (await connection.execute(select(sample_marks).where(sample_marks.c.server == server))).one_or_none()
        return (
            None if span is None else Span(span.began_at, span.ended_at, span.killed),
            None if mark is None else _read_mark(mark.at, json.loads(mark.counters)),
        )

    async def _keep_span(self, connection: AsyncConnection, sample: Sample, looked: Looked, at: datetime) -> None:
        span = {"ended_at": looked.span.ended_at, "killed": looked.span.killed}
        adding = self._db.insert(sample_spans).values(server=sample.server, began_at=looked.span.began_at, **span)
        key = [column.name for column in sample_spans.primary_key]
        await connection.execute(adding.on_conflict_do_update(index_elements=key, set_=span))
        mark = {"at": at, "counters": json.dumps(_counters(mark_of(sample, at)))}
        marking = self._db.insert(sample_marks).values(server=sample.server, **mark)
        await connection.execute(marking.on_conflict_do_update(index_elements=["server"], set_=mark))


async def _read(
    connection: AsyncConnection, server: str, width: int, begin: datetime, end: datetime
) -> tuple[list[Peak], list[Use]]:
    which = server, width, begin, end
    limits = await connection.execute(select(sample_limits).where(*_within(sample_limits, *which)))
    programs = await connection.execute(select(sample_programs).where(*_within(sample_programs, *which)))
    return [*map(_peak, limits)], [*map(_use, programs)]


def _within(table: Table, server: str, width: int, begin: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    return (*_of(table, server, width), table.c.at >= begin, table.c.at < end)


def _of(table: Table, server: str, width: int) -> tuple[ColumnElement[bool], ...]:
    return table.c.server == server, table.c.width == width


def _peak(row: Row[Any]) -> Peak:
    return Peak(row.width, row.at, row.kind, row.name, row.used, row.slots, row.reached_at)


def _use(row: Row[Any]) -> Use:
    sums = row.used_seconds, row.idle_seconds, row.stale_seconds
    return Use(row.width, row.at, row.program, row.place, row.service, row.roles, row.used, row.idle, *sums)


def _counters(mark: Mark) -> dict[str, Any]:
    return {
        "postmaster_at": mark.postmaster_at.isoformat(),
        "killed": {
            str(oid): [one.count, one.reset_at and one.reset_at.isoformat()] for oid, one in mark.killed.items()
        },
    }


def _read_mark(at: datetime, said: Mapping[str, Any]) -> Mark:
    killed = {
        int(oid): Killed(count, datetime.fromisoformat(reset).astimezone(UTC) if reset else None)
        for oid, (count, reset) in said["killed"].items()
    }
    return Mark(at, datetime.fromisoformat(said["postmaster_at"]).astimezone(UTC), killed)
