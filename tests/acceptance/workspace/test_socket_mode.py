"""Socket Mode's bad days: late answers, dead tickets, refreshes, several connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp

from bot.workspace.limits import Fault
from bot.workspace.server import Workspace
from bot.workspace.socket_mode import CONNECTIONS_AT_MOST
from tests.workspaces import APP_TOKEN, Clock, a_bolt_app, a_client, a_workspace


def registering(seen: list[Any]) -> Any:
    def register(app: AsyncApp) -> None:
        @app.command("/ask")
        async def ask(ack: Any, command: dict[str, Any]) -> None:
            await ack()
            seen.append(command["text"])

        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            seen.append(event["text"])

    return register


async def ticket(workspace: Workspace) -> str:
    return str((await a_client(workspace).apps_connections_open(app_token=APP_TOKEN))["url"])


@asynccontextmanager
async def connected(workspace: Workspace) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A bare connection, past its hello."""
    async with aiohttp.ClientSession() as session, session.ws_connect(await ticket(workspace)) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        yield socket


async def test_hello_says_how_many_connections_there_are() -> None:
    async with a_workspace() as workspace, aiohttp.ClientSession() as session, connected(workspace):
        async with session.ws_connect(await ticket(workspace)) as socket:
            hello = await socket.receive_json()
        assert hello["num_connections"] == 2
        assert hello["connection_info"] == {"app_id": workspace.app().id}
        assert hello["debug_info"]["approximate_connection_time"] == 18060


async def test_a_ticket_works_once_and_not_for_long() -> None:
    clock = Clock()
    async with a_workspace(now=clock) as workspace, aiohttp.ClientSession() as session:
        used, old = await ticket(workspace), await ticket(workspace)
        async with session.ws_connect(used):
            pass
        clock.move(timedelta(minutes=1))
        for url in (used, old, workspace.socket_mode.link):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url)
            assert refused.value.status == 408


async def test_an_envelope_has_the_documented_frame() -> None:
    async with a_workspace() as workspace, connected(workspace) as socket:
        asked = asyncio.create_task(workspace.command("alice", "general", "/ask x"))
        frame = await socket.receive_json()
        assert set(frame) == {"envelope_id", "payload", "type", "accepts_response_payload"}
        assert (frame["type"], frame["accepts_response_payload"]) == ("slash_commands", True)
        await socket.send_json({"envelope_id": frame["envelope_id"], "payload": {"text": "done"}})
        assert (await asked).acknowledged
        assert workspace.messages("general", "alice")[0].text == "done"
        workspace.say("alice", "general", "hello")
        frame = await socket.receive_json()
        assert (frame["type"], frame["retry_attempt"], frame["retry_reason"]) == ("events_api", 0, "")
        assert frame["payload"]["type"] == "event_callback"
        assert frame["payload"]["authorizations"][0]["user_id"] == workspace.app().bot_user_id
        await socket.send_json({"envelope_id": frame["envelope_id"]})


async def test_what_is_not_acknowledged_in_time_is_an_error_for_the_person() -> None:
    async with a_workspace(within=0.1) as workspace, connected(workspace) as socket:
        delivered = await workspace.command("alice", "general", "/ask")
        assert (delivered.acknowledged, delivered.error) == (False, "operation_timeout")
        assert delivered.after >= 0.1
        frame = await socket.receive_json()
        await socket.send_json({"envelope_id": frame["envelope_id"], "payload": {"text": "too late"}})
        await workspace.wait_for(lambda: workspace.complaints)
        assert workspace.messages("general", "alice") == []


async def test_faults_against_the_protocol_are_kept() -> None:
    async with a_workspace() as workspace, connected(workspace) as socket:
        await socket.send_str("hello")
        workspace.say("alice", "general", "hello")
        envelope = (await socket.receive_json())["envelope_id"]
        await socket.send_json({"envelope_id": envelope, "payload": {"text": "not wanted"}})
        await socket.send_json({"envelope_id": envelope})
        await workspace.wait_for(lambda: len(workspace.complaints) == 3)
        assert "no acknowledgement" in workspace.complaints[0]
        assert "no" not in workspace.messages("general", "alice")[-1].text


async def test_an_unacknowledged_event_comes_again_with_its_id_attempt_and_reason() -> None:
    async with a_workspace(within=0.05) as workspace, connected(workspace) as socket:
        workspace.say("alice", "general", "hello")
        frames = [await socket.receive_json() for _ in range(3)]
        await socket.send_json({"envelope_id": frames[-1]["envelope_id"]})
        assert [(each["retry_attempt"], each["retry_reason"]) for each in frames] == [
            (0, ""),
            (1, "timeout"),
            (2, "timeout"),
        ]
        assert len({each["payload"]["event_id"] for each in frames}) == 1
        assert len({each["envelope_id"] for each in frames}) == 3
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.2)
        assert workspace.complaints == ["A message event was not acknowledged: timeout."] * 2


async def test_without_a_connection_the_person_is_told_at_once() -> None:
    async with a_workspace() as workspace:
        delivered = await workspace.command("alice", "general", "/ask")
        assert (delivered.acknowledged, delivered.error) == (False, "dispatch_failed")
        assert delivered.after < 1


async def test_two_connections_share_the_payloads() -> None:
    seen: list[Any] = []
    async with (
        a_workspace() as workspace,
        a_bolt_app(workspace, registering(seen)),
        a_bolt_app(workspace, registering(seen)),
    ):
        await workspace.wait_for(lambda: len(workspace.socket_mode.connections(workspace.app().id)) == 2)
        for number in range(6):
            assert (await workspace.command("alice", "general", f"/ask {number}")).acknowledged
        assert seen == [str(number) for number in range(6)]
        assert [each.envelopes for each in workspace.socket_mode.connections(workspace.app().id)] == [3, 3]


async def test_the_eleventh_connection_is_sent_away() -> None:
    async with a_workspace() as workspace, aiohttp.ClientSession() as session:
        held = [await session.ws_connect(await ticket(workspace)) for _ in range(CONNECTIONS_AT_MOST)]
        await workspace.wait_for(lambda: len(workspace.socket_mode.connections(workspace.app().id)) == len(held))
        one_more = await session.ws_connect(await ticket(workspace))
        frame = json.loads((await one_more.receive()).data)
        assert (frame["type"], frame["reason"]) == ("disconnect", "too_many_websockets")
        assert (await one_more.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_bolt_comes_back_after_a_refresh_and_loses_nothing() -> None:
    seen: list[Any] = []
    async with a_workspace() as workspace, a_bolt_app(workspace, registering(seen)):
        app = workspace.app().id
        (before,) = workspace.socket_mode.connections(app)
        await workspace.socket_mode.disconnect(app, "refresh_requested")
        await workspace.wait_for(lambda: [c for c in workspace.socket_mode.connections(app) if c is not before])
        assert (await workspace.command("alice", "general", "/ask again")).acknowledged
        assert seen == ["again"]


async def test_after_a_warning_new_payloads_take_the_new_connection() -> None:
    async with a_workspace() as workspace, connected(workspace) as old:
        await workspace.socket_mode.disconnect(workspace.app().id, "warning")
        assert (await old.receive_json())["reason"] == "warning"
        async with connected(workspace) as new:
            for _ in range(3):
                asked = asyncio.create_task(workspace.command("alice", "general", "/ask"))
                await new.send_json({"envelope_id": (await new.receive_json())["envelope_id"]})
                assert (await asked).acknowledged
            assert not old.closed


async def test_bolt_survives_a_ticket_that_is_dead_for_good() -> None:
    seen: list[Any] = []
    async with a_workspace() as workspace, a_bolt_app(workspace, registering(seen)):
        app = workspace.app().id
        workspace.socket_mode.issue_dead_tickets(1)
        await workspace.socket_mode.drop(app)
        await workspace.wait_for(lambda: workspace.socket_mode.connections(app))
        opened = [call for call in workspace.calls if call.method == "apps.connections.open"]
        assert len(opened) >= 3
        assert (await workspace.command("alice", "general", "/ask")).acknowledged


async def test_a_handshake_can_be_let_fail() -> None:
    async with a_workspace() as workspace, aiohttp.ClientSession() as session:
        workspace.inject("link", Fault(status=503))
        url = await ticket(workspace)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(url)
        assert refused.value.status == 503
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
