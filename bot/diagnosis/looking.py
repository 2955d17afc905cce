"""Where the facts of an incident's scope come from."""

from bot.diagnosis.facts import Facts
from bot.errors import ServerUnavailable, UnknownServer
from bot.incidents.incident import Scope, ScopeKind
from bot.servers.fleet import Fleet
from bot.servers.strays import rank


async def look(fleet: Fleet, server: str, scope: Scope) -> Facts | None:
    """Read the facts of a scope, in a read that begins after this call; None: the server cannot be asked now."""
    try:
        meant = fleet.choose(server)
        if scope.kind is ScopeKind.ROLE:
            reading = await meant.read(scope.name)
            if reading is None:
                return Facts(await meant.clock(), None)
            strays = len(rank(reading.clients, reading.at))
            return Facts(reading.at, reading.capacity.role, reading.role, strays)
        limits = await meant.limits(scope.name or None)
    except (ServerUnavailable, UnknownServer):
        return None
    if scope.kind is ScopeKind.SERVER:
        return Facts(limits.at, limits.server)
    return Facts(limits.at, limits.databases.get(scope.name))
