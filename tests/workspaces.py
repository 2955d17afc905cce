"""A small workspace for tests, its clock, and apps that live in it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from slack_bolt.adapter.socket_mode.websockets import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.limits import UNLIMITED, Limits
from bot.workspace.seed import InstalledApp, Person, Room, Seed
from bot.workspace.server import Workspace

BOT_TOKEN = "xoxb-1-test"
APP_TOKEN = "xapp-1-test"
OUR_MANIFEST = Path(__file__).parents[1] / "manifest.yml"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "helper"},
    "features": {
        "bot_user": {"display_name": "helper", "always_online": True},
        "slash_commands": [
            {"command": "/ask", "description": "Ask", "usage_hint": "what", "should_escape": True},
            {"command": "/raw", "description": "Ask unescaped", "should_escape": False},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "app_mentions:read",
                "channels:history",
                "channels:join",
                "channels:read",
                "chat:write",
                "commands",
                "files:read",
                "files:write",
                "groups:history",
                "groups:read",
                "im:history",
                "im:read",
                "im:write",
                "reactions:write",
                "team:read",
                "users:read",
                "users:read.email",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["message.channels", "message.groups", "message.im", "app_mention"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


def a_seed(**app: Any) -> Seed:
    """Alice, Bob and Carol; #general and #staff, #random without the app, #secret without it and private."""
    return Seed(
        people=(
            Person("alice", "Alice Liddell", "alice@example.edu", "student"),
            Person("bob", "Bob Tanner", "bob@example.edu", "TA"),
            Person("carol", "Carol Ng", "carol@example.edu", "instructor"),
        ),
        rooms=(
            Room("general", apps=("helper",), topic="Everything"),
            Room("staff", members=("bob", "carol"), apps=("helper",), private=True),
            Room("random"),
            Room("secret", members=("carol",), private=True),
        ),
        apps=(
            InstalledApp.from_manifest(
                MANIFEST | app.pop("manifest", {}),
                bot_token=BOT_TOKEN,
                app_token=APP_TOKEN,
                signing_secret=SECRET,
                **app,
            ),
        ),
    )


def with_our_manifest() -> Seed:
    """The workspace of the tests with our own app in it."""
    seed = a_seed()
    app = InstalledApp.from_manifest(
        yaml.safe_load(OUR_MANIFEST.read_text("utf-8")), bot_token=BOT_TOKEN, app_token=APP_TOKEN
    )
    rooms = tuple(replace(room, apps=(app.name,)) if room.apps else room for room in seed.rooms)
    return replace(seed, apps=(app,), rooms=rooms)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


def true_time() -> datetime:
    """The time of day, for what Slack's own packages compare with it."""
    return datetime.now(UTC)  # noqa: TID251 - Bolt checks signatures against the time of day


@asynccontextmanager
async def a_workspace(
    seed: Seed | None = None,
    *,
    now: Callable[[], datetime] | None = None,
    limits: Limits = UNLIMITED,
    within: float = 3.0,
) -> AsyncIterator[Workspace]:
    """A started workspace; its time stands, it has no rate limits and sends events again soon, unless told otherwise."""
    workspace = Workspace(
        seed or a_seed(),
        now=now or Clock(),
        limits=limits,
        acknowledge_within=within,
        retry_events_after=(0.0, 0.01, 0.02),
    )
    await workspace.start()
    try:
        yield workspace
    finally:
        await workspace.close()


def a_client(workspace: Workspace, token: str = BOT_TOKEN) -> AsyncWebClient:
    """Slack's own client, turned to the workspace."""
    return AsyncWebClient(token, base_url=workspace.api_url)


@asynccontextmanager
async def a_bolt_app(
    workspace: Workspace, register: Callable[[AsyncApp], None], *, connect: bool = True
) -> AsyncIterator[AsyncSocketModeHandler]:
    """A real Bolt app, connected over Socket Mode by the `websockets` client."""
    app = AsyncApp(client=a_client(workspace), signing_secret=SECRET)
    register(app)
    handler = AsyncSocketModeHandler(app, APP_TOKEN, ping_interval=0.2)
    try:
        if connect:
            await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's
            await workspace.wait_for(lambda: workspace.socket_mode.connections(workspace.app().id))
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's
