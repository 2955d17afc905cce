"""Whether Slack would take this as a modal, or as a Home tab."""

from typing import Any

from bot.workspace.block_kit.blocks import SHAPES
from bot.workspace.block_kit.checks import (
    Check,
    Fault,
    Inspection,
    Need,
    array,
    boolean,
    one_of,
    shape,
    string,
    typed,
)
from bot.workspace.block_kit.objects import any_text, block_id, plain_text
from bot.workspace.block_kit.validate import unique_ids
from bot.workspace.block_kit.walk import elements
from bot.workspace.model import Json

BLOCKS_AT_MOST = 100
WORDS_AT_MOST = 24
PRIVATE_METADATA_AT_MOST = 3000

_alert = shape(
    type=Need(one_of("alert")),
    block_id=block_id,
    text=Need(any_text(200)),
    level=one_of("default", "info", "warning", "error", "success"),
)
_IN_MODALS: dict[str, Check] = {
    kind: SHAPES[kind]
    for kind in ("actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video", "card")
} | {"alert": _alert}


def _submit_where_there_is_input(inspection: Inspection, value: Json, pointer: str) -> None:
    blocks = value.get("blocks")
    inputs = [each for each in blocks if isinstance(each, dict) and each.get("type") == "input"] if blocks else []
    if inputs and "submit" not in value:
        inspection.note(pointer, "missing required field: submit")


def _one_focus(inspection: Inspection, value: Json, pointer: str) -> None:
    blocks = [each for each in value.get("blocks") or () if isinstance(each, dict)]
    if sum(element.get("focus_on_load") is True for _, element in elements(blocks)) > 1:
        inspection.note(pointer, "focus_on_load can be set on one element only")


_modal = shape(
    _submit_where_there_is_input,
    _one_focus,
    type=Need(one_of("modal")),
    title=Need(plain_text(WORDS_AT_MOST)),
    blocks=Need(array(typed(_IN_MODALS), 0, BLOCKS_AT_MOST)),
    submit=plain_text(WORDS_AT_MOST),
    close=plain_text(WORDS_AT_MOST),
    private_metadata=string(PRIVATE_METADATA_AT_MOST),
    callback_id=string(255),
    external_id=string(255),
    clear_on_close=boolean,
    notify_on_close=boolean,
    submit_disabled=boolean,
)


_home = shape(
    _one_focus,
    type=Need(one_of("home")),
    blocks=Need(array(typed(_IN_MODALS), 0, BLOCKS_AT_MOST)),
    private_metadata=string(PRIVATE_METADATA_AT_MOST),
    callback_id=string(255),
    external_id=string(255),
)


def faults_in_view(view: Any, pointer: str = "/view", *, kind: str = "modal") -> tuple[Fault, ...]:
    """Everything wrong with a modal, or with a Home tab (`kind` home); empty when Slack would show it."""
    inspection = Inspection()
    if not isinstance(view, dict):
        inspection.note(pointer, "must be an object")
        return tuple(inspection.faults)
    blocks = view.get("blocks")
    listed = blocks if isinstance(blocks, list) else []
    (_home if kind == "home" else _modal)(inspection, view | {"blocks": listed} if "blocks" in view else view, pointer)
    if "blocks" in view and blocks is not listed:
        inspection.note(f"{pointer}/blocks", "must be an array")
    placed = [(f"{pointer}/blocks/{place}", each) for place, each in enumerate(listed) if isinstance(each, dict)]
    unique_ids(inspection, placed)
    return tuple(inspection.faults)
