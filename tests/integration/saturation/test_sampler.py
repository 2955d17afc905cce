"""One process at a time samples a server, another goes on when that one is gone, and a dead server costs no other its samples."""

from datetime import timedelta

from sqlalchemy import select

from bot.saturation.sampler import Sampler
from bot.saturation.samples import Samples
from bot.servers.fleet import Fleet
from bot.servers.settings import ServerSettings
from bot.storage.engine import OwnDatabase
from bot.storage.lease import Lease
from bot.storage.tables import leases, sample_marks
from tests.postgres import Postgres

MINUTE = timedelta(minutes=1)


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

        async with OwnDatabase(migrated_url, ahead=2 * MINUTE) as later, later.read() as connection:
            assert (await connection.execute(select(leases.c.holder))).scalars().all() == ["one"]
        async with OwnDatabase(migrated_url, ahead=2 * MINUTE) as later:
            await Sampler(fleet, Samples(later), Lease(later, "other"), MINUTE).turn()
            async with later.read() as connection:
                assert (await connection.execute(select(leases.c.holder))).scalars().all() == ["other"]


async def test_a_server_that_is_not_there_costs_no_other_its_samples(
    postgres18: Postgres, own_database: OwnDatabase
) -> None:
    async with Fleet(settings(postgres18, "dead", "class")) as fleet:
        await Sampler(fleet, Samples(own_database), Lease(own_database, "one"), MINUTE).turn()
        assert list(await sampled(own_database)) == ["class"]
        async with own_database.read() as connection:
            names = (await connection.execute(select(leases.c.name))).scalars().all()
        # Another process may be able to reach it.
        assert names == ["samples:class"]
