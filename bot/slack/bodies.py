"""Parts of what Slack sends, read with no trust in its shape."""

from collections.abc import Mapping
from typing import Any


def part(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under a key; an empty one where there is none."""
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


def text(body: Mapping[str, Any], key: str) -> str:
    """Return the text under a key; '' where there is none."""
    value = body.get(key)
    return value if isinstance(value, str) else ""
