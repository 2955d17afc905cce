"""What an asker may read of the record."""

from datetime import datetime

from bot.access.allow_list import AllowList
from bot.access.member import Action, Denied, Standing
from bot.access.policy import permit
from bot.errors import NotPermitted
from bot.incidents.history import Event, History
from bot.servers.fleet import Fleet

SHOWN = 20
"""Events in one answer."""


class Review:
    """The use case of `/connbot history`."""

    def __init__(self, fleet: Fleet, allow_list: AllowList, history: History) -> None:
        self._fleet = fleet
        self._allow_list = allow_list
        self._history = history

    async def show(
        self, standing: Standing, role: str | None, server: str | None, *, now: datetime
    ) -> tuple[Event, ...]:
        """Read the newest events of a role, or of a server as a whole; raises `NotPermitted`, `UnknownServer`, `ServerUnavailable`."""
        meant = self._fleet.choose(server)
        reading = await meant.read(role) if role is not None and standing.members else None
        found = reading.role if reading else None
        permission = permit(standing, Action.HISTORY, role=found, server=meant.name, now=now)
        if isinstance(permission, Denied):
            await self._allow_list.refuse(standing.actor, permission, role=role, server=meant.name)
            raise NotPermitted(permission.action, role, meant.name)
        name = found.name if found else role
        return await self._history.read(standing.actor.team, role=name, server=meant.name, limit=SHOWN)
