"""What `/kill` and its buttons answer, as values."""

from dataclasses import dataclass

from bot.connections.plan import Refused
from bot.incidents.proposal import Kind, Proposal
from bot.servers.backend import BackendId
from bot.servers.capacity import Capacity
from bot.servers.server import Reading
from bot.servers.strays import InUse


@dataclass(frozen=True, slots=True)
class Preview:
    """A proposal that waits for its click, or for the role's owners, with the facts its person decides by.

    To one of several owners proposal and reading are shown without addresses.
    """

    proposal: Proposal
    reading: Reading
    refused: tuple[Refused, ...]
    in_use: dict[BackendId, InUse]
    """Those of the proposal's targets that look in use, and why."""
    ask: str | None = None
    """Whom to ask about service accounts of this server."""
    others: tuple[str, ...] = ()
    """The role's owners, but for the person."""


@dataclass(frozen=True, slots=True)
class NothingToEnd:
    """The request meant no backend that may be ended; nothing was proposed."""

    reading: Reading
    refused: tuple[Refused, ...]
    ask: str | None = None
    kind: Kind = Kind.TERMINATE
    others: tuple[str, ...] = ()
    """The role's owners, but for the person."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A resolved proposal; `capacity` after the end, None where the server did not tell any more."""

    proposal: Proposal
    capacity: Capacity | None
    on_record: bool = True
    """False: the own database went away after the signal; settlement completes the record."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The server stopped answering after the claim: what became of the backends is told when it is known."""

    proposal: Proposal
