"""One process at a time has a lease, on both own databases."""

import asyncio
from datetime import timedelta

from bot.storage.engine import OwnDatabase
from bot.storage.lease import Lease

LONG = timedelta(minutes=5)


async def test_one_of_many_has_it_and_keeps_it(own_database: OwnDatabase) -> None:
    leases = [Lease(own_database, f"process {number}") for number in range(6)]
    taken = await asyncio.gather(*(lease.take("samples", LONG) for lease in leases))
    assert taken.count(True) == 1
    again = await asyncio.gather(*(lease.take("samples", LONG) for lease in leases))
    assert again == taken
    assert await leases[taken.index(False)].take("another", LONG)


async def test_what_has_lapsed_is_another_s(own_database: OwnDatabase, migrated_url: str) -> None:
    assert await Lease(own_database, "other").take("samples", LONG)
    assert not await Lease(own_database, "one").take("samples", LONG)
    async with OwnDatabase(migrated_url, ahead=LONG + timedelta(seconds=1)) as later:
        assert await Lease(later, "one").take("samples", LONG)
        assert not await Lease(later, "other").take("samples", LONG)


async def test_while_a_transaction_relies_on_it_nobody_else_takes_it(
    own_database: OwnDatabase, migrated_url: str
) -> None:
    one = Lease(own_database, "one")
    assert await one.take("samples", LONG)
    async with own_database.write() as connection:
        assert await one.holds(connection, "samples")
        assert not await Lease(own_database, "other").holds(connection, "samples")
        assert not await one.holds(connection, "another")
    async with OwnDatabase(migrated_url, ahead=LONG + timedelta(seconds=1)) as later:
        async with later.write() as connection:
            assert not await Lease(later, "one").holds(connection, "samples")
        assert await Lease(later, "other").take("samples", LONG)


async def test_one_that_was_taken_while_the_clock_was_ahead_is_another_s(
    own_database: OwnDatabase, migrated_url: str
) -> None:
    async with OwnDatabase(migrated_url, ahead=timedelta(days=7)) as ahead:
        assert await Lease(ahead, "one").take("samples", LONG)
    assert await Lease(own_database, "other").take("samples", LONG)
    assert not await Lease(own_database, "one").take("samples", LONG)
