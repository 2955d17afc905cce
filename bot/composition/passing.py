"""What comes with time: what has grown old names nobody any more."""

from datetime import timedelta

from bot.composition.parts import Loop, Parts, new_id
from bot.incidents.retention import Retention
from bot.storage.lease import Lease

REDUCE_EVERY = timedelta(days=1)


def loops(parts: Parts) -> tuple[Loop, ...]:
    """Build it."""
    return _retention(parts)


def _retention(parts: Parts) -> tuple[Loop, ...]:
    months, team = parts.course.retention_months, parts.slack.workspace.team
    if not months:
        return ()
    retention = Retention(parts.database, parts.record, Lease(parts.database, new_id()), team, months)
    return (Loop("retention", REDUCE_EVERY, retention.turn),)
