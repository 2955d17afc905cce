"""What an owner is told of connections that somebody else ended: which, by whom, why, and how to stop it happening."""

from datetime import tzinfo

from bot.access.member import Right
from bot.diagnosis.advice import Advice, for_session
from bot.incidents.proposal import Consent, Kind, Proposal
from bot.servers.server import Verdict
from bot.slack.blocks import elements, outcome
from bot.slack.blocks.text import Message, code, name, person
from bot.slack.commands import CommandNames

CLIENTS_ADVISED = 3
REASON_WIDTH = 1000
_ENDED = (Verdict.TERMINATED, Verdict.STILL_ENDING, Verdict.INTERRUPTED)


def render_ended(proposal: Proposal, *, zone: tzinfo, names: CommandNames) -> Message:
    """Tell an owner, without addresses: those may be another owner's."""
    head = outcome.headline(proposal, zone)
    lines = outcome.describe(proposal)
    why = f"Why: {code(proposal.reason, REASON_WIDTH)}." if proposal.reason else "No reason was given."
    said = [why, _by_what_right(proposal), *_advice(proposal, names)]
    blocks = [*elements.sections([f"*{head}*", *lines]), *elements.sections([one for one in said if one])]
    return elements.message([head, *(one for one in said if one), *(f"{line}." for line in lines)], blocks)


def _by_what_right(proposal: Proposal) -> str:
    by = person(proposal.claimed_by or proposal.requester)
    if proposal.right is Right.OWNER:
        return f"{by} owns {name(proposal.role)} too."
    if proposal.consent is Consent.OVERRIDDEN:
        return f"You had been asked, and {by} did not wait for the answer."
    if proposal.consent is Consent.ASKED:
        return "You had been asked, and nobody answered in time."
    return f"You are told because {name(proposal.role)} is yours."


def _advice(proposal: Proposal, names: CommandNames) -> list[str]:
    """How to stop it happening, once a client; where none is known, what helps with any."""
    if proposal.kind is Kind.CANCEL:
        return [outcome.GETS_AN_ERROR]
    ended = {one.backend for one in proposal.outcomes if one.verdict in _ENDED}
    known: dict[str, Advice] = {}
    for target in proposal.targets:
        advice = for_session(target.application_name) if target.id in ended else None
        if advice is not None:
            known.setdefault(advice.client, advice)
    told = [f"{one.opens} To stop it happening: {one.remedy}" for one in [*known.values()][:CLIENTS_ADVISED]]
    general = f"{code(names.conns)} shows what is open, and closes what you do not need."
    return (
        [*told, general]
        if told
        else [f"To stop it happening, close what you do not need in the program itself. {general}"]
    )
