"""Decides which one or two changes would help a course most, from a week's figures."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from bot.servers.samples import OTHERS
from bot.summaries.digest import Digest, Idler
from bot.summaries.naming import ONE_EACH

MOST = 2
_FEW = 1.0
"""Fewer connections than this on average are not worth a change."""
_MUCH = 0.25
"""Of what idles."""
_ROOMY = 0.7
"""A server whose peak stays below this share has room for higher limits."""
_STEP = 2
"""By how much a role's limit is raised at a time."""
_OFTEN = 3


class Remedy(StrEnum):
    """What can be changed."""

    ROLE_LIMIT = "role_limit"
    """Raise the limit of roles from `number` to `to`."""
    CLIENT = "client"
    """Change a setting of the program `about`."""
    SERVICE = "service"
    """Let a service's pool hold fewer."""
    TIMEOUT = "timeout"
    """Let the server end what idles for long."""


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
    """Raise the limit that roles met most, where the server has the room for it."""
    met = dict(week.causes).get("role_limit", 0)
    peak, full = week.server_peak, Counter(one.full for one in week.roles if one.full)
    if met < _OFTEN or not full or peak is None or peak.slots is None or peak.used > _ROOMY * peak.slots:
        return None
    limit, roles = min(full.items(), key=lambda one: (-one[1], one[0] or 0))
    assert limit is not None  # noqa: S101 - those that were never full are left out
    step = min(_STEP, (peak.slots - peak.used) // roles)
    return Change(Remedy.ROLE_LIMIT, number=limit, to=limit + step) if step > 0 else None


def _of_idle(week: Digest) -> list[Change]:
    found = []
    first = next((one for one in week.programs if _counts(one) and one.idle >= _FEW and one.share >= _MUCH), None)
    if first is not None:
        remedy = Remedy.SERVICE if first.service else Remedy.CLIENT
        found.append(Change(remedy, first.program, first.idle))
    stale = sum(one.stale for one in week.programs if not one.service)
    if stale >= _FEW and stale >= _MUCH * week.idle:
        found.append(Change(Remedy.TIMEOUT, frees=stale))
    return found


def _counts(idler: Idler) -> bool:
    """Whether a program can be spoken of: it has a name that may be shown."""
    return idler.program not in ("", OTHERS, ONE_EACH)
