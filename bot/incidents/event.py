"""What happened, as history tells it (terminations out of the proposals, all else out of the record) and as the record keeps it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.incidents.proposal import Kind, Outcome, Proposal

KINDS = {Kind.TERMINATE: "termination", Kind.CANCEL: "cancellation", Kind.CLIENT: "client_termination"}
"""What became of a proposal of each kind, as the record and history name it."""


@dataclass(frozen=True, slots=True)
class EventBackend:
    """One connection of a termination; `outcome` None: nothing has become of it yet."""

    pid: int
    started_at: datetime
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: a termination, refusal, membership, ownership, workspace …; times are aware UTC.

    `reason` is what the requester gave, why it was refused, or whom and what a change of rights was about.
    """

    id: str
    kind: str
    server: str
    role: str
    state: str
    requester: str
    reason: str
    at: datetime
    backends: tuple[EventBackend, ...] = ()
    incident: str = ""
    """The id of the incident that it is about."""


def of_proposal(proposal: Proposal) -> Event:
    """Tell of a proposal, whatever became of it."""
    outcomes = {outcome.backend: str(outcome.verdict) for outcome in proposal.outcomes}
    return Event(
        id=proposal.id,
        kind=KINDS[proposal.kind],
        server=proposal.server,
        role=proposal.role,
        state=str(proposal.state),
        requester=proposal.requester,
        reason=proposal.reason,
        at=proposal.created_at,
        backends=tuple(
            EventBackend(target.id.pid, target.id.started_at, outcomes.get(target.id)) for target in proposal.targets
        ),
    )


def of_entry(row: Any) -> Event:
    """Tell of an entry of the record, a row of its table."""
    said = json.loads(row.payload)
    return Event(
        id=str(row.seq),
        kind=row.kind,
        server=row.server,
        role=row.role,
        state=str(said.get("state", "")),
        requester=row.actor,
        reason=str(said.get("why") or _about(said) or _cause(said)),
        at=row.at,
        incident=str(said.get("incident") or ""),
    )


def _cause(said: dict[str, Any]) -> str:
    """What an incident was about, in the words of `causes`."""
    return str(said.get("cause") or "").replace("_", " ") if said.get("incident") else ""


def _about(said: dict[str, Any]) -> str:
    """Whom a change of rights was about, and what was given or taken; "" for what is about nobody."""
    details = [said.get(name) for name in ("grade", "roles", "origin")] + [
        said.get("until") and f"until {said['until']}"
    ]
    given = ", ".join(str(detail) for detail in details if detail)
    return f"{said['member']}: {given}" if said.get("member") else ""


def as_json(event: Event) -> dict[str, object]:
    """Write an event as `connbot history --format json` prints it; times are ISO 8601 in UTC."""
    return {
        "id": event.id,
        "kind": event.kind,
        "server": event.server,
        "role": event.role,
        "state": event.state,
        "requester": event.requester,
        "reason": event.reason,
        "at": event.at.isoformat(),
        "backends": [
            {"pid": backend.pid, "started_at": backend.started_at.isoformat(), "outcome": backend.outcome}
            for backend in event.backends
        ],
    }


def said_of(proposal: Proposal) -> dict[str, object]:
    """What the record keeps of a proposal."""
    return {
        "team": proposal.team,
        "server": proposal.server,
        "role": proposal.role,
        "role_oid": proposal.role_oid,
        "proposal": proposal.id,
        "proposed": str(proposal.kind),
        "requester": proposal.requester,
        "reason": proposal.reason,
        "state": str(proposal.state),
        "consent": str(proposal.consent),
        "asked_by": proposal.asked_by,
        "answered_by": proposal.answered_by,
        "backends": [[target.id.pid, target.id.started_at.isoformat()] for target in proposal.targets],
    }


def said_of_outcomes(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """What the record keeps of what became of each backend."""
    return [
        {
            "pid": outcome.backend.pid,
            "started_at": outcome.backend.started_at.isoformat(),
            "outcome": str(outcome.verdict),
            "detail": outcome.detail,
        }
        for outcome in outcomes
    ]
