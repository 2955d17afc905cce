"""What became of a proposal when the answer is not simply how it ended: settled, withdrawn, lapsed, taken by another."""

from datetime import tzinfo

from bot.connections.ending import Unsettled
from bot.incidents.proposal import NotClaimed, Proposal, State
from bot.servers.server import Presence
from bot.slack.blocks import connection, elements, outcome
from bot.slack.blocks.text import Message, code, moment, name, person, plural
from bot.slack.commands import CommandNames


def render(proposal: Proposal, *, zone: tzinfo) -> Message:
    """Say how an interrupted proposal was settled: what is still there and what is gone, never that it was terminated."""
    when = (
        f" at {moment(proposal.claimed_at, proposal.resolved_at or proposal.claimed_at, zone)}"
        if proposal.claimed_at
        else ""
    )
    head = f"The bot was interrupted{when} while ending {_what(proposal)}."
    lines = outcome.describe(proposal)
    there = any(one.detail == Presence.THERE for one in proposal.outcomes)
    on = (
        "Ask again to see what is there now; nothing more is done by itself."
        if there
        else "There is nothing more to do."
    )
    blocks = [*elements.sections([f"*{head}*", *lines]), elements.section(on)]
    if there:
        blocks.append(elements.ask_again(proposal.id))
    told = [head, on, *(f"{line}." for line in lines)]
    return elements.message(told, blocks)


def render_unsettled(unsettled: Unsettled, *, zone: tzinfo) -> Message:
    """Say that the server stopped answering after the click, and that the end of it will be told."""
    at = unsettled.proposal.claimed_at
    since = f" (asked at {moment(at, at, zone)})" if at else ""
    return elements.short(
        f"\u23f3 The server stopped answering while ending {_what(unsettled.proposal)}{since}. "
        "Some may have ended. What became of them is told here as soon as the server answers; please do not ask again yet."
    )


def render_reconnected(proposal: Proposal, pids: tuple[int, ...]) -> Message:
    """Say that a client came back within seconds, so that its slot is not free."""
    return elements.short(
        f"\U0001f501 {name(proposal.role)} on {name(proposal.server)}: the client reconnected by itself "
        f"({connection.pids(list(pids))}). Ending it here again will not help: close it in the client."
    )


def render_withdrawn(proposal: Proposal) -> Message:
    """Say that nothing was ended, because its requester took it back."""
    return elements.short(f"Cancelled: {_what(proposal)} not ended. Nothing was changed.")


def render_not_claimed(refused: NotClaimed, *, zone: tzinfo, names: CommandNames) -> Message:
    """Say why a click did nothing, who was first and when, and the way on."""
    proposal = refused.proposal
    if proposal is None:
        return elements.short(
            f"This button is not known any more, and nothing was ended. Start again with {code(f'{names.conns} ROLE')}."
        )
    again = () if refused.why not in ("lapsed", "withdrawn") else (elements.ask_again(proposal.id),)
    return elements.short(_why_not(refused.why, proposal, zone), *again)


def _why_not(why: str, proposal: Proposal, zone: tzinfo) -> str:
    what = _what(proposal)
    match why:
        case "foreign":
            return (
                f"Only {person(proposal.requester)}, who asked to end {what}, can use these buttons. Nothing was done."
            )
        case "denied":
            return f"You may not end {what} any more: your right to it was changed since. Nothing was ended."
        case "lapsed":
            return f"Two minutes have passed, so {what} was not ended. *Ask again* shows how things stand now."
        case "withdrawn":
            return f"This was cancelled: {what} was not ended."
        case "claimed" | "resolved":
            return _first(proposal, zone)
        case _:
            return f"This click did nothing: {what} cannot be ended with this button any more."


def _first(proposal: Proposal, zone: tzinfo) -> str:
    by = person(proposal.claimed_by) if proposal.claimed_by else "Somebody"
    at = proposal.claimed_at
    when = f" at {moment(at, proposal.resolved_at or at, zone)}" if at else ""
    first = f"{by} was first{when}"
    if proposal.state is not State.RESOLVED:
        return f"{first}: {_what(proposal)} is being ended. This click did nothing more."
    lines = "\n".join(outcome.describe(proposal))
    return f"{first}: this is done, and this click did nothing more.\n{lines}"


def _what(proposal: Proposal) -> str:
    return f"{plural(len(proposal.targets), 'connection')} of {name(proposal.role)} on {name(proposal.server)}"
