"""How many commands one person may give: at most ten a minute, then one notice, then silence."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from enum import Enum, auto

COMMANDS = 10
WINDOW = timedelta(minutes=1)
PEOPLE_KEPT = 10_000


class Pace(Enum):
    """What to do with one more command."""

    ANSWER = auto()
    NOTICE = auto()
    SILENCE = auto()


class Paces:
    """The commands of the last minute by person; kept in memory, since a limit that a restart forgets harms nobody."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self._noticed: dict[tuple[str, str], datetime] = {}

    def of(self, person: tuple[str, str], now: datetime) -> Pace:
        """Count one command of `person` at `now` and say how to treat it; silenced commands do not prolong the silence."""
        given = self._given.setdefault(person, deque())
        self._given.move_to_end(person)
        while given and now - given[0] >= WINDOW:
            given.popleft()
        self._forget()
        if len(given) < COMMANDS:
            given.append(now)
            self._noticed.pop(person, None)
            return Pace.ANSWER
        if person in self._noticed:
            return Pace.SILENCE
        self._noticed[person] = now
        return Pace.NOTICE

    def _forget(self) -> None:
        while len(self._given) > PEOPLE_KEPT:
            person, _ = self._given.popitem(last=False)
            self._noticed.pop(person, None)
