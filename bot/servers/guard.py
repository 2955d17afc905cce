"""What became of the guard, the function on the server by which alone a bot with least rights ends sessions."""

from dataclasses import dataclass
from enum import StrEnum


class GuardStanding(StrEnum):
    """Whether sessions are signalled through the guard."""

    ABSENT = "absent"
    STANDING = "standing"
    OUTDATED = "outdated"
    """Ours but for its lists of students or services; used, because what it lets be ended is asked of the configuration, too."""
    CHANGED = "changed"
    """There, but not as our script makes it; not used."""


@dataclass(frozen=True, slots=True)
class GuardState:
    """The guard as it was last found; `differs` says in words in what it is not as our script makes it.

    Of one that is outdated: students, services; of a changed one: source, settings, owner, grants, schema, rights (of the
    guard role), members (of it), execute (it is not for us).
    """

    standing: GuardStanding
    differs: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Sessions are signalled through it."""
        return self.standing in (GuardStanding.STANDING, GuardStanding.OUTDATED)


ABSENT = GuardState(GuardStanding.ABSENT)
