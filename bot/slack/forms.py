"""What people put into modals, read with no trust in it; and what is wrong with it, to be said beside the field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack import ids
from bot.slack.words import unfit

_SLACK_ID = re.compile(r"[A-Z][A-Z0-9]{2,30}")
LONGEST_ROLE = 63
"""Bytes of a name that PostgreSQL keeps."""


def typed_role(body: Mapping[str, Any]) -> str:
    """Return the role's name as somebody typed it, without blanks around it."""
    return typed(body, ids.ROLE_FIELD)


def chosen_server(body: Mapping[str, Any], servers: Sequence[str]) -> str | None:
    """Return the server that somebody chose among `servers`; None: none of them."""
    return chosen(body, ids.SERVER_FIELD, servers)


def typed(body: Mapping[str, Any], field: str) -> str:
    """Return what was typed into a field, without blanks around it."""
    value = _entry(body, field).get("value")
    return value.strip() if isinstance(value, str) else ""


def chosen(body: Mapping[str, Any], field: str, labels: Sequence[str]) -> str | None:
    """Return which of `labels` was chosen in a menu of them; None: none."""
    option = _entry(body, field).get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    return next((name for place, name in enumerate(labels) if str(place) == value), None)


def chosen_person(body: Mapping[str, Any], field: str) -> str:
    """Return the Slack id of the person who was chosen; '' for nobody."""
    value = _entry(body, field).get("selected_user")
    return value if isinstance(value, str) and _SLACK_ID.fullmatch(value) else ""


def chosen_day(body: Mapping[str, Any], field: str) -> str:
    """Return the date that was picked, as YYYY-MM-DD; '' for none."""
    value = _entry(body, field).get("selected_date")
    return value if isinstance(value, str) else ""


def chosen_file(body: Mapping[str, Any], field: str) -> str:
    """Return the id of the file that was chosen; '' for none."""
    files = _entry(body, field).get("files")
    first = files[0] if isinstance(files, list) and files and isinstance(files[0], Mapping) else {}
    value = first.get("id")
    return value if isinstance(value, str) and _SLACK_ID.fullmatch(value) else ""


def is_ticked(body: Mapping[str, Any], field: str) -> bool:
    """Say whether a field's one box is ticked."""
    return bool(_entry(body, field).get("selected_options"))


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
