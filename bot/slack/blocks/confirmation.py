"""What is about to be ended, what that would lose, and the two buttons; or why nothing can be ended."""

from collections.abc import Sequence
from datetime import tzinfo

from bot.connections.ending import NothingToEnd, Preview
from bot.connections.plan import WhyNot
from bot.incidents.proposal import LAPSES_AFTER, Kind, Proposal, State, lacks_reason
from bot.servers.server import Target
from bot.slack import ids, payloads
from bot.slack.blocks import bulk, capacity, connection, elements, kinds, reasons, typed
from bot.slack.blocks.kinds import words
from bot.slack.blocks.text import Block, Message, code, duration, join, moment, name, person, spoken
from bot.slack.commands import CommandNames

SHOWN = 15
"""Targets told in detail; of more, those alike stand together."""
PIDS_IN_A_COMMAND = 5
PIDS_IN_A_SENTENCE = 20

_NONE = {
    Kind.TERMINATE: "None of its connections looks stray. Being idle is fine by itself; to end one anyway, name its pid.",
    Kind.CANCEL: "None of its connections runs a query.",
    Kind.CLIENT: "The pooler has no client of this role.",
}


def render(preview: Preview, *, zone: tzinfo, names: CommandNames) -> Message:
    """Show a proposal that waits for its click: each connection that would end, and what would be lost with it."""
    return elements.first_that_fits(_rendered(preview, shown, zone, names) for shown in range(SHOWN, -1, -5))


def _rendered(preview: Preview, shown: int, zone: tzinfo, names: CommandNames) -> Message:
    proposal, at = preview.proposal, preview.reading.at
    its, where = words(proposal.kind), f"{name(proposal.role)} on {name(proposal.server)}"
    question = f"{its.asked} {its.count(len(proposal.targets))} of {where}?"
    facts = _facts(preview, names)
    refusals = _refused(preview)
    if lacks_reason(proposal, proposal.right):
        facts.append(_why(proposal, names))
    valid = f"{its.not_yet} The buttons work for {duration(LAPSES_AFTER)}."
    detailed, others = _detailed(preview, shown)
    whole = elements.sections([_lines(target, preview, zone) for target in detailed], "\n\n")
    warnings = elements.sections(facts)
    blocks = [
        elements.section(f"*{question}*"),
        # Of many, what matters comes first: a phone shows a few lines.
        *([*warnings, *whole] if others else [*whole, *warnings]),
        *elements.sections(bulk.groups(others, at, its.number), "\n\n"),
        *elements.sections(refusals),
        *([elements.context(f"Reason given: {code(proposal.reason, 1000)}")] if proposal.reason else []),
        buttons(proposal),
        elements.context(valid),
    ]
    briefs = [connection.brief(target, at, its.number) for target in (*detailed, *others)]
    listed = [f"{brief[0].upper()}{brief[1:]}." for brief in briefs]
    told = [question, valid, *facts, *refusals, *listed]
    return elements.message(told, blocks)


def _detailed(preview: Preview, shown: int) -> tuple[list[Target], list[Target]]:
    """Which targets are told one by one, and which in groups: of too many only those that lose something or look in use."""
    targets = list(preview.proposal.targets)
    if len(targets) <= shown:
        return targets, []
    if preview.proposal.kind is Kind.CANCEL:
        # A query runs in each: only what else would be lost is worth a look.
        notable = [target for target in targets if target.has_written]
    else:
        losing = [target for target in targets if connection.losses(target)]
        notable = losing + [target for target in targets if target not in losing and target.id in preview.in_use]
    notable = notable[:shown]
    kept = {target.id for target in notable}
    return notable, [target for target in targets if target.id not in kept]


def render_nothing(nothing: NothingToEnd, *, zone: tzinfo, names: CommandNames) -> Message:
    """Say why nothing was proposed, and what to do instead."""
    reading = nothing.reading
    role = reading.role.name
    why = [
        f"{clause[0].upper()}{clause[1:]}."
        for clause in reasons.refused(nothing.refused, role, name, words(nothing.kind).number)
    ]
    if not why:
        why = [_NONE[nothing.kind] if reading.clients or nothing.kind is Kind.CLIENT else "Nobody is connected."]
    figures = f"{capacity.used(reading.capacity)} \u2014 {capacity.room(reading.capacity, name)}"
    further = [
        f"{name(role)} at {moment(reading.at, reading.at, zone)}: {figures}.",
        *reasons.way_on(frozenset(one.why for one in nothing.refused), nothing.ask, name),
        *shared(frozenset(one.why for one in nothing.refused), nothing.others),
        f"See what is there: {code(typed.conns(names, role, reading.server), 120)}.",
    ]
    nothing_ends = f"Nothing to {words(nothing.kind).do}."
    blocks = (*elements.sections([f"*{nothing_ends}*", *why]), elements.section(" ".join(further)))
    return elements.message([nothing_ends, *further[-1:], *why, *further[:-1]], blocks)


def _lines(target: Target, preview: Preview, zone: tzinfo) -> str:
    at = preview.reading.at
    asked = {backend.id: backend.query_started_at for backend in preview.reading.backends}
    number = words(preview.proposal.kind).number
    return f"{connection.whose(target, at, zone, number)}\n{connection.doing(target, at, zone, asked.get(target.id), number)}"


def _facts(preview: Preview, names: CommandNames) -> list[str]:
    """What the click would do, and what would be lost."""
    match preview.proposal.kind:
        case Kind.TERMINATE:
            return [*_ending(preview), *_or_cancel(preview.proposal, names)]
        case Kind.CANCEL:
            return _cancelling(preview.proposal.targets)
        case Kind.CLIENT:
            stays = "The program loses its connection to the pooler; the pooler keeps its own to the server."
            return [*lost(preview.proposal.targets, words(Kind.CLIENT).number), stays]


def _or_cancel(proposal: Proposal, names: CommandNames) -> list[str]:
    """The milder way, where queries run."""
    running = [str(target.id.pid) for target in proposal.targets if target.state.runs]
    if not 0 < len(running) <= PIDS_IN_A_COMMAND:
        return []
    what = f"{' '.join(running)} --cancel"
    return [f"To stop only the query: {code(typed.kill(names, proposal.role, what, proposal.server), 200)}."]


def lost(targets: Sequence[Target], number: str = connection.PID) -> list[str]:
    """Say what would be lost, over all targets, with the pids."""
    by_loss: dict[str, list[str]] = {}
    for target in targets:
        for loss in connection.losses(target, number):
            by_loss.setdefault(loss, []).append(str(target.id.pid))
    clauses = [f"{loss} ({_pids(pids, number)})" for loss, pids in by_loss.items()]
    told = [f"\u26a0\ufe0f Would be lost: {join(clauses)}."] if clauses else []
    unseen = [str(target.id.pid) for target in targets if not target.state.known]
    if unseen:
        told += [] if clauses else ["No uncommitted writes are seen."]
        told.append(
            f"\u2754 Whether a query is running the server does not show the bot ({_pids(unseen, number)}): one that is would be lost too."
        )
    return told or ["No query is running and no open transaction has anything to lose."]


def _ending(preview: Preview) -> list[str]:
    """What would be lost, which look in use, and whether it frees a slot."""
    targets = preview.proposal.targets
    few = capacity.too_few(preview.reading.capacity, len(targets), name)
    return [*lost(targets), *_in_use(preview), *few]


def _cancelling(targets: tuple[Target, ...]) -> list[str]:
    """What cancelling does and what it does not, and whose writes it would cost."""
    stays = "The connection stays open and keeps its slot; the client gets an error."
    writing = [str(target.id.pid) for target in targets if target.has_written]
    lost = "What its transaction has written so far is lost too"
    return [stays, f"\u26a0\ufe0f {lost} ({_pids(writing)})."] if writing else [stays]


def _in_use(preview: Preview) -> list[str]:
    """One warning for each target that looks in use."""
    use = [(target.id.pid, preview.in_use.get(target.id)) for target in preview.proposal.targets]
    found = [f"\u26a0\ufe0f Pid {pid} looks in use: {reasons.in_use(how)}." for pid, how in use if how]
    if len(found) <= SHOWN:
        return found
    return [*found[:SHOWN], f"\u26a0\ufe0f {len(found) - SHOWN:,} more look in use."]


def _why(proposal: Proposal, names: CommandNames) -> str:
    """Say that a reason is needed, and how to give it in one line."""
    pids = " ".join(str(target.id.pid) for target in proposal.targets[:PIDS_IN_A_COMMAND])
    what = f"client {pids}" if proposal.kind is Kind.CLIENT else pids
    typing = f"{typed.kill(names, proposal.role, what, proposal.server)} because \u2026"
    return f"What is in use, or cannot be seen, ends for a reason: the button asks for it, or type {code(typing, 200)}."


def _refused(preview: Preview) -> list[str]:
    """The connections asked for that will not be ended, with the reasons and the way on."""
    if not preview.refused:
        return []
    role = preview.proposal.role
    whys = frozenset(one.why for one in preview.refused)
    its = words(preview.proposal.kind)
    clauses = reasons.refused(preview.refused, role, name, its.number)
    clauses = [f"Will not be {its.done}: {clause}." for clause in clauses]
    return [*clauses, *reasons.way_on(whys, preview.ask, name), *shared(whys, preview.others)]


def shared(whys: frozenset[WhyNot], others: Sequence[str]) -> list[str]:
    """Say who else owns the role, where that is why something is not ended."""
    if WhyNot.SHARED not in whys or not others:
        return []
    return [f"It is {join([person(one) for one in others])}'s role too: ask them to close it, or ask the staff."]


def _pids(pids: list[str], number: str = connection.PID) -> str:
    shown = (
        pids
        if len(pids) <= PIDS_IN_A_SENTENCE
        else [*pids[:PIDS_IN_A_SENTENCE], f"{len(pids) - PIDS_IN_A_SENTENCE:,} more"]
    )
    return f"{number}{'s' if len(pids) > 1 else ''} {join(shown)}"


def buttons(proposal: Proposal, *, beside_others: bool = False) -> Block:
    """The two buttons of a proposal that waits for its click, or for owners; those `beside_others` say what they are about to whoever hears them.

    Where the reason is missing, the first one asks for it.
    """
    its, count = words(proposal.kind), len(proposal.targets)
    label = its.button if count == 1 else its.button_for_many.format(f"{count:,}")
    leave = its.leave if count == 1 else its.leave_many
    value = payloads.write_proposal_id(proposal.id)
    first, action = label, ids.TERMINATE
    style: str | None = elements.DANGER
    if proposal.state is State.WAITING:
        first, action, style = "Override\u2026", ids.OVERRIDE, None
    elif lacks_reason(proposal, proposal.right):
        first, action = f"{label}\u2026", ids.TERMINATE_BECAUSE
    told = (
        spoken(f": {kinds.what(proposal)}", elements.LABEL_LIMIT - max(len(first), len(leave))) if beside_others else ""
    )
    return elements.buttons(
        elements.button(first, action, value, spoken=f"{first}{told}", style=style),
        elements.button(leave, ids.WITHDRAW, value, spoken=f"{leave}{told}"),
    )
