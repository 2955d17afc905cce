"""Tasks of our own are finished before the end, or cut off and logged."""

import asyncio
import logging

import pytest

from bot.slack.work import Work


async def test_what_is_in_flight_is_finished_with_what_it_starts_meanwhile() -> None:
    work, done = Work(), []

    async def second() -> None:
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0)
        done.append("first")
        work.start(second(), "second")

    work.start(first(), "first")

    assert await work.drain(5) == 0
    assert done == ["first", "second"]
    assert len(work) == 0


async def test_what_does_not_end_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.start(asyncio.Event().wait(), "for ever")

    assert await work.drain(0.01) == 1
    assert "cut off" in caplog.text


async def test_a_task_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()

    async def fail() -> None:
        raise ValueError

    with caplog.at_level(logging.ERROR):
        work.start(fail(), "failing")
        await work.drain(5)

    assert "a task failed" in caplog.text


async def test_a_courtesy_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.start(asyncio.Event().wait(), "for ever", needed=False)

    assert await work.drain(60) == 0
    assert "cut off" not in caplog.text
    assert len(work) == 0
