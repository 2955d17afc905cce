"""Settlement: claims past their deadline are closed as interrupted, once, without a second signal, and their person is told."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.errors import ServerUnavailable, UnknownServer
from bot.incidents.history import History
from bot.incidents.proposal import Outcome, Proposal
from bot.incidents.teller import Teller
from bot.servers.fleet import Fleet
from bot.servers.server import Verdict

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=30)
WATCH_LASTS = timedelta(seconds=12)
"""A statement may take 3 s, the watch for the end 5 s, its last look 3 s more: until then its own process may resolve the claim."""


def overdue(claimed: Iterable[Proposal], server_now: datetime) -> tuple[Proposal, ...]:
    """Those of `claimed` whose process must have ended or been cut off, by the server's clock."""
    return tuple(p for p in claimed if p.deadline is not None and p.deadline + WATCH_LASTS <= server_now)


class Settlement:
    """Looks for claims that nobody will resolve any more; safe to run in every process at once."""

    def __init__(self, fleet: Fleet, history: History, teller: Teller) -> None:
        self._fleet = fleet
        self._history = history
        self._teller = teller

    async def settle(self) -> int:
        """Settle what is overdue and return how many; a server that does not answer is looked at again next time."""
        by_server: dict[str, list[Proposal]] = defaultdict(list)
        for proposal in await self._history.overdue():
            by_server[proposal.server].append(proposal)
        settled = 0
        for server, proposals in by_server.items():
            try:
                settled += await self._settle_on(server, proposals)
            except (ServerUnavailable, UnknownServer):
                log.warning("cannot settle yet", extra={"action": "settle", "server": server})
        return settled

    async def _settle_on(self, name: str, claimed: list[Proposal]) -> int:
        server = self._fleet.choose(name)
        late = overdue(claimed, await server.clock())
        if not late:
            return 0
        presence = await server.presence([target.id for proposal in late for target in proposal.targets])
        at = await server.clock()
        settled = 0
        for proposal in late:
            outcomes = tuple(
                Outcome(target.id, Verdict.INTERRUPTED, at, presence[target.id]) for target in proposal.targets
            )
            # One process wins; only it tells.
            won = await self._history.settle(proposal, outcomes)
            if won is not None:
                settled += 1
                await self._teller.tell_settled(won)
        return settled
