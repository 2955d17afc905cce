"""Proposals as rows of the own database, and back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.member import Right
from bot.incidents.proposal import Consent, Kind, Outcome, Place, Proposal, State
from bot.servers.backend import BackendId, BackendState
from bot.servers.server import Target, Verdict
from bot.storage.tables import proposal_backends, proposals

_BACKENDS = [column.label(f"backend_{column.name}") for column in proposal_backends.c if column.name != "proposal_id"]
_EVERYTHING = select(proposals, *_BACKENDS).join(proposal_backends)
_ONE = _EVERYTHING.where(proposals.c.id == bindparam("proposal_id"), proposals.c.team == bindparam("of_team"))
_ONE = _ONE.order_by(proposal_backends.c.position)
_INSERT, _INSERT_BACKENDS = insert(proposals), insert(proposal_backends)
_DELETE_BACKENDS = delete(proposal_backends).where(proposal_backends.c.proposal_id == bindparam("of_proposal"))
_OUTCOME = (
    update(proposal_backends)
    .where(
        proposal_backends.c.proposal_id == bindparam("of_proposal"),
        proposal_backends.c.pid == bindparam("of_pid"),
        proposal_backends.c.started_at == bindparam("of_start"),
    )
    .values(outcome=bindparam("verdict"), outcome_at=bindparam("at"), outcome_detail=bindparam("detail"))
)
_CHANGING = (
    *("requester", "reason", "state", "lapses_at", "claimed_by", "claimed_at", "deadline", "resolved_at"),
    *("telling_until", "told_at", "consent", "asked_by", "answered_by", "owners_told_at"),
)
_PLACE = ("channel", "thread", "response_url", "response_url_until")
_MOVE = (
    update(proposals)
    .where(proposals.c.id == bindparam("of_id"), proposals.c.state.in_(bindparam("out_of", expanding=True)))
    .values({name: bindparam(f"new_{name}") for name in (*_CHANGING, "by_right", *_PLACE)})
)
_MOVE_IN_TIME = _MOVE.where(proposals.c.lapses_at > bindparam("in_time_at"))
_TARGET = [field.name for field in fields(Target) if field.name not in ("id", "role")]


async def insert_proposal(connection: AsyncConnection, proposal: Proposal) -> None:
    """Store a proposal with its backends; every one of them is of the proposal's server and role."""
    strangers = [t for t in proposal.targets if (t.id.server, t.id.role_oid) != (proposal.server, proposal.role_oid)]
    if strangers or not proposal.targets:
        message = "a proposal is about backends of one role on one server"
        raise ValueError(message)
    await connection.execute(
        _INSERT,
        {
            "id": proposal.id,
            "team": proposal.team,
            "kind": proposal.kind,
            "server": proposal.server,
            "role": proposal.role,
            "role_oid": proposal.role_oid,
            "requester": proposal.requester,
            "by_right": proposal.right,
            "reason": proposal.reason,
            "state": proposal.state,
            **_place_values(proposal.place),
            "created_at": proposal.created_at,
            "lapses_at": proposal.lapses_at,
            "consent": proposal.consent,
            "asked_by": proposal.asked_by,
            "answered_by": proposal.answered_by,
        },
    )
    await _insert_backends(connection, proposal)


async def replace_backends(connection: AsyncConnection, proposal: Proposal) -> None:
    """Store the backends of a proposal anew, as they are shown now."""
    await connection.execute(_DELETE_BACKENDS, {"of_proposal": proposal.id})
    await _insert_backends(connection, proposal)


async def _insert_backends(connection: AsyncConnection, proposal: Proposal) -> None:
    backends = [
        {"proposal_id": proposal.id, "position": position, "pid": target.id.pid, "started_at": target.id.started_at}
        | {name: getattr(target, name) for name in _TARGET}
        for position, target in enumerate(proposal.targets)
    ]
    await connection.execute(_INSERT_BACKENDS, backends)


async def read_proposal(connection: AsyncConnection, team: str, proposal_id: str) -> Proposal | None:
    """Read one proposal of a workspace."""
    rows = (await connection.execute(_ONE, {"proposal_id": proposal_id, "of_team": team})).all()
    return _proposal(rows) if rows else None


async def read_proposals(
    connection: AsyncConnection, *which: ColumnElement[bool], newest: int | None = None
) -> tuple[Proposal, ...]:
    """Read all proposals that fulfil `which`, or the `newest` of them; newest first."""
    order = (proposals.c.created_at.desc(), proposals.c.id)
    meant = select(proposals.c.id).where(*which).order_by(*order).limit(newest)
    query = _EVERYTHING.where(proposals.c.id.in_(meant)).order_by(*order, proposal_backends.c.position)
    together: dict[str, list[Row[Any]]] = {}
    for row in await connection.execute(query):
        together.setdefault(row.id, []).append(row)
    return tuple(_proposal(rows) for rows in together.values())


async def write_outcomes(connection: AsyncConnection, proposal: Proposal, outcomes: Iterable[Outcome]) -> None:
    """Store what became of each backend of a proposal; one that is left out or too many raises `ValueError`."""
    known = list(outcomes)
    if len(known) != len(proposal.targets) or {o.backend for o in known} != {t.id for t in proposal.targets}:
        message = "a proposal is resolved with one outcome for each of its backends"
        raise ValueError(message)
    rows = [
        {
            "of_proposal": proposal.id,
            "of_pid": outcome.backend.pid,
            "of_start": outcome.backend.started_at,
            "verdict": outcome.verdict,
            "at": outcome.at,
            "detail": outcome.detail,
        }
        for outcome in known
    ]
    await connection.execute(_OUTCOME, rows)


async def move_proposal(
    connection: AsyncConnection, to: Proposal, out_of: Collection[State], *, in_time_at: datetime | None = None
) -> bool:
    """Let a proposal go from one of the states `out_of` to what `to` says, before it lapses if a time is given.

    This is the one conditional UPDATE: false when it was not in such a state any more, and then nothing changed.
    """
    values = {"of_id": to.id, "out_of": list(out_of), **{f"new_{name}": one for name, one in _changing(to).items()}}
    if in_time_at is None:
        return (await connection.execute(_MOVE, values)).rowcount == 1
    return (await connection.execute(_MOVE_IN_TIME, values | {"in_time_at": in_time_at})).rowcount == 1


def _changing(proposal: Proposal) -> dict[str, Any]:
    changing = {name: getattr(proposal, name) for name in _CHANGING}
    return changing | {"by_right": proposal.right} | _place_values(proposal.place)


def _place_values(place: Place) -> dict[str, Any]:
    """The columns of a place."""
    return {name: getattr(place, name) for name in _PLACE}


def _proposal(rows: Sequence[Row[Any]]) -> Proposal:
    first = rows[0]
    ids = [BackendId(first.server, row.backend_pid, row.backend_started_at, first.role_oid) for row in rows]
    return Proposal(
        id=first.id,
        team=first.team,
        kind=Kind(first.kind),
        server=first.server,
        role=first.role,
        role_oid=first.role_oid,
        requester=first.requester,
        right=Right(first.by_right),
        reason=first.reason,
        state=State(first.state),
        targets=tuple(_target(backend, first.role, row) for backend, row in zip(ids, rows, strict=True)),
        place=Place(first.channel, first.thread, first.response_url, first.response_url_until),
        created_at=first.created_at,
        lapses_at=first.lapses_at,
        claimed_by=first.claimed_by,
        claimed_at=first.claimed_at,
        deadline=first.deadline,
        resolved_at=first.resolved_at,
        outcomes=tuple(
            Outcome(backend, Verdict(row.backend_outcome), row.backend_outcome_at, row.backend_outcome_detail)
            for backend, row in zip(ids, rows, strict=True)
            if row.backend_outcome is not None
        ),
        telling_until=first.telling_until,
        told_at=first.told_at,
        consent=Consent(first.consent),
        asked_by=first.asked_by,
        answered_by=first.answered_by,
        owners_told_at=first.owners_told_at,
    )


def _target(backend: BackendId, role: str, row: Row[Any]) -> Target:
    return Target(
        id=backend,
        role=role,
        database=row.backend_database,
        application_name=row.backend_application_name,
        client_address=row.backend_client_address,
        state=BackendState(row.backend_state),
        state_since=row.backend_state_since,
        transaction_started_at=row.backend_transaction_started_at,
        has_written=row.backend_has_written,
        query_started_at=row.backend_query_started_at,
    )
