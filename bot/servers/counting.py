"""The limits a login meets, counted as the server counts them: regular client backends and nothing else."""

from dataclasses import dataclass

from bot.servers.capacity import Limit, LimitKind

NO_LIMIT = -1
INVALID_DATABASE = -2
SHOWS_LOGINS = 180000
"""From this version a connection that still authenticates has a row (state `starting`)."""


@dataclass(frozen=True, slots=True)
class ServerSlots:
    """The settings that divide a server's slots; those it does not know are 0."""

    max_connections: int
    superuser_reserved: int = 0
    reserved: int = 0
    """`reserved_connections`, from PostgreSQL 16 on."""
    provider_reserved: int = 0
    """`rds.rds_superuser_reserved_connections`."""

    @property
    def ordinary(self) -> int:
        """The slots that roles without a right to reserved ones share."""
        return max(self.max_connections - self.superuser_reserved - self.reserved - self.provider_reserved, 0)


def role_limit(name: str, used: int, setting: int) -> Limit:
    """A role's limit from `rolconnlimit`; it counts logins after their password was checked, so nothing hides from it."""
    return Limit(LimitKind.ROLE, name, used, None if setting == NO_LIMIT else setting)


def database_limit(name: str, used: int, setting: int) -> Limit:
    """A database's limit from `datconnlimit`; a broken one (-2) has none: it refuses everybody for another reason."""
    return Limit(LimitKind.DATABASE, name, used, None if setting in (NO_LIMIT, INVALID_DATABASE) else setting)


def server_limit(
    name: str, used: int, slots: ServerSlots, version: int, *, starting: int = 0, all_slots: bool = False
) -> Limit:
    """The server's ordinary slots, or for a superuser `all_slots`; `used` counts every client backend, as the server does.

    Those in reserved slots count too. A connection that still authenticates holds a slot of the server (of no role and no
    database yet): before PostgreSQL 18 no view shows it, so the count is a lower bound there; from then on they are `starting`.
    One for which there is no slot is about to be refused, so they count up to the limit and not beyond.
    """
    limit = slots.max_connections if all_slots else slots.ordinary
    used = max(used, min(used + starting, limit))
    return Limit(LimitKind.SERVER, name, used, limit, at_least=version < SHOWS_LOGINS)
