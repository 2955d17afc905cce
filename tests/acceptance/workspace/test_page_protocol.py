"""What the page in the browser is told, what it may do, and whom the workspace does not answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp

from bot.workspace.server import Workspace
from tests.workspaces import a_bolt_app, a_client, a_workspace

GENERAL, STAFF = "C0GENERAL0", "C0STAFF000"
ALICE, BOB = "U0ALICE000", "U0BOB00000"
BLOCKS: list[dict[str, Any]] = [
    {
        "type": "actions",
        "block_id": "b",
        "elements": [
            {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "mine"},
            {
                "type": "checkboxes",
                "action_id": "which",
                "options": [{"text": {"type": "plain_text", "text": "One"}, "value": "1"}],
            },
        ],
    }
]


class Page:
    """One person's page: requests as the page makes them, and the frames pushed to it."""

    def __init__(self, workspace: Workspace, session: aiohttp.ClientSession, me: str) -> None:
        self._url = workspace.url
        self._session = session
        self.me = me

    async def state(self) -> dict[str, Any]:
        async with self._session.get(f"{self._url}page/state", params={"as": self.me}) as response:
            body: dict[str, Any] = await response.json()
            return body

    async def do(self, what: str, **said: Any) -> dict[str, Any]:
        async with self._session.post(f"{self._url}page/{what}", json={"as": self.me} | said) as response:
            body: dict[str, Any] = await response.json()
            return body

    @asynccontextmanager
    async def events(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = f"{self._url}page/events"
        async with self._session.ws_connect(url, params={"as": self.me}) as socket:
            yield socket


@asynccontextmanager
async def a_page(me: str = ALICE) -> AsyncIterator[tuple[Workspace, Page]]:
    async with a_workspace() as workspace, aiohttp.ClientSession() as session:
        yield workspace, Page(workspace, session, me)


async def test_state_is_what_one_person_sees() -> None:
    async with a_page() as (workspace, page):
        client = a_client(workspace)
        parent = await client.chat_postMessage(channel=GENERAL, text="all", blocks=BLOCKS)
        await client.chat_postEphemeral(channel=GENERAL, user=ALICE, text="alice only")
        await client.chat_postEphemeral(channel=GENERAL, user=BOB, text="bob only")
        await client.reactions_add(channel=GENERAL, timestamp=str(parent["ts"]), name="eyes")
        workspace.say("bob", "general", "reply", thread_ts=str(parent["ts"]))
        state = await page.state()
        app = workspace.app()
        assert state["team"] == {"id": "T0COURSE00", "name": "Course", "domain": "course"}
        assert state["me"] == ALICE
        assert [each["name"] for each in state["personas"]] == ["alice", "bob", "carol"]
        assert state["personas"][0] == {
            "id": ALICE,
            "name": "alice",
            "real_name": "Alice Liddell",
            "title": "student",
        }
        assert {"id": app.bot_user_id, "name": "helper", "real_name": "helper", "is_bot": True} in state["users"]
        (shown_app,) = state["apps"]
        assert (shown_app["bot_user_id"], shown_app["online"]) == (app.bot_user_id, False)
        assert shown_app["commands"][0] == {"command": "/ask", "description": "Ask", "usage_hint": "what"}
        channels = {each["id"]: each for each in state["channels"]}
        assert set(channels) == {GENERAL, "C0RANDOM00", workspace.dm("alice")}
        assert channels[GENERAL] == {
            "id": GENERAL,
            "name": "general",
            "kind": "channel",
            "topic": "Everything",
            "user": None,
        }
        direct = channels[workspace.dm("alice")]
        assert (direct["kind"], direct["user"], direct["name"]) == ("im", app.bot_user_id, "helper")
        messages = state["messages"][GENERAL]
        assert [(each["text"], each["ephemeral"]) for each in messages] == [
            ("all", False),
            ("alice only", True),
            ("reply", False),
        ]
        assert messages[0] == {
            "ts": parent["ts"],
            "channel": GENERAL,
            "thread_ts": None,
            "user": app.bot_user_id,
            "bot_id": app.bot_id,
            "app_id": app.id,
            "text": "all",
            "blocks": BLOCKS,
            "ephemeral": False,
            "edited": False,
            "subtype": None,
            "files": [],
            "reactions": [{"name": "eyes", "users": [app.bot_user_id], "count": 1}],
        }
        assert messages[2]["thread_ts"] == parent["ts"]


async def test_changes_are_pushed_to_those_who_see_them() -> None:
    async with a_page() as (workspace, page), page.events() as socket:
        client = a_client(workspace)
        await client.chat_postMessage(channel=STAFF, text="not for alice")
        await client.chat_postEphemeral(channel=GENERAL, user=BOB, text="bob only")
        posted = await client.chat_postMessage(channel=GENERAL, text="one")
        await client.chat_update(channel=GENERAL, ts=str(posted["ts"]), text="two")
        await client.chat_delete(channel=GENERAL, ts=str(posted["ts"]))
        await client.conversations_join(channel="C0RANDOM00")
        frames = [await socket.receive_json(timeout=5) for _ in range(4)]
        assert [frame["type"] for frame in frames] == ["message", "changed", "deleted", "channel"]
        assert [frames[0]["message"]["text"], frames[1]["message"]["text"]] == ["one", "two"]
        assert frames[1]["message"]["edited"]
        assert frames[2] == {"type": "deleted", "channel": GENERAL, "ts": posted["ts"]}
        assert frames[3]["channel"]["name"] == "random"


async def test_an_app_is_seen_to_come_and_go() -> None:
    async with a_page() as (workspace, page), page.events() as socket:
        async with a_bolt_app(workspace, lambda _: None):
            frame = await socket.receive_json(timeout=5)
            assert (frame["type"], frame["app"]["online"]) == ("app", True)
        assert (await socket.receive_json(timeout=5))["app"]["online"] is False


async def test_a_person_says_something_or_is_told_why_not() -> None:
    async with a_page() as (workspace, page):
        assert await page.do("say", channel=GENERAL, text=" hello @bob ") == {"ok": True}
        (message,) = workspace.messages("general", "bob")
        assert (message.user, message.text) == (ALICE, f"hello <@{BOB}>")
        assert await page.do("say", channel=GENERAL, text="reply", thread_ts=message.ts) == {"ok": True}
        for said, words in (
            ({"channel": GENERAL, "text": "  "}, "nothing to send"),
            ({"channel": STAFF, "text": "x"}, "not in this conversation"),
            ({"channel": "C0NOWHERE", "text": "x"}, "no such conversation"),
            ({"channel": GENERAL, "text": "x", "thread_ts": "1.0"}, "no such thread"),
            ({"channel": GENERAL, "text": "/nope now"}, "/nope is not a valid command"),
            ({"channel": GENERAL, "text": "/ask x", "thread_ts": message.ts}, "cannot be used in a thread"),
            ({"channel": GENERAL, "text": "/ask x"}, "/ask failed with the error “dispatch_failed”"),
        ):
            answer = await page.do("say", **said)
            assert answer["ok"] is False
            assert words in answer["error"]


async def test_a_person_edits_deletes_reacts_and_uploads() -> None:
    async with a_page() as (workspace, page):
        mine, theirs = workspace.say("alice", "general", "one"), workspace.say("bob", "general", "two")
        place = {"channel": GENERAL, "ts": mine.ts}
        assert await page.do("edit", **place, text="changed") == {"ok": True}
        assert await page.do("react", channel=GENERAL, ts=theirs.ts, name="eyes") == {"ok": True}
        picture = {"content": "iVBORw0KGgo=", "name": "error.png", "mimetype": "image/png", "text": "look"}
        assert await page.do("upload", channel=GENERAL, **picture) == {"ok": True}
        first, second, third = (await page.state())["messages"][GENERAL]
        assert (first["text"], first["edited"]) == ("changed", True)
        assert second["reactions"] == [{"name": "eyes", "users": [ALICE], "count": 1}]
        assert third["files"][0]["url"].startswith("/files/F0")
        assert await page.do("delete", **place) == {"ok": True}
        for what, said, words in (
            ("edit", {"channel": GENERAL, "ts": theirs.ts, "text": "x"}, "their own messages only"),
            ("delete", {"channel": GENERAL, "ts": mine.ts}, "not there any more"),
            ("upload", {"channel": GENERAL, **picture, "content": "!"}, "did not arrive whole"),
            ("react", {"channel": GENERAL, "ts": theirs.ts, "name": "<b>"}, "cannot react"),
            ("shortcut", {"callback_id": "none"}, "No app here has a shortcut"),
            ("submit", {"view": "V0NONE"}, "not open any more"),
            ("close", {"view": "V0NONE"}, "not open any more"),
        ):
            answer = await page.do(what, **said)
            assert answer["ok"] is False
            assert words in answer["error"]


async def test_a_modal_is_told_to_its_person_alone_with_what_is_wrong_in_it() -> None:
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "why",
                "label": {"type": "plain_text", "text": "Why"},
                "element": {"type": "plain_text_input", "action_id": "text"},
            }
        ],
    }
    async with a_page() as (workspace, page), page.events() as socket:
        client = a_client(workspace)
        for who in ("bob", "alice"):
            trigger = workspace.triggers.issue(workspace.app(), workspace.state.find_user(who))
            await client.views_open(trigger_id=trigger, view=view)
        frame = await socket.receive_json(timeout=5)
        assert (frame["type"], len(frame["views"])) == ("views", 1)
        [shown] = frame["views"]
        assert (shown["title"]["text"], shown["app"], shown["errors"]) == ("Form", "helper", {})
        for values in ({}, ["garbage"], {"why": 3}):
            answer = await page.do("submit", view=shown["id"], values=values)
            assert "required" in answer["error"]
        [marked] = (await page.state())["views"]
        assert marked["errors"] == {"why": "Please complete this required field."}
        assert await page.do("close", view=shown["id"]) == {"ok": True}
        assert (await page.state())["views"] == []


async def test_a_command_that_is_not_acknowledged_is_an_operation_timeout() -> None:
    def register(app: AsyncApp) -> None:
        @app.command("/ask")
        async def ask(ack: Any) -> None:
            await asyncio.sleep(0.5)
            await ack()

    async with a_workspace(within=0.1) as workspace, aiohttp.ClientSession() as session:
        page = Page(workspace, session, ALICE)
        async with a_bolt_app(workspace, register):
            answer = await page.do("say", channel=GENERAL, text="/ask x")
            assert "operation_timeout" in answer["error"]


async def test_a_click_carries_what_the_page_says_is_chosen_and_what_the_message_holds() -> None:
    seen: list[dict[str, Any]] = []

    def register(app: AsyncApp) -> None:
        @app.action("go")
        @app.action("which")
        async def act(ack: Any, body: dict[str, Any]) -> None:
            seen.append(body)
            await ack()

    async with a_page(BOB) as (workspace, page), a_bolt_app(workspace, register):
        posted = await a_client(workspace).chat_postMessage(channel=GENERAL, text="all", blocks=BLOCKS)
        place = {"channel": GENERAL, "ts": posted["ts"], "block_id": "b"}
        one = BLOCKS[0]["elements"][1]["options"][0]
        chosen = {"type": "checkboxes", "selected_options": [one]}
        values = {"values": {"b": {"which": chosen}}}
        forged = {"type": "button", "value": "somebody else's"}
        checked = {"type": "checkboxes", "selected_options": [{"value": "1"}]}
        assert await page.do("act", **place, action_id="which", action=checked, state=values) == {"ok": True}
        assert await page.do("act", **place, action_id="go", action=forged, state=values) == {"ok": True}
        assert seen[0]["actions"][0]["selected_options"] == [one]
        assert seen[1]["actions"][0]["value"] == "mine"
        assert seen[1]["state"] == values
        assert seen[1]["message"]["ts"] == posted["ts"]
        assert seen[1]["user"]["id"] == BOB
        unoffered = {"type": "checkboxes", "selected_options": [{"value": "9"}]}
        for wrong, words in (
            (place | {"action_id": "which", "action": unoffered}, "no option '9'"),
            (place | {"action_id": "gone", "action": {}}, "no such control"),
            (place | {"action_id": "go", "ts": "1.0", "action": {}}, "not there any more"),
        ):
            answer = await page.do("act", **wrong, state={})
            assert answer["ok"] is False
            assert words in answer["error"]
        assert len(seen) == 2


async def test_nobody_clicks_in_a_message_that_is_anothers() -> None:
    async with a_page(BOB) as (workspace, page):
        shown = await a_client(workspace).chat_postEphemeral(channel=GENERAL, user=ALICE, text="x", blocks=BLOCKS)
        act = {"channel": GENERAL, "ts": shown["message_ts"], "block_id": "b", "action_id": "go", "action": {}}
        assert "not there for this person" in (await page.do("act", **act, state={}))["error"]


async def test_bots_and_strangers_have_no_page() -> None:
    async with a_page("U0HELPERBOT") as (workspace, page), aiohttp.ClientSession() as session:
        assert (await page.do("say", channel=GENERAL, text="x"))["ok"] is False
        for who in ("U0HELPERBOT", "U0NOBODY00"):
            async with session.get(f"{workspace.url}page/state", params={"as": who}) as response:
                assert response.status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "attacker.example"}, 403),
        ({"Host": "attacker.example:80"}, 403),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
        ({"Host": "localhost:1234"}, 200),
    ],
)
async def test_only_this_machine_and_its_own_page_are_answered(headers: dict[str, str], status: int) -> None:
    async with a_page() as (workspace, _), aiohttp.ClientSession() as session:
        for path in ("page/state", "page/events"):
            if path == "page/events" and status == 200:
                continue
            async with session.get(workspace.url + path, params={"as": ALICE}, headers=headers) as response:
                assert response.status == status
        said = {"as": ALICE, "channel": GENERAL, "text": "x"}
        async with session.post(f"{workspace.url}page/say", json=said, headers=headers) as response:
            assert response.status == status
        assert bool(workspace.messages("general", "alice")) == (status == 200)


async def test_a_form_from_elsewhere_is_not_read() -> None:
    async with a_page() as (workspace, _), aiohttp.ClientSession() as session:
        async with session.post(f"{workspace.url}page/say", data={"as": ALICE, "text": "x"}) as response:
            assert response.status == 415
        async with session.post(
            f"{workspace.url}page/say", data="[]", headers={"Content-Type": "application/json"}
        ) as response:
            assert response.status == 400


async def test_files_outside_the_page_are_not_served() -> None:
    async with a_page() as (workspace, _), aiohttp.ClientSession() as session:
        for path in ("assets/index.html.bak", "assets/..%2f..%2fserver.py", "assets/server.py"):
            async with session.get(workspace.url + path) as response:
                assert response.status == 404


async def test_the_pages_files_are_served_with_a_tight_policy() -> None:
    async with a_page() as (workspace, _), aiohttp.ClientSession() as session:
        kinds = {"": "text/html", "assets/page.js": "text/javascript", "assets/page.css": "text/css"}
        for path, kind in kinds.items():
            async with session.get(workspace.url + path) as response:
                assert (response.status, response.content_type) == (200, kind)
                assert "script-src 'self'" in response.headers["Content-Security-Policy"]
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert await response.text()
