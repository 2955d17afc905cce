"""Where a click is, and whose question it answers."""

from typing import Any

import pytest

from bot.errors import UsageError
from bot.incidents.incident import Conversation
from bot.slack.call import Call, of_action
from bot.slack.incident_payloads import Source
from bot.slack.listeners.incidents import check_place, check_source, heard_at, heard_here, where
from tests.builders import NOON

THREAD = "1763812800.000100"
SOURCE = Source("U0ALICE", Conversation("C0HELP", THREAD), "1763812801.000200")


def a_click(channel: str = "C0HELP", thread: str | None = THREAD, person: str = "U0ALICE", **more: Any) -> Call:
    container = {"channel_id": channel, "message_ts": "1763812900.000100", **({"thread_ts": thread} if thread else {})}
    return of_action({"user": {"id": person, "team_id": "T1"}, "container": container, **more}, NOON)


def test_a_click_in_a_thread_is_said_there() -> None:
    heard = heard_here(a_click())
    assert heard.conversation == Conversation("C0HELP", THREAD)
    assert (heard.person, heard.ts, heard.in_thread) == ("U0ALICE", "", True)


def test_a_click_on_a_message_that_begins_a_thread_is_said_there() -> None:
    assert where(a_click(thread=None)) == Conversation("C0HELP", "1763812900.000100")
    assert where(a_click("D0ALICE", thread=None)) == Conversation("D0ALICE", "1763812900.000100", private=True)
    assert where(of_action({"container": {"message_ts": 7}}, NOON)) == Conversation("", "")


def test_an_answer_to_a_question_is_about_the_message_that_was_asked_about() -> None:
    heard = heard_at(a_click(), SOURCE)
    assert (heard.conversation, heard.ts, heard.person) == (SOURCE.conversation, SOURCE.ts, "U0ALICE")


def test_who_was_asked_may_answer_where_they_were_asked_or_by_direct_message() -> None:
    check_source(a_click(), SOURCE)
    check_source(a_click("D0ALICE", thread=None), SOURCE)
    check_source(a_click("D0ALICE"), Source("U0ALICE", Conversation("D0ALICE", THREAD, private=True), THREAD))


@pytest.mark.parametrize(
    ("call", "source"),
    [
        (a_click(person="U0MALLORY"), SOURCE),
        (a_click("C0OTHER"), SOURCE),
        (a_click(""), SOURCE),
        (a_click("D0MALLORY"), Source("U0ALICE", Conversation("D0ALICE", THREAD, private=True), THREAD)),
        (a_click(), Source("U0ALICE", Conversation("C0HELP", THREAD, private=True), THREAD)),
        (a_click("D0ALICE"), Source("U0ALICE", Conversation("D0ALICE", THREAD), THREAD)),
    ],
)
def test_nobody_else_and_nowhere_else(call: Call, source: Source) -> None:
    with pytest.raises(UsageError):
        check_source(call, source)


def test_a_picture_is_asked_about_in_its_own_thread() -> None:
    check_place(a_click(person="U0BOB"), SOURCE)
    with pytest.raises(UsageError):
        check_place(a_click("C0OTHER", person="U0BOB"), SOURCE)
