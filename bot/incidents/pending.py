"""What waits for somebody's click."""

from bot.incidents.proposal import Proposal, State
from bot.incidents.rows import read_proposals
from bot.storage.engine import OwnDatabase
from bot.storage.tables import proposals


class Pending:
    """The proposals of a workspace that nobody has answered yet."""

    def __init__(self, db: OwnDatabase) -> None:
        self._db = db

    async def of(self, team: str) -> tuple[Proposal, ...]:
        """Read those that wait for a click or for a role's owners and have not lapsed; newest first."""
        async with self._db.read() as connection:
            now = await self._db.now(connection)
            standing = proposals.c.state.in_((State.WAITING, State.PROPOSED))
            return await read_proposals(connection, proposals.c.team == team, standing, proposals.c.lapses_at > now)
