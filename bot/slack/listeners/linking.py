"""`/connbot link` and its buttons: a line to run, **Ask staff to vouch**, and for staff **Vouch** and **Not theirs**."""

from datetime import tzinfo

from bot.access.link import AlreadyOwned, TooMany
from bot.access.member import Standing
from bot.connections.linking import LINK, Linking
from bot.errors import NotPermitted
from bot.slack import payloads
from bot.slack.announcer import Announcer
from bot.slack.blocks import linking
from bot.slack.blocks.text import Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames
from bot.slack.link_teller import LinkTeller
from bot.slack.subcommands import Link


class LinkingListener:
    """Nobody owns a role by naming it."""

    def __init__(
        self, linking: Linking, teller: LinkTeller, announcer: Announcer, names: CommandNames, zone: tzinfo
    ) -> None:
        self._linking = linking
        self._teller = teller
        self._announcer = announcer
        self._names = names
        self._zone = zone

    async def link(self, request: Link, call: Call, standing: Standing) -> Message:
        """`/connbot link ROLE [on SERVER]`: send the line by direct message, and return what to answer there."""
        profile = await self._teller.profile(call.actor.id)
        if profile is None:
            raise NotPermitted(LINK)
        # Whatever a person can change about their profile proves nothing to whoever reads it in a session.
        who = profile.email or profile.slack_id
        asked = await self._linking.ask(standing, who, request.role, request.server)
        if isinstance(asked, AlreadyOwned):
            return linking.render_already(asked, names=self._names)
        if isinstance(asked, TooMany):
            return linking.render_too_many(asked, zone=self._zone, now=call.at)
        line = linking.render_line(asked, zone=self._zone, staff=self._teller.staff)
        if await self._teller.send(call.actor, line):
            return linking.render_sent(asked, staff=self._teller.staff)
        # Nobody else sees the answer either.
        return line

    async def on_ask_to_vouch(self, call: Call, _: Standing) -> None:
        """**Ask staff to vouch** beside the line; the line stays, and works."""
        asked = await self._linking.ask_to_vouch(call.actor, payloads.read_proposal_id(call.text))
        if asked is None:
            raise payloads.stale()
        message = (
            linking.render_too_many(asked, zone=self._zone, now=call.at)
            if isinstance(asked, TooMany)
            else linking.render_vouch_asked(asked)
        )
        await self._announcer.answer(call.place, call.actor, message)

    async def on_vouch(self, call: Call, _: Standing) -> None:
        """**Vouch** on the card for staff."""
        await self._decide(call, theirs=True)

    async def on_not_theirs(self, call: Call, _: Standing) -> None:
        """**Not theirs** on the card for staff."""
        await self._decide(call, theirs=False)

    async def on_departure(self, call: Call, standing: Standing) -> None:
        """Somebody's account was closed."""
        if standing.owned:
            await self._linking.leave(call.actor.id)

    async def _decide(self, call: Call, *, theirs: bool) -> None:
        request_id = payloads.read_proposal_id(call.text)
        decision = await self._linking.decide(call.actor, request_id, theirs=theirs, now=call.at)
        if decision is None:
            raise payloads.stale()
        if decision.why:
            # Else the card itself says it, to everybody there.
            message = linking.render_decision(decision, zone=self._zone, now=call.at)
            await self._announcer.answer(call.place, call.actor, message)
