"""Tells each week once, when its time has come, or as soon as somebody is there again to tell it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Protocol

from bot.summaries.posted import Posted
from bot.summaries.reading import Weeks
from bot.summaries.told import Told, tell
from bot.summaries.week import Week, newest_due

MOST_MISSED = 8
"""Weeks that are told with another; of more, the newest."""
FURTHEST_BACK = 104
"""Weeks; what is older than that, nobody waits for."""


class WeekTeller(Protocol):
    """How staff are told; slack.week_teller is one."""

    async def recall(self, server: str, week: Week) -> bool:
        """Note whether a week was told that a process had in hand and left; false: nobody can tell now."""

    async def tell(self, told: Told) -> bool:
        """Tell a week once, whichever process does it; false: it may have to be tried again."""


class Weekly:
    """The loop that tells the newest week that is due, and with it those before it that were missed."""

    def __init__(
        self,
        team: str,
        servers: Sequence[str],
        weeks: Weeks,
        posted: Posted,
        teller: WeekTeller,
        when: tuple[int, int, tzinfo],
    ) -> None:
        self._team = team
        self._servers = servers
        self._weeks = weeks
        self._posted = posted
        self._teller = teller
        self._when = when
        self._done: dict[str, Week] = {}

    async def turn(self) -> None:
        """Tell what is due, by the own database's clock, which all processes share."""
        due = newest_due(await self._weeks.now(), *self._when)
        for server in self._servers:
            if self._done.get(server) != due and await self._tell(server, due):
                self._done[server] = due

    async def _tell(self, server: str, due: Week) -> bool:
        last = await self._posted.last(self._team, server, due)
        left = await self._left(server, due, last)
        if left:
            if not all([await self._teller.recall(server, week) for week in left]):
                return False
            last = await self._posted.last(self._team, server, due)
        if last is not None and last >= due:
            return True
        if left and last is None:
            # What was to be told then is the first that anybody is to hear of.
            last = left[0].after(-1)
        back = FURTHEST_BACK if last is not None else MOST_MISSED
        before = [week for week in (due.after(-weeks) for weeks in range(back, 0, -1)) if last is None or week > last]
        known = await self._weeks.known(self._team, server, [*before, due])
        if last is None:
            if not known:
                # Before the bot was there nothing is known, and nothing is said of it.
                return True
            # It was not here for longer than it had been before: what it saw then, nobody was told.
            before = [] if due in known else [week for week in before if week >= known[0]]
        missed = [week for week in before if week in known]
        facts = [await self._weeks.read(self._team, server, week) for week in missed[-MOST_MISSED:]]
        newest = await self._weeks.read(self._team, server, due)
        told = tell(newest, *facts)
        more = replace(told, further=len(missed) - len(facts), unseen=len(before) - len(missed))
        return await self._teller.tell(more)

    async def _left(self, server: str, due: Week, last: Week | None) -> list[Week]:
        """The weeks of which it matters whether a process that left told them."""
        if last is not None and last >= due:
            return []
        return [week for week in await self._posted.left(self._team, server, due) if last is None or week > last]
