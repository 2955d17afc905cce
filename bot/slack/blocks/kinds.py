"""The words of each kind of proposal: what is done to what, on which button, and how each outcome is told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.incidents.proposal import Kind, Proposal
from bot.servers.server import Verdict
from bot.slack.blocks import connection
from bot.slack.blocks.text import name, plural

PIDS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Words:
    """One kind's words; a sentence puts them after `will`, `has been`, `is` and before what they are about."""

    do: str
    done: str
    doing: str
    by: str
    """Who does it: the server, or its pooler."""
    thing: str
    things: str
    number: str
    """What the number is by which people name one."""
    asked: str
    """How the question of the confirmation begins."""
    of_one: str
    of_many: str
    """What stands before pids: `the query of ` pid 4711."""
    button: str
    button_for_many: str
    leave: str
    leave_many: str
    """The button that takes the proposal back."""
    not_yet: str
    """Said of a proposal that waits for its click."""
    taken_back: str
    """What it was by that button."""
    outcomes: Mapping[Verdict, tuple[str, str]]
    """A sign and how one outcome is told."""
    details: Mapping[str, str]
    """Why it failed, or what was gone, by the server's word for it."""
    there: str
    gone: str
    """What settlement found."""

    def count(self, number: int) -> str:
        """`1 connection`, `2 queries`."""
        return plural(number, self.thing, self.things)


_TERMINATE = Words(
    do="end",
    done="ended",
    doing="ending",
    by="server",
    thing="connection",
    things="connections",
    number=connection.PID,
    asked="End",
    of_one="",
    of_many="",
    button="Terminate",
    button_for_many="Terminate {}",
    leave="Cancel",
    leave_many="Cancel",
    not_yet="Nothing has ended yet.",
    taken_back="cancelled",
    outcomes={
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
    },
    details={
        "hidden": "it does not show it to the bot",
        "no_right": "the bot has no right to end it",
        "not_signalled": "it could not be signalled",
    },
    there="still there",
    gone="gone now, and nobody saw how",
)
_CANCEL = Words(
    do="cancel",
    done="cancelled",
    doing="cancelling",
    by="server",
    thing="query",
    things="queries",
    number=connection.PID,
    asked="Cancel",
    of_one="the query of ",
    of_many="the queries of ",
    button="Cancel query",
    button_for_many="Cancel {} queries",
    leave="Leave it running",
    leave_many="Leave them running",
    not_yet="Nothing has been cancelled yet.",
    taken_back="left alone",
    outcomes={
        Verdict.TERMINATED: ("\u2705", "its query was cancelled and has ended"),
        Verdict.ALREADY_GONE: ("\u2611\ufe0f", "nothing cancelled, the connection was gone already"),
        Verdict.CHANGED: ("\u270b", "nothing cancelled, because it runs another query now than the one shown"),
        Verdict.REFUSED: ("\U0001f6ab", "refused"),
        Verdict.STILL_ENDING: ("\u23f3", "told to stop its query, which still ran after 5 s"),
        Verdict.FAILED: ("\u274c", "not cancelled, the server did not do it"),
        Verdict.INTERRUPTED: ("\u2754", "interrupted"),
    },
    details={
        "hidden": "it does not show it to the bot",
        "no_right": "the bot has no right to cancel it",
        "not_signalled": "it could not be signalled",
    },
    there="its query still runs",
    gone="its query runs no more, and nobody saw how it ended",
)
_CLIENT = replace(
    _TERMINATE,
    by="pooler",
    thing="client",
    things="clients",
    number="client",
    button="Close client",
    button_for_many="Close {} clients",
    outcomes={
        **_TERMINATE.outcomes,
        Verdict.TERMINATED: ("\u2705", "closed by the pooler"),
        Verdict.CHANGED: (
            "\u270b",
            "not closed, because it changed since it was shown: it runs a query or waits for one, or has written",
        ),
        Verdict.FAILED: ("\u274c", "not closed"),
    },
    details={
        "no_right": "the pooler does not let the bot do it; whoever runs it can name the bot's account in admin_users",
        "console_silent": "the pooler's admin console did not answer, and it was not told anything",
        "server_silent": "the server did not answer, and without its clock nothing is ended",
    },
)
_BY_KIND = {Kind.TERMINATE: _TERMINATE, Kind.CANCEL: _CANCEL, Kind.CLIENT: _CLIENT}
OVER = "nothing cancelled, because the query had ended by itself"
"""Told instead of `ALREADY_GONE` where the connection is there still."""


def words(kind: Kind) -> Words:
    """The words of a kind of proposal."""
    return _BY_KIND[kind]


def what(proposal: Proposal) -> str:
    """Return `pid 4711 of alice on class`, `the query of pid 4711 …`, or how many."""
    its = words(proposal.kind)
    numbers = [target.id.pid for target in proposal.targets]
    where = f"{name(proposal.role)} on {name(proposal.server)}"
    if len(numbers) > PIDS_NAMED:
        return f"{its.count(len(numbers))} of {where}"
    return f"{its.of_one if len(numbers) == 1 else its.of_many}{connection.pids(numbers, its.number)} of {where}"
