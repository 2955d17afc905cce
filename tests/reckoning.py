"""A week's figures, reckoned from the rows one by one: from what the README says of them, and by no other code."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from tests.pasts import SECOND, TEAMS, History, Row

NAMED = {"pgAdmin", "psql", "", "DBeaver", "(others)"}
"""Programs that many know."""
NOTICED = timedelta(minutes=5)


class Reckoning:
    """The figures of one server's week for one workspace, None: for all."""

    def __init__(self, history: History, team: str | None, server: str, begins: datetime, ends: datetime) -> None:
        self._history, self._server, self._teams = history, server, TEAMS if team is None else (team,)
        self._begins, self._ends = begins, ends

    def figures(self, before: datetime) -> Row:
        """All that the JSON has, but for the record, the programs and what follows from them."""
        watched, gaps = self._watched(self._begins, self._ends)
        watched_before, gaps_before = self._watched(before, self._begins)
        incidents = self._of("incidents", "opened_at", self._begins, self._ends, here=True)
        earlier = len(self._of("incidents", "opened_at", before, self._begins, here=True))
        programs = self._of("sample_programs", "at", self._begins, self._ends)
        idle = sum(one["idle_seconds"] for one in programs)
        idle_before = sum(one["idle_seconds"] for one in self._of("sample_programs", "at", before, self._begins))
        average, average_before = per(idle, watched), per(idle_before, watched_before)
        sure = not gaps and not gaps_before
        return {
            "watched_seconds": watched,
            "whole_seconds": (self._ends - self._begins) / SECOND,
            "gaps": [[begin.isoformat(), end.isoformat()] for begin, end in gaps],
            "incidents": len(incidents),
            "incidents_before": earlier,
            "incidents_percent": percent(len(incidents), earlier) if sure else None,
            "causes": dict(Counter(one["cause"] for one in incidents)),
            "unresolved": sum(one["resolved_at"] is None for one in incidents),
            "answer": took(incidents, lambda one: one["opened_at"], "answered_at"),
            "human": took(incidents, lambda one: one["occasion_at"] or one["opened_at"], "human_at"),
            "resolution": took(incidents, lambda one: one["opened_at"], "resolved_at"),
            **self._ended(),
            "ended_by_others": self._others(),
            **self._limits(),
            "connections": per(sum(one["used_seconds"] for one in programs), watched),
            "idle": average,
            "idle_before": average_before,
            "idle_percent": percent(average, average_before) if sure else None,
            "idle_by_program": idlers(programs, watched, lambda _: None),
            "idle_by_network": idlers(programs, watched, lambda one: one["place"]),
        }

    def _of(self, table: str, when: str, begins: datetime, ends: datetime, *, here: bool = False) -> list[Row]:
        """The rows of this server, `here`: of these workspaces."""
        rows = self._history[table]
        return [
            one
            for one in rows
            if one["server"] == self._server and begins <= one[when] < ends and (not here or one["team"] in self._teams)
        ]

    def _watched(self, begins: datetime, ends: datetime) -> tuple[float, list[tuple[datetime, datetime]]]:
        spans = [one for one in self._history["sample_spans"] if one["server"] == self._server]
        inside = [one for one in spans if one["ended_at"] > begins and one["began_at"] < ends]
        gaps, seconds, seen = [], 0.0, begins
        for one in sorted(inside, key=lambda one: one["began_at"]):
            if one["began_at"] - seen > NOTICED:
                gaps.append((seen, one["began_at"]))
            seconds += max(min(one["ended_at"], ends) - max(one["began_at"], seen), timedelta(0)) / SECOND
            seen = max(seen, min(one["ended_at"], ends))
        return seconds, [*gaps, *([(seen, ends)] if ends - seen > NOTICED else [])]

    def _backends(self, proposals: Iterable[Row]) -> list[tuple[Row, Row]]:
        which = {one["id"]: one for one in proposals}
        found = [one for one in self._history["proposal_backends"] if one["proposal_id"] in which]
        return [(which[one["proposal_id"]], one) for one in found]

    def _ended(self) -> Row:
        asked = self._backends(self._of("proposals", "created_at", self._begins, self._ends, here=True))
        ended = [(one, end["outcome"]) for one, end in asked if one["kind"] != "cancel" and end["outcome"]]
        done = [one for one, outcome in ended if outcome == "terminated"]
        cancelled = [1 for one, end in asked if one["kind"] == "cancel" and end["outcome"] == "terminated"]
        return {
            "outcomes": dict(Counter(outcome for _, outcome in ended)),
            "terminated": len(done),
            "terminated_with_consent": sum("owner" in (one["consent"], one["by_right"]) for one in done),
            "cancelled_queries": len(cancelled),
        }

    def _others(self) -> int | None:
        spans = [one for one in self._history["sample_spans"] if one["server"] == self._server]
        known = [
            one
            for one in spans
            if self._begins < one["ended_at"] <= self._ends
            and one["killed"] is not None
            and one["ended_at"] > one["began_at"]
        ]
        here = [one for one in self._history["proposals"] if one["server"] == self._server]
        own = 0
        for proposal, end in self._backends(here):
            if proposal["kind"] == "terminate" and end["outcome"] in ("terminated", "still_ending", "interrupted"):
                own += any(one["began_at"] <= end["outcome_at"] <= one["ended_at"] for one in known)
        return max(sum(one["killed"] for one in known) - own, 0) if known else None

    def _limits(self) -> Row:
        rows = self._of("sample_limits", "at", self._begins, self._ends)
        peaks = {}
        for key in {(one["kind"], one["name"]) for one in rows}:
            of_one = [one for one in rows if (one["kind"], one["name"]) == key]
            peaks[key] = max(of_one, key=lambda one: (share(one), one["used"], -one["reached_at"].timestamp()))
        roles = {name for kind, name in peaks if kind == "role"}
        bases = [one for (kind, _), one in peaks.items() if kind == "database" and one["slots"] is not None]
        told = [peak(one, roles) for one in sorted(bases, key=lambda one: (-share(one), -one["used"], one["name"]))]
        server = [peak(one, ()) for (kind, _), one in peaks.items() if kind == "server"]
        full = {
            one["name"]
            for one in rows
            if one["kind"] == "role" and one["slots"] is not None and one["used"] >= one["slots"]
        }
        return {
            "server_peak": server[0] if server else None,
            "database_peaks": told,
            "roles_seen": len(roles),
            "roles_full": len(full),
        }


def share(limit: Row) -> float:
    """How much of a limit was in use; of 0 all of it."""
    if limit["slots"] is None:
        return 0.0
    return limit["used"] / limit["slots"] if limit["slots"] else 1.0


def peak(limit: Row, roles: Iterable[str]) -> Row:
    """A limit as it is told."""
    own = limit["name"].lower() in roles
    name = "(a role's own)" if own else limit["name"]
    return {"name": name, "used": limit["used"], "limit": limit["slots"], "at": limit["reached_at"].isoformat()}


def per(amount: float, seconds: float) -> float | None:
    """An average over the time that was watched."""
    return amount / seconds if seconds else None


def percent(now: float | None, before: float | None) -> int | None:
    """How much more it is than before."""
    return round(100 * (now - before) / before) if now is not None and before else None


def took(incidents: Iterable[Row], since: Callable[[Row], datetime], until: str) -> Row | None:
    """How long it took, of those for which it came."""
    spans = [(one[until] - since(one)) / SECOND for one in incidents if one[until]]
    return {"count": len(spans), "median_seconds": median(spans), "worst_seconds": max(spans)} if spans else None


def idlers(programs: Sequence[Row], watched: float, place: Callable[[Row], str | None]) -> list[Row]:
    """What idles on average, the most first; a program of one role alone without its name."""
    idle = sum(one["idle_seconds"] for one in programs)
    found: dict[tuple[str, str | None, bool], list[Row]] = defaultdict(list)
    for one in programs:
        alike = [
            other for other in programs if (other["program"], other["service"]) == (one["program"], one["service"])
        ]
        named = one["program"] in NAMED or one["service"] or max(other["roles"] for other in alike) > 1
        found[one["program"] if named else "(one role each)", place(one), one["service"]].append(one)
    told = [
        {
            "program": program,
            **({} if network is None else {"network": network}),
            "service": service,
            "roles": max(one["roles"] for one in ones),
            "idle": sum(one["idle_seconds"] for one in ones) / watched,
            "idle_over_half_an_hour": sum(one["stale_seconds"] for one in ones) / watched,
            "share": sum(one["idle_seconds"] for one in ones) / idle,
        }
        for (program, network, service), ones in found.items()
        if watched and any(one["idle_seconds"] for one in ones)
    ]
    return sorted(told, key=lambda one: (-one["idle"], one["program"], one.get("network", ""), one["service"]))
