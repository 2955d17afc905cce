"""How much of one person is read: three reports in ten minutes, then one notice, then silence."""

from collections import OrderedDict
from datetime import datetime, timedelta
from enum import Enum, auto

REPORTS = 3
WINDOW = timedelta(minutes=10)
PEOPLE_KEPT = 10_000


class Pace(Enum):
    """What to do with one more report."""

    ANSWER = auto()
    NOTICE = auto()
    SILENCE = auto()


class Paces:
    """The reports of the last minutes by person; kept in memory, since a limit that a restart forgets harms nobody."""

    def __init__(self) -> None:
        self._heard: OrderedDict[tuple[str, str], dict[str, datetime]] = OrderedDict()
        self._noticed: set[tuple[str, str]] = set()

    def of(self, person: tuple[str, str], message: str, now: datetime) -> Pace:
        """Count one report of `person` and say how to treat it; a message that is edited counts once."""
        recent = {which: at for which, at in self._heard.pop(person, {}).items() if now - at < WINDOW}
        self._heard[person] = recent
        while len(self._heard) > PEOPLE_KEPT:
            forgotten, _ = self._heard.popitem(last=False)
            self._noticed.discard(forgotten)
        if message in recent:
            return Pace.ANSWER
        if len(recent) < REPORTS:
            recent[message] = now
            self._noticed.discard(person)
            return Pace.ANSWER
        if person in self._noticed:
            return Pace.SILENCE
        self._noticed.add(person)
        return Pace.NOTICE
