"""ISO weeks in the course's time zone: they begin on Monday at midnight there, and have 167, 168 or 169 hours."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_YEARS = range(1970, 3000)
"""At both ends of the calendar a week begins or ends outside of it, in one zone or another."""


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO week, such as 2026-W47."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02}"

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    def begins(self, zone: tzinfo) -> datetime:
        """Its first moment, aware UTC."""
        return _midnight(self.monday, zone)

    def ends(self, zone: tzinfo) -> datetime:
        """The first moment of the week after it, aware UTC."""
        return _midnight(self.monday + timedelta(weeks=1), zone)

    def after(self, weeks: int = 1) -> "Week":
        """The week so many weeks later; before, where it is negative."""
        return _of(self.monday + timedelta(weeks=weeks))

    def told_at(self, day: int, hour: int, zone: tzinfo) -> datetime:
        """When it is told: on `day` (0 is Monday) of the week after it, at `hour` in `zone`; aware UTC."""
        local = datetime.combine(self.monday + timedelta(weeks=1, days=day), time(hour), zone)
        return local.astimezone(UTC)


def week_of(at: datetime, zone: tzinfo) -> Week:
    """The week in which a moment lies."""
    return _of(at.astimezone(zone).date())


def read_week(typed: str) -> Week | None:
    """Read `2026-W47` (`2026W47`, `2026-w7`); None: there is no such week, or none that anybody can mean."""
    found = re.fullmatch(r"([0-9]{4})-?[Ww]([0-9]{1,2})", typed.strip())
    if found is None or int(found[1]) not in _YEARS:
        return None
    try:
        return _of(date.fromisocalendar(int(found[1]), int(found[2]), 1))
    except ValueError:
        return None


def last_whole(now: datetime, zone: tzinfo) -> Week:
    """The newest week that is over."""
    return week_of(now, zone).after(-1)


def newest_due(now: datetime, day: int, hour: int, zone: tzinfo) -> Week:
    """The newest week whose time to be told has come."""
    week = last_whole(now, zone)
    return week if week.told_at(day, hour, zone) <= now else week.after(-1)


def _of(day: date) -> Week:
    year, number, _ = day.isocalendar()
    return Week(year, number)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
