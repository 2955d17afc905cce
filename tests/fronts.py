"""The bot's front alone, between a workspace and a Bolt app whose listeners a test binds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from random import Random
from typing import Any

import aiohttp
from slack_bolt.app.async_app import AsyncApp

from bot.access.desk import Desk
from bot.app import OneWorkspace
from bot.clock import clock
from bot.slack import identity
from bot.slack.announcer import Announcer
from bot.slack.commands import CommandNames
from bot.slack.front import Front
from bot.slack.socket import SocketMode
from bot.slack.windows import Windows
from bot.slack.work import Work
from bot.storage.engine import OwnDatabase
from bot.workspace.server import Workspace
from tests.workspaces import APP_TOKEN, BOT_TOKEN, MANIFEST

SHORTCUTS = [
    {"name": "Report", "type": "message", "callback_id": "report", "description": "Report a message"},
    {"name": "Look", "type": "global", "callback_id": "look", "description": "Look around"},
]
WITH_SHORTCUTS: dict[str, Any] = {"features": MANIFEST["features"] | {"shortcuts": SHORTCUTS}}
"""What `a_seed` takes as `manifest` for an app with shortcuts."""


@asynccontextmanager
async def a_front(
    workspace: Workspace, url: str, bind: Callable[[AsyncApp, Front, Windows], None]
) -> AsyncIterator[Front]:
    """Serve what `bind` binds over Socket Mode; what is in flight is finished at the end."""
    async with OwnDatabase(url) as database, aiohttp.ClientSession() as session:
        us, team = workspace.app(), workspace.state.team
        client = identity.web_client(workspace.api_url, session, BOT_TOKEN)
        work, desk, names = Work(), Desk(database), CommandNames()
        windows = Windows(client)
        front = Front(work, desk, Announcer(client, session, clock, UTC, names), windows, names, clock)
        authorize = OneWorkspace(identity.Workspace(team.id, team.name, us.bot_user_id, us.bot_id), BOT_TOKEN)
        app = AsyncApp(client=client, authorize=authorize, signing_secret="", process_before_response=True)
        bind(app, front, windows)
        line = SocketMode(app, APP_TOKEN, random=Random(1))  # noqa: S311 - jitter
        await line.open()
        try:
            yield front
        finally:
            await line.close()
            await work.drain(1)
            await desk.close()
