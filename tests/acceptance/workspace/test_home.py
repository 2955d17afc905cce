"""An app's Home tab with a real Bolt app: what it is told, what it may publish, and what is done there."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.workspace.refusals import NotPossible
from bot.workspace.server import Workspace
from bot.workspace.views import View
from tests.workspaces import MANIFEST, a_bolt_app, a_client, a_seed, a_workspace

Json = dict[str, Any]
HOME = {"app_home": {"home_tab_enabled": True, "messages_tab_enabled": True}}
EVENTS = MANIFEST["settings"]["event_subscriptions"]["bot_events"]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def home(words: str, **more: Any) -> Json:
    """A Home tab that says so, with a button and a list to choose from."""
    options = [{"text": plain(name), "value": name} for name in ("class", "lab")]
    elements: list[Json] = [
        {"type": "button", "action_id": "close", "text": plain("Close"), "value": "4711"},
        {"type": "static_select", "action_id": "server", "options": options},
    ]
    blocks = [{"type": "section", "text": plain(words)}, {"type": "actions", "block_id": "acts", "elements": elements}]
    return {"type": "home", "blocks": blocks, **more}


class Host:
    """An app that greets whoever opens its Home tab."""

    def __init__(self) -> None:
        self.opened: list[Json] = []
        self.acts: list[Json] = []
        self.modal: Json | None = None

    def register(self, app: AsyncApp) -> None:
        @app.event("app_home_opened")
        async def greet(event: Json, client: Any) -> None:
            self.opened.append(event)
            await client.views_publish(user_id=event["user"], view=home(f"Hello <@{event['user']}>"))

        @app.action("close")
        @app.action("server")
        async def act(ack: Any, body: Json, client: Any) -> None:
            await ack()
            self.acts.append(body)
            if self.modal is not None:
                await client.views_open(trigger_id=body["trigger_id"], view=self.modal)


async def with_home(play: Callable[[Workspace, Host], Awaitable[None]], *, enabled: bool = True) -> None:
    """Play in a workspace whose app has (or has not) a Home tab."""
    features = MANIFEST["features"] | (HOME if enabled else {})
    settings = MANIFEST["settings"] | {"event_subscriptions": {"bot_events": [*EVENTS, "app_home_opened"]}}
    seed = a_seed(manifest={"features": features, "settings": settings})
    host = Host()
    async with a_workspace(seed, within=0.5) as workspace, a_bolt_app(workspace, host.register):
        await play(workspace, host)
        assert workspace.complaints == []


async def shown(workspace: Workspace, who: str) -> View:
    """The Home tab before a person, once something stands there."""
    await workspace.wait_for(lambda: workspace.home(who) is not None)
    view = workspace.home(who)
    assert view is not None
    return view


async def test_whoever_opens_the_tab_is_told_of_and_sees_what_is_published_for_them_alone() -> None:
    async def play(workspace: Workspace, host: Host) -> None:
        workspace.open_home("alice")
        view = await shown(workspace, "alice")
        assert view.blocks[0]["text"]["text"] == "Hello <@U0ALICE000>"
        assert workspace.home("bob") is None
        [event] = host.opened
        assert (event["user"], event["tab"], event["channel"]) == ("U0ALICE000", "home", workspace.dm("alice"))
        assert "view" not in event

    await with_home(play)


async def test_the_next_opening_carries_what_stands_there_and_the_tab_keeps_its_id() -> None:
    async def play(workspace: Workspace, host: Host) -> None:
        workspace.open_home("alice")
        first = await shown(workspace, "alice")
        workspace.open_home("alice")
        await workspace.wait_for(lambda: len(host.opened) == 2)
        told = host.opened[1]["view"]
        assert (told["id"], told["type"], told["hash"]) == (first.id, "home", first.hash)
        assert "title" not in told
        changed = await workspace.wait_for(
            lambda: (now := workspace.home("alice")) is not None and now.hash != first.hash and now
        )
        assert changed
        assert changed.id == first.id

    await with_home(play)


async def test_a_click_there_names_the_view_and_may_open_a_modal() -> None:
    async def play(workspace: Workspace, host: Host) -> None:
        workspace.open_home("alice")
        view = await shown(workspace, "alice")
        block = {"type": "section", "text": plain("Sure?")}
        host.modal = {"type": "modal", "title": plain("Close"), "blocks": [block]}
        await workspace.choose_view("alice", view, "server", "lab")
        await workspace.wait_for(lambda: workspace.views("alice"))
        [body] = host.acts
        assert body["container"] == {"type": "view", "view_id": view.id}
        assert (body["view"]["type"], body["view"]["id"]) == ("home", view.id)
        assert body["view"]["state"]["values"]["acts"]["server"]["selected_option"]["value"] == "lab"
        assert body["actions"][0]["selected_option"]["value"] == "lab"
        assert not {"message", "response_url"} & set(body)
        host.modal = None
        await workspace.click_view("alice", view, action_id="close")
        assert host.acts[1]["actions"][0]["value"] == "4711"

    await with_home(play)


async def test_it_is_changed_only_as_it_was_known() -> None:
    async def play(workspace: Workspace, _: Host) -> None:
        client = a_client(workspace)
        first = (await client.views_publish(user_id="U0ALICE000", view=home("One")))["view"]
        second = (await client.views_publish(user_id="U0ALICE000", view=home("Two"), hash=first["hash"]))["view"]
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await client.views_publish(user_id="U0ALICE000", view=home("Three"), hash=first["hash"])
        await client.views_update(view_id=second["id"], view=home("Four"))
        now = workspace.home("alice")
        assert now is not None
        assert now.blocks[0]["text"]["text"] == "Four"

    await with_home(play)


@pytest.mark.parametrize(
    ("view", "user", "why"),
    [
        ({"type": "modal", "title": plain("No"), "blocks": []}, "U0ALICE000", "invalid_arguments"),
        (home("No", title=plain("No")), "U0ALICE000", "invalid_arguments"),
        (home("No", submit=plain("Send")), "U0ALICE000", "invalid_arguments"),
        ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "U0ALICE000", "invalid_arguments"),
        (home("No"), "U0NOBODY00", "invalid_arguments"),
    ],
    ids=["a modal", "a title", "a submit button", "101 blocks", "nobody"],
)
async def test_what_slack_does_not_take(view: Json, user: str, why: str) -> None:
    async def play(workspace: Workspace, _: Host) -> None:
        with pytest.raises(SlackApiError, match=why):
            await a_client(workspace).views_publish(user_id=user, view=view)
        assert workspace.home("alice") is None

    await with_home(play)


async def test_an_app_without_the_tab_cannot_publish_and_nobody_can_open_it() -> None:
    async def play(workspace: Workspace, host: Host) -> None:
        with pytest.raises(SlackApiError, match="not_enabled"):
            await a_client(workspace).views_publish(user_id="U0ALICE000", view=home("No"))
        with pytest.raises(NotPossible):
            workspace.open_home("alice")
        assert host.opened == []

    await with_home(play, enabled=False)


async def test_a_home_tab_is_nothing_to_submit_or_close() -> None:
    async def play(workspace: Workspace, _: Host) -> None:
        workspace.open_home("alice")
        view = await shown(workspace, "alice")
        with pytest.raises(NotPossible):
            await workspace.submit("alice", view)
        with pytest.raises(NotPossible):
            await workspace.close_view("alice", view)
        with pytest.raises(NotPossible):
            await workspace.click_view("bob", view, action_id="close")
        assert workspace.home("alice") == view

    await with_home(play)
