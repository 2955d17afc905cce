"""A week's facts, read from the own database in a few statements, each over an index."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    Row,
    Select,
    case,
    cast,
    exists,
    extract,
    func,
    or_,
    select,
    type_coerce,
)

from bot.storage.engine import OwnDatabase
from bot.storage.tables import (
    incidents,
    proposal_backends,
    proposals,
    record_head,
    sample_limits,
    sample_programs,
    sample_spans,
)
from bot.summaries.facts import Cause, Ends, Facts, Height, Program, RoleUse, Watched
from bot.summaries.outline import Outline, outline
from bot.summaries.timing import Times, times
from bot.summaries.week import Week

Rows = Callable[[Any], Awaitable[Sequence[Row[Any]]]]
"""Sends a statement and returns its rows."""
WIDTHS = (60, 600, 3600)
"""Of the rows that samples are kept in; each moment has rows of one width alone."""
RECORDED_LATE = timedelta(days=2)
"""Within less a proposal came to its end: owners are asked, and a server that is gone is waited for."""
MOMENT = timedelta(microseconds=1)
OWNER = "owner"
"""The word for an owner's request, among rights and among consents."""
_MAY_HAVE_ENDED = ("terminated", "still_ending", "interrupted")
_SUMS = ("used_seconds", "idle_seconds", "stale_seconds")


class Weeks:
    """Reads weeks; `zone` is the course's."""

    def __init__(self, db: OwnDatabase, zone: tzinfo) -> None:
        self._db = db
        self._zone = zone

    async def now(self) -> datetime:
        """The own database's time, by which weeks are told apart."""
        return await self._db.now()

    async def known(self, team: str, server: str, weeks: Sequence[Week]) -> list[Week]:
        """Return those of these weeks in which somebody watched the server, or of which something is on record."""
        async with self._db.read() as connection:
            return [
                week
                for week in weeks
                if (await connection.execute(_is_known(team, server, *self._between(week)))).scalar_one()
            ]

    async def outline(self, team: str, server: str, week: Week) -> Outline:
        """Read of a week that is over only how many incidents it had, and when it was watched."""
        begins, ends = self._between(week)
        here = (incidents.c.server == server, incidents.c.team == team, *_within(incidents.c.opened_at, begins, ends))
        async with self._db.read() as connection:
            count = (await connection.execute(select(func.count()).select_from(incidents).where(*here))).scalar_one()
            spans = [Watched._make(row) for row in await connection.execute(_spans(server, begins, ends))]
        return outline(week, count, spans, begins, ends)

    def _between(self, week: Week) -> tuple[datetime, datetime]:
        return week.begins(self._zone), week.ends(self._zone)

    async def read(self, team: str | None, server: str, week: Week) -> Facts:
        """Read all that is on record of a server's week, for a workspace (None: for all)."""
        (begins, ends), before = self._between(week), week.after(-1).begins(self._zone)
        here = [incidents.c.server == server, *([] if team is None else [incidents.c.team == team])]
        async with self._db.read() as connection:

            async def rows(statement: Any) -> Sequence[Row[Any]]:
                found: Sequence[Row[Any]] = (await connection.execute(statement)).all()
                return found

            head = (await rows(select(record_head.c.seq, record_head.c.digest)))[0]
            earlier = [*here, *_within(incidents.c.opened_at, before, begins)]
            of_week = [*here, *_within(incidents.c.opened_at, begins, ends)]
            answer, human, resolution = await self._times(rows, of_week)
            backends = await rows(_backends(server, begins - RECORDED_LATE, ends))
            of_team = [row for row in backends if team in (None, row.team) and begins <= row.created_at < ends]
            return Facts(
                server=server,
                week=week,
                begins=begins,
                ends=ends,
                now=await self._db.now(connection),
                causes=[Cause._make(row) for row in await rows(_causes(of_week))],
                answer=answer,
                human=human,
                resolution=resolution,
                ends_by_outcome=_by_outcome(of_team),
                own_ends=_own_ends(backends),
                heights=[Height._make(row) for row in await rows(_heights(server, begins, ends))],
                roles=[RoleUse._make(row) for row in await rows(_roles(server, begins, ends))],
                programs=[Program._make(row) for row in await rows(_programs(server, begins, ends))],
                spans=[Watched._make(row) for row in await rows(_spans(server, before, ends))],
                begins_before=before,
                incidents_before=(await rows(select(func.count()).select_from(incidents).where(*earlier)))[0][0],
                idle_seconds_before=(await rows(_idle(server, before, begins)))[0][0] or 0.0,
                entries=head.seq,
                head=f"{head.seq}:{head.digest}",
            )

    async def _times(self, rows: Rows, which: Sequence[ColumnElement[bool]]) -> list[Times | None]:
        """The times to an answer, to a human, to the resolution; PostgreSQL works them out, of however many."""
        one = incidents.c
        spans = (
            (one.opened_at, one.answered_at),
            (func.coalesce(one.occasion_at, one.opened_at), one.human_at),
            (one.opened_at, one.resolved_at),
        )
        if self._db.kind == "sqlite":
            # Its own functions know times to the millisecond alone.
            found = await rows(select(*(moment for span in spans for moment in span)).where(*which))
            return [times(_took(*row[at : at + 2]) for row in found) for at in range(0, 2 * len(spans), 2)]
        took = [_seconds(*span) for span in spans]
        figures = [(func.count(it), func.percentile_cont(0.5).within_group(it), func.max(it)) for it in took]
        all_figures: Select[Any] = select(*(figure for three in figures for figure in three)).where(*which)
        row = tuple((await rows(all_figures))[0])
        return [_known(*row[place : place + 3]) for place in range(0, len(row), 3)]


def _took(begin: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - begin).total_seconds()


def _seconds(begin: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[float]:
    """The seconds between, never below 0; NULL where one is missing."""
    between = cast(extract("epoch", type_coerce(end, DateTime()) - type_coerce(begin, DateTime())), Float())
    return case((between < 0, 0.0), else_=between)


def _is_known(team: str, server: str, begins: datetime, ends: datetime) -> Select[Any]:
    span, opened, asked = sample_spans.c, incidents.c, proposals.c
    watched = (span.server == server, span.began_at < ends, span.ended_at > begins)
    happened = (opened.team == team, opened.server == server, opened.opened_at >= begins, opened.opened_at < ends)
    ended = (asked.team == team, asked.server == server, asked.created_at >= begins, asked.created_at < ends)
    return select(or_(exists().where(*watched), exists().where(*happened), exists().where(*ended)))


def _known(count: int, middle: float, worst: float) -> Times | None:
    return Times(count, timedelta(seconds=middle), timedelta(seconds=worst)) if count else None


def _causes(of_week: Sequence[ColumnElement[bool]]) -> Select[Any]:
    unresolved = func.count().filter(incidents.c.resolved_at.is_(None))
    return select(incidents.c.cause, func.count(), unresolved).where(*of_week).group_by(incidents.c.cause)


def _backends(server: str, begins: datetime, ends: datetime) -> Select[Any]:
    """Each backend that came to something, of the proposals of that time, whoever's workspace they are of."""
    of_proposal = (
        proposals.c.team,
        proposals.c.created_at,
        proposals.c.kind,
        proposals.c.consent,
        proposals.c.by_right,
    )
    told = (*of_proposal, proposal_backends.c.outcome, proposal_backends.c.outcome_at)
    joined = proposals.join(proposal_backends, proposal_backends.c.proposal_id == proposals.c.id)
    asked = (proposals.c.server == server, *_within(proposals.c.created_at, begins, ends))
    return select(*told).select_from(joined).where(*asked, proposal_backends.c.outcome.is_not(None))


def _by_outcome(rows: Sequence[Row[Any]]) -> list[Ends]:
    counts = Counter((row.kind, OWNER in (row.consent, row.by_right), row.outcome) for row in rows)
    return [Ends(*which, number) for which, number in counts.items()]


def _own_ends(rows: Sequence[Row[Any]]) -> list[datetime]:
    return [row.outcome_at for row in rows if row.kind == "terminate" and row.outcome in _MAY_HAVE_ENDED]


def _heights(server: str, begins: datetime, ends: datetime) -> Select[Any]:
    """The highest share of each limit that many people have in common, with its limit and moment."""
    rows = sample_limits.c
    full = (rows.slots.is_not(None), rows.slots <= 0)
    reached = case((full[0] & full[1], 1.0), (full[0], rows.used * 1.0 / func.nullif(rows.slots, 0)), else_=0.0)
    order = [reached.desc(), rows.used.desc(), rows.reached_at]
    place = func.row_number().over(partition_by=[rows.kind, rows.name], order_by=order)
    told = [rows.kind, rows.name, rows.used, rows.slots, rows.reached_at]
    common = rows.kind.in_(("server", "database"))
    ranked = (
        select(*told, place.label("place")).where(*_sampled(sample_limits, server, begins, ends), common).subquery()
    )
    names = ("kind", "name", "used", "slots", "reached_at")
    return select(*(ranked.c[name] for name in names)).where(ranked.c.place == 1)


def _roles(server: str, begins: datetime, ends: datetime) -> Select[Any]:
    rows = sample_limits.c
    full = func.max(case((rows.used >= rows.slots, rows.slots)))
    of_roles = (*_sampled(sample_limits, server, begins, ends), rows.kind == "role")
    return select(rows.name, func.max(rows.used), full).where(*of_roles).group_by(rows.name)


def _programs(server: str, begins: datetime, ends: datetime) -> Select[Any]:
    rows = sample_programs.c
    which = (rows.program, rows.place, rows.service)
    figures = (func.max(rows.roles), func.max(rows.idle), *(func.sum(rows[name]) for name in _SUMS))
    return select(*which, *figures).where(*_sampled(sample_programs, server, begins, ends)).group_by(*which)


def _idle(server: str, begins: datetime, ends: datetime) -> Select[Any]:
    return select(func.sum(sample_programs.c.idle_seconds)).where(*_sampled(sample_programs, server, begins, ends))


def _spans(server: str, begins: datetime, ends: datetime) -> Select[Any]:
    of_weeks = (sample_spans.c.server == server, sample_spans.c.ended_at >= begins, sample_spans.c.began_at < ends)
    told = (sample_spans.c.began_at, sample_spans.c.ended_at, sample_spans.c.killed)
    return select(*told).where(*of_weeks).order_by(sample_spans.c.began_at)


def _sampled(table: Any, server: str, begins: datetime, ends: datetime) -> tuple[ColumnElement[bool], ...]:
    return table.c.server == server, table.c.width.in_(WIDTHS), *_within(table.c.at, begins, ends)


def _within(column: ColumnElement[Any], begins: datetime, ends: datetime) -> tuple[ColumnElement[bool], ...]:
    """Not before `begins`, and before `ends`.

    SQLite compares times as text: told from the last moment before, one that was written without a fraction is in its place.
    """
    return column > begins - MOMENT, column <= ends - MOMENT
