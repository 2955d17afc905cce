"""Shortcuts and modals with a real Bolt app: what arrives, and what the acknowledgement does."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.workspace.refusals import NotPossible
from bot.workspace.server import Workspace
from tests.workspaces import MANIFEST, Clock, a_bolt_app, a_client, a_seed, a_workspace

Json = dict[str, Any]
SHORTCUTS = [
    {"name": "Report", "type": "message", "callback_id": "report", "description": "Report a message"},
    {"name": "Look", "type": "global", "callback_id": "look", "description": "Look around"},
]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def choice(value: str) -> Json:
    return {"text": plain(value.title()), "value": value}


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


FORM: list[Json] = [
    field("why", "Reason", {"type": "plain_text_input", "action_id": "text", "max_length": 20}),
    field(
        "which",
        "Which role?",
        {"type": "static_select", "action_id": "role", "options": [choice("alice"), choice("bob")]},
    ),
    field("who", "Whose?", {"type": "users_select", "action_id": "person"}, optional=True),
    field(
        "also",
        "Also",
        {"type": "checkboxes", "action_id": "more", "options": [choice("tell"), choice("end")]},
        optional=True,
    ),
    field(
        "how",
        "How",
        {"type": "radio_buttons", "action_id": "way", "options": [choice("soft"), choice("hard")]},
        optional=True,
    ),
    field("until", "Until", {"type": "datepicker", "action_id": "day"}, optional=True),
    {
        "type": "actions",
        "block_id": "buttons",
        "elements": [{"type": "button", "action_id": "deeper", "text": plain("Deeper"), "value": "1"}],
    },
]


def modal(title: str = "Report", blocks: list[Json] | None = None, **more: Any) -> Json:
    blocks = FORM if blocks is None else blocks
    submit = {"submit": plain("Send")} if any(each["type"] == "input" for each in blocks) else {}
    return {"type": "modal", "callback_id": "form", "title": plain(title), "blocks": blocks, **submit, **more}


TEXT = [{"type": "section", "block_id": "t", "text": plain("Only words")}]


class Opener:
    """An app that opens a form by its shortcuts and answers submissions as it was told."""

    def __init__(self) -> None:
        self.view = modal()
        self.answer: Json = {}
        self.push: Json | None = None
        self.heard: list[Json] = []
        self.told: list[Any] = []

    def register(self, app: AsyncApp) -> None:
        async def opened(ack: Any, body: Json, client: Any) -> None:
            await ack()
            self.heard.append(body)
            self.told.append((await client.views_open(trigger_id=body["trigger_id"], view=self.view))["view"])

        app.shortcut("report")(opened)
        app.shortcut("look")(opened)

        @app.view("form")
        async def submitted(ack: Any, body: Json) -> None:
            self.heard.append(body)
            await ack(**self.answer)

        @app.view_closed("form")
        async def closed(ack: Any, body: Json) -> None:
            self.heard.append(body)
            await ack()

        @app.action("deeper")
        async def deeper(ack: Any, body: Json, client: Any) -> None:
            await ack()
            self.heard.append(body)
            if self.push is not None:
                await client.views_push(trigger_id=body["trigger_id"], view=self.push)

        @app.event("message")
        async def hear() -> None:
            pass


async def with_form(play: Callable[[Workspace, Opener], Awaitable[None]], view: Json | None = None) -> None:
    """Open the form by alice's shortcut on bob's message, then play."""
    seed = a_seed(manifest={"features": MANIFEST["features"] | {"shortcuts": SHORTCUTS}})
    opener = Opener()
    opener.view = view or opener.view
    async with a_workspace(seed, within=0.5) as workspace, a_bolt_app(workspace, opener.register):
        message = workspace.say("bob", "general", "FATAL: too many")
        await workspace.shortcut("alice", message, "report")
        await workspace.wait_for(lambda: workspace.views("alice"))
        await play(workspace, opener)


async def test_a_message_shortcut_carries_the_message_and_the_ways_to_answer() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        [body] = opener.heard
        assert (body["type"], body["callback_id"]) == ("message_action", "report")
        assert (body["user"]["id"], body["channel"]["id"]) == ("U0ALICE000", "C0GENERAL0")
        assert body["message"]["text"] == "FATAL: too many"
        assert body["message"]["user"] == "U0BOB00000"
        assert body["message_ts"] == body["message"]["ts"]
        assert body["response_url"].startswith(workspace.url)
        [view] = workspace.views("alice")
        assert view.title == "Report"
        assert workspace.views("bob") == ()

    await with_form(play)


async def test_what_a_message_shortcut_is_answered_with_is_seen_by_its_person_alone() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        answer = AsyncWebhookClient(opener.heard[0]["response_url"])
        assert (await answer.send(text="heard", response_type="ephemeral")).status_code == 200
        assert [each.text for each in workspace.messages("general", "alice")] == ["FATAL: too many", "heard"]
        assert [each.text for each in workspace.messages("general", "bob")] == ["FATAL: too many"]

    await with_form(play)


async def test_a_view_can_be_validated_without_being_opened() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        assert (await client.api_call("blocks.validate", json={"view": modal()}))["ok"]
        with pytest.raises(SlackApiError, match="invalid_view") as refused:
            await client.api_call("blocks.validate", json={"view": modal("T" * 25)})
        assert refused.value.response["errors"][0]["pointer"] == "/title/text"


async def test_shortcuts_work_in_threads_and_not_where_slack_has_none() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        parent = workspace.messages("general", "bob")[0]
        reply = workspace.say("bob", "general", "reply", thread_ts=parent.ts)
        await workspace.shortcut("alice", reply, "report")
        assert opener.heard[-1]["message"]["thread_ts"] == parent.ts
        with pytest.raises(NotPossible, match="no such menu"):
            await workspace.shortcut("alice", workspace.say("bob", "staff", "hidden"), "report")
        for message, callback_id in ((reply, "look"), (None, "report"), (reply, "nothing")):
            with pytest.raises(NotPossible, match="No app here has a shortcut"):
                await workspace.shortcut("alice", message, callback_id)

    await with_form(play)


async def test_a_global_shortcut_has_a_trigger_and_no_place() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        await workspace.shortcut("bob", None, "look")
        body = opener.heard[-1]
        assert (body["type"], body["callback_id"], body["user"]["id"]) == ("shortcut", "look", "U0BOB00000")
        assert not {"response_url", "channel", "message"} & set(body)
        await workspace.wait_for(lambda: workspace.views("bob"))

    await with_form(play)


async def test_a_submission_carries_what_is_in_every_field_and_closes_the_modal() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        [view] = workspace.views("alice")
        values = {
            "Reason": "it is full",
            "role": "Bob",
            "Whose?": "carol",
            "also": ["end", "tell"],
            "how": "hard",
            "day": "2026-11-03",
        }
        delivered = await workspace.submit("alice", view, values)
        assert (delivered.acknowledged, delivered.error) == (True, None)
        body = opener.heard[-1]
        assert (body["type"], body["user"]["id"]) == ("view_submission", "U0ALICE000")
        assert (body["view"]["private_metadata"], body["view"]["callback_id"]) == ('{"id": 7}', "form")
        held = body["view"]["state"]["values"]
        assert held["why"]["text"] == {"type": "plain_text_input", "value": "it is full"}
        assert held["which"]["role"]["selected_option"] == choice("bob")
        assert held["who"]["person"]["selected_user"] == "U0CAROL000"
        assert held["also"]["more"]["selected_options"] == [choice("tell"), choice("end")]
        assert held["how"]["way"]["selected_option"] == choice("hard")
        assert held["until"]["day"]["selected_date"] == "2026-11-03"
        assert workspace.views("alice") == ()
        with pytest.raises(NotPossible, match="not open any more"):
            await workspace.submit("alice", view, values)

    await with_form(play, modal(private_metadata='{"id": 7}'))


async def test_what_the_client_finds_wrong_is_not_sent() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        [view] = workspace.views("alice")
        with pytest.raises(NotPossible, match="complete this required field"):
            await workspace.submit("alice", view, {"why": "x" * 21, "until": "soon"})
        [marked] = workspace.views("alice")
        assert marked.errors == {
            "why": "This entry is too long. (Max. 20 characters)",
            "which": "Please complete this required field.",
            "until": "Please enter a valid date.",
        }
        assert [each["type"] for each in opener.heard] == ["message_action"]

    await with_form(play)


GOOD = {"why": "full", "which": "alice"}


async def test_errors_stand_beside_their_fields_until_the_next_try() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        opener.answer = {"response_action": "errors", "errors": {"why": "Say more."}}
        [view] = workspace.views("alice")
        await workspace.submit("alice", view, GOOD)
        [marked] = workspace.views("alice")
        assert marked.errors == {"why": "Say more."}
        opener.answer = {}
        await workspace.submit("alice", marked)
        assert opener.heard[-1]["view"]["state"]["values"]["why"]["text"]["value"] == "full"
        assert workspace.views("alice") == ()
        assert workspace.complaints == []

    await with_form(play)


async def test_an_answer_updates_pushes_and_clears() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        [first] = workspace.views("alice")
        opener.answer = {"response_action": "update", "view": modal("Changed")}
        await workspace.submit("alice", first, GOOD)
        [changed] = workspace.views("alice")
        assert (changed.id, changed.title) == (first.id, "Changed")
        assert changed.hash != first.hash
        opener.answer = {"response_action": "push", "view": modal("Second")}
        await workspace.submit("alice", changed, GOOD)
        below, second = workspace.views("alice")
        assert (below.id, second.title, second.previous, second.root) == (first.id, "Second", first.id, first.id)
        opener.answer = {"response_action": "clear"}
        await workspace.submit("alice", second, GOOD)
        assert workspace.views("alice") == ()

    await with_form(play)


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "dance"},
    ],
)
async def test_an_answer_that_says_nothing_valid_is_told_as_such(answer: Json) -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        opener.answer = answer
        [view] = workspace.views("alice")
        assert (await workspace.submit("alice", view, GOOD)).error == "invalid_view_response"
        assert len(workspace.complaints) == 1
        assert len(workspace.views("alice")) == 1

    await with_form(play)


async def test_a_button_in_a_modal_pushes_two_views_and_not_a_third() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        opener.push = modal("Deeper")
        await workspace.click_view("alice", workspace.views("alice")[-1], label="Deeper")
        await workspace.wait_for(lambda: len(workspace.views("alice")) == 2)
        await workspace.click_view("alice", workspace.views("alice")[-1], label="Deeper")
        await workspace.wait_for(lambda: len(workspace.views("alice")) == 3)
        body = opener.heard[-1]
        assert body["container"] == {"type": "view", "view_id": workspace.views("alice")[1].id}
        assert body["view"]["state"]["values"]["why"]["text"]["value"] is None
        assert not {"message", "channel", "response_url"} & set(body)
        await workspace.click_view("alice", workspace.views("alice")[-1], action_id="deeper")
        await workspace.wait_for(lambda: any(call.error == "push_limit_reached" for call in workspace.calls))
        with pytest.raises(NotPossible, match="not open any more"):
            await workspace.click_view("alice", workspace.views("alice")[0], label="Deeper")

    await with_form(play)


async def test_closing_is_told_to_whoever_asked_for_it() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        opener.push = modal("Deeper", notify_on_close=True)
        for whole in (False, True):
            await workspace.click_view("alice", workspace.views("alice")[-1], label="Deeper")
            await workspace.wait_for(lambda: len(workspace.views("alice")) == 2)
            [delivered] = await workspace.close_view("alice", workspace.views("alice")[-1], whole=whole)
            assert delivered.acknowledged
            assert (opener.heard[-1]["type"], opener.heard[-1]["is_cleared"]) == ("view_closed", whole)
            assert opener.heard[-1]["view"]["title"]["text"] == "Deeper"
            assert len(workspace.views("alice")) == (0 if whole else 1)

    await with_form(play)


async def test_an_app_that_does_not_answer_leaves_the_modal_open() -> None:
    async def play(workspace: Workspace, _opener: Opener) -> None:
        [view] = workspace.views("alice")
        await workspace.socket_mode.drop(workspace.app().id)
        assert (await workspace.submit("alice", view, GOOD)).error == "dispatch_failed"
        assert len(workspace.views("alice")) == 1

    await with_form(play)


async def test_views_are_updated_by_either_id_and_not_over_somebody_elses_change() -> None:
    async def play(workspace: Workspace, opener: Opener) -> None:
        client = a_client(workspace)
        [told] = await workspace.wait_for(lambda: opener.told)
        again = await client.views_update(external_id="mine", view=modal("One"), hash=told["hash"])
        assert again["view"]["id"] == told["id"]
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await client.views_update(view_id=told["id"], view=modal("Two"), hash=told["hash"])
        await client.views_update(view_id=told["id"], view=modal("Two"))
        assert workspace.views("alice")[0].title == "Two"
        with pytest.raises(SlackApiError, match="not_found"):
            await client.views_update(view_id="V0NOTHING", view=modal())

    await with_form(play, modal(external_id="mine"))


async def test_a_modal_is_opened_by_a_trigger_that_is_fresh_and_unused() -> None:
    clock = Clock()
    async with a_workspace(now=clock) as workspace:
        client = a_client(workspace)
        app, alice = workspace.app(), workspace.state.find_user("alice")
        trigger = workspace.triggers.issue(app, alice)
        opened = await client.views_open(trigger_id=trigger, view=modal(blocks=TEXT))
        assert opened["view"]["root_view_id"] == opened["view"]["id"]
        late = workspace.triggers.issue(app, alice)
        clock.move(timedelta(seconds=4))
        for bad, error in ((trigger, "exchanged"), (late, "expired"), ("x", "invalid")):
            with pytest.raises(SlackApiError, match=f"{error}_trigger_id"):
                await client.views_open(trigger_id=bad, view=modal())
        with pytest.raises(SlackApiError, match="not_found"):
            await client.views_push(trigger_id=workspace.triggers.issue(app, alice), view=modal())
