"""A proposal: something that waits for a click, and what became of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.access.member import Actor, Right
from bot.servers.backend import BackendId
from bot.servers.server import Target, Verdict
from bot.servers.strays import RECENT_FOR

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


class Consent(StrEnum):
    """How it stands with the role's owners; stays on record with the proposal."""

    OWNER = "owner"
    """One of them asks for it, or took it over from staff."""
    ASKED = "asked"
    """They are asked first; where it is past `waiting`, none of them answered in time."""
    OVERRIDDEN = "overridden"
    """They were asked, and staff did not wait for the answer."""
    INFORMED = "informed"
    """They are told when it is done."""
    NONE = "none"
    """There is none, or they are not to be told."""


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
    consent: Consent = Consent.NONE
    asked_by: str | None = None
    """The member of staff who asked first, where an owner took it over; the requester is that owner then."""
    answered_by: str | None = None
    """The owner who answered, or the member of staff who did not wait for that."""
    owners_told_at: datetime | None = None
    """When whoever else is to know of its end was told: the role's owners, and whoever asked first."""

    @property
    def requester_actor(self) -> Actor:
        """Who asked, as an actor."""
        return Actor(self.team, self.requester)


def in_use(proposal: Proposal) -> bool:
    """Whether it ends a connection with somebody's work in it, or one of which that cannot be seen."""
    return proposal.kind is not Kind.CANCEL and any(t.state.works or not t.state.known for t in proposal.targets)


def lacks_reason(proposal: Proposal, right: Right) -> bool:
    """Whether it must not be carried out by `right` as it stands: what is in use ends for its owner, or for a stored reason."""
    return in_use(proposal) and right is not Right.OWNER and not proposal.reason


def needs_others(proposal: Proposal, right: Right, owners: Collection[str]) -> bool:
    """Whether one of several `owners` asks alone for what is in use: that is for the others to say, too.

    Not where staff asked first and this one agreed. Of what cannot be seen only a query begun of late counts as use.
    """
    if (
        right is not Right.OWNER
        or proposal.kind is Kind.CANCEL
        or len(set(owners)) < 2
        or proposal.asked_by is not None
    ):
        return False
    return any(looks_worked_in(target, proposal.created_at) for target in proposal.targets)


def looks_worked_in(target: Target, at: datetime) -> bool:
    """Whether somebody's work is in a connection as it was shown at `at`; of one that cannot be seen, whether a query began of late."""
    if target.state.known:
        return target.state.works
    return target.query_started_at is not None and at - target.query_started_at < RECENT_FOR


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claim is ours: the proposal as it now stands."""

    proposal: Proposal
    right: Right


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """The claim is not ours; `why` is one of repeated (that delivery is answered already), unknown, foreign, denied, made_anew (its role was dropped and there is another of that name), reason (staff must give one for what is in use), shared (it is in use and others own it too), waiting (for the owners), lapsed, withdrawn, claimed, resolved."""

    why: str
    proposal: Proposal | None = None
    owners: tuple[str, ...] = ()
    """Who else owns the role, where that is why."""
