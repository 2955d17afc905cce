"""Messages that carry, unseen, the id of their post: sent once, found by it, and changed."""

import logging
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.incidents.posts import Post
from bot.slack.api_errors import is_passing, why
from bot.slack.blocks.text import Message

log = logging.getLogger(__name__)

EVENT = "connbot_post"
PAGE = 200
PAGES = 10
"""Of a thread or a channel, in which a message is looked for that may have been sent."""


class SentPosts:
    """What is in Slack of what is to be posted once; raises one of `api_errors.FAILED`."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        # The SDK sends again what may have come through; of what is posted once only a refusal for the number of calls is sure.
        self._careful = AsyncWebClient(
            token=client.token,
            base_url=client.base_url,
            session=client.session,
            timeout=client.timeout,
            retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=3)],
        )
        self._careful.proxy = client.proxy

    async def send(self, post: Post, message: Message) -> str:
        """Post it, and return which message it is."""
        where = post.conversation
        answer = await self._careful.chat_postMessage(
            channel=where.channel,
            thread_ts=where.thread or None,
            metadata=_mark(post),
            unfurl_links=False,
            unfurl_media=False,
            **content(message),
        )
        return str(answer["ts"])

    async def change(self, post: Post, message: Message) -> None:
        """Have it say something else."""
        await self._client.chat_update(
            channel=post.conversation.channel, ts=post.ts or "", metadata=_mark(post), **content(message)
        )

    async def find(self, post: Post) -> str | None:
        """Look for the message that somebody sent who did not live to write that down."""
        where, cursor = post.conversation, None
        common: dict[str, Any] = {"channel": where.channel, "include_all_metadata": True, "limit": PAGE}
        try:
            for _ in range(PAGES):
                found = await (
                    self._client.conversations_replies(ts=where.thread, cursor=cursor, **common)
                    if where.thread
                    else self._client.conversations_history(cursor=cursor, **common)
                )
                for message in found["messages"]:
                    if message.get("metadata") == _mark(post):
                        return str(message["ts"])
                cursor = (found.get("response_metadata") or {}).get("next_cursor")
                if not cursor:
                    break
        except SlackApiError as exc:
            if is_passing(exc):
                raise
            # Without the right to look, twice is better than never.
            log.warning("cannot look what was posted", extra={"action": "look", "why": why(exc)})
        return None


def content(message: Message) -> dict[str, Any]:
    """What the Web API is given of a message."""
    return {"text": message.text, "blocks": list(message.blocks)}


def _mark(post: Post) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"post": post.id}}
