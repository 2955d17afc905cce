"""What one person is shown of everything, as values."""

from dataclasses import dataclass
from datetime import datetime

from bot.access.member import Member
from bot.connections.listed import Listing
from bot.errors import ServerUnavailable
from bot.incidents.incident import Incident
from bot.incidents.proposal import Proposal
from bot.servers.capacity import Limit


@dataclass(frozen=True, slots=True)
class ServerNow:
    """How full one server is; `limit` None: it does not answer, and `why` says why."""

    name: str
    limit: Limit | None = None
    why: ServerUnavailable | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """What those on the allow-list see of the servers that they are there for."""

    servers: tuple[ServerNow, ...]
    incidents: tuple[Incident, ...]
    pending: tuple[Proposal, ...]
    """Of others; what waits for their own click they see like everybody."""
    members: tuple[Member, ...] | None = None
    """None: the allow-list is not theirs to see."""
    summaries_of: tuple[str, ...] = ()
    """The servers whose weeks they may read."""
    roster_of: tuple[str, ...] = ()
    """The servers whose class list they may import."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything for one person at `at`; what is not theirs to know is not in it."""

    at: datetime
    own: Listing | None
    """None: they own no role."""
    waiting: tuple[Proposal, ...]
    """Theirs, each waiting for their click."""
    asked: tuple[Proposal, ...]
    """Of others, which they are asked about first, since the role is theirs."""
    incidents: tuple[Incident, ...]
    """Open ones that they have reported or joined."""
    staff: Staff | None = None
