"""What `/conns` asks and answers, as values."""

from dataclasses import dataclass

from bot.access.member import Right
from bot.errors import PoolerUnavailable, ServerUnavailable
from bot.servers.backend import Backend
from bot.servers.pooled import PooledReading
from bot.servers.server import Reading
from bot.servers.strays import Stray


@dataclass(frozen=True, slots=True)
class ListRequest:
    """`/conns [ROLE] [on SERVER]`; `role` None: the roles one owns; `owner`: the roles that this member owns."""

    role: str | None = None
    server: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class RoleListing:
    """One role as shown to one person."""

    reading: Reading
    strays: tuple[Stray, ...]
    others: tuple[Backend, ...]
    """The client backends that are no strays; oldest first."""
    right: Right
    ask: str | None = None
    """Whom to ask about service accounts of this server."""
    pooled: PooledReading | PoolerUnavailable | None = None
    """The role's clients at the server's pooler, or why they are not told; None: no console is configured."""
    owners: tuple[str, ...] = ()
    """The other owners, where its reader is one of several: then it is shown without addresses."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The answer to `/conns`: one entry a role, and the servers that did not answer."""

    roles: tuple[RoleListing, ...]
    unavailable: tuple[ServerUnavailable, ...] = ()
