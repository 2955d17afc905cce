"""One look at Slack for whoever sets the bot up: what it says of the tokens, the scopes and the channels."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import ahead
from bot.errors import SetupError
from bot.slack.api_errors import FAILED, UNREACHABLE, is_passing, why
from bot.slack.examined import AppTokenSeen, ChannelSeen, SlackSeen
from bot.slack.identity import Workspace, introduce, web_client, workspace_of

CALL_WITHIN = 6.0
"""Seconds for one call; it is not repeated, so that whoever waits is told soon."""


async def examine(
    api_url: str,
    *,
    bot_token: str | None,
    app_token: str | None,
    channels: Sequence[str],
    clock: Callable[[], datetime],
) -> SlackSeen:
    """Ask what can be asked with the tokens there are; raises nothing that is expected."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_WITHIN)) as session:
        bot, app = (
            web_client(api_url, session, token, patient=False) if token else None for token in (bot_token, app_token)
        )
        seen, app_seen = await asyncio.gather(_as_bot(bot, channels, clock), _as_app(app))
    return replace(seen, app_token=app_seen)


async def _as_bot(client: AsyncWebClient | None, channels: Sequence[str], clock: Callable[[], datetime]) -> SlackSeen:
    if client is None:
        return SlackSeen()
    asked = clock()
    try:
        who = await introduce(client)
    except SetupError as exc:
        return SlackSeen(bot_fault=str(exc))
    except UNREACHABLE as exc:
        return SlackSeen(unreachable=str(exc) or why(exc))
    answered = clock()
    workspace, granted = workspace_of(who), who.headers.get("x-oauth-scopes")
    app_id, seen = await asyncio.gather(
        _app_of(client, workspace), asyncio.gather(*(_channel(client, each) for each in channels))
    )
    return SlackSeen(
        team=workspace.team,
        team_name=workspace.name,
        scopes=None if granted is None else frozenset(filter(None, (scope.strip() for scope in granted.split(",")))),
        app_id=app_id,
        channels=tuple(seen),
        off=_off(who.headers.get("Date"), asked, answered),
    )


async def _as_app(client: AsyncWebClient | None) -> AppTokenSeen | None:
    if client is None:
        return None
    try:
        # It makes a ticket that nobody uses; there is no other question that only a good token answers.
        await client.apps_connections_open(app_token=client.token or "")
    except SlackApiError as exc:
        return AppTokenSeen(untested=why(exc)) if is_passing(exc) else AppTokenSeen(problem=why(exc))
    except UNREACHABLE as exc:
        return AppTokenSeen(untested=why(exc))
    return AppTokenSeen()


async def _app_of(client: AsyncWebClient, workspace: Workspace) -> str:
    try:
        bot: Mapping[str, object] = (await client.bots_info(bot=workspace.bot_id)).get("bot") or {}
        return str(bot.get("app_id") or "")
    except FAILED:
        # Then there is nothing to compare; what keeps Slack from answering is told elsewhere.
        return ""


async def _channel(client: AsyncWebClient, channel: str) -> ChannelSeen:
    try:
        said: Mapping[str, object] = (await client.conversations_info(channel=channel)).get("channel") or {}
    except FAILED as exc:
        return ChannelSeen(channel, problem=why(exc))
    return ChannelSeen(
        channel, str(said.get("name") or ""), said.get("is_member") is True, said.get("is_archived") is True
    )


def _off(date: str | None, asked: datetime, answered: datetime) -> timedelta | None:
    """How far the clock of a `Date` header, which leaves out what is under a second, is ahead of ours."""
    try:
        told = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return ahead(told.astimezone(UTC), asked, answered, step=timedelta(seconds=1))
