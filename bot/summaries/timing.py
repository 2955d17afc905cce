"""How long things took: of how many, in the middle, and at worst."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, of those `count` for which it came."""

    count: int
    median: timedelta
    worst: timedelta


def times(seconds: Iterable[float | None]) -> Times | None:
    """Work it out; None: it never came. Of an even number the median lies between the two in the middle."""
    took = sorted(max(one, 0.0) for one in seconds if one is not None)
    if not took:
        return None
    middle = (took[(len(took) - 1) // 2] + took[len(took) // 2]) / 2
    return Times(len(took), timedelta(seconds=middle), timedelta(seconds=took[-1]))
