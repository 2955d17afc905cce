"""The blocks that may stand in a message, each with its shape and limits."""

from collections.abc import Mapping

from bot.workspace.block_kit import elements
from bot.workspace.block_kit.checks import (
    Check,
    Inspection,
    Need,
    array,
    at_least_one,
    boolean,
    one_of,
    shape,
    string,
    typed,
    whole,
)
from bot.workspace.block_kit.figures import data_table, data_visualization, table
from bot.workspace.block_kit.objects import any_text, block_id, picture, plain_text, slack_file
from bot.workspace.block_kit.rich_text import rich_text
from bot.workspace.model import Json

SECTION_TEXT_AT_MOST = 3000
MARKDOWN_AT_MOST = 12_000
CHILDREN_AT_MOST = 10


def _block(kind: str, *rules: Check, **fields: Check | Need) -> Check:
    return shape(*rules, type=Need(one_of(kind)), block_id=block_id, **fields)


def _only(kinds: frozenset[str]) -> Check:
    return typed(elements.SHAPES, kinds)


_card = _block(
    "card",
    at_least_one("hero_image", "title", "actions", "body"),
    hero_image=elements.image,
    icon=elements.image,
    title=any_text(150),
    subtitle=any_text(150),
    body=any_text(200),
    subtext=any_text(200),
    actions=array(_only(frozenset({"button"})), 1, 3),
)

_source = shape(type=Need(one_of("url")), url=Need(string(None, 1)), text=Need(string(None, 1)))
_task_fields: Mapping[str, Check | Need] = {
    "task_id": Need(string(None, 1)),
    "title": Need(string(None, 1)),
    "details": rich_text,
    "output": rich_text,
    "sources": array(_source),
}
_task = _block("task_card", status=Need(one_of("in_progress", "complete", "error")), **_task_fields)
_planned_task = _block("task_card", status=Need(one_of("pending", "in_progress", "complete", "error")), **_task_fields)

SHAPES: dict[str, Check] = {
    "section": _block(
        "section",
        at_least_one("text", "fields"),
        text=any_text(SECTION_TEXT_AT_MOST),
        fields=array(any_text(2000), 1, 10),
        accessory=_only(elements.IN_SECTION),
        expand=boolean,
    ),
    "divider": _block("divider"),
    "header": _block("header", text=Need(plain_text(150)), level=whole(1, 4)),
    "image": _block(
        "image",
        picture,
        alt_text=Need(string(elements.ALT_TEXT_AT_MOST)),
        image_url=string(elements.IMAGE_URL_AT_MOST, 1),
        slack_file=slack_file,
        title=plain_text(2000),
    ),
    "actions": _block("actions", elements=Need(array(_only(elements.IN_ACTIONS), 1, 25))),
    "context": _block("context", elements=Need(array(_only(elements.IN_CONTEXT), 1, 10))),
    "context_actions": _block("context_actions", elements=Need(array(_only(elements.IN_CONTEXT_ACTIONS), 1, 5))),
    "input": _block(
        "input",
        label=Need(plain_text(2000)),
        element=Need(_only(elements.IN_INPUT)),
        hint=plain_text(2000),
        optional=boolean,
        dispatch_action=boolean,
    ),
    "markdown": _block("markdown", text=Need(string(MARKDOWN_AT_MOST, 1))),
    "rich_text": rich_text,
    "table": table,
    "data_table": data_table,
    "data_visualization": data_visualization,
    "video": _block(
        "video",
        alt_text=Need(string()),
        video_url=Need(string(None, 1)),
        thumbnail_url=Need(string(None, 1)),
        title=Need(plain_text(199)),
        title_url=string(),
        description=plain_text(200),
        provider_icon_url=string(),
        provider_name=string(),
        author_name=string(49),
    ),
    "card": _card,
    "carousel": _block("carousel", elements=Need(array(typed({"card": _card}), 1, 10))),
    "plan": _block("plan", title=Need(string(None, 1)), tasks=array(typed({"task_card": _planned_task}))),
    "task_card": _task,
}


def _header_of_container(inspection: Inspection, value: Json, pointer: str) -> None:
    if value.get("is_collapsible") and value.get("has_header_divider"):
        inspection.note(f"{pointer}/has_header_divider", "cannot be set when is_collapsible is true")
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        inspection.note(f"{pointer}/default_collapsed", "requires is_collapsible")


# A container holds ordinary blocks, not another container.
_children = array(typed(dict(SHAPES)), 1, CHILDREN_AT_MOST)
SHAPES["container"] = _block(
    "container",
    at_least_one("title", "rich_text_title"),
    _header_of_container,
    title=plain_text(150),
    rich_text_title=rich_text,
    subtitle=any_text(150),
    child_blocks=Need(_children),
    width=one_of("narrow", "standard", "wide", "full"),
    icon=elements.image,
    is_collapsible=boolean,
    default_collapsed=boolean,
    has_header_divider=boolean,
)
