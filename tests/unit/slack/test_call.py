"""Deliveries as values, whatever Slack sends."""

from typing import Any

import pytest

from bot.access.member import Actor
from bot.slack.call import Call, Window, of_action, of_command, of_home, of_shortcut, of_user_change, of_view
from bot.slack.payloads import Behind, write_behind
from tests.builders import NOON, minutes


def test_a_command_tells_who_where_and_what() -> None:
    body = {
        "team_id": "T1", "user_id": "U1", "channel_id": "C1", "command": "/conns", "text": "alice",
        "trigger_id": "1.2", "response_url": "https://hooks.example/1",
    }  # fmt: skip

    call = of_command(body, NOON)

    assert (call.actor, call.name, call.text, call.key) == (Actor("T1", "U1"), "/conns", "alice", "command:1.2")
    assert call.place.response_url == "https://hooks.example/1"
    assert call.place.response_url_until == NOON + minutes(30)
    assert not call.replaces


def test_a_click_by_somebody_of_another_workspace_is_theirs() -> None:
    body = {
        "user": {"id": "U1", "team_id": "T2"}, "team": {"id": "T1"}, "trigger_id": "1.2",
        "container": {"channel_id": "C1", "thread_ts": "1.0"}, "actions": [{"action_id": "terminate", "value": "p"}],
    }  # fmt: skip

    call = of_action(body, NOON)

    assert call.actor == Actor("T2", "U1")
    assert (call.place.channel, call.place.thread, call.name, call.text) == ("C1", "1.0", "terminate", "p")


def test_a_click_in_a_modal_is_answered_in_the_conversation_behind_it() -> None:
    body = {
        "user": {"id": "U1", "team_id": "T1"}, "trigger_id": "1.2", "container": {"type": "view", "view_id": "V1"},
        "view": {"id": "V1", "hash": "h", "private_metadata": write_behind(Behind("C1", "1.5", "what"))},
        "actions": [{"action_id": "resolve", "value": "i"}],
    }  # fmt: skip

    call = of_action(body, NOON)

    assert (call.place.channel, call.place.thread, call.place.response_url) == ("C1", "1.5", None)
    assert (call.text, call.trigger, call.window, call.replaces) == ("i", "1.2", Window("V1", "h"), False)


def test_a_choice_is_what_was_chosen() -> None:
    chosen = {"action_id": "which_role", "selected_option": {"value": "v"}}
    assert of_action({"actions": [chosen]}, NOON).text == "v"
    assert of_action({"actions": [chosen | {"selected_option": None}]}, NOON).text == ""


def test_a_shortcut_of_a_message_is_answered_in_its_thread() -> None:
    body = {
        "type": "message_action", "user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}, "trigger_id": "1.2",
        "callback_id": "resolve_incident", "channel": {"id": "C1"}, "message": {"ts": "2.0", "thread_ts": "1.0"},
        "response_url": "https://hooks.example/1",
    }  # fmt: skip

    call = of_shortcut(body, NOON)

    assert (call.actor, call.name, call.key) == (Actor("T1", "U1"), "resolve_incident", "shortcut:1.2")
    assert (call.place.channel, call.place.thread, call.trigger) == ("C1", "1.0", "1.2")
    assert of_shortcut(body | {"message": {"ts": "2.0"}}, NOON).place.thread is None


def test_a_modal_that_is_sent_twice_is_one_delivery_also_without_a_trigger() -> None:
    view = {
        "id": "V1",
        "hash": "h",
        "callback_id": "form",
        "private_metadata": write_behind(Behind("C1", None, "what")),
    }
    body = {"user": {"id": "U1", "team_id": "T1"}, "view": view}

    call = of_view(body, NOON)

    assert (call.name, call.text, call.place.channel, call.key) == ("form", "what", "C1", "view:V1:h")
    assert of_view(body | {"trigger_id": "1.2"}, NOON).key == "view:1.2"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"actions": []},
        {"actions": "x", "user": 1, "container": None},
        {"actions": [None], "team": "T"},
        {"user": {"id": 5}},
        {"view": 7, "message": "x", "channel": []},
        {"view": {"private_metadata": ["C1"], "hash": None}, "actions": [{"selected_option": 5}]},
    ],
)
def test_garbage_makes_an_empty_call_and_no_error(body: dict[str, Any]) -> None:
    assert of_action(body, NOON).actor.id == ""
    assert of_command(body, NOON).text == ""
    assert of_shortcut(body, NOON).place.channel == ""
    assert of_view(body, NOON).text == ""


def test_whoever_opens_the_home_tab_is_known_by_the_event() -> None:
    event = {"type": "app_home_opened", "user": "U0ALICE", "channel": "D0ALICE", "tab": "home"}
    call = of_home({"team_id": "T0COURSE", "event_id": "Ev1", "event": event}, NOON)
    assert (call.actor, call.place.channel, call.key) == (Actor("T0COURSE", "U0ALICE"), "D0ALICE", "event:Ev1")
    assert (call.name, call.text) == ("app_home_opened", "home")
    assert of_home({"event": None}, NOON).actor.id == ""


def test_whose_account_was_closed_is_read_of_whom_the_event_is_about() -> None:
    def said(user: object) -> Call:
        return of_user_change(
            {"team_id": "T1", "event_id": "Ev1", "event": {"type": "user_change", "user": user}}, NOON
        )

    gone = said({"id": "U0ALICE", "team_id": "T1", "deleted": True})
    assert (gone.actor, gone.key, gone.text) == (Actor("T1", "U0ALICE"), "event:Ev1", "deleted")
    for user in (
        {"id": "U0ALICE", "deleted": False},
        {"id": "U0ALICE"},
        {"id": "U0ALICE", "deleted": "yes"},
        "U0ALICE",
        None,
    ):
        assert said(user).text == ""


def test_a_click_in_the_home_tab_is_none_in_a_modal() -> None:
    call = of_action({"view": {"type": "home", "id": "V1"}, "actions": [{"type": "button"}]}, NOON)
    assert (call.in_home, call.window, call.replaces, call.place.channel) == (True, None, False, "")
    modal = of_action({"view": {"type": "modal", "id": "V1"}, "actions": [{"type": "button"}]}, NOON)
    assert (modal.in_home, modal.window) == (False, Window("V1", ""))
