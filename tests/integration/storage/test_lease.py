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
