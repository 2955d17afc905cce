"""The week on demand, in Slack and at the command line, over true servers and both own databases."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.access.member import Grade
from bot.clock import clock
from bot.slack import ids
from bot.storage.tables import incidents, sample_limits
from bot.summaries.week import last_whole, week_of
from tests.courses import Course, a_course
from tests.eventually import eventually
from tests.histories import a_limit, an_incident, write
from tests.postgres import Postgres
from tests.processes import surroundings
from tests.terminals import Terminal

REFUSED = "You may not"


@pytest_asyncio.fixture
async def sampled(postgres18: Postgres, migrated_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    """A course that is sampled every second."""
    async with a_course(postgres18, migrated_url, tmp_path, toml="[samples]\nevery = 1") as running:
        yield running
        assert running.workspace.broadcasts == []
        assert running.workspace.complaints == []


def last_monday() -> datetime:
    return last_whole(clock(), UTC).begins(UTC)


async def remember(course: Course, *opened: datetime) -> None:
    """Write resolved incidents into the own database."""
    async with course.database() as database:
        rows = [an_incident(number, at, team=course.team) for number, at in enumerate(opened)]
        await write(database, incidents, *rows)


@pytest.mark.parametrize(
    ("grade", "roles", "shown", "named"),
    [
        (None, "", False, False),
        (Grade.RESPONDER, "", True, False),
        (Grade.RESPONDER, "sec1_*", True, False),
        (Grade.INSTRUCTOR, "", True, True),
    ],
    ids=["none", "responder", "responder of a section", "instructor"],
)
async def test_who_may_see_the_week_and_names_in_it(
    course: Course, grade: Grade | None, roles: str, *, shown: bool, named: bool
) -> None:
    if grade is not None:
        await course.grant("priya", grade, roles=roles)
    await course.grant("tina", Grade.INSTRUCTOR)
    monday = last_monday()
    await remember(course, monday + timedelta(days=1))
    async with course.database() as database:
        await write(database, sample_limits, a_limit("role", "ann_smith", 5, 5, monday))

    told = await course.ask("priya", "/connbot summary")

    assert (REFUSED not in told.text) is shown
    assert ("At least 1 incident: 1 × role limit." in told.text) is shown
    assert "ann_smith" not in told.text
    instructors = await course.ask("tina", "/connbot summary")
    names = await course.press("tina", instructors, ids.SUMMARY_NAMES)
    assert "ann_smith (5 of 5)" in names.text
    if shown:
        answer = await course.press("priya", told, ids.SUMMARY_NAMES)
        assert ("ann_smith" in answer.text) is named
        assert (REFUSED in answer.text) is not named


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("summary last", "is no week"),
        ("summary 2199-W01", "has not begun"),
        ("summary 2026-W02 on nowhere", "no server"),
        ("summary 2020-W02", "Nobody looked at the server"),
    ],
)
async def test_what_cannot_be_told_is_said(course: Course, line: str, words: str) -> None:
    await course.grant("priya", Grade.INSTRUCTOR)
    assert words in (await course.ask("priya", f"/connbot {line}")).text


async def test_what_happens_now_is_in_this_week_s_figures(sampled: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """A connection that idles and one that is ended, as a person and as a program reads of them."""
    course = sampled
    alice, bob = course.make_student(limit=3), course.make_student()
    await course.fill(alice, 2, program="pgAdmin 4 - DB:x")
    (victim,) = await course.fill(bob, 1, program="DBeaver 24.1.0 - Main")
    await course.own("bob", bob)
    await course.grant("tina", Grade.INSTRUCTOR)
    asked = await course.ask("bob", f"/kill {bob} {victim.pid}")
    await course.press("bob", asked, ids.TERMINATE)
    terminal, week = Terminal(capsys, course.environment), str(week_of(clock(), UTC))

    async def told() -> dict[str, object]:
        said = await asyncio.to_thread(terminal, "summary", "--week", week, "--format", "json")
        figures: dict[str, object] = json.loads(said.out)
        return figures if figures["idle_by_program"] and figures["ended_by_others"] == 0 else {}

    figures = await eventually(told, within=20)
    assert (figures["terminated"], figures["terminated_with_consent"]) == (1, 1)
    assert figures["over"] is False
    programs = figures["idle_by_program"]
    assert isinstance(programs, list)
    (of_pgadmin,) = (one for one in programs if one["program"] == "pgAdmin")
    assert of_pgadmin["idle"] > 1.0
    networks = figures["idle_by_network"]
    assert isinstance(networks, list)
    assert {one["network"] for one in networks} == {"127.0.0.0/24"}
    text = (await course.ask("tina", f"/connbot summary {week}")).text
    assert "1 with the owner's consent (100%)" in text
    assert "pgAdmin" in text
    assert alice not in text
    for form, begins in (("text", f"Week {week} on class"), ("csv", "week,server,figure,about,value,unit\r\n")):
        said = await asyncio.to_thread(terminal, "summary", "--week", week, "--format", form)
        assert said.status == 0
        assert said.out.startswith(begins)
        assert alice not in said.out


async def test_what_somebody_else_ended_is_told(sampled: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """By the server's own count; what the bot ended is none of it."""
    alice = sampled.make_student()
    first, second, _ = await sampled.fill(alice, 3)
    await sampled.own("alice", alice)
    terminal, week = Terminal(capsys, sampled.environment), str(week_of(clock(), UTC))

    async def others() -> object:
        said = await asyncio.to_thread(terminal, "summary", "--week", week, "--format", "json")
        return json.loads(said.out)["ended_by_others"]

    async def counted() -> bool:
        return isinstance(await others(), int)

    await eventually(counted, within=20)
    before = await others()
    asked = await sampled.ask("alice", f"/kill {alice} {first.pid}")
    await sampled.press("alice", asked, ids.TERMINATE)
    sampled.postgres.admin.execute("SELECT pg_terminate_backend(%s)", [second.pid])

    async def told() -> bool:
        return await others() == 1 + int(str(before))

    await eventually(told, within=20)


async def test_the_picture_and_wrong_usage(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(capsys, course.environment)
    wrong = await asyncio.to_thread(terminal, "summary", "--week", "2026-W99")
    future = await asyncio.to_thread(terminal, "summary", "--week", "2199-W01")
    nowhere = await asyncio.to_thread(terminal, "summary", "--server", "nowhere")

    assert (wrong.status, "is no week" in wrong.err) == (2, True)
    assert (future.status, future.err) == (1, "The week 2199-W01 has not begun yet.\n")
    assert (nowhere.status, nowhere.err) == (1, "There is no server nowhere. Known: class.\n")
    picture = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "summary", "--format", "png"],
        env=surroundings() | course.environment,
        capture_output=True,
        check=True,
    )
    assert picture.stdout.startswith(b"\x89PNG")
