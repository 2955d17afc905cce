"""Clocks: two seconds are nothing, a minute is a fault, and whose it is is said as far as it can be told."""

from datetime import timedelta

import pytest

from bot.doctor.clocks import SLACK, judge, of_server
from bot.doctor.finding import Level

CLASS, LAB = of_server("class"), of_server("lab")


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0, Level.FINE),
        (2, Level.FINE),
        (-2, Level.FINE),
        (2.1, Level.WARNING),
        (-60, Level.WARNING),
        (60.1, Level.FAULT),
    ],
)
def test_how_far_is_too_far(seconds: float, level: Level) -> None:
    (found,) = judge({CLASS: timedelta(seconds=seconds)}, over_http=False).findings

    assert found.level is level


def test_those_that_agree_are_told_in_one_line_and_the_others_one_by_one() -> None:
    agree, far = judge({SLACK: timedelta(0), CLASS: timedelta(hours=-1), LAB: timedelta(0)}, over_http=False).findings

    assert agree.what == "Slack's clock and the clock of server lab agree with this machine's clock to 2 s."
    assert far.what == "The clock of server class is 1 h behind this machine's clock."
    assert "Let the one that is wrong be set over the network" in far.mend


def test_where_none_agrees_it_is_this_machine_s() -> None:
    for found in judge({SLACK: timedelta(minutes=2), CLASS: timedelta(minutes=2)}, over_http=False).findings:
        assert "this machine's that is wrong; let it be set over the network" in found.mend


@pytest.mark.parametrize(("minutes", "over_http", "refused"), [(6, True, True), (4, True, False), (6, False, False)])
def test_slack_s_signatures_live_five_minutes(minutes: int, over_http: bool, refused: bool) -> None:  # noqa: FBT001
    (found,) = judge({SLACK: timedelta(minutes=minutes)}, over_http=over_http).findings

    assert ("refused now" in found.mend) is refused


def test_where_nothing_answers_nothing_is_claimed() -> None:
    (found,) = judge({}, over_http=False).findings

    assert found.level is Level.NOTE
