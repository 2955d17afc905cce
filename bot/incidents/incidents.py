"""Incidents, kept: reports of one trouble are one incident, whichever process hears of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, union

from bot.incidents.incident import (
    BY_ITSELF,
    REOPENS_WITHIN,
    Conversation,
    How,
    Incident,
    IncidentState,
    Report,
    Reported,
    ScopeKind,
    Waiting,
    Watched,
)
from bot.incidents.incident_rows import insert_incident, read_incident, read_incidents, store_incident, store_person
from bot.incidents.putting import put, with_person
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Turn
from bot.storage.tables import incident_people, incidents

INCIDENT = "incident"
"""The kind of its entries in the record; their state is one of `How`, resolved, withdrawn."""
RESOLVED = "resolved"
WITHDRAWN = "withdrawn"
_OPEN = incidents.c.state == IncidentState.OPEN


class Incidents:
    """The incidents of each workspace; every change is one transaction, on record, in the order of the record."""

    def __init__(self, db: OwnDatabase, record: Record, new_id: Callable[[], str]) -> None:
        self._db = db
        self._record = record
        self._new_id = new_id

    async def report(self, report: Report) -> Reported:
        """Put a report to the open incident of its scope, or to one resolved just now, or open one.

        It is talked about in one conversation a channel: whoever comes to it later is put to the one there is.
        """
        async with self._record.turn(self._db) as turn:
            incident, how = await self._find(turn, report)
            return await self._put(turn, report, incident, how)

    async def open(self, report: Report) -> Reported | None:
        """As `report`, by somebody who may not join the others; None: one is open, and they are none of its people."""
        async with self._record.turn(self._db) as turn:
            standing = await read_incidents(turn.connection, *_about_the_same(report), _OPEN)
            if standing and standing[0].of(report.affected.person) is None:
                return None
            incident, how = await self._find(turn, report)
            return await self._put(turn, report, incident, how)

    async def withdraw(self, team: str, channel: str, ts: str, *, but: str = "") -> Incident | None:
        """Take back what a message reported that was deleted, or that it does not say any more; all `but` one incident's.

        Where nobody waits any more the incident is over. Returns the first one that was meant; None: there was none.
        """
        which = (incident_people.c.team == team, incident_people.c.channel == channel, incident_people.c.ts == ts)
        about = select(incident_people.c.incident_id).where(*which, incident_people.c.state != Waiting.WITHDRAWN)
        meant = (incidents.c.id.in_(about), incidents.c.id != but, _OPEN)
        if not ts or not await self._read(*meant):
            return None
        async with self._record.turn(self._db) as turn:
            left = [
                await self._take_back(turn, incident, channel, ts)
                for incident in await read_incidents(turn.connection, *meant)
            ]
        return left[0] if left else None

    async def resolve(self, team: str, incident_id: str, by: str, *, seen: Incident | None = None) -> Incident | None:
        """End an open incident; `by` is who said so, '' for the facts. None: it is not open, somebody was first.

        With `seen` it is ended only as it was seen: what somebody came to or reopened meanwhile is looked at again first.
        """
        async with self._record.turn(self._db) as turn:
            incident = await read_incident(turn.connection, team, incident_id)
            if incident is None or not incident.open or (seen is not None and incident != seen):
                return None
            return await self._resolve(turn, incident, by)

    async def reopen(self, team: str, incident_id: str, by: str) -> Incident | None:
        """Open an incident again that `by` says is not over; None: it is open, or it is too long ago, or another one is open."""
        async with self._record.turn(self._db) as turn:
            incident = await read_incident(turn.connection, team, incident_id)
            if incident is None or not incident.may_reopen(turn.at):
                return None
            if await read_incidents(turn.connection, *_about_the_same(incident), _OPEN):
                return None
            theirs = incident.of(by)
            incident = await _reopened(turn, incident)
            if theirs is not None:
                await store_person(turn.connection, incident, replace(theirs, state=Waiting.WAITING))
                incident = with_person(incident, replace(theirs, state=Waiting.WAITING))
            await _append(turn, incident, by, How.REOPENED)
            return incident

    async def stands(self, team: str, incident_id: str, person: str, state: Waiting) -> Incident | None:
        """Keep how it stands with one of an incident's people; None: they are none of them."""
        async with self._record.turn(self._db) as turn:
            incident = await read_incident(turn.connection, team, incident_id)
            theirs = incident.of(person) if incident else None
            if incident is None or theirs is None:
                return None
            await store_person(turn.connection, incident, replace(theirs, state=state))
            return with_person(incident, replace(theirs, state=state))

    async def answered(self, team: str, incident_id: str) -> Incident | None:
        """Keep when the bot first answered."""
        return await self._note(team, incident_id, lambda one, now: replace(one, answered_at=one.answered_at or now))

    async def acted(self, team: str, incident_id: str, person: str) -> Incident | None:
        """Keep which person of the staff was the first to do something about it, and when."""

        def first(incident: Incident, now: datetime) -> Incident:
            return incident if incident.human_at else replace(incident, human=person, human_at=now)

        return await self._note(team, incident_id, first)

    async def helped(self, team: str, server: str, role: str, person: str) -> None:
        """Keep the same of whoever of the staff has connections of a role ended: that helps whoever waits for it, or for its server."""
        unseen = (incidents.c.team == team, incidents.c.server == server, _OPEN, incidents.c.human_at.is_(None))
        for incident in await self._read(*unseen):
            if incident.scope.kind is not ScopeKind.ROLE or incident.scope.name == role:
                await self.acted(team, incident.id, person)

    async def get(self, team: str, incident_id: str) -> Incident | None:
        """Read one incident of a workspace."""
        async with self._db.read() as connection:
            return await read_incident(connection, team, incident_id)

    async def standing(self, team: str | None = None) -> tuple[Incident, ...]:
        """Read the open incidents of a workspace (None: of all), newest first."""
        return await self._read(*([] if team is None else [incidents.c.team == team]), _OPEN)

    async def watched(self, team: str) -> Watched:
        """Read the incidents of a workspace that something may have to be done about."""
        async with self._db.read() as connection:
            at = await self._db.now(connection)
            lately = or_(_OPEN, incidents.c.resolved_at > at - REOPENS_WITHIN)
            found = await read_incidents(connection, incidents.c.team == team, lately)
        standing = tuple(one for one in found if one.open)
        return Watched(at, standing, tuple(one for one in found if not one.open))

    async def in_conversation(self, team: str, where: Conversation) -> tuple[Incident, ...]:
        """Read what a thread is about: the open incidents first, then those that may still reopen; newest first."""
        there = (incident_people.c.channel == where.channel, incident_people.c.thread == where.thread)
        about = select(incident_people.c.incident_id).where(incident_people.c.team == team, *there)
        own = select(incidents.c.id).where(
            incidents.c.team == team, incidents.c.channel == where.channel, incidents.c.thread == where.thread
        )
        async with self._db.read() as connection:
            since = await self._db.now(connection) - REOPENS_WITHIN
            recent = or_(_OPEN, incidents.c.resolved_at > since)
            # One list of both: with "or" no index is of use.
            meant = (incidents.c.team == team, incidents.c.id.in_(union(own, about)), recent)
            found = await read_incidents(connection, *meant)
        return tuple(sorted(found, key=lambda incident: not incident.open))

    async def near(self, team: str, channel: str, since: datetime) -> tuple[Incident, ...]:
        """Read the open incidents of this channel that somebody there came to since then, or that opened again; newest first."""
        there = (incident_people.c.team == team, incident_people.c.channel == channel)
        spoken = select(incident_people.c.incident_id).where(*there)
        lately = spoken.where(incident_people.c.since >= since)
        opened = incidents.c.id.in_(spoken) & (incidents.c.occasion_at >= since)
        return await self._read(incidents.c.team == team, _OPEN, or_(incidents.c.id.in_(lately), opened))

    async def _read(self, *which: ColumnElement[bool]) -> tuple[Incident, ...]:
        async with self._db.read() as connection:
            return await read_incidents(connection, *which)

    async def _note(
        self, team: str, incident_id: str, change: Callable[[Incident, datetime], Incident]
    ) -> Incident | None:
        async with self._record.turn(self._db) as turn:
            incident = await read_incident(turn.connection, team, incident_id)
            if incident is None:
                return None
            changed = change(incident, turn.at)
            if changed != incident:
                await store_incident(turn.connection, changed, incident.state)
            return changed

    async def _find(self, turn: Turn, report: Report) -> tuple[Incident, How]:
        """The incident that a report belongs to, opened if need be."""
        same = _about_the_same(report)
        open_ones = await read_incidents(turn.connection, *same, _OPEN)
        if open_ones:
            return open_ones[0], How.JOINED
        last = await read_incidents(turn.connection, *same, newest=1)
        if last and last[0].may_reopen(turn.at):
            return await _reopened(turn, last[0]), How.REOPENED
        incident = Incident(
            id=self._new_id(),
            team=report.team,
            server=report.server,
            scope=report.scope,
            cause=report.cause,
            state=IncidentState.OPEN,
            reporter=report.affected.person,
            conversation=report.affected.conversation,
            opened_at=turn.at,
            occasion_at=turn.at,
            client=report.client,
        )
        await insert_incident(turn.connection, incident)
        return incident, How.OPENED

    async def _put(self, turn: Turn, report: Report, found: Incident, how: How) -> Reported:
        affected = replace(report.affected, since=turn.at)
        reported = put(found, affected, how, report.cause)
        incident, theirs = reported.incident, reported.incident.of(affected.person)
        if (incident.conversation, incident.cause) != (found.conversation, found.cause):
            await store_incident(turn.connection, incident, IncidentState.OPEN)
        if theirs is not None:
            await store_person(turn.connection, incident, theirs)
        if reported.how is not How.KNOWN:
            await _append(turn, incident, affected.person, str(reported.how))
        return reported

    async def _take_back(self, turn: Turn, incident: Incident, channel: str, ts: str) -> Incident:
        theirs = next(one for one in incident.people if (one.conversation.channel, one.ts) == (channel, ts))
        gone = replace(theirs, state=Waiting.WITHDRAWN)
        await store_person(turn.connection, incident, gone)
        left = with_person(incident, gone)
        await _append(turn, left, theirs.person, WITHDRAWN)
        return left if left.waiting else (await self._resolve(turn, left, theirs.person) or left)

    async def _resolve(self, turn: Turn, incident: Incident, by: str) -> Incident | None:
        resolved = replace(incident, state=IncidentState.RESOLVED, resolved_at=turn.at, resolved_by=by)
        if not await store_incident(turn.connection, resolved, IncidentState.OPEN):
            return None
        await _append(turn, resolved, by or BY_ITSELF, RESOLVED)
        return resolved


def _about_the_same(one: Report | Incident) -> tuple[ColumnElement[bool], ...]:
    """The conditions of incidents of the same scope of the same server."""
    scope = (incidents.c.scope_kind == one.scope.kind, incidents.c.scope_name == one.scope.name)
    return (incidents.c.team == one.team, incidents.c.server == one.server, *scope)


async def _reopened(turn: Turn, incident: Incident) -> Incident:
    again = replace(
        incident,
        state=IncidentState.OPEN,
        occasion=incident.occasion + 1,
        occasion_at=turn.at,
        human=None,
        human_at=None,
        resolved_at=None,
        resolved_by="",
    )
    await store_incident(turn.connection, again, IncidentState.RESOLVED)
    return again


async def _append(turn: Turn, incident: Incident, actor: str, state: str) -> None:
    about = {"team": incident.team, "server": incident.server, "incident": incident.id, "cause": incident.cause}
    role = incident.scope.name if incident.scope.kind == "role" else ""
    scope = [str(incident.scope.kind), incident.scope.name]
    await turn.append(actor, INCIDENT, {**about, "role": role, "scope": scope, "state": state})
