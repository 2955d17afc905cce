"""`/conns`: connections of a role, and what can be picked from the list."""

from datetime import tzinfo
from functools import partial

from bot.access.member import Standing
from bot.connections.listing import Listings
from bot.connections.plan import TerminateRequest, Which
from bot.connections.recent import Recent
from bot.slack import payloads
from bot.slack.announcer import Announcer
from bot.slack.blocks import listing
from bot.slack.call import Call
from bot.slack.commands import CommandNames, parse_conns
from bot.slack.listeners.kill import KillListener


class ConnsListener:
    """Lists, and hands what is picked from a list to the one way of ending backends."""

    def __init__(
        self, listings: Listings, kill: KillListener, announcer: Announcer, names: CommandNames, zone: tzinfo
    ) -> None:
        self._listings = listings
        self._kill = kill
        self._announcer = announcer
        self._drawn = Recent(partial(listing.render, zone=zone, names=names))

    async def on_command(self, call: Call, standing: Standing) -> None:
        """`/conns [ROLE] [on SERVER]`."""
        found = await self._listings.show(standing, parse_conns(call.text), now=call.at)
        await self._announcer.answer(call.place, call.actor, self._drawn.of(found))

    async def on_terminate_chosen(self, call: Call, standing: Standing) -> None:
        """**Terminate chosen…** below a checklist."""
        group = payloads.read_group(call.text)
        chosen = payloads.chosen(call.body, group)
        await self._kill.propose(call, standing, TerminateRequest(group.role, chosen, server=group.server))

    async def on_terminate_strays(self, call: Call, standing: Standing) -> None:
        """**Terminate strays…** below a list."""
        group = payloads.read_group(call.text)
        await self._kill.propose(call, standing, TerminateRequest(group.role, which=Which.STRAYS, server=group.server))

    async def on_close_client(self, call: Call, standing: Standing) -> None:
        """**Close** beside one client of a pooler."""
        await self._kill.propose(call, standing, payloads.read_close_client(call.text))

    async def on_close(self, call: Call, standing: Standing) -> None:
        """**Close** beside one connection."""
        await self._kill.propose(call, standing, payloads.read_close(call.text))
