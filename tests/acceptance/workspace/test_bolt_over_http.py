"""The same app lives in the workspace over HTTP: signed requests, three seconds, retries."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.app.async_app import AsyncApp

from bot.workspace.server import Workspace
from tests.workspaces import SECRET, a_client, a_seed, a_workspace, true_time


@asynccontextmanager
async def listening(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def a_bolt_server(workspace: Workspace, register: Callable[[AsyncApp], None]) -> AsyncIterator[str]:
    app = AsyncApp(client=a_client(workspace), signing_secret=SECRET)
    register(app)
    async with listening(app.web_app(path="/slack/events")) as url:
        workspace.set_request_url(url)
        yield url


@asynccontextmanager
async def a_plain_server(answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/slack/events", answer)
    async with listening(application) as url:
        yield url


async def test_commands_clicks_and_events_arrive_signed() -> None:
    seen: list[Any] = []

    def register(app: AsyncApp) -> None:
        @app.command("/ask")
        async def ask(ack: Any, command: dict[str, Any]) -> None:
            seen.append(command["text"])
            await ack(
                text="Which?",
                blocks=[
                    {
                        "type": "actions",
                        "elements": [
                            {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
                        ],
                    }
                ],
            )

        @app.action("go")
        async def go(ack: Any, respond: Any, body: dict[str, Any]) -> None:
            await ack()
            seen.append(body["actions"][0]["action_id"])
            await respond(text="Gone.", replace_original=True)

        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            seen.append(event["text"])

    async with a_workspace(now=true_time) as workspace, a_bolt_server(workspace, register):
        assert await workspace.verify_request_url()
        assert (await workspace.command("alice", "general", "/ask a&b")).acknowledged
        (question,) = workspace.messages("general", "alice")
        assert (question.text, question.ephemeral) == ("Which?", True)
        assert (await workspace.click("alice", "general", question.ts, label="Go")).error is None
        await workspace.wait_for(lambda: workspace.messages("general", "alice")[0].text == "Gone.")
        workspace.say("bob", "general", "hello")
        await workspace.wait_for(lambda: "hello" in seen)
        assert seen == ["a&amp;b", "go", "hello"]


async def test_an_app_with_another_secret_refuses_what_comes() -> None:
    seed = a_seed()
    async with a_workspace(now=true_time) as workspace:
        app = AsyncApp(client=a_client(workspace), signing_secret="another" + seed.apps[0].signing_secret)
        async with listening(app.web_app(path="/slack/events")) as url:
            workspace.set_request_url(url)
            delivered = await workspace.command("alice", "general", "/ask")
            assert (delivered.acknowledged, delivered.error) == (False, "dispatch_failed")
            assert not await workspace.verify_request_url()


async def test_a_slow_or_absent_app_is_told_to_the_person() -> None:
    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with a_workspace(within=0.1) as workspace, a_plain_server(slow) as url:
        workspace.set_request_url(url)
        delivered = await workspace.command("alice", "general", "/ask")
        assert (delivered.acknowledged, delivered.error) == (False, "operation_timeout")
        workspace.set_request_url("http://127.0.0.1:9/slack/events")
        assert (await workspace.command("alice", "general", "/ask")).error == "dispatch_failed"


async def test_a_command_may_be_answered_in_plain_text_whatever_it_is_called() -> None:
    async def plain(_request: web.Request) -> web.Response:
        return web.Response(text="{not json", content_type="application/json")

    async with a_workspace() as workspace, a_plain_server(plain) as url:
        workspace.set_request_url(url)
        assert (await workspace.command("alice", "general", "/ask")).error is None
        assert [message.text for message in workspace.messages("general", "alice")] == ["{not json"]


async def test_an_event_is_sent_again_three_times_with_the_same_id() -> None:
    seen: list[tuple[str, str | None, str | None]] = []

    async def failing(request: web.Request) -> web.Response:
        body = await request.json()
        headers = request.headers
        seen.append((body["event_id"], headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason")))
        return web.Response(status=500)

    async with a_workspace() as workspace, a_plain_server(failing) as url:
        workspace.set_request_url(url)
        workspace.say("alice", "general", "hello")
        await workspace.wait_for(lambda: len(seen) == 4)
        assert len({event_id for event_id, _, _ in seen}) == 1
        assert [again for _, *again in seen] == [[None, None], *([str(n), "http_error"] for n in (1, 2, 3))]


async def test_an_app_can_ask_for_no_retry() -> None:
    seen: list[str] = []

    async def refusing(request: web.Request) -> web.Response:
        seen.append((await request.json())["event"]["text"])
        last = seen[-1] == "last"
        return web.Response(status=200 if last else 400, headers={"X-Slack-No-Retry": "1"})

    async with a_workspace() as workspace, a_plain_server(refusing) as url:
        workspace.set_request_url(url)
        workspace.say("alice", "general", "first")
        await workspace.wait_for(lambda: seen == ["first"])
        workspace.say("alice", "general", "last")
        await workspace.wait_for(lambda: "last" in seen)
        assert seen == ["first", "last"]
