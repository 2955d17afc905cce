"""Going through blocks: their interactive elements, and the ids that Slack gives where an app gave none."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.workspace.model import Json

INTERACTIVE = frozenset(
    {
        "button",
        "checkboxes",
        "radio_buttons",
        "overflow",
        "static_select",
        "external_select",
        "users_select",
        "conversations_select",
        "channels_select",
        "multi_static_select",
        "multi_external_select",
        "multi_users_select",
        "multi_conversations_select",
        "multi_channels_select",
        "datepicker",
        "timepicker",
        "datetimepicker",
        "plain_text_input",
        "number_input",
        "email_text_input",
        "url_text_input",
        "rich_text_input",
        "file_input",
        "workflow_button",
        "feedback_buttons",
        "icon_button",
    }
)

CHOICES: Mapping[str, tuple[str, str]] = {
    "checkboxes": ("initial_options", "selected_options"),
    "radio_buttons": ("initial_option", "selected_option"),
    "static_select": ("initial_option", "selected_option"),
    "external_select": ("initial_option", "selected_option"),
    "users_select": ("initial_user", "selected_user"),
    "conversations_select": ("initial_conversation", "selected_conversation"),
    "channels_select": ("initial_channel", "selected_channel"),
    "multi_static_select": ("initial_options", "selected_options"),
    "multi_external_select": ("initial_options", "selected_options"),
    "multi_users_select": ("initial_users", "selected_users"),
    "multi_conversations_select": ("initial_conversations", "selected_conversations"),
    "multi_channels_select": ("initial_channels", "selected_channels"),
    "datepicker": ("initial_date", "selected_date"),
    "timepicker": ("initial_time", "selected_time"),
    "datetimepicker": ("initial_date_time", "selected_date_time"),
    "plain_text_input": ("initial_value", "value"),
    "number_input": ("initial_value", "value"),
    "email_text_input": ("initial_value", "value"),
    "url_text_input": ("initial_value", "value"),
    # Nothing can be chosen for a person here.
    "file_input": ("", "files"),
}
"""Control → the field of its first choice, and that of its present one in actions and `state.values`."""
MANY = frozenset(kind for kind, (_, present) in CHOICES.items() if present.endswith("s"))
"""Controls in which several things are chosen."""


def with_ids(blocks: Iterable[Json]) -> tuple[Json, ...]:
    """Blocks as Slack stores them: each with a block id, each interactive element with an action id."""
    return tuple(_with_block_id(block) for block in blocks)


def _with_block_id(block: Json) -> Json:
    kept: Json = {key: _with_action_ids(value) for key, value in block.items()}
    if "child_blocks" in block:
        kept["child_blocks"] = list(with_ids(block["child_blocks"]))
    if block["type"] != "markdown" and not kept.get("block_id"):
        kept["block_id"] = secrets.token_hex(3)[:5]
    return kept


def _with_action_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_action_ids(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _with_action_ids(inner) for key, inner in value.items()}
    if kept.get("type") in INTERACTIVE and not kept.get("action_id"):
        kept["action_id"] = secrets.token_hex(3)[:5]
    return kept


def elements(blocks: Iterable[Json] | None) -> Iterator[tuple[str, Json]]:
    """Every interactive element, in reading order, with the id of the block it stands in."""
    for block in blocks or ():
        yield from _elements(block, block.get("block_id", ""))


def _elements(value: Any, block_id: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, list):
        for each in value:
            yield from _elements(each, block_id)
    elif isinstance(value, dict):
        if value.get("type") in INTERACTIVE:
            yield block_id, value
        for inner in value.values():
            yield from _elements(inner, value.get("block_id") or block_id)


def option_list(element: Json) -> list[Json]:
    """The options an element offers, those of its groups too."""
    groups = element.get("option_groups") or ()
    return [*(element.get("options") or ()), *(option for group in groups for option in group.get("options", ()))]
