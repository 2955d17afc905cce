"""What the client itself finds wrong in a modal's fields."""

from typing import Any

import pytest

from bot.workspace.fields import REQUIRED, faults_in_fields

Json = dict[str, Any]


def faults(element: Json, entry: Any, **block: Any) -> dict[str, str]:
    element = {"action_id": "a", **element}
    return faults_in_fields([{"type": "input", "block_id": "b", "element": element, **block}], {"b": {"a": entry}})


@pytest.mark.parametrize(
    ("element", "entry", "fault"),
    [
        ({"type": "plain_text_input"}, {"value": "x"}, None),
        ({"type": "plain_text_input"}, {"value": ""}, REQUIRED),
        ({"type": "plain_text_input", "min_length": 3}, {"value": "ab"}, "too short. (Min. 3 characters)"),
        ({"type": "plain_text_input", "max_length": 3}, {"value": "abc"}, None),
        ({"type": "plain_text_input", "max_length": 3}, {"value": "abcd"}, "too long. (Max. 3 characters)"),
        ({"type": "plain_text_input"}, {"value": "x" * 3001}, "too long. (Max. 3000 characters)"),
        ({"type": "number_input", "is_decimal_allowed": False}, {"value": "1.5"}, "valid number"),
        ({"type": "number_input", "is_decimal_allowed": True}, {"value": "1.5"}, None),
        ({"type": "number_input", "min_value": "2"}, {"value": "1"}, "must be 2 or more"),
        ({"type": "number_input", "max_value": "2"}, {"value": "3"}, "must be 2 or less"),
        ({"type": "datepicker"}, {"selected_date": "2026-02-30"}, "valid date"),
        ({"type": "datepicker"}, {"selected_date": "2026-02-28"}, None),
        ({"type": "static_select"}, {"selected_option": None}, REQUIRED),
        ({"type": "checkboxes"}, {"selected_options": []}, REQUIRED),
        ({"type": "multi_users_select", "max_selected_items": 1}, {"selected_users": ["U1", "U2"]}, "no more than 1"),
        ({"type": "users_select"}, "garbage", REQUIRED),
    ],
)
def test_each_kind_of_field_has_its_rule(element: Json, entry: Any, fault: str | None) -> None:
    found = faults(element, entry)
    assert list(found) == ([] if fault is None else ["b"])
    assert fault is None or fault in found["b"]


def test_an_optional_field_may_be_empty_and_what_is_in_it_is_still_looked_at() -> None:
    text = {"type": "plain_text_input", "min_length": 3}
    assert faults(text, {"value": None}, optional=True) == {}
    assert faults(text, {"value": "ab"}, optional=True) != {}


def test_controls_outside_of_fields_are_nobodys_duty() -> None:
    assert faults_in_fields([{"type": "section", "block_id": "s"}], {}) == {}
