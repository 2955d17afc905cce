"""What staff are told of the end of a term."""

from datetime import date

import pytest

from bot.access.member import Lapsing
from bot.slack.blocks import term
from bot.slack.commands import CommandNames
from tests.block_rules import faults

NAMES = CommandNames("/conns", "/kill", "/cb")
ENDS = date(2026, 12, 20)


def test_a_week_before_it_says_what_will_lapse_and_how_to_keep_it() -> None:
    message = term.render_ending(ENDS, Lapsing(1182, 3), names=NAMES)
    assert faults(message) == []
    for words in (
        "The term ends on Sunday, 2026-12-20.",
        "At the end of that day these lapse: 1,182 links of students to roles and 3 grants of responders",
        "Instructors and admins stay.",
        "set `[term] ends` in the bot's configuration to a later day",
        "/cb allow @Ann responder until 2027-01-31",
    ):
        assert words in message.text
    assert "@Ann" not in term.render_ending(ENDS, Lapsing(1, 0), names=NAMES).text


@pytest.mark.parametrize(
    ("lapsed", "words"),
    [
        (Lapsing(1, 1), "1 link of a student to a role and 1 grant of responders"),
        (Lapsing(0, 2), "on record: 2 grants of responders"),
        (Lapsing(2, 0), "on record: 2 links of students to roles."),
    ],
)
def test_afterwards_it_says_what_has_lapsed(lapsed: Lapsing, words: str) -> None:
    message = term.render_over(ENDS, lapsed, names=NAMES)
    assert faults(message) == []
    assert "The term ended on Sunday, 2026-12-20." in message.text
    assert words in message.text
