"""What an asker may read of the record."""

from dataclasses import replace
from datetime import datetime

from bot.access.allow_list import AllowList
from bot.access.member import Action, Denied, Standing
from bot.access.policy import may, permit
from bot.errors import NotPermitted
from bot.incidents.history import History
from bot.incidents.incident import Incident, ScopeKind
from bot.incidents.incidents import Incidents
from bot.incidents.timeline_values import Cursor, Page, Question
from bot.servers.fleet import Fleet

SHOWN = 20
"""Events in one answer."""


class Review:
    """The use case of `/connbot history`; every page is asked for anew, by the rights there are then."""

    def __init__(self, fleet: Fleet, allow_list: AllowList, history: History, incidents: Incidents) -> None:
        self._fleet = fleet
        self._allow_list = allow_list
        self._history = history
        self._incidents = incidents

    async def show(self, standing: Standing, question: Question, *, now: datetime, after: Cursor | None = None) -> Page:
        """Read the newest events of a role, or of a server as a whole; raises `NotPermitted`, `UnknownServer`, `ServerUnavailable`."""
        meant = self._fleet.choose(question.server)
        role = question.role
        reading = await meant.read(role) if role is not None and standing.members else None
        found = reading.role if reading else None
        permission = permit(standing, Action.HISTORY, role=found, server=meant.name, now=now)
        if isinstance(permission, Denied):
            await self._allow_list.refuse(standing.actor, permission, role=role, server=meant.name)
            raise NotPermitted(permission.action, role, meant.name)
        asked = replace(question, team=standing.actor.team, role=found.name if found else role, server=meant.name)
        return await self._history.page(asked, SHOWN, after)

    async def incident(self, standing: Standing, incident_id: str, *, now: datetime) -> Incident | None:
        """Read one incident whose role, or server, the asker may read of; None: there is none, or it is not theirs to know."""
        incident = await self._incidents.get(standing.actor.team, incident_id)
        if incident is None or not standing.members:
            return None
        role = None
        if incident.scope.kind is ScopeKind.ROLE:
            name = incident.scope.name
            role = (await self._fleet.choose(incident.server).roles_by_name([name])).get(name)
        # What everybody met on a server is known to all of its staff.
        action = Action.HISTORY if incident.scope.kind is ScopeKind.ROLE else Action.RESPOND
        return incident if may(standing, action, role=role, server=incident.server, now=now) else None
