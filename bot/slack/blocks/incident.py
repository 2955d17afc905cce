"""An incident's answer in one conversation, as it is to be read now, and the message that says it is over."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.diagnosis.facts import Facts
from bot.diagnosis.openness import may_tell_figures
from bot.incidents.incident import Conversation, Incident
from bot.slack import ids
from bot.slack.blocks import capacity, elements
from bot.slack.blocks import incident_words as words
from bot.slack.blocks.text import Block, Message, moment, people, person, plural
from bot.slack.incident_payloads import Occasion, write_incident_id, write_occasion

_MINE = "\u201cMy connections\u201d shows what you have there, and closes what you choose."


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident as it is told in one conversation at one time; `facts` None: unknown."""

    incident: Incident
    facts: Facts | None
    where: Conversation
    now: datetime
    zone: tzinfo
    staff_told: bool = False
    """The staff's channel has a card about this occasion."""

    @property
    def figures(self) -> bool:
        """Whether this conversation may hear how full it is."""
        return may_tell_figures(self.incident, self.where)

    def time(self, at: datetime) -> str:
        """Tell a time."""
        return moment(at, self.now, self.zone)


def render(shown: Shown) -> Message:
    """Show what is full, what that means, one step to take alone, who waits, and the buttons; when it is over, that alone."""
    if not shown.incident.open:
        return _over(shown)
    incident, room = shown.incident, words.has_room(shown.incident, shown.facts)
    state = words.state(incident, shown.facts, figures=shown.figures)
    meaning, status = words.meaning(incident), _status(shown)
    when, step = "You can do this now:", f"{words.step(incident)} {_MINE}"
    if room:
        meaning, when = "Try again now.", "If it still refuses you:"
    blocks = [
        elements.section(f"{words.ROOM if room else words.FULL} *{state}*\n{meaning}"),
        elements.section(f"*{when}* {step}"),
        _buttons(shown),
        elements.context(" ".join(status)),
    ]
    return elements.message([state, meaning, f"{when} {step}", *status], blocks)


def _buttons(shown: Shown) -> Block:
    value = write_incident_id(shown.incident.id)
    mine = elements.button("My connections", ids.MY_CONNECTIONS, value, style=elements.PRIMARY)
    if shown.where.private:
        return elements.buttons(mine)
    return elements.buttons(
        mine,
        elements.button("I have this too", ids.HAVE_THIS_TOO, value),
        elements.button("Staff tools", ids.STAFF_TOOLS, value),
    )


def _status(shown: Shown) -> list[str]:
    incident = shown.incident
    since = "Open again since" if incident.occasion > 1 else "Open since"
    waiting = words.waiting(len(incident.waiting))
    return [
        f"{since} {shown.time(incident.occasion_at)}; {waiting}.",
        _staff(incident, told=shown.staff_told),
        _what_next(shown),
    ]


def _what_next(shown: Shown) -> str:
    if words.has_room(shown.incident, shown.facts):
        return "If there still is room in a minute, it counts as over."
    seen = words.can_be_seen(shown.incident, shown.facts)
    return "I say here when there is room." if seen else "I say here when it is over."


def _staff(incident: Incident, *, told: bool) -> str:
    if incident.human:
        return f"{person(incident.human)} of the staff is here."
    return "No staff have answered yet; they have been told." if told else "No staff have answered yet."


def _over(shown: Shown) -> Message:
    incident = shown.incident
    at = f" at {shown.time(incident.resolved_at)}" if incident.resolved_at else ""
    head, why = f"Over{at}:", why_over(incident, names=True)
    began = f"It began at {shown.time(incident.occasion_at)}; {_reports(incident)}. If it comes back, paste the error here again."
    blocks = [elements.section(f"{words.OVER} *{head}* {why}"), elements.context(began)]
    return elements.message([f"{words.OVER} {head} {why}", began], blocks)


def why_over(incident: Incident, *, names: bool) -> str:
    """Say how it is known that an incident is over; a person of the staff is named where that wakes nobody."""
    what = words.about(incident)
    if incident.given_up:
        return f"nobody has spoken of {what} for hours, and I cannot see how full it is."
    if not incident.waiting:
        return f"nobody waits for {what} any more."
    if incident.resolved_by:
        who = person(incident.resolved_by) if names else "the staff"
        return f"{who} {'says' if names else 'say'} that {what} can be used again."
    return f"{what} has room again."


def _reports(incident: Incident) -> str:
    return f"{plural(len(incident.people), 'person', 'people')} reported it"


def render_resolution(shown: Shown) -> Message:
    """Say once that it is over, to those who wait in this conversation, and ask whether it is."""
    incident = shown.incident
    there = [one.person for one in incident.waiting if one.conversation == shown.where]
    others = len(incident.waiting) - 1
    why = why_over(incident, names=False)
    if there:
        told = [f"{words.OVER} {people(there)}: {why}"]
        told.append("Connect now." if not others else f"Connect now, with no more than you need: {_others(others)}.")
        told += [*_now(shown), "Are you in?" if len(there) == 1 else "Are you all in?"]
    else:
        told = [f"{words.OVER} {words.first(why)}"]
    value = write_occasion(Occasion(incident.id, incident.occasion))
    asked = [elements.button("I'm in", ids.IM_IN, value, style=elements.PRIMARY)] if there else []
    asked.append(elements.button("Still stuck", ids.STILL_STUCK, value))
    return elements.message(told, [elements.section(" ".join(told)), elements.buttons(*asked)])


def _now(shown: Shown) -> list[str]:
    """How full it is now, where that may be told and helps."""
    limit = shown.facts.limit if shown.facts else None
    if not shown.figures or limit is None or limit.limit is None or words.at_the_pooler(shown.incident) or limit.full:
        return []
    return [f"{words.first(capacity.filled(limit))} now.", *capacity.one_left(limit)]


def _others(count: int) -> str:
    return f"{plural(count, 'other person', 'other people')} {'waits' if count == 1 else 'wait'} too"
