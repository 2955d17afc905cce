"""Slack's message events as values; whatever is odd, forged or a program's is nothing."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.incidents.incident import Conversation
from bot.slack.messages import Removed, Rewritten, Us, Written, named, read_event
from tests.builders import ALICE, TEAM

US = Us(TEAM, "U0BOT")
TS, THREAD, LATER = "1795348800.000100", "1795348700.000100", "1795348900.000100"
CHANNEL, DIRECT = "C0HELP", "D0ALICE"


def said(text: str = "help", **more: Any) -> dict[str, Any]:
    return {"type": "message", "channel": CHANNEL, "user": ALICE, "ts": TS, "text": text, **more}


def event(inner: object, **more: Any) -> dict[str, Any]:
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev01", "event": inner, **more}


def changed(now: object, before: object = None, **more: Any) -> dict[str, Any]:
    previous = {} if before is None else {"previous_message": before}
    return event({"type": "message", "subtype": "message_changed", "channel": CHANNEL, "ts": LATER, "message": now, **previous, **more})  # fmt: skip


def deleted(before: object = None, **more: Any) -> dict[str, Any]:
    previous = {} if before is None else {"previous_message": before}
    return event({"type": "message", "subtype": "message_deleted", "channel": CHANNEL, "ts": LATER, "deleted_ts": TS, **previous, **more})  # fmt: skip


def written(body: Mapping[str, Any]) -> Written:
    read = read_event(body, US)
    assert isinstance(read, Written)
    return read


def test_a_message_in_a_channel_begins_a_thread() -> None:
    read = written(event(said()))

    assert read == Written(CHANNEL, TS, TEAM, ALICE, "help")
    assert read.where == Conversation(CHANNEL, TS)
    assert (read.direct, read.asked) == (False, False)


@pytest.mark.parametrize("subtype", [{}, {"subtype": "thread_broadcast"}, {"subtype": "file_share"}])
def test_a_reply_is_in_its_thread(subtype: dict[str, str]) -> None:
    read = written(event(said(thread_ts=THREAD, **subtype)))

    assert read.thread == THREAD
    assert read.where == Conversation(CHANNEL, THREAD)


def test_the_message_that_began_a_thread_is_in_none() -> None:
    assert written(event(said(thread_ts=TS))).thread is None


def test_a_direct_message_is_private_and_meant_for_us() -> None:
    read = written(event(said(channel=DIRECT, channel_type="im")))

    assert read.where == Conversation(DIRECT, TS, private=True)
    assert read.asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@U0BOT> resolve", "resolve"),
        ("<@U0BOT|connbot>: kill alice 4711", "kill alice 4711"),
        ("hey <@U0BOT>, conns alice ", "conns alice"),
        ("over to you <@U0BOT>", ""),
        ("<@U0BOT> conns a&amp;b on <http://db.example.edu|db.example.edu>", "conns a&amp;b on db.example.edu"),
        ("&lt;@U0BOT&gt; resolve", None),
        ("<@U0BOTTOM> resolve", None),
        ("U0BOT resolve", None),
    ],
)
def test_what_follows_our_name_is_said_to_us(text: str, words: str | None) -> None:
    read = written(event(said(text, type="app_mention")))

    assert read.words == words
    assert read.asked is (words is not None)


def test_a_mention_that_was_changed_is_told_by_its_change() -> None:
    edited = {"user": ALICE, "ts": LATER}
    mention = said("<@U0BOT> resolve", edited=edited)

    assert read_event(event(mention | {"type": "app_mention"}), US) is None
    read = read_event(changed(mention, said("<@U0BOT> reslove")), US)
    assert isinstance(read, Rewritten)
    assert (read.now.words, read.before and read.before.words) == ("resolve", "reslove")


def test_a_person_of_another_workspace_is_one_of_that() -> None:
    assert written(event(said(user_team="T0OTHER", team=TEAM))).team == "T0OTHER"
    assert written(event(said(), team_id="T0OTHER", context_team_id=TEAM)).team == TEAM


def test_a_picture_is_seen() -> None:
    assert written(event(said("", subtype="file_share", files=[{"mimetype": "image/png"}]))).picture


def test_a_change_tells_what_was_and_what_is() -> None:
    read = read_event(changed(said("worse"), said("bad")), US)

    assert isinstance(read, Rewritten)
    assert (read.now.text, read.before and read.before.text, read.event) == ("worse", "bad", "Ev01")
    assert (read.channel, read.ts) == (CHANNEL, TS)


def test_a_change_of_which_slack_does_not_say_what_was_is_one_too() -> None:
    read = read_event(changed(said("worse")), US)

    assert isinstance(read, Rewritten)
    assert read.before is None


def test_slack_unfolding_a_link_or_counting_replies_changes_nothing() -> None:
    more = {"attachments": [{"from_url": "https://example.edu", "text": "too many"}], "reply_count": 3}

    assert read_event(changed(said("*bad*", **more), said("bad")), US) is None


@pytest.mark.parametrize(
    "body",
    [
        deleted(said("bad")),
        changed({"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": TS}, said("bad")),
    ],
)
def test_what_is_gone_is_known_by_its_ts(body: dict[str, Any]) -> None:
    read = read_event(body, US)

    assert isinstance(read, Removed)
    assert (read.channel, read.ts, read.event) == (CHANNEL, TS, "Ev01")
    assert read.before is not None
    assert read.before.text == "bad"


def test_what_is_gone_may_have_been_anybodys() -> None:
    assert read_event(deleted(), US) == Removed(CHANNEL, TS, "Ev01", None)


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B0X"},
        {"bot_profile": {"id": "B0X"}},
        {"user": "U0BOT"},
        {"user": "USLACKBOT"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"subtype": "me_message"},
        {"subtype": "message_replied"},
    ],
)
def test_what_a_program_says_is_nothing(more: dict[str, Any]) -> None:
    """Our own messages are changed again and again; those changes must cost nothing."""
    assert read_event(event(said(**more)), US) is None
    assert read_event(changed(said("b", **more), said("a", **more)), US) is None


def test_a_message_of_ours_that_is_gone_is_nothing() -> None:
    assert read_event(deleted(said(user="U0BOT", bot_id="B0US")), US) is None


GARBAGE: list[Any] = [None, 5, "", "x", [], {}, ["x"], {"x": 1}, True, "<!channel>", "x" * 5000]


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("key", ["channel", "user", "ts"])
def test_a_message_without_a_place_an_author_or_a_time_is_nothing(key: str, garbage: Any) -> None:
    assert read_event(event(said(**{key: garbage})), US) is None
    assert read_event(changed(said(**{key: garbage}), **({key: garbage} if key == "channel" else {})), US) is None


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("key", ["text", "thread_ts", "blocks", "attachments", "files", "team", "edited", "subtype"])
def test_oddities_elsewhere_are_passed_over(key: str, garbage: Any) -> None:
    for body in (event(said(**{key: garbage})), changed(said(**{key: garbage}), garbage), deleted(garbage)):
        read = read_event(body, US)
        assert read is None or read.ts == TS
        if isinstance(read, Written):
            assert read.thread is None


@pytest.mark.parametrize("garbage", GARBAGE)
def test_an_envelope_around_nothing_is_nothing(garbage: Any) -> None:
    assert read_event(event(garbage), US) is None
    assert read_event(event(said(), team_id=garbage), US) is None
    assert read_event(event(said(type=garbage)), US) is None
    assert read_event(changed(garbage), US) is None
    assert read_event(deleted(deleted_ts=garbage), US) is None
    assert read_event({"event": garbage}, US) is None
    if not isinstance(garbage, str) or not garbage:
        assert read_event({**changed(said("b"), said("a")), "event_id": garbage}, US) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I cannot get into class, help", ("class",)),
        ("on lab?", ("lab",)),
        ("Lab (class)", ("class", "lab")),
        ("lab: FATAL:  sorry, too many clients already", ("lab",)),
        ("FATAL:  sorry, too many clients already on the server lab", ("lab",)),
        ("the lab server is full", ("lab",)),
        ("Is the class database down?", ("class",)),
        ("in class today I got FATAL:  sorry, too many clients already", ()),
        ("my class and the lab of it", ()),
        ("too many connections for database lab", ()),
        ('FATAL: too many connections for database "lab"', ()),
        ("psql -h lab.example.edu dbname=lab lab@host lab/5432 our-lab labs", ()),
        ("```psql lab``` and `lab`", ()),
        ("```psql lab", ()),
        ("", ()),
    ],
)
def test_a_server_is_named_by_a_word_of_their_own(text: str, names: tuple[str, ...]) -> None:
    assert named(text, ("class", "lab")) == names


def test_a_servers_name_may_hold_anything() -> None:
    assert named("down: c++ (a.b) in pg-15", ("c++", "a.b", "a?b", "pg-15")) == ("c++", "a.b", "pg-15")
