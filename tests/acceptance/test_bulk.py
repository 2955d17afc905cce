"""Many connections at once: what is shown is what ends, each has its outcome, and nothing that came later is touched."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from bot.slack import ids
from bot.storage.tables import proposal_backends
from bot.workspace.block_kit.walk import elements
from bot.workspace.model import Message
from tests.block_rules import faults
from tests.courses import Course, a_course
from tests.eventually import eventually
from tests.majors import NEWEST
from tests.postgres import OpenBackend, Postgres, Running

CROWD = 100
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def roomy() -> Iterator[Running]:
    with contextlib.closing(Running(NEWEST, max_connections=CROWD + 60)) as running:
        yield running


@pytest_asyncio.fixture
async def course(roomy: Running, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    postgres = Postgres(roomy)
    with contextlib.ExitStack() as stack:
        stack.callback(postgres.clean)
        async with a_course(postgres, migrated_sqlite_url, tmp_path, toml="poolers = ['local']") as course:
            await course.grant("tom")
            yield course
            assert course.workspace.complaints == []


async def a_crowd(course: Course, count: int, program: str = "psql") -> tuple[str, list[OpenBackend]]:
    """A student without a limit, with `count` idle connections."""
    alice = course.make_student(limit=-1)
    return alice, await course.fill(alice, count, program)


async def outcomes(course: Course, role: str) -> dict[int, str]:
    """What became of each backend of the newest proposal, as the record has it."""
    entry = next(one for one in await course.history(role) if one["kind"] == "termination")
    return {one["pid"]: one["outcome"] for one in entry["backends"]}


def sendable(message: Message) -> bool:
    """Whether Slack would take it."""
    from bot.slack.blocks.text import Message as Drawn  # noqa: PLC0415 - the other Message

    return faults(Drawn(message.text, tuple(message.blocks or ()))) == []


async def test_of_a_hundred_each_gets_what_is_its_own(course: Course) -> None:
    alice, opened = await a_crowd(course, CROWD)
    pooled = await course.postgres.open_backend(alice, host=str(course.postgres.server.socket_dir))
    gone, changed, written, frozen, former, quiet = (
        opened[:5],
        opened[5:10],
        opened[10],
        opened[11:14],
        opened[14],
        opened[15:],
    )

    asked = await course.ask("tom", f"/kill {alice} all")
    assert f"End {CROWD} connections" in asked.text
    assert f"Will not be ended: pid {pooled.pid}: it is a pooler's" in str(asked.blocks)
    shown = {one.pid for one in opened if str(one.pid) in str(asked.blocks)}
    assert shown == {one.pid for one in opened}
    assert sendable(asked)

    # Between the preview and the click: some leave, some work, some hang, one pid is another's now, and new ones come.
    for one in gone:
        await course.postgres.close_backend(one)
    for one in changed:
        await one.connection.execute("BEGIN")
        await one.connection.execute("SELECT 1")
    await written.connection.execute("BEGIN")
    await written.connection.execute("CREATE TEMP TABLE note (line text)")
    for one in frozen:
        course.postgres.freeze(one.pid)
    async with course.database() as database, database.write() as connection:
        earlier = update(proposal_backends).values(started_at=former.started_at - MICROSECOND)
        await connection.execute(earlier.where(proposal_backends.c.pid == former.pid))
    later = await course.fill(alice, 4)
    watching = asyncio.create_task(others_are_answered(course))

    progress = await course.press("tom", asked, ids.TERMINATE)
    assert "still at it" in progress.text
    told = await course.next("tom")

    assert await watching < 2
    expected = {
        **dict.fromkeys((one.pid for one in (*gone, former)), "already_gone"),
        **dict.fromkeys((one.pid for one in (*changed, written)), "changed"),
        **dict.fromkeys((one.pid for one in frozen), "still_ending"),
        **dict.fromkeys((one.pid for one in quiet), "terminated"),
    }
    assert await outcomes(course, alice) == expected
    assert f"ended {len(quiet)} of {CROWD} connections" in told.text
    assert sendable(told)
    untouched = (*changed, written, former, pooled, *later)
    assert [one.pid for one in untouched if not course.postgres.is_open(one)] == []
    assert [one.pid for one in quiet if course.postgres.is_open(one)] == []
    for one in frozen:
        course.postgres.thaw(one.pid)
    await eventually(lambda: not any(map(course.postgres.is_open, frozen)))

    # What is left is asked about again, and none of those that have ended, nor any that came later.
    again = await course.press("tom", told, ids.ASK_AGAIN)
    assert f"End {len(changed) + 1} connections" in again.text
    assert not [one.pid for one in (*quiet, *later, former) if f"{one.pid} " in again.text]
    # They are in use now, which takes a reason.
    await course.give_reason("tom", again, ids.TERMINATE_BECAUSE, "exam at 9")
    assert [one.pid for one in (*changed, written) if course.postgres.is_open(one)] == []
    assert [one.pid for one in later if not course.postgres.is_open(one)] == []


async def others_are_answered(course: Course) -> float:
    """The longest that another's `/conns` took while the watch for the end goes on, in seconds."""
    await course.grant("tina")
    bob = course.make_student()
    loop, longest = asyncio.get_running_loop(), 0.0
    for _ in range(8):
        asked = loop.time()
        assert bob in (await course.ask("tina", f"/conns {bob}")).text
        longest = max(longest, loop.time() - asked)
    return longest


@pytest.mark.parametrize("count", [1, 5, 40, 140])
async def test_any_number_is_shown_ended_and_told_of(course: Course, count: int) -> None:
    alice, opened = await a_crowd(course, count)

    asked = await course.ask("tom", f"/kill {alice} all")
    told = await course.press("tom", asked, ids.TERMINATE)
    if "still at it" in told.text:
        told = await course.next("tom")

    assert sendable(asked)
    assert sendable(told)
    assert Counter((await outcomes(course, alice)).values()) == {"terminated": count}
    assert f"ended {count} connection" in told.text
    assert not any(map(course.postgres.is_open, opened))
    async with course.database() as database, database.read() as connection:
        stored = select(func.count()).select_from(proposal_backends)
        assert (await connection.execute(stored)).scalar_one() == count


async def test_two_clicks_on_many_are_one_claim(course: Course) -> None:
    alice, opened = await a_crowd(course, 20)
    asked = await course.ask("tom", f"/kill {alice} all")
    course.look("tom")

    await asyncio.gather(
        *(course.workspace.click("tom", asked.channel, asked.ts, action_id=ids.TERMINATE) for _ in "12")
    )

    await course.workspace.wait_for(lambda: "ended 20 connections" in str(course.new("tom")), within=10)
    assert not any(map(course.postgres.is_open, opened))
    terminations = [one for one in await course.history(alice) if one["kind"] == "termination"]
    assert [one["state"] for one in terminations] == ["resolved"]


async def test_strays_are_exactly_those_and_none_is_said(course: Course) -> None:
    alice = course.make_student(limit=-1)
    strays = await course.fill(alice, 12, "pgAdmin 4 - DB:shop")
    others = await course.fill(alice, 2)
    asked = await course.ask("tom", f"/kill {alice} strays")
    # The newest of a program's connections from one place is taken for the one in use.
    assert "End 12 connections" in asked.text
    await course.press("tom", asked, ids.TERMINATE)
    assert [course.postgres.is_open(one) for one in (*strays, *others)] == [False] * 11 + [True, False, True]

    none = await course.ask("tom", f"/kill {alice} strays")
    assert "None of its connections looks stray" in none.text
    assert not [e for _, e in elements(none.blocks) if e["action_id"] == ids.TERMINATE]
    nobody = await course.ask("tom", f"/kill {course.make_student()} all")
    assert "Nobody is connected" in nobody.text


async def test_ticks_in_several_lists_and_stale_ones(course: Course) -> None:
    alice, opened = await a_crowd(course, 14)
    listed = await course.ask("tom", f"/conns {alice}")
    lists = [(block, e) for block, e in elements(listed.blocks) if e["action_id"] == ids.CHOOSE]
    assert [len(element["options"]) for _, element in lists] == [10, 4]
    first, vanished, last = opened[0], opened[9], opened[13]
    tick(course, listed, lists, first, vanished, last)
    await course.postgres.close_backend(vanished)
    later = await course.fill(alice, 1)

    asked = await course.press("tom", listed, ids.TERMINATE_CHOSEN)
    assert "End 2 connections" in asked.text
    assert f"pid {vanished.pid}: there is no such connection" in asked.text
    await course.press("tom", asked, ids.TERMINATE)

    left = [one for one in (*opened, *later) if course.postgres.is_open(one)]
    assert left == [one for one in (*opened, *later) if one not in (first, vanished, last)]

    # The list as it stood: all that was ticked is gone by now.
    stale = await course.press("tom", listed, ids.TERMINATE_CHOSEN)
    assert "Nothing to end" in stale.text
    assert "there is no such connection" in stale.text


def tick(course: Course, listed: Message, lists: list[tuple[str, Any]], *ticked: OpenBackend) -> None:
    """Tick connections in whichever of the lists they stand."""
    values = course.workspace._values("tom", listed)
    for block_id, element in lists:
        chosen = [one for one in element["options"] if int(one["value"].split(":")[0]) in {b.pid for b in ticked}]
        assert chosen
        values.setdefault(block_id, {})[ids.CHOOSE] = {"type": "checkboxes", "selected_options": chosen}
