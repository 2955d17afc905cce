"""How it ended, by whom, and how full it is now."""

from collections.abc import Callable
from datetime import tzinfo

from bot.connections.ending import Ended
from bot.connections.plan import WhyNot
from bot.incidents.proposal import Outcome, Proposal
from bot.servers.capacity import Capacity
from bot.servers.server import Presence, Target, Verdict
from bot.slack.blocks import capacity, elements, reasons, typed
from bot.slack.blocks.text import Message, code, join, moment, name, person
from bot.slack.commands import CommandNames

PIDS_SHOWN = 100

_WORDS: dict[Verdict, tuple[str, str]] = {
    Verdict.TERMINATED: ("\u2705", "terminated"),
    Verdict.ALREADY_GONE: ("\u2611\ufe0f", "gone already, not by this click"),
    Verdict.CHANGED: (
        "\u270b",
        "not ended, because it changed since it was shown: it runs a query, a new transaction or has written",
    ),
    Verdict.REFUSED: ("\U0001f6ab", "refused"),
    Verdict.STILL_ENDING: ("\u23f3", "told to end and still there after 5 s"),
    Verdict.FAILED: ("\u274c", "not ended, the server did not do it"),
    Verdict.INTERRUPTED: ("\u2754", "interrupted"),
}

_DETAILS = {
    "hidden": "it does not show it to the bot",
    "no_right": "the bot has no right to end it",
    "not_signalled": "it could not be signalled",
}
_PRESENCE = {Presence.THERE.value: "it is still there", Presence.GONE.value: "it is gone, and nobody saw how"}


def render(ended: Ended, *, zone: tzinfo, names: CommandNames) -> Message:
    """Show what became of each connection of a resolved proposal; **Ask again** where something changed."""
    proposal = ended.proposal
    lines = describe(proposal)
    head = _headline(proposal, zone)
    further = [] if ended.capacity is None else [_now(proposal.role, ended.capacity)]
    verdicts = {outcome.verdict for outcome in proposal.outcomes}
    if verdicts & {Verdict.STILL_ENDING, Verdict.FAILED}:
        further.append(f"Look again: {code(typed.conns(names, proposal.role, proposal.server), 120)}.")
    if not ended.on_record:
        further.append("The bot's own record could not be written to yet; the entry is completed later.")
    blocks = [*elements.sections([f"*{head}*", *lines]), *elements.sections(further)]
    if Verdict.CHANGED in verdicts:
        blocks.append(elements.ask_again(proposal.id))
    told = [head, *further, *(f"{line}." for line in lines)]
    return elements.message(told, blocks)


def render_progress() -> Message:
    """Say that the click was taken and the server is still at it."""
    return elements.short("\u23f3 Ending them now: the server is still at it. This message will say how it went.")


def describe(proposal: Proposal) -> list[str]:
    """One line for each way the connections of `proposal` ended, with the pids."""
    by_words: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in proposal.outcomes:
        by_words.setdefault(_words(outcome, proposal.role), []).append(outcome)
    clients = {target.id: target for target in proposal.targets}
    return [
        f"{sign} {_who(outcomes, lambda one: clients.get(one.backend))}: {words}"
        for (sign, words), outcomes in by_words.items()
    ]


def _words(outcome: Outcome, role: str) -> tuple[str, str]:
    sign, words = _WORDS[outcome.verdict]
    if outcome.verdict is Verdict.INTERRUPTED:
        return sign, f"{words}: {_PRESENCE.get(outcome.detail, 'the server did not tell whether it is there')}"
    if not outcome.detail:
        return sign, words
    if outcome.detail in set(WhyNot):
        return sign, f"{words}: {reasons.forbidden(WhyNot(outcome.detail), role, name)}"
    return sign, f"{words}: {_DETAILS.get(outcome.detail) or code(outcome.detail, 200)}"


def _who(outcomes: list[Outcome], target: Callable[[Outcome], Target | None]) -> str:
    shown = []
    for outcome in outcomes[:PIDS_SHOWN]:
        found = target(outcome)
        program = (
            f" ({name(found.application_name)})" if found and found.application_name and len(outcomes) <= 10 else ""
        )
        shown.append(f"{outcome.backend.pid}{program}")
    if len(outcomes) > PIDS_SHOWN:
        shown.append(f"{len(outcomes) - PIDS_SHOWN:,} more")
    return f"pid{'s' if len(outcomes) > 1 else ''} {join(shown)}"


def _headline(proposal: Proposal, zone: tzinfo) -> str:
    done = sum(1 for outcome in proposal.outcomes if outcome.verdict is Verdict.TERMINATED)
    by = person(proposal.claimed_by or proposal.requester)
    at = proposal.resolved_at
    when = f", {moment(at, at, zone)}" if at else ""
    where = f"{name(proposal.role)} on {name(proposal.server)}{when}."
    if not done:
        return f"This click of {by} ended no connection of {where}"
    count = f"{done:,} of {len(proposal.outcomes):,}" if done < len(proposal.outcomes) else f"{done:,}"
    return f"{by} ended {count} connection{'s' if len(proposal.outcomes) > 1 else ''} of {where}"


def _now(role: str, now: Capacity) -> str:
    return f"{name(role)} now: {capacity.used(now)} \u2014 {capacity.room(now, name)}."
