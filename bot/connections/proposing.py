"""Proposing: what a request comes to on a fresh reading, whose word it takes, and who is shown what."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.access.member import Action, Actor, Permitted, Right, Standing
from bot.access.ownership import Ownership
from bot.access.policy import permit
from bot.connections.doorway import Doorway, Seen
from bot.connections.ending import NothingToEnd, Preview
from bot.connections.plan import Chosen, Refused, TerminateRequest, WhyNot, choose
from bot.connections.pooled import Pooled
from bot.connections.veil import hosts, veil_over
from bot.errors import AmbiguousRole, ReasonNeeded
from bot.incidents.history import History
from bot.incidents.patience import Patience
from bot.incidents.proposal import (
    LAPSES_AFTER,
    Consent,
    Kind,
    NotClaimed,
    Place,
    Proposal,
    State,
    lacks_reason,
    looks_worked_in,
)
from bot.servers.backend import BackendId
from bot.servers.fleet import Fleet
from bot.servers.server import Reading, Target, Verdict, target_of
from bot.servers.strays import InUse, in_use

ASKED_LONG_ENOUGH = timedelta(hours=1)
"""So long are owners who did not answer not asked about the same again."""
_GONE = (Verdict.TERMINATED, Verdict.ALREADY_GONE)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a request comes to: the targets, the refused with the reasons, and which targets look in use."""

    reading: Reading
    targets: tuple[Target, ...]
    refused: tuple[Refused, ...]
    in_use: dict[BackendId, InUse]


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks by which right, and whose word it takes besides."""

    actor: Actor
    right: Right
    consent: Consent
    place: Place


class Proposing:
    """Finds what people mean and keeps it as proposals; `consent` is the configured one: ask, inform or off."""

    def __init__(
        self,
        fleet: Fleet,
        doorway: Doorway,
        ownership: Ownership,
        history: History,
        new_id: Callable[[], str],
        consent: str,
        patience: Patience,
    ) -> None:
        self._fleet = fleet
        self._doorway = doorway
        self._ownership = ownership
        self._history = history
        self._new_id = new_id
        self._consent = consent
        self._patience = patience
        self._pooled = Pooled(fleet)

    async def propose(
        self,
        standing: Standing,
        request: TerminateRequest,
        place: Place,
        *,
        now: datetime,
        asked: Consent | None = None,
    ) -> Preview | NothingToEnd:
        """Find what `request` means on a fresh reading and keep it as a proposal; nothing ends.

        With `consent = "ask"` it waits for the role's owners first, unless it is known how they were `asked` about it already;
        then what is in use needs its reason now: raises `ReasonNeeded`.
        """
        seen = await self._enter(standing, request, now)
        meant = await self._meant(request, seen.reading)
        others = await self._others(standing.actor, seen)
        right = seen.right
        if right is Right.OWNER and others:
            right, meant = self._shared(standing, seen, meant, request, now)
        if not meant.targets:
            return self._nothing(seen, meant, request, others)
        consent = self._consented(right, others)
        waits = consent is Consent.ASKED and asked is None
        asker = _Asker(standing.actor, right, asked or consent if consent is Consent.ASKED else consent, place)
        draft = self._drafted(asker, seen, meant.targets, request, now, waits=waits)
        if draft.state is State.WAITING and lacks_reason(draft, right):
            raise ReasonNeeded(draft.role, draft.server, request.what)
        return self.shown(await self._history.propose(draft), meant, others)

    async def ask_again(
        self, standing: Standing, proposal_id: str, place: Place, *, now: datetime
    ) -> Preview | NothingToEnd | NotClaimed:
        """Propose the same backends anew, with fresh facts; those that have ended are left out."""
        old = await self._history.get(standing.actor.team, proposal_id)
        if old is None:
            return NotClaimed("unknown")
        if standing.actor.id not in (old.requester, old.asked_by):
            return NotClaimed("foreign", old)
        if old.state is State.WAITING or (old.state is State.PROPOSED and standing.actor.id != old.requester):
            return NotClaimed(str(old.state), old)
        if old.state is State.PROPOSED:
            await self._history.withdraw(standing.actor, proposal_id, tell=False)
        gone = {outcome.backend for outcome in old.outcomes if outcome.verdict in _GONE}
        left = [target.id for target in old.targets if target.id not in gone] or [target.id for target in old.targets]
        request = replace(_the_same(old), chosen=_chosen(left))
        # Whoever let the time to answer pass is not asked about the very same at once again.
        unanswered = old.consent in (Consent.ASKED, Consent.OVERRIDDEN) and old.state in (State.PROPOSED, State.LAPSED)
        of_late = now - old.created_at < ASKED_LONG_ENOUGH
        asked = old.consent if unanswered and of_late else None
        return await self.propose(standing, request, place, now=now, asked=asked)

    async def afresh(self, proposal: Proposal) -> Meant | None:
        """What a proposal's backends are now; None: its role is not there any more, or another of that name is.

        Raises `ServerUnavailable`, `PoolerUnavailable`.
        """
        reading = await self._fleet.choose(proposal.server).read(proposal.role)
        if reading is None or reading.role.oid != proposal.role_oid:
            return None
        return await self._meant(_the_same(proposal), reading)

    def shown(self, proposal: Proposal, meant: Meant, others: tuple[str, ...]) -> Preview:
        """What its person is shown of a proposal: one of several owners no addresses."""
        reading, ask = meant.reading, self._ask(proposal.server)
        if proposal.right is Right.OWNER and others:
            veil = veil_over(reading, hosts(proposal))
            proposal, reading = veil.proposal(proposal), veil.reading(reading)
        return Preview(proposal, reading, meant.refused, meant.in_use, ask, others)

    async def _meant(self, request: TerminateRequest, reading: Reading) -> Meant:
        if request.kind is Kind.CLIENT:
            clients = await self._pooled.meant(request, reading)
            return Meant(reading, clients.targets, clients.refused, {})
        plan = choose(request, reading)
        used = {backend.id: use for backend in plan.backends if (use := in_use(backend, reading.at)) is not None}
        return Meant(reading, tuple(target_of(backend) for backend in plan.backends), plan.refused, used)

    async def _others(self, actor: Actor, seen: Seen) -> tuple[str, ...]:
        owners = await self._ownership.owners_of(actor.team, seen.server.name, seen.reading.role.oid)
        return tuple(owner.slack_id for owner in owners if owner.slack_id != actor.id)

    def _shared(
        self, standing: Standing, seen: Seen, meant: Meant, request: TerminateRequest, now: datetime
    ) -> tuple[Right, Meant]:
        """One of several owners leaves to the others what is in use; who helps students too asks for it as that."""
        works = [one for one in meant.targets if looks_worked_in(one, seen.reading.at)]
        if not works or request.kind is Kind.CANCEL:
            return Right.OWNER, meant
        as_staff = permit(
            replace(standing, owned=()), Action.TERMINATE, role=seen.reading.role, server=seen.server.name, now=now
        )
        if isinstance(as_staff, Permitted):
            return as_staff.right, meant
        backends = {backend.id: backend for backend in seen.reading.backends}
        left = tuple(one for one in meant.targets if one not in works)
        refused = tuple(Refused(one.id.pid, WhyNot.SHARED, backends.get(one.id)) for one in works)
        return Right.OWNER, replace(meant, targets=left, refused=(*meant.refused, *refused))

    def _consented(self, right: Right, others: tuple[str, ...]) -> Consent:
        if right is Right.OWNER:
            return Consent.OWNER
        if not others or self._consent == "off":
            return Consent.NONE
        return Consent.ASKED if self._consent == "ask" else Consent.INFORMED

    def _nothing(self, seen: Seen, meant: Meant, request: TerminateRequest, others: tuple[str, ...]) -> NothingToEnd:
        reading, ask = seen.reading, self._ask(seen.server.name)
        if seen.right is Right.OWNER and others:
            reading = veil_over(reading).reading(reading)
        return NothingToEnd(reading, meant.refused, ask, request.kind, others)

    def _ask(self, server: str) -> str | None:
        return self._fleet.settings(server).ask

    async def _enter(self, standing: Standing, request: TerminateRequest, now: datetime) -> Seen:
        if request.owner is None:
            return await self._doorway.enter(standing, Action.TERMINATE, request.role, request.server, now=now)
        entered = await self._doorway.enter_roles_of(standing, Action.TERMINATE, request.owner, request.server, now=now)
        if not entered.seen:
            raise entered.unavailable[0]
        if len(entered.seen) > 1:
            servers = {seen.server.name for seen in entered.seen}
            places = (f" on {seen.server.name}" if len(servers) > 1 else "" for seen in entered.seen)
            names = (seen.reading.role.name for seen in entered.seen)
            raise AmbiguousRole(tuple(map("".join, zip(names, places, strict=True))))
        return entered.seen[0]

    def _drafted(
        self,
        asker: _Asker,
        seen: Seen,
        targets: tuple[Target, ...],
        request: TerminateRequest,
        now: datetime,
        *,
        waits: bool,
    ) -> Proposal:
        return Proposal(
            id=self._new_id(),
            team=asker.actor.team,
            kind=request.kind,
            server=seen.server.name,
            role=seen.reading.role.name,
            role_oid=seen.reading.role.oid,
            requester=asker.actor.id,
            right=asker.right,
            reason=request.reason,
            state=State.WAITING if waits else State.PROPOSED,
            targets=targets,
            # An answer takes minutes, and the place of the question is not for it: it comes by direct message.
            place=replace(asker.place, response_url=None, response_url_until=None) if waits else asker.place,
            created_at=now,
            lapses_at=now + (self._patience.consent_waits if waits else LAPSES_AFTER),
            consent=asker.consent,
        )


def _the_same(proposal: Proposal) -> TerminateRequest:
    """The request that a proposal would come of again."""
    chosen = _chosen([target.id for target in proposal.targets])
    return TerminateRequest(proposal.role, chosen, server=proposal.server, reason=proposal.reason, kind=proposal.kind)


def _chosen(backends: list[BackendId]) -> tuple[Chosen, ...]:
    return tuple(Chosen(backend.pid, backend.started_at) for backend in backends)
