"""Ending backends: propose, confirm or withdraw. Nothing ends that was not shown, asked for and written down first."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from bot.access.member import Actor, Standing
from bot.connections.ending import Ended, NothingToEnd, Preview, Unsettled
from bot.connections.plan import TerminateRequest
from bot.connections.pooled import Pooled
from bot.connections.proposing import Proposing
from bot.connections.reconnects import came_back, can_come_back
from bot.errors import OwnDatabaseUnavailable, PoolerUnavailable, ServerUnavailable
from bot.incidents.history import History
from bot.incidents.proposal import (
    USUAL,
    Claimed,
    Kind,
    NotClaimed,
    Outcome,
    Place,
    Proposal,
    State,
    Waits,
)
from bot.servers.capacity import Capacity
from bot.servers.fleet import Fleet
from bot.servers.server import Role, Verdict, Verdicts

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

    def __init__(self, fleet: Fleet, proposing: Proposing, history: History, waits: Waits = USUAL) -> None:
        self._fleet = fleet
        self._proposing = proposing
        self._history = history
        self._waits = waits
        self._pooled = Pooled(fleet)
        self._proposed: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()
        """Server and role of what was proposed here of late; they never change, and a click need not look them up."""

    async def propose(
        self, standing: Standing, request: TerminateRequest, place: Place, *, now: datetime
    ) -> Preview | NothingToEnd:
        """Find what `request` means on a fresh reading and keep it as a proposal; nothing ends. Raises `ReasonNeeded`."""
        return self._remembered(await self._proposing.propose(standing, request, place, now=now))

    def _remembered(self, result: Preview | NothingToEnd) -> Preview | NothingToEnd:
        if isinstance(result, Preview):
            proposal = result.proposal
            self._proposed[proposal.team, proposal.id] = (proposal.server, proposal.role)
            if len(self._proposed) > PROPOSED_KEPT:
                self._proposed.popitem(last=False)
        return result

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

    async def why_not(self, actor: Actor, proposal_id: str) -> NotClaimed:
        """Why a button of a proposal does nothing for this person any more."""
        proposal = await self._history.get(actor.team, proposal_id)
        if proposal is None or proposal.requester != actor.id:
            return NotClaimed("unknown" if proposal is None else "foreign", proposal)
        return NotClaimed(str(proposal.state), proposal)

    async def claim(
        self,
        actor: Actor,
        prospect: Prospect,
        place: Place | None,
        *,
        delivery: str,
        now: datetime,
        reason: str = "",
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
            reason=reason,
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
        result = await self._proposing.ask_again(standing, proposal_id, place, now=now)
        return result if isinstance(result, NotClaimed) else self._remembered(result)

    async def returned(self, ended: Proposal) -> tuple[int, ...]:
        """The pids of clients that reconnected by themselves since `ended` was claimed; none where the server does not tell."""
        if not can_come_back(ended):
            return ()
        try:
            reading = await self._fleet.choose(ended.server).read(ended.role)
        except ServerUnavailable:
            return ()
        return came_back(ended, reading.clients, self._waits) if reading else ()

    async def _capacity(self, proposal: Proposal) -> Capacity | None:
        try:
            reading = await self._fleet.choose(proposal.server).read(proposal.role)
        except ServerUnavailable:
            return None
        return reading.capacity if reading else None
