"""Shortcuts, modals and clicks in them, with a real Bolt app: acknowledged, answered once, and each failure told."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from slack_bolt.app.async_app import AsyncApp

from bot.access.member import Standing
from bot.errors import UnknownServer
from bot.slack.blocks import elements
from bot.slack.blocks.window import looking, note, window
from bot.slack.call import Call, Window
from bot.slack.front import Front
from bot.slack.payloads import Behind
from bot.slack.register import ANYTHING
from bot.slack.windows import Windows
from bot.workspace.model import Message
from bot.workspace.server import Workspace
from bot.workspace.views import View
from tests.eventually import eventually
from tests.fronts import WITH_SHORTCUTS, a_front
from tests.workspaces import Clock, a_seed, a_workspace

NAME = {
    "type": "input",
    "block_id": "name",
    "label": {"type": "plain_text", "text": "Role"},
    "element": {"type": "plain_text_input", "action_id": "text"},
}


def check(call: Call) -> Mapping[str, str]:
    """Only alice is a name."""
    typed = call.body["view"]["state"]["values"]["name"]["text"]["value"]
    return {} if typed == "alice" else {"name": "That is no name."}


@dataclass
class Desktop:
    """A person's screen, and what the bot's listeners were called with."""

    workspace: Workspace
    parent: Message
    clock: Clock
    takes: timedelta = timedelta()
    """What a failing listener takes until it fails."""
    until_closed: bool = False
    """It fails when the person has closed the modal."""
    windows: list[Windows] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    @property
    def behind(self) -> Behind:
        return Behind(self.parent.channel, self.parent.ts, "about")

    def bind(self, app: AsyncApp, front: Front, windows: Windows) -> None:
        self.windows.append(windows)
        app.shortcut("look")(front.shortcut(self.open))
        app.shortcut("report")(front.shortcut(self.note))
        app.action("fail")(front.action(self.fail))
        app.action(ANYTHING)(front.unknown_action())
        app.view("form")(front.view(self.note, check))
        app.view("failing")(front.view(self.fail))
        app.view(ANYTHING)(front.unknown_view())

    async def open(self, call: Call, _: Standing) -> None:
        self.calls.append(call)
        await self.windows[0].open(call.trigger, self.form("form"))

    async def note(self, call: Call, _: Standing) -> None:
        self.calls.append(call)

    async def fail(self, call: Call, _: Standing) -> None:
        self.calls.append(call)
        self.clock.move(self.takes)
        if self.until_closed:
            await self.workspace.close_view("alice", self.top)
        raise UnknownServer("lab", ("class",))

    def form(self, callback_id: str) -> dict[str, object]:
        blocks = [NAME, elements.buttons(elements.button("Fail", "fail", "v"), elements.button("Old", "old", "v"))]
        return window("Role", blocks, self.behind, callback_id=callback_id, submit="Send")

    async def opened(self, callback_id: str) -> View:
        """A modal that stands open before alice."""
        trigger = self.workspace._interactions._triggers.issue(
            self.workspace.app(), self.workspace.state.find_user("alice")
        )
        assert await self.windows[0].open(trigger, self.form(callback_id))
        return self.top

    @property
    def top(self) -> View:
        return self.workspace.views("alice")[-1]

    async def told(self, who: str = "alice") -> Message:
        """The answer that this person alone sees in the thread."""
        found = await self.workspace.wait_for(
            lambda: [one for one in self.workspace.messages("general", who) if one.ephemeral]
        )
        return found[0]


@asynccontextmanager
async def a_desktop(url: str) -> AsyncIterator[Desktop]:
    clock = Clock()
    async with a_workspace(a_seed(manifest=WITH_SHORTCUTS), now=clock) as workspace:
        desktop = Desktop(workspace, workspace.say("bob", "general", "trouble"), clock)
        async with a_front(workspace, url, desktop.bind):
            yield desktop


async def test_a_modal_that_is_filled_in_wrongly_says_so_beside_the_field_and_does_nothing(
    migrated_sqlite_url: str,
) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        assert (await desktop.workspace.shortcut("alice", None, "look")).acknowledged
        view = await desktop.workspace.wait_for(lambda: desktop.workspace.views("alice"))

        await desktop.workspace.submit("alice", view[-1], {"name": "bob"})
        assert desktop.top.errors == {"name": "That is no name."}
        await desktop.workspace.submit("alice", desktop.top, {"name": "alice"})

        assert desktop.workspace.views("alice") == ()
        await eventually(lambda: len(desktop.calls) == 2)
        looked, sent = desktop.calls
        assert (looked.name, looked.place.channel) == ("look", "")
        assert (sent.name, sent.text, sent.window) == ("form", "about", None)
        assert (sent.place.channel, sent.place.thread) == (desktop.parent.channel, desktop.parent.ts)


async def test_what_fails_after_a_modal_is_sent_is_told_in_its_thread(migrated_sqlite_url: str) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        await desktop.workspace.submit("alice", await desktop.opened("failing"), {"name": "bob"})

        told = await desktop.told()

        assert "There is no server" in told.text
        assert told.thread_ts == desktop.parent.ts


async def test_what_fails_in_a_modal_is_told_on_top_of_it(migrated_sqlite_url: str) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        form = await desktop.opened("form")

        await desktop.workspace.click_view("alice", form, action_id="fail")

        await desktop.workspace.wait_for(lambda: len(desktop.workspace.views("alice")) == 2)
        assert "There is no server" in str(desktop.top.blocks)
        (call,) = desktop.calls
        assert (call.text, call.replaces) == ("v", False)
        await desktop.workspace.close_view("alice", desktop.top)
        assert desktop.top.id == form.id


async def test_what_fails_too_late_to_lie_on_a_modal_takes_its_place(migrated_sqlite_url: str) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        form = await desktop.opened("form")
        desktop.takes = timedelta(seconds=4)

        await desktop.workspace.click_view("alice", form, action_id="fail")

        await desktop.workspace.wait_for(lambda: "There is no server" in str(desktop.top.blocks))
        assert desktop.top.id == form.id


async def test_what_fails_in_a_modal_that_is_closed_meanwhile_is_told_in_its_thread(migrated_sqlite_url: str) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        form = await desktop.opened("form")
        desktop.until_closed = True

        await desktop.workspace.click_view("alice", form, action_id="fail")

        assert (await desktop.told()).thread_ts == desktop.parent.ts


@pytest.mark.parametrize("control", ["button", "modal"])
async def test_what_no_listener_knows_is_said_to_be_stale(migrated_sqlite_url: str, control: str) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        view = await desktop.opened("of another release")
        if control == "button":
            await desktop.workspace.click_view("alice", view, action_id="old")
            await desktop.workspace.wait_for(lambda: len(desktop.workspace.views("alice")) == 2)
            assert "not one I can read any more" in str(desktop.top.blocks)
        else:
            await desktop.workspace.submit("alice", view, {"name": "bob"})
            assert "not one I can read any more" in (await desktop.told()).text
        assert desktop.calls == []


async def test_a_shortcut_on_a_message_tells_which(migrated_sqlite_url: str) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        reply = desktop.workspace.say("bob", "general", "same", desktop.parent.ts)

        assert (await desktop.workspace.shortcut("alice", reply, "report")).acknowledged

        await eventually(lambda: desktop.calls)
        (call,) = desktop.calls
        assert (call.name, call.place.channel, call.place.thread) == ("report", reply.channel, desktop.parent.ts)
        assert call.body["message"]["ts"] == reply.ts


async def test_a_modal_is_brought_up_to_date_only_by_who_knows_it_as_it_is(migrated_sqlite_url: str) -> None:
    async with a_desktop(migrated_sqlite_url) as desktop:
        windows = desktop.windows[0]
        view = await desktop.opened("form")
        first = Window(view.id, view.hash)

        second = await windows.update(first, looking("Staff tools", desktop.behind))

        assert second is not None
        assert second.hash != first.hash
        assert await windows.update(first, desktop.form("form")) is None
        await desktop.workspace.close_view("alice", desktop.top)
        assert await windows.update(second, desktop.form("form")) is None
        assert await windows.open("1.2.none", note("Note", elements.short("x"), desktop.behind)) is None
