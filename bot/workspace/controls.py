"""Finding a control of a message the way a person does, and choosing in it."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from bot.workspace.block_kit.walk import CHOICES, MANY, elements, option_list
from bot.workspace.interactions import NotPossible
from bot.workspace.model import Json, Message
from bot.workspace.text import unescape


def label(element: Json) -> str:
    """The words on a control: a button's text, else what stands in it before a choice."""
    for name in ("text", "placeholder"):
        if isinstance(element.get(name), dict):
            return unescape(str(element[name].get("text", "")))
    return ""


def find_control(
    message: Message, *, action_id: str | None = None, words: str | None = None, kinds: Collection[str] = ()
) -> tuple[str, Json]:
    """The one control with this action id, these words, of these kinds; with its block's id.

    NotPossible when none or several fit.
    """
    fitting = [
        (block_id, element)
        for block_id, element in elements(message.blocks)
        if (action_id is None or element["action_id"] == action_id)
        and (words is None or label(element) == words)
        and (not kinds or element["type"] in kinds)
    ]
    if len(fitting) == 1:
        return fitting[0]
    wanted = words or action_id or ", ".join(kinds)
    there = ", ".join(repr(label(element) or element["action_id"]) for _, element in elements(message.blocks))
    raise NotPossible(f"{len(fitting)} controls of the message are {wanted!r}; it has {there or 'none'}.")


def choose_options(element: Json, wanted: Iterable[str]) -> list[Json]:
    """The options with these values or words, in the order they are offered; NotPossible when one is not."""
    wanted = list(wanted)
    names = {option["value"]: (option["value"], label(option)) for option in option_list(element)}
    missing = [each for each in wanted if not any(each in known for known in names.values())]
    if missing:
        raise NotPossible(f"No option {', '.join(map(repr, missing))} is offered.")
    return [option for option in option_list(element) if set(names[option["value"]]) & set(wanted)]


def values_at_first(message: Message) -> dict[str, dict[str, Json]]:
    """`state.values` of a message in which nobody has chosen anything yet."""
    values: dict[str, dict[str, Json]] = {}
    for block_id, action_id, entry in _entries(message):
        values.setdefault(block_id, {})[action_id] = entry
    return values


def _entries(message: Message) -> Iterator[tuple[str, str, Json]]:
    for block_id, element in elements(message.blocks):
        if element["type"] in CHOICES:
            initial, present = CHOICES[element["type"]]
            nothing: Any = [] if element["type"] in MANY else None
            yield block_id, element["action_id"], {"type": element["type"], present: element.get(initial, nothing)}
