"""The one clock of the program; the composition root and the command line read it, everything else takes the time."""

import time
from datetime import UTC, datetime


def clock() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - here and nowhere else


def stopwatch() -> float:
    """Return seconds from no particular beginning, which pass while this process is stopped or its machine sleeps too."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
