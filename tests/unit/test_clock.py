"""How far another clock is ahead, whatever the asking took."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import ahead

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(("shown", "off"), [(0, 0), (1.5, 0), (3, 0), (4, 1), (-1, -1), (63, 60)])
def test_only_what_the_asking_cannot_explain_counts(shown: float, off: float) -> None:
    assert ahead(NOON + seconds(shown), NOON, NOON + seconds(3)) == seconds(off)


@pytest.mark.parametrize(("shown", "off"), [(0, 0), (-1, 0), (-1.5, -0.5), (1, 1)])
def test_a_clock_that_shows_whole_seconds_may_be_that_much_further(shown: float, off: float) -> None:
    assert ahead(NOON + seconds(shown), NOON, NOON, step=seconds(1)) == seconds(off)
