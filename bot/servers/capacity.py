"""Limits as the server counts them, and the one that bites."""

from dataclasses import dataclass
from enum import StrEnum


class LimitKind(StrEnum):
    """What a limit belongs to."""

    ROLE = "role"
    DATABASE = "database"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Limit:
    """Slots used of a role's, a database's or the server's; `limit` None means no limit of its own."""

    kind: LimitKind
    name: str
    used: int
    limit: int | None
    at_least: bool = False
    """Logins in progress may hold further slots that no view shows (before PostgreSQL 18)."""
    at_most: bool = False
    """Helper processes of the server, which take no slot, may be among them: it does not tell them apart for us."""

    @property
    def left(self) -> int | None:
        """Slots still free, never below 0; None without a limit."""
        return None if self.limit is None else max(self.limit - self.used, 0)

    @property
    def full(self) -> bool:
        """Nobody more gets in under this limit."""
        return self.left == 0

    @property
    def must_end(self) -> int | None:
        """How many must end before one more gets in: 0 while there is room, None where none ever does (a limit of 0).

        More than one where a limit was lowered, and on a server into which some came through reserved slots: the server
        counts those too, so ending one of them, or of the others, frees nothing for anybody without a right to the reserve.
        """
        if not self.full:
            return 0
        return self.used - self.limit + 1 if self.limit else None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The limits that a further login of one role meets."""

    role: Limit
    databases: tuple[Limit, ...]
    """Of the databases in which the role has connections now, and of those named as usual ones."""
    server: Limit
    """Ordinary slots: `max_connections` less the reserved ones; for a superuser all of them."""
    role_exempt: bool = False
    """Superusers are not held by role or database limits."""

    def biting(self) -> Limit | None:
        """The limit that refuses the next login: the role's before a database's before the server's; None if all have room."""
        if not self.role_exempt:
            for limit in (self.role, *self.databases):
                if limit.full:
                    return limit
        return self.server if self.server.full else None
