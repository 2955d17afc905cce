"""Settlement looks after what nobody clicked, too."""

from bot.clock import clock
from bot.connections.settlement import Settlement
from bot.connections.telling import Telling
from bot.incidents.history import History
from bot.incidents.proposal import LAPSES_AFTER, Proposal, State
from bot.incidents.untold import Untold
from bot.servers.capacity import Capacity
from bot.servers.fleet import Fleet
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from tests.builders import TEAM, a_proposal


class Silent:
    """Nobody is told of what merely lapsed."""

    async def tell_end(self, proposal: Proposal, capacity: Capacity | None = None, *, on_record: bool = True) -> bool:
        raise AssertionError((proposal, capacity, on_record))

    async def tell_reconnected(self, proposal: Proposal, pids: tuple[int, ...]) -> None:
        raise AssertionError((proposal, pids))


async def test_what_nobody_clicked_is_lapsed_on_record_too(migrated_url: str) -> None:
    record, fleet = Record(None), Fleet(())
    for ahead, state in ((LAPSES_AFTER / 2, State.PROPOSED), (LAPSES_AFTER, State.LAPSED)):
        async with OwnDatabase(migrated_url) as now, OwnDatabase(migrated_url, ahead=ahead) as later:
            proposal = await History(now, record).propose(a_proposal(id=f"p-{state}"))
            telling = Telling(fleet, Untold(later), Silent())
            assert await Settlement(fleet, History(later, record), telling, clock).settle() == 0
            stored = await History(now, record).get(TEAM, proposal.id)
            assert stored is not None
            assert stored.state is state
