"""Finding a control of a message the way a person does, and choosing in it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

from bot.workspace.block_kit.walk import CHOICES, MANY, elements, option_list
from bot.workspace.model import Json, Message
from bot.workspace.refusals import NotPossible
from bot.workspace.state import State
from bot.workspace.text import unescape


def label(element: Json, *names: str) -> str:
    """The words on a control: a button's text, else what stands in it before a choice; or those in other fields."""
    for name in names or ("text", "placeholder"):
        if isinstance(element.get(name), dict):
            return unescape(str(element[name].get("text", "")))
    return ""


class Surface(Protocol):
    """What holds controls: a message or a modal."""

    @property
    def blocks(self) -> Sequence[Json] | None:
        """Its blocks."""


def find_control(
    surface: Surface,
    *,
    action_id: str | None = None,
    words: str | None = None,
    field: str | None = None,
    kinds: Collection[str] = (),
) -> tuple[str, Json]:
    """The one control with this action id, these words, of these kinds; with its block's id.

    `field` may be its action id, its block's id or the label of its input block. NotPossible when none or several fit.
    """
    labels = {block["block_id"]: label(block, "label") for block in surface.blocks or () if block["type"] == "input"}
    fitting = [
        (block_id, element)
        for block_id, element in elements(surface.blocks)
        if (action_id is None or element["action_id"] == action_id)
        and (words is None or label(element) == words)
        and (field is None or field in (element["action_id"], block_id, labels.get(block_id)))
        and (not kinds or element["type"] in kinds)
    ]
    if len(fitting) == 1:
        return fitting[0]
    wanted = words or action_id or field or ", ".join(kinds)
    there = ", ".join(repr(label(element) or element["action_id"]) for _, element in elements(surface.blocks))
    what = "message" if isinstance(surface, Message) else "modal"
    raise NotPossible(f"{len(fitting)} controls of the {what} are {wanted!r}; it has {there or 'none'}.")


def choose_options(element: Json, wanted: Iterable[str]) -> list[Json]:
    """The options with these values or words, in the order they are offered; NotPossible when one is not."""
    wanted = list(wanted)
    names = {option["value"]: (option["value"], label(option)) for option in option_list(element)}
    missing = [each for each in wanted if not any(each in known for known in names.values())]
    if missing:
        raise NotPossible(f"No option {', '.join(map(repr, missing))} is offered.")
    return [option for option in option_list(element) if set(names[option["value"]]) & set(wanted)]


def filled(state: State, element: Json, value: Any) -> Json:
    """The field of an entry in `state.values` for what a person puts in; None empties it."""
    kind, field = element["type"], CHOICES[element["type"]][1]
    several: list[Any] = [] if value is None else [value] if isinstance(value, str) else list(value)
    if field in ("selected_option", "selected_options") and option_list(element):
        several = choose_options(element, several)
    elif field in ("selected_user", "selected_users"):
        several = [state.find_user(each).id for each in several]
    elif field.startswith(("selected_channel", "selected_conversation")):
        several = [state.find_channel(each).id for each in several]
    return {field: several if kind in MANY else next(iter(several), None)}


def values_at_first(surface: Surface) -> dict[str, dict[str, Json]]:
    """`state.values` of a message or modal in which nobody has chosen anything yet."""
    values: dict[str, dict[str, Json]] = {}
    for block_id, action_id, entry in _entries(surface):
        values.setdefault(block_id, {})[action_id] = entry
    return values


def _entries(surface: Surface) -> Iterator[tuple[str, str, Json]]:
    for block_id, element in elements(surface.blocks):
        if element["type"] in CHOICES:
            initial, present = CHOICES[element["type"]]
            nothing: Any = [] if element["type"] in MANY else None
            yield block_id, element["action_id"], {"type": element["type"], present: element.get(initial, nothing)}
