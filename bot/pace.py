"""How often one person is answered within a while: so many times, then one notice, then silence."""

from collections import OrderedDict
from datetime import datetime, timedelta
from enum import Enum, auto

PEOPLE_KEPT = 10_000


class Pace(Enum):
    """What to do with one more."""

    ANSWER = auto()
    NOTICE = auto()
    SILENCE = auto()


class Paces:
    """What each person asked for of late; kept in memory, since a limit that a restart forgets harms nobody."""

    def __init__(self, most: int, window: timedelta) -> None:
        self._most = most
        self._window = window
        self._given: OrderedDict[tuple[str, str], dict[object, datetime]] = OrderedDict()
        self._noticed: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._given)

    def of(self, person: tuple[str, str], now: datetime, *, which: str | None = None) -> Pace:
        """Count one more of `person` and say how to treat it; `which` counts once, however often. What is silenced prolongs nothing."""
        recent = {one: at for one, at in self._given.pop(person, {}).items() if now - at < self._window}
        self._given[person] = recent
        while len(self._given) > PEOPLE_KEPT:
            forgotten, _ = self._given.popitem(last=False)
            self._noticed.discard(forgotten)
        if which is not None and which in recent:
            return Pace.ANSWER
        if len(recent) < self._most:
            recent[object() if which is None else which] = now
            self._noticed.discard(person)
            return Pace.ANSWER
        if person in self._noticed:
            return Pace.SILENCE
        self._noticed.add(person)
        return Pace.NOTICE
