"""Samples are kept by the minute, thinned without losing a peak, and their gaps are known; on both own databases."""

import itertools
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select

from bot.clock import clock
from bot.saturation.samples import Samples
from bot.saturation.thinning import HOUR, MINUTE, TEN_MINUTES
from bot.servers.capacity import Limit, LimitKind
from bot.servers.samples import Crowd, Killed, Sample
from bot.storage.engine import OwnDatabase
from bot.storage.lease import Lease
from bot.storage.tables import sample_limits, sample_programs, sample_spans
from bot.summaries.reading import Weeks
from bot.summaries.week import week_of

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def a_sample(used: int, killed: int = 0) -> Sample:
    limits = Limit(LimitKind.SERVER, "class", used, 97), Limit(LimitKind.ROLE, "ann", used, 5)
    crowd = Crowd("pgAdmin", "10.0.0.0/24", False, roles=1, used=used, idle=used - 1, stale=1)
    return Sample("class", STARTED, STARTED, limits, (crowd,), {5: Killed(killed, None)})


async def keep(url: str, ahead: timedelta, sample: Sample) -> None:
    """Keep a sample while the database's clock is that far from now."""
    async with OwnDatabase(url, ahead=ahead) as db:
        await Samples(db).keep(sample)


async def widths(db: OwnDatabase) -> dict[int, int]:
    async with db.read() as connection:
        counts = select(sample_limits.c.width, func.count()).group_by(sample_limits.c.width)
        return {row[0]: row[1] for row in await connection.execute(counts)}


async def test_samples_of_one_minute_are_one_row_and_the_time_is_one_span(migrated_url: str) -> None:
    async with OwnDatabase(migrated_url) as db:
        samples = Samples(db)
        for used, killed in ((2, 1), (5, 1), (3, 4)):
            await samples.keep(a_sample(used, killed))
        async with db.read() as connection:
            limits = (await connection.execute(select(sample_limits).where(sample_limits.c.kind == "role"))).all()
            spans = (await connection.execute(select(sample_spans))).all()
            (program,) = (await connection.execute(select(sample_programs).limit(1))).all()
    # Unless the minute or its quarter of an hour ended meanwhile.
    assert max((row.used, row.slots) for row in limits) == (5, 5)
    assert len(limits) <= 2
    assert sum(span.killed for span in spans) == 3
    assert len(spans) <= 2
    assert (program.width, program.roles, program.idle_seconds <= program.used_seconds) == (MINUTE, 1, True)


async def test_thinned_the_peak_and_the_sums_are_the_same(migrated_url: str) -> None:
    # Eighty minutes, fifty hours ago.
    for minute in range(0, 80, 4):
        await keep(migrated_url, timedelta(minutes=minute) - timedelta(hours=50), a_sample(5 if minute == 40 else 2))

    async def told() -> list[tuple[object, ...]]:
        async with db.read() as connection:
            sums = [func.sum(sample_programs.c[name]) for name in ("used_seconds", "idle_seconds", "stale_seconds")]
            peak = (
                select(sample_limits.c.used, sample_limits.c.slots, sample_limits.c.reached_at)
                .where(sample_limits.c.kind == "role")
                .order_by(sample_limits.c.used.desc())
                .limit(1)
            )
            first = (await connection.execute(select(*sums))).one()
            return [*map(round, first), *(await connection.execute(peak)).one()]

    async with OwnDatabase(migrated_url) as db:
        before = await told()
        assert set(await widths(db)) == {MINUTE}
        while await Samples(db).thin("class"):
            pass
        assert set(await widths(db)) == {TEN_MINUTES}
        assert (await widths(db))[TEN_MINUTES] in (16, 18)
        assert await told() == before

    async with OwnDatabase(migrated_url, ahead=timedelta(weeks=6)) as db:
        while await Samples(db).thin("class"):
            pass
        assert set(await widths(db)) == {HOUR}
        assert await told() == before

    async with OwnDatabase(migrated_url, ahead=timedelta(days=370)) as db:
        await Samples(db).thin("class")
        assert await widths(db) == {}
        async with db.read() as connection:
            assert (await connection.execute(select(sample_spans))).all() == []


async def test_three_days_without_samples_are_a_gap(migrated_url: str) -> None:
    for hours in (-80, -8):
        await keep(migrated_url, timedelta(hours=hours), a_sample(2, killed=hours + 80))
        await keep(migrated_url, timedelta(hours=hours, seconds=50), a_sample(2, killed=hours + 80))
    async with OwnDatabase(migrated_url) as db, db.read() as connection:
        spans = (await connection.execute(select(sample_spans).order_by(sample_spans.c.began_at))).all()
    gap = max(after.began_at - before.ended_at for before, after in itertools.pairwise(spans))
    assert timedelta(hours=71) < gap < timedelta(hours=73)
    assert sum(span.killed for span in spans) == 0, "what was counted in the gap is not known to be ours or not"


@pytest.mark.parametrize("name", ["x", "<!channel> *x* \x00"])
async def test_any_program_s_name_is_kept(own_database: OwnDatabase, name: str) -> None:
    crowd = Crowd(name, "", False, roles=1, used=1, idle=None, stale=None)
    await Samples(own_database).keep(Sample("class", STARTED, STARTED, (), (crowd,), {}))
    async with own_database.read() as connection:
        (row,) = (await connection.execute(select(sample_programs))).all()
    assert (row.program, row.idle) == (name.replace("\x00", "\ufffd"), None)


async def test_what_a_process_saw_before_it_was_stopped_is_left_out(migrated_url: str) -> None:
    """Else what was counted since is counted twice, and old figures stand at a new time."""
    seen_by_one = a_sample(5, killed=1)
    async with OwnDatabase(migrated_url) as db:
        one, other = Lease(db, "one"), Lease(db, "other")
        assert await one.take("samples:class", timedelta())
        assert await other.take("samples:class", timedelta(minutes=1))
        samples = Samples(db)
        for killed in (1, 4):
            await samples.keep(a_sample(2, killed), partial(other.holds, name="samples:class"))
        await samples.keep(seen_by_one, partial(one.holds, name="samples:class"))
        await samples.keep(a_sample(2, killed=4), partial(other.holds, name="samples:class"))
        async with db.read() as connection:
            killed = (await connection.execute(select(func.sum(sample_spans.c.killed)))).scalar_one()
            used = (await connection.execute(select(func.max(sample_limits.c.used)))).scalar_one()
    assert (killed, used) == (3, 2)


async def test_a_clock_that_was_ahead_for_a_while_leaves_no_gap_behind(migrated_url: str) -> None:
    for minutes in (0, 1, 7 * 24 * 60, 7 * 24 * 60 + 1, 2, 3):
        await keep(migrated_url, timedelta(minutes=minutes), a_sample(2))
    async with OwnDatabase(migrated_url, ahead=timedelta(minutes=4)) as db, db.read() as connection:
        now = await db.now(connection)
        spans = (await connection.execute(select(sample_spans).where(sample_spans.c.began_at < now))).all()
    assert sum((span.ended_at - span.began_at for span in spans), timedelta()) > timedelta(minutes=3)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago"])
async def test_thinned_weeks_are_told_as_before_wherever_they_begin(migrated_url: str, zone: str) -> None:
    """With peaks on both sides of each Monday's midnight, and of the changes of the clocks."""
    course, chance = ZoneInfo(zone), Random(zone)  # noqa: S311
    weeks = [week_of(STARTED - timedelta(days=350), course).after(number) for number in range(0, 43, 6)]
    moments = [
        week.begins(course) + timedelta(minutes=minute + 60 * 24 * 6 * late)
        for week in weeks
        for minute in range(-61, 61, 7)
        for late in (0, 1)
    ]
    peaks = [
        {"server": "class", "width": MINUTE, "at": at, "kind": kind, "name": "class", "used": used, "slots": slots, "reached_at": at}
        for at in moments
        for kind, slots in (("server", 97), ("role", 8))
        for used in (chance.randrange(slots + 1),)
    ]  # fmt: skip
    uses = [
        {"server": "class", "width": MINUTE, "at": at, "program": "psql", "place": "", "service": False, "roles": 1, "used": 3,
         "idle": 2, "used_seconds": 180.0, "idle_seconds": float(chance.randrange(120)), "stale_seconds": 0.0}
        for at in moments
    ]  # fmt: skip

    async def told() -> list[object]:
        facts = [await Weeks(db, course).read(None, "class", week) for week in weeks]
        return [(one.heights, one.roles, one.programs) for one in facts]

    async with OwnDatabase(migrated_url, ahead=STARTED - clock()) as db:
        async with db.write() as connection:
            await connection.execute(insert(sample_limits), peaks)
            await connection.execute(insert(sample_programs), uses)
        before = await told()
        while await Samples(db, course).thin("class"):
            pass
        assert set(await widths(db)) == {HOUR}
        assert await told() == before
