"""How people are answered: through the `response_url` while it lives, else ephemerally, else by DM."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.member import Actor
from bot.incidents.proposal import Place, Proposal
from bot.slack.api_errors import FAILED, UNREACHABLE, why
from bot.slack.blocks import settled
from bot.slack.blocks.text import Message

log = logging.getLogger(__name__)

_JSON = {"Content-Type": "application/json"}
TRIES = 4
LONGEST_WAIT = 30.0
"""Seconds; a longer `Retry-After` is not waited for, the next way is tried."""


class Announcer:
    """Sends messages, and never raises for a person who cannot be reached: that is logged."""

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, clock: Callable[[], datetime], zone: tzinfo
    ) -> None:
        self._client = client
        self._session = session
        self._clock = clock
        self._zone = zone

    async def answer(self, place: Place, actor: Actor, message: Message, *, replace: bool = False) -> None:
        """Show `message` to `actor` alone, at `place`; with `replace`, instead of the message that was clicked."""
        if await self._respond(place, message, replace=replace):
            return
        if await self._post_ephemeral(place, actor, message):
            return
        await self.tell(actor, message)

    async def tell(self, actor: Actor, message: Message) -> None:
        """Send `message` to `actor` by DM."""
        try:
            opened = await self._client.conversations_open(users=[actor.id])
            await self._client.chat_postMessage(
                channel=opened["channel"]["id"], **_content(message), unfurl_links=False
            )
        except FAILED as exc:
            log.warning("a person could not be told", extra={"action": "tell", "actor": actor.id, "why": why(exc)})

    async def tell_settled(self, proposal: Proposal) -> None:
        """Say how an interrupted proposal was settled."""
        message = settled.render(proposal, zone=self._zone)
        await self.answer(proposal.place, proposal.requester_actor, message, replace=True)

    async def tell_reconnected(self, proposal: Proposal, pids: tuple[int, ...]) -> None:
        """Say that the client of a connection that was ended came back within seconds."""
        await self.answer(proposal.place, proposal.requester_actor, settled.render_reconnected(proposal, pids))

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
                channel=place.channel, user=actor.id, thread_ts=place.thread, **_content(message)
            )
        except FAILED as exc:
            log.info("no ephemeral answer", extra={"action": "postEphemeral", "actor": actor.id, "why": why(exc)})
            return False
        return True


def _content(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


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
