"""Deliveries as values, whatever Slack sends."""

from typing import Any

import pytest

from bot.access.member import Actor
from bot.slack.call import of_action, of_command
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


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"actions": []},
        {"actions": "x", "user": 1, "container": None},
        {"actions": [None], "team": "T"},
        {"user": {"id": 5}},
    ],
)
def test_garbage_makes_an_empty_call_and_no_error(body: dict[str, Any]) -> None:
    assert of_action(body, NOON).actor.id == ""
    assert of_command(body, NOON).text == ""
