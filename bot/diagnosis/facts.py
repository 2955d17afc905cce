"""What a server says of an incident's scope: whether it is full, and what lies about in it."""

from dataclasses import dataclass
from datetime import datetime

from bot.servers.capacity import Limit
from bot.servers.server import Role


@dataclass(frozen=True, slots=True)
class Facts:
    """One scope of one server at `at`, the server's clock; `limit` None: there is no such role or database there."""

    at: datetime
    limit: Limit | None
    role: Role | None = None
    """Of a role's scope: the role as it is now."""
    strays: int = 0
    """Of a role's scope: connections that nobody seems to use."""

    @property
    def full(self) -> bool:
        """Nobody more gets in."""
        return self.limit is not None and self.limit.full
