"""Where the facts of an incident's scope come from."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from bot.causes.finding import Cause
from bot.diagnosis.facts import Facts
from bot.diagnosis.seen import Seen
from bot.errors import ServerUnavailable, UnknownServer
from bot.incidents.incident import Incident, Scope, ScopeKind
from bot.servers.fleet import Fleet
from bot.servers.server import Server
from bot.servers.strays import rank


async def look(fleet: Fleet, server: str, scope: Scope) -> Facts | None:
    """Read the facts of a scope, in a read that begins after this call; None: the server cannot be asked now."""
    return (await see(fleet, server, scope)).facts


async def look_into(fleet: Fleet, incident: Incident) -> Facts | None:
    """Read the facts of what an incident is about; None: nobody can tell, as of a pooler's limit."""
    if incident.cause == Cause.POOLER_LIMIT:
        return None
    return await look(fleet, incident.server, incident.scope)


async def look_at_each(fleet: Fleet, asked: Iterable[tuple[str, Scope]]) -> list[Seen]:
    """Look at several scopes at once, each given with its server."""
    return list(await asyncio.gather(*(see(fleet, server, scope) for server, scope in asked)))


async def see(fleet: Fleet, server: str, scope: Scope) -> Seen:
    """Look at a scope; a role that is found in lower case is named as the server names it."""
    try:
        facts = await _facts(fleet.choose(server), scope)
    except UnknownServer:
        return Seen(server, scope, None)
    except ServerUnavailable as exc:
        return Seen(server, scope, None, refused=exc.why == "full")
    return Seen(server, replace(scope, name=facts.role.name) if facts.role else scope, facts)


async def _facts(meant: Server, scope: Scope) -> Facts:
    if scope.kind is ScopeKind.ROLE:
        reading = await meant.read(scope.name)
        if reading is None:
            return Facts(await meant.clock(), None)
        strays = len(rank(reading.clients, reading.at))
        return Facts(reading.at, reading.capacity.role, reading.role, strays)
    limits = await meant.limits(scope.name or None)
    if scope.kind is ScopeKind.SERVER:
        return Facts(limits.at, limits.server)
    return Facts(limits.at, limits.databases.get(scope.name))
