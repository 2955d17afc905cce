"""The one way to a role: its server, a fresh reading, and the right to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from bot.access.allow_list import AllowList
from bot.access.member import Action, Denied, Right, Standing
from bot.access.policy import permit
from bot.errors import NotPermitted, UnknownRole
from bot.servers.fleet import Fleet
from bot.servers.server import Reading, Server


@dataclass(frozen=True, slots=True)
class Seen:
    """A role that its asker has a right to, as its server saw it."""

    server: Server
    reading: Reading
    right: Right


class Doorway:
    """The one way to a role: its server, a fresh reading, and the right to it; refusals go on record."""

    def __init__(self, fleet: Fleet, allow_list: AllowList) -> None:
        self._fleet = fleet
        self._allow_list = allow_list

    async def enter(self, standing: Standing, action: Action, role: str, server: str | None, *, now: datetime) -> Seen:
        """Read `role` for someone who may do `action` to it.

        Raises `NotPermitted` (the same whether or not the role exists), `UnknownRole` to those who may know that,
        `UnknownServer`, `ServerUnavailable`.
        """
        if not standing.members and not standing.owned:
            await self._refuse(standing, Denied(action, "nothing"), role, server)
        meant = self._fleet.choose(server or self._server_of_owned(standing, role))
        reading = await meant.read(role)
        found = reading.role if reading else None
        permission = permit(standing, action, role=found, server=meant.name, now=now)
        if isinstance(permission, Denied):
            await self._refuse(standing, permission, role, meant.name)
        if reading is None:
            raise UnknownRole(role, meant.name)
        return Seen(meant, reading, permission.right)

    async def _refuse(self, standing: Standing, denied: Denied, role: str, server: str | None) -> NoReturn:
        await self._allow_list.refuse(standing.actor, denied, role=role, server=server)
        raise NotPermitted(denied.action, role, server)

    def _server_of_owned(self, standing: Standing, role: str) -> str | None:
        """The server on which the person owns a role of this name, if not on the default one and on one only."""
        default = self._fleet.choose(None).name
        servers = {owner.server for owner in standing.owned if owner.role in (role, role.lower())}
        return servers.pop() if len(servers) == 1 and default not in servers and not standing.members else None
