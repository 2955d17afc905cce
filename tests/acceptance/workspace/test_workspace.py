"""Starting, stopping and looking at a workspace."""

import logging
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from bot.workspace.refusals import NotPossible
from bot.workspace.server import AddressInUse, NotSeen, Workspace
from tests.workspaces import APP_TOKEN, BOT_TOKEN, SECRET, Clock, a_bolt_app, a_client, a_seed, a_workspace

MENU: list[dict[str, Any]] = [
    {
        "type": "section",
        "block_id": "s",
        "text": {"type": "plain_text", "text": "Pick"},
        "accessory": {
            "type": "static_select",
            "action_id": "menu",
            "placeholder": {"type": "plain_text", "text": "Pick one"},
            "options": [
                {"text": {"type": "plain_text", "text": "First & last"}, "value": "1"},
                {"text": {"type": "plain_text", "text": "Other"}, "value": "2"},
            ],
        },
    },
    {
        "type": "actions",
        "block_id": "b",
        "elements": [
            {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}},
            {"type": "button", "action_id": "go2", "text": {"type": "plain_text", "text": "Go"}},
        ],
    },
]


async def test_a_port_in_use_is_one_clear_sentence() -> None:
    async with a_workspace() as workspace:
        port = int(workspace.url.rsplit(":", 1)[1].strip("/"))
        other = Workspace(a_seed(), now=Clock())
        with pytest.raises(AddressInUse, match=rf"^Port {port} on 127\.0\.0\.1 is in use by another program"):
            await other.start(port)
        await other.close()


async def test_it_listens_on_this_machine_only() -> None:
    workspace = Workspace(a_seed(), now=Clock())
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(ValueError, match="this machine only"):
            await workspace.start(host=host)
    await workspace.start(host="localhost")
    assert (await a_client(workspace).auth_test())["ok"]
    await workspace.close()


async def test_a_port_is_free_again_after_closing() -> None:
    async with a_workspace() as workspace:
        port = int(workspace.url.rsplit(":", 1)[1].strip("/"))
        await a_client(workspace).auth_test()
    again = Workspace(a_seed(), now=Clock())
    await again.start(port)
    await again.close()


async def test_what_is_not_seen_is_told_with_what_is_there() -> None:
    async with a_workspace() as workspace:
        workspace.say("alice", "general", "something else")
        with pytest.raises(NotSeen, match="#general alice: something else"):
            await workspace.wait_for(lambda: False, within=0.05)


async def test_broadcasts_of_apps_and_people_are_kept_and_what_is_escaped_is_not() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        workspace.say("alice", "general", "<!channel> escaped")
        await client.chat_postMessage(channel="C0GENERAL0", text="&lt;!channel&gt;")
        assert workspace.broadcasts == []
        posted = await client.chat_postMessage(channel="C0GENERAL0", text="quiet")
        await client.chat_update(channel="C0GENERAL0", ts=str(posted["ts"]), text="<!here>")
        await client.chat_postEphemeral(channel="C0GENERAL0", user="U0ALICE000", text="<!subteam^S1>")
        assert [mentions for _, mentions in workspace.broadcasts] == [("<!here>",), ("<!subteam^S1>",)]


async def test_a_menu_is_chosen_by_its_words_and_a_click_must_be_clear() -> None:
    seen: list[dict[str, Any]] = []

    def register(app: AsyncApp) -> None:
        @app.action({"block_id": "s"})
        @app.action({"block_id": "b"})
        async def act(ack: Any, body: dict[str, Any]) -> None:
            seen.append(body)
            await ack()

    async with a_workspace() as workspace, a_bolt_app(workspace, register):
        posted = await a_client(workspace).chat_postMessage(channel="C0GENERAL0", text="Pick", blocks=MENU)
        ts = str(posted["ts"])
        await workspace.choose("alice", "general", ts, ["First & last"], action_id="menu")
        await workspace.click("alice", "general", ts, action_id="go2")
        await workspace.click("bob", "general", ts, action_id="go")
        first = MENU[0]["accessory"]["options"][0]
        assert seen[0]["actions"][0]["selected_option"] == first
        assert seen[1]["state"]["values"]["s"]["menu"]["selected_option"] == first
        assert seen[2]["state"]["values"]["s"]["menu"]["selected_option"] is None
        with pytest.raises(NotPossible, match="2 controls of the message are 'Go'"):
            await workspace.click("alice", "general", ts, label="Go")
        with pytest.raises(NotPossible, match="0 controls of the message are 'Stop'; it has 'Pick one', 'Go', 'Go'"):
            await workspace.click("alice", "general", ts, label="Stop")
        with pytest.raises(NotPossible, match="No option 'Third' is offered"):
            await workspace.choose("alice", "general", ts, ["Third"], action_id="menu")
        with pytest.raises(NotPossible, match="sees no message"):
            await workspace.click("alice", "staff", ts, label="Go")


async def test_people_cannot_do_what_slack_has_not() -> None:
    async with a_workspace() as workspace:
        with pytest.raises(NotPossible, match="not a valid command"):
            await workspace.command("alice", "general", "/nope")
        with pytest.raises(NotPossible, match="not in this conversation"):
            await workspace.command("alice", "staff", "/ask")
        with pytest.raises(NotPossible, match="thread"):
            await workspace.command("alice", "general", "/ask", in_thread=True)
        with pytest.raises(LookupError, match="mallory"):
            workspace.say("mallory", "general", "x")


async def test_an_acknowledgement_that_is_no_message_is_told_as_such() -> None:
    def register(app: AsyncApp) -> None:
        @app.command("/ask")
        async def ask(ack: Any) -> None:
            await ack(text="x", blocks=[{"type": "header"}])

    async with a_workspace() as workspace, a_bolt_app(workspace, register):
        delivered = await workspace.command("alice", "general", "/ask")
        assert (delivered.acknowledged, delivered.error) == (True, "invalid_command_response")
        assert workspace.messages("general", "alice") == []


async def test_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def register(app: AsyncApp) -> None:
        @app.command("/ask")
        async def ask(ack: Any, respond: Any) -> None:
            await ack()
            await respond("done")

    caplog.set_level(logging.DEBUG, logger="bot")
    async with a_workspace() as workspace, a_bolt_app(workspace, register):
        await workspace.command("alice", "general", "/ask")
        await workspace.wait_for(lambda: workspace.messages("general", "alice"))
        await a_client(workspace).auth_test()
        assert workspace.calls
        told = caplog.text + repr(list(workspace.calls)) + repr(workspace.complaints)
    assert "auth.test" in told
    assert not [secret for secret in (BOT_TOKEN, APP_TOKEN, SECRET) if secret in told]
