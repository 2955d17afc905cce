"""A role's connections, strays first, for those who may see them."""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial

from bot.access.member import Action, Right, Standing
from bot.connections.doorway import Doorway, Seen
from bot.connections.listed import Listing, ListRequest, RoleListing
from bot.connections.recent import Recent
from bot.errors import PoolerUnavailable
from bot.servers.backend import Backend
from bot.servers.fleet import Fleet
from bot.servers.server import Reading
from bot.servers.strays import Stray, rank


class Listings:
    """The use case of `/conns`."""

    def __init__(self, fleet: Fleet, doorway: Doorway) -> None:
        self._fleet = fleet
        self._doorway = doorway
        self._ranked = Recent(_ranked)
        self._listings = Recent(_alone)
        self._entries: dict[Right, Recent[Reading, RoleListing]] = {
            right: Recent(partial(self._entry, right)) for right in Right
        }

    async def show(self, standing: Standing, request: ListRequest, *, now: datetime) -> Listing:
        """List one role, or each role that a person owns; those of others' the asker has no right to are left out."""
        if request.role is not None:
            seen = await self._doorway.enter(standing, Action.LIST, request.role, request.server, now=now)
            return self._listings.of(await self._list(seen))
        person = request.owner or standing.actor.id
        entered = await self._doorway.enter_roles_of(standing, Action.LIST, person, request.server, now=now)
        entries = await asyncio.gather(*(self._list(seen) for seen in entered.seen))
        return Listing(tuple(entries), entered.unavailable)

    async def _list(self, seen: Seen) -> RoleListing:
        entry = self._entries[seen.right].of(seen.reading)
        console = self._fleet.console(seen.server.name)
        if console is None:
            return entry
        try:
            return replace(entry, pooled=await console.look(seen.reading.role.name))
        except PoolerUnavailable as exc:
            return replace(entry, pooled=exc)

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
