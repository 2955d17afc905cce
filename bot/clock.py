"""The one clock of the program; the composition root and the command line read it, everything else takes the time."""

import time
from datetime import UTC, datetime, timedelta


def clock() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - here and nowhere else


def stopwatch() -> float:
    """Return seconds from no particular beginning, which pass while this process is stopped or its machine sleeps too."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def ahead(at: datetime, asked: datetime, answered: datetime, *, step: timedelta = timedelta(0)) -> timedelta:
    """Say how far another clock is surely ahead of ours: it showed `at`, cut down to a `step`, between two times of ours."""
    if at > answered:
        return at - answered
    return min(at + step - asked, timedelta(0))
