"""What the configuration says of one server."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One `[servers.NAME]` of connbot.toml, as it stands there; the DSN stays out of its repr."""

    name: str
    dsn: str = field(repr=False)
    hosts: tuple[str, ...] = ()
    """Names by which students know it."""
    students: tuple[str, ...] = ()
    """Roles whose members can be terminated."""
    services: tuple[str, ...] = ()
    """Service accounts: shown, never terminated."""
    ask: str | None = None
    """Whom to ask about those."""
    poolers: tuple[str, ...] = ()
    """Addresses and networks of poolers, and `local` for one that comes over a Unix socket."""
    pgbouncer: str | None = field(default=None, repr=False)
    """Its admin console's DSN."""
    cpus: int | None = None
    databases: tuple[str, ...] = ()
    """Databases that students usually log in to: their limits count for a role that has no connection there yet, too."""
