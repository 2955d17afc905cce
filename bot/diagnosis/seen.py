"""What one server says of what a report may be about, and whose it is."""

from dataclasses import dataclass

from bot.access.member import Owner, Standing
from bot.diagnosis.facts import Facts
from bot.incidents.incident import Scope


@dataclass(frozen=True, slots=True)
class Seen:
    """A scope of one server, by the name that the server has for it; `facts` None: the server cannot be asked."""

    server: str
    scope: Scope
    facts: Facts | None
    refused: bool = False
    """It has no slot for the bot either."""

    @property
    def there(self) -> bool:
        """There surely is such a role or database, or the server itself."""
        return self.facts is not None and self.facts.limit is not None

    @property
    def full(self) -> bool:
        """Nobody more gets in, as far as anybody can tell."""
        return self.refused if self.facts is None else self.facts.full


def owns(standing: Standing, seen: Seen) -> bool:
    """Whether a role that was seen is the person's: a link to an earlier role of its name is none."""
    role = seen.facts.role if seen.facts else None
    return role is not None and any(link.role_oid == role.oid for link in _links(standing, seen.server, role.name))


def owns_by_name(standing: Standing, seen: Seen) -> bool:
    """Whether a role of a server that cannot be asked would be the person's, if it still is the one that was linked."""
    return seen.facts is None and bool(_links(standing, seen.server, seen.scope.name))


def _links(standing: Standing, server: str, role: str) -> list[Owner]:
    return [link for link in standing.owned if (link.server, link.role) == (server, role)]
