"""The end of a term: staff are told a week before, then what was given for the term lapses, and they are told of that."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

from bot.access.member import Lapsing
from bot.access.term import Terms

WARNED_BEFORE = timedelta(days=7)
WARNED_AT = time(9)
"""On that day, in the course's time zone: nobody reads it at midnight."""
TOLD_FOR = timedelta(days=7)
"""After that nobody needs to hear that it is over."""


class TermTeller(Protocol):
    """How staff are told; slack.term_teller is one. False: it may have to be tried again."""

    async def warn(self, ends: date, lapsing: Lapsing) -> bool:
        """Say once, whichever process does it, what will lapse at the end of that day."""

    async def over(self, ends: date, lapsed: Lapsing) -> bool:
        """Say once what has lapsed."""


class TermEnd:
    """The loop that looks after the end of the term on the day `ends`; without a teller nobody is told."""

    def __init__(self, team: str, ends: date, zone: tzinfo, terms: Terms, teller: TermTeller | None) -> None:
        self._team = team
        self._ends = ends
        self._terms = terms
        self._teller = teller
        self._ends_at = ends_at(ends, zone)
        self._warned_at = datetime.combine(ends - WARNED_BEFORE, WARNED_AT, zone).astimezone(UTC)
        self._warned = self._told = teller is None

    async def turn(self) -> None:
        """Do what is due, by the own database's clock, which all processes share."""
        now = await self._terms.now()
        if now < self._ends_at:
            if now >= self._warned_at and not self._warned:
                await self._warn()
            return
        if await self._terms.lapse(self._team, self._ends, self._ends_at):
            self._told = self._teller is None
        if not self._told and now < self._ends_at + TOLD_FOR:
            await self._tell()

    async def _warn(self) -> None:
        lapsing = await self._terms.lapsing(self._team, self._ends_at)
        if self._teller is not None and lapsing.anything:
            self._warned = await self._teller.warn(self._ends, lapsing)

    async def _tell(self) -> None:
        # Another process may have let it lapse, and died before it could say so.
        lapsed = await self._terms.lapsed(self._team, self._ends)
        if self._teller is not None:
            self._told = lapsed is None or await self._teller.over(self._ends, lapsed)


def ends_at(day: date, zone: tzinfo) -> datetime:
    """The first moment after a day, aware UTC."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
