"""How far a channel was read: never beyond what is in hand or was missed."""

from bot.slack.marks import Marks

HELP, OTHER, ELSEWHERE = "C0HELP", "C0OTHER", "C0RANDOM"
ONE, TWO, THREE = "1795348800.000000", "1795348801.000000", "1795348802.000000"
BEFORE_TWO = "1795348800.999999"


def caught_up() -> Marks:
    marks = Marks([HELP])
    marks.reached(HELP, ONE)
    marks.kept(HELP, ONE)
    return marks


def test_a_channel_stands_still_until_it_was_caught_up_with() -> None:
    marks = Marks([HELP, OTHER])
    marks.begin(HELP, TWO)
    marks.end(HELP, TWO)
    assert (marks.behind(), marks.to_keep()) == ((HELP, OTHER), {})

    marks.reached(HELP, ONE)

    assert (marks.behind(), marks.to_keep()) == ((OTHER,), {HELP: TWO})


def test_what_is_done_is_kept_once() -> None:
    marks = caught_up()
    marks.begin(HELP, TWO)
    assert marks.to_keep() == {}
    marks.end(HELP, TWO)
    assert marks.to_keep() == {HELP: TWO}

    marks.kept(HELP, TWO)

    assert marks.to_keep() == {}


def test_it_never_goes_beyond_what_is_in_hand() -> None:
    marks = caught_up()
    marks.begin(HELP, TWO)
    marks.begin(HELP, THREE)
    marks.end(HELP, THREE)

    assert marks.to_keep() == {HELP: BEFORE_TWO}

    marks.end(HELP, TWO)
    assert marks.to_keep() == {HELP: THREE}


def test_a_message_in_two_hands_is_done_when_both_are() -> None:
    marks = caught_up()
    marks.begin(HELP, TWO)
    marks.begin(HELP, TWO)
    marks.end(HELP, TWO)
    assert marks.to_keep() == {HELP: BEFORE_TWO}
    marks.end(HELP, TWO)
    assert marks.to_keep() == {HELP: TWO}


def test_what_could_not_be_done_is_to_be_read_again() -> None:
    marks = caught_up()
    marks.begin(HELP, TWO)
    marks.end(HELP, TWO, done=False)

    assert (marks.behind(), marks.to_keep()) == ((HELP,), {})

    marks.reached(HELP, THREE)
    assert (marks.behind(), marks.to_keep()) == ((), {HELP: THREE})


def test_what_fails_while_it_is_read_again_is_not_forgotten() -> None:
    marks = caught_up()
    failures = marks.failures(HELP)
    marks.begin(HELP, TWO)
    marks.end(HELP, TWO, done=False)

    marks.reached(HELP, THREE, failures=failures)
    assert (marks.behind(), marks.to_keep()) == ((HELP,), {})

    marks.reached(HELP, THREE, failures=marks.failures(HELP))
    assert (marks.behind(), marks.to_keep()) == ((), {HELP: THREE})


def test_after_an_interruption_all_channels_are_read_again() -> None:
    marks = Marks([HELP, OTHER])
    marks.reached(HELP, ONE)
    marks.reached(OTHER, ONE)

    marks.fall_behind()

    assert (marks.behind(), marks.to_keep()) == ((HELP, OTHER), {})


def test_only_help_channels_have_marks() -> None:
    marks = caught_up()
    marks.begin(ELSEWHERE, TWO)
    marks.end(ELSEWHERE, TWO)

    assert marks.to_keep() == {}
