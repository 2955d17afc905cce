"""The own database on a server that fills up: its connections are kept, and what is lost comes back when there is room."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable

import pytest

from bot.demo.clients import Refused
from bot.errors import OwnDatabaseUnavailable
from bot.storage.engine import OwnDatabase
from bot.storage.postgresql import CONNECTIONS
from tests.eventually import eventually
from tests.postgres import OpenBackend, Postgres


def own(postgres: Postgres) -> tuple[str, str]:
    """The URL of an empty own database, and its role, which has no special right."""
    owner = postgres.make_role("owner")
    return postgres.url(owner, postgres.make_database("own", owner=owner)), owner


def pids(postgres: Postgres, owner: str) -> set[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE usename = %s"
    return {pid for (pid,) in postgres.admin.execute(query, [owner])}


async def lose(postgres: Postgres, owner: str, lost: Iterable[int]) -> list[OpenBackend]:
    """End connections of the own database; somebody else takes their slots at once."""
    gone = set(lost)
    for pid in gone:
        postgres.admin.execute("SELECT pg_terminate_backend(%s)", [pid])
    await eventually(lambda: not gone & pids(postgres, owner))
    return await postgres.fill(postgres.make_role())


async def test_a_lost_connection_costs_neither_the_others_nor_anybody_a_failure(postgres: Postgres) -> None:
    url, owner = own(postgres)
    async with OwnDatabase(url) as db:
        first, second, third = sorted(pids(postgres, owner))
        for lost, left in ((first, {second, third}), (second, {third})):
            taken = await lose(postgres, owner, [lost])
            for _ in range(2 * CONNECTIONS):
                await db.now()
            # They wait for one another rather than fail.
            await asyncio.gather(*(db.now() for _ in range(10)))
            assert pids(postgres, owner) == left
        for one in taken:
            await postgres.close_backend(one)
        for _ in range(CONNECTIONS):
            await db.now()
        assert len(pids(postgres, owner)) == 2
        assert third in pids(postgres, owner)


async def test_without_any_it_is_unavailable_at_once_and_there_again_when_there_is_room(postgres: Postgres) -> None:
    url, owner = own(postgres)
    async with OwnDatabase(url) as db:
        opened = await lose(postgres, owner, pids(postgres, owner))
        loop = asyncio.get_running_loop()
        asked = loop.time()
        answers = await asyncio.gather(*(db.now() for _ in range(5)), return_exceptions=True)
        assert loop.time() - asked < 2
        assert {(type(answer), getattr(answer, "full", None)) for answer in answers} == {(OwnDatabaseUnavailable, True)}
        await postgres.close_backend(opened.pop())
        await db.now()


async def test_a_connection_lost_in_the_middle_costs_its_own_transaction_alone(postgres18: Postgres) -> None:
    url, owner = own(postgres18)
    async with OwnDatabase(url) as db:
        before = pids(postgres18, owner)
        with pytest.raises(OwnDatabaseUnavailable):
            await _break_off(postgres18, owner, db)
        for _ in range(2 * CONNECTIONS):
            await db.now()
        assert len(before & pids(postgres18, owner)) == len(pids(postgres18, owner)) == CONNECTIONS - 1


async def _break_off(postgres: Postgres, owner: str, db: OwnDatabase) -> None:
    async with db.write() as connection:
        lost = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
        await lose(postgres, owner, [lost])
        await connection.exec_driver_sql("SELECT 1")


async def test_what_one_transaction_holds_the_others_wait_for(postgres18: Postgres) -> None:
    url, owner = own(postgres18)
    async with OwnDatabase(url) as db:
        *lost, _ = sorted(pids(postgres18, owner))
        await lose(postgres18, owner, lost)
        async with contextlib.AsyncExitStack() as stack:
            connection = await stack.enter_async_context(db.read())
            await connection.exec_driver_sql("SELECT 1")
            waiting = asyncio.create_task(db.now())
            done, _ = await asyncio.wait({waiting}, timeout=0.1)
            assert not done
            await stack.aclose()
            await waiting


@pytest.mark.parametrize("free", [0, 1, 2])
async def test_opened_on_a_full_server_it_takes_what_there_is_or_says_so(
    postgres: Postgres, caplog: pytest.LogCaptureFixture, free: int
) -> None:
    url, owner = own(postgres)
    await postgres.fill(postgres.make_role(), leave_free=free)
    db = OwnDatabase(url)
    try:
        if not free:
            with pytest.raises(OwnDatabaseUnavailable) as told:
                await db.open()
            assert told.value.full
            assert told.value.detail.startswith("remaining connection slots are reserved for")
            return
        with caplog.at_level(logging.WARNING):
            await db.open()
        (warning,) = caplog.records
        assert warning.__dict__["detail"].startswith(f"{free} of 3: remaining connection slots are reserved for")
        await asyncio.gather(*(db.now() for _ in range(10)))
        assert len(pids(postgres, owner)) == free
        with pytest.raises(Refused):
            await postgres.open_backend(postgres.make_role())
    finally:
        await db.close()
