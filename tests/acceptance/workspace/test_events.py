"""Which app is told of what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.workspace.refusals import NotPossible
from bot.workspace.seed import Seed
from bot.workspace.server import Workspace
from tests.workspaces import APP_TOKEN, a_client, a_seed, a_workspace

GENERAL = "C0GENERAL0"


class Hearing:
    """An app that acknowledges everything, and the events it was told of."""

    def __init__(self, workspace: Workspace, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.workspace = workspace
        self._socket = socket

    async def next(self) -> dict[str, Any]:
        frame = await self._socket.receive_json(timeout=5)
        await self._socket.send_json({"envelope_id": frame["envelope_id"]})
        event: dict[str, Any] = frame["payload"]["event"]
        return event

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            await self._socket.receive_json(timeout=0.1)


@asynccontextmanager
async def hearing(seed: Seed | None = None) -> AsyncIterator[Hearing]:
    async with a_workspace(seed) as workspace, aiohttp.ClientSession() as session:
        url = (await a_client(workspace).apps_connections_open(app_token=APP_TOKEN))["url"]
        async with session.ws_connect(str(url)) as socket:
            await socket.receive_json()
            yield Hearing(workspace, socket)


def _manifest(events: list[str], scopes: list[str]) -> dict[str, Any]:
    return {
        "settings": {"event_subscriptions": {"bot_events": events}, "socket_mode_enabled": True},
        "oauth_config": {"scopes": {"bot": scopes}},
    }


async def test_a_message_is_told_as_it_came_changed_and_went() -> None:
    async with hearing() as app:
        client = a_client(app.workspace)
        posted = await client.chat_postMessage(channel=GENERAL, text="one")
        await client.chat_update(channel=GENERAL, ts=str(posted["ts"]), text="two")
        await client.chat_delete(channel=GENERAL, ts=str(posted["ts"]))
        came, changed, went = [await app.next() for _ in range(3)]
        assert (came["text"], came["bot_id"], came["ts"], came["event_ts"]) == (
            "one",
            app.workspace.app().bot_id,
            posted["ts"],
            posted["ts"],
        )
        assert "client_msg_id" not in came
        assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "two")
        assert changed["previous_message"]["text"] == "one"
        assert (went["subtype"], went["deleted_ts"], went["previous_message"]["text"]) == (
            "message_deleted",
            posted["ts"],
            "two",
        )
        assert {event["channel_type"] for event in (came, changed, went)} == {"channel"}


async def test_a_reply_names_its_thread_and_its_parents_author() -> None:
    async with hearing() as app:
        parent = app.workspace.say("alice", "general", "parent")
        app.workspace.say("bob", "general", "reply", thread_ts=parent.ts)
        await app.next()
        reply = await app.next()
        assert (reply["thread_ts"], reply["parent_user_id"]) == (parent.ts, parent.user)
        assert reply["client_msg_id"]


async def test_ephemeral_messages_reactions_and_shown_commands_are_no_events() -> None:
    async with hearing() as app:
        client = a_client(app.workspace)
        message = app.workspace.say("alice", "general", "x")
        await app.next()
        await client.chat_postEphemeral(channel=GENERAL, user="U0ALICE000", text="only you")
        await client.reactions_add(channel=GENERAL, timestamp=message.ts, name="eyes")
        await app.hears_nothing()


@pytest.mark.parametrize(
    ("events", "scopes"),
    [
        ([], ["channels:history", "app_mentions:read"]),
        (["message.channels", "app_mention"], []),
        (["message.groups", "message.im"], ["channels:history", "groups:history", "im:history"]),
    ],
)
async def test_an_app_hears_what_it_subscribed_to_and_may_read(events: list[str], scopes: list[str]) -> None:
    async with hearing(a_seed(manifest=_manifest(events, scopes))) as app:
        app.workspace.say("alice", "general", "@helper hello")
        await app.hears_nothing()


async def test_a_mention_is_told_besides_the_message_and_not_of_the_app_itself() -> None:
    events, scopes = ["app_mention"], ["app_mentions:read", "chat:write"]
    async with hearing(a_seed(manifest=_manifest(events, scopes))) as app:
        bot = app.workspace.app().bot_user_id
        await a_client(app.workspace).chat_postMessage(channel=GENERAL, text=f"I am <@{bot}>")
        app.workspace.say("alice", app.workspace.dm("alice"), "@helper in private")
        app.workspace.say("alice", "random", "@helper where you are not")
        app.workspace.say("alice", "general", "@helper hello")
        event = await app.next()
        assert (event["type"], event["text"], event["channel"]) == ("app_mention", f"<@{bot}> hello", GENERAL)
        await app.hears_nothing()


async def test_of_a_mention_that_is_changed_an_app_is_told_again() -> None:
    async with hearing(a_seed(manifest=_manifest(["app_mention"], ["app_mentions:read"]))) as app:
        said = app.workspace.say("alice", "general", "hello")
        edited = app.workspace.edit("alice", said, "@helper hello")
        event = await app.next()
        assert (event["type"], event["ts"], event["edited"]) == ("app_mention", said.ts, edited.edited)
        app.workspace.react("bob", said, "eyes")
        app.workspace.edit("alice", said, "never mind")
        await app.hears_nothing()


async def test_an_app_without_interactivity_gets_no_clicks() -> None:
    blocks = [
        {
            "type": "actions",
            "block_id": "b",
            "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
        }
    ]
    async with hearing(a_seed(manifest=_manifest([], ["chat:write"]))) as app:
        posted = await a_client(app.workspace).chat_postMessage(channel=GENERAL, text="x", blocks=blocks)
        with pytest.raises(NotPossible, match="no app that takes actions"):
            await app.workspace.click("alice", "general", str(posted["ts"]), label="Go")


async def test_that_an_account_was_closed_and_opened_again_is_told_to_whoever_may_know_of_people() -> None:
    manifest = _manifest(["user_change"], ["users:read", "connections:write"])
    async with hearing(a_seed(manifest=manifest)) as app:
        app.workspace.deactivate("alice")
        app.workspace.reactivate("alice")
        told = [await app.next() for _ in range(2)]
        assert [(event["type"], event["user"]["name"], event["user"]["deleted"]) for event in told] == [
            ("user_change", "alice", True),
            ("user_change", "alice", False),
        ]
        assert "email" not in told[0]["user"]["profile"]
    async with hearing(a_seed(manifest=_manifest(["user_change"], ["chat:write"]))) as app:
        app.workspace.deactivate("alice")
        await app.hears_nothing()
