"""Where Slack's SDK has a rule of its own about blocks, both say the same."""

from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from bot.workspace.block_kit.validate import faults_in_message_blocks
from tests.unit.workspace.test_block_kit import INVALID, VALID

NO_CLASS = frozenset({"data_table", "data_visualization"})
"""The SDK has no class for these and drops them with a warning."""

SDK_IS_SILENT = frozenset(
    {
        "51 blocks", "alert in a message", "unknown key", "section, empty text", "field of 2001",
        "input as accessory", "header in mrkdwn", "header level 5",
        "empty context", "button in context", "no actions", "text in actions", "button in mrkdwn", "button, empty",
        "one action id twice", "one block id twice", "no checkboxes", "eleven checkboxes",
        "checked, not offered", "one value twice", "option value 151", "option in mrkdwn in a select",
        "image without source", "image with two sources", "markdown 12001 in two", "rich text of text",
        "rich text, empty text", "user in preformatted", "list without style", "table of 101 rows", "table of 21 columns",
        "table of mrkdwn", "empty cell", "two tables", "10,001 characters of table", "three charts",
        "pending task alone", "section, bare string", "option text 76",
    }
)  # fmt: skip
"""Rules that the SDK does not know; measured with 3.47."""


def sdk_takes(block: Any) -> bool:
    try:
        parsed = Block.parse(block)
        if parsed is None:
            return False
        parsed.to_dict()  # validates what is inside it too
    except (SlackObjectFormationError, TypeError, ValueError, AttributeError, KeyError):
        return False
    return True


def _comparable(blocks: list[Any]) -> bool:
    return bool(blocks) and all(isinstance(block, dict) and block.get("type") not in NO_CLASS for block in blocks)


@pytest.mark.parametrize("name", [name for name, blocks in VALID.items() if _comparable(blocks)])
def test_what_we_take_the_sdk_takes(name: str) -> None:
    assert all(sdk_takes(block) for block in VALID[name])


@pytest.mark.parametrize("name", [name for name, (blocks, _, _) in INVALID.items() if _comparable(blocks)])
def test_what_we_refuse_the_sdk_refuses_unless_it_has_no_rule(name: str) -> None:
    blocks, _, _ = INVALID[name]
    assert all(sdk_takes(block) for block in blocks) == (name in SDK_IS_SILENT)


def test_whatever_the_sdk_refuses_of_texts_of_every_length_we_refuse() -> None:
    for length in (0, 1, 30, 31, 75, 76, 100, 101, 150, 151, 300, 301, 2000, 2001, 3000, 3001):
        words = "x" * length
        text = {"type": "plain_text", "text": words}
        button = {"type": "button", "text": {"type": "plain_text", "text": "x"}, "action_id": "a"}
        for block in (
            {"type": "section", "text": text},
            {"type": "header", "text": text},
            {"type": "actions", "elements": [button | {"text": text}]},
            {"type": "actions", "elements": [button | {"value": words}]},
            {"type": "actions", "elements": [button | {"url": words}]},
            {"type": "actions", "elements": [button | {"action_id": words}]},
            {"type": "image", "alt_text": words, "image_url": "https://x"},
            {"type": "image", "alt_text": "x", "image_url": "https://x", "title": text},
        ):
            if not sdk_takes(block):
                assert faults_in_message_blocks([block]), (length, block["type"])
