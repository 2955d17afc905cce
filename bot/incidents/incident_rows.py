"""Incidents as rows of the own database, and back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.incidents.incident import Affected, Conversation, Incident, IncidentState, Scope, ScopeKind, Waiting
from bot.storage.tables import incident_people, incidents

_PEOPLE = [column.label(f"person_{column.name}") for column in incident_people.c if column.name != "incident_id"]
_EVERYTHING = select(incidents, *_PEOPLE).outerjoin(incident_people)
_ORDER = (incidents.c.opened_at.desc(), incidents.c.id, incident_people.c.since, incident_people.c.slack_id)


async def read_incidents(
    connection: AsyncConnection, *which: ColumnElement[bool], newest: int | None = None
) -> tuple[Incident, ...]:
    """Read all incidents that fulfil `which`, or the `newest` of them; newest first, each with its people."""
    meant: Select[Any] = select(incidents.c.id).where(*which)
    if newest is not None:
        meant = meant.order_by(incidents.c.opened_at.desc(), incidents.c.id).limit(newest)
    together: dict[str, list[Row[Any]]] = {}
    for row in await connection.execute(_EVERYTHING.where(incidents.c.id.in_(meant)).order_by(*_ORDER)):
        together.setdefault(row.id, []).append(row)
    return tuple(_incident(rows) for rows in together.values())


async def read_incident(connection: AsyncConnection, team: str, incident_id: str) -> Incident | None:
    """Read one incident of a workspace."""
    found = await read_incidents(connection, incidents.c.team == team, incidents.c.id == incident_id)
    return found[0] if found else None


async def insert_incident(connection: AsyncConnection, incident: Incident) -> None:
    """Store an incident without its people."""
    await connection.execute(insert(incidents), {"id": incident.id, "team": incident.team, **_values(incident)})


async def store_incident(connection: AsyncConnection, incident: Incident, was: IncidentState) -> bool:
    """Store what an incident has become, if it still is in the state `was`; false: it is not, and nothing changed."""
    which = (incidents.c.id == incident.id, incidents.c.state == was)
    return (await connection.execute(update(incidents).where(*which).values(_values(incident)))).rowcount == 1


async def store_person(connection: AsyncConnection, incident: Incident, affected: Affected) -> None:
    """Store how it stands with one person of an incident."""
    values = {
        "role": affected.role,
        "channel": affected.conversation.channel,
        "thread": affected.conversation.thread,
        "private": affected.conversation.private,
        "ts": affected.ts,
        "since": affected.since,
        "state": affected.state,
    }
    which = (incident_people.c.incident_id == incident.id, incident_people.c.slack_id == affected.person)
    if not (await connection.execute(update(incident_people).where(*which).values(values))).rowcount:
        whose = {"incident_id": incident.id, "team": incident.team, "slack_id": affected.person}
        await connection.execute(insert(incident_people), {**whose, **values})


def _values(incident: Incident) -> dict[str, Any]:
    return {
        "server": incident.server,
        "scope_kind": incident.scope.kind,
        "scope_name": incident.scope.name,
        "state": incident.state,
        "cause": incident.cause,
        "client": incident.client or None,
        "reporter": incident.reporter,
        "channel": incident.conversation.channel,
        "thread": incident.conversation.thread,
        "private": incident.conversation.private,
        "opened_at": incident.opened_at,
        "occasion": incident.occasion,
        "occasion_at": incident.occasion_at,
        "answered_at": incident.answered_at,
        "human": incident.human,
        "human_at": incident.human_at,
        "resolved_at": incident.resolved_at,
        "resolved_by": incident.resolved_by if incident.resolved_at else None,
    }


def _incident(rows: Sequence[Row[Any]]) -> Incident:
    first = rows[0]
    return Incident(
        id=first.id,
        team=first.team,
        server=first.server,
        scope=Scope(ScopeKind(first.scope_kind), first.scope_name),
        cause=first.cause,
        state=IncidentState(first.state),
        reporter=first.reporter,
        conversation=Conversation(first.channel or "", first.thread or "", first.private),
        opened_at=first.opened_at,
        occasion=first.occasion,
        occasion_at=first.occasion_at or first.opened_at,
        answered_at=first.answered_at,
        human=first.human,
        human_at=first.human_at,
        resolved_at=first.resolved_at,
        resolved_by=first.resolved_by or "",
        client=first.client or "",
        people=tuple(
            Affected(
                person=row.person_slack_id,
                conversation=Conversation(row.person_channel, row.person_thread, row.person_private),
                since=row.person_since,
                role=row.person_role,
                ts=row.person_ts,
                state=Waiting(row.person_state),
            )
            for row in rows
            if row.person_slack_id is not None
        ),
    )
