"""What owners and staff are shown of a proposal about which the owners are asked first."""

from collections.abc import Sequence
from datetime import tzinfo

from bot.connections.ending import Preview
from bot.incidents.proposal import LAPSES_AFTER, Consent, NotClaimed, Proposal, State
from bot.slack import ids, payloads
from bot.slack.blocks import confirmation, connection, elements, outcome
from bot.slack.blocks.kinds import what, words
from bot.slack.blocks.text import Block, Message, code, duration, join, moment, name, person, spoken
from bot.slack.blocks.window import window
from bot.slack.commands import LONGEST_REASON, CommandNames
from bot.slack.payloads import Behind

SHOWN = 10
"""Connections told one by one."""
REASON_WIDTH = 1000


def render_waiting(preview: Preview, *, zone: tzinfo) -> Message:
    """Show whoever asked what waits for which owners, and until when."""
    proposal = preview.proposal
    asked = join([person(one) for one in preview.others])
    until = moment(proposal.lapses_at, proposal.created_at, zone)
    head = f"Waiting for the owner, until {until}: {_question(proposal)}"
    how = (
        f"I have asked {asked}. *I am using it* ends the matter; *Close it* leaves it to them. Without an answer by then "
        "I write to you by direct message, and you decide. Nothing has ended yet."
    )
    return _shown(head, [*_why(proposal), how], proposal, zone, confirmation.buttons(proposal))


def render_question(proposal: Proposal, *, zone: tzinfo) -> Message:
    """Ask an owner."""
    head = f"{person(proposal.requester)} asks: {_question(proposal)}"
    until = moment(proposal.lapses_at, proposal.created_at, zone)
    how = (
        "The role is yours, so you are asked first. Nothing has ended yet. "
        f"If nobody answers until {until}, {person(proposal.requester)} may end it."
    )
    return _shown(
        head,
        [*_why(proposal), how],
        proposal,
        zone,
        answers(proposal),
    )


def answers(proposal: Proposal, *, beside_others: bool = False) -> Block:
    """An owner's two answers; those `beside_others` say what they are about to whoever hears them."""
    about = f": {what(proposal)}" if beside_others else ""
    return _row(proposal, ("I am using it", ids.IN_USE), ("Close it", ids.CLOSE_IT), about=about)


def render_using(proposal: Proposal) -> Message:
    """Tell an owner that what they use stays."""
    whom = proposal.asked_by or proposal.requester
    return elements.short(
        f"It stays: nothing was {words(proposal.kind).done} ({what(proposal)}). {person(whom)} is told."
    )


def render_kept(proposal: Proposal) -> Message:
    """Tell whoever asked that an owner uses it."""
    owner = person(proposal.answered_by or "")
    return elements.short(
        f"{owner} is using it, so nothing was {words(proposal.kind).done}: you had asked for {what(proposal)}. "
        f"Talk to {owner} if it cannot wait."
    )


def render_unanswered(proposal: Proposal, *, zone: tzinfo) -> Message:
    """Tell whoever asked that no owner answered, with the facts as they are now and the button to go on."""
    head = f"No owner answered. {_question(proposal)}"
    its = words(proposal.kind)
    valid = f"{its.not_yet} The buttons work for {duration(LAPSES_AFTER)}; an owner can still say no until then."
    return _shown(
        head,
        [*_why(proposal), *confirmation.lost(proposal.targets, its.number), valid],
        proposal,
        zone,
        confirmation.buttons(proposal),
    )


def render_nothing_left(proposal: Proposal) -> Message:
    """Tell that what was asked about is not there any more."""
    return elements.short(
        f"Nothing was {words(proposal.kind).done}: {what(proposal)} is not there any more, or cannot be looked at now."
    )


def render_taken_over(proposal: Proposal) -> Message:
    """Tell whoever asked first that an owner sees to it."""
    return elements.short(
        f"{person(proposal.requester)} wants to close it ({what(proposal)}) and is asked once more. What comes of it you "
        "are told here. If it is there still in some minutes, ask again.",
        elements.ask_again(proposal.id),
    )


def render_came_of_it(proposal: Proposal, *, zone: tzinfo) -> Message:
    """Tell whoever asked first what became of it in the owner's hands."""
    if proposal.state is not State.RESOLVED:
        return elements.short(_over(proposal, zone), elements.ask_again(proposal.id))
    return elements.short("\n".join([outcome.headline(proposal, zone), *outcome.describe(proposal)]))


def render_closed(proposal: Proposal, *, zone: tzinfo) -> Message:
    """Stand in the place of a question that needs no answer any more."""
    return elements.short(_over(proposal, zone))


def render_not(refused: NotClaimed, *, zone: tzinfo) -> Message:
    """Say why an owner's click did nothing; a stranger's the same as for a button that nobody knows."""
    proposal = refused.proposal
    if proposal is None:
        return elements.short("This button is not known any more, and nothing was ended.")
    if refused.why == "nothing_left":
        return render_nothing_left(proposal)
    if refused.why == "taken":
        return elements.short(f"{person(proposal.requester)} closes it already. This click did nothing more.")
    return elements.short(f"This click did nothing. {_over(proposal, zone)}")


def override_window(proposal: Proposal, behind: Behind) -> Block:
    """The modal in which staff say why the owners' answer is not waited for."""
    said = f"The owner of {name(proposal.role)} has not answered yet. What you say is kept, and the owner is told."
    return _reason_window("Override", said, "Why can it not wait?", proposal, behind, ids.OVERRIDE_MODAL)


def reason_window(proposal: Proposal, behind: Behind) -> Block:
    """The modal in which staff say why what is in use is to end."""
    said = f"Somebody may be working there: {what(proposal)}. What you say is kept, and the owner is told."
    its = words(proposal.kind)
    return _reason_window(its.button, said, f"Why {its.do} it?", proposal, behind, ids.REASON_MODAL)


def render_no_window(*, names: CommandNames) -> Message:
    """Say that the window for the reason did not open, and what to do."""
    typing = code(f"{names.kill} ROLE PID because \u2026")
    return elements.short(f"The window for the reason did not open. Press the button again, or type {typing}.")


def _reason_window(title: str, said: str, label: str, proposal: Proposal, behind: Behind, callback_id: str) -> Block:
    typing: Block = {"type": "plain_text_input", "action_id": ids.REASON, "max_length": LONGEST_REASON}
    if proposal.reason:
        typing["initial_value"] = proposal.reason[:LONGEST_REASON]
    field = {
        "type": "input",
        "block_id": ids.REASON,
        "label": {"type": "plain_text", "text": label, "emoji": False},
        "element": typing,
    }
    about = Behind(behind.channel, behind.thread, proposal.id)
    return window(title, [elements.section(said), field], about, callback_id=callback_id, submit=title)


def _question(proposal: Proposal) -> str:
    its = words(proposal.kind)
    return f"{its.asked} {its.count(len(proposal.targets))} of {name(proposal.role)} on {name(proposal.server)}?"


def _why(proposal: Proposal) -> list[str]:
    return [f"Reason given: {code(proposal.reason, REASON_WIDTH)}"] if proposal.reason else []


def _shown(head: str, said: Sequence[str], proposal: Proposal, zone: tzinfo, row: Block) -> Message:
    at, number = proposal.created_at, words(proposal.kind).number
    targets = proposal.targets[:SHOWN]
    lines = [
        f"{connection.whose(target, at, zone, number)}\n{connection.doing(target, at, zone, number=number)}"
        for target in targets
    ]
    more = len(proposal.targets) - len(targets)
    if more:
        lines.append(f"{more:,} more.")
    blocks = [elements.section(f"*{head}*"), *elements.sections(lines, "\n\n"), *elements.sections(said), row]
    briefs = [connection.brief(target, at, number) for target in targets]
    return elements.message([head, *said, *(f"{one[0].upper()}{one[1:]}." for one in briefs)], blocks)


def _row(proposal: Proposal, *labels: tuple[str, str], about: str = "") -> Block:
    value = payloads.write_proposal_id(proposal.id)
    return elements.buttons(
        *(
            elements.button(label, action, value, spoken=spoken(f"{label}{about}", elements.LABEL_LIMIT))
            for label, action in labels
        )
    )


def _over(proposal: Proposal, zone: tzinfo) -> str:
    """What became of it, in a sentence."""
    its, meant = words(proposal.kind), what(proposal)
    if proposal.state is State.RESOLVED:
        return outcome.headline(proposal, zone)
    if proposal.state is State.WITHDRAWN and proposal.answered_by not in (None, proposal.requester):
        return f"{person(proposal.answered_by or '')} is using it: nothing was {its.done} ({meant})."
    if proposal.state is State.WITHDRAWN:
        return f"{person(proposal.requester)} took it back: nothing was {its.done} ({meant})."
    if proposal.state is State.LAPSED:
        return f"It came to nothing: nothing was {its.done} ({meant})."
    if proposal.consent is Consent.OVERRIDDEN:
        why = f" ({code(proposal.reason, REASON_WIDTH)})" if proposal.reason else ""
        return f"{person(proposal.requester)} did not wait for the answer{why}: {meant}."
    return f"{person(proposal.claimed_by or proposal.requester)} sees to it now: {meant}."
