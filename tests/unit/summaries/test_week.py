"""ISO weeks in a zone with summer time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.summaries.week import Week, last_whole, newest_due, read_week, week_of

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("week", "begins", "hours"),
    [
        (Week(2026, 47), "2026-11-16T05:00+00:00", 168),
        # Summer time ends on 1 November, a Sunday, and begins on 8 March.
        (Week(2026, 44), "2026-10-26T04:00+00:00", 169),
        (Week(2026, 10), "2026-03-02T05:00+00:00", 167),
        # The year 2026 has 53 weeks; the last ends in the next one.
        (Week(2026, 53), "2026-12-28T05:00+00:00", 168),
    ],
)
def test_a_week_has_the_hours_that_its_people_have(week: Week, begins: str, hours: int) -> None:
    assert week.begins(NEW_YORK) == at(begins)
    assert week.ends(NEW_YORK) - week.begins(NEW_YORK) == timedelta(hours=hours)
    assert week.after().begins(NEW_YORK) == week.ends(NEW_YORK)


def test_weeks_follow_each_other_over_the_year() -> None:
    assert Week(2026, 53).after() == Week(2027, 1)
    assert Week(2027, 1).after(-1) == Week(2026, 53)
    assert week_of(at("2027-01-03T23:30-05:00"), NEW_YORK) == Week(2026, 53)
    assert week_of(at("2027-01-03T23:30-05:00"), BERLIN) == Week(2027, 1)


@pytest.mark.parametrize(
    ("typed", "week"),
    [
        ("2026-W47", Week(2026, 47)),
        ("2026w7", Week(2026, 7)),
        (" 2026-W53 ", Week(2026, 53)),
        ("2025-W53", None),
        ("2026-W00", None),
        ("2026-47", None),
        ("0000-W01", None),
        ("0001-W01", None),
        ("9999-W52", None),
        ("2026-W54", None),
        ("last week", None),
    ],
)
def test_a_week_is_read_as_people_write_it(typed: str, week: Week | None) -> None:
    assert read_week(typed) == week


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T07:59-05:00", Week(2026, 46)),
        ("2026-11-23T08:00-05:00", Week(2026, 47)),
        ("2026-11-29T23:59-05:00", Week(2026, 47)),
        ("2026-11-30T00:01-05:00", Week(2026, 47)),
        ("2026-11-30T08:00-05:00", Week(2026, 48)),
    ],
)
def test_a_week_is_due_on_its_day_and_hour(now: str, due: Week) -> None:
    assert newest_due(at(now), 0, 8, NEW_YORK) == due
    assert last_whole(at(now), NEW_YORK) in (due, due.after())


def test_an_hour_that_a_day_lacks_or_has_twice_comes_once() -> None:
    # On 8 March 2026 there is no 2:30 in New York, and on 1 November there are two of 1 o'clock.
    assert Week(2026, 9).told_at(6, 2, NEW_YORK) == at("2026-03-08T03:00-04:00")
    assert Week(2026, 43).told_at(6, 1, NEW_YORK) == at("2026-11-01T01:00-04:00")
    due = [newest_due(at("2026-11-01T00:00-04:00") + timedelta(minutes=n), 6, 1, NEW_YORK) for n in range(300)]
    assert due == [Week(2026, 42)] * 60 + [Week(2026, 43)] * 240
