"""What Slack and its readers demand of a message, from three sources that know nothing of each other.

1. Slack's own SDK (`Block.validate_json`): most lengths. 2. the workspace's strict reader of Block Kit: shapes and limits.
3. The rules below, which neither has or which are ours: `reference/slack.md` 1.6 (limits), 1.7 (text safety), 5 (accessibility).
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block

from bot.slack.blocks.text import Message
from bot.workspace.block_kit.validate import faults_in_message_blocks

BLOCKS = 50
SECTION = 3000
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
CHECKBOXES = 10
LABEL = 75
OPTION_VALUE = 150
BUTTON_VALUE = 2000
ID = 255
TEXT = 3900
UNKNOWN_TO_THE_SDK = ("data_visualization",)
"""Blocks that Slack has and its SDK has no class for (`reference/slack.md` 1.6)."""
WHOLE = 13_000
"""Characters of all blocks; `chat.postMessage` was seen to refuse more than about 13,200 (bolt-js issues 2509 and 2867)."""

_LIVE = re.compile(r"<[^>]*>?|>")
_MEANT = re.compile(
    r"<@[UW][A-Z0-9]{2,}>|<!date\^-?[0-9]+\^[^|<>]*\|[^|<>]+>"
    r"|<https?://[a-z0-9.:]+/archives/[A-Z0-9]+/p[0-9]+(?:\?[a-zA-Z0-9_=&.]*)?\|[a-z ]+>"
)


def faults(message: Message) -> list[str]:
    """Everything that is wrong with `message`, as sentences; none: it may be sent."""
    return [
        *_text_faults(message),
        *_sdk_faults(message),
        *(f"{fault.pointer}: {fault.problem}" for fault in faults_in_message_blocks(list(message.blocks))),
        *_limit_faults(message),
        *_id_faults(message),
        *_name_faults(message),
        *(f"live token in {string!r}" for string in strings(message) if _live(string)),
        *(f"invisible character in {string!r}" for string in strings(message) if _invisible(string)),
        *(f"odd backticks in {text!r}" for text in _mrkdwn(message) if text.count("`") % 2),
    ]


def strings(message: Message) -> Iterator[str]:
    """Every string a reader may come to see or hear, in `text` and blocks; ids and values are not among them."""
    yield message.text
    for node in _nodes(list(message.blocks)):
        for key in ("text", "accessibility_label", "label"):
            if isinstance(node.get(key), str):
                yield node[key]


def buttons(message: Message) -> list[dict[str, Any]]:
    """Every button, in reading order."""
    return [node for node in _nodes(list(message.blocks)) if node.get("type") == "button"]


def options(message: Message) -> list[dict[str, Any]]:
    """Every box of every checklist, in reading order."""
    return [
        option
        for node in _nodes(list(message.blocks))
        if node.get("type") == "checkboxes"
        for option in node["options"]
    ]


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _nodes(item)


def _text_faults(message: Message) -> Iterator[str]:
    if not message.text.strip():
        yield "no text"
    if len(message.text) > TEXT:
        yield f"text of {len(message.text)} characters"
    if "<!date" in message.text:
        yield "a time that notifications do not render"


def _sdk_faults(message: Message) -> Iterator[str]:
    for at, block in enumerate(message.blocks):
        if block["type"] in UNKNOWN_TO_THE_SDK:
            continue
        parsed = Block.parse(json.loads(json.dumps(block)))
        if parsed is None:
            yield f"block {at} is unknown to the SDK"
            continue
        try:
            parsed.validate_json()
        except Exception as exc:  # noqa: BLE001  # the SDK raises several kinds, and each is a fault
            yield f"block {at}: {exc}"


def _limit_faults(message: Message) -> Iterator[str]:
    if len(message.blocks) > BLOCKS:
        yield f"{len(message.blocks)} blocks"
    whole = len(json.dumps(message.blocks, ensure_ascii=False))
    if whole > WHOLE:
        yield f"{whole} characters of blocks"
    for node in _nodes(list(message.blocks)):
        yield from _too_long(node)


def _too_long(node: dict[str, Any]) -> Iterator[str]:
    kind = node.get("type")
    limits = {
        "section": [("text", SECTION)],
        "button": [("text", LABEL), ("value", BUTTON_VALUE), ("accessibility_label", LABEL), ("action_id", ID)],
    }.get(str(kind), [])
    # A chart's points have labels and numbers.
    if "value" in node and kind is None and "label" not in node:
        limits = [("text", LABEL), ("description", LABEL), ("value", OPTION_VALUE)]
    for key, limit in limits:
        value = node.get(key)
        text = value["text"] if isinstance(value, dict) else value
        if text is not None and not 0 < len(text) <= limit:
            yield f"{key} of {len(text)} characters in {node}"
    counts = {
        "context": ("elements", CONTEXT_ELEMENTS),
        "actions": ("elements", ACTION_ELEMENTS),
        "checkboxes": ("options", CHECKBOXES),
    }
    if kind in counts:
        key, limit = counts[kind]
        if not 0 < len(node[key]) <= limit:
            yield f"{len(node[key])} {key} in {kind}"
    if kind == "mrkdwn" and node.get("verbatim") is not True:
        yield f"mrkdwn that Slack may make links of: {node['text']!r}"


def _id_faults(message: Message) -> Iterator[str]:
    block_ids = Counter(block["block_id"] for block in message.blocks if "block_id" in block)
    yield from (f"block_id {block_id} {count} times" for block_id, count in block_ids.items() if count > 1)
    for block in message.blocks:
        ids = Counter(node["action_id"] for node in _nodes(block) if "action_id" in node)
        yield from (f"action_id {action_id} {count} times in a block" for action_id, count in ids.items() if count > 1)


def _name_faults(message: Message) -> Iterator[str]:
    """WCAG 2.5.3 and 4.1.2: controls are told apart by their names, which begin with what is seen."""
    names = Counter(button.get("accessibility_label", button["text"]["text"]) for button in buttons(message))
    yield from (f"{count} buttons are named {name!r}" for name, count in names.items() if count > 1)
    for button in buttons(message):
        label = button.get("accessibility_label", button["text"]["text"])
        if not label.startswith(button["text"]["text"]):
            yield f"{label!r} does not begin with {button['text']['text']!r}"
    boxes = Counter(option["text"]["text"] for option in options(message))
    yield from (f"{count} boxes are named {name!r}" for name, count in boxes.items() if count > 1)
    values = Counter(option["value"] for option in options(message))
    yield from (f"{count} boxes have the value {value!r}" for value, count in values.items() if count > 1)


def _live(string: str) -> bool:
    return bool(_LIVE.search(_MEANT.sub("", string)))


def _invisible(string: str) -> bool:
    return any(
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        or char in "\u2800\u3164\u115f\u1160\uffa0"
        for char in string.replace("\n", "")
    )


def _mrkdwn(message: Message) -> Iterator[str]:
    yield message.text
    yield from (node["text"] for node in _nodes(list(message.blocks)) if node.get("type") == "mrkdwn")
