"""The staff's tools for one incident: what is known of it now, and what can be done about it, in a modal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.connections.listed import Listing
from bot.diagnosis.facts import Facts
from bot.errors import BotError
from bot.incidents.incident import Affected, Incident
from bot.slack import ids
from bot.slack.blocks import elements, listing, refusal
from bot.slack.blocks import incident_words as words
from bot.slack.blocks.text import Block, Message, duration, moment, name, person
from bot.slack.blocks.window import window
from bot.slack.commands import CommandNames
from bot.slack.incident_payloads import write_incident_id
from bot.slack.payloads import Behind

TITLE = "Staff tools"
PEOPLE_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Tools:
    """What one person of the staff is shown of an incident; `listing` is of its role, `refused` why they get neither that nor figures."""

    incident: Incident
    facts: Facts | None
    now: datetime
    listing: Listing | None = None
    refused: BotError | None = None


def render(tools: Tools, behind: Behind, *, zone: tzinfo, names: CommandNames) -> Block:
    """Show the modal: how full it is, who waits, a role's connections as its own list shows them, and what can be done."""
    incident = tools.incident
    blocks = [elements.section(f"*{_state(tools)}*"), elements.context(" ".join(_status(tools, zone)))]
    if incident.waiting:
        blocks += elements.sections(_waiting(incident.waiting, tools.now))
    if tools.listing is not None:
        blocks += listing.render(tools.listing, zone=zone, names=names).blocks
        blocks.append(
            elements.context(
                "What you choose is shown to you alone behind this window, and nothing ends before you confirm it there."
            )
        )
    if tools.refused is not None:
        blocks.append(elements.section(f"\u26a0\ufe0f {refusal.sentence(tools.refused, names=names, quote=name)}"))
    if incident.open:
        over = elements.button("Resolve incident", ids.RESOLVE_INCIDENT, write_incident_id(incident.id))
        blocks.append(elements.buttons(over))
    return window(TITLE, blocks, behind, callback_id=ids.STAFF_TOOLS_MODAL)


def render_proposed(*, directly: bool) -> Message:
    """Say in a modal where a proposal that was made in it is to be confirmed."""
    where = "in a direct message" if directly else "behind this window"
    return elements.short(
        f"What would end is shown to you alone {where}. Nothing has ended yet: close this and confirm it there."
    )


def render_too_late() -> Message:
    """Say that no modal could be opened."""
    return elements.short("The window could not be opened in time, and nothing was done. Press the button again.")


def _state(tools: Tools) -> str:
    return words.state(tools.incident, tools.facts, figures=tools.refused is None)


def _status(tools: Tools, zone: tzinfo) -> list[str]:
    incident = tools.incident
    if not incident.open:
        at = f" since {moment(incident.resolved_at, tools.now, zone)}" if incident.resolved_at else ""
        by = f", by {person(incident.resolved_by)}" if incident.resolved_by else ""
        return [f"It is over{at}{by}."]
    since = f"Open since {moment(incident.occasion_at, tools.now, zone)}; {words.waiting(len(incident.waiting))}."
    first = (
        f"First of the staff: {person(incident.human)}." if incident.human else "Nobody of the staff has been here yet."
    )
    return [since, first]


def _waiting(waiting: Sequence[Affected], now: datetime) -> list[str]:
    shown = [_one(one, now) for one in waiting[:PEOPLE_SHOWN]]
    more = len(waiting) - len(shown)
    return ["*Waiting:*", *(f"\u2022 {one}" for one in shown), *([f"\u2022 {more:,} more"] if more else [])]


def _one(one: Affected, now: datetime) -> str:
    role = f"the role {name(one.role)}" if one.role else ""
    since = f"for {duration(now - one.since)}"
    return f"{person(one.person)} \u2014 {', '.join(part for part in (role, since) if part)}"
