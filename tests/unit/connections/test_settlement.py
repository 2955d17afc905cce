"""Which claims nobody will resolve any more."""

from dataclasses import replace
from datetime import timedelta

from bot.connections.settlement import WATCH_LASTS, overdue
from tests.builders import NOON, a_proposal


def test_a_claim_is_overdue_when_its_last_signal_can_no_more_be_watched() -> None:
    claim = replace(a_proposal(), deadline=NOON)

    assert overdue([claim], NOON + WATCH_LASTS) == (claim,)
    assert overdue([claim], NOON + WATCH_LASTS - timedelta(microseconds=1)) == ()
    assert overdue([a_proposal()], NOON + timedelta(days=1)) == ()
