"""Who we are to Slack, and the client that asks it."""

import asyncio
import logging
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot.errors import SetupError
from bot.slack.api_errors import UNREACHABLE, is_passing, status, why

log = logging.getLogger(__name__)

API_TIMEOUT = 15
"""Seconds for one call of Slack's Web API."""
LONGEST_WAIT = 30.0
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Workspace:
    """What Slack says of our token."""

    team: str
    name: str
    bot_user: str
    bot_id: str


def web_client(
    api_url: str, session: aiohttp.ClientSession, token: str | None, *, patient: bool = True
) -> AsyncWebClient:
    """Make a client of the Web API over the shared session; it tries again and waits as Slack asks it to, if `patient`."""
    client = AsyncWebClient(
        token=token,
        base_url=api_url,
        session=session,
        timeout=API_TIMEOUT,
        retry_handlers=_retries() if patient else [],
    )
    if URL(api_url).host in LOOPBACK:
        # The SDK takes HTTP_PROXY for calls to this machine too.
        client.proxy = None
    return client


def _retries() -> list[AsyncRetryHandler]:
    return [
        AsyncConnectionErrorRetryHandler(),
        AsyncServerErrorRetryHandler(),
        AsyncRateLimitErrorRetryHandler(max_retry_count=3),
    ]


async def meet(client: AsyncWebClient) -> Workspace:
    """Ask Slack who we are; raises `SetupError` for a token it refuses, one of `UNREACHABLE` where it cannot tell now."""
    return workspace_of(await introduce(client))


async def introduce(client: AsyncWebClient) -> AsyncSlackResponse:
    """Ask Slack the same, and return all it answers, its headers too; raises the same."""
    try:
        return await client.auth_test()
    except SlackApiError as exc:
        if is_passing(exc):
            raise ConnectionError(why(exc)) from exc
        raise SetupError((_fault(client, exc),)) from exc


def workspace_of(who: AsyncSlackResponse) -> Workspace:
    """Take from `introduce`'s answer what names us."""
    return Workspace(who["team_id"], who.get("team") or "", who["user_id"], who.get("bot_id") or "")


def _fault(client: AsyncWebClient, exc: SlackApiError) -> str:
    if why(exc) == f"HTTP {status(exc)}":
        return f"{client.base_url} is not Slack's Web API ({why(exc)}): set SLACK_API_URL to its base, or leave it out."
    return f"Slack refuses SLACK_BOT_TOKEN ({why(exc)}): copy the bot token of the installed app again."


async def meet_patiently(client: AsyncWebClient) -> Workspace:
    """Ask again and again while Slack cannot be reached."""
    wait = 1.0
    while True:
        try:
            return await meet(client)
        except UNREACHABLE as exc:
            log.warning("Slack cannot be reached yet", extra={"action": "auth.test", "why": str(exc) or why(exc)})
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


async def meet_once(api_url: str, token: str) -> Workspace | None:
    """Ask once over a session of its own; None where Slack cannot be reached."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=API_TIMEOUT)) as session:
        try:
            return await meet(web_client(api_url, session, token))
        except UNREACHABLE:
            return None
