"""What Slack takes as a modal."""

from typing import Any

import pytest

from bot.workspace.block_kit.views import faults_in_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def text_input(**more: Any) -> Json:
    return {"type": "input", "label": plain("L"), "element": {"type": "plain_text_input", **more}}


GOOD: Json = {
    "type": "modal",
    "title": plain("T" * 24),
    "submit": plain("S" * 24),
    "close": plain("C" * 24),
    "private_metadata": "p" * 3000,
    "callback_id": "c" * 255,
    "notify_on_close": True,
    "clear_on_close": False,
    "blocks": [{"type": "divider"}] * 98 + [text_input(), {"type": "alert", "text": plain("Careful")}],
}


def test_a_modal_at_its_limits_is_taken() -> None:
    assert faults_in_view(GOOD) == ()


@pytest.mark.parametrize(
    ("change", "pointer", "problem"),
    [
        ({"title": plain("T" * 25)}, "/view/title/text", "less than 25"),
        ({"submit": plain("S" * 25)}, "/view/submit/text", "less than 25"),
        ({"close": plain("C" * 25)}, "/view/close/text", "less than 25"),
        ({"private_metadata": "p" * 3001}, "/view/private_metadata", "less than 3001"),
        ({"callback_id": "c" * 256}, "/view/callback_id", "less than 256"),
        ({"blocks": [{"type": "divider"}] * 101}, "/view/blocks", "no more than 100"),
        ({"blocks": "x"}, "/view/blocks", "must be an array"),
        ({"blocks": [{"type": "table", "rows": []}]}, "/view/blocks/0/type", "unsupported type: table"),
        ({"blocks": [{"type": "markdown", "text": "x"}]}, "/view/blocks/0/type", "unsupported type: markdown"),
        ({"type": "home"}, "/view/type", "must be one of: modal"),
        ({"colour": "red"}, "/view", "invalid additional property: colour"),
        (
            {"blocks": [text_input(focus_on_load=True), text_input(focus_on_load=True)]},
            "/view",
            "focus_on_load can be set on one element only",
        ),
        (
            {"blocks": [{"type": "divider", "block_id": "same"}] * 2},
            "/view/blocks/1/block_id",
            "block_id already exists: same",
        ),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(change: Json, pointer: str, problem: str) -> None:
    faults = faults_in_view(GOOD | change)
    assert [fault.pointer for fault in faults] == [pointer]
    assert problem in faults[0].problem


def test_a_modal_with_a_field_needs_a_submit_button_and_one_without_none() -> None:
    without = {name: value for name, value in GOOD.items() if name != "submit"}
    assert [fault.problem for fault in faults_in_view(without)] == ["missing required field: submit"]
    assert faults_in_view(without | {"blocks": [{"type": "divider"}]}) == ()


@pytest.mark.parametrize("garbage", [None, [], "view", 3, {"blocks": [None, 3]}, {"type": "modal", "blocks": None}])
def test_garbage_is_refused_and_nothing_breaks(garbage: Any) -> None:
    assert faults_in_view(garbage)
