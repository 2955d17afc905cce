"""What is typed into the field for a reason is read with no trust in it."""

from typing import Any

import pytest

from bot.slack import given_reason, ids
from bot.slack.commands import LONGEST_REASON


def body(value: object) -> dict[str, Any]:
    return {"view": {"state": {"values": {ids.REASON: {ids.REASON: {"type": "plain_text_input", "value": value}}}}}}


def test_a_reason_is_one_line() -> None:
    assert given_reason.read(body("  exam\n at  9 ")) == "exam at 9"
    assert given_reason.faults(body("exam")) == {}


@pytest.mark.parametrize("value", ["", " \n ", None, 5, [], {}, "x" * (LONGEST_REASON + 1), "a\x00b", "\ud800"])
def test_what_is_none_is_said_beside_the_field(value: object) -> None:
    assert list(given_reason.faults(body(value))) == [ids.REASON]


@pytest.mark.parametrize(
    "garbage", [{}, {"view": None}, {"view": {"state": []}}, {"view": {"state": {"values": {"reason": "x"}}}}]
)
def test_garbage_is_no_reason(garbage: dict[str, Any]) -> None:
    assert given_reason.read(garbage) == ""
    assert list(given_reason.faults(garbage)) == [ids.REASON]
