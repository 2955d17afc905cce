"""Ten commands a minute, one notice, then silence."""

from datetime import timedelta

from bot.slack import pace
from bot.slack.pace import COMMANDS, WINDOW, Pace, Paces
from tests.builders import NOON

ALICE, BOB = ("T1", "U1"), ("T1", "U2")


def test_the_eleventh_is_noticed_once_and_the_next_are_silent() -> None:
    paces = Paces()

    answers = [paces.of(ALICE, NOON) for _ in range(COMMANDS + 3)]

    assert answers == [Pace.ANSWER] * COMMANDS + [Pace.NOTICE, Pace.SILENCE, Pace.SILENCE]
    assert paces.of(BOB, NOON) is Pace.ANSWER


def test_silenced_commands_do_not_prolong_the_silence() -> None:
    paces = Paces()
    for second in range(59):
        paces.of(ALICE, NOON + timedelta(seconds=second))

    assert paces.of(ALICE, NOON + WINDOW) is Pace.ANSWER
    assert paces.of(ALICE, NOON + WINDOW - timedelta(seconds=1)) is Pace.NOTICE


def test_memory_is_bounded() -> None:
    paces = Paces()
    for number in range(pace.PEOPLE_KEPT + 10):
        paces.of(("T1", f"U{number}"), NOON)

    assert len(paces._given) == pace.PEOPLE_KEPT
