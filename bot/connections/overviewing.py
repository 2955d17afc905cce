"""What one person is shown of everything, by the rights they have at that moment: the use case of the Home tab."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.access.allow_list import AllowList
from bot.access.member import Action, Standing
from bot.access.policy import may
from bot.connections.listed import Listing, ListRequest
from bot.connections.listing import Listings
from bot.connections.overview import Overview, ServerNow, Staff
from bot.errors import OwnsNothing, ServerUnavailable
from bot.incidents.incident import Incident, ScopeKind
from bot.incidents.incidents import Incidents
from bot.incidents.pending import Pending
from bot.incidents.proposal import Proposal, State
from bot.servers.fleet import Fleet
from bot.servers.server import Role


class Overviews:
    """Gathers what a person may see; every right is checked now, and nothing is put on record, since nobody asked for it."""

    def __init__(
        self, fleet: Fleet, listings: Listings, incidents: Incidents, pending: Pending, allow_list: AllowList
    ) -> None:
        self._fleet = fleet
        self._listings = listings
        self._incidents = incidents
        self._pending = pending
        self._allow_list = allow_list

    async def show(self, standing: Standing, *, now: datetime) -> Overview:
        """Gather it; servers that do not answer are named, and raise nothing. Raises `OwnDatabaseUnavailable`."""
        actor = standing.actor
        incidents = await self._incidents.standing(actor.team)
        pending = await self._pending.of(actor.team)
        theirs = tuple(one for one in incidents if actor.id in {affected.person for affected in one.waiting})
        waiting = tuple(one for one in pending if one.requester == actor.id)
        others = tuple(one for one in pending if one.requester != actor.id)
        owned = {(link.server, link.role_oid) for link in standing.owned}
        asked = tuple(one for one in others if one.state is State.WAITING and (one.server, one.role_oid) in owned)
        # A server that hangs is waited for once.
        own, staff = await asyncio.gather(self._own(standing, now), self._staff(standing, incidents, others, now))
        return Overview(now, own, waiting, asked, theirs, staff)

    async def _own(self, standing: Standing, now: datetime) -> Listing | None:
        try:
            return await self._listings.show(standing, ListRequest(), now=now)
        except OwnsNothing:
            return None

    async def _staff(
        self, standing: Standing, incidents: Iterable[Incident], pending: Iterable[Proposal], now: datetime
    ) -> Staff | None:
        servers = [name for name in self._fleet.names if may(standing, Action.RESPOND, role=None, server=name, now=now)]
        if not servers:
            return None
        of_role = [one for one in incidents if one.scope.kind is ScopeKind.ROLE and one.server in servers]
        proposed = [one for one in pending if one.server in servers]
        named = [*((one.server, one.scope.name) for one in of_role), *((one.server, one.role) for one in proposed)]
        roles, limits = await asyncio.gather(self._roles(named), asyncio.gather(*map(self._server, servers)))
        there = tuple(
            one
            for one in incidents
            if one.server in servers
            and (
                one.scope.kind is not ScopeKind.ROLE
                or may(
                    standing, Action.RESOLVE, role=roles.get((one.server, one.scope.name)), server=one.server, now=now
                )
            )
        )
        seen = tuple(
            one
            for one in proposed
            if may(standing, Action.TERMINATE, role=roles.get((one.server, one.role)), server=one.server, now=now)
        )
        allowing = any(
            may(standing, Action.ALLOW_RESPONDER, role=None, server=name, now=now) for name in ("", *servers)
        )
        members = await self._allow_list.members(standing.actor.team) if allowing else None
        return Staff(
            servers=tuple(limits),
            incidents=there,
            pending=seen,
            members=members,
            summaries_of=tuple(
                name for name in servers if may(standing, Action.SUMMARY, role=None, server=name, now=now)
            ),
            roster_of=tuple(name for name in servers if may(standing, Action.OWN, role=None, server=name, now=now)),
        )

    async def _server(self, name: str) -> ServerNow:
        try:
            return ServerNow(name, (await self._fleet.choose(name).limits()).server)
        except ServerUnavailable as exc:
            return ServerNow(name, why=exc)

    async def _roles(self, named: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Role]:
        """Look up roles, each given with its server; those of servers that do not answer are left out."""
        by_server: dict[str, set[str]] = defaultdict(set)
        for server, role in named:
            by_server[server].add(role)
        found = await asyncio.gather(*(self._roles_on(server, names) for server, names in by_server.items()))
        return {key: role for roles in found for key, role in roles.items()}

    async def _roles_on(self, server: str, names: Iterable[str]) -> Mapping[tuple[str, str], Role]:
        try:
            roles = await self._fleet.choose(server).roles_by_name(sorted(names))
        except ServerUnavailable:
            return {}
        return {(server, name): role for name, role in roles.items()}
