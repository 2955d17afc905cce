"""What staff are told of the end of a term: before it, what will lapse and how to keep it; after it, what has lapsed."""

from datetime import date, timedelta

from bot.access.member import Lapsing
from bot.slack.blocks import elements
from bot.slack.blocks.text import Message, code, join, plural
from bot.slack.commands import CommandNames

_SETTING = "`[term] ends` in the bot's configuration"
_LONGER = timedelta(weeks=6)
_STAY = "Instructors and admins stay."


def render_ending(ends: date, lapsing: Lapsing, *, names: CommandNames) -> Message:
    """Say a week before what will lapse."""
    day = _day(ends)
    head = f"The term ends on {day}."
    what = f"At the end of that day these lapse: {_counted(lapsing)}. {_STAY}"
    keep = f"To keep them all, set {_SETTING} to a later day, and restart the bot."
    one = code(f"{names.connbot} allow @Ann responder until {ends + _LONGER}")
    longer = f"To keep one responder for longer, say until when: {one}."
    told = [what, keep, *([longer] if lapsing.grants else [])]
    return elements.message([head, *told], elements.sections([f"*{head}*", *told]))


def render_over(ends: date, lapsed: Lapsing, *, names: CommandNames) -> Message:
    """Say what has lapsed."""
    head = f"The term ended on {_day(ends)}."
    what = f"These have lapsed, on record: {_counted(lapsed)}. {_STAY}"
    after = (
        f"For the next term, set {_SETTING} to its last day, import the class list on my Home tab or with "
        f"`connbot roster import`, and name the responders with {code(f'{names.connbot} allow')}."
    )
    return elements.message([head, what, after], elements.sections([f"*{head}*", what, after]))


def _counted(lapsing: Lapsing) -> str:
    links = plural(lapsing.links, "link of a student to a role", "links of students to roles")
    grants = f"{plural(lapsing.grants, 'grant')} of responders without an end of their own"
    return join([words for number, words in ((lapsing.links, links), (lapsing.grants, grants)) if number])


def _day(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]}, {day.isoformat()}"


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
