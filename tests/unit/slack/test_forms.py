"""What is put into modals, whatever Slack or a forger sends."""

from typing import Any

import pytest

from bot.slack import ids
from bot.slack.forms import LONGEST_ROLE, chosen_server, role_faults, typed_role

SERVERS = ("class", "lab")


def filled_in(role: object = None, server: object = None) -> dict[str, Any]:
    """A submitted modal in which this is typed and chosen."""
    fields = {
        ids.ROLE_FIELD: {ids.ROLE_FIELD: {"type": "plain_text_input", "value": role}},
        ids.SERVER_FIELD: {ids.SERVER_FIELD: {"type": "static_select", "selected_option": server}},
    }
    return {"view": {"state": {"values": fields}}}


def test_what_was_typed_and_chosen_is_read() -> None:
    body = filled_in("  alice\n", {"value": "1"})
    assert typed_role(body) == "alice"
    assert chosen_server(body, SERVERS) == "lab"
    assert role_faults(body, SERVERS) == {}
    assert role_faults(filled_in("alice"), ()) == {}


@pytest.mark.parametrize("name", [None, "", "  ", 7, "a\x00b", "\ud800", "x" * (LONGEST_ROLE + 1), "é" * 32])
def test_what_no_role_is_called_is_said_beside_its_field(name: object) -> None:
    assert set(role_faults(filled_in(name), ())) == {ids.ROLE_FIELD}


@pytest.mark.parametrize("server", [None, {}, {"value": "2"}, {"value": "-1"}, {"value": 0}, {"value": "class"}, "0"])
def test_a_server_that_is_not_offered_is_said_beside_its_field(server: object) -> None:
    assert set(role_faults(filled_in("alice", server), SERVERS)) == {ids.SERVER_FIELD}


@pytest.mark.parametrize(
    "body", [{}, {"view": 7}, {"view": {"state": []}}, {"view": {"state": {"values": {"role": "x"}}}}]
)
def test_a_forged_modal_is_an_empty_one(body: dict[str, Any]) -> None:
    assert set(role_faults(body, SERVERS)) == {ids.ROLE_FIELD, ids.SERVER_FIELD}
