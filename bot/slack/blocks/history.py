"""What happened, newest first, in a line each."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.incidents.event import Event
from bot.incidents.proposal import Kind
from bot.incidents.timeline_values import Page, Question
from bot.servers.server import Verdict
from bot.slack import ids
from bot.slack.blocks import connection, elements
from bot.slack.blocks.kinds import PIDS_NAMED, Words, words
from bot.slack.blocks.text import Block, Message, code, join, moment, name, person, plural
from bot.slack.history_payloads import write_page
from bot.slack.incident_payloads import write_incident_id

REASON_WIDTH = 80
ROLES_NAMED = 10
CHANGES_OF_RIGHTS = ("membership", "ownership")
"""Kinds of entries whose reason says whose rights changed, and how."""

_WORDS = {"cancellation": words(Kind.CANCEL), "client_termination": words(Kind.CLIENT)}
"""Those of the events that are not about connections."""


def render(
    page: Page, asked: Question, *, zone: tzinfo, now: datetime, after: bool = False, elsewhere: Sequence[str] = ()
) -> Message:
    """Show a page of what was asked for, with the way to older ones and, `after` another page, back to the newest.

    `elsewhere` are the roles whose older ones are to be asked for one by one.
    """
    about = f" for {name(asked.role)}" if asked.role else ""
    if not page.events:
        return elements.short(
            f"Nothing {'older ' if after else ''}is on record{about}.", *_ways(page, asked, after=after)
        )
    count = len(page.events)
    which = "older" if after else "the newest"
    head = f"On record{about}: {which} {plural(count, 'entry', 'entries')}." if count > 1 else f"On record{about}:"
    lines = [f"\u2022 {_line(event, zone, now)}" for event in page.events]
    told = (
        [f"There are older ones: ask for {join([name(role) for role in elsewhere[:ROLES_NAMED]], 'or')} alone."]
        if elsewhere
        else []
    )
    first, more = elements.section(f"*{head}*"), [elements.context(one) for one in told]
    ways = _ways(page, asked, after=after)
    # Of very long names Slack takes no more than the lines.
    return elements.first_that_fits(
        elements.message([head, *lines, *told], [first, *rows, *more, *ways])
        for rows in (_rows(page.events, lines), elements.sections(lines))
    )


def _rows(events: Sequence[Event], lines: Sequence[str]) -> list[Block]:
    """The lines; an incident's has a button beside it, those between stand together."""
    rows: list[Block] = []
    together: list[str] = []
    for event, line in zip(events, lines, strict=True):
        if not event.incident:
            together.append(line)
            continue
        rows += [*elements.sections(together), elements.section(line, _details(event))]
        together = []
    return [*rows, *elements.sections(together)]


def _details(event: Event) -> Block:
    spoken = f"Details of the incident of {event.at:%d %b %H:%M:%S}, {event.state}"
    return elements.button("Details", ids.INCIDENT_DETAILS, write_incident_id(event.incident), spoken=spoken)


def _ways(page: Page, asked: Question, *, after: bool) -> list[Block]:
    ways = []
    if page.older is not None:
        ways.append(elements.button("Older", ids.HISTORY_OLDER, write_page(asked, page.older)))
    if after:
        ways.append(elements.button("Newest", ids.HISTORY_NEWEST, write_page(asked)))
    return [elements.buttons(*ways)] if ways else []


def _line(event: Event, zone: tzinfo, now: datetime) -> str:
    what = event.kind.replace("_", " ")
    parts = [moment(event.at, now, zone), f"{name(what)}{f' ({name(event.state)})' if event.state else ''}"]
    whom = [*([name(event.role)] if event.role else []), *([f"on {name(event.server)}"] if event.server else [])]
    if whom:
        parts.append(" ".join(whom))
    if event.requester:
        parts.append(f"by {person(event.requester)}")
    if event.backends:
        parts.append(_ended(event))
    if event.reason:
        parts.append(_change(event.reason) if event.kind in CHANGES_OF_RIGHTS else _reason(event.reason))
    return " \u00b7 ".join(parts)


def _reason(reason: str) -> str:
    return f"reason: {code(reason, REASON_WIDTH)}"


def _change(about: str) -> str:
    """Whose rights were changed, and how."""
    whose, _, how = about.partition(": ")
    return f"{person(whose)}: {code(how, REASON_WIDTH)}" if how else person(whose)


def _ended(event: Event) -> str:
    """What became of each: of a query, where that was to be cancelled."""
    by_outcome: dict[str, list[int]] = {}
    for backend in event.backends:
        by_outcome.setdefault(backend.outcome or "open", []).append(backend.pid)
    its = _WORDS.get(event.kind, words(Kind.TERMINATE))
    said = {Verdict.TERMINATED.value: its.done} if its is words(Kind.CANCEL) else {}
    return join([f"{_which(its, pids)} {said.get(one, one.replace('_', ' '))}" for one, pids in by_outcome.items()])


def _which(its: Words, pids: list[int]) -> str:
    if len(pids) > PIDS_NAMED:
        return its.count(len(pids))
    return f"{its.of_one if len(pids) == 1 else its.of_many}{connection.pids(pids, its.number)}"
