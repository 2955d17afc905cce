"""Decides what is left of samples: a minute's for two days, ten minutes' for five weeks, then an hour's for a year.

Of each limit the highest use stays, with the limit it was against and its moment; of programs the highest counts, and the
sums that averages are made of.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeVar

from bot.servers.capacity import Limit
from bot.servers.samples import Crowd, Sample

MINUTE, TEN_MINUTES, HOUR = 60, 600, 3600
"""Seconds that a kept row stands for."""
THINNED = (
    (MINUTE, TEN_MINUTES, timedelta(hours=48)),
    (TEN_MINUTES, HOUR, timedelta(weeks=5)),
)
"""Rows of the first width become rows of the second when they are so old."""
KEPT_FOR = timedelta(days=366)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest use of one limit within `width` seconds from `at`."""

    width: int
    at: datetime
    kind: str
    name: str
    used: int
    slots: int | None
    reached_at: datetime

    @property
    def key(self) -> Hashable:
        """What it is the peak of."""
        return self.width, self.at, self.kind, self.name

    @property
    def pressure(self) -> tuple[float, int]:
        """By what peaks are compared: the share of the limit, then the number."""
        share = 0.0 if self.slots is None else self.used / self.slots if self.slots else 1.0
        return share, self.used


@dataclass(frozen=True, slots=True)
class Use:
    """The connections of one program from one network within `width` seconds from `at`."""

    width: int
    at: datetime
    program: str
    place: str
    service: bool
    roles: int
    used: int
    idle: int | None
    used_seconds: float
    idle_seconds: float
    stale_seconds: float

    @property
    def key(self) -> Hashable:
        """What it is the use of."""
        return self.width, self.at, self.program, self.place, self.service


def kept(sample: Sample, at: datetime, seconds: float) -> tuple[list[Peak], list[Use]]:
    """What is kept of a sample taken at `at` that stands for the `seconds` before it."""
    begin = floor(at, MINUTE)
    return [_peak(limit, begin, at) for limit in sample.limits], [_use(one, begin, seconds) for one in sample.crowds]


def merged_peaks(peaks: Iterable[Peak]) -> list[Peak]:
    """Leave the highest of each, the first of those that are as high."""
    return _merged(peaks, lambda peak: peak.key, lambda a, b: max((a, b), key=_height))


def merged_uses(uses: Iterable[Use]) -> list[Use]:
    """Make one of those of one program, network and time."""
    return _merged(uses, lambda use: use.key, _both)


def floor(at: datetime, width: int, zone: tzinfo = UTC) -> datetime:
    """The beginning of the `width` seconds that `at` falls into by the clocks of `zone`, UTC.

    So no hour belongs to two weeks where clocks are half an hour off.
    """
    offset = at.astimezone(zone).utcoffset() or timedelta(0)
    seconds = int((at + offset).timestamp())
    return datetime.fromtimestamp(seconds - seconds % width, UTC) - offset


def _merged(rows: Iterable[T], key: Callable[[T], Hashable], both: Callable[[T, T], T]) -> list[T]:
    found: dict[Hashable, T] = {}
    for row in rows:
        known = found.get(key(row))
        found[key(row)] = row if known is None else both(known, row)
    return [*found.values()]


def _height(peak: Peak) -> tuple[float, int, float]:
    return (*peak.pressure, -peak.reached_at.timestamp())


def _both(one: Use, other: Use) -> Use:
    known = [idle for idle in (one.idle, other.idle) if idle is not None]
    return replace(
        one,
        roles=max(one.roles, other.roles),
        used=max(one.used, other.used),
        idle=max(known, default=None),
        used_seconds=one.used_seconds + other.used_seconds,
        idle_seconds=one.idle_seconds + other.idle_seconds,
        stale_seconds=one.stale_seconds + other.stale_seconds,
    )


def _peak(limit: Limit, begin: datetime, at: datetime) -> Peak:
    return Peak(MINUTE, begin, str(limit.kind), limit.name, limit.used, limit.limit, at)


def _use(crowd: Crowd, begin: datetime, seconds: float) -> Use:
    return Use(
        width=MINUTE,
        at=begin,
        program=crowd.program,
        place=crowd.place,
        service=crowd.service,
        roles=crowd.roles,
        used=crowd.used,
        idle=crowd.idle,
        used_seconds=crowd.used * seconds,
        idle_seconds=(crowd.idle or 0) * seconds,
        stale_seconds=(crowd.stale or 0) * seconds,
    )
