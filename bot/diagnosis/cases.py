"""What is reported, looked at on the servers, and put to the incidents there are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.access.member import Standing
from bot.causes.finding import Cause
from bot.diagnosis.consult import Meant
from bot.diagnosis.deciding import Complaint, Opens, decide, decide_down, scopes
from bot.diagnosis.joining import Joins, join
from bot.diagnosis.looking import look_at_each, look_into, see
from bot.diagnosis.replies import Answered, Joined, Nothing, Reply
from bot.diagnosis.seen import Seen
from bot.incidents.incident import Affected, Conversation, How, Incident, Report, Scope, ScopeKind
from bot.incidents.incidents import Incidents
from bot.servers.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something, where and when; `ts` '' for a click."""

    standing: Standing
    where: Conversation
    now: datetime
    ts: str = ""
    client: str = ""


class Cases:
    """Looks at what a report may be about, has `deciding` or `joining` decide, and does that."""

    def __init__(self, fleet: Fleet, incidents: Incidents) -> None:
        self._fleet = fleet
        self._incidents = incidents

    async def trouble(self, by: Speaker, complaint: Complaint) -> Reply:
        """A report of a limit."""
        if complaint.finding.cause is Cause.POOLER_LIMIT:
            complaint = replace(complaint, meant=self._with_pooler(complaint.meant))
        decided = decide(complaint, await look_at_each(self._fleet, scopes(complaint)))
        return (await self.open(by, decided) or complaint.explained) if isinstance(decided, Opens) else decided

    async def down(self, by: Speaker, meant: Meant) -> Reply:
        """Somebody says that it does not work, and not how."""
        servers = await look_at_each(self._fleet, [(server, Scope(ScopeKind.SERVER)) for server in meant.servers])
        roles = await self._roles_of(by.standing, meant.servers)
        decided = decide_down(by.standing, servers, roles, by.client)
        return (await self.open(by, decided) or Nothing()) if isinstance(decided, Opens) else decided

    async def join(self, by: Speaker, focus: Incident, talked_about: Sequence[Incident]) -> Reply:
        """Somebody has what `focus` is about, or another incident that is talked about there."""
        about = [one for one in talked_about if one.open and one.server == focus.server and one != focus]
        roles, server = await asyncio.gather(
            self._roles_of(by.standing, [focus.server]), see(self._fleet, focus.server, Scope(ScopeKind.SERVER))
        )
        decided = join(by.standing, [focus, *about], roles, server)
        # What is about the same trouble is talked about in the same thread.
        by = replace(by, where=focus.conversation_in(by.where))
        if isinstance(decided, Opens):
            return _to_a_me_too(await self.open(by, decided))
        if not isinstance(decided, Joins):
            return decided
        incident = decided.incident
        facts = await look_into(self._fleet, incident)
        return _to_a_me_too(
            await self.open(by, Opens(incident.server, incident.scope, Cause(incident.cause), facts, decided.role))
        )

    async def open(self, by: Speaker, what: Opens) -> Answered | None:
        """Put a report to its incident; None: its person may not join it, and it is open."""
        actor = by.standing.actor
        affected = Affected(actor.id, by.where, by.now, what.role, by.ts)
        report = Report(actor.team, what.server, what.scope, str(what.cause), affected, by.client)
        reported = await (self._incidents.report(report) if what.joins else self._incidents.open(report))
        return None if reported is None else Answered(reported, what.facts)

    def _with_pooler(self, meant: Meant) -> Meant:
        """Of several servers the only one that has a pooler before it."""
        settings = [self._fleet.settings(server) for server in meant.servers]
        pooled = tuple(one.name for one in settings if one.pgbouncer or one.poolers)
        return Meant(pooled, sure=True) if len(pooled) == 1 else meant

    async def _roles_of(self, standing: Standing, servers: Sequence[str]) -> list[Seen]:
        links = [(link.server, Scope(ScopeKind.ROLE, link.role)) for link in standing.owned if link.server in servers]
        return await look_at_each(self._fleet, dict.fromkeys(links))


def _to_a_me_too(answered: Answered | None) -> Reply:
    """Who joined is told by 👀; what they opened has an answer of its own."""
    if answered is None:
        return Nothing()
    if answered.reported.how in (How.OPENED, How.REOPENED):
        return answered
    return Joined(answered.reported, answered.facts)
