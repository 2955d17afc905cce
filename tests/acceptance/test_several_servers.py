"""Several servers: each by its name, one meant where none is named, and one that is down keeps nobody from the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.access.member import Grade
from bot.slack import ids
from tests.courses import Course, a_course, served
from tests.eventually import eventually
from tests.postgres import Postgres

REFUSED = "You may not"


@asynccontextmanager
async def two_servers(postgres: Postgres, url: str, folder: Path, *, default: str = "") -> AsyncIterator[Course]:
    """`class` and `lab` with students of their own, and `attic`, which is not there."""
    lab = postgres.make_group("lab")
    more = (
        f"[servers.lab]\ndsn = '{postgres.dsn(postgres.make_bot_role())}'\nstudents = ['{lab}']\n"
        "[servers.attic]\ndsn = 'host=127.0.0.1 port=1 dbname=x'\nstudents = ['students']\n"
    )
    async with a_course(postgres, url, folder, toml=more, serving=False) as course:
        course.lab = lab
        if default:
            config = Path(course.environment["CONNBOT_CONFIG"])
            config.write_text(f'default = "{default}"\n' + config.read_text())
        async with served(course):
            yield course


@pytest_asyncio.fixture
async def course(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    async with two_servers(postgres18, migrated_sqlite_url, tmp_path) as course:
        yield course
        assert course.workspace.complaints == []


def a_student_of_the_lab(course: Course) -> str:
    return course.postgres.make_role("student", limit=5, groups=(course.lab,))


async def test_the_first_is_meant_where_none_is_named(course: Course) -> None:
    alice, lab = course.make_student(), a_student_of_the_lab(course)
    await course.grant("tom")

    assert f"{alice}: nobody is connected (0 of 5)" in (await course.ask("tom", f"/conns {alice}")).text
    assert f"{lab}: nobody is connected (0 of 5)" in (await course.ask("tom", f"/conns {lab} on lab")).text
    # Not a student there, and so nobody a responder may see.
    assert REFUSED in (await course.ask("tom", f"/conns {lab}")).text
    assert REFUSED in (await course.ask("tom", f"/conns {alice} on lab")).text


async def test_another_is_meant_where_the_configuration_says_so(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with two_servers(postgres18, migrated_sqlite_url, tmp_path, default="lab") as course:
        lab = a_student_of_the_lab(course)
        await course.grant("tom")

        assert f"{lab}: nobody is connected (0 of 5)" in (await course.ask("tom", f"/conns {lab}")).text


async def test_a_server_that_there_is_not_is_named_with_those_there_are(course: Course) -> None:
    await course.grant("tom")

    text = (await course.ask("tom", "/conns alice on cellar")).text

    for name in ("cellar", "class", "lab", "attic"):
        assert name in text


async def test_one_that_is_down_says_so_and_the_others_answer(course: Course) -> None:
    alice = course.make_student()
    (one,) = await course.fill(alice, 1)
    await course.grant("tom")
    await course.own("alice", alice)
    await course.own("alice", alice, server="attic")

    assert "attic cannot be reached" in (await course.ask("tom", f"/conns {alice} on attic")).text
    own = (await course.ask("alice", "/conns")).text
    assert f"{alice}: 1 of 5" in own
    assert "attic cannot be reached" in own
    asked = await course.ask("alice", f"/kill {alice} {one.pid}")
    await course.press("alice", asked, ids.TERMINATE)
    assert not course.postgres.is_open(one)


async def test_a_grant_for_one_server_reaches_no_other(course: Course) -> None:
    alice, lab = course.make_student(), a_student_of_the_lab(course)
    await course.grant("priya", Grade.ADMIN)
    assert REFUSED not in (await course.ask("priya", "/connbot allow @tom responder on lab")).text

    assert f"{lab}: nobody is connected (0 of 5)" in (await course.ask("tom", f"/conns {lab} on lab")).text
    assert REFUSED in (await course.ask("tom", f"/conns {alice}")).text


@pytest.mark.parametrize("line", ["/kill {role} {pid}", "/kill {role} all", "/kill @alice all"])
async def test_an_owner_need_not_name_the_server_of_the_only_role(course: Course, line: str) -> None:
    lab = a_student_of_the_lab(course)
    (one,) = await course.fill(lab, 1)
    await course.own("alice", lab, server="lab")

    asked = await course.ask("alice", line.format(role=lab, pid=one.pid))
    await course.press("alice", asked, ids.TERMINATE)

    assert not course.postgres.is_open(one)


async def test_roles_of_a_person_on_several_servers_are_told_apart(course: Course) -> None:
    alice, lab = course.make_student(), a_student_of_the_lab(course)
    (one,) = await course.fill(lab, 1)
    await course.own("alice", alice)
    await course.own("alice", lab, server="lab")
    await course.grant("tom")

    which = (await course.ask("tom", "/kill @alice all")).text
    for words in (f"{alice} on class", f"{lab} on lab"):
        assert words in which
    asked = await course.ask("tom", "/kill @alice all on lab")
    assert str(one.pid) in asked.text
    none = await course.ask("alice", "/conns on cellar")
    assert "There is no server" in none.text


async def test_one_that_comes_back_is_there_again(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with two_servers(postgres18, migrated_sqlite_url, tmp_path) as course:
        alice = course.make_student()
        await course.grant("tom")
        postgres18.halt()
        assert "class cannot be reached" in (await course.ask("tom", f"/conns {alice}")).text
        postgres18.start()

        async def is_back() -> bool:
            return f"{alice}: nobody is connected (0 of 5)" in (await course.ask("tom", f"/conns {alice}")).text

        await eventually(is_back, within=15, every=2)
