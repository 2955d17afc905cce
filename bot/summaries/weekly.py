"""Tells each week once, when its time has come, or as soon as somebody is there again to tell it."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from bot.summaries.facts import Facts
from bot.summaries.posted import Posted
from bot.summaries.reading import Weeks
from bot.summaries.told import Told, tell
from bot.summaries.week import Week, newest_due

MOST_MISSED = 8
"""Weeks; what is older than that, nobody waits for."""


class WeekTeller(Protocol):
    """How staff are told; slack.week_teller is one."""

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
        last = await self._posted.last(self._team, server)
        if last is not None and last >= due:
            return True
        before = [due.after(-back) for back in range(MOST_MISSED, 0, -1)]
        missed = [week for week in before if last is not None and week > last]
        facts = [await self._weeks.read(self._team, server, week) for week in missed]
        newest = await self._weeks.read(self._team, server, due)
        # Before the bot was there nothing is known, and nothing is said of it.
        if last is None and _is_empty(newest):
            return True
        return await self._teller.tell(tell(newest, *facts))


def _is_empty(facts: Facts) -> bool:
    """Whether nobody watched and nothing is on record."""
    watched = any(span.ended_at > facts.begins and span.began_at < facts.ends for span in facts.spans)
    return not (watched or facts.causes or facts.ends_by_outcome)
