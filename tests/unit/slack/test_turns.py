"""Messages of one conversation, each in its turn where that matters."""

import asyncio

from bot.slack.turns import Turns


async def test_what_waits_comes_after_those_before_it_alone() -> None:
    all_turns, order = Turns(), []
    looked = asyncio.Event()

    async def read(name: str, channel: str = "C0HELP", *, wait: bool = False) -> None:
        async with all_turns.turn(channel) as after_those:
            if wait:
                await after_those()
            elif name == "report":
                await looked.wait()
            order.append(name)

    report = asyncio.create_task(read("report"))
    same = asyncio.create_task(read("same", wait=True))
    later = asyncio.create_task(read("later"))
    elsewhere = asyncio.create_task(read("elsewhere", "C0OTHER", wait=True))
    await asyncio.gather(later, elsewhere)
    assert order == ["later", "elsewhere"]

    looked.set()
    await asyncio.gather(report, same)

    assert order == ["later", "elsewhere", "report", "same"]
    assert not all_turns._going


async def test_one_that_fails_holds_nobody_up() -> None:
    all_turns = Turns()

    async def fail() -> None:
        async with all_turns.turn("C0HELP"):
            await asyncio.sleep(0)
            raise ValueError

    failing = asyncio.create_task(fail())
    await asyncio.sleep(0)
    async with all_turns.turn("C0HELP") as after_those:
        await after_those()

    assert isinstance(failing.exception(), ValueError)
