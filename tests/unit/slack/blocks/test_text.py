from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.slack.blocks.text import (
    clock,
    code,
    cut,
    day_or_time,
    duration,
    escape,
    join,
    link,
    moment,
    name,
    people,
    person,
    plain,
    plural,
    sentences,
    spelled,
    spoken,
    visible,
)
from tests.block_rules import _invisible, _live
from tests.builders import NOON, minutes
from tests.hostile import NAMES

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("alice", "alice"),
        ("a b", "a b"),
        (" a  b ", "␠a ␠b␠"),
        ("a\x00\n\x7f", "a␀␊␡"),
        ("\x85", "\\u0085"),
        ("\u202ea", "\\u202ea"),
        ("a\u00a0b", "a\\u00a0b"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("\u3164", "\\u3164"),
        ("Zoë", "Zoë"),
        ("Zoe\u0308", "Zoe\u0308"),
        ("\u0308e", "\\u0308e"),
        ("e\u0301\u0301\u0301", "e\u0301\u0301\\u0301"),
        ("e\u034f", "e\\u034f"),
        ("\ufe0f", "\\ufe0f"),
    ],
)
def test_what_nobody_sees_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_escape_makes_slacks_three_characters_mean_nothing() -> None:
    assert escape("<!channel> & \u202e") == "&lt;!channel&gt; &amp; \\u202e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a`b", "`aˋb`"),
        ("<@U1>", "`&lt;@U1&gt;`"),
        ("", "`(empty)`"),
        ("x" * 100, "`" + "x" * 61 + "…`"),
        ("&" * 100, "`" + "&amp;" * 12 + "…`"),
    ],
)
def test_code_style_holds_foreign_text_within_its_width(text: str, shown: str) -> None:
    assert code(text) == shown
    assert len(code(text)) <= 64


@pytest.mark.parametrize("tame", ["alice", "stu_1", "Ann Smith", "2026-12-20", "pgAdmin 4"])
def test_a_tame_name_stands_as_it_is(tame: str) -> None:
    assert (name(tame), plain(tame)) == (tame, tame)


@pytest.mark.parametrize(
    "wild", ["_alice_", "a _b_ c", "a.example", "a@b", ":skull:", "*a*", "a~b", "", " a", "a\n", "Zoë"]
)
def test_any_other_name_is_set_apart(wild: str) -> None:
    assert name(wild) == code(wild)
    assert plain(wild) == f'"{visible(wild)}"'


@pytest.mark.parametrize("hostile", NAMES)
def test_no_name_comes_through_alive(hostile: str) -> None:
    for shown in (name(hostile), code(hostile), escape(hostile), spoken(hostile, 40), code(hostile, 10)):
        assert not _live(shown)
        assert not _invisible(shown)
        assert shown.isprintable()
    assert not _invisible(plain(hostile))
    assert code(hostile).count("`") == 2
    assert len(code(hostile, 10)) <= 10
    assert len(spoken(hostile, 40)) <= 40


def test_spoken_labels_hold_none_of_slacks_characters() -> None:
    assert spoken("a<b>&c", 40) == "a‹b›+c"
    assert spoken("x" * 9, 5) == "xxxx…"


def test_cut_never_parts_a_piece() -> None:
    assert cut(["ab", "cd"], 4) == ["ab", "cd"]
    assert cut(["ab", "cd", "e"], 4) == ["ab", "…"]


def test_a_person_is_a_mention_or_words() -> None:
    assert person("U0ALICE") == "<@U0ALICE>"
    assert person("cli:root") == "root (at the command line)"
    assert person("cli:<!here>") == "`&lt;!here&gt;` (at the command line)"
    assert person("!channel") == "`!channel`"
    assert person("U1> <!here") == "`U1&gt; &lt;!here`"


def test_counts_and_lists_read_as_english() -> None:
    assert [plural(count, "connection") for count in (0, 1, 2000)] == [
        "0 connections",
        "1 connection",
        "2,000 connections",
    ]
    assert plural(2, "person", "people") == "2 people"
    assert [join(list("abc")[:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert join(["a", "b"], "or") == "a or b"


def test_sentences_keep_whole_parts_and_say_what_is_left_out() -> None:
    parts = ["One.", "Two.", "Three."]
    assert sentences(parts, lambda left: f"({left} more)", 40) == "One. Two. Three."
    assert sentences(parts, lambda left: f"({left} more)", 15) == "One. (2 more)"
    assert len(sentences(["x" * 50] * 100, lambda left: f"({left} more)", 999)) <= 999
    assert sentences([], lambda left: f"({left} more)", 10) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11520, "3 h 12 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (86400 * 2 + 3600 * 4 + 59, "2 d 4 h"),
        (86400 * 1234, "1,234 d"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOON, "07:00"),
        (NOON - minutes(60 * 24), "21 Nov 07:00"),
        (datetime(2025, 12, 31, 23, 0, tzinfo=UTC), "31 Dec 2025 18:00"),
        (datetime(2026, 11, 22, 4, 30, tzinfo=UTC), "21 Nov 23:30"),
    ],
)
def test_times_are_in_the_courses_zone_with_the_date_where_it_is_not_today(at: datetime, shown: str) -> None:
    assert clock(at, NOON, NEW_YORK) == shown
    assert spelled(f"since {moment(at, NOON, NEW_YORK)}.") == f"since {shown}."


def test_little_room_holds_the_time_of_today_or_the_date() -> None:
    assert spelled(day_or_time(NOON, NOON, NEW_YORK)) == "07:00"
    assert spelled(day_or_time(NOON - minutes(1440), NOON, NEW_YORK)) == "21 Nov"
    assert len(day_or_time(NOON - minutes(1440 * 400), NOON, NEW_YORK)) <= 44


def test_moments_let_slack_show_the_readers_own_zone() -> None:
    assert moment(NOON, NOON, NEW_YORK) == f"<!date^{int(NOON.timestamp())}^{{time}}|07:00>"
    assert moment(NOON - minutes(1440), NOON, NEW_YORK).endswith("^{date_short_pretty} {time}|21 Nov 07:00>")


def test_people_are_mentioned_as_far_as_a_message_may_and_the_others_counted() -> None:
    assert people(["U0ALICE"]) == "<@U0ALICE>"
    assert people(["U0ALICE", "U0BOB", "U0CAROL"]) == "<@U0ALICE>, <@U0BOB> and <@U0CAROL>"
    assert people([f"U0X{number}" for number in range(5)], most=2) == "<@U0X0>, <@U0X1> and 3 more"
    assert people(["U0ALICE"] * 50).count("<@") == 50
    assert people(["U0ALICE"] * 1262).endswith(" and 1,212 more")
    assert people(["<!channel>"]) == "`&lt;!channel&gt;`"


@pytest.mark.parametrize(
    "url", ["", "javascript:x", "https://a|b", "https://a>b", "https://a b", "https://a\nb", "https://" + "a" * 400]
)
def test_what_is_no_plain_address_is_no_link(url: str) -> None:
    assert link(url, "here") == "here"


def test_an_address_of_slack_s_is_a_link() -> None:
    url = "https://course.slack.com/archives/C0HELP/p1763812800000100?thread_ts=1763812800.000100&cid=C0HELP"
    assert link(url, "here") == f"<{url}|here>"
