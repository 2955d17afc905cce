"""A random history: rows as anybody could write them into the own database, many of them at the very edges of weeks."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
History = dict[str, list[Row]]

CAUSES = ("role_limit", "database_limit", "server_limit", "reserved_slots", "pooler_limit", "something else")
KINDS = ("terminate", "terminate", "cancel", "client")
OUTCOMES = ("terminated", "already_gone", "changed", "refused", "still_ending", "failed", "interrupted")
RIGHTS = ("owner", "responder", "instructor", "admin", "command line")
CONSENTS = ("owner", "asked", "overridden", "informed", "none")
TEAMS, SERVERS = ("T1", "T2"), ("class", "other")
PROGRAMS = ("pgAdmin", "psql", "", "canvas", "ann's own", "DBeaver", "shop \u2013 caf\u00e9", "(others)")
PLACES = ("", "10.0.1.0/24", "2001:db8::/64")
MOMENT, SECOND, MINUTE, HOUR, DAY = (
    timedelta(**{unit: 1}) for unit in ("microseconds", "seconds", "minutes", "hours", "days")
)
QUARTER = 15 * MINUTE


def monday(year: int, week: int, zone: ZoneInfo) -> datetime:
    """The first moment of an ISO week."""
    return datetime.combine(date.fromisocalendar(year, week, 1), time(), zone).astimezone(UTC)


class Past:
    """Writes a history from a seed: `edges` are the moments at which weeks begin, in whichever zone."""

    def __init__(self, seed: int, edges: Sequence[datetime]) -> None:
        self._any = random.Random(seed)  # noqa: S311 - no secret: the same history for the same seed
        self._edges = sorted(edges)
        self._begins, self._ends = self._edges[0] - 9 * DAY, self._edges[-1] + 9 * DAY
        self._weeks = int((self._ends - self._begins) / DAY / 7)

    def history(self) -> History:
        """Every table's rows."""
        found: History = defaultdict(list)
        for team in TEAMS:
            for server in SERVERS:
                self._incidents(found, team, server)
                self._proposals(found, team, server)
        for server in SERVERS:
            self._spans(found, server)
            self._samples(found, server)
        return found

    def _moment(self) -> datetime:
        """Any moment; every fifth at the very edge of a week."""
        if self._any.random() < 0.2:
            return self._any.choice(self._edges) + self._any.choice((-1, 0, 0, 1)) * self._any.choice((MOMENT, HOUR))
        return self._begins + self._any.random() * (self._ends - self._begins)

    def _span(self) -> timedelta:
        return self._any.choice((timedelta(0), MOMENT, self._any.random() * HOUR, self._any.random() * 3 * DAY))

    def _incidents(self, found: History, team: str, server: str) -> None:
        for number in range(7 * self._weeks):
            opened, maybe = self._moment(), self._any.random
            again = opened + self._span() if maybe() < 0.3 else None
            human = (again or opened) + self._span() if maybe() < 0.6 else None
            resolved = (again or opened) + self._span() if maybe() < 0.8 else None
            kept = resolved is None or maybe() < 0.7
            row = {
                "id": f"{team}-{server}-{number}", "team": team, "server": server, "scope_kind": "role",
                "scope_name": f"role{number}" if kept else "forgotten", "state": "resolved" if resolved else "open",
                "cause": self._any.choice(CAUSES), "reporter": "U1" if kept else "forgotten", "opened_at": opened,
                "occasion": 2 if again else 1, "occasion_at": again, "resolved_at": resolved,
                "answered_at": opened + self._span() if maybe() < 0.8 else None,
                "human": ("U2" if kept else "forgotten") if human else None, "human_at": human,
                "resolved_by": self._any.choice((None, "", "U2", "connbot")) if resolved else None,
            }  # fmt: skip
            found["incidents"].append(row)

    def _proposals(self, found: History, team: str, server: str) -> None:
        for number in range(6 * self._weeks):
            created, state = self._moment(), self._any.choice(("proposed", "claimed", "withdrawn", *["resolved"] * 6))
            claimed = created if state in ("claimed", "resolved") else None
            row = {
                "id": f"{team}-{server}-{number}", "team": team, "server": server, "role": "forgotten", "role_oid": 1,
                "kind": self._any.choice(KINDS), "requester": "U1", "by_right": self._any.choice(RIGHTS), "reason": "",
                "state": state, "channel": "", "created_at": created, "lapses_at": created + 2 * MINUTE,
                "consent": self._any.choice(CONSENTS), "claimed_by": claimed and "U1", "claimed_at": claimed,
                "deadline": claimed and claimed + 10 * SECOND,
                "resolved_at": created + MINUTE if state == "resolved" else None,
            }  # fmt: skip
            found["proposals"].append(row)
            for position in range(self._any.randrange(5)):
                outcome = self._any.choice(("terminated", *OUTCOMES)) if state == "resolved" else None
                ended = created + self._any.choice((timedelta(0), MOMENT, self._any.random() * 3 * MINUTE, 20 * HOUR))
                backend = {
                    "proposal_id": row["id"], "position": position, "pid": 100 + position, "started_at": created - DAY,
                    "application_name": "", "state": "idle", "has_written": False, "outcome": outcome,
                    "outcome_at": outcome and ended, "outcome_detail": outcome and "",
                }  # fmt: skip
                found["proposal_backends"].append(backend)

    def _spans(self, found: History, server: str) -> None:
        """One after the other; some weeks whole, others with gaps, short pauses, restarts and spans of no length."""
        at = self._begins
        while at < self._ends:
            calm = int((at - self._begins) / DAY / 14) % 2
            seconds = 0 if calm else self._any.choice((*[0] * 400, 1, 299, 300, 301, 600, 7200, 3 * 86400))
            at += seconds * SECOND
            end = at + (self._any.random() * QUARTER if self._any.random() < 0.02 else QUARTER)
            end = at if seconds and self._any.random() < 0.3 else end
            killed = None if self._any.random() < 0.02 else self._any.choice((*[0] * 60, 1, 2, 3))
            found["sample_spans"].append({"server": server, "began_at": at, "ended_at": end, "killed": killed})
            at = end if end > at else at + MOMENT

    def _samples(self, found: History, server: str) -> None:
        limits = [("server", server), ("database", "shop"), ("database", "Ann"), ("database", "bank")]
        limits += [("role", name) for name in ("ann", "bob", "cem")]
        for hour in range(0, int((self._ends - self._begins) / HOUR), 2):
            at, width = self._begins + hour * HOUR, self._any.choice((60, 600, 3600))
            for kind, name in self._any.sample(limits, 2):
                used, slots = self._any.randrange(9), self._any.choice((None, 0, 5, 10, 97))
                peak = {"kind": kind, "name": name, "used": used, "slots": slots, "reached_at": at + MINUTE}
                found["sample_limits"].append({"server": server, "width": width, "at": at, **peak})
            for program, place in {(self._any.choice(PROGRAMS), self._any.choice(PLACES)) for _ in range(2)}:
                idle = self._any.choice((0.0, self._any.random() * width))
                use = {
                    "program": program, "place": place, "service": program == "canvas", "roles": self._any.choice((1, 1, 1, 2)),
                    "used": 3, "idle": 2, "used_seconds": idle + width, "idle_seconds": idle, "stale_seconds": idle / 3,
                }  # fmt: skip
                found["sample_programs"].append({"server": server, "width": width, "at": at, **use})
