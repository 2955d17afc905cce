"""What is posted once, whichever process posts it: claimed, looked for if somebody else had it in hand, sent, kept up to date."""

import hashlib
import logging
from enum import Enum, auto
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.incidents.incident import Conversation
from bot.incidents.posts import Post, PostKind, Posts
from bot.slack.api_errors import FAILED, is_passing, why
from bot.slack.blocks.text import Message

log = logging.getLogger(__name__)

LOOKED_AT = 100
"""Messages, the newest, among which a post is looked for that may have been sent."""


class Said(Enum):
    """What became of something to be said."""

    NOW = auto()
    """It is there."""
    LATER = auto()
    """It is not, and may be tried again."""
    NEVER = auto()
    """Slack takes it neither now nor later."""


class Postings:
    """Posts messages; never raises for a place that cannot be reached: that is logged."""

    def __init__(self, client: AsyncWebClient, posts: Posts) -> None:
        self._client = client
        self._posts = posts

    async def post(
        self, team: str, kind: PostKind, about: str, channel: str, message: Message, *, occasion: str = ""
    ) -> Said:
        """Post once what is about this."""
        post = await self._posts.claim(team, kind, about, Conversation(channel, ""), occasion=occasion)
        if post is None:
            return Said.NOW if await self._sent(team, kind, about, occasion) else Said.LATER
        try:
            ts = await self._look_for(post) if post.taken_over else None
            ts = ts or await self._send(post, message)
        except FAILED as exc:
            log.warning("a message was not posted", extra={"action": "post", "channel": channel, "why": why(exc)})
            return _when(exc)
        await self._posts.sent(post, ts)
        await self._posts.shows(post, _digest(message))
        return Said.NOW

    async def show(self, team: str, kind: PostKind, about: str, message: Message, *, occasion: str = "") -> bool:
        """Have what was posted say this instead; false: it is not there, or does not say it yet."""
        post = await self._sent(team, kind, about, occasion)
        if post is None or post.ts is None:
            return False
        if not await self._posts.shows(post, _digest(message)):
            return True
        try:
            await self._client.chat_update(
                channel=post.conversation.channel, ts=post.ts, text=message.text, blocks=list(message.blocks)
            )
        except FAILED as exc:
            log.warning("a message was not changed", extra={"action": "update", "why": why(exc)})
            if _when(exc) is Said.NEVER:
                # Somebody deleted it, or took us out of the channel.
                return True
            await self._posts.shows(post, "")
            return False
        return True

    async def dm(self, slack_id: str) -> str | Said:
        """Return the direct conversation with a person; else when there may be one."""
        try:
            opened = await self._client.conversations_open(users=[slack_id])
        except FAILED as exc:
            log.warning("a person cannot be told", extra={"action": "dm", "actor": slack_id, "why": why(exc)})
            return _when(exc)
        return str(opened["channel"]["id"])

    async def send_once(self, slack_id: str, message: Message) -> bool:
        """Send a direct message whose loss its person would notice; false: it did not go."""
        channel = await self.dm(slack_id)
        if isinstance(channel, Said):
            return False
        try:
            await self._client.chat_postMessage(
                channel=channel, text=message.text, blocks=list(message.blocks), unfurl_links=False
            )
        except FAILED as exc:
            log.warning("a person cannot be told", extra={"action": "dm", "actor": slack_id, "why": why(exc)})
            return False
        return True

    async def _sent(self, team: str, kind: PostKind, about: str, occasion: str) -> Post | None:
        found = await self._posts.about(team, about, kind)
        return next((post for post in found if post.occasion == occasion), None)

    async def _send(self, post: Post, message: Message) -> str:
        sent = await self._client.chat_postMessage(
            channel=post.conversation.channel,
            text=message.text,
            blocks=list(message.blocks),
            metadata=_mark(post),
            unfurl_links=False,
        )
        return str(sent["ts"])

    async def _look_for(self, post: Post) -> str | None:
        """Find what a process sent which did not live to write that down."""
        try:
            found = await self._client.conversations_history(
                channel=post.conversation.channel, limit=LOOKED_AT, include_all_metadata=True
            )
        except SlackApiError as exc:
            if is_passing(exc):
                raise
            # Without the right to look, twice is better than never.
            log.warning("cannot look what was posted", extra={"action": "history", "why": why(exc)})
            return None
        return next((str(each["ts"]) for each in found["messages"] if each.get("metadata") == _mark(post)), None)


def _when(exc: Exception) -> Said:
    return Said.NEVER if isinstance(exc, SlackApiError) and not is_passing(exc) else Said.LATER


def _mark(post: Post) -> dict[str, Any]:
    """What a post carries, unseen, to be found by."""
    return {"event_type": "connbot_post", "event_payload": {"post": post.id}}


def _digest(message: Message) -> str:
    return hashlib.sha256(f"{message.text}{message.drawn}".encode("utf-8", "backslashreplace")).hexdigest()
