"""The one clock of the program; the composition root and the command line read it, everything else takes the time."""

from datetime import UTC, datetime


def clock() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - here and nowhere else
