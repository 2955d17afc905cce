"""One process at a time samples a server, another goes on when that one is gone, and a dead server costs no other its samples."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, insert, select

from bot.saturation.sampler import THIN_EVERY, Sampler
from bot.saturation.samples import Samples
from bot.servers.fleet import Fleet
from bot.servers.settings import ServerSettings
from bot.storage.engine import OwnDatabase
from bot.storage.lease import Lease
from bot.storage.tables import leases, sample_limits, sample_marks, sample_programs
from tests.postgres import Postgres

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def settings(postgres: Postgres, *names: str) -> list[ServerSettings]:
    bot = postgres.dsn(postgres.make_bot_role())
    return [ServerSettings(name, bot if name != "dead" else "host=127.0.0.1 port=1") for name in names]


async def sampled(db: OwnDatabase) -> dict[str, object]:
    """When each server was sampled last."""
    async with db.read() as connection:
        rows = await connection.execute(select(sample_marks.c.server, sample_marks.c.at))
        return {row.server: row.at for row in rows}


async def test_one_of_two_processes_samples_until_it_is_gone(
    postgres18: Postgres, own_database: OwnDatabase, migrated_url: str
) -> None:
    async with Fleet(settings(postgres18, "class")) as fleet:
        one, other = (
            Sampler(fleet, Samples(own_database), Lease(own_database, name), MINUTE) for name in ("one", "other")
        )
        await one.turn()
        first = await sampled(own_database)
        await other.turn()
        assert await sampled(own_database) == first
        await one.turn()
        assert await sampled(own_database) != first

        held = select(leases.c.holder).where(leases.c.name == "samples:class")
        async with own_database.read() as connection:
            assert (await connection.execute(held)).scalars().all() == ["one"]
        async with OwnDatabase(migrated_url, ahead=2 * MINUTE) as later:
            await Sampler(fleet, Samples(later), Lease(later, "other"), MINUTE).turn()
            async with later.read() as connection:
                assert (await connection.execute(held)).scalars().all() == ["other"]


async def test_a_server_that_is_not_there_costs_no_other_its_samples(
    postgres18: Postgres, own_database: OwnDatabase
) -> None:
    async with Fleet(settings(postgres18, "dead", "class")) as fleet:
        await Sampler(fleet, Samples(own_database), Lease(own_database, "one"), MINUTE).turn()
        assert list(await sampled(own_database)) == ["class"]
        async with own_database.read() as connection:
            names = (await connection.execute(select(leases.c.name))).scalars().all()
        # Another process may be able to reach it.
        assert "samples:class" in names
        assert "samples:dead" not in names


async def test_what_is_kept_of_a_server_that_is_configured_no_more_grows_old_too(
    postgres18: Postgres, own_database: OwnDatabase, migrated_url: str
) -> None:
    async with Fleet(settings(postgres18, "class")) as fleet:
        await Sampler(fleet, Samples(own_database), Lease(own_database, "one"), MINUTE).turn()
    async with Fleet(settings(postgres18, "dead")) as fleet, OwnDatabase(migrated_url, ahead=366 * DAY) as later:
        sampler = Sampler(fleet, Samples(later), Lease(later, "other"), MINUTE)
        for _ in range(THIN_EVERY * 4):
            await sampler.thin()
    async with OwnDatabase(migrated_url, ahead=367 * DAY) as later, Fleet(settings(postgres18, "dead")) as fleet:
        sampler = Sampler(fleet, Samples(later), Lease(later, "other"), MINUTE)
        for _ in range(THIN_EVERY * 2):
            await sampler.turn()
        assert await sampled(later) == {}
        async with later.read() as connection:
            assert (await connection.execute(select(sample_limits))).all() == []


async def test_thinned_by_many_while_samples_are_taken_nothing_is_counted_twice(
    postgres18: Postgres, own_database: OwnDatabase, migrated_url: str
) -> None:
    moments = [datetime(2026, 11, 2, tzinfo=UTC) + minute * MINUTE for minute in range(0, 3000, 3)]
    uses = [
        {"server": "class", "width": 60, "at": at, "program": "psql", "place": "", "service": False, "roles": 1, "used": 3,
         "idle": 2, "used_seconds": 180.0, "idle_seconds": 120.0, "stale_seconds": 60.0}
        for at in moments
    ]  # fmt: skip
    sums = [func.sum(sample_programs.c[name]) for name in ("used_seconds", "idle_seconds", "stale_seconds")]
    old = select(*sums).where(sample_programs.c.program == "psql")
    async with own_database.write() as connection:
        await connection.execute(insert(sample_programs), uses)
        before = (await connection.execute(old)).one()
    async with Fleet(settings(postgres18, "class")) as fleet:
        await Sampler(fleet, Samples(own_database), Lease(own_database, "first"), MINUTE).turn()
        for turn in range(12):
            # Each time by other processes, when those of before are gone.
            async with OwnDatabase(migrated_url, ahead=(turn + 1) * 2 * MINUTE) as db:
                samplers = [Sampler(fleet, Samples(db), Lease(db, f"{turn} {number}"), MINUTE) for number in range(3)]
                await asyncio.gather(*(one.turn() for one in samplers), *(one.thin() for one in samplers))
    async with own_database.read() as connection:
        widths = set((await connection.execute(select(sample_programs.c.width))).scalars())
        assert (await connection.execute(old)).one() == before
    assert widths - {60} == {600}
