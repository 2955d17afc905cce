"""Deliveries: each served once, however many come at once."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.access.allow_list import AllowList, Grant
from bot.access.desk import Desk
from bot.access.member import Actor, Grade
from bot.errors import NotPermitted, OwnDatabaseUnavailable
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.tables import deliveries
from tests.builders import NOON
from tests.own_database import AT_COMMAND_LINE

ALICE = Actor("T1", "UALICE")


async def keys(db: OwnDatabase) -> list[str]:
    async with db.read() as connection:
        return list((await connection.execute(select(deliveries.c.key).order_by(deliveries.c.key))).scalars())


async def test_the_same_delivery_is_first_once_and_another_teams_is_another(own_database: OwnDatabase) -> None:
    desk = Desk(own_database)
    assert [(await desk.admit(ALICE, "k1")).first for _ in range(3)] == [True, False, False]
    assert (await desk.admit(ALICE, "k2")).first
    assert (await desk.admit(Actor("T2", "UALICE"), "k1")).first
    await desk.close()


async def test_of_a_hundred_at_once_one_is_first_over_two_processes(
    own_database: OwnDatabase, migrated_url: str
) -> None:
    async with OwnDatabase(migrated_url) as other:
        desks = [Desk(own_database), Desk(other)]
        admitted = await asyncio.gather(*(desks[n % 2].admit(Actor("T1", f"U{n}"), "same") for n in range(100)))
        assert sum(admission.first for admission in admitted) == 1
        assert [admission.standing.actor.id for admission in admitted] == [f"U{n}" for n in range(100)]


async def test_a_hundred_different_ones_at_once_are_all_first_in_a_few_transactions(own_database: OwnDatabase) -> None:
    desk = Desk(own_database)
    admitted = await asyncio.gather(*(desk.admit(ALICE, f"k{n}") for n in range(100)))
    assert all(admission.first for admission in admitted)
    async with own_database.read() as connection:
        times = (await connection.execute(select(deliveries.c.received_at).distinct())).all()
    assert len(times) <= (3 if own_database.kind == "sqlite" else 100)
    await desk.close()


async def test_the_standing_is_what_is_stored_now(own_database: OwnDatabase, record: Record) -> None:
    desk, allow_list = Desk(own_database), AllowList(own_database, record)
    assert (await desk.admit(ALICE, "k1")).standing.members == ()
    member = await allow_list.allow(AT_COMMAND_LINE, Grant("UALICE", Grade.RESPONDER, "class", "a*"), now=NOON)
    assert (await desk.admit(ALICE, "k2")).standing.members == (member,)
    assert (await desk.admit(Actor("T2", "UALICE"), "k3")).standing.members == ()


async def test_one_who_leaves_does_not_take_the_others_along(own_database: OwnDatabase) -> None:
    desk = Desk(own_database)
    leaving = asyncio.create_task(desk.admit(ALICE, "k1"))
    staying = asyncio.create_task(desk.admit(ALICE, "k2"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).first
    assert await keys(own_database) == ["k1", "k2"]
    with pytest.raises(asyncio.CancelledError):
        await leaving


@pytest.mark.parametrize("key", ["k" * 10_000, "\x00", "\ud800", "<!channel>", "a\nb"])
async def test_a_strange_key_is_a_key(own_database: OwnDatabase, key: str) -> None:
    desk = Desk(own_database)
    assert [(await desk.admit(ALICE, key)).first for _ in range(2)] == [True, False]


async def test_without_a_key_nothing_can_be_told_apart(own_database: OwnDatabase) -> None:
    desk = Desk(own_database)
    assert [(await desk.admit(ALICE, "")).first for _ in range(2)] == [True, True]
    assert await keys(own_database) == []


async def test_nobody_in_slack_is_at_the_command_line(own_database: OwnDatabase) -> None:
    with pytest.raises(NotPermitted):
        await Desk(own_database).admit(Actor("T1", "cli:mallory"), "k1")


async def test_yesterdays_deliveries_are_removed(own_database: OwnDatabase, migrated_url: str) -> None:
    await Desk(own_database).admit(ALICE, "yesterday")
    async with OwnDatabase(migrated_url, ahead=timedelta(hours=23)) as later:
        assert not (await Desk(later).admit(ALICE, "yesterday")).first
    async with OwnDatabase(migrated_url, ahead=timedelta(hours=25)) as tomorrow:
        assert (await Desk(tomorrow).admit(ALICE, "today")).first
    assert await keys(own_database) == ["today"]


async def test_a_failure_is_told_to_all_who_wait_and_the_next_are_served(own_database: OwnDatabase) -> None:
    desk = Desk(own_database)
    async with own_database.write() as connection:
        await connection.execute(text("ALTER TABLE deliveries RENAME TO away"))
    results = await asyncio.gather(*(desk.admit(ALICE, f"k{n}") for n in range(5)), return_exceptions=True)
    assert all(isinstance(result, OwnDatabaseUnavailable) for result in results)
    async with own_database.write() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO deliveries"))
    assert (await desk.admit(ALICE, "k1")).first


async def test_a_database_that_cannot_be_reached_leaves_nobody_waiting(
    tmp_path: Path, migrated_sqlite_url: str
) -> None:
    async with OwnDatabase(migrated_sqlite_url) as db:
        desk = Desk(db)
        (tmp_path / "own.db").rename(tmp_path / "away.db")
        for _ in range(2):
            with pytest.raises(OwnDatabaseUnavailable):
                await desk.admit(ALICE, "k1")
        (tmp_path / "away.db").rename(tmp_path / "own.db")
        assert (await desk.admit(ALICE, "k1")).first
        await desk.close()
