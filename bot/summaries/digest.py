"""Decides a week's figures: what happened, how fast it was met, what was used, who creates the connections that idle.

What nobody watched is said: figures of a week with gaps are what was seen at least, and nothing is compared with such a week.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.summaries.facts import Ends, Facts, Height, Program, RoleUse
from bot.summaries.naming import OF_ONE_ROLE, known
from bot.summaries.spans import Gap, gaps, others, watched
from bot.summaries.timing import Times
from bot.summaries.week import Week

_ENDING = ("terminate", "client")
"""The kinds of proposals that end connections."""
TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure beside that of the week before; `percent` only where both weeks were watched whole, and there was something."""

    now: float
    before: float | None
    """None: nobody knows."""
    percent: int | None


@dataclass(frozen=True, slots=True)
class Idler:
    """A program, with the network it is used from where only that one is meant, and the connections of it that idle."""

    program: str
    place: str | None
    """None: all of its networks."""
    service: bool
    roles: int
    """At the same time, at most."""
    idle: float
    """On average."""
    stale: float
    """Of these, for more than half an hour."""
    share: float
    """Of all connections that idle, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The figures of one server's week."""

    server: str
    week: Week
    begins: datetime
    ends: datetime
    over: bool
    """The week has ended; else the figures are of its beginning."""
    watched: timedelta
    whole: timedelta
    """Of the week, as far as it has passed."""
    gaps: tuple[Gap, ...]
    incidents: int
    causes: tuple[tuple[str, int], ...]
    """The most frequent first."""
    unresolved: int
    answer: Times | None
    human: Times | None
    """From the last opening of each."""
    resolution: Times | None
    outcomes: tuple[tuple[str, int], ...]
    """Of connections that were to be ended, by what became of them."""
    with_consent: int
    """Terminated at the request, or with the agreement, of an owner."""
    cancelled: int
    """Queries."""
    others_ended: int | None
    """Sessions that operators ended and the bot did not; None: nobody knows."""
    others_sure: bool
    """There were no more of these, for all that was watched."""
    server_peak: Height | None
    database_peaks: tuple[Height, ...]
    """Those that have limits, the fullest first."""
    roles: tuple[RoleUse, ...]
    """The roles that were full, by name: for those who may see names."""
    roles_seen: int
    used: float
    idle: float
    """On average, while it was watched."""
    tells_idle: bool
    """The server told what idles; else it is not known."""
    programs: tuple[Idler, ...]
    places: tuple[Idler, ...]
    """The same by network, the most idle first."""
    incidents_compared: Compared
    idle_compared: Compared
    entries: int
    head: str

    @property
    def terminated(self) -> int:
        """Connections that were ended."""
        return dict(self.outcomes).get(TERMINATED, 0)

    @property
    def sure(self) -> bool:
        """Nothing can have gone unseen, as far as the week has passed."""
        return not self.gaps

    @property
    def complete(self) -> bool:
        """The week is over and was watched whole."""
        return self.over and self.sure

    @property
    def quiet(self) -> bool:
        """Nothing happened, and that is certain."""
        full = self.server_peak is not None and share(self.server_peak) >= 1
        return self.complete and not (self.incidents or self.outcomes or self.cancelled or self.others_ended or full)


def digest(facts: Facts) -> Digest:
    """Make the figures of a week."""
    until = min(facts.ends, max(facts.now, facts.begins))
    unwatched = gaps(facts.spans, facts.begins, until)
    looked = watched(facts.spans, facts.begins, until)
    seconds = looked.total_seconds()
    seconds_before = watched(facts.spans, facts.begins_before, facts.begins).total_seconds()
    gaps_before = gaps(facts.spans, facts.begins_before, facts.begins)
    comparable = not unwatched and not gaps_before and facts.now >= facts.ends
    by_others = others(facts)
    tells_idle = bool(looked) and (not facts.programs or any(one.idle is not None for one in facts.programs))
    ended = [one for one in facts.ends_by_outcome if one.kind in _ENDING]
    role_names = {one.name.casefold() for one in facts.roles}
    named = [*map(known(facts.programs, role_names).named, facts.programs)]
    incidents = sum(one.incidents for one in facts.causes)
    idle_seconds = sum(one.idle_seconds for one in facts.programs)
    return Digest(
        server=facts.server,
        week=facts.week,
        begins=facts.begins,
        ends=facts.ends,
        over=facts.now >= facts.ends,
        watched=looked,
        whole=until - facts.begins,
        gaps=unwatched,
        incidents=incidents,
        causes=_ranked(Counter({one.cause: one.incidents for one in facts.causes})),
        unresolved=sum(one.unresolved for one in facts.causes),
        answer=facts.answer,
        human=facts.human,
        resolution=facts.resolution,
        outcomes=_outcomes(ended),
        with_consent=sum(one.number for one in ended if one.outcome == TERMINATED and one.agreed),
        cancelled=sum(one.number for one in facts.ends_by_outcome if (one.kind, one.outcome) == ("cancel", TERMINATED)),
        others_ended=None if by_others is None else by_others.ended,
        others_sure=by_others is not None and by_others.sure and not unwatched,
        server_peak=max((one for one in facts.heights if one.kind == "server"), key=share, default=None),
        database_peaks=_fullest(facts.heights, role_names),
        roles=tuple(sorted(one for one in facts.roles if one.full is not None)),
        roles_seen=len(facts.roles),
        used=_average(sum(one.used_seconds for one in facts.programs), seconds),
        idle=_average(idle_seconds, seconds),
        tells_idle=tells_idle,
        programs=_idlers(named, seconds, idle_seconds, by_place=False),
        places=_idlers(named, seconds, idle_seconds, by_place=True),
        incidents_compared=_compare(incidents, facts.incidents_before, comparable=comparable),
        idle_compared=_compare(
            _average(idle_seconds, seconds),
            _average(facts.idle_seconds_before, seconds_before) if seconds_before else None,
            comparable=comparable and tells_idle,
        ),
        entries=facts.entries,
        head=facts.head,
    )


def _outcomes(ended: Sequence[Ends]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for one in ended:
        counts[one.outcome] += one.number
    return _ranked(counts)


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _fullest(heights: Sequence[Height], roles: Collection[str]) -> tuple[Height, ...]:
    """The databases with limits; of those that are named as a role is, the fullest stands for all, without its name."""
    limited = [one for one in heights if one.kind == "database" and one.slots is not None]
    ranked = sorted(limited, key=lambda one: (-share(one), -one.used, one.name))
    named = [one._replace(name=OF_ONE_ROLE) if one.name.casefold() in roles else one for one in ranked]
    return tuple({one.name: one for one in reversed(named)}[name] for name in dict.fromkeys(one.name for one in named))


def share(height: Height) -> float:
    """How much of its limit was in use; a limit of 0 is always full."""
    if height.slots is None:
        return 0.0
    return height.used / height.slots if height.slots else 1.0


def _average(seconds: float, watched: float) -> float:
    return seconds / watched if watched else 0.0


def _compare(now: float, before: float | None, *, comparable: bool) -> Compared:
    return Compared(now, before, round(100 * (now - before) / before) if comparable and before else None)


def _idlers(programs: Sequence[Program], seconds: float, whole: float, *, by_place: bool) -> tuple[Idler, ...]:
    if not seconds or not whole:
        return ()
    found: dict[tuple[str, str | None, bool], list[Program]] = {}
    for one in programs:
        found.setdefault((one.program, one.place if by_place else None, one.service), []).append(one)
    idlers = [
        Idler(
            program=program,
            place=place,
            service=service,
            roles=max(one.roles for one in ones),
            idle=_average(sum(one.idle_seconds for one in ones), seconds),
            stale=_average(sum(one.stale_seconds for one in ones), seconds),
            share=sum(one.idle_seconds for one in ones) / whole,
        )
        for (program, place, service), ones in found.items()
        if any(one.idle_seconds for one in ones)
    ]
    return tuple(sorted(idlers, key=lambda one: (-one.idle, one.program, one.place or "", one.service)))
