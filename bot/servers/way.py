"""How the sessions of one server are seen and signalled, by the rights that the bot has there."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.servers.backend import BackendId
from bot.servers.opening import Connection
from bot.servers.server import Limits, Reading, RoleNow, Target


class Way(Protocol):
    """What is done on the one connection; each method raises `psycopg.Error` and `ServerUnavailable`."""

    async def read(self, connection: Connection, names: Sequence[str]) -> dict[str, Reading]:
        """Read roles by name, each exactly or else folded to lower case; unknown ones are left out."""

    async def roles(self, connection: Connection, names: Sequence[str]) -> dict[str, RoleNow]:
        """Read roles alone by name, each exactly or else folded to lower case; unknown ones are left out."""

    async def limits(self, connection: Connection, databases: Sequence[str]) -> Limits:
        """Read the server's own limit, and those of databases by name; unknown ones are left out."""

    async def signal(
        self, connection: Connection, targets: Mapping[BackendId, Target], before: datetime
    ) -> dict[BackendId, str]:
        """Signal those targets that are still what was shown, if the server's clock is before `before`.

        The answer for each is a word: gone, late, changed, hidden, no_right, not_signalled, signalled, or what it is refused for.
        """

    async def cancel(
        self, connection: Connection, targets: Mapping[BackendId, Target], before: datetime
    ) -> dict[BackendId, str]:
        """Cancel the queries of those targets that still run the one that was shown; answers as `signal`, or over: it has ended."""

    async def running(self, connection: Connection, targets: Collection[Target]) -> set[BackendId]:
        """Return those that still run the query that was shown."""

    async def there(self, connection: Connection, ids: Collection[BackendId]) -> set[BackendId]:
        """Return those of these sessions that exist now."""
