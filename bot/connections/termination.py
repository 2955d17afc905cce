"""Ending backends: propose, confirm or withdraw. Nothing ends that was not shown, asked for and written down first."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.access.member import Action, Actor, Standing
from bot.connections.doorway import Doorway, Seen
from bot.connections.ending import Ended, NothingToEnd, Preview, Unsettled
from bot.connections.plan import Chosen, Refused, TerminateRequest, choose
from bot.connections.pooled import Pooled
from bot.connections.reconnects import came_back, can_come_back
from bot.errors import AmbiguousRole, OwnDatabaseUnavailable, PoolerUnavailable, ReasonNeeded, ServerUnavailable
from bot.incidents.history import History
from bot.incidents.proposal import (
    LAPSES_AFTER,
    USUAL,
    Claimed,
    Kind,
    NotClaimed,
    Outcome,
    Place,
    Proposal,
    State,
    Waits,
    lacks_reason,
)
from bot.servers.backend import BackendId
from bot.servers.capacity import Capacity
from bot.servers.fleet import Fleet
from bot.servers.server import Reading, Role, Target, Verdict, Verdicts, target_of
from bot.servers.strays import InUse, in_use

log = logging.getLogger(__name__)

PROPOSED_KEPT = 1000
_GONE = (Verdict.TERMINATED, Verdict.ALREADY_GONE)
TRY_TO_COMPLETE_EVERY = 0.5
"""Seconds between two attempts to write down what was done while the own database was away."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """A proposal's role as a click finds it (None: there is none any more), and the server's clock of the same read."""

    id: str
    role: Role | None
    server_now: datetime


class Termination:
    """The use case of `/kill` and of every button that ends a connection."""

    def __init__(
        self, fleet: Fleet, doorway: Doorway, history: History, new_id: Callable[[], str], waits: Waits = USUAL
    ) -> None:
        self._fleet = fleet
        self._doorway = doorway
        self._history = history
        self._new_id = new_id
        self._waits = waits
        self._pooled = Pooled(fleet)
        self._proposed: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()
        """Server and role of what was proposed here of late; they never change, and a click need not look them up."""

    async def propose(
        self, standing: Standing, request: TerminateRequest, place: Place, *, now: datetime
    ) -> Preview | NothingToEnd:
        """Find what `request` means on a fresh reading and keep it as a proposal; nothing ends. Raises `ReasonNeeded`."""
        seen = await self._enter(standing, request, now)
        targets, refused, used = await self._meant(request, seen.reading)
        ask = self._fleet.settings(seen.server.name).ask
        if not targets:
            return NothingToEnd(seen.reading, refused, ask, request.kind)
        draft = self._drafted(standing.actor, seen, targets, request, place, now)
        if lacks_reason(draft, seen.right):
            raise ReasonNeeded(draft.role, draft.server, request.what)
        proposal = await self._history.propose(draft)
        self._proposed[proposal.team, proposal.id] = (proposal.server, proposal.role)
        if len(self._proposed) > PROPOSED_KEPT:
            self._proposed.popitem(last=False)
        return Preview(proposal, seen.reading, refused, used, ask)

    async def _meant(
        self, request: TerminateRequest, reading: Reading
    ) -> tuple[tuple[Target, ...], tuple[Refused, ...], dict[BackendId, InUse]]:
        """What a request comes to: the targets, the refused with the reasons, and which targets look in use."""
        if request.kind is Kind.CLIENT:
            clients = await self._pooled.meant(request, reading)
            return clients.targets, clients.refused, {}
        plan = choose(request, reading)
        used = {backend.id: use for backend in plan.backends if (use := in_use(backend, reading.at)) is not None}
        return tuple(target_of(backend) for backend in plan.backends), plan.refused, used

    async def prepare(self, actor: Actor, proposal_id: str) -> Prospect | None:
        """Read what a click on a proposal is decided by; nothing is claimed, so it may be read before it is known who clicks.

        None: there is no such proposal. Raises `ServerUnavailable` and `OwnDatabaseUnavailable`: then nothing happened and the proposal still stands.
        """
        about = self._proposed.get((actor.team, proposal_id)) or await self._look_up(actor.team, proposal_id)
        if about is None:
            return None
        name, role = about
        server = self._fleet.choose(name)
        found = await server.role(role)
        if found is None:
            return Prospect(proposal_id, None, await server.clock())
        return Prospect(proposal_id, found.role, found.at)

    async def _look_up(self, team: str, proposal_id: str) -> tuple[str, str] | None:
        proposal = await self._history.get(team, proposal_id)
        return (proposal.server, proposal.role) if proposal else None

    async def claim(
        self, actor: Actor, prospect: Prospect, place: Place, *, delivery: str, now: datetime
    ) -> Claimed | NotClaimed:
        """Claim the proposal for this click: right and claim are one transaction, on record before anything ends.

        The click's `delivery` is claimed in it too; of another one of the same key it says `repeated`, and nobody is told.
        Raises `OwnDatabaseUnavailable`: then nothing happened and the proposal still stands.
        """
        return await self._history.claim(
            actor,
            prospect.id,
            role=prospect.role,
            server_now=prospect.server_now,
            place=place,
            delivery=delivery,
            now=now,
        )

    async def end(self, claimed: Proposal, *, now: datetime) -> Ended | Unsettled:
        """End what a claimed proposal shows, and nothing that changed since; raises nothing that a person is told."""
        try:
            verdicts = await self._send(claimed)
        except (ServerUnavailable, PoolerUnavailable) as exc:
            log.warning("unsettled", extra={"action": str(claimed.kind), "server": exc.server, "why": exc.why})
            return Unsettled(claimed)
        outcomes = tuple(Outcome(one, verdict, now, verdicts.details.get(one, "")) for one, verdict in verdicts.items())
        # Neither a query cancelled nor a pooler's client ended frees a slot.
        capacity = await self._capacity(claimed) if claimed.kind is Kind.TERMINATE else None
        try:
            return Ended(await self._history.resolve(claimed, outcomes), capacity)
        except OwnDatabaseUnavailable:
            # The signal is sent: to say that nothing was done would be false.
            log.exception("resolved off the record", extra={"action": str(claimed.kind), "proposal": claimed.id})
            return Ended(replace(claimed, state=State.RESOLVED, outcomes=outcomes), capacity, on_record=False)

    async def settled(self, claimed: Proposal) -> Proposal | None:
        """What settlement made of a claim of ours; None: it is open still, or nobody can tell now."""
        try:
            found = await self._history.get(claimed.team, claimed.id)
        except OwnDatabaseUnavailable:
            return None
        return found if found is not None and found.state is State.RESOLVED else None

    async def complete(self, ended: Ended) -> Ended:
        """Write down at last what was done off the record, before settlement can only say that it was interrupted.

        Returns it as it is on record; still off the record where the own database did not come back in that time.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._waits.claim_holds_for + self._waits.watch_lasts).total_seconds()
        while loop.time() < until:
            await asyncio.sleep(TRY_TO_COMPLETE_EVERY)
            try:
                resolved = await self._history.resolve(ended.proposal, ended.proposal.outcomes)
            except OwnDatabaseUnavailable:
                continue
            return Ended(resolved, ended.capacity)
        return ended

    async def _send(self, claimed: Proposal) -> Verdicts:
        """Do what the claim is for; its kind decides, and a kind that nobody knows does nothing."""
        if claimed.deadline is None:
            message = "a claim has a deadline"
            raise ValueError(message)
        server = self._fleet.choose(claimed.server)
        match claimed.kind:
            case Kind.TERMINATE:
                return await server.terminate(claimed.targets, before=claimed.deadline)
            case Kind.CANCEL:
                return await server.cancel(claimed.targets, before=claimed.deadline)
            case Kind.CLIENT:
                return await self._pooled.end(claimed)

    async def withdraw(self, actor: Actor, proposal_id: str, place: Place) -> Proposal | NotClaimed:
        """Take a proposal back; nothing ends."""
        return await self._history.withdraw(actor, proposal_id, place=place)

    async def ask_again(
        self, standing: Standing, proposal_id: str, place: Place, *, now: datetime
    ) -> Preview | NothingToEnd | NotClaimed:
        """Propose the same backends anew, with fresh facts; those that have ended are left out."""
        old = await self._history.get(standing.actor.team, proposal_id)
        if old is None:
            return NotClaimed("unknown")
        if old.requester != standing.actor.id:
            return NotClaimed("foreign", old)
        if old.state is State.PROPOSED:
            await self._history.withdraw(standing.actor, proposal_id, tell=False)
        gone = {outcome.backend for outcome in old.outcomes if outcome.verdict in _GONE}
        left = [target.id for target in old.targets if target.id not in gone] or [target.id for target in old.targets]
        chosen = tuple(Chosen(backend.pid, backend.started_at) for backend in left)
        request = TerminateRequest(old.role, chosen, server=old.server, reason=old.reason, kind=old.kind)
        return await self.propose(standing, request, place, now=now)

    async def returned(self, ended: Proposal) -> tuple[int, ...]:
        """The pids of clients that reconnected by themselves since `ended` was claimed; none where the server does not tell."""
        if not can_come_back(ended):
            return ()
        try:
            reading = await self._fleet.choose(ended.server).read(ended.role)
        except ServerUnavailable:
            return ()
        return came_back(ended, reading.clients, self._waits) if reading else ()

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

    async def _capacity(self, proposal: Proposal) -> Capacity | None:
        try:
            reading = await self._fleet.choose(proposal.server).read(proposal.role)
        except ServerUnavailable:
            return None
        return reading.capacity if reading else None

    def _drafted(
        self,
        actor: Actor,
        seen: Seen,
        targets: tuple[Target, ...],
        request: TerminateRequest,
        place: Place,
        now: datetime,
    ) -> Proposal:
        return Proposal(
            id=self._new_id(),
            team=actor.team,
            kind=request.kind,
            server=seen.server.name,
            role=seen.reading.role.name,
            role_oid=seen.reading.role.oid,
            requester=actor.id,
            right=seen.right,
            reason=request.reason,
            state=State.PROPOSED,
            targets=targets,
            place=place,
            created_at=now,
            lapses_at=now + LAPSES_AFTER,
        )
