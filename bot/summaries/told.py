"""What is told of a week: its figures, what would help, and the weeks that nobody was told of."""

from dataclasses import dataclass

from bot.summaries.changes import Change, changes
from bot.summaries.digest import Digest, digest
from bot.summaries.facts import Facts


@dataclass(frozen=True, slots=True)
class Told:
    """One week, and those before it that were missed, the oldest first."""

    digest: Digest
    changes: tuple[Change, ...]
    missed: tuple[Digest, ...] = ()
    further: int = 0
    """Weeks before those, which were missed too."""
    unseen: int = 0
    """Weeks that were missed, in which nobody watched and nothing was reported."""


def tell(facts: Facts, *missed: Facts) -> Told:
    """Work out what is told."""
    week = digest(facts)
    return Told(week, changes(week), tuple(digest(one) for one in missed))
