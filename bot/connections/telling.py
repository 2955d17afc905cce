"""Telling: whoever asked, and whose role it was, learn what became of it once, whichever process lives to tell."""

import asyncio
import logging

from bot.connections.ending import Ended
from bot.connections.owners_told import OwnersTold
from bot.errors import OwnDatabaseUnavailable, ServerUnavailable, UnknownServer
from bot.incidents.letters import News
from bot.incidents.proposal import USUAL, Proposal, State, Waits
from bot.incidents.teller import Teller
from bot.incidents.untold import Untold, Whom
from bot.servers.capacity import Capacity
from bot.servers.fleet import Fleet
from bot.servers.server import Verdict

log = logging.getLogger(__name__)


class Telling:
    """Tells what proposals came to and keeps that it was told; safe to run in every process at once."""

    def __init__(self, fleet: Fleet, untold: Untold, teller: Teller, owners: OwnersTold, waits: Waits = USUAL) -> None:
        self._fleet = fleet
        self._untold = untold
        self._teller = teller
        self._owners = owners
        self._waits = waits

    async def tell(self, ended: Ended, *, left_over: bool = False) -> None:
        """Tell what became of a proposal that this process ended or has in hand; who cannot be told now is told later."""
        try:
            # After that another process may take it up.
            async with asyncio.timeout(self._waits.telling_holds_for.total_seconds()):
                told = await self._tell(ended, left_over=left_over)
        except TimeoutError:
            told = False
        if not told:
            log.warning("not told yet", extra={"action": "tell", "proposal": ended.proposal.id})

    async def _tell(self, ended: Ended, *, left_over: bool) -> bool:
        """Tell each who does not know it yet, first whoever waits for the answer.

        Unless it is left over, whoever asked is told in any case: what stands in the message's place may be our own progress.
        """
        # Who else is to be told is looked up meanwhile, so that what is told is kept at once.
        asker = _known() if left_over and ended.proposal.told_at is not None else self._tell_requester(ended)
        told, letters = await asyncio.gather(asker, self._others(ended))
        if letters is None:
            # What is off the record is told, and kept once it is on record.
            return told and not ended.on_record
        know = [*([Whom.REQUESTER] if told else []), *([] if letters else [Whom.OWNERS])]
        try:
            if know:
                await self._untold.told(ended.proposal, *know)
            others = await self._owners.tell(ended.proposal, letters)
            if letters and others:
                await self._untold.told(ended.proposal, Whom.OWNERS)
            await self._owners.close_questions(ended.proposal)
        except OwnDatabaseUnavailable as exc:
            extra = {"action": "tell", "proposal": ended.proposal.id, "why": exc.detail}
            log.warning("told off the record", extra=extra)
            return False
        return told and others

    async def _tell_requester(self, ended: Ended) -> bool:
        return await self._teller.tell_end(ended.proposal, ended.capacity, on_record=ended.on_record)

    async def _others(self, ended: Ended) -> dict[str, News] | None:
        """Who else is to be told what; None: that cannot be told or kept now."""
        if not ended.on_record:
            return None
        try:
            return await self._owners.to_be_told(ended.proposal)
        except OwnDatabaseUnavailable:
            return None

    async def tell_again(self, proposal: Proposal) -> None:
        """Tell what became of a proposal that another process, or an earlier one, ended."""
        await self.tell(Ended(proposal, await self._capacity(proposal)))

    async def _tell_left_over(self, proposal: Proposal) -> None:
        await self.tell(Ended(proposal, await self._capacity(proposal)), left_over=True)

    async def tell_left_over(self) -> int:
        """Tell what ended without its person's knowing, and return how many that were."""
        taken = await self._untold.take()
        await asyncio.gather(*(self._tell_left_over(one) for one in taken))
        return len(taken)

    async def _capacity(self, proposal: Proposal) -> Capacity | None:
        """What is free now; not where it was cancelled or interrupted, and that is not what is told."""
        if proposal.state is not State.RESOLVED or any(one.verdict is Verdict.INTERRUPTED for one in proposal.outcomes):
            return None
        try:
            reading = await self._fleet.choose(proposal.server).read(proposal.role)
        except (ServerUnavailable, UnknownServer):
            return None
        return reading.capacity if reading else None


async def _known() -> bool:
    """Whoever asked knows it already."""
    return True
