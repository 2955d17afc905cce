"""How people are told of what happened when nobody is waiting for the answer; `slack.announcer` is one."""

from typing import Protocol

from bot.incidents.proposal import Proposal


class Teller(Protocol):
    """Tells the person of a proposal; never raises for a person who cannot be reached."""

    async def tell_settled(self, proposal: Proposal) -> None:
        """Say how an interrupted proposal was settled, at its place or by DM."""

    async def tell_reconnected(self, proposal: Proposal, pids: tuple[int, ...]) -> None:
        """Say that the client of a connection that was ended came back within seconds."""
