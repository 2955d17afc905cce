"""Whether Slack would take these blocks as a message's."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.workspace.block_kit.blocks import MARKDOWN_AT_MOST, SHAPES
from bot.workspace.block_kit.checks import Fault, Inspection, array, typed
from bot.workspace.block_kit.figures import DATA_TABLE_CHARACTERS, TABLE_CHARACTERS, characters
from bot.workspace.block_kit.walk import INTERACTIVE
from bot.workspace.model import Json

BLOCKS_AT_MOST = 50
TABLES_AT_MOST = 1
CHARTS_AT_MOST = 2

_blocks = array(typed(SHAPES), 0, BLOCKS_AT_MOST)


def faults_in_message_blocks(blocks: Any, pointer: str = "/blocks") -> tuple[Fault, ...]:
    """Everything wrong with a message's blocks, in their order; empty when Slack would take them."""
    inspection = Inspection()
    _blocks(inspection, blocks, pointer)
    if isinstance(blocks, list):
        placed = [(f"{pointer}/{place}", block) for place, block in enumerate(blocks) if isinstance(block, dict)]
        unique_ids(inspection, placed)
        _whole_message(inspection, placed, pointer)
    return tuple(inspection.faults)


def unique_ids(inspection: Inspection, placed: list[tuple[str, Json]]) -> None:
    """Note every block id, and every action id within a block, that stands there twice."""
    seen: set[str] = set()
    for pointer, block in placed:
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id:
            if block_id in seen:
                inspection.note(f"{pointer}/block_id", f"block_id already exists: {block_id}")
            seen.add(block_id)
        counts = Counter(action_id for action_id in _action_ids(block))
        for action_id, times in counts.items():
            if times > 1:
                inspection.note(pointer, f"action_id already exists: {action_id}")


def _action_ids(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _action_ids(each)
    elif isinstance(value, dict):
        action_id = value.get("action_id")
        if isinstance(action_id, str) and action_id and value.get("type") in INTERACTIVE:
            yield action_id
        for name, inner in value.items():
            # A block inside a container has action ids of its own.
            if name != "child_blocks":
                yield from _action_ids(inner)


def _whole_message(inspection: Inspection, placed: list[tuple[str, Json]], pointer: str) -> None:
    blocks = [block for _, block in placed]
    of_kind = Counter(block["type"] for block in blocks if isinstance(block.get("type"), str))
    if of_kind["table"] > TABLES_AT_MOST:
        inspection.note(pointer, "only_one_table_allowed")
    if of_kind["data_visualization"] > CHARTS_AT_MOST:
        inspection.note(pointer, f"no more than {CHARTS_AT_MOST} data_visualization blocks allowed")
    for kind, limit in (("table", TABLE_CHARACTERS), ("data_table", DATA_TABLE_CHARACTERS)):
        total = sum(characters(block.get("rows")) for block in blocks if block.get("type") == kind)
        if total > limit:
            inspection.note(pointer, f"all {kind} cells together must be less than {limit + 1} characters")
    markdown = [block.get("text") for block in blocks if block.get("type") == "markdown"]
    if sum(len(text) for text in markdown if isinstance(text, str)) > MARKDOWN_AT_MOST:
        inspection.note(pointer, f"all markdown blocks together must be less than {MARKDOWN_AT_MOST + 1} characters")
