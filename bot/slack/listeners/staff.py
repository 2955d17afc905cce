"""What the staff do about an incident: look at it, end connections by the usual way, say that it is over."""

from datetime import datetime, tzinfo
from typing import NoReturn

from bot.access.allow_list import AllowList
from bot.access.member import Action, Denied, Standing
from bot.access.policy import may, permit
from bot.connections.listed import Listing, ListRequest
from bot.connections.listing import Listings
from bot.diagnosis.facts import Facts
from bot.diagnosis.herald import Herald
from bot.diagnosis.looking import look_into
from bot.diagnosis.reports import Reports
from bot.errors import BotError, NotPermitted, OwnDatabaseUnavailable
from bot.incidents.incident import Conversation, Incident, ScopeKind
from bot.incidents.incidents import Incidents
from bot.incidents.proposal import Place
from bot.servers.fleet import Fleet
from bot.slack.announcer import Announcer
from bot.slack.blocks import asking, tools, window
from bot.slack.blocks.text import Block, Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames
from bot.slack.incident_payloads import read_incident_id
from bot.slack.payloads import Behind, stale
from bot.slack.windows import Windows


class StaffListener:
    """The staff's buttons, open to everybody's click: the right is looked up then, and a refusal says nothing of the incident."""

    def __init__(
        self,
        fleet: Fleet,
        reports: Reports,
        incidents: Incidents,
        herald: Herald,
        listings: Listings,
        allow_list: AllowList,
        announcer: Announcer,
        windows: Windows,
        names: CommandNames,
        zone: tzinfo,
    ) -> None:
        self._fleet = fleet
        self._reports = reports
        self._incidents = incidents
        self._herald = herald
        self._listings = listings
        self._allow_list = allow_list
        self._announcer = announcer
        self._windows = windows
        self._names = names
        self._zone = zone

    async def on_tools(self, call: Call, standing: Standing) -> None:
        """**Staff tools**: whoever opens them is a human who has seen it."""
        incident = await self._incidents.get(call.actor.team, read_incident_id(call.text))
        if incident is None:
            raise stale()
        if not self._is_staff(standing, incident.server, call.at):
            await self._refuse(standing, incident.server, call.at)
        behind = Behind(call.place.channel, call.place.thread, incident.id)
        # A trigger lasts three seconds, and the facts may take as long.
        opened = await self._windows.open(call.trigger, window.looking(tools.TITLE, behind))
        if opened is None:
            await self._tell(call, tools.render_too_late())
            return
        try:
            seen = await self._incidents.acted(incident.team, incident.id, call.actor.id) if incident.open else incident
            view, facts = await self._show(seen or incident, standing, behind, call.at)
        except OwnDatabaseUnavailable as exc:
            await self._windows.update(opened, window.refused(exc, behind, viewer=call.actor.id, names=self._names))
            return
        await self._windows.update(opened, view)
        if seen is not None and seen.open:
            await self._herald.keep(seen, facts)

    async def on_seen(self, call: Call, standing: Standing, where: Conversation) -> None:
        """Somebody does something in a thread: if they are of the staff, a human has seen what it is about."""
        for incident in await self._reports.staff_spoke(standing, where, now=call.at):
            await self._herald.keep(incident, await look_into(self._fleet, incident))

    async def on_resolve(self, call: Call, standing: Standing) -> None:
        """**Resolve incident**, on the staff's card, in the staff's tools, or where it was asked which one."""
        await self._resolve(call, standing, read_incident_id(call.text))

    async def on_resolve_shortcut(self, call: Call, standing: Standing) -> None:
        """The shortcut **Resolve incident** on a message of a thread."""
        message = call.body.get("message")
        ts = message.get("ts") if isinstance(message, dict) else None
        channel, thread = call.place.channel, call.place.thread or (ts if isinstance(ts, str) else "")
        await self.resolve_here(call, standing, Conversation(channel, thread, private=channel.startswith("D")))

    async def resolve_here(self, call: Call, standing: Standing, where: Conversation) -> None:
        """Resolve what is open in a conversation; of several it is asked which."""
        found = await self._incidents.in_conversation(call.actor.team, where)
        ours = [one for one in found if one.open and self._is_staff(standing, one.server, call.at)]
        if len(ours) == 1:
            await self._resolve(call, standing, ours[0].id)
        elif ours:
            await self._tell(call, asking.render_which_is_over(ours))
        else:
            servers = {one.server for one in found} or set(self._fleet.names)
            if not any(self._is_staff(standing, server, call.at) for server in servers):
                await self._refuse(standing, min(servers), call.at)
            await self._tell(call, asking.render_nothing_open())

    async def _resolve(self, call: Call, standing: Standing, incident_id: str) -> None:
        over = await self._reports.resolve(standing, incident_id, now=call.at)
        if over is None:
            await self._show_over(call, asking.render_nothing_open())
            return
        facts = await look_into(self._fleet, over)
        await self._herald.resolved(over, facts)
        await self._herald.keep(over, facts)
        if call.window or not _sees(call, over):
            await self._show_over(call, asking.render_resolved(over))

    async def _show_over(self, call: Call, message: Message) -> None:
        """Say what became of it: in the modal that was clicked in, which has nothing more to offer, else in the thread."""
        behind = Behind(call.place.channel, call.place.thread)
        shown = call.window and await self._windows.update(call.window, window.note(tools.TITLE, message, behind))
        if not shown:
            await self._tell(call, message)

    async def _show(
        self, incident: Incident, standing: Standing, behind: Behind, now: datetime
    ) -> tuple[Block, Facts | None]:
        """The tools with the facts as they are now; a role's connections only for those who may see them."""
        facts = await look_into(self._fleet, incident)
        shown: Listing | None = None
        refused: BotError | None = None
        if incident.scope.kind is ScopeKind.ROLE:
            try:
                request = ListRequest(role=incident.scope.name, server=incident.server)
                shown = await self._listings.show(standing, request, now=now)
            except OwnDatabaseUnavailable:
                raise
            except BotError as exc:
                refused = exc
        seen = tools.Tools(incident, facts, now, shown, refused)
        return tools.render(seen, behind, zone=self._zone, names=self._names), facts

    def _is_staff(self, standing: Standing, server: str, now: datetime) -> bool:
        return may(standing, Action.RESPOND, role=None, server=server, now=now)

    async def _refuse(self, standing: Standing, server: str, now: datetime) -> NoReturn:
        """Refuse, on record; what it says names nothing."""
        answer = permit(standing, Action.RESPOND, role=None, server=server, now=now)
        if isinstance(answer, Denied):
            await self._allow_list.refuse(standing.actor, answer, server=server)
        raise NotPermitted(Action.RESPOND)

    async def _tell(self, call: Call, message: Message) -> None:
        await self._announcer.answer(Place(call.place.channel, call.place.thread), call.actor, message)


def _sees(call: Call, incident: Incident) -> bool:
    """Whether the resolution is said where it was asked for."""
    return call.place.channel in {conversation.channel for conversation in incident.conversations}
