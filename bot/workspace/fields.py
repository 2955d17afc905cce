"""What stands in the fields of a modal, and what the client itself finds wrong with it before anything is sent."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from bot.workspace.block_kit.walk import CHOICES
from bot.workspace.model import Json

REQUIRED = "Please complete this required field."


def faults_in_fields(blocks: Iterable[Json], values: Mapping[str, Any]) -> dict[str, str]:
    """Block id → what its field lacks; empty when the modal can be sent."""
    found = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        fault = _fault(element, _held(values, block["block_id"], element), optional=bool(block.get("optional")))
        if fault is not None:
            found[block["block_id"]] = fault
    return found


def _held(values: Mapping[str, Any], block_id: str, element: Json) -> Any:
    entries = values.get(block_id)
    entry = entries.get(element["action_id"]) if isinstance(entries, Mapping) else None
    present = CHOICES.get(element["type"], ("", "value"))[1]
    return entry.get(present) if isinstance(entry, Mapping) else None


def _fault(element: Json, held: Any, *, optional: bool) -> str | None:
    if held in (None, "", []):
        return None if optional else REQUIRED
    check = _CHECKS.get(element["type"])
    return None if check is None else check(element, held)


def _text(element: Json, held: Any) -> str | None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(str(held)) < least:
        return f"This entry is too short. (Min. {least} characters)"
    return f"This entry is too long. (Max. {most} characters)" if len(str(held)) > most else None


def _date(_element: Json, held: Any) -> str | None:
    try:
        date.fromisoformat(str(held))
    except ValueError:
        return "Please enter a valid date."
    return None


def _number(element: Json, held: Any) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, str(held)):
        return "Please enter a valid number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and float(held) < float(least):
        return f"This number must be {least} or more."
    return f"This number must be {most} or less." if most is not None and float(held) > float(most) else None


def _many(element: Json, held: Any) -> str | None:
    most = element.get("max_selected_items")
    return f"Please choose no more than {most}." if most is not None and len(held) > most else None


def _files(element: Json, held: Any) -> str | None:
    most, kinds = element.get("max_files", 10), element.get("filetypes")
    if len(held) > most:
        return f"Please choose no more than {most}."
    if kinds and any(file["filetype"] not in kinds for file in held):
        return f"Please choose a file of one of these kinds: {', '.join(kinds)}."
    return None


_CHECKS: Mapping[str, Callable[[Json, Any], str | None]] = {
    "plain_text_input": _text,
    "datepicker": _date,
    "number_input": _number,
    "file_input": _files,
    **{f"multi_{kind}_select": _many for kind in ("static", "users", "conversations", "channels", "external")},
}
