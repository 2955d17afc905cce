"""How incidents are talked about where people are; `slack.herald` is one."""

from collections.abc import Sequence
from typing import Protocol

from bot.diagnosis.consult import Heard
from bot.diagnosis.facts import Facts
from bot.diagnosis.replies import Reply
from bot.incidents.incident import Incident


class Herald(Protocol):
    """Says things once, whichever process says them; never raises for a place that cannot be reached: that is tried again.

    Each returns whether it is said now, by this process or another.
    """

    async def reply(self, heard: Heard, reply: Reply) -> bool:
        """Say to one message what is to be said to it."""

    async def keep(self, incident: Incident, facts: Facts | None) -> bool:
        """Have an incident's answer stand in each of its conversations as it is to be read now; `facts` None: unknown."""

    async def resolved(self, incident: Incident, facts: Facts | None) -> bool:
        """Say once an occasion, in each of its conversations, that an incident is over, to those who wait."""

    async def call_staff(self, incident: Incident, facts: Facts | None) -> bool:
        """Put one card about an incident, an occasion, into the staff channel."""

    async def missed(self, team: str, heard: Sequence[Heard]) -> bool:
        """List to staff, once, what was reported too long ago to be answered now."""
