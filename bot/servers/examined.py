"""What one look at a students' server shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import PoolerUnavailable
from bot.servers.counting import ServerSlots
from bot.servers.rights import RightsFacts


@dataclass(frozen=True, slots=True)
class Target:
    """Where a DSN leads, as far as it says itself or libpq's variables do; '' where a service file says it."""

    host: str = ""
    port: str = ""
    user: str = ""
    database: str = ""
    service: str = ""
    holds_password: bool = False


@dataclass(frozen=True, slots=True)
class ConsoleSeen:
    """What the admin console of a server's PgBouncer says; `failure` None when it could be asked."""

    target: Target
    version: str = ""
    """Such as 1.25.2; '' where it is not told."""
    elsewhere: int = 0
    """Databases that lead to another server than this."""
    fault: str = ""
    """What is wrong with its DSN, a whole sentence."""
    failure: PoolerUnavailable | None = None


@dataclass(frozen=True, slots=True)
class Preset:
    """A setting that the server gives the bot's sessions: `level` is role or database, `pinned` that ours outranks it."""

    level: str
    name: str
    value: str
    pinned: bool


@dataclass(frozen=True, slots=True)
class Examined:
    """What a server says of itself and of the bot's role."""

    version: str
    rights: RightsFacts
    slots: ServerSlots
    used: int
    """Client backends; where they cannot be told apart for want of rights, the few workers with a database too."""
    role_used: int
    """The bot's other sessions: those of a running `serve`."""
    students: int
    """Roles that can log in and are students'."""
    off: timedelta
    """Its clock, seen from this machine's."""
    identity: tuple[int, datetime]
    """The cluster's number and when it was started: the same for every door to the same server, and for no other."""
    standby: bool
    tracks: bool
    language: str
    in_the_clear: bool
    """Sessions come over a network without TLS."""
    valid_until: datetime | None
    attributes: tuple[str, ...]
    presets: tuple[Preset, ...]
