"""All that is known of one incident, for those who may read the record."""

from datetime import datetime, tzinfo

from bot.incidents.incident import Incident, Waiting
from bot.slack import ids
from bot.slack.blocks import elements, incident_words
from bot.slack.blocks.text import Block, duration, moment, people, person, plural
from bot.slack.blocks.window import window
from bot.slack.payloads import Behind

TITLE = "Incident"


def render(incident: Incident, url: str | None, *, now: datetime, zone: tzinfo) -> Block:
    """The modal; `url` leads to the thread, None where it is private or gone."""
    lines = [
        f"*{incident_words.first(incident_words.about(incident))}*",
        f"Cause: {str(incident.cause).replace('_', ' ')}",
        f"First reported {moment(incident.opened_at, now, zone)} by {person(incident.reporter)}",
    ]
    if incident.occasion > 1:
        lines.append(f"Opened {plural(incident.occasion, 'time')}, last {moment(incident.occasion_at, now, zone)}")
    lines += [_after("The bot answered", incident.answered_at, incident)] if incident.answered_at else []
    if incident.human and incident.human_at:
        lines.append(f"{_after('First of the staff', incident.human_at, incident)}: {person(incident.human)}")
    else:
        lines.append("No staff took part")
    lines.append(_end(incident, now, zone))
    blocks = [*elements.sections(lines), *_people(incident)]
    if url is not None:
        blocks.append(elements.buttons(elements.link_button("Open the thread", ids.OPEN_THREAD, url)))
    return window(TITLE, blocks, Behind())


def _after(what: str, at: datetime, incident: Incident) -> str:
    """How long after it was reported something happened."""
    return f"{what} after {duration(at - incident.opened_at)}"


def _end(incident: Incident, now: datetime, zone: tzinfo) -> str:
    if incident.resolved_at is None:
        return "Open still"
    by = f"by {person(incident.resolved_by)}" if incident.resolved_by else "by itself"
    lasted = duration(incident.resolved_at - incident.occasion_at)
    return f"Resolved {by} {moment(incident.resolved_at, now, zone)}, after {lasted}"


def _people(incident: Incident) -> list[Block]:
    """Who was kept out; those who took their report back are counted alone."""
    named = [one.person for one in incident.people if one.state is not Waiting.WITHDRAWN]
    gone = len(incident.people) - len(named)
    said = [f"Kept out: {people(named)}"] if named else []
    said += [f"{plural(gone, 'report')} taken back"] if gone else []
    return elements.sections(said)
