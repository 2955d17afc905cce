"""What is said of incidents beside their own threads: the way there, the staff's card, what was missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot.causes.finding import Cause, Finding
from bot.diagnosis.consult import Heard
from bot.diagnosis.facts import Facts
from bot.diagnosis.small_talk import Said
from bot.incidents.incident import Incident, ScopeKind
from bot.slack import ids
from bot.slack.blocks import elements, incident
from bot.slack.blocks import incident_words as words
from bot.slack.blocks.text import Message, link, moment, name, people, person, plural
from bot.slack.incident_payloads import write_incident_id

LISTED = 25
"""Reports that one list names, with a link each."""

_REPORTS = {
    Cause.ROLE_LIMIT: "a role has too many connections",
    Cause.DATABASE_LIMIT: "a database has too many connections",
    Cause.RESERVED_SLOTS: "the server is full",
    Cause.SERVER_LIMIT: "the server is full",
    Cause.POOLER_LIMIT: "the pooler is full",
    Cause.CLIENT_POOL: "a program's own pool is used up",
    Cause.OTHER: "another failure to connect",
}


@dataclass(frozen=True, slots=True)
class Missed:
    """A report that nobody answered, and its address, if Slack told it."""

    heard: Heard
    url: str | None


def render_pointer(what: Incident, facts: Facts | None, url: str | None, *, figures: bool) -> Message:
    """Tell somebody that what they report is talked about already, that they count, and where."""
    state = words.state(what, facts, figures=figures)
    place = link(url, "in this thread") if url else "in another thread of this channel"
    told = ["This is talked about already.", state, f"You are counted: follow it {place}, where I say when it is over."]
    return elements.message(told, [elements.section(" ".join(told))])


def render_staff_card(what: Incident, facts: Facts | None, url: str | None, *, now: datetime, zone: tzinfo) -> Message:
    """Tell staff of an incident that no human has answered, with all that a responder may know; when it is over, that."""
    at = moment(what.occasion_at, now, zone)
    state = words.state(what, facts, figures=True)
    if not what.open:
        over = f" at {moment(what.resolved_at, now, zone)}" if what.resolved_at else ""
        head, why, began = f"Over{over}:", incident.why_over(what, names=True), f"It began at {at}."
        blocks = [elements.section(f"{words.OVER} *{head}* {why}"), elements.context(began)]
        return elements.message([f"{words.OVER} {head} {why}", began], blocks)
    head = f"{person(what.human)} is there." if what.human else "No staff have answered yet."
    more = [*_strays(what, facts), f"Open since {at}; {_who_waits(what)}."]
    if what.conversation.private:
        more.append("It was reported to me in private.")
    buttons = [
        elements.button("Staff tools", ids.STAFF_TOOLS, write_incident_id(what.id), style=elements.PRIMARY),
        elements.button("Resolve incident", ids.RESOLVE_INCIDENT, write_incident_id(what.id)),
    ]
    if url:
        buttons.append(elements.link_button("Open thread", ids.OPEN_THREAD, url))
    shown = elements.section("\n".join([f"{words.FULL} *{head}* {state}", *more]))
    return elements.message([head, state, *more], [shown, elements.buttons(*buttons)])


def _strays(what: Incident, facts: Facts | None) -> list[str]:
    if what.scope.kind is not ScopeKind.ROLE or facts is None or facts.limit is None:
        return []
    if not facts.strays:
        return ["None of its connections looks stray."]
    return [f"{plural(facts.strays, 'connection')} of it {'looks' if facts.strays == 1 else 'look'} stray."]


def _who_waits(what: Incident) -> str:
    who = [one.person for one in what.waiting]
    return f"{words.waiting(len(who))}: {people(who)}" if who else words.waiting(0)


def render_missed(missed: Sequence[Missed], *, now: datetime, zone: tzinfo) -> Message:
    """List to staff what was reported too long ago to be answered now; the newest first."""
    newest = sorted(missed, key=lambda one: one.heard.ts, reverse=True)
    reports = "1 report came" if len(missed) == 1 else f"{len(missed):,} reports came"
    head = f"{reports} while I was away, too long ago for an answer now. Please look whether somebody still waits."
    lines = [_line(one, now, zone) for one in newest[:LISTED]]
    if len(newest) > LISTED:
        lines.append(f"\u2026 and {len(newest) - LISTED:,} older ones.")
    return elements.message([head, *lines], elements.sections([f"*{head}*", *lines]))


def _line(missed: Missed, now: datetime, zone: tzinfo) -> str:
    heard = missed.heard
    seconds = float(heard.ts) if heard.ts else 0.0
    at = moment(datetime.fromtimestamp(seconds, UTC), now, zone)
    place = f" ({link(missed.url, 'open')})" if missed.url else ""
    return f"\u2022 {at} {person(heard.person)}: {_what(heard)}{place}"


def _what(heard: Heard) -> str:
    finding = heard.finding
    if finding.cause is not Cause.NONE:
        return f"{_REPORTS[finding.cause]}{_named(finding)}"
    if heard.picture:
        return "a picture"
    return {
        Said.DOWN: "it does not work",
        Said.ME_TOO: "\u201cme too\u201d",
        Said.IN_AGAIN: "is in again",
    }.get(heard.said, "something meant for me")


def _named(finding: Finding) -> str:
    if finding.cause is Cause.ROLE_LIMIT and finding.role:
        return f" ({name(finding.role)})"
    if finding.cause is Cause.DATABASE_LIMIT and finding.database:
        return f" ({name(finding.database)})"
    return ""
