"""A proposal: something that waits for a click, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.access.member import Actor, Right
from bot.servers.backend import BackendId
from bot.servers.server import Target, Verdict

LAPSES_AFTER = timedelta(minutes=2)
CLAIM_HOLDS_FOR = timedelta(seconds=10)
RESPONSE_URL_LIVES_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Waits:
    """How long one process leaves another in peace; all processes on one own database have the same."""

    claim_holds_for: timedelta = CLAIM_HOLDS_FOR
    """From the server's time at the click: no signal is sent after it."""
    watch_lasts: timedelta = timedelta(seconds=12)
    """After that a statement may take 3 s, the watch for the end 5 s, its last look 3 s more: until then the process that
    claimed may resolve."""
    telling_holds_for: timedelta = timedelta(seconds=30)
    """So long does whoever resolved or took up the telling of it have to reach its person."""
    look_every: timedelta = timedelta(seconds=30)
    """Between two looks for what others left open."""


USUAL = Waits()


class Kind(StrEnum):
    """What is proposed; limit and setting come with their features."""

    TERMINATE = "terminate"
    CANCEL = "cancel"
    CLIENT = "client"


class State(StrEnum):
    """waiting → proposed → claimed → resolved; or withdrawn, lapsed."""

    WAITING = "waiting"
    PROPOSED = "proposed"
    CLAIMED = "claimed"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to answer; `response_url` works for 30 minutes and five uses, after that a DM to the person."""

    channel: str
    thread: str | None = None
    response_url: str | None = None
    response_url_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one backend; `detail` says in the server's words why, where there is something to say."""

    backend: BackendId
    verdict: Verdict
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Which backends a person asked to end, as they were shown; times are aware UTC."""

    id: str
    """Opaque and unguessable; all that a button carries."""
    team: str
    kind: Kind
    server: str
    role: str
    role_oid: int
    requester: str
    right: Right
    reason: str
    state: State
    targets: tuple[Target, ...]
    place: Place
    created_at: datetime
    lapses_at: datetime
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    deadline: datetime | None = None
    """By the server's clock; no signal is sent at or after it."""
    resolved_at: datetime | None = None
    outcomes: tuple[Outcome, ...] = ()
    telling_until: datetime | None = None
    """Until then one process has it in hand to tell the requester what became of it; the own database's clock."""
    told_at: datetime | None = None

    @property
    def requester_actor(self) -> Actor:
        """Who asked, as an actor."""
        return Actor(self.team, self.requester)


def lacks_reason(proposal: Proposal, right: Right) -> bool:
    """Whether it must not be carried out by `right` as it stands: what is not seen ends for its owner, or for a stored reason."""
    unseen = any(not target.state.known for target in proposal.targets)
    return unseen and right is not Right.OWNER and not proposal.reason


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claim is ours: the proposal as it now stands."""

    proposal: Proposal
    right: Right


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """The claim is not ours; `why` is one of repeated (that delivery is answered already), unknown, foreign, denied, made_anew (its role was dropped and there is another of that name), reason (the owner who asked is none any more, and staff must give one), lapsed, withdrawn, claimed, resolved."""

    why: str
    proposal: Proposal | None = None
