"""A real Bolt app lives in the workspace over Socket Mode."""

from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot.workspace.model import Message
from bot.workspace.server import Workspace
from tests.workspaces import a_bolt_app, a_client, a_workspace

OPTIONS = [
    {"text": {"type": "plain_text", "text": "One"}, "value": "1"},
    {"text": {"type": "plain_text", "text": "Two"}, "value": "2"},
]
BUTTONS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Which?"}, "block_id": "head"},
    {
        "type": "actions",
        "block_id": "pick",
        "elements": [
            {"type": "checkboxes", "action_id": "which", "options": OPTIONS},
            {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "opaque"},
            {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}, "style": "danger"},
        ],
    },
]


class Helper:
    """What the app saw, and its listeners."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def register(self, app: AsyncApp) -> None:
        @app.command("/ask")
        async def ask(ack: Any, command: dict[str, Any], respond: Any) -> None:
            await ack()
            self.commands.append(command)
            await respond(text="Which?", blocks=BUTTONS, response_type="ephemeral")

        @app.command("/raw")
        async def raw(ack: Any, command: dict[str, Any]) -> None:
            self.commands.append(command)
            await ack(text=f"You said {command['text']}", response_type="in_channel")

        @app.action("which")
        async def which(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            self.actions.append(body)

        @app.action("go")
        async def go(ack: Any, body: dict[str, Any], respond: Any) -> None:
            await ack()
            self.actions.append(body)
            await respond(text="Gone.", replace_original=True)

        @app.action("stop")
        async def stop(ack: Any, respond: Any) -> None:
            await ack()
            await respond(delete_original=True)

        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            self.events.append(event)

        @app.event("app_mention")
        async def mention(event: dict[str, Any]) -> None:
            self.events.append(event)


def last(workspace: Workspace, user: str, channel: str = "general") -> Message:
    return workspace.messages(channel, user)[-1]


async def test_a_command_is_acknowledged_and_answered_to_its_person_alone() -> None:
    helper = Helper()
    async with a_workspace() as workspace, a_bolt_app(workspace, helper.register):
        delivered = await workspace.command("alice", "general", "/ask  @bob in #general & <more>")
        assert (delivered.acknowledged, delivered.error) == (True, None)
        assert delivered.after < 3
        shown = await workspace.wait_for(lambda: workspace.messages("general", "alice"))
        bob, general = workspace.state.find_user("bob"), workspace.state.find_channel("general")
        assert helper.commands[0]["text"] == f"<@{bob.id}|bob> in <#{general.id}|general> &amp; &lt;more&gt;"
        assert [(message.text, message.ephemeral) for message in shown] == [("Which?", True)]
        assert workspace.messages("general", "bob") == []
        history = await a_client(workspace).conversations_history(channel=general.id)
        assert history["messages"] == []
        assert workspace.complaints == []


async def test_a_commands_payload_has_the_documented_fields() -> None:
    helper = Helper()
    async with a_workspace() as workspace, a_bolt_app(workspace, helper.register):
        await workspace.command("alice", "general", "/raw @bob <b>")
        (command,) = helper.commands
        alice, team = workspace.state.find_user("alice"), workspace.state.team
        assert set(command) == {
            "token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name", "command", "text",
            "api_app_id", "is_enterprise_install", "response_url", "trigger_id",
        }  # fmt: skip
        assert command["text"] == "@bob <b>"
        assert (command["user_id"], command["team_id"], command["team_domain"]) == (alice.id, team.id, team.domain)
        assert (command["channel_name"], command["command"]) == ("general", "/raw")
        assert command["response_url"].startswith(workspace.url)


async def test_an_answer_in_channel_shows_what_was_typed() -> None:
    async with a_workspace() as workspace, a_bolt_app(workspace, Helper().register):
        await workspace.command("alice", "general", "/raw out loud")
        seen = [(message.user, message.text) for message in workspace.messages("general", "bob")]
        alice = workspace.state.find_user("alice")
        assert seen == [(alice.id, "/raw out loud"), (workspace.app().bot_user_id, "You said out loud")]


async def test_a_click_on_an_ephemeral_message_carries_what_is_checked_and_replaces_it() -> None:
    helper = Helper()
    async with a_workspace() as workspace, a_bolt_app(workspace, helper.register):
        await workspace.command("alice", "general", "/ask")
        (message,) = await workspace.wait_for(lambda: workspace.messages("general", "alice"))
        assert (await workspace.check("alice", "general", message.ts, ["Two"])).acknowledged
        assert (await workspace.click("alice", "general", message.ts, label="Go")).acknowledged
        await workspace.wait_for(lambda: last(workspace, "alice").text == "Gone.")
        check, click = helper.actions
        assert check["actions"][0]["selected_options"] == [OPTIONS[1]]
        assert click["actions"][0]["value"] == "opaque"
        assert click["state"]["values"] == {"pick": {"which": {"type": "checkboxes", "selected_options": [OPTIONS[1]]}}}
        assert click["container"] == {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": True,
        }
        assert "message" not in click
        assert click["user"]["id"] == workspace.state.find_user("alice").id
        assert click["trigger_id"]
        assert last(workspace, "alice").ephemeral
        assert last(workspace, "alice").blocks is None


async def test_a_message_can_be_deleted_through_its_buttons_url() -> None:
    async with a_workspace() as workspace, a_bolt_app(workspace, Helper().register):
        posted = await a_client(workspace).chat_postMessage(channel="#general", text="Which?", blocks=BUTTONS)
        await workspace.click("bob", "general", posted["ts"], label="Stop")
        await workspace.wait_for(lambda: not workspace.messages("general", "bob"))


async def test_people_are_heard_where_the_app_is_and_nowhere_else() -> None:
    helper = Helper()
    async with a_workspace() as workspace, a_bolt_app(workspace, helper.register):
        workspace.say("alice", "random", "nobody listens")
        workspace.say("alice", "general", "too many connections <b>")
        workspace.say("bob", "staff", "@helper hello")
        workspace.say("alice", workspace.dm("alice"), "in private")
        await workspace.wait_for(lambda: len(helper.events) == 4)
        by_type = {(event["type"], event.get("channel_type")): event for event in helper.events}
        assert by_type["message", "channel"]["text"] == "too many connections &lt;b&gt;"
        assert by_type["message", "im"]["text"] == "in private"
        assert by_type["app_mention", None]["text"] == f"<@{workspace.app().bot_user_id}> hello"
        assert ("message", "group") in by_type
