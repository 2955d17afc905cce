"""A full server, as people meet it: through the connection held, through the reserve, by waiting; and on record all along."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo.clients import Refused
from bot.slack import ids
from bot.storage.migrate import upgrade
from tests.courses import Course, a_course, served
from tests.eventually import eventually
from tests.postgres import OpenBackend, Postgres
from tests.processes import connbot


@asynccontextmanager
async def begun_full(
    postgres: Postgres, url: str, folder: Path, *, reserved: bool
) -> AsyncIterator[tuple[Course, str, list[OpenBackend]]]:
    """A course whose bot starts when a student without a limit has every slot; yields it with the student."""
    dsn = postgres.dsn(postgres.make_bot_role(reserved=reserved))
    async with a_course(postgres, url, folder, dsn=dsn, serving=False) as course:
        alice = course.make_student(limit=-1)
        await course.grant("tom")
        opened = await postgres.fill(alice)
        async with served(course):
            yield course, alice, opened
        assert course.workspace.complaints == []


async def kill(course: Course, role: str, *ended: OpenBackend) -> tuple[str, str]:
    """End sessions by `/kill` and its click; returns what was said before and after."""
    pids = " ".join(str(one.pid) for one in ended)
    asked = await course.ask("tom", f"/kill {role} {pids}")
    told = await course.press("tom", asked, ids.TERMINATE)
    assert not any(map(course.postgres.is_open, ended))
    return asked.text, told.text


async def gets_in(course: Course, role: str) -> bool:
    try:
        await course.postgres.open_backend(role)
    except Refused:
        return False
    return True


async def test_started_into_a_full_server_it_frees_slots_and_never_says_free_too_early(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with begun_full(postgres18, migrated_sqlite_url, tmp_path, reserved=True) as (course, alice, opened):
        slots = postgres18.ordinary_slots
        listed = await course.ask("tom", f"/conns {alice}")
        assert f"({slots + 1} of {slots} slots) is full: nobody can connect until 2 of them have ended" in listed.text
        assert "some came in through reserved ones and count too: 2 must end" in str(listed.blocks)

        before, after = await kill(course, alice, opened[0])
        assert "That lets nobody in yet" in before
        assert f"({slots} of {slots} slots) is full: nobody can connect" in after
        assert not await gets_in(course, alice)

        before, after = await kill(course, alice, opened[1])
        assert "That lets nobody in yet" not in before
        assert "the server has 1 slot left" in after
        await eventually(lambda: gets_in(course, alice), within=0.5)


async def test_shut_out_it_says_so_at_once_takes_the_next_slot_and_frees_the_others(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with begun_full(postgres18, migrated_sqlite_url, tmp_path, reserved=False) as (course, alice, opened):
        for line in (f"/conns {alice}", f"/kill {alice} all"):
            told = await course.ask("tom", line)
            assert "is full, and the bot has no working connection to it. Nothing was ended." in told.text
            assert "Meanwhile close what you do not need" in told.text

        await postgres18.close_backend(opened.pop())

        async def is_in() -> bool:
            return "is full: nobody can connect" in (await course.ask("tom", f"/conns {alice}")).text

        await eventually(is_in, every=1)
        await kill(course, alice, opened[0])
        await eventually(lambda: gets_in(course, alice), within=0.5)


async def test_its_connection_ended_under_it_on_a_full_server_is_back_before_the_next_question(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with begun_full(postgres18, migrated_sqlite_url, tmp_path, reserved=True) as (course, alice, opened):
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'connbot_%'"
        postgres18.admin.execute(end)
        with contextlib.suppress(Refused):
            opened.append(await postgres18.open_backend(alice))

        listed = await course.ask("tom", f"/conns {alice}")
        assert "is full: nobody can connect until" in listed.text
        await kill(course, alice, *opened[:2])
        await eventually(lambda: gets_in(course, alice), within=0.5)


# The own database on the same server.


@pytest.fixture
def own_url(postgres18: Postgres) -> str:
    """A migrated own database whose role has no special right."""
    owner = postgres18.make_role("owner")
    url = postgres18.url(owner, postgres18.make_database("own", owner=owner))
    upgrade(url)
    return url


async def take_the_own_database_s_slots(course: Course, role: str) -> list[OpenBackend]:
    """End the bot's connections to its own database; the role has their slots before it is back."""
    postgres, base = course.postgres, course.url.rpartition("/")[2]
    postgres.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [base])
    there = "SELECT FROM pg_stat_activity WHERE datname = %s"
    await eventually(lambda: not postgres.admin.execute(there, [base]).fetchall())
    return await postgres.fill(role)


async def test_without_its_own_database_nothing_ends_and_with_the_first_free_slot_it_goes_on(
    postgres18: Postgres, own_url: str, tmp_path: Path
) -> None:
    async with a_course(postgres18, own_url, tmp_path) as course:
        alice = course.make_student(limit=-1)
        (one,) = await course.fill(alice, 1)
        await course.grant("tom")
        asked = await course.ask("tom", f"/kill {alice} {one.pid}")
        others = await take_the_own_database_s_slots(course, alice)

        told = await course.press("tom", asked, ids.TERMINATE)
        assert "what cannot be recorded is not done: nothing was ended" in told.text
        refused = await course.ask("tom", f"/kill {alice} all")
        assert "what cannot be recorded is not done: nothing was ended" in refused.text
        assert all(map(postgres18.is_open, (one, *others)))

        await postgres18.close_backend(others.pop())
        await course.press("tom", asked, ids.TERMINATE)
        assert not postgres18.is_open(one)
        assert all(map(postgres18.is_open, others))
        for spare in others[:3]:
            # The tests read the record through connections of their own.
            await postgres18.close_backend(spare)
        (entry,) = [entry for entry in await course.history(alice) if entry["kind"] == "termination"]
        assert [(b["pid"], b["outcome"]) for b in entry["backends"]] == [(one.pid, "terminated")]


@pytest.mark.parametrize("command", ["serve", "members"])
async def test_started_without_a_slot_for_its_own_database_it_is_one_sentence_with_the_mend(
    postgres18: Postgres, own_url: str, tmp_path: Path, command: str
) -> None:
    async with a_course(postgres18, own_url, tmp_path, serving=False) as course:
        await postgres18.fill(course.make_student(limit=-1))

        ended = await connbot(command, variables=course.environment, folder=tmp_path)

        assert ended.status == 1
        assert ended.err.startswith(
            "The bot's own database cannot be used (remaining connection slots are reserved for"
        )
        assert "its server has no room for another: end one there and start again" in ended.err
        assert "Traceback" not in ended.err
