"""Decides which one or two changes would help a course most, from a week's figures."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from bot.servers.samples import OTHERS
from bot.summaries.digest import Digest, Idler
from bot.summaries.naming import OF_ONE_ROLE, ONE_EACH

MOST = 2
_FEW = 1.0
"""Fewer connections than this on average are not worth a change."""
_MUCH = 0.25
"""Of what idles."""
_ROOMY = 0.7
"""A server whose peak stays below this share has room for higher limits."""
_STEP = 2
"""By how much a role's limit is raised at a time."""
_PART = 4
"""A database's limit is raised by one of so many parts of it."""
_OFTEN = 3
_POOLERS = frozenset({"pgbouncer", "pgcat", "pgpool", "pgpool-ii", "odyssey", "supavisor"})
"""Programs that hold connections for others."""


class Remedy(StrEnum):
    """What can be changed."""

    ROLE_LIMIT = "role_limit"
    """Raise the limit of roles from `number` to `to`."""
    DATABASE_LIMIT = "database_limit"
    """The same of the database `about`."""
    CLIENT = "client"
    """Change a setting of the program `about`."""
    SERVICE = "service"
    """Let the pool of a service, or the pooler, `about` hold fewer."""
    TIMEOUT = "timeout"
    """Let the server end what idles for long, of people."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, and how many connections it would free on average."""

    remedy: Remedy
    about: str = ""
    frees: float = 0.0
    number: int = 0
    to: int = 0


def changes(week: Digest) -> tuple[Change, ...]:
    """Choose the changes that would help most, the best first; none where nothing is known to be wrong."""
    found = [one for one in (_limit(week), *sorted(_of_idle(week), key=lambda one: -one.frees)) if one is not None]
    return tuple(found[:MOST])


def _limit(week: Digest) -> Change | None:
    """Raise the limit that kept people out most often, where the server has the room for it, as far as is known."""
    cause, met = week.causes[0] if week.causes else ("", 0)
    peak = week.server_peak
    if met < _OFTEN or week.watched * 2 < week.whole:
        return None
    if peak is None or peak.slots is None or peak.used > _ROOMY * peak.slots:
        return None
    choices = {"role_limit": _role_limit, "database_limit": _database_limit}
    return choices[cause](week, peak.slots - peak.used) if cause in choices else None


def _role_limit(week: Digest, free: int) -> Change | None:
    """The limit that most roles met; all of them may then use more."""
    full = Counter(one.full for one in week.roles if one.full)
    if not full:
        return None
    limit, roles = min(full.items(), key=lambda one: (-one[1], one[0] or 0))
    assert limit is not None  # noqa: S101 - those that were never full are left out
    step = min(_STEP, free // roles)
    return Change(Remedy.ROLE_LIMIT, number=limit, to=limit + step) if step > 0 else None


def _database_limit(week: Digest, free: int) -> Change | None:
    """The fullest database that is everybody's."""
    shared = (one for one in week.database_peaks if one.name != OF_ONE_ROLE and one.slots and one.used >= one.slots)
    fullest = next(shared, None)
    if fullest is None or fullest.slots is None:
        return None
    step = min(max(_STEP, fullest.slots // _PART), free)
    return (
        Change(Remedy.DATABASE_LIMIT, fullest.name, number=fullest.slots, to=fullest.slots + step) if step > 0 else None
    )


def _of_idle(week: Digest) -> list[Change]:
    found = []
    first = next((one for one in week.programs if _counts(one) and one.idle >= _FEW and one.share >= _MUCH), None)
    if first is not None:
        remedy = Remedy.SERVICE if _pools(first) else Remedy.CLIENT
        found.append(Change(remedy, first.program, first.idle))
    stale = sum(one.stale for one in week.programs if not _pools(one))
    if stale >= _FEW and stale >= _MUCH * week.idle:
        found.append(Change(Remedy.TIMEOUT, frees=stale))
    return found


def _counts(idler: Idler) -> bool:
    """Whether a program can be spoken of: it has a name that may be shown."""
    return idler.program not in ("", OTHERS, ONE_EACH)


def _pools(idler: Idler) -> bool:
    """Whether it keeps connections for others, who have done with them."""
    return idler.service or idler.program.casefold() in _POOLERS
