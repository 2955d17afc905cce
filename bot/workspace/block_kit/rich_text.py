"""Rich text: sections, lists, quotes and preformatted text, and the parts that stand in them."""

from collections.abc import Mapping

from bot.workspace.block_kit.checks import Check, Need, array, boolean, one_of, shape, string, typed, whole
from bot.workspace.block_kit.objects import block_id

_style = shape(
    bold=boolean,
    italic=boolean,
    strike=boolean,
    code=boolean,
    underline=boolean,
    highlight=boolean,
    client_highlight=boolean,
    unlink=boolean,
)


def _part(kind: str, **fields: Check | Need) -> Check:
    return shape(type=Need(one_of(kind)), style=_style, **fields)


PARTS: Mapping[str, Check] = {
    "text": _part("text", text=Need(string(None, 1))),
    "link": _part("link", url=Need(string(None, 1)), text=string(), unsafe=boolean),
    "user": _part("user", user_id=Need(string(None, 1))),
    "usergroup": _part("usergroup", usergroup_id=Need(string(None, 1))),
    "channel": _part("channel", channel_id=Need(string(None, 1))),
    "team": _part("team", team_id=Need(string(None, 1))),
    "broadcast": _part("broadcast", range=Need(one_of("here", "channel", "everyone"))),
    "emoji": _part("emoji", name=Need(string(None, 1)), unicode=string(), skin_tone=whole(1, 6), url=string()),
    "date": _part("date", timestamp=Need(whole(0)), format=Need(string(None, 1)), url=string(), fallback=string()),
    "color": _part("color", value=Need(string(None, 1))),
}

_parts = array(typed(PARTS))
_border = whole(0, 1)
_section = shape(type=Need(one_of("rich_text_section")), elements=Need(_parts))

ELEMENTS: Mapping[str, Check] = {
    "rich_text_section": _section,
    "rich_text_list": shape(
        type=Need(one_of("rich_text_list")),
        style=Need(one_of("bullet", "ordered")),
        elements=Need(array(typed({"rich_text_section": _section}))),
        indent=whole(0, 8),
        offset=whole(0),
        border=_border,
    ),
    "rich_text_preformatted": shape(
        type=Need(one_of("rich_text_preformatted")),
        elements=Need(array(typed(PARTS, {"text", "link"}))),
        border=_border,
        language=string(),
    ),
    "rich_text_quote": shape(type=Need(one_of("rich_text_quote")), elements=Need(_parts), border=_border),
}

rich_text = shape(type=Need(one_of("rich_text")), elements=Need(array(typed(ELEMENTS))), block_id=block_id)
