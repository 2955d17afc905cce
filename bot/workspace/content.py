"""What a message says, checked as Slack checks it."""

import json
from dataclasses import dataclass
from typing import Any

from bot.workspace.block_kit.validate import faults_in_message_blocks
from bot.workspace.block_kit.walk import with_ids
from bot.workspace.calls import Arguments, Refused
from bot.workspace.model import Json

TEXT_AT_MOST = 40_000
UPDATE_TEXT_AT_MOST = 4_000
BLOCKS_TEXT_AT_MOST = 13_200
"""Characters of all blocks as JSON, without tables and charts, whose limits are their own.

Slack publishes no number; methods (and not response URLs) were seen to refuse from about here on (bolt-js 2509, 2867).
"""
OWN_LIMITS = frozenset({"table", "data_table", "data_visualization"})
ATTACHMENTS_AT_MOST = 100
METADATA_BYTES_AT_MOST = 8_000


@dataclass(frozen=True, slots=True)
class Content:
    """A message's text, blocks and the rest; None where the call said nothing of it."""

    text: str | None
    blocks: tuple[Json, ...] | None
    attachments: tuple[Json, ...] | None
    metadata: Json | None
    link_names: bool = False


def read_content(arguments: Arguments) -> Content:
    """The content of a new message, or Refused in Slack's words."""
    content = read_changes(arguments)
    if not (content.text or content.blocks or content.attachments):
        raise Refused("no_text")
    return content


def read_changes(arguments: Arguments) -> Content:
    """What a call says of a message's content, each part checked, none required."""
    text = arguments.optional_text("text")
    return Content(
        text=None if text is None else text[:TEXT_AT_MOST],
        blocks=_read_blocks(arguments.json("blocks", "invalid_blocks_format")),
        attachments=_read_attachments(arguments.json("attachments", "invalid_attachments")),
        metadata=_read_metadata(arguments.json("metadata", "invalid_metadata_format")),
        link_names=arguments.flag("link_names") or arguments.optional_text("parse") == "full",
    )


def refuse_long(content: Content) -> None:
    """Raise what the `chat` methods say of blocks that are too long together."""
    counted = [block for block in content.blocks or () if block["type"] not in OWN_LIMITS]
    if len(json.dumps(counted, ensure_ascii=False, separators=(",", ":"))) > BLOCKS_TEXT_AT_MOST:
        raise Refused("msg_blocks_too_long")


def _read_blocks(blocks: Any) -> tuple[Json, ...] | None:
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    refuse_blocks(blocks, "/blocks")
    return with_ids(blocks)


def refuse_blocks(blocks: Any, pointer: str) -> None:
    """Raise `invalid_blocks` with every fault, as JSON pointers, when there is one."""
    faults = faults_in_message_blocks(blocks, pointer)
    if faults:
        words = [f"{fault.problem} [json-pointer:{fault.pointer}]" for fault in faults]
        raise Refused(
            "invalid_blocks", errors=words, response_metadata={"messages": [f"[ERROR] {word}" for word in words]}
        )


def _read_attachments(attachments: Any) -> tuple[Json, ...] | None:
    if attachments is None:
        return None
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise Refused("invalid_attachments")
    if len(attachments) > ATTACHMENTS_AT_MOST:
        raise Refused("too_many_attachments")
    for place, attachment in enumerate(attachments):
        if "blocks" in attachment:
            refuse_blocks(attachment["blocks"], f"/attachments/{place}/blocks")
    return tuple(
        {**each, "blocks": list(with_ids(each["blocks"]))} if "blocks" in each else each for each in attachments
    )


def _read_metadata(metadata: Any) -> Json | None:
    if metadata is None:
        return None
    if metadata == {}:
        return {}
    if not isinstance(metadata, dict):
        raise Refused("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES_AT_MOST:
        raise Refused("metadata_too_large")
    return {"event_type": kind, "event_payload": payload}
