"""So many in a while, one notice, then silence."""

from datetime import timedelta

from bot.pace import PEOPLE_KEPT, Pace, Paces
from tests.builders import NOON

ALICE, BOB = ("T1", "U1"), ("T1", "U2")
WINDOW = timedelta(minutes=1)


def test_one_too_many_is_noticed_once_and_the_next_are_silent() -> None:
    paces = Paces(10, WINDOW)
    answers = [paces.of(ALICE, NOON) for _ in range(13)]
    assert answers == [Pace.ANSWER] * 10 + [Pace.NOTICE, Pace.SILENCE, Pace.SILENCE]
    assert paces.of(BOB, NOON) is Pace.ANSWER


def test_what_is_silenced_does_not_prolong_the_silence() -> None:
    paces = Paces(10, WINDOW)
    for second in range(59):
        paces.of(ALICE, NOON + timedelta(seconds=second))
    assert paces.of(ALICE, NOON + WINDOW - timedelta(seconds=1)) is Pace.SILENCE
    assert paces.of(ALICE, NOON + WINDOW) is Pace.ANSWER
    assert paces.of(ALICE, NOON + WINDOW) is Pace.NOTICE


def test_what_comes_again_counts_once() -> None:
    paces = Paces(3, WINDOW)
    assert [paces.of(ALICE, NOON, which=which) for which in "aaabbc"] == [Pace.ANSWER] * 6
    assert paces.of(ALICE, NOON, which="d") is Pace.NOTICE
    assert paces.of(ALICE, NOON, which="a") is Pace.ANSWER
    assert paces.of(ALICE, NOON, which="d") is Pace.SILENCE


def test_memory_is_bounded() -> None:
    paces = Paces(1, WINDOW)
    for number in range(PEOPLE_KEPT + 10):
        paces.of(("T1", f"U{number}"), NOON)
    assert len(paces) == PEOPLE_KEPT
