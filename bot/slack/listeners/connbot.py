"""`/connbot`: help, the allow-list, owners, the record."""

from dataclasses import replace
from datetime import tzinfo

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Action, Denied, Standing
from bot.access.ownership import Ownership
from bot.access.policy import permit
from bot.causes.recognise import recognise
from bot.connections.doorway import Doorway
from bot.diagnosis.advice import for_text
from bot.errors import NotPermitted
from bot.incidents.event import Event
from bot.incidents.review import SHOWN, Review
from bot.incidents.timeline_values import Page, Question
from bot.servers.fleet import Fleet
from bot.slack import subcommands as sub
from bot.slack.announcer import Announcer
from bot.slack.blocks import diagnosis, history, members, usage
from bot.slack.blocks.text import Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames
from bot.slack.listeners.linking import LinkingListener
from bot.slack.listeners.summary import SummaryListener


class ConnbotListener:
    """One method a subcommand; each answers with one message."""

    def __init__(
        self,
        fleet: Fleet,
        allow_list: AllowList,
        ownership: Ownership,
        doorway: Doorway,
        review: Review,
        linking: LinkingListener,
        summary: SummaryListener,
        announcer: Announcer,
        names: CommandNames,
        zone: tzinfo,
    ) -> None:
        self._fleet = fleet
        self._allow_list = allow_list
        self._ownership = ownership
        self._doorway = doorway
        self._review = review
        self._linking = linking
        self._summary = summary
        self._announcer = announcer
        self._names = names
        self._zone = zone

    async def on_command(self, call: Call, standing: Standing) -> None:
        """`/connbot …`."""
        request = sub.parse_connbot(call.text, zone=self._zone, now=call.at)
        await self._announcer.answer(call.place, call.actor, await self._answer(request, call, standing))

    async def on_unknown(self, call: Call, _: Standing) -> None:
        """Answer a slash command of the app's that this configuration does not name, with the usage."""
        message = usage.render_help(viewer=call.actor.id, names=self._names)
        await self._announcer.answer(call.place, call.actor, message)

    async def _answer(self, request: sub.ConnbotRequest, call: Call, standing: Standing) -> Message:
        match request:
            case sub.Help() | sub.Unsupported() | sub.Diagnose():
                return self._explain(request, call)
            case sub.Allow():
                return await self._allow(request, call)
            case sub.Disallow():
                return await self._disallow(request, call)
            case sub.Members():
                return await self._members(request, call, standing)
            case sub.Own() | sub.Disown():
                return await self._owners(request, call, standing)
            case sub.Link():
                return await self._linking.link(request, call, standing)
            case sub.Summary():
                return await self._summary.answer(request, call, standing)
            case sub.History():
                return await self._history(request, call, standing)

    def _explain(self, request: sub.Help | sub.Unsupported | sub.Diagnose, call: Call) -> Message:
        match request:
            case sub.Help():
                return usage.render_help(viewer=call.actor.id, names=self._names)
            case sub.Unsupported(word):
                return usage.render_unsupported(word, names=self._names)
            case sub.Diagnose(text):
                return diagnosis.render(recognise(text), for_text(text), names=self._names)

    async def _allow(self, request: sub.Allow, call: Call) -> Message:
        server = self._fleet.choose(request.server).name if request.server else ""
        grant = Grant(request.slack_id, request.grade, server, request.roles, request.until)
        member = await self._allow_list.allow(call.actor, grant, now=call.at)
        if isinstance(member, Denied):
            raise NotPermitted(member.action, None, request.server)
        return members.render_allowed(member, zone=self._zone, now=call.at)

    async def _disallow(self, request: sub.Disallow, call: Call) -> Message:
        removed = await self._allow_list.disallow(call.actor, request.slack_id, server=request.server, now=call.at)
        if isinstance(removed, Denied):
            raise NotPermitted(removed.action, None, request.server)
        return members.render_disallowed(request.slack_id, removed)

    async def _members(self, request: sub.Members, call: Call, standing: Standing) -> Message:
        server = self._fleet.choose(request.server).name
        permission = permit(standing, Action.ALLOW_RESPONDER, role=None, server=server, now=call.at)
        if isinstance(permission, Denied):
            await self._allow_list.refuse(call.actor, permission, server=server)
            raise NotPermitted(permission.action, None, server)
        found = await self._allow_list.members(call.actor.team)
        shown = tuple(member for member in found if request.server in (None, member.server) or not member.server)
        links = await self._ownership.all_of(call.actor.team)
        out = [one for one in links if one.suspended_at and request.server in (None, one.server)]
        return members.render(shown, zone=self._zone, now=call.at, names=self._names, suspended=out)

    async def _owners(self, request: sub.Own | sub.Disown, call: Call, standing: Standing) -> Message:
        if isinstance(request, sub.Own):
            seen = await self._doorway.enter(standing, Action.OWN, request.role, request.server, now=call.at)
            owner = await self._ownership.own(
                call.actor, request.slack_id, server=seen.server.name, role=seen.reading.role, now=call.at
            )
            if isinstance(owner, Denied):
                raise NotPermitted(owner.action, request.role, request.server)
            return members.render_owned(owner)
        removed = await self._ownership.disown(
            call.actor, request.slack_id, role=request.role, server=request.server, now=call.at
        )
        if isinstance(removed, Denied):
            raise NotPermitted(removed.action, request.role, request.server)
        return members.render_disowned(request.slack_id, removed)

    async def _history(self, request: sub.History, call: Call, standing: Standing) -> Message:
        asked = question_of(request, self._zone)
        if request.owner is None:
            page = await self._review.show(standing, asked, now=call.at)
            return history.render(page, asked, zone=self._zone, now=call.at)
        entered = await self._doorway.enter_roles_of(
            standing, Action.HISTORY, request.owner, request.server, now=call.at
        )
        if not entered.seen:
            raise entered.unavailable[0]
        told: list[Event] = []
        further: list[str] = []
        for seen in entered.seen:
            one = replace(asked, role=seen.reading.role.name, server=seen.server.name)
            page = await self._review.show(standing, one, now=call.at)
            if len(entered.seen) == 1:
                return history.render(page, one, zone=self._zone, now=call.at)
            told += page.events
            further += [seen.reading.role.name] if page.older else []
        told.sort(key=lambda event: event.at, reverse=True)
        left = {event.role for event in told[SHOWN:]} | set(further)
        newest = Page(tuple(told[:SHOWN]))
        return history.render(newest, asked, zone=self._zone, now=call.at, elsewhere=sorted(left))


def question_of(request: sub.History, zone: tzinfo) -> Question:
    """What was typed, as a question to the record; a week is one of the course's time zone."""
    since, until = (request.week.begins(zone), request.week.ends(zone)) if request.week else (None, None)
    return Question(None, request.role, request.server, request.person, request.cause, since, until)
