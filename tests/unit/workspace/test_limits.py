"""Rate limits and ordered faults."""

from datetime import timedelta

from bot.workspace.calls import Tier
from bot.workspace.limits import UNLIMITED, Fault, Faults, Limits, RateLimits
from tests.workspaces import Clock


def test_a_channel_takes_a_burst_then_one_post_a_second() -> None:
    clock = Clock()
    rates = RateLimits(Limits(posts_per_second=1, burst=3), clock)
    assert [rates.wait_for_post("A1", "C1") for _ in range(4)] == [None, None, None, 1]
    assert rates.wait_for_post("A1", "C2") is None
    clock.move(timedelta(seconds=1))
    assert [rates.wait_for_post("A1", "C1") for _ in range(2)] == [None, 1]


def test_a_method_takes_its_tier_a_minute_for_each_app() -> None:
    clock = Clock()
    rates = RateLimits(Limits(), clock)
    answers = [rates.wait_for_call("A1", "users.list", Tier.TWO) for _ in range(21)]
    assert answers == [None] * 20 + [3]
    assert rates.wait_for_call("A2", "users.list", Tier.TWO) is None
    clock.move(timedelta(seconds=3))
    assert rates.wait_for_call("A1", "users.list", Tier.TWO) is None


def test_the_lowest_tier_takes_a_small_burst() -> None:
    clock = Clock()
    rates = RateLimits(Limits(tier_burst=2), clock)
    assert [rates.wait_for_call("A1", "apps.connections.open", Tier.ONE) for _ in range(3)] == [None, None, 60]


def test_without_limits_nothing_waits() -> None:
    rates = RateLimits(UNLIMITED, Clock())
    assert {rates.wait_for_post("A1", "C1") for _ in range(1000)} == {None}


def test_faults_come_in_order_and_end() -> None:
    faults = Faults()
    faults.order("chat.update", Fault(status=429, retry_after=7), times=2)
    faults.order("chat.update", Fault(status=500))
    taken = [faults.take("chat.update") for _ in range(4)]
    assert [fault.status if fault else None for fault in taken] == [429, 429, 500, None]
    assert faults.take("chat.delete") is None
