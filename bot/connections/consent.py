"""With `consent = "ask"`: the owners are asked first, and nothing goes on before they answered or let the time pass."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.access.member import Actor
from bot.access.ownership import Ownership
from bot.connections.ending import Preview
from bot.connections.owners_told import OwnersTold
from bot.connections.proposing import Meant, Proposing
from bot.connections.veil import veil_alone
from bot.errors import PoolerUnavailable, ServerUnavailable, UnknownServer
from bot.incidents.asking import Asking
from bot.incidents.history import History
from bot.incidents.letters import News
from bot.incidents.proposal import LAPSES_AFTER, NotClaimed, Place, Proposal, State

log = logging.getLogger(__name__)

NOBODY_ANSWERS_FOR = timedelta(minutes=15)
"""So long after the owners' time a server that does not answer is waited for; then the proposal is let go."""

Move = Callable[[Meant], Awaitable[Proposal | NotClaimed]]


class OwnersAsked:
    """What owners and staff do with a proposal that waits; safe to run in every process at once."""

    def __init__(
        self, asking: Asking, history: History, proposing: Proposing, ownership: Ownership, told: OwnersTold
    ) -> None:
        self._asking = asking
        self._history = history
        self._proposing = proposing
        self._ownership = ownership
        self._told = told

    async def ask(self, proposal: Proposal) -> None:
        """Put the question to each owner who has not got it yet."""
        people = await self._people(proposal)
        if len(people) > 1:
            # Where one of them sits is not for the others to know.
            proposal = veil_alone(proposal).proposal(proposal)
        for person in people:
            if person != proposal.requester:
                await self._told.send(proposal, person, News.QUESTION)

    async def in_use(self, actor: Actor, proposal_id: str) -> Proposal | NotClaimed:
        """*I am using it*: nothing ends. Whoever asked is told through the end of the proposal."""
        return await self._asking.in_use(actor, proposal_id)

    async def close(self, actor: Actor, proposal_id: str, place: Place) -> Preview | NotClaimed:
        """*Close it*: this owner is the requester now, and is shown the facts; raises as `Proposing.afresh`."""

        async def take(meant: Meant) -> Proposal | NotClaimed:
            return await self._asking.take_over(actor, proposal_id, meant.targets, place)

        result = await self._afresh(actor, proposal_id, take)
        if isinstance(result, Preview) and result.proposal.asked_by is not None:
            await self._told.send(result.proposal, result.proposal.asked_by, News.TAKEN_OVER)
        return result

    async def override(self, actor: Actor, proposal_id: str, reason: str, *, now: datetime) -> Preview | NotClaimed:
        """*Override…*: go on without the owners' answer, for a reason; raises as `Proposing.afresh`."""

        async def go_on(meant: Meant) -> Proposal | NotClaimed:
            return await self._asking.override(
                actor, proposal_id, reason, role=meant.reading.role, targets=meant.targets, now=now
            )

        result = await self._afresh(actor, proposal_id, go_on)
        if isinstance(result, Preview):
            await self._told.close_questions(result.proposal)
        return result

    async def comes_from(self, actor: Actor, proposal_id: str, place: Place) -> Proposal | None:
        """Keep where a proposal is answered from now on: where its person clicked last."""
        return await self._asking.comes_from(actor, proposal_id, place)

    async def look(self) -> int:
        """Ask whoever was not asked yet, go on where the owners' time is over, tell who was not told; return how many wait."""
        proposals, now = await self._asking.standing()
        for proposal in proposals:
            if proposal.state is State.PROPOSED:
                await self._tell_asker(proposal)
            elif now < proposal.lapses_at:
                await self.ask(proposal)
            else:
                await self._time_is_over(proposal, now)
        return len(proposals)

    async def lapse(self) -> tuple[Proposal, ...]:
        """Let lapse what nobody clicked in time, and take back the questions about it; returns what this call let lapse."""
        lapsed = await self._history.lapse()
        for proposal in lapsed:
            await self._told.close_questions(proposal)
        return lapsed

    async def _tell_asker(self, proposal: Proposal) -> None:
        """Whoever asked may not have been told before the process ended that moved it on."""
        if proposal.asked_by is not None:
            await self._told.send(proposal, proposal.asked_by, News.TAKEN_OVER)
        elif proposal.lapses_at - proposal.created_at > LAPSES_AFTER:
            # It waited; what is asked again is before its person's eyes.
            await self._told.send(proposal, proposal.requester, News.UNANSWERED)

    async def _time_is_over(self, proposal: Proposal, now: datetime) -> None:
        try:
            meant = await self._proposing.afresh(proposal)
        except (ServerUnavailable, PoolerUnavailable, UnknownServer):
            log.warning("cannot go on yet", extra={"action": "consent", "proposal": proposal.id})
            if now < proposal.lapses_at + NOBODY_ANSWERS_FOR:
                return
            meant = None
        if meant is None or not meant.targets:
            await self._let_go(proposal)
            return
        moved = await self._asking.unanswered(proposal, meant.targets)
        if moved is not None:
            await self._tell_asker(moved)

    async def _let_go(self, proposal: Proposal, by: Actor | None = None) -> Proposal | None:
        gone = await self._asking.let_go(proposal)
        if gone is not None:
            if by is None or by.id != gone.requester:
                await self._told.send(gone, gone.requester, News.NOTHING_LEFT)
            await self._told.close_questions(gone)
        return gone

    async def _people(self, proposal: Proposal) -> list[str]:
        owners = await self._ownership.owners_of(proposal.team, proposal.server, proposal.role_oid)
        return [owner.slack_id for owner in owners]

    async def _afresh(self, actor: Actor, proposal_id: str, move: Move) -> Preview | NotClaimed:
        """Read a proposal's connections anew and move it on with them; with none left it is closed."""
        proposal = await self._history.get(actor.team, proposal_id)
        people = await self._people(proposal) if proposal else []
        if proposal is None or actor.id not in (*people, proposal.requester):
            return await self._asking.refuse(actor, proposal)
        meant = await self._proposing.afresh(proposal)
        if meant is None or not meant.targets:
            gone = await self._let_go(proposal, actor)
            return NotClaimed("nothing_left" if gone else "over", gone or proposal)
        moved = await move(meant)
        if isinstance(moved, NotClaimed):
            return moved
        others = tuple(person for person in people if person != moved.requester)
        return self._proposing.shown(moved, meant, others)
