"""The beginning and the end of `connbot serve`: what it refuses to begin with, and that it can be stopped at any time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app import serve
from bot.errors import SetupError
from bot.settings import read_course, read_environment
from bot.workspace.limits import Fault
from tests.courses import Course, a_course, served
from tests.eventually import eventually
from tests.postgres import Postgres

STOPS_WITHIN = 3.0


@pytest_asyncio.fixture
async def course(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    """A course that nobody serves yet."""
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, serving=False) as course:
        yield course


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-wrong", "Slack refuses SLACK_BOT_TOKEN (invalid_auth)"),
        ("SLACK_APP_TOKEN", "xapp-wrong", "Slack refuses SLACK_APP_TOKEN (invalid_auth)"),
        ("SLACK_API_URL", "{url}archives/", "is not Slack's Web API (HTTP 404): set SLACK_API_URL"),
    ],
)
async def test_what_is_hopeless_is_one_sentence(course: Course, name: str, value: str, words: str) -> None:
    course.environment[name] = value.format(url=course.workspace.url)

    with pytest.raises(SetupError) as told:
        async with served(course):
            pass

    (fault,) = told.value.faults
    assert words in fault
    assert "wrong" not in fault


async def begun(course: Course) -> tuple[asyncio.Task[None], asyncio.Event]:
    """Begin to serve, without waiting until it does."""
    environment = read_environment(course.environment)
    stop = asyncio.Event()
    return asyncio.create_task(serve(environment, read_course(environment), stop, lambda _: None)), stop


@pytest.mark.parametrize("broken", ["auth.test", "link"])
async def test_stopped_while_slack_is_away_it_stops_at_once(
    course: Course, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    course.workspace.inject(broken, Fault(503), times=1000)
    task, stop = await begun(course)
    said = "Slack cannot be reached" if broken == "auth.test" else "Socket Mode could not connect"
    await eventually(lambda: said in caplog.text)

    stop.set()

    await asyncio.wait_for(task, STOPS_WITHIN)


async def test_slack_s_trouble_at_the_start_is_waited_out(course: Course) -> None:
    course.workspace.inject("auth.test", Fault(500), times=2)

    async with served(course):
        assert (await course.ask("alice", "/connbot help")).text


async def test_a_server_that_is_away_at_the_start_is_waited_for(course: Course) -> None:
    course.postgres.halt()
    async with served(course):
        await course.grant("tom")
        assert "cannot be reached" in (await course.ask("tom", "/conns alice")).text


async def test_it_begins_and_ends_again_and_again_without_a_trace(
    course: Course, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    for _ in range(3):
        async with served(course):
            assert (await course.ask("alice", "/connbot help")).text

    await eventually(lambda: asyncio.all_tasks() <= before)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert course.workspace.complaints == []
