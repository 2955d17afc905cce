"""A week in a few words: how many incidents there were, and whether that is all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.summaries.facts import Watched
from bot.summaries.spans import gaps, watched
from bot.summaries.week import Week


@dataclass(frozen=True, slots=True)
class Outline:
    """What is told of a week beside others; see `Digest` for all of it."""

    week: Week
    incidents: int
    sure: bool
    """The server was watched all the time: there were no more."""
    seen: bool
    """It was watched at all."""


def outline(week: Week, incidents: int, spans: Sequence[Watched], begins: datetime, ends: datetime) -> Outline:
    """Say of a week that is over what its incidents and the times that were watched amount to."""
    return Outline(week, incidents, not gaps(spans, begins, ends), bool(watched(spans, begins, ends)))
