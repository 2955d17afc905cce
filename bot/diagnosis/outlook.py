"""What the looks at an open incident come to: wait on, call staff, or see it as over; decided on plain values."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.diagnosis.facts import Facts
from bot.incidents.incident import Incident
from bot.incidents.patience import Patience

UNSEEN_FOR = timedelta(seconds=30)
"""Between two looks so far apart anything may have happened."""
BLIND_FOR = timedelta(hours=1)
"""Facts that nobody could tell for so long are not waited for."""
FORGOTTEN_AFTER = timedelta(hours=12)
"""What nobody has spoken of for so long is over for those who did, if no facts can tell."""


class View(StrEnum):
    """What a look at an incident's scope showed."""

    ROOM = "room"
    FULL = "full"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Spell:
    """What all looks since some time have shown, without a break."""

    view: View
    since: datetime
    last: datetime

    @property
    def lasts(self) -> timedelta:
        """For how long, as far as was seen."""
        return self.last - self.since


def looked(before: Spell | None, facts: Facts | None, now: datetime) -> Spell:
    """Put a look to those before it; `facts` None: nobody can tell."""
    view = View.UNKNOWN if facts is None else View.FULL if facts.full else View.ROOM
    # What a server shows is as old as its own clock says.
    at = now if facts is None else facts.at
    if before is None or before.view is not view or not before.last <= at < before.last + UNSEEN_FOR:
        return Spell(view, at, at)
    return replace(before, last=at)


class Step(StrEnum):
    """What is to be done about an open incident."""

    WAIT = "wait"
    CALL_STAFF = "call_staff"
    RESOLVE = "resolve"
    """It is over: there is room, or nobody waits any more."""
    GIVE_UP = "give_up"
    """Nobody can tell, and nobody speaks of it any more."""


def step(incident: Incident, spell: Spell, now: datetime, patience: Patience) -> Step:
    """Say what is to be done about an open incident whose scope has shown itself as `spell` says."""
    if not incident.waiting or (spell.view is View.ROOM and spell.lasts >= patience.free_for):
        return Step.RESOLVE
    blind = spell.view is View.UNKNOWN and spell.lasts >= BLIND_FOR
    if blind and now - incident.spoken_of_at >= FORGOTTEN_AFTER:
        return Step.GIVE_UP
    if incident.human_at is None and now - incident.occasion_at >= patience.staff_after:
        return Step.CALL_STAFF
    return Step.WAIT
