"""How people are answered: through the `response_url` while it lives, else ephemerally, else by DM."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.member import Actor
from bot.connections.ending import Ended
from bot.incidents.proposal import Place, Proposal
from bot.servers.capacity import Capacity
from bot.slack.api_errors import FAILED, UNREACHABLE, is_passing, why
from bot.slack.blocks import settled
from bot.slack.blocks.elements import without_charts
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.sent_posts import content

log = logging.getLogger(__name__)

_JSON = {"Content-Type": "application/json"}
TRIES = 4
DMS_LOOKED_AT = 100
"""Messages; the bot writes few to anybody, and only those since the proposal count."""
LONGEST_WAIT = 30.0
"""Seconds; a longer `Retry-After` is not waited for, the next way is tried."""


class Announcer:
    """Sends messages, and never raises for a person who cannot be reached: that is logged."""

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        clock: Callable[[], datetime],
        zone: tzinfo,
        names: CommandNames,
    ) -> None:
        self._client = client
        self._session = session
        self._clock = clock
        self._zone = zone
        self._names = names

    async def answer(self, place: Place, actor: Actor, message: Message, *, replace: bool = False) -> None:
        """Show `message` to `actor` alone, at `place`; with `replace`, instead of the message that was clicked."""
        if await self._shown(place, actor, message, replace=replace):
            return
        # Not every workspace may have charts; what they show stands in the sentences beside them.
        plain = without_charts(message)
        if plain != message and await self._shown(place, actor, plain, replace=replace):
            return
        await self.tell(actor, plain)

    async def _shown(self, place: Place, actor: Actor, message: Message, *, replace: bool) -> bool:
        return await self._respond(place, message, replace=replace) or await self._post_ephemeral(place, actor, message)

    async def tell(self, actor: Actor, message: Message, about: Proposal | None = None) -> bool:
        """Send `message` to `actor` by DM; one that is `about` the end of a proposal not again where it is there already.

        False: it may go through later.
        """
        try:
            opened = await self._client.conversations_open(users=[actor.id])
            channel = opened["channel"]["id"]
            if about is None:
                await self._client.chat_postMessage(channel=channel, **content(message), unfurl_links=False)
            elif not await self._is_told(channel, about):
                await self._client.chat_postMessage(
                    channel=channel, **content(message), unfurl_links=False, metadata=_mark(about)
                )
        except FAILED as exc:
            log.warning("a person could not be told", extra={"action": "tell", "actor": actor.id, "why": why(exc)})
            return isinstance(exc, SlackApiError) and not is_passing(exc)
        return True

    async def tell_end(self, proposal: Proposal, capacity: Capacity | None = None, *, on_record: bool = True) -> bool:
        """Say what became of a resolved or withdrawn proposal, in place of the message that was clicked, else by DM.

        Told twice it is seen once: an ephemeral answer, which nobody can look for, is no way here.
        """
        ended = Ended(proposal, capacity, on_record)
        message = settled.render_end(ended, zone=self._zone, names=self._names)
        return await self._respond(proposal.place, message, replace=True) or await self.tell(
            proposal.requester_actor, message, proposal
        )

    async def tell_reconnected(self, proposal: Proposal, pids: tuple[int, ...]) -> None:
        """Say that the client of a connection that was ended came back within seconds."""
        await self.answer(proposal.place, proposal.requester_actor, settled.render_reconnected(proposal, pids))

    async def _is_told(self, channel: str, about: Proposal) -> bool:
        """Look for the message that a process sent which did not live to write that down."""
        since = f"{about.created_at.timestamp():.6f}"
        try:
            found = await self._client.conversations_history(
                channel=channel, oldest=since, limit=DMS_LOOKED_AT, include_all_metadata=True
            )
        except SlackApiError as exc:
            if is_passing(exc):
                raise
            # Without the right to look, twice is better than never.
            log.warning("cannot look what was told", extra={"action": "history", "why": why(exc)})
            return False
        return any(message.get("metadata") == _mark(about) for message in found["messages"])

    async def _respond(self, place: Place, message: Message, *, replace: bool) -> bool:
        if not place.response_url or (place.response_url_until and place.response_url_until <= self._clock()):
            return False
        how: dict[str, Any] = {"response_type": "ephemeral", "replace_original": replace, "text": message.text}
        if place.thread and not replace:
            how["thread_ts"] = place.thread
        # The blocks are JSON already, as they were counted; half a character, which UTF-8 has no bytes for, stays JSON's escape.
        content = f'{json.dumps(how)[:-1]}, "blocks": {message.drawn}}}'.encode("utf-8", "backslashreplace")
        reason = ""
        for attempt in range(TRIES):
            try:
                # Whatever stands between us and the Web API stands before these addresses too.
                async with self._session.post(
                    place.response_url, data=content, headers=_JSON, proxy=self._client.proxy
                ) as response:
                    if await _took(response):
                        return True
                    wait, reason = _wait(response, attempt), f"{response.status} {(await response.text())[:100]}"
            except UNREACHABLE as exc:
                wait, reason = _pause(attempt), why(exc)
            if wait is None or wait > LONGEST_WAIT or attempt == TRIES - 1:
                break
            await asyncio.sleep(wait)
        log.info("response_url did not take the answer", extra={"action": "respond", "why": reason})
        return False

    async def _post_ephemeral(self, place: Place, actor: Actor, message: Message) -> bool:
        if not place.channel:
            return False
        try:
            await self._client.chat_postEphemeral(
                channel=place.channel, user=actor.id, thread_ts=place.thread, **content(message)
            )
        except FAILED as exc:
            log.info("no ephemeral answer", extra={"action": "postEphemeral", "actor": actor.id, "why": why(exc)})
            return False
        return True


def _mark(about: Proposal) -> dict[str, Any]:
    """What a message about the end of a proposal carries, unseen, to be found by."""
    return {"event_type": "connbot_end", "event_payload": {"proposal": about.id}}


async def _took(response: aiohttp.ClientResponse) -> bool:
    """Whether the answer was shown; Slack refuses some with the status 200."""
    return response.status == 200 and b'"ok":false' not in (await response.read()).replace(b" ", b"")


def _wait(response: aiohttp.ClientResponse, attempt: int) -> float | None:
    """How long to wait before the next try, in seconds; None: this URL will not take it."""
    if response.status == 429:
        stated = response.headers.get("Retry-After", "")
        return float(stated) if stated.isdecimal() else 1.0
    return _pause(attempt) if response.status >= 500 else None


def _pause(attempt: int) -> float:
    return 0.2 * 2.0**attempt
