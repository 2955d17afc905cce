"""How people are told of what happened when nobody is waiting for the answer; `slack.announcer` is one."""

from typing import Protocol

from bot.incidents.proposal import Proposal
from bot.servers.capacity import Capacity


class Teller(Protocol):
    """Tells the person of a proposal; never raises for a person who cannot be reached."""

    async def tell_end(self, proposal: Proposal, capacity: Capacity | None = None, *, on_record: bool = True) -> bool:
        """Say what became of a resolved or withdrawn proposal, at its place or by DM; told twice it is seen once.

        `capacity` is what its server has free since. False: nobody could be told now, but it may be tried again.
        """

    async def tell_reconnected(self, proposal: Proposal, pids: tuple[int, ...]) -> None:
        """Say that the client of a connection that was ended came back within seconds."""
