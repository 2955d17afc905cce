"""What became of a proposal when the answer is not simply how it ended: settled, withdrawn, lapsed, taken by another."""

from datetime import tzinfo

from bot.access.member import Right
from bot.connections.ending import Ended, Unsettled
from bot.incidents.proposal import NotClaimed, Proposal, State
from bot.servers.server import Presence, Verdict
from bot.slack.blocks import connection, consent, elements, outcome
from bot.slack.blocks.kinds import PIDS_NAMED, what, words
from bot.slack.blocks.text import Message, code, join, moment, name, person
from bot.slack.commands import CommandNames


def render_end(ended: Ended, *, zone: tzinfo, names: CommandNames) -> Message:
    """Show what became of a proposal, however it came to its end: the same whoever tells it."""
    if ended.proposal.state is State.WITHDRAWN and ended.proposal.answered_by not in (None, ended.proposal.requester):
        return consent.render_kept(ended.proposal)
    if ended.proposal.state is State.WITHDRAWN:
        return render_withdrawn(ended.proposal)
    if any(one.verdict is Verdict.INTERRUPTED for one in ended.proposal.outcomes):
        return render(ended.proposal, zone=zone)
    return outcome.render(ended, zone=zone, names=names)


def render(proposal: Proposal, *, zone: tzinfo) -> Message:
    """Say how an interrupted proposal was settled: what is still there and what is gone, never that it was terminated."""
    when = (
        f" at {moment(proposal.claimed_at, proposal.resolved_at or proposal.claimed_at, zone)}"
        if proposal.claimed_at
        else ""
    )
    head = f"The bot was interrupted{when} while it {words(proposal.kind).done} {what(proposal)}."
    lines = outcome.describe(proposal)
    interrupted = [one.detail for one in proposal.outcomes if one.verdict is Verdict.INTERRUPTED]
    there = any(detail != Presence.GONE for detail in interrupted)
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
    its, at = words(unsettled.proposal.kind), unsettled.proposal.claimed_at
    since = f" (asked at {moment(at, at, zone)})" if at else ""
    some, them = ("It", "it") if len(unsettled.proposal.targets) == 1 else ("Some", "them")
    return elements.short(
        f"\u23f3 The {its.by} stopped answering while it was to {its.do} {what(unsettled.proposal)}{since}. "
        f"{some} may be {its.done}. What became of {them} is told here as soon as the {its.by} answers; please do not ask again yet."
    )


def render_reconnected(proposal: Proposal, pids: tuple[int, ...]) -> Message:
    """Say that a client came back within seconds, so that its slot is not free."""
    where = f"\U0001f501 {name(proposal.role)} on {name(proposal.server)}:"
    if len(pids) == 1:
        return elements.short(
            f"{where} the client reconnected by itself ({connection.pids(list(pids))}). Ending it here again will not help: "
            "close it in the program itself."
        )
    named = f" ({connection.pids(list(pids))})" if len(pids) <= PIDS_NAMED else ""
    return elements.short(
        f"{where} {len(pids):,} clients reconnected by themselves{named}. Ending them here again will not help: close them in "
        "the programs themselves."
    )


def render_withdrawn(proposal: Proposal) -> Message:
    """Say that nothing was ended, because its requester took it back."""
    its = words(proposal.kind)
    return elements.short(f"{its.taken_back.capitalize()}: nothing was {its.done}. You had asked for {what(proposal)}.")


def render_not_claimed(refused: NotClaimed, *, zone: tzinfo, names: CommandNames) -> Message:
    """Say why a click did nothing, who was first and when, and the way on."""
    proposal = refused.proposal
    if proposal is None:
        return elements.short(
            f"This button is not known any more, and nothing was ended. Start again with {code(f'{names.conns} ROLE')}."
        )
    again = () if refused.why not in ("lapsed", "withdrawn") else (elements.ask_again(proposal.id),)
    return elements.short(_why_not(refused, proposal, zone), *again)


def _why_not(refused: NotClaimed, proposal: Proposal, zone: tzinfo) -> str:
    its, meant = words(proposal.kind), what(proposal)
    match refused.why:
        case "foreign":
            # Whose connection it is may be none of theirs to know.
            return "Nothing was done: these buttons are for the person who asked. Type the command yourself."
        case "denied":
            return f"Nothing was {its.done}: you have no right any more to {its.do} {meant}."
        case "shared" | "waiting" | "proposed" | "reason":
            return _still_lacking(refused, proposal)
        case "made_anew":
            return (
                f"Nothing was {its.done}: {name(proposal.role)} was dropped and made anew since this was shown ({meant}), "
                "and is another role now. Type the command again to see what is there."
            )
        case "lapsed":
            return (
                f"Nothing was {its.done}: two minutes had passed since this was shown ({meant}). "
                "*Ask again* shows how things stand now."
            )
        case "withdrawn":
            return (
                f"Nothing was {its.done}: you had taken this back before ({meant}). "
                "*Ask again* shows how things stand now."
            )
        case "claimed" | "resolved":
            return _first(proposal, zone)
        case _:
            return f"This click did nothing: the button for {meant} does not work any more."


def _still_lacking(refused: NotClaimed, proposal: Proposal) -> str:
    """What must be there before it can be done: other people's word, or a reason."""
    its, meant = words(proposal.kind), what(proposal)
    nothing = f"Nothing was {its.done}:"
    if refused.why == "proposed":
        return (
            f"{nothing} {person(proposal.requester)} is asked once more about {meant} now. Try again in some minutes."
        )
    if refused.why == "waiting":
        return f"{nothing} {meant} waits for the answer of its owner."
    if refused.why == "shared":
        others = join([person(owner) for owner in refused.owners])
        return (
            f"{nothing} somebody may be working in {meant}, and {name(proposal.role)} is {others}'s too. "
            "Ask them to close it, or ask the staff."
        )
    if proposal.right is Right.OWNER:
        return (
            f"{nothing} you had asked for {meant} as an owner of {name(proposal.role)}, and that you are no more. "
            "Type the command again with \u201cbecause\u201d and a reason."
        )
    return (
        f"{nothing} somebody may be working in {meant}, so ending it needs a reason. "
        "Type the command again with \u201cbecause\u201d and why."
    )


def _first(proposal: Proposal, zone: tzinfo) -> str:
    by = person(proposal.claimed_by) if proposal.claimed_by else "Somebody"
    at = proposal.claimed_at
    when = f" at {moment(at, proposal.resolved_at or at, zone)}" if at else ""
    first = f"{by} was first{when}"
    if proposal.state is not State.RESOLVED:
        return f"{first} and is {words(proposal.kind).doing} {what(proposal)} now. This click did nothing more."
    lines = "\n".join(outcome.describe(proposal))
    return f"{first} with {what(proposal)}; this click did nothing more.\n{lines}"
