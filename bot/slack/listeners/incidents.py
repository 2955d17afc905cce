"""What people do about an incident: their own connections, “I have this too”, “I'm in”, and the answers to questions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo

from bot.access.member import Standing
from bot.causes.finding import Cause, Finding
from bot.connections.listed import ListRequest
from bot.connections.listing import Listings
from bot.diagnosis.consult import Heard
from bot.diagnosis.herald import Herald
from bot.diagnosis.replies import Answered, IsIn, Joined, Nothing, PictureTold, Reply, WhatDoesItSay
from bot.diagnosis.reports import Reports
from bot.diagnosis.small_talk import Said
from bot.errors import NotPermitted, UsageError
from bot.incidents.incident import Conversation, Incident
from bot.incidents.incidents import Incidents
from bot.incidents.proposal import Place
from bot.servers.fleet import Fleet
from bot.slack import incident_payloads as payloads
from bot.slack.announcer import Announcer
from bot.slack.blocks import asking, listing, tools
from bot.slack.blocks.text import Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames
from bot.slack.forms import chosen_server, role_faults, typed_role
from bot.slack.payloads import Behind, stale
from bot.slack.windows import Windows

NOTHING_SAID = Finding(Cause.NONE)
SAYS_SO = Finding(Cause.ROLE_LIMIT, confidence=1.0)
"""What somebody says that a picture says, where no server shows which of its limits it is."""


class IncidentListener:
    """One method a button. Everybody sees the same ones; what each does is decided by who clicks, by their right then."""

    def __init__(
        self,
        fleet: Fleet,
        reports: Reports,
        incidents: Incidents,
        herald: Herald,
        listings: Listings,
        announcer: Announcer,
        windows: Windows,
        names: CommandNames,
        zone: tzinfo,
    ) -> None:
        self._servers = fleet.names
        self._reports = reports
        self._incidents = incidents
        self._herald = herald
        self._listings = listings
        self._announcer = announcer
        self._windows = windows
        self._names = names
        self._zone = zone

    async def on_my_connections(self, call: Call, standing: Standing) -> None:
        """**My connections**: what `/conns` shows, to whoever clicks alone; how to link a role to whoever has none."""
        incident, _ = await self._of_this_thread(call, payloads.read_incident_id(call.text))
        if not standing.owned:
            await self._tell(call, asking.render_how_to_link(names=self._names))
            return
        here = incident.server if any(link.server == incident.server for link in standing.owned) else None
        found = await self._listings.show(standing, ListRequest(server=here), now=call.at)
        await self._tell(call, listing.render(found, zone=self._zone, names=self._names))

    async def on_have_this_too(self, call: Call, standing: Standing) -> None:
        """**I have this too**."""
        incident, there = await self._of_this_thread(call, payloads.read_incident_id(call.text))
        reply = await self._reports.me_too(standing, incident.id, there, now=call.at)
        await self._say(call, reply, asking.render_over(incident))

    async def on_im_in(self, call: Call, standing: Standing) -> None:
        """**I'm in**."""
        incident, _ = await self._of_this_thread(call, payloads.read_occasion(call.text).incident)
        reply = await self._reports.is_in(standing, incident.id, now=call.at)
        await self._say(call, reply, asking.render_was_not_waiting())

    async def on_still_stuck(self, call: Call, standing: Standing) -> None:
        """**Still stuck**."""
        incident, there = await self._of_this_thread(call, payloads.read_occasion(call.text).incident)
        reply = await self._reports.still_stuck(standing, incident.id, there, now=call.at)
        await self._say(call, reply, asking.render_over(incident))

    async def on_which_role(self, call: Call, standing: Standing) -> None:
        """One of the person's own roles, in answer to the question which one is kept out."""
        chosen = payloads.read_role_chosen(call.text)
        check_source(call, chosen.source)
        await self._role_is(call, standing, chosen, asking.render_noted(chosen.role, chosen.server))

    async def on_another_role(self, call: Call, _: Standing) -> None:
        """**Another role…**: a modal to type it in."""
        asked = payloads.read_role_asked(call.text)
        check_source(call, asked.source)
        behind = Behind(call.place.channel, call.place.thread)
        if not await self._windows.open(call.trigger, asking.role_window(asked, self._choice(asked), behind)):
            await self._announcer.answer(call.place, call.actor, tools.render_too_late())

    def check_role(self, call: Call) -> Mapping[str, str]:
        """What is wrong with what was typed into that modal; of one that is none of ours nothing, that is told afterwards."""
        try:
            return role_faults(call.body, self._choice(payloads.read_role_asked(call.text)))
        except UsageError:
            return {}

    async def on_role_typed(self, call: Call, standing: Standing) -> None:
        """Another role as it was typed: to name it gives no right to it."""
        asked = payloads.read_role_asked(call.text)
        check_source(call, asked.source)
        server = asked.server or chosen_server(call.body, self._servers) or self._servers[0]
        await self._role_is(call, standing, payloads.RoleChosen(asked.source, server, typed_role(call.body)))

    async def on_which_server(self, call: Call, standing: Standing) -> None:
        """The server that a report means."""
        chosen = payloads.read_server_chosen(call.text)
        check_source(call, chosen.source)
        source = chosen.source
        reply = await self._reports.server_is(
            standing, chosen.finding, chosen.client, chosen.server, source.conversation, source.ts, now=call.at
        )
        noted = asking.render_noted_server(chosen.server)
        await self._announcer.answer(call.place, call.actor, noted, replace=True)
        await self._herald.reply(heard_at(call, source), reply)

    async def on_picture_says_so(self, call: Call, standing: Standing) -> None:
        """**Yes**, under a picture: the facts tell which limit it is, else it is the person's role."""
        source = payloads.read_source(call.text)
        if not await self._is_theirs(call, source):
            return
        heard = heard_at(call, source)
        reply = await self._reports.hear(replace(heard, said=Said.DOWN, asked=True), standing, now=call.at)
        if isinstance(reply, WhatDoesItSay):
            reply = await self._reports.hear(replace(heard, finding=SAYS_SO), standing, now=call.at)
        await self._herald.reply(heard, PictureTold(says_so=True))
        await self._herald.reply(heard, reply)

    async def on_picture_other(self, call: Call, _: Standing) -> None:
        """**Something else**, under a picture."""
        source = payloads.read_source(call.text)
        if await self._is_theirs(call, source):
            await self._herald.reply(heard_at(call, source), PictureTold(says_so=False))

    async def _role_is(
        self, call: Call, standing: Standing, chosen: payloads.RoleChosen, noted: Message | None = None
    ) -> None:
        """Take a role for the person's answer if it is theirs; `noted` then stands in the place of the question."""
        source = chosen.source
        try:
            reply = await self._reports.role_is(
                standing, chosen.server, chosen.role, source.conversation, source.ts, now=call.at
            )
        except NotPermitted:
            message = asking.render_not_linked(chosen.role, chosen.server, names=self._names)
            await self._tell(call, message)
            return
        if noted is not None:
            await self._announcer.answer(call.place, call.actor, noted, replace=True)
        await self._herald.reply(heard_at(call, source), reply)

    async def _say(self, call: Call, reply: Reply, otherwise: Message) -> None:
        """Have a reply to a click said; `otherwise` to the person alone where there is none."""
        if isinstance(reply, Nothing):
            await self._tell(call, otherwise)
            return
        await self._herald.reply(heard_here(call), reply)
        # Of what changes above it in the thread whoever clicked may see nothing.
        if isinstance(reply, Joined | Answered):
            await self._tell(call, asking.render_waits())
        if isinstance(reply, IsIn):
            await self._tell(call, asking.render_is_in())

    async def _of_this_thread(self, call: Call, incident_id: str) -> tuple[Incident, Conversation]:
        """Return the incident of a button and the thread in which its person speaks of it; raises `UsageError` where nobody does.

        Whoever asked where the bot may not speak has the buttons by direct message.
        """
        incident, here = await self._incidents.get(call.actor.team, incident_id), where(call)
        if incident is None:
            raise stale()
        theirs = incident.of(call.actor.id)
        if (here.channel, here.thread) in {(one.channel, one.thread) for one in incident.conversations}:
            return incident, here
        if here.private and theirs is not None:
            return incident, theirs.conversation
        raise stale()

    async def _is_theirs(self, call: Call, source: payloads.Source) -> bool:
        """Whether the question under a picture is for whoever clicked, who is told if not."""
        check_place(call, source)
        if call.actor.id == source.person:
            return True
        await self._tell(call, asking.render_not_yours(source))
        return False

    async def _tell(self, call: Call, message: Message) -> None:
        """Tell it to whoever clicked alone, in the thread: there it stays until they leave it, which an answer's own address does not promise."""
        await self._announcer.answer(Place(call.place.channel, call.place.thread), call.actor, message)

    def _choice(self, asked: payloads.RoleAsked) -> tuple[str, ...]:
        """The servers that a typed role may be on, where there is a choice."""
        return () if asked.server or len(self._servers) == 1 else self._servers


def where(call: Call) -> Conversation:
    """The conversation in which something was clicked, or which the clicked message begins."""
    container = call.body.get("container")
    ts = container.get("message_ts") if isinstance(container, Mapping) else None
    thread = call.place.thread or (ts if isinstance(ts, str) else "")
    return Conversation(call.place.channel, thread, private=call.place.channel.startswith("D"))


def heard_here(call: Call) -> Heard:
    """A click, as if it had been said where it was clicked."""
    return Heard(
        call.actor.team, call.actor.id, where(call), "", NOTHING_SAID, Said.NOTHING, in_thread=True, asked=True
    )


def heard_at(call: Call, source: payloads.Source) -> Heard:
    """The message that a question was about, as it is to be answered now."""
    there, in_thread = source.conversation, call.place.thread is not None
    return Heard(call.actor.team, source.person, there, source.ts, NOTHING_SAID, Said.NOTHING, in_thread=in_thread)


def check_source(call: Call, source: payloads.Source) -> None:
    """Raise `UsageError` unless whoever clicked is who was asked, where they were asked."""
    check_place(call, source)
    if call.actor.id != source.person:
        raise stale()


def check_place(call: Call, source: payloads.Source) -> None:
    """Raise `UsageError` where a question is about another conversation; one asked by direct message may be about any channel."""
    place, about = call.place.channel, source.conversation
    asked_directly = place.startswith("D") and not about.private
    if not (place == about.channel or asked_directly) or about.private != about.channel.startswith("D"):
        raise stale()
