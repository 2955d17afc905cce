"""The Home tab: drawn when somebody opens it, and anew after whatever they do there."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, tzinfo

from slack_sdk.web.async_client import AsyncWebClient

from bot.access.allow_list import AllowList
from bot.access.member import Actor, Standing
from bot.connections.listed import ListRequest
from bot.connections.listing import Listings
from bot.connections.overviewing import Overviews
from bot.slack import payloads
from bot.slack.announcer import Announcer
from bot.slack.api_errors import FAILED, why
from bot.slack.blocks import home, listing, summary, window
from bot.slack.blocks.elements import without_charts
from bot.slack.blocks.text import Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames
from bot.slack.payloads import Behind
from bot.slack.windows import Windows
from bot.summaries.summaries import Summaries

log = logging.getLogger(__name__)


class HomeListener:
    """Shows each person what they may see now; rights are looked up at every drawing."""

    def __init__(
        self,
        overviews: Overviews,
        listings: Listings,
        summaries: Summaries,
        allow_list: AllowList,
        client: AsyncWebClient,
        windows: Windows,
        announcer: Announcer,
        clock: Callable[[], datetime],
        names: CommandNames,
        zone: tzinfo,
    ) -> None:
        self._overviews = overviews
        self._listings = listings
        self._summaries = summaries
        self._allow_list = allow_list
        self._client = client
        self._windows = windows
        self._announcer = announcer
        self._clock = clock
        self._names = names
        self._zone = zone
        self._begun: dict[str, int] = {}
        self._drawn: dict[str, int] = {}
        self._drawing: dict[str, asyncio.Lock] = {}

    async def on_opened(self, _: Call, standing: Standing) -> None:
        """Somebody looks at their Home tab."""
        await self._draw(standing)

    async def on_again(self, _: Call, __: Standing) -> None:
        """**Look again**; every action draws the tab anew, so there is nothing more to do."""

    async def on_connections(self, call: Call, standing: Standing) -> None:
        """**Show and close…**: what `/conns` shows, in a modal."""
        found = await self._listings.show(standing, ListRequest(), now=call.at)
        message = listing.render(home.full_first(found), zone=self._zone, names=self._names)
        await self._show(call, "My connections", message)

    async def on_week(self, call: Call, standing: Standing) -> None:
        """**Week …**: what `/connbot summary` shows, without its charts, which no modal can have."""
        server, week = payloads.read_about_week(call.text)
        told = await self._summaries.show(standing, week, server, now=call.at)
        message = without_charts(summary.render(told, zone=self._zone, now=call.at))
        await self._show(call, f"Week {week}", message)

    async def _show(self, call: Call, title: str, message: Message) -> None:
        """Open a modal; too late for that, the person is told by direct message."""
        if not await self._windows.open(call.trigger, window.note(title, message, Behind())):
            await self._announcer.answer(call.place, call.actor, message)

    async def refresh(self, actor: Actor) -> None:
        """Draw a person's tab anew, by the rights they have now."""
        await self._draw(await self._allow_list.standing(actor))

    async def _draw(self, standing: Standing) -> None:
        person = standing.actor.id
        begun = self._begun[person] = self._begun.get(person, 0) + 1
        overview = await self._overviews.show(standing, now=self._clock())
        told_of = overview.staff.summaries_of[: home.SERVERS_TOLD] if overview.staff else ()
        weeks = await self._summaries.outlines(standing.actor.team, told_of) if told_of else {}
        view = home.render(overview, weeks, zone=self._zone, names=self._names)
        async with self._drawing.setdefault(person, asyncio.Lock()):
            # What was looked up earlier must not cover what was looked up later.
            if self._drawn.get(person, 0) > begun:
                return
            self._drawn[person] = begun
            try:
                await self._client.views_publish(user_id=person, view=view)
            except FAILED as exc:
                log.warning("a Home tab was not drawn", extra={"action": "home", "why": why(exc)})
