"""Asks a server everything once about nobody, when its connection has been opened."""

from datetime import UTC, datetime

from bot.servers.backend import BackendId, BackendState
from bot.servers.opening import Connection
from bot.servers.server import Target
from bot.servers.way import Way


async def rehearse(server: str, way: Way, connection: Connection) -> None:
    """Have the server plan what it will be asked, about nobody, so that no person waits for that later."""
    nobody = _nobody(server)
    await way.read(connection, [nobody.role])
    await way.roles(connection, [nobody.role])
    await way.signal(connection, {nobody.id: nobody}, nobody.id.started_at)
    await way.cancel(connection, {nobody.id: nobody}, nobody.id.started_at)
    await way.there(connection, [nobody.id])
    await way.running(connection, [nobody])


def _nobody(server: str) -> Target:
    """A session there never was: no process has pid 0, and no role has no name."""
    nowhere = BackendId(server, 0, datetime.fromtimestamp(0, UTC), 0)
    return Target(nowhere, "", None, "", None, BackendState.IDLE, None, None, has_written=False, query_started_at=None)
