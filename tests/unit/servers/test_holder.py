import asyncio
import logging
from math import inf

import pytest

from bot.errors import ServerUnavailable
from bot.servers.holder import Holder
from bot.servers.opening import Connection
from bot.servers.pausing import FIRST_PAUSE, LONGEST_PAUSE, longest, pause
from tests.eventually import eventually

HOUR = 3600.0


@pytest.mark.parametrize(
    ("failures", "draw", "seconds"),
    [
        (1, 0.0, FIRST_PAUSE / 2),
        (1, 1.0, FIRST_PAUSE),
        (2, 1.0, FIRST_PAUSE * 2),
        (5, 0.5, FIRST_PAUSE * 16 * 0.75),
        (7, 1.0, LONGEST_PAUSE),
        (10_000, 0.0, LONGEST_PAUSE / 2),
    ],
)
def test_pauses_double_up_to_the_longest_and_are_spread(failures: int, draw: float, seconds: float) -> None:
    assert pause(failures, draw) == pytest.approx(seconds)


class Door:
    """A server that refuses every connection for the reasons given, the last of them for ever."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = list(reasons)
        self.tries = 0

    async def connect(self) -> Connection:
        self.tries += 1
        why = self.reasons.pop(0) if len(self.reasons) > 1 else self.reasons[0]
        raise ServerUnavailable("class", why, f"try {self.tries}")


class Naps:
    """Sleeps that take no time, up to a number; then one that takes for ever."""

    def __init__(self, count: int) -> None:
        self.lengths: list[float] = []
        self._count = count

    async def sleep(self, seconds: float) -> None:
        self.lengths.append(seconds)
        await asyncio.sleep(0 if len(self.lengths) < self._count else HOUR)


async def test_a_server_that_refuses_is_tried_again_after_growing_pauses() -> None:
    door, naps = Door("unreachable"), Naps(9)
    holder = Holder("class", door.connect, sleep=naps.sleep, draw=lambda: 1.0)
    await holder.open()
    await eventually(lambda: len(naps.lengths) == 9)
    await holder.close()
    assert naps.lengths == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])
    assert door.tries == 9


@pytest.mark.parametrize("why", ["full", "role_full", "database_full"])
async def test_a_full_server_is_tried_again_every_second(why: str) -> None:
    door, naps = Door("unreachable", why), Naps(8)
    holder = Holder("class", door.connect, sleep=naps.sleep, draw=lambda: 1.0)
    await holder.open()
    await eventually(lambda: len(naps.lengths) == 8)
    await holder.close()
    assert naps.lengths == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0])


async def test_a_full_server_that_somebody_asks_for_is_tried_more_often() -> None:
    door, naps = Door("full"), Naps(6)
    holder = Holder("class", door.connect, sleep=naps.sleep, draw=lambda: 1.0)
    await holder.open()
    with pytest.raises(ServerUnavailable):
        await holder.run(_nothing, repeatable=True)
    await eventually(lambda: len(naps.lengths) == 6)
    await holder.close()
    assert naps.lengths == pytest.approx([0.1, 0.2, 0.2, 0.2, 0.2, 0.2])


@pytest.mark.parametrize(
    ("full", "asked_ago", "seconds"),
    [(True, 0.0, 0.2), (True, 59.9, 0.2), (True, 60.0, 1.0), (True, inf, 1.0), (False, 0.0, LONGEST_PAUSE)],
)
def test_nobody_s_question_makes_it_hurry_for_long(*, full: bool, asked_ago: float, seconds: float) -> None:
    assert longest(full=full, asked_ago=asked_ago) == seconds


async def test_without_a_connection_everybody_is_told_at_once_and_each_for_themselves() -> None:
    holder = Holder("class", Door("full").connect, sleep=Naps(1).sleep)
    await holder.open()
    answers = await asyncio.gather(*(holder.run(_nothing, repeatable=True) for _ in range(3)), return_exceptions=True)
    await holder.close()
    assert answers == [ServerUnavailable("class", "full", "try 1")] * 3
    assert len(set(map(id, answers))) == 3


async def test_the_log_tells_of_each_change_once(caplog: pytest.LogCaptureFixture) -> None:
    naps = Naps(6)
    door = Door("unreachable", "unreachable", "full", "full", "full", "unreachable")
    holder = Holder("class", door.connect, sleep=naps.sleep)
    with caplog.at_level(logging.INFO):
        await holder.open()
        await eventually(lambda: len(naps.lengths) == 6)
        await holder.close()
    assert [record.__dict__["why"] for record in caplog.records] == ["unreachable", "full", "unreachable"]
    assert {record.__dict__["server"] for record in caplog.records} == {"class"}


async def test_an_attempt_that_hangs_is_told_of_after_the_deadline() -> None:
    async def hang() -> Connection:
        await asyncio.sleep(HOUR)
        raise AssertionError

    holder = Holder("class", hang, deadline=0.05)
    async with asyncio.timeout(2):
        await holder.open()
        with pytest.raises(ServerUnavailable) as told:
            await holder.run(_nothing, repeatable=True)
        await holder.close()
    assert (told.value.why, told.value.detail) == ("unreachable", "no connection within 0.05 s")


async def test_who_waits_for_the_first_attempt_is_told_how_it_ended() -> None:
    gate = asyncio.Event()

    async def connect() -> Connection:
        await gate.wait()
        raise ServerUnavailable("class", "refused", "no")

    holder = Holder("class", connect, sleep=Naps(1).sleep)
    opening = asyncio.create_task(holder.open())
    asking = asyncio.create_task(holder.run(_nothing, repeatable=True))
    await asyncio.wait({asking}, timeout=0.02)
    assert (asking.done(), holder.failure) == (False, None)
    gate.set()
    with pytest.raises(ServerUnavailable):
        await asking
    await opening
    assert holder.failure == ServerUnavailable("class", "refused", "no")
    await holder.close()


async def test_a_fault_of_ours_leaves_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    async def stumble() -> Connection:
        raise LookupError

    holder = Holder("class", stumble)
    async with asyncio.timeout(2):
        await holder.open()
        with pytest.raises(ServerUnavailable) as told:
            await holder.run(_nothing, repeatable=True)
        await holder.close()
    assert told.value.detail == "LookupError"
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]


async def test_closed_it_takes_no_more_requests() -> None:
    holder = Holder("class", Door("full").connect)
    await holder.close()
    with pytest.raises(ServerUnavailable) as told:
        await holder.run(_nothing, repeatable=True)
    assert told.value.detail == "closed"


async def _nothing(_: Connection) -> None:
    raise AssertionError
