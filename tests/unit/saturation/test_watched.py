"""What was watched, and what the server's own count of ended sessions is worth."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.saturation.watched import GAP, Mark, Span, killed_between, look, mark_of
from bot.servers.samples import Killed, Sample

STARTED = datetime(2026, 11, 1, tzinfo=UTC)
AT = datetime(2026, 11, 16, 12, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_sample(counts: dict[int, Killed] | None = None, postmaster_at: datetime = STARTED) -> Sample:
    return Sample("class", AT, postmaster_at, (), (), {1: Killed(0, None)} if counts is None else counts)


def follow(samples: list[tuple[datetime, Sample]]) -> list[Span]:
    """The spans that a series of samples leaves, by their beginnings, as the store keeps them."""
    spans: dict[datetime, Span] = {}
    last, mark = None, None
    for at, sample in samples:
        looked = look(last, mark, sample, at)
        last, mark = looked.span, mark_of(sample, at)
        spans[last.began_at] = last
    return list(spans.values())


def test_samples_in_a_row_are_one_span_a_quarter_of_an_hour() -> None:
    spans = follow([(AT + n * MINUTE, a_sample()) for n in range(31)])
    assert spans == [
        Span(AT, AT + 13 * MINUTE, 0),
        Span(AT + 13 * MINUTE, AT + 28 * MINUTE, 0),
        Span(AT + 28 * MINUTE, AT + 30 * MINUTE, 0),
    ]


@pytest.mark.parametrize(("pause", "watched"), [(GAP, True), (GAP + timedelta(seconds=1), False)])
def test_a_long_pause_is_a_gap_and_a_short_one_is_none(pause: timedelta, *, watched: bool) -> None:
    spans = follow([(AT, a_sample()), (AT + MINUTE, a_sample()), (AT + MINUTE + pause, a_sample())])
    ends = [AT + MINUTE + pause] if watched else [AT + MINUTE, AT + MINUTE + pause]
    assert [span.ended_at for span in spans] == ends


def test_a_clock_set_back_makes_no_span_that_ends_before_it_begins() -> None:
    spans = follow([(AT + MINUTE, a_sample()), (AT, a_sample())])
    assert all(span.ended_at >= span.began_at for span in spans)


def test_ended_sessions_are_counted_from_sample_to_sample() -> None:
    counts = [3, 3, 5, 6]
    spans = follow([(AT + n * MINUTE, a_sample({1: Killed(count, None)})) for n, count in enumerate(counts)])
    assert spans == [Span(AT, AT + 3 * MINUTE, 3)]


def test_the_time_of_a_restart_is_set_apart() -> None:
    later = STARTED + timedelta(days=15)
    told = [(5, STARTED), (7, STARTED), (0, later), (1, later)]
    spans = follow([(AT + n * MINUTE, a_sample({1: Killed(c, None)}, s)) for n, (c, s) in enumerate(told)])
    assert spans == [
        Span(AT, AT + MINUTE, 2),
        Span(AT + MINUTE, AT + 2 * MINUTE, None),
        Span(AT + 2 * MINUTE, AT + 3 * MINUTE, 1),
    ]


@pytest.mark.parametrize(
    ("before", "after", "killed"),
    [
        ({1: Killed(2, None)}, {1: Killed(4, None)}, 2),
        ({1: Killed(2, STARTED)}, {1: Killed(4, AT)}, None),
        ({1: Killed(2, None)}, {1: Killed(1, None)}, None),
        ({1: Killed(2, None)}, {1: Killed(2, None), 2: Killed(3, None)}, 3),
        ({1: Killed(2, None), 2: Killed(9, None)}, {1: Killed(3, None)}, 1),
    ],
    ids=["counted", "reset", "lost", "a new database", "a dropped database"],
)
def test_what_the_counters_tell(before: dict[int, Killed], after: dict[int, Killed], killed: int | None) -> None:
    assert killed_between(Mark(AT, STARTED, before), a_sample(after)) == killed
