"""Decides from the times that a server was watched for how long that was, where the gaps are, and what others ended."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from bot.summaries.facts import Facts, Watched

NOTICED = timedelta(minutes=5)
"""A shorter time without a sample is no gap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time that nobody watched."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Others:
    """Sessions that operators ended and the bot did not, as far as the server's own count serves."""

    ended: int
    sure: bool
    """The count serves for all that was watched."""


def watched(spans: Sequence[Watched], begins: datetime, ends: datetime) -> timedelta:
    """For how long somebody looked between two moments."""
    return sum((end - begin for begin, end in _clipped(spans, begins, ends)), timedelta(0))


def gaps(spans: Sequence[Watched], begins: datetime, ends: datetime) -> tuple[Gap, ...]:
    """Find the times between two moments in which nobody looked for longer than `NOTICED`."""
    found, at = [], begins
    for begin, end in [*_clipped(spans, begins, ends), (ends, ends)]:
        if begin - at > NOTICED:
            found.append(Gap(at, begin))
        at = max(at, end)
    return tuple(found)


def _clipped(spans: Sequence[Watched], begins: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of the spans that lie between, in order and none twice."""
    parts, at = [], begins
    for span in sorted(spans, key=lambda one: (one.began_at, one.ended_at)):
        begin, end = max(span.began_at, at), min(span.ended_at, ends)
        if begin <= end:
            parts.append((begin, end))
            at = end
    return parts


def others(facts: Facts) -> Others | None:
    """Work out what the server counts beyond the bot's own, over the spans that end in the week; None: it counts nowhere."""
    here = [one for one in facts.spans if one.ended_at > one.began_at and facts.begins < one.ended_at <= facts.ends]
    known = sorted((one.began_at, one.ended_at, one.killed) for one in here if one.killed is not None)
    if not known:
        return None
    # Spans meet: what ended at that very moment counts once.
    begins, reach = [begin for begin, _, _ in known], [*accumulate((end for _, end, _ in known), max)]
    at_or_before = [(at, bisect_right(begins, at)) for at in facts.own_ends]
    own = sum(1 for at, count in at_or_before if count and at <= reach[count - 1])
    return Others(max(sum(killed for _, _, killed in known) - own, 0), len(known) == len(here))
