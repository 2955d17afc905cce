"""The one way to a role: its server, a fresh reading, and the right to it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from bot.access.allow_list import AllowList
from bot.access.member import Action, Denied, Owner, Right, Standing
from bot.access.ownership import Ownership
from bot.access.policy import permit
from bot.errors import BotError, NotPermitted, OwnsNothing, ServerUnavailable, UnknownRole
from bot.servers.fleet import Fleet
from bot.servers.server import Reading, Server


@dataclass(frozen=True, slots=True)
class Seen:
    """A role that its asker has a right to, as its server saw it."""

    server: Server
    reading: Reading
    right: Right


@dataclass(frozen=True, slots=True)
class Entered:
    """Those roles of a person that the asker has a right to, and the servers that could not be asked; not both are empty."""

    seen: tuple[Seen, ...]
    unavailable: tuple[ServerUnavailable, ...]


class Doorway:
    """The one way to a role: its server, a fresh reading, and the right to it; refusals go on record."""

    def __init__(self, fleet: Fleet, allow_list: AllowList, ownership: Ownership) -> None:
        self._fleet = fleet
        self._allow_list = allow_list
        self._ownership = ownership

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

    async def enter_roles_of(
        self, standing: Standing, action: Action, person: str, server: str | None, *, now: datetime
    ) -> Entered:
        """Read the roles that `person` owns (on `server`, where one is named), leaving out those the asker has no right to.

        Raises `OwnsNothing` to the person, `NotPermitted` to others whether or not the person owns anything; else as `enter`.
        """
        themselves = person == standing.actor.id
        owned = standing.owned if themselves else await self._ownership.roles_of(standing.actor.team, person)
        if not owned and themselves:
            raise OwnsNothing(person)
        links = [link for link in owned if server in (None, link.server)]
        if not links:
            if server is not None and (standing.members or standing.owned):
                self._fleet.choose(server)
            await self._allow_list.refuse(standing.actor, Denied(action, "nothing"), server=server, target=person)
            raise NotPermitted(action, None, server)
        results = await self._enter_each(standing, action, links, now)
        seen = tuple(result for result in results if isinstance(result, Seen))
        unavailable = {result.server: result for result in results if isinstance(result, ServerUnavailable)}
        if not seen and not unavailable:
            refused = next(result for result in results if isinstance(result, BotError))
            # Which roles somebody owns is theirs to know: a refusal to others names none.
            raise (
                NotPermitted(action, None, server) if isinstance(refused, NotPermitted) and not themselves else refused
            )
        return Entered(seen, tuple(unavailable.values()))

    async def _enter_each(
        self, standing: Standing, action: Action, links: Sequence[Owner], now: datetime
    ) -> list[Seen | BaseException]:
        entries = (self.enter(standing, action, link.role, link.server, now=now) for link in links)
        results = await asyncio.gather(*entries, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, BotError):
                raise result
        return results

    async def _refuse(self, standing: Standing, denied: Denied, role: str, server: str | None) -> NoReturn:
        await self._allow_list.refuse(standing.actor, denied, role=role, server=server)
        # By the link alone, so that it reads the same whether or not there is such a role now.
        formerly = any(one.server == server and one.role in (role, role.lower()) for one in standing.owned)
        raise NotPermitted(denied.action, role, server, formerly)

    def _server_of_owned(self, standing: Standing, role: str) -> str | None:
        """The server on which the person owns a role of this name, if not on the default one and on one only."""
        default = self._fleet.choose(None).name
        servers = {owner.server for owner in standing.owned if owner.role in (role, role.lower())}
        return servers.pop() if len(servers) == 1 and default not in servers and not standing.members else None
