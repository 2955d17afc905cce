"""What concerns us, told without asking anybody; each message once."""

from typing import Any

import pytest

from bot.access.member import Actor
from bot.incidents.incident import Conversation
from bot.slack.hearing import KEPT, Hearing, Utterance
from bot.slack.marks import Marks
from bot.slack.messages import Removed, Rewritten, Spoken, Us, Written
from tests.builders import ALICE, NOON, TEAM

HELP, RANDOM, DIRECT = "C0HELP", "C0RANDOM", "D0ALICE"
TS, LATER = "1795348800.000100", "1795348900.000100"


@pytest.fixture
def marks() -> Marks:
    marks = Marks([HELP])
    marks.reached(HELP, TS)
    marks.kept(HELP, TS)
    return marks


@pytest.fixture
def hearing(marks: Marks) -> Hearing:
    return Hearing(Us(TEAM, "U0BOT"), [HELP], marks)


def written(channel: str = HELP, ts: str = LATER, **more: Any) -> Written:
    return Written(channel, ts, TEAM, ALICE, "help", **more)


def take(hearing: Hearing, spoken: Spoken) -> Utterance | None:
    return hearing.take(spoken, NOON)


def taken(hearing: Hearing, spoken: Spoken) -> Utterance:
    utterance = take(hearing, spoken)
    assert utterance is not None
    return utterance


@pytest.mark.parametrize(
    ("message", "asked"),
    [(written(), False), (written(DIRECT), True), (written(RANDOM, words="resolve"), True), (written(words=""), True)],
)
def test_what_concerns_us(hearing: Hearing, message: Written, *, asked: bool) -> None:
    for spoken in (message, Rewritten(message, None, "Ev01"), Removed(message.channel, message.ts, "Ev02", message)):
        assert taken(hearing, spoken).asked is asked


@pytest.mark.parametrize(
    "spoken",
    [
        written(RANDOM),
        written(RANDOM, thread=TS),
        Rewritten(written(RANDOM), None, "Ev01"),
        Removed(RANDOM, LATER, "Ev01", None),
        Removed(RANDOM, LATER, "Ev01", written(RANDOM)),
    ],
)
def test_what_does_not(hearing: Hearing, spoken: Spoken) -> None:
    assert take(hearing, spoken) is None


def test_a_delivery_says_who_where_and_which() -> None:
    hearing = Hearing(Us(TEAM, "U0BOT"), [HELP], Marks([HELP]))
    message = Written(HELP, LATER, "T0OTHER", ALICE, "help", thread=TS)

    call = taken(hearing, message).call
    assert (call.actor, call.key, call.at) == (Actor("T0OTHER", ALICE), f"message:{HELP}:{LATER}", NOON)
    assert (call.place.channel, call.place.thread, call.place.response_url) == (HELP, TS, None)
    assert taken(hearing, Rewritten(message, None, "Ev01")).call.key == "event:Ev01"
    assert taken(hearing, Removed(HELP, LATER, "Ev02", None)).call.actor == Actor(TEAM, "")


def test_a_message_and_its_twin_are_heard_once(hearing: Hearing) -> None:
    assert take(hearing, written(words="")) is not None
    assert take(hearing, written(words="")) is None
    assert hearing.take(written(words=""), NOON, again=True) is not None


def test_what_could_not_be_answered_may_come_again(hearing: Hearing, marks: Marks) -> None:
    hearing.let_go(taken(hearing, written()), done=False)

    assert marks.behind() == (HELP,)
    hearing.let_go(taken(hearing, written()), done=True)


def test_a_mark_waits_for_the_message_in_hand(hearing: Hearing, marks: Marks) -> None:
    utterance = taken(hearing, written())
    assert marks.to_keep().get(HELP, "") < LATER

    hearing.let_go(utterance, done=True)

    assert marks.to_keep() == {HELP: LATER}


def test_changes_of_old_messages_move_no_mark(hearing: Hearing, marks: Marks) -> None:
    hearing.let_go(taken(hearing, Rewritten(written(), None, "Ev01")), done=True)

    assert marks.to_keep() == {}


def test_a_thread_in_which_we_were_asked_is_listened_to(hearing: Hearing) -> None:
    taken(hearing, written(RANDOM, TS, words=""))

    assert take(hearing, written(RANDOM, thread=TS)) is not None
    assert take(hearing, written(RANDOM)) is None
    assert take(hearing, Removed(RANDOM, TS, "Ev01", None)) is not None


def test_a_thread_that_a_shortcut_points_to_is_listened_to(hearing: Hearing) -> None:
    hearing.listen_in(Conversation(RANDOM, TS))

    assert take(hearing, written(RANDOM, thread=TS)) is not None


def test_what_is_remembered_has_an_end(hearing: Hearing) -> None:
    for number in range(KEPT + 1):
        taken(hearing, written(RANDOM, f"1795348{number:03}.000000"[:17], words=""))

    assert len(hearing._heard) == len(hearing._elsewhere) == KEPT
