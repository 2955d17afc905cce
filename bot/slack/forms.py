"""What people put into modals, read with no trust in it; and what is wrong with it, to be said beside the field."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack import ids
from bot.slack.words import unfit

LONGEST_ROLE = 63
"""Bytes of a name that PostgreSQL keeps."""


def typed_role(body: Mapping[str, Any]) -> str:
    """Return the role's name as somebody typed it, without blanks around it."""
    value = _entry(body, ids.ROLE_FIELD).get("value")
    return value.strip() if isinstance(value, str) else ""


def chosen_server(body: Mapping[str, Any], servers: Sequence[str]) -> str | None:
    """Return the server that somebody chose among `servers`; None: none of them."""
    option = _entry(body, ids.SERVER_FIELD).get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    return next((name for place, name in enumerate(servers) if str(place) == value), None)


def role_faults(body: Mapping[str, Any], servers: Sequence[str]) -> dict[str, str]:
    """Say by field what is wrong with an answer to the question for another role; `servers` are those to choose from, if any."""
    name, faults = typed_role(body), {}
    if not name:
        faults[ids.ROLE_FIELD] = "Type the name that you log in with."
    elif unfit(name) or len(name.encode()) > LONGEST_ROLE:
        faults[ids.ROLE_FIELD] = "No role can have this name. Copy it from the error, or from what you log in with."
    if servers and chosen_server(body, servers) is None:
        faults[ids.SERVER_FIELD] = "Choose the server."
    return faults


def _entry(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return what is in one field of a modal, in whose block and element its name stands."""
    part: Any = body
    for key in ("view", "state", "values", field, field):
        part = part.get(key) if isinstance(part, Mapping) else None
    return part if isinstance(part, Mapping) else {}
