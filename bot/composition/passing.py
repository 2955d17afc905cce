"""What comes with time: what has grown old names nobody any more, and what was given for a term lapses."""

from datetime import timedelta

from bot.access.term import Terms
from bot.composition.parts import Loop, Parts, new_id
from bot.connections.term import TermEnd
from bot.incidents.retention import Retention
from bot.slack.term_teller import ChannelTermTeller
from bot.storage.lease import Lease

REDUCE_EVERY = timedelta(minutes=10)
"""Between two looks whether what has grown old is to be reduced, which is done once a day: soon after whoever did it was killed."""
END_EVERY = timedelta(seconds=30)
"""Between two looks whether the term is over."""


def loops(parts: Parts) -> tuple[Loop, ...]:
    """Build it."""
    return (*_retention(parts), *_term(parts))


def _retention(parts: Parts) -> tuple[Loop, ...]:
    months, team = parts.course.retention_months, parts.slack.workspace.team
    if not months:
        return ()
    retention = Retention(parts.database, parts.record, Lease(parts.database, new_id()), team, months)
    return (Loop("retention", REDUCE_EVERY, retention.turn),)


def _term(parts: Parts) -> tuple[Loop, ...]:
    course, team = parts.course, parts.slack.workspace.team
    if course.term_ends is None:
        return ()
    teller = None
    if course.staff_channel is not None:
        teller = ChannelTermTeller(parts.posting, team, course.staff_channel, course.commands)
    end = TermEnd(team, course.term_ends, course.timezone, Terms(parts.database, parts.record), teller)
    return (Loop("term", END_EVERY, end.turn),)
