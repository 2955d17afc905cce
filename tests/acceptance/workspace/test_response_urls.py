"""`response_url`: thirty minutes, five uses, and what an answer may do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.workspace.limits import Fault
from bot.workspace.server import Workspace
from tests.workspaces import Clock, a_bolt_app, a_client, a_workspace

GENERAL = "C0GENERAL0"
BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
BLOCKS = [{"type": "actions", "block_id": "b", "elements": [BUTTON]}]


class Urls:
    """The newest response URL that the app was given."""

    def __init__(self, workspace: Workspace, session: aiohttp.ClientSession) -> None:
        self.workspace = workspace
        self.session = session
        self.last = ""

    def register(self, app: AsyncApp) -> None:
        @app.command("/ask")
        async def ask(ack: Any, command: dict[str, Any]) -> None:
            self.last = command["response_url"]
            await ack()

        @app.action("go")
        async def go(ack: Any, body: dict[str, Any]) -> None:
            self.last = body["response_url"]
            await ack()

    async def post(self, **said: Any) -> tuple[int, Any]:
        async with self.session.post(self.last, json=said) as response:
            return response.status, await response.json()

    def texts(self, user: str = "alice") -> list[str]:
        return [message.text for message in self.workspace.messages("general", user)]


@asynccontextmanager
async def asked(clock: Clock | None = None) -> AsyncIterator[Urls]:
    async with a_workspace(now=clock) as workspace, aiohttp.ClientSession() as session:
        urls = Urls(workspace, session)
        async with a_bolt_app(workspace, urls.register):
            await workspace.command("alice", "general", "/ask something")
            yield urls


async def test_a_url_takes_five_answers_and_then_no_more() -> None:
    async with asked() as urls:
        answers = [await urls.post(text=str(number)) for number in range(6)]
        assert answers[:5] == [(200, {"ok": True})] * 5
        assert answers[5] == (404, {"ok": False, "error": "used_url"})
        assert urls.texts() == ["0", "1", "2", "3", "4"]
        assert urls.texts("bob") == []
        assert urls.workspace.complaints == ["A response_url was refused: used_url."]


async def test_a_url_lives_for_thirty_minutes() -> None:
    clock = Clock()
    async with asked(clock) as urls:
        clock.move(timedelta(minutes=30))
        assert (await urls.post(text="just in time"))[0] == 200
        clock.move(timedelta(seconds=1))
        assert await urls.post(text="late") == (404, {"ok": False, "error": "expired_url"})
        urls.last += "x"
        assert (await urls.post(text="elsewhere"))[1]["error"] == "expired_url"


async def test_slacks_own_webhook_client_reads_the_answers() -> None:
    async with asked() as urls:
        client = AsyncWebhookClient(urls.last)
        assert (await client.send(text="x")).status_code == 200
        refused = await client.send(text="x", blocks=[{"type": "header"}])
        assert refused.status_code == 400
        assert "invalid_blocks" in refused.body
        assert urls.texts() == ["x"]


async def test_an_answer_with_nothing_in_it_is_refused_and_does_not_count() -> None:
    async with asked() as urls:
        for _ in range(6):
            assert (await urls.post(text=""))[1]["error"] == "no_text"
        assert (await urls.post(text="x", response_type="everyone"))[1]["error"] == "invalid_response_type"
        assert (await urls.post(text="x", thread_ts="1.000001"))[1]["error"] == "thread_not_found"
        assert (await urls.post(text="x"))[0] == 200


async def test_a_public_answer_shows_the_command_once() -> None:
    async with asked() as urls:
        await urls.post(text="one", response_type="in_channel")
        await urls.post(text="two", response_type="in_channel")
        assert urls.texts("bob") == ["/ask something", "one", "two"]
        assert urls.workspace.messages("general", "bob")[0].user == "U0ALICE000"


async def test_a_commands_url_has_no_original_to_replace_or_delete() -> None:
    async with asked() as urls:
        await urls.post(text="one")
        await urls.post(text="two", replace_original=True)
        assert urls.texts() == ["one", "two"]
        assert await urls.post(delete_original=True) == (404, {"ok": False, "error": "message_not_found"})


async def test_an_answer_may_stand_in_a_thread() -> None:
    async with asked() as urls:
        parent = urls.workspace.say("bob", "general", "parent")
        await urls.post(text="reply", response_type="in_channel", replace_original=False, thread_ts=parent.ts)
        (reply,) = [message for message in urls.workspace.messages("general", "bob") if message.text == "reply"]
        assert reply.thread_ts == parent.ts


async def test_a_buttons_url_replaces_its_message_and_never_changes_who_sees_it() -> None:
    async with asked() as urls:
        await urls.post(text="only you", blocks=BLOCKS)
        (message,) = urls.workspace.messages("general", "alice")
        await urls.workspace.click("alice", "general", message.ts, label="Go")
        await urls.post(text="still only you", replace_original=True, response_type="in_channel")
        (message,) = urls.workspace.messages("general", "alice")
        assert (message.text, message.ephemeral, message.blocks) == ("still only you", True, None)
        assert urls.texts("bob") == []
        await urls.post(delete_original=True)
        assert urls.texts() == []
        assert (await urls.post(text="x", replace_original=True))[1]["error"] == "message_not_found"


async def test_a_buttons_url_adds_a_message_when_told_so() -> None:
    async with asked() as urls:
        posted = await a_client(urls.workspace).chat_postMessage(channel=GENERAL, text="public", blocks=BLOCKS)
        await urls.workspace.click("bob", "general", str(posted["ts"]), action_id="go")
        await urls.post(text="for bob", replace_original=False)
        await urls.post(text="for bob too", response_type="ephemeral")
        await urls.post(text="for all", replace_original=False, response_type="in_channel")
        assert urls.texts("bob") == ["public", "for bob", "for bob too", "for all"]
        assert urls.texts("alice") == ["public", "for all"]
        await urls.post(text="instead")
        assert urls.texts("alice") == ["instead", "for all"]


async def test_an_answer_can_be_let_fail() -> None:
    async with asked() as urls:
        urls.workspace.inject("response_url", Fault(status=500))
        assert (await urls.post(text="x"))[0] == 500
        assert (await urls.post(text="x"))[0] == 200
        assert urls.texts() == ["x"]
