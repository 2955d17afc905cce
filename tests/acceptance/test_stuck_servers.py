"""Something does not move: one student's backend, the bot's own, a whole server. Nobody else waits for it for long."""

import asyncio
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.servers.holder import DEADLINE, WAITS
from bot.slack import ids
from tests.courses import Course, a_course, a_seed
from tests.eventually import eventually
from tests.majors import NEWEST
from tests.postgres import Postgres
from tests.servers import Servers

OTHERS = 3
MANY = 20 + OTHERS
PEOPLE = tuple(f"staff{number:02}x" for number in range(MANY))
EACH = 10
"""Commands a minute that one person may give."""
SOON = 2.5
"""Seconds in which a server that moves answers many at once, on a busy machine too."""
ANSWERED_WITHIN = DEADLINE * WAITS + SOON


@pytest_asyncio.fixture
async def lab(servers: Servers) -> AsyncIterator[Postgres]:
    """A second server, of another major."""
    with servers.share(NEWEST - 1) as postgres:
        yield postgres


@pytest_asyncio.fixture
async def course(
    postgres18: Postgres, lab: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> AsyncIterator[Course]:
    """Two servers, and enough people for many commands a minute."""
    group = lab.make_group("lab")
    more = f"[servers.lab]\ndsn = '{lab.dsn(lab.make_bot_role())}'\nstudents = ['{group}']\n"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, seed=a_seed(PEOPLE), toml=more) as course:
        course.lab = group
        for who in PEOPLE:
            await course.grant(who)
        yield course
        assert course.workspace.complaints == []


def own_backends(postgres: Postgres) -> list[int]:
    """The bot's own sessions on a server."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'connbot' AND datname IS NOT NULL"
    return [pid for (pid,) in postgres.admin.execute(query)]


def freeze_whole(postgres: Postgres) -> None:
    """Stop a server's main process and the bot's own session on it."""
    for process in (*own_backends(postgres), postgres.server.pid):
        postgres.freeze(process)


async def answered(course: Course, who: str, line: str, times: int = 1) -> list[tuple[float, str]]:
    """Type a command so often at once; each answer with the seconds after which it was there."""
    loop = asyncio.get_running_loop()
    began, found = loop.time(), list[tuple[float, str]]()
    course.look(who)
    await asyncio.gather(*(course.type(who, line) for _ in range(times)))
    while len(found) < times:
        new = await course.workspace.wait_for(lambda: course.new(who), within=ANSWERED_WITHIN * 2)
        course.look(who)
        found += [(loop.time() - began, message.text) for message in new]
    return found


async def test_one_stuck_server_delays_nobody_at_the_other_and_two_hundred_are_answered(
    course: Course, lab: Postgres
) -> None:
    alice = course.make_student()
    bob = lab.make_role("student", limit=5, groups=(course.lab,))
    freeze_whole(lab)
    before = resident()

    answers = await asyncio.gather(
        *(answered(course, who, f"/conns {bob} on lab", EACH) for who in PEOPLE[OTHERS:]),
        *(answered(course, who, f"/conns {alice}", EACH) for who in PEOPLE[:OTHERS]),
    )

    at_stuck = [one for each in answers[:-OTHERS] for one in each]
    at_moving = [one for each in answers[-OTHERS:] for one in each]
    assert len(at_stuck) == 200
    assert {"lab did not answer within 3 s" in text for _, text in at_stuck} == {True}
    assert max(seconds for seconds, _ in at_stuck) < ANSWERED_WITHIN
    assert {f"{alice}: nobody is connected" in text for _, text in at_moving} == {True}
    assert max(seconds for seconds, _ in at_moving) < SOON
    assert resident() - before < 32 * 2**20

    lab.server.resume()
    told = await eventually(lambda: working(course, f"/conns {bob} on lab"), within=15, every=0.5)
    assert f"{bob}: nobody is connected" in told


async def working(course: Course, line: str) -> str:
    """The answer to a command, once it is no excuse."""
    await course.grant("tom")
    text = (await course.ask("tom", line)).text
    return "" if "did not answer" in text or "cannot be reached" in text else text


def resident() -> int:
    """The memory that this process has, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def test_a_frozen_backend_is_still_ending_and_nobody_else_waits_for_it(course: Course) -> None:
    alice = course.make_student()
    stuck, other = await course.fill(alice, 2)
    tom, *others = PEOPLE
    asked = await course.ask(tom, f"/kill {alice} {stuck.pid} {other.pid}")
    course.postgres.freeze(stuck.pid)

    working = await course.press(tom, asked, ids.TERMINATE)
    assert "still at it" in working.text
    answers = await asyncio.gather(*(answered(course, who, f"/conns {alice}", 3) for who in others))
    told = await course.next(tom)

    assert max(seconds for each in answers for seconds, _ in each) < SOON
    assert f"pid {stuck.pid} (psql): told to end and still there after 5 s" in told.text
    assert f"pid {other.pid} (psql): terminated" in told.text
    assert "Look again" in told.text
    outcomes = {one["pid"]: one["outcome"] for one in (await course.history(alice))[0]["backends"]}
    assert outcomes == {stuck.pid: "still_ending", other.pid: "terminated"}


async def test_who_asks_while_the_bot_s_own_session_is_frozen_is_answered_by_its_replacement(course: Course) -> None:
    alice = course.make_student()
    await course.fill(alice, 2)
    first, *others = PEOPLE
    (own,) = own_backends(course.postgres)
    course.postgres.freeze(own)

    course.look(first)
    await course.type(first, f"/conns {alice}")
    answers = await asyncio.gather(*(answered(course, who, f"/conns {alice}", 2) for who in others))

    # Those whose read was already under way could not be served; all others waited for the replacement.
    assert "did not answer within 3 s" in (await course.next(first)).text
    every = [one for each in answers for one in each]
    assert max(seconds for seconds, _ in every) < ANSWERED_WITHIN
    served = [text for _, text in every if "2 of 5" in text]
    refused = [text for _, text in every if "did not answer within 3 s" in text]
    assert len(served) + len(refused) == len(every)
    assert len(served) > len(refused)
    course.postgres.thaw(own)
    await eventually(lambda: len(own_backends(course.postgres)) == 1)
    assert own_backends(course.postgres) != [own]
