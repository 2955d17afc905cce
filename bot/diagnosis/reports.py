"""What people say of trouble with connections, put to the incidents there are; `deciding` and `joining` decide."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from bot.access.allow_list import AllowList
from bot.access.member import Action, Denied, Permitted, Standing
from bot.access.policy import permit
from bot.causes.finding import LIMITS, Cause, Finding
from bot.diagnosis.cases import Cases, Speaker
from bot.diagnosis.consult import (
    Around,
    Closed,
    Down,
    Heard,
    Ignore,
    InAgain,
    Known,
    Meaning,
    Meant,
    MeToo,
    Other,
    Picture,
    Trouble,
    Unclear,
    consult,
    said_at,
    servers_meant,
)
from bot.diagnosis.deciding import Complaint, is_named, meant_here, opens
from bot.diagnosis.looking import look, look_into, see
from bot.diagnosis.replies import (
    Answered,
    Explained,
    HasRoom,
    HowToAsk,
    IsIn,
    Joined,
    Nothing,
    Reply,
    SeesNoPictures,
    TooMany,
    WasClosed,
    WhichRole,
    WhichServer,
)
from bot.diagnosis.seen import owns, owns_by_name
from bot.diagnosis.small_talk import Said
from bot.errors import NotPermitted
from bot.incidents.history import History
from bot.incidents.incident import (
    NEAR,
    Conversation,
    How,
    Incident,
    Reported,
    Scope,
    ScopeKind,
    Waiting,
)
from bot.incidents.incidents import Incidents
from bot.pace import Pace, Paces
from bot.servers.fleet import Fleet

REPORTS = 3
"""Of one person in `REPORTS_WITHIN`; then they are told so once."""
REPORTS_WITHIN = timedelta(minutes=10)
CLOSED_LATELY = timedelta(minutes=10)
"""So long after the bot ended a connection is its client's complaint taken for that."""


class Reports:
    """Hears reports and “+1”s, and says what each comes to; what it says is a value, for `Herald` to say in words."""

    def __init__(
        self, fleet: Fleet, incidents: Incidents, allow_list: AllowList, history: History, known: Sequence[Known]
    ) -> None:
        self._fleet = fleet
        self._cases = Cases(fleet, incidents)
        self._incidents = incidents
        self._allow_list = allow_list
        self._history = history
        self._known = known
        self._reports = Paces(REPORTS, REPORTS_WITHIN)
        self._questions = Paces(REPORTS, REPORTS_WITHIN)
        self._reopenings = Paces(REPORTS, REPORTS_WITHIN)

    async def hear(self, heard: Heard, standing: Standing, *, now: datetime) -> Reply:
        """Do what a message comes to, and say what is to be said to it.

        Of one that was edited counts what it says now: what it reported before and does not any more is withdrawn.
        """
        reply = await self._hear(heard, standing, now)
        if not isinstance(reply, WhichRole | WhichServer | HasRoom | IsIn | TooMany):
            now_about = reply.reported.incident.id if isinstance(reply, Answered | Joined) else ""
            await self._incidents.withdraw(heard.team, heard.conversation.channel, heard.ts, but=now_about)
        return reply

    async def withdraw(self, team: str, channel: str, ts: str) -> Incident | None:
        """Take back what a message reported that is gone; the incident as it stands now, None: it was no report."""
        return await self._incidents.withdraw(team, channel, ts)

    async def me_too(self, standing: Standing, incident_id: str, where: Conversation, *, now: datetime) -> Reply:
        """Somebody has what this incident is about; `Nothing`: it is over, or there is none."""
        incident = await self._incidents.get(standing.actor.team, incident_id)
        if incident is None or not (incident.open or (await see(self._fleet, incident.server, incident.scope)).full):
            return Nothing()
        return await self._cases.join(Speaker(standing, where, now), incident, [incident])

    async def role_is(
        self, standing: Standing, server: str, role: str, where: Conversation, ts: str, *, now: datetime
    ) -> Reply:
        """Somebody says which role of theirs is kept out; raises `NotPermitted` for one that is not theirs."""
        seen = await see(self._fleet, server, Scope(ScopeKind.ROLE, role))
        by = Speaker(standing, where, now, ts)
        if owns(standing, seen):
            if seen.facts is not None and not seen.full:
                return HasRoom(seen.scope.name, server, seen.facts)
            return await self._cases.open(by, opens(seen, Cause.ROLE_LIMIT, role=seen.scope.name)) or Nothing()
        if owns_by_name(standing, seen):
            opened = await self._cases.open(by, opens(seen, Cause.ROLE_LIMIT, joins=False))
            return opened or Explained(Finding(Cause.ROLE_LIMIT, role=seen.scope.name), server=server)
        return await self._refuse(standing, Denied(Action.LIST, "nothing"), role, server)

    async def server_is(
        self,
        standing: Standing,
        finding: Finding,
        client: str,
        server: str,
        where: Conversation,
        ts: str,
        *,
        now: datetime,
    ) -> Reply:
        """Somebody says which server their report means; raises `UnknownServer`."""
        if finding.cause not in LIMITS:
            return Nothing()
        meant = Meant((self._fleet.choose(server).name,), sure=True)
        by = Speaker(standing, where, now, ts, client)
        return await self._cases.trouble(by, Complaint(finding, meant, standing, client))

    async def is_in(self, standing: Standing, incident_id: str, *, now: datetime) -> Reply:
        """Somebody is in again; where nobody waits any more `Watch` ends it. `Nothing`: they are none of its people."""
        del now
        actor = standing.actor
        incident = await self._incidents.stands(actor.team, incident_id, actor.id, Waiting.IN)
        return Nothing() if incident is None else IsIn(incident)

    async def still_stuck(self, standing: Standing, incident_id: str, where: Conversation, *, now: datetime) -> Reply:
        """Somebody is not in although an incident is over: it opens again; after a while only if the facts agree."""
        actor = standing.actor
        incident = await self._incidents.get(actor.team, incident_id)
        if incident is None or incident.of(actor.id) is None:
            return await self.me_too(standing, incident_id, where, now=now)
        facts = await look_into(self._fleet, incident)
        if incident.open:
            how, again = How.KNOWN, await self._incidents.stands(actor.team, incident_id, actor.id, Waiting.WAITING)
        else:
            # Each time the others who wait are mentioned anew: against the facts nobody does that again and again.
            pace = self._reopenings.of((actor.team, actor.id), now, which=f"{incident_id}:{incident.occasion}")
            if pace is not Pace.ANSWER and not (facts and facts.full):
                return TooMany() if pace is Pace.NOTICE else Nothing()
            how, again = How.REOPENED, await self._incidents.reopen(actor.team, incident_id, actor.id)
        if again is None:
            return await self.me_too(standing, incident_id, where, now=now)
        return Answered(Reported(again, how), facts)

    async def resolve(self, standing: Standing, incident_id: str, *, now: datetime) -> Incident | None:
        """End an incident by its staff's word; raises `NotPermitted`. None: there is none, or somebody was first."""
        actor = standing.actor
        incident = await self._incidents.get(actor.team, incident_id)
        if incident is None:
            return None
        of_role = incident.scope.kind is ScopeKind.ROLE
        facts = await look(self._fleet, incident.server, incident.scope) if of_role else None
        action = Action.RESOLVE if of_role else Action.RESPOND
        answer = permit(standing, action, role=facts.role if facts else None, server=incident.server, now=now)
        if isinstance(answer, Denied):
            await self._refuse(standing, answer, incident.scope.name if of_role else None, incident.server)
        if incident.open:
            await self._incidents.acted(actor.team, incident_id, actor.id)
        return await self._incidents.resolve(actor.team, incident_id, actor.id)

    async def staff_spoke(self, standing: Standing, where: Conversation, *, now: datetime) -> tuple[Incident, ...]:
        """Somebody wrote in a thread: if they are staff of what it is about, a human has seen it. Returns what was unseen."""
        if not standing.members:
            return ()
        seen = []
        for incident in await self._incidents.in_conversation(standing.actor.team, where):
            answer = permit(standing, Action.RESPOND, role=None, server=incident.server, now=now)
            if incident.open and incident.human_at is None and isinstance(answer, Permitted):
                seen.append(await self._incidents.acted(incident.team, incident.id, standing.actor.id))
        return tuple(incident for incident in seen if incident is not None)

    async def _hear(self, heard: Heard, standing: Standing, now: datetime) -> Reply:
        around = await self._around(heard, now)
        meaning = consult(heard, around)
        stop = self._stop(heard, meaning, now)
        if stop is not None:
            return stop
        by = Speaker(standing, heard.conversation, now, heard.ts, heard.client)
        match meaning:
            case Trouble(finding) | Closed(finding) | Other(finding):
                meant = meant_here(servers_meant(finding, heard.names, self._known), around.here)
                return await self._reported(meaning, by, Complaint(finding, meant, standing, heard.client))
            case MeToo(incident):
                talked_about = around.here if heard.in_thread else around.near
                return await self._cases.join(by, incident, talked_about)
            case InAgain(incident):
                return await self.is_in(standing, incident.id, now=now)
            case Down():
                return await self._cases.down(by, servers_meant(heard.finding, heard.names, self._known))
            case Picture():
                return SeesNoPictures()
            case Unclear():
                return HowToAsk()
            case Ignore():
                return Nothing()

    async def _around(self, heard: Heard, now: datetime) -> Around:
        """Read what is talked about where a message was heard, as far as it matters to it."""
        if heard.in_thread:
            return Around(here=await self._incidents.in_conversation(heard.team, heard.conversation))
        if heard.said in (Said.ME_TOO, Said.IN_AGAIN):
            since = said_at(heard, now) - NEAR
            return Around(near=await self._incidents.near(heard.team, heard.conversation.channel, since))
        return Around()

    def _stop(self, heard: Heard, meaning: Meaning, now: datetime) -> Reply | None:
        """What to say, or not to, to somebody of whom enough was read for now."""
        person, message = (heard.team, heard.person), f"{heard.conversation.channel}:{heard.ts}"
        match meaning:
            case Trouble() | Closed() | Other():
                pace = self._reports.of(person, now, which=message)
                return {Pace.ANSWER: None, Pace.NOTICE: TooMany(), Pace.SILENCE: Nothing()}[pace]
            case Down() | Picture() | Unclear():
                return None if self._questions.of(person, now, which=message) is Pace.ANSWER else Nothing()
            case _:
                return None

    async def _reported(self, meaning: Meaning, by: Speaker, complaint: Complaint) -> Reply:
        match meaning:
            case Trouble():
                return await self._cases.trouble(by, complaint)
            case Closed():
                return await self._closed(by, complaint)
            case _:
                return complaint.explained

    async def _closed(self, by: Speaker, complaint: Complaint) -> Reply:
        """Somebody's connection ended: if the bot ended one of their role's a while ago, it was that."""
        named = complaint.finding.role
        theirs = {
            (link.server, link.role_oid)
            for link in by.standing.owned
            if link.server in complaint.meant.servers and (named is None or is_named(link.role, named))
        }
        ended = await self._history.ended_lately(by.standing.actor.team, theirs, by.now - CLOSED_LATELY)
        if ended is None:
            return complaint.explained
        requester = "" if ended.requester_actor.at_command_line else ended.requester
        return WasClosed(ended.role, ended.server, requester, ended.resolved_at or by.now, ended.reason)

    async def _refuse(self, standing: Standing, denied: Denied, role: str | None, server: str) -> NoReturn:
        await self._allow_list.refuse(standing.actor, denied, role=role, server=server)
        raise NotPermitted(denied.action, role, server)
