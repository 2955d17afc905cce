"""Fields of modals: each has one name, of its block and of its element, by which `forms` reads it."""

from collections.abc import Collection, Sequence

from bot.slack.blocks import elements
from bot.slack.blocks.text import Block, spoken

OPTIONS_LIMIT = 100
"""Options of a menu."""
TYPED_LIMIT = 300
"""Characters; longer than anything that is asked for."""


def field(name: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    """A field with its label; without `optional` Slack asks for it to be filled in."""
    block: Block = {"type": "input", "block_id": name, "label": plain(label), "element": element, "optional": optional}
    return {**block, "hint": plain(hint)} if hint else block


def text(name: str, example: str = "", most: int = TYPED_LIMIT) -> Block:
    """A line of at most so many characters to type in; `example` stands in it while it is empty."""
    element: Block = {"type": "plain_text_input", "action_id": name, "max_length": most}
    return {**element, "placeholder": plain(example)} if example else element


def menu(name: str, labels: Sequence[str], offered: Collection[str] | None = None) -> Block:
    """A menu of foreign names, each chosen by its place among all; of those only the `offered` are shown, and one alone is chosen."""
    named = [option(label, str(place)) for place, label in enumerate(labels) if offered is None or label in offered]
    element: Block = {"type": "static_select", "action_id": name, "options": named[:OPTIONS_LIMIT]}
    return element if offered is None or len(named) != 1 else {**element, "initial_option": named[0]}


def person(name: str) -> Block:
    """A menu of the workspace's people."""
    return {"type": "users_select", "action_id": name}


def day(name: str) -> Block:
    """A date to pick."""
    return {"type": "datepicker", "action_id": name}


def file(name: str, kinds: Sequence[str]) -> Block:
    """One file to choose."""
    return {"type": "file_input", "action_id": name, "filetypes": list(kinds), "max_files": 1}


def tick(name: str, label: str) -> Block:
    """One box to tick."""
    return {"type": "checkboxes", "action_id": name, "options": [option(label, "yes")]}


def option(label: str, value: str) -> Block:
    """One entry of a menu or of boxes."""
    return {"text": plain(spoken(label, elements.OPTION_LIMIT)), "value": value}


def plain(text: str) -> Block:
    """Words in which nothing is formatting."""
    return {"type": "plain_text", "text": text, "emoji": False}
