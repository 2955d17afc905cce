"""Three reports of a person in ten minutes are read, then one notice, then silence."""

from datetime import timedelta

from bot.diagnosis.pace import PEOPLE_KEPT, WINDOW, Pace, Paces
from tests.builders import NOON

ALICE, BOB = ("T1", "U0ALICE"), ("T1", "U0BOB")


def test_three_are_answered_then_one_notice_then_silence() -> None:
    paces = Paces()
    heard = [paces.of(ALICE, f"C:{n}", NOON) for n in range(6)]
    assert heard == [Pace.ANSWER] * 3 + [Pace.NOTICE, Pace.SILENCE, Pace.SILENCE]
    assert paces.of(BOB, "C:9", NOON) is Pace.ANSWER


def test_a_message_that_is_edited_counts_once() -> None:
    paces = Paces()
    for message in ("C:1", "C:1", "C:2", "C:1", "C:3", "C:3"):
        assert paces.of(ALICE, message, NOON) is Pace.ANSWER
    assert paces.of(ALICE, "C:4", NOON) is Pace.NOTICE
    assert paces.of(ALICE, "C:3", NOON) is Pace.ANSWER, "what was read is read again"
    assert paces.of(ALICE, "C:4", NOON) is Pace.SILENCE, "one notice, whatever is edited in between"


def test_after_ten_minutes_the_next_is_read_and_the_next_notice_is_given() -> None:
    paces = Paces()
    for minute in range(3):
        paces.of(ALICE, f"C:{minute}", NOON + timedelta(minutes=minute))
    late = NOON + WINDOW
    assert paces.of(ALICE, "C:4", late - timedelta(seconds=1)) is Pace.NOTICE
    assert paces.of(ALICE, "C:5", late) is Pace.ANSWER
    assert paces.of(ALICE, "C:6", late) is Pace.NOTICE


def test_no_more_people_are_remembered_than_there_is_room_for() -> None:
    paces = Paces()
    for n in range(4):
        paces.of(ALICE, f"C:{n}", NOON)
    for n in range(PEOPLE_KEPT):
        paces.of(("T1", f"U{n}"), "C:1", NOON)
    assert paces.of(ALICE, "C:9", NOON) is Pace.ANSWER
