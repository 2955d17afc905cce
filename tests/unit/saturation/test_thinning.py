"""Thinned, a peak stays what it was, and averages come to the same."""

from datetime import UTC, datetime, timedelta

from bot.saturation.thinning import HOUR, MINUTE, Peak, Use, floor, kept, merged_peaks, merged_uses
from bot.servers.capacity import Limit, LimitKind
from bot.servers.samples import Crowd, Sample

AT = datetime(2026, 11, 16, 12, 0, 30, tzinfo=UTC)
NOON = AT.replace(second=0)


def a_peak(used: int, slots: int | None, minute: int = 0) -> Peak:
    at = NOON + timedelta(minutes=minute)
    return Peak(HOUR, NOON, "role", "ann", used, slots, at)


def a_use(used: int, idle: int | None, seconds: float, roles: int = 1) -> Use:
    return Use(HOUR, NOON, "job", "", False, roles, used, idle, used * seconds, (idle or 0) * seconds, 0.0)


def test_the_highest_share_of_a_limit_stays_with_its_limit_and_moment() -> None:
    # A limit was raised: 5 of 5 is more than 8 of 10.
    assert merged_peaks([a_peak(8, 10, 3), a_peak(5, 5, 1), a_peak(5, 5, 2)]) == [a_peak(5, 5, 1)]
    assert merged_peaks([a_peak(8, None, 3), a_peak(9, None, 1)]) == [a_peak(9, None, 1)]
    assert merged_peaks([a_peak(8, 10), a_peak(1, 0)]) == [a_peak(1, 0)]


def test_in_whichever_steps_it_is_thinned_the_peak_is_the_same() -> None:
    peaks = [a_peak(minute * 7 % 10, (5, 9, None)[minute % 3], minute) for minute in range(60)]
    at_once = merged_peaks(peaks)
    by_tens = merged_peaks([one for begin in range(0, 60, 10) for one in merged_peaks(peaks[begin : begin + 10])])
    assert at_once == by_tens


def test_of_programs_the_highest_counts_and_the_sums_stay() -> None:
    (both,) = merged_uses([a_use(3, 2, 60, roles=2), a_use(5, 1, 30), a_use(1, None, 60)])
    assert (both.used, both.idle, both.roles) == (5, 2, 2)
    assert (both.used_seconds, both.idle_seconds) == (3 * 60 + 5 * 30 + 60, 2 * 60 + 30)
    assert merged_uses([a_use(1, None, 60)])[0].idle is None


def test_a_sample_stands_for_the_time_before_it() -> None:
    crowd = Crowd("job", "10.0.0.0/24", True, roles=2, used=4, idle=3, stale=1)
    limit = Limit(LimitKind.SERVER, "class", 7, 97)
    peaks, uses = kept(Sample("class", AT, AT, (limit,), (crowd,), {}), AT, 45.0)
    assert peaks == [Peak(MINUTE, NOON, "server", "class", 7, 97, AT)]
    assert uses == [Use(MINUTE, NOON, "job", "10.0.0.0/24", True, 2, 4, 3, 180.0, 135.0, 45.0)]


def test_times_begin_at_the_same_moments_for_everybody() -> None:
    assert floor(AT + timedelta(minutes=59), HOUR) == NOON
    assert floor(NOON, HOUR) == NOON
