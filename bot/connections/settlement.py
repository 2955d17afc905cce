"""Settlement: claims past their deadline are closed as interrupted, once, without a second signal, and their person is told."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from bot.connections.ending import Ended
from bot.connections.pooled import Pooled
from bot.connections.telling import Telling
from bot.errors import PoolerUnavailable, ServerUnavailable, UnknownServer
from bot.incidents.history import History
from bot.incidents.proposal import USUAL, Kind, Outcome, Proposal, Waits
from bot.servers.backend import BackendId
from bot.servers.fleet import Fleet
from bot.servers.server import Presence, Server, Verdict

log = logging.getLogger(__name__)

LOST_AFTER = timedelta(hours=24)
"""A server that has not answered for so long is not waited for: its claims are settled without a look."""


def overdue(claimed: Iterable[Proposal], server_now: datetime, waits: Waits = USUAL) -> tuple[Proposal, ...]:
    """Those of `claimed` whose process must have ended or been cut off, by the server's clock."""
    return tuple(p for p in claimed if p.deadline is not None and p.deadline + waits.watch_lasts <= server_now)


def lost(claimed: Iterable[Proposal], now: datetime) -> tuple[Proposal, ...]:
    """Those of `claimed` that are as old as nobody waits for their server any more."""
    return tuple(p for p in claimed if p.claimed_at is not None and p.claimed_at + LOST_AFTER <= now)


class Settlement:
    """Looks for claims that nobody will resolve any more, and for ends that nobody was told; safe to run in every process at once."""

    def __init__(
        self, fleet: Fleet, history: History, telling: Telling, clock: Callable[[], datetime], waits: Waits = USUAL
    ) -> None:
        self._fleet = fleet
        self._history = history
        self._telling = telling
        self._clock = clock
        self._waits = waits
        self._pooled = Pooled(fleet)

    async def settle(self) -> int:
        """Settle what is overdue, tell what is untold, and return how many; who cannot be reached is tried again next time."""
        by_server: dict[str, list[Proposal]] = defaultdict(list)
        for proposal in await self._history.overdue():
            by_server[proposal.server].append(proposal)
        settled = [won for name, claimed in by_server.items() for won in await self._settle_on(name, claimed)]
        await asyncio.gather(*(self._telling.tell(Ended(won, None)) for won in settled))
        return len(settled) + await self._telling.tell_left_over()

    async def _settle_on(self, name: str, claimed: list[Proposal]) -> list[Proposal]:
        try:
            outcomes = await self._look(name, claimed)
        except (ServerUnavailable, UnknownServer):
            log.warning("cannot settle yet", extra={"action": "settle", "server": name})
            outcomes = self._given_up(claimed)
        # One process wins; only it tells.
        won = [await self._history.settle(proposal, ends) for proposal, ends in outcomes.items()]
        return [proposal for proposal in won if proposal is not None]

    async def _look(self, name: str, claimed: list[Proposal]) -> dict[Proposal, list[Outcome]]:
        """See what is there of what is overdue."""
        server = self._fleet.choose(name)
        late = overdue(claimed, await server.clock(), self._waits)
        if not late:
            return {}
        outcomes: dict[Proposal, list[Outcome]] = {}
        for proposal in late:
            try:
                # One at a time: two may be about two queries of one session.
                presence = await self._presence(server, proposal)
            except PoolerUnavailable:
                log.warning("cannot settle yet", extra={"action": "settle", "server": name, "proposal": proposal.id})
                outcomes |= self._given_up([proposal])
                continue
            at = await server.clock()
            outcomes[proposal] = [
                Outcome(one.id, Verdict.INTERRUPTED, at, presence[one.id]) for one in proposal.targets
            ]
        return outcomes

    def _given_up(self, claimed: list[Proposal]) -> dict[Proposal, list[Outcome]]:
        """Close those that nobody waits for any more without a look."""
        now = self._clock()
        return {one: [Outcome(t.id, Verdict.INTERRUPTED, now) for t in one.targets] for one in lost(claimed, now)}

    async def _presence(self, server: Server, proposal: Proposal) -> Mapping[BackendId, Presence]:
        """What is there of what the proposal was to end: its connections, its queries, or its pooler's clients."""
        match proposal.kind:
            case Kind.TERMINATE:
                return await server.presence([target.id for target in proposal.targets])
            case Kind.CANCEL:
                return await server.running(proposal.targets)
            case Kind.CLIENT:
                return await self._pooled.presence(proposal)
