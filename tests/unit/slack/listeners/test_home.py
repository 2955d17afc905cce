"""The order in which a Home tab is drawn."""

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.access.member import Actor, Standing
from bot.connections.overview import Overview
from bot.slack.commands import CommandNames
from bot.slack.listeners.home import HomeListener
from tests.builders import NOON
from tests.trouble import SERVER, an_incident

ALICE = Standing(Actor("T1", "U0ALICE"), (), ())


class Looks:
    """Looks whose ends a test decides; each finds one incident more than the one before."""

    def __init__(self) -> None:
        self.ends: list[asyncio.Event] = []
        self.begun = asyncio.Event()

    async def show(self, _: Standing, *, now: datetime) -> Overview:
        end = asyncio.Event()
        self.ends.append(end)
        number = len(self.ends)
        self.begun.set()
        await end.wait()
        incidents = tuple(an_incident(id=f"i-{one}", server=f"server{one}", scope=SERVER) for one in range(number))
        return Overview(now, None, (), (), incidents)


class Tab:
    """What Slack was given to show."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.changed = asyncio.Event()

    async def views_publish(self, *, user_id: str, view: Any) -> None:
        assert user_id == "U0ALICE"
        self.shown.append(str(view).count("since"))
        self.changed.set()


async def test_an_earlier_look_that_takes_longer_does_not_cover_a_later_one() -> None:
    looks, tab, unused = Looks(), Tab(), None
    parts: Any = (looks, unused, unused, unused, tab, unused, unused, lambda: NOON, CommandNames(), ZoneInfo("UTC"))
    listener = HomeListener(*parts)
    call: Any = unused
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            looks.begun.clear()
            group.create_task(listener.on_opened(call, ALICE))
            await looks.begun.wait()
        looks.ends[1].set()
        await tab.changed.wait()
        looks.ends[0].set()
    assert tab.shown == [2]
