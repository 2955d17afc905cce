"""How it ended, by whom, and how full it is now."""

from collections.abc import Callable
from datetime import tzinfo

from bot.connections.ending import Ended
from bot.connections.plan import WhyNot
from bot.incidents.proposal import Kind, Outcome, Proposal
from bot.servers.capacity import Capacity
from bot.servers.server import Presence, Target, Verdict
from bot.slack.blocks import capacity, elements, reasons, typed
from bot.slack.blocks.kinds import OVER, words
from bot.slack.blocks.text import Message, code, join, moment, name, person
from bot.slack.commands import CommandNames

PIDS_SHOWN = 100
MANY = 10
"""Of more in one line the programs are not named."""

GETS_AN_ERROR = (
    "The client was told \u201ccanceling statement due to user request\u201d (57014); the connection stays open, and a "
    "transaction that was open must be rolled back."
)
"""What the one whose query it was sees."""
WAITS_FOR_ITS_CLIENT = (
    "A query that waits for its own client, as one that takes in data does, stops only when the client goes on: if it must "
    "stop now, end the connection, without --cancel."
)
"""Why a query may go on though it was told to stop."""

KEEPS_ITS_OWN = (
    "The program was told \u201cadmin forced disconnect\u201d. The pooler keeps its own connections to the server and lends them to "
    "others. If the program reconnects by itself, close it there."
)
"""What became of the slot when a pooler's client was ended."""


def render(ended: Ended, *, zone: tzinfo, names: CommandNames) -> Message:
    """Show what became of each connection of a resolved proposal; **Ask again** where something changed."""
    proposal = ended.proposal
    lines = describe(proposal)
    head = headline(proposal, zone)
    now = ended.capacity
    further = [] if now is None else [_now(proposal.role, now), *capacity.last_slot(now)]
    verdicts = {outcome.verdict for outcome in proposal.outcomes}
    if verdicts & {Verdict.STILL_ENDING, Verdict.FAILED}:
        further.append(f"Look again: {code(typed.conns(names, proposal.role, proposal.server), 120)}.")
    if proposal.kind is Kind.CANCEL and Verdict.TERMINATED in verdicts:
        further.append(GETS_AN_ERROR)
    if proposal.kind is Kind.CANCEL and Verdict.STILL_ENDING in verdicts:
        further.append(WAITS_FOR_ITS_CLIENT)
    if proposal.kind is Kind.CLIENT and Verdict.TERMINATED in verdicts:
        further.append(KEEPS_ITS_OWN)
    if not ended.on_record:
        further.append("The bot's own record could not be written to yet; the entry is completed later.")
    blocks = [*elements.sections([f"*{head}*", *lines]), *elements.sections(further)]
    if Verdict.CHANGED in verdicts:
        blocks.append(elements.ask_again(proposal.id))
    told = [head, *further, *(f"{line}." for line in lines)]
    return elements.message(told, blocks)


def render_progress(kind: Kind) -> Message:
    """Say that the click was taken and the server is still at it."""
    doing = words(kind).doing.capitalize()
    return elements.short(
        f"\u23f3 {doing} now: the {words(kind).by} is still at it. This message will say how it went."
    )


def describe(proposal: Proposal) -> list[str]:
    """One line for each way the connections of `proposal` ended, with the pids; lines of many pids come last."""
    by_words: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in proposal.outcomes:
        by_words.setdefault(_told(outcome, proposal), []).append(outcome)
    clients = {target.id: target for target in proposal.targets}
    number = words(proposal.kind).number
    # What did not go as asked is a few among many: nobody should have to look for it behind a hundred pids.
    lines = sorted(by_words.items(), key=lambda line: len(line[1]) > MANY)
    return [
        f"{sign} {_who(outcomes, lambda one: clients.get(one.backend), number)}: {words}"
        for (sign, words), outcomes in lines
    ]


def _told(outcome: Outcome, proposal: Proposal) -> tuple[str, str]:
    its = words(proposal.kind)
    sign, said = its.outcomes[outcome.verdict]
    if outcome.verdict is Verdict.INTERRUPTED:
        found = {Presence.THERE.value: its.there, Presence.GONE.value: its.gone}
        return sign, f"{said}: {found.get(outcome.detail, f'the {its.by} did not tell whether it is there')}"
    if outcome.verdict is Verdict.ALREADY_GONE and outcome.detail == "over":
        return sign, OVER
    if not outcome.detail:
        return sign, said
    if outcome.detail in set(WhyNot):
        return sign, f"{said}: {reasons.forbidden(WhyNot(outcome.detail), proposal.role, name)}"
    return sign, f"{said}: {its.details.get(outcome.detail) or code(outcome.detail, 200)}"


def _who(outcomes: list[Outcome], target: Callable[[Outcome], Target | None], number: str) -> str:
    shown = []
    for outcome in outcomes[:PIDS_SHOWN]:
        found = target(outcome)
        program = (
            f" ({name(found.application_name)})" if found and found.application_name and len(outcomes) <= MANY else ""
        )
        shown.append(f"{outcome.backend.pid}{program}")
    if len(outcomes) > PIDS_SHOWN:
        shown.append(f"{len(outcomes) - PIDS_SHOWN:,} more")
    return f"{number}{'s' if len(outcomes) > 1 else ''} {join(shown)}"


def headline(proposal: Proposal, zone: tzinfo) -> str:
    """Say who ended how many of what, and when."""
    done = sum(1 for outcome in proposal.outcomes if outcome.verdict is Verdict.TERMINATED)
    its, by = words(proposal.kind), person(proposal.claimed_by or proposal.requester)
    at = proposal.resolved_at
    when = f", {moment(at, at, zone)}" if at else ""
    where = f"{name(proposal.role)} on {name(proposal.server)}{when}."
    if not done:
        return f"This click of {by} {its.done} no {its.thing} of {where}"
    count = f"{done:,} of {its.count(len(proposal.outcomes))}" if done < len(proposal.outcomes) else its.count(done)
    return f"{by} {its.done} {count} of {where}"


def _now(role: str, now: Capacity) -> str:
    return f"{name(role)} now: {capacity.used(now)} \u2014 {capacity.room(now, name)}."
