"""Events as a table for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

from bot.incidents.event import Event

COLUMNS = ("id", "kind", "server", "role", "state", "requester", "reason", "at", "pid", "started_at", "outcome")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes a cell that begins so for: something to carry out; some take the wide signs for it, too."""


def as_csv(events: Iterable[Event], *, header: bool = True) -> str:
    """Write events as CSV (RFC 4180), a header first: one line a connection, one for an event without any; times are ISO 8601, UTC."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    if header:
        lines.writerow(COLUMNS)
    for event in events:
        lines.writerows([harmless(cell) for cell in row] for row in _rows(event))
    return text.getvalue()


def harmless(cell: str) -> str:
    """Return what a spreadsheet shows as `cell` and never carries out; a cell that could be a formula gets an apostrophe."""
    return f"'{cell}" if cell.lstrip(" \u00a0\ufeff").startswith(FORMULA) else cell


def _rows(event: Event) -> Sequence[Sequence[str]]:
    about = (event.id, event.kind, event.server, event.role, event.state, event.requester, event.reason)
    told = [(str(one.pid), one.started_at.isoformat(), one.outcome or "") for one in event.backends]
    return [(*about, event.at.isoformat(), *backend) for backend in told or [("", "", "")]]
