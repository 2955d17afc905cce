"""A role's connections, strays first, for those who may see them."""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial

from bot.access.member import Action, Actor, Right, Standing
from bot.access.ownership import Ownership
from bot.connections.doorway import Doorway, Seen
from bot.connections.listed import Listing, ListRequest, RoleListing
from bot.connections.recent import Recent
from bot.connections.veil import veil_over
from bot.errors import PoolerUnavailable
from bot.servers.backend import Backend
from bot.servers.fleet import Fleet
from bot.servers.pooled import PooledReading
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
            return self._listings.of(await self._list(seen, standing.actor))
        person = request.owner or standing.actor.id
        entered = await self._doorway.enter_roles_of(standing, Action.LIST, person, request.server, now=now)
        entries = await asyncio.gather(*(self._list(seen, standing.actor) for seen in entered.seen))
        return Listing(tuple(entries), entered.unavailable)

    async def _list(self, seen: Seen, reader: Actor) -> RoleListing:
        entry = await self._with_clients(seen)
        if seen.right is not Right.OWNER:
            return entry
        owners = await self._ownership.owners_of(reader.team, seen.server.name, seen.reading.role.oid)
        others = tuple(owner.slack_id for owner in owners if owner.slack_id != reader.id)
        return _veiled(entry, others) if others else entry

    async def _with_clients(self, seen: Seen) -> RoleListing:
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


def _veiled(entry: RoleListing, others: tuple[str, ...]) -> RoleListing:
    """Show a role to one of several owners: not where the others sit."""
    pooled = entry.pooled if isinstance(entry.pooled, PooledReading) else None
    veil = veil_over(entry.reading, (client.address for client in pooled.clients) if pooled else ())
    reading = veil.reading(entry.reading)
    strays, rest = _ranked(reading)
    clients = veil.pooled(pooled) if pooled else entry.pooled
    return replace(entry, reading=reading, strays=strays, others=rest, pooled=clients, owners=others)


def _ranked(reading: Reading) -> tuple[tuple[Stray, ...], tuple[Backend, ...]]:
    """Sort the client backends into strays and others."""
    strays = rank(reading.clients, reading.at)
    pids = {stray.backend.pid for stray in strays}
    return strays, tuple(backend for backend in reading.clients if backend.pid not in pids)


def _alone(entry: RoleListing) -> Listing:
    return Listing((entry,))
