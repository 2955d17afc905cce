"""The Home tab: what one person can see and do now, staff's part below everybody's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from itertools import groupby

from bot.connections.listed import Listing, RoleListing
from bot.connections.overview import Overview, ServerNow, Staff
from bot.incidents.incident import Incident
from bot.incidents.proposal import Proposal, State
from bot.slack import ids, incident_payloads, payloads
from bot.slack.blocks import (
    capacity,
    confirmation,
    connection,
    consent,
    elements,
    incident_words,
    kinds,
    members,
    refusal,
)
from bot.slack.blocks.text import Block, code, join, moment, name, person, plural, spoken
from bot.slack.commands import CommandNames
from bot.summaries.outline import Outline

SHOWN = 10
"""Of each kind; what is more is counted."""
CLICKS_SHOWN = 6
"""Of proposals with buttons of their own: a view has room for 100 blocks."""
MEMBERS_SHOWN = 20
PROGRAMS_SHOWN = 2
REASON_WIDTH = 150
SERVERS_TOLD = 5
"""Servers with buttons for their weeks."""


def render(overview: Overview, weeks: Mapping[str, Sequence[Outline]], *, zone: tzinfo, names: CommandNames) -> Block:
    """Draw a person's Home tab; what is not in `overview` and `weeks` (by server) is not theirs to know."""
    blocks = [
        *_own(overview, names),
        *_waiting(overview, zone),
        *_incidents(overview, zone),
        *([] if overview.staff is None else _staff(overview, overview.staff, weeks, zone, names)),
        {"type": "divider"},
        elements.buttons(elements.button("Look again", ids.HOME_AGAIN, "again")),
        elements.context(
            f"As of {moment(overview.at, overview.at, zone)}. {code(f'{names.connbot} help')} says what else I do."
        ),
    ]
    return {"type": "home", "blocks": blocks}


def _own(overview: Overview, names: CommandNames) -> list[Block]:
    head = elements.header("My connections")
    if overview.own is None:
        how = code(f"{names.connbot} link ROLE")
        return [head, elements.section(f"No role is linked to you yet. If you have one, link it: {how}.")]
    listing = overview.own
    rows = [_role(entry) for entry in full_first(listing).roles[:SHOWN]]
    buttons = [elements.buttons(elements.button("Show and close\u2026", ids.HOME_CONNECTIONS, "mine"))] if rows else []
    return [head, *rows, *_silent(listing, names), *buttons, *_more(len(listing.roles), "role")]


def full_first(listing: Listing) -> Listing:
    """The same with the roles that cannot connect at the head, where not all are shown."""
    return replace(listing, roles=tuple(sorted(listing.roles, key=lambda one: one.reading.capacity.biting() is None)))


def _role(entry: RoleListing) -> Block:
    reading = entry.reading
    use, room = capacity.used(reading.capacity), capacity.room(reading.capacity, name)
    stray = f" {plural(len(entry.strays), 'looks', 'look')} stray." if entry.strays else ""
    sign = incident_words.FULL if reading.capacity.biting() is not None else incident_words.OVER
    said = f"{sign} *{name(reading.role.name)}* on {name(reading.server)}: {use} \u2014 {room}.{stray}"
    return elements.section(said)


def _silent(listing: Listing, names: CommandNames) -> list[Block]:
    said = [refusal.sentence(error, names=names, quote=name) for error in listing.unavailable[:SHOWN]]
    return elements.sections([f"\u26a0\ufe0f {sentence}" for sentence in said])


def _waiting(overview: Overview, zone: tzinfo) -> list[Block]:
    """What waits for the person's click, then what waits for others' at their request."""
    proposed = [one for one in overview.waiting if one.state is not State.WAITING]
    elsewhere = [one for one in overview.waiting if one.state is State.WAITING]
    blocks: list[Block] = [elements.header("Waiting for you")] if overview.asked or proposed else []
    for proposal in overview.asked[:CLICKS_SHOWN]:
        until = moment(proposal.lapses_at, overview.at, zone)
        said = f"{person(proposal.requester)} asks to {_to_do(proposal)}, which is yours"
        blocks += [
            elements.section(f"{said}. Without your answer they may from {until} on."),
            consent.answers(proposal, beside_others=True),
        ]
    for proposal in proposed[:CLICKS_SHOWN]:
        until = moment(proposal.lapses_at, overview.at, zone)
        blocks += [
            elements.section(f"To {_to_do(proposal)}. Nothing happens unless you click before {until}."),
            confirmation.buttons(proposal, beside_others=True),
        ]
    unshown = sum(max(len(some) - CLICKS_SHOWN, 0) for some in (overview.asked, proposed))
    blocks += _more(SHOWN + unshown, "proposal")
    if elsewhere:
        lines = [
            f"\u2022 To {_to_do(one)}: until {moment(one.lapses_at, overview.at, zone)}" for one in elsewhere[:SHOWN]
        ]
        blocks += [
            elements.header("Waiting for the role's owners"),
            *elements.sections(lines),
            *_more(len(elsewhere), "proposal"),
        ]
    return blocks


def _to_do(proposal: Proposal) -> str:
    """What is to be done to which programs' connections, and why."""
    programs = list(dict.fromkeys(connection.client(target) for target in proposal.targets))
    more = len(programs) - PROGRAMS_SHOWN
    named = join([*programs[:PROGRAMS_SHOWN], *([f"{more:,} more"] if more > 0 else [])])
    why = f", because {code(proposal.reason, REASON_WIDTH)}" if proposal.reason else ""
    return f"{kinds.words(proposal.kind).do} {kinds.what(proposal)} ({named}{why})"


def _incidents(overview: Overview, zone: tzinfo) -> list[Block]:
    if not overview.incidents:
        return []
    lines = [f"\u2022 {_incident(one, overview, zone)}" for one in overview.incidents[:SHOWN]]
    return [
        elements.header("Trouble you reported"),
        *elements.sections(lines),
        *_more(len(overview.incidents), "incident"),
    ]


def _incident(incident: Incident, overview: Overview, zone: tzinfo) -> str:
    since = moment(incident.occasion_at, overview.at, zone)
    return f"{incident_words.first(incident_words.about(incident))}, since {since}, {plural(len(incident.waiting), 'person waits', 'people wait')}"


def _staff(
    overview: Overview, staff: Staff, weeks: Mapping[str, Sequence[Outline]], zone: tzinfo, names: CommandNames
) -> list[Block]:
    blocks: list[Block] = [{"type": "divider"}, elements.header("Servers")]
    blocks += elements.sections([_server(one, names) for one in staff.servers[:SHOWN]])
    blocks += _more(len(staff.servers), "server")
    blocks += [elements.header("Open incidents"), *_open(staff.incidents, overview, zone)]
    if staff.pending:
        lines = [f"\u2022 {_pending(one, overview, zone)}" for one in staff.pending[:SHOWN]]
        blocks += [
            elements.header("Proposed by others"),
            *elements.sections(lines),
            *_more(len(staff.pending), "proposal"),
        ]
    blocks += _weeks(weeks)
    if staff.members is not None:
        lines = members.lines(staff.members, zone=zone, now=overview.at)
        shown = [f"\u2022 {line}" for line in lines[:MEMBERS_SHOWN]] or ["Nobody is on it yet."]
        blocks += [
            elements.header("Allow-list"),
            *elements.sections(shown),
            *_more(len(lines), "entry", "entries", MEMBERS_SHOWN),
        ]
    return [*blocks, *_tools(staff)]


def _server(server: ServerNow, names: CommandNames) -> str:
    if server.limit is None:
        why = refusal.sentence(server.why, names=names, quote=name) if server.why else "It does not answer."
        return f"\u26a0\ufe0f *{name(server.name)}*: {why}"
    sign = incident_words.FULL if server.limit.full else incident_words.OVER
    return f"{sign} *{name(server.name)}*: {capacity.filled(server.limit)}"


def _open(incidents: Sequence[Incident], overview: Overview, zone: tzinfo) -> list[Block]:
    if not incidents:
        return [elements.section("None that you look after.")]
    rows = [
        elements.section(
            f"{_incident(one, overview, zone)}{_seen(one)}",
            _resolve(one),
        )
        for one in incidents[:SHOWN]
    ]
    return [*rows, *_more(len(incidents), "incident")]


def _resolve(incident: Incident) -> Block:
    label = "Resolve incident"
    told = spoken(f": {incident_words.about(incident)}", elements.LABEL_LIMIT - len(label))
    value = incident_payloads.write_incident_id(incident.id)
    return elements.button(label, ids.RESOLVE_INCIDENT, value, spoken=label + told)


def _seen(incident: Incident) -> str:
    return f", seen by {person(incident.human)}" if incident.human else ", seen by nobody yet"


def _pending(proposal: Proposal, overview: Overview, zone: tzinfo) -> str:
    until = moment(proposal.lapses_at, overview.at, zone)
    waits = "for the role's owners" if proposal.state is State.WAITING else "for their click"
    return f"{person(proposal.requester)} asks to {kinds.words(proposal.kind).do} {kinds.what(proposal)}; waits {waits} until {until}"


def _weeks(weeks: Mapping[str, Sequence[Outline]]) -> list[Block]:
    """The last weeks that are over, in a few words, and a button for each."""
    blocks: list[Block] = [elements.header("The last weeks")] if weeks else []
    for place, (server, outlines) in enumerate([*weeks.items()][:SERVERS_TOLD]):
        row = [
            elements.button(
                f"Week {one.week.number}",
                ids.numbered(ids.HOME_WEEK, len(outlines) * place + ago),
                payloads.write_week(server, one.week),
                spoken=f"Week {one.week.number} of {spoken(server, 40)}",
            )
            for ago, one in enumerate(outlines)
        ]
        alike = groupby(outlines, lambda one: (_happened(one), one.week if one.incidents else None))
        told = "; ".join(_weeks_of(happened, [*which]) for (happened, _), which in alike)
        blocks += [elements.section(f"*{name(server)}*: {told}."), elements.buttons(*row)]
    return blocks


def _weeks_of(happened: str, outlines: Sequence[Outline]) -> str:
    weeks = "week" if len(outlines) == 1 else "weeks"
    return f"{happened} in {weeks} {join([str(one.week.number) for one in outlines])}"


def _happened(outline: Outline) -> str:
    counted = plural(outline.incidents, "incident")
    if outline.incidents:
        return counted if outline.sure else f"at least {counted}"
    return ("no incident" if outline.sure else "none seen") if outline.seen else "nobody looked"


def _tools(staff: Staff) -> list[Block]:
    buttons = []
    if staff.members is not None:
        buttons.append(elements.button("Add somebody\u2026", ids.HOME_ADD, "add"))
        if staff.members:
            buttons.append(elements.button("Remove somebody\u2026", ids.HOME_REMOVE, "remove"))
    if staff.roster_of:
        buttons.append(elements.button("Import the class list\u2026", ids.HOME_IMPORT, "import"))
    return [elements.buttons(*buttons)] if buttons else []


def _more(count: int, noun: str, nouns: str | None = None, shown: int = SHOWN) -> list[Block]:
    return (
        [elements.context(f"{plural(count - shown, f'further {noun}', nouns and f'further {nouns}')} not shown.")]
        if count > shown
        else []
    )
