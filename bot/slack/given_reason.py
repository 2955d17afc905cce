"""Why, as somebody typed it into a modal: read with no trust in it, and what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from bot.slack import ids
from bot.slack.commands import LONGEST_REASON
from bot.slack.words import unfit


def read(body: Mapping[str, Any]) -> str:
    """Return the reason that was typed, in one line."""
    part: Any = body
    for key in ("view", "state", "values", ids.REASON, ids.REASON):
        part = part.get(key) if isinstance(part, Mapping) else None
    value = part.get("value") if isinstance(part, Mapping) else None
    return " ".join(value.split()) if isinstance(value, str) else ""


def faults(body: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with it, by its field."""
    reason = read(body)
    if not reason:
        return {ids.REASON: "Say why, in a few words."}
    if unfit(reason):
        return {ids.REASON: "There is a character in it that cannot be kept. Type it anew."}
    if len(reason) > LONGEST_REASON:
        return {ids.REASON: f"At most {LONGEST_REASON} characters, please."}
    return {}
