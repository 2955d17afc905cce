"""A role's connections, strays first, for those who may see them."""

import asyncio
from datetime import datetime
from functools import partial

from bot.access.member import Action, Owner, Right, Standing
from bot.access.ownership import Ownership
from bot.connections.doorway import Doorway, Seen
from bot.connections.listed import Listing, ListRequest, RoleListing
from bot.connections.recent import Recent
from bot.errors import BotError, NotPermitted, OwnsNothing, ServerUnavailable
from bot.servers.backend import Backend
from bot.servers.fleet import Fleet
from bot.servers.server import Reading
from bot.servers.strays import Stray, rank


class Listings:
    """The use case of `/conns`."""

    def __init__(self, fleet: Fleet, doorway: Doorway, ownership: Ownership) -> None:
        self._fleet = fleet
        self._doorway = doorway
        self._ownership = ownership
        self._ranked = Recent(_ranked)
        self._listings = Recent(_alone)
        self._entries: dict[Right, Recent[Reading, RoleListing]] = {
            right: Recent(partial(self._entry, right)) for right in Right
        }

    async def show(self, standing: Standing, request: ListRequest, *, now: datetime) -> Listing:
        """List one role, or each role that a person owns; those of others' the asker has no right to are left out."""
        if request.role is not None:
            seen = await self._doorway.enter(standing, Action.LIST, request.role, request.server, now=now)
            return self._listings.of(self._list(seen))
        owner = request.owner or standing.actor.id
        links = [link for link in await self._links(standing, owner) if request.server in (None, link.server)]
        if not links:
            if owner != standing.actor.id:
                raise NotPermitted(Action.LIST, None, request.server)
            raise OwnsNothing(standing.actor.id)
        return await self._list_each(standing, links, now)

    async def _links(self, standing: Standing, owner: str) -> tuple[Owner, ...]:
        if owner == standing.actor.id:
            return standing.owned
        return await self._ownership.roles_of(standing.actor.team, owner)

    async def _list_each(self, standing: Standing, links: list[Owner], now: datetime) -> Listing:
        entries = (self._doorway.enter(standing, Action.LIST, link.role, link.server, now=now) for link in links)
        results = await asyncio.gather(*entries, return_exceptions=True)
        listed = tuple(self._list(result) for result in results if isinstance(result, Seen))
        unavailable = tuple(result for result in results if isinstance(result, ServerUnavailable))
        refused = [result for result in results if isinstance(result, BaseException)]
        unexpected = [error for error in refused if not isinstance(error, BotError)]
        if unexpected:
            raise unexpected[0]
        if not listed and not unavailable:
            # Which roles somebody owns is theirs to know: the refusal names none.
            raise NotPermitted(Action.LIST) if links[0].slack_id != standing.actor.id else refused[0]
        return Listing(listed, tuple({error.server: error for error in unavailable}.values()))

    def _list(self, seen: Seen) -> RoleListing:
        return self._entries[seen.right].of(seen.reading)

    def _entry(self, right: Right, reading: Reading) -> RoleListing:
        strays, others = self._ranked.of(reading)
        return RoleListing(reading, strays, others, right, self._fleet.settings(reading.server).ask)


def _ranked(reading: Reading) -> tuple[tuple[Stray, ...], tuple[Backend, ...]]:
    """Sort the client backends into strays and others."""
    strays = rank(reading.clients, reading.at)
    pids = {stray.backend.pid for stray in strays}
    return strays, tuple(backend for backend in reading.clients if backend.pid not in pids)


def _alone(entry: RoleListing) -> Listing:
    return Listing((entry,))
