"""Which claims nobody will resolve any more."""

from dataclasses import replace
from datetime import timedelta

from bot.connections.settlement import LOST_AFTER, lost, overdue
from bot.incidents.proposal import USUAL, Waits
from tests.builders import NOON, a_proposal

MOMENT = timedelta(microseconds=1)


def test_a_claim_is_overdue_when_its_last_signal_can_no_more_be_watched() -> None:
    claim = replace(a_proposal(), deadline=NOON)

    assert overdue([claim], NOON + USUAL.watch_lasts) == (claim,)
    assert overdue([claim], NOON + USUAL.watch_lasts - MOMENT) == ()
    assert overdue([a_proposal()], NOON + timedelta(days=1)) == ()
    assert overdue([claim], NOON, Waits(watch_lasts=timedelta(0))) == (claim,)


def test_a_claim_is_lost_when_its_server_was_away_for_a_day() -> None:
    claim = replace(a_proposal(), claimed_at=NOON)

    assert lost([claim, a_proposal()], NOON + LOST_AFTER) == (claim,)
    assert lost([claim], NOON + LOST_AFTER - MOMENT) == ()
