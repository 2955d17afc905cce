"""Decides for how long a server was watched without a gap, and how many sessions operators ended meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.servers.samples import Killed, Sample

GAP = timedelta(minutes=5)
"""So long without a sample, nobody knows what was."""
QUARTER = timedelta(minutes=15)
"""No span goes on over a quarter's end: weeks begin and end there in every time zone."""
LONGEST = QUARTER + GAP
"""No span is longer: it ends with the first sample after that."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a server's counters were at its last sample; `at` by the own database's clock."""

    at: datetime
    postmaster_at: datetime
    killed: Mapping[int, Killed]


@dataclass(frozen=True, slots=True)
class Span:
    """A server was watched from `began_at` to `ended_at`; `killed` None: the server's count of that time is no use."""

    began_at: datetime
    ended_at: datetime
    killed: int | None = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """What a sample adds: the span it ends, new or longer than it was, and the seconds since the sample before it."""

    span: Span
    seconds: float


def mark_of(sample: Sample, at: datetime) -> Mark:
    """What the next sample is compared with."""
    return Mark(at, sample.postmaster_at, sample.killed)


def look(last: Span | None, mark: Mark | None, sample: Sample, at: datetime) -> Looked:
    """Decide which span the sample taken at `at` belongs to, after `last`, the newest span of its server."""
    if last is None or mark is None or not timedelta(0) <= at - last.ended_at <= GAP:
        return Looked(Span(at, at), 0.0)
    killed = killed_between(mark, sample)
    seconds = (at - last.ended_at).total_seconds()
    if last.began_at == last.ended_at:
        return Looked(Span(last.began_at, at, killed), seconds)
    if (last.killed is None) is (killed is None) and _quarter(last.ended_at) == _quarter(at):
        more = None if killed is None else (last.killed or 0) + killed
        return Looked(replace(last, ended_at=at, killed=more), seconds)
    return Looked(Span(last.ended_at, at, killed), seconds)


def killed_between(mark: Mark, sample: Sample) -> int | None:
    """How many sessions operators ended since; None: the server was started or its statistics reset in between."""
    if mark.postmaster_at != sample.postmaster_at:
        return None
    total = 0
    for oid, now in sample.killed.items():
        before = mark.killed.get(oid, Killed(0, now.reset_at))
        if before.reset_at != now.reset_at or now.count < before.count:
            return None
        total += now.count - before.count
    return total


def _quarter(at: datetime) -> int:
    return int(at.timestamp() // QUARTER.total_seconds())
