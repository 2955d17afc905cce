"""A week's figures as JSON and as a table for spreadsheets."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

from bot.incidents.export import harmless
from bot.summaries.changes import Change
from bot.summaries.digest import Digest, Idler
from bot.summaries.facts import Height
from bot.summaries.timing import Times
from bot.summaries.told import Told

COLUMNS = ("week", "server", "figure", "about", "value", "unit")


def as_json(told: Told) -> dict[str, object]:
    """All figures; times are ISO 8601 in UTC, spans of time seconds, averages numbers of connections."""
    week = told.digest
    return {
        "week": str(week.week),
        "server": week.server,
        "begins": week.begins.isoformat(),
        "ends": week.ends.isoformat(),
        "over": week.over,
        "watched_seconds": week.watched.total_seconds(),
        "whole_seconds": week.whole.total_seconds(),
        "gaps": [[gap.begins.isoformat(), gap.ends.isoformat()] for gap in week.gaps],
        "incidents": week.incidents,
        "incidents_before": int(week.incidents_compared.before or 0),
        "incidents_percent": week.incidents_compared.percent,
        "causes": dict(week.causes),
        "unresolved": week.unresolved,
        "answer": _times(week.answer),
        "human": _times(week.human),
        "resolution": _times(week.resolution),
        "outcomes": dict(week.outcomes),
        "terminated": week.terminated,
        "terminated_with_consent": week.with_consent,
        "cancelled_queries": week.cancelled,
        "ended_by_others": week.others_ended,
        "server_peak": None if week.server_peak is None else _height(week.server_peak),
        "database_peaks": [_height(one) for one in week.database_peaks],
        "roles_full": len(week.roles),
        "roles_seen": week.roles_seen,
        "connections": round(week.used, 2) if week.watched else None,
        "idle": round(week.idle, 2) if week.tells_idle else None,
        "idle_before": None if week.idle_compared.before is None else round(week.idle_compared.before, 2),
        "idle_percent": week.idle_compared.percent,
        "idle_by_program": [_idler(one) for one in week.programs],
        "idle_by_network": [_idler(one) for one in week.places],
        "changes": [_change(one) for one in told.changes],
        "record": {"entries": week.entries, "head": week.head},
    }


def as_csv(told: Told) -> str:
    """Write the figures as CSV (RFC 4180), a header first, one figure a line; what is not known is left out."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    week = told.digest
    for figure, about, value, unit in _figures(week):
        lines.writerow([str(week.week), harmless(week.server), figure, harmless(about), value, unit])
    return text.getvalue()


def _figures(week: Digest) -> Iterator[tuple[str, str, object, str]]:
    yield "watched", "", _seconds(week.watched), "s"
    yield "not_watched", "", _seconds(week.whole - week.watched), "s"
    yield "incidents", "", week.incidents, "incidents"
    for cause, count in week.causes:
        yield "incidents_by_cause", cause, count, "incidents"
    yield "unresolved", "", week.unresolved, "incidents"
    for figure, times in (("answer", week.answer), ("human", week.human), ("resolution", week.resolution)):
        if times is not None:
            yield f"{figure}_median", "", _seconds(times.median), "s"
            yield f"{figure}_worst", "", _seconds(times.worst), "s"
            yield f"{figure}_count", "", times.count, "incidents"
    for outcome, count in week.outcomes:
        yield "ended_by_outcome", outcome, count, "connections"
    yield "terminated_with_consent", "", week.with_consent, "connections"
    yield "cancelled_queries", "", week.cancelled, "queries"
    if week.others_ended is not None:
        yield "ended_by_others", "", week.others_ended, "connections"
    for height in (*([week.server_peak] if week.server_peak else []), *week.database_peaks):
        yield f"{height.kind}_peak", height.name, height.used, "connections"
        yield f"{height.kind}_limit", height.name, height.slots, "connections"
    yield "roles_full", "", len(week.roles), "roles"
    yield "roles_seen", "", week.roles_seen, "roles"
    yield from _averages(week)
    yield "record_entries", "", week.entries, "entries"


def _averages(week: Digest) -> Iterator[tuple[str, str, object, str]]:
    if week.watched:
        yield "connections_average", "", round(week.used, 2), "connections"
    if week.tells_idle:
        yield "idle_average", "", round(week.idle, 2), "connections"
    for one in week.programs:
        yield "idle_by_program", one.program, round(one.idle, 2), "connections"
    for one in week.places:
        yield "idle_by_network", f"{one.program} {one.place}".strip(), round(one.idle, 2), "connections"


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 3)


def _times(times: Times | None) -> dict[str, object] | None:
    if times is None:
        return None
    return {"count": times.count, "median_seconds": _seconds(times.median), "worst_seconds": _seconds(times.worst)}


def _height(height: Height) -> dict[str, object]:
    return {
        "name": height.name,
        "used": height.used,
        "limit": height.slots,
        "at": height.reached_at.isoformat(),
    }


def _idler(one: Idler) -> dict[str, object]:
    network = {} if one.place is None else {"network": one.place}
    figures = {"idle": round(one.idle, 2), "idle_over_half_an_hour": round(one.stale, 2), "share": round(one.share, 4)}
    return {"program": one.program, **network, "service": one.service, "roles": one.roles, **figures}


def _change(change: Change) -> dict[str, object]:
    told: dict[str, object] = {"change": str(change.remedy), "about": change.about, "frees": round(change.frees, 2)}
    return told | ({"from": change.number, "to": change.to} if change.to else {})
