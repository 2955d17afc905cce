"""Asking a server where the guard's script is to be run, or saying it without the server."""

from dataclasses import dataclass
from functools import partial

from psycopg.pq import PGconn

from bot.errors import ServerUnavailable
from bot.servers import opening
from bot.servers.guard_script import Place
from bot.servers.rights import RightsFacts
from bot.servers.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the bot logs in, and what it finds there; `failure` says why the server could not be asked."""

    place: Place
    facts: RightsFacts | None = None
    failure: ServerUnavailable | None = None


async def ask(settings: ServerSettings, *, within: float = opening.LOOK_WITHIN) -> Asked:
    """Ask the server as the bot would; where that fails, which it does before the bot has its role, say it from the DSN."""
    try:
        facts = await opening.visit(settings, partial(opening.settle_in, settings=settings), within=within)
    except ServerUnavailable as failure:
        return Asked(_named(settings), failure=failure)
    return Asked(Place(facts.role, facts.database, facts.version, facts.students), facts)


def _named(settings: ServerSettings) -> Place:
    """Role and database as libpq reads them from the DSN, the environment and the service file; '' for what none of them says."""
    connection = PGconn.connect_start(settings.dsn.encode())
    try:
        return Place(connection.user.decode("utf-8", "replace"), connection.db.decode("utf-8", "replace"))
    finally:
        connection.finish()
