"""A workspace with an app in it, its page in a browser, and where things stand on that page."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from playwright.async_api import Locator, Page, expect
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.seed import Seed, make_id
from bot.workspace.server import Workspace
from tests.browser import PATIENCE_MS, Tabs
from tests.workspaces import a_bolt_app, a_client, a_workspace, true_time

expect.set_options(timeout=PATIENCE_MS)


class Helper:
    """An app that acknowledges everything, keeps what came, and answers what it was told to answer."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []
        self.submissions: list[dict[str, Any]] = []
        """Shortcuts, and modals that were submitted or closed."""
        self.submission: dict[str, Any] = {}
        """What a submission is acknowledged with."""
        self.answer: dict[str, Any] = {"text": "Heard."}
        """What `/ask` is answered with, to its person alone."""
        self.reactions: dict[str, dict[str, Any]] = {}
        """Action id → what is sent to the response_url."""
        self.awake = asyncio.Event()
        """While cleared, actions are not acknowledged."""
        self.awake.set()

    def register(self, app: AsyncApp) -> None:
        """Put the listeners on a Bolt app."""

        @app.command("/ask")
        async def ask(ack: Any, command: dict[str, Any], respond: Any) -> None:
            await ack()
            self.commands.append(command)
            await respond(**self.answer, response_type="ephemeral")

        @app.action(re.compile(".*"))
        async def act(ack: Any, body: dict[str, Any], respond: Any) -> None:
            self.actions.append(body)
            await self.awake.wait()
            await ack()
            reaction = self.reactions.get(body["actions"][0]["action_id"])
            if reaction is not None:
                await respond(**reaction)

        @app.shortcut(re.compile(".*"))
        @app.view_closed(re.compile(".*"))
        async def take(ack: Any, body: dict[str, Any]) -> None:
            self.submissions.append(body)
            await ack()

        @app.view_submission(re.compile(".*"))
        async def submit(ack: Any, body: dict[str, Any]) -> None:
            self.submissions.append(body)
            await ack(**self.submission)

        @app.event(re.compile("message|app_mention"))
        async def hear() -> None:
            pass


class Stage:
    """The workspace, its app, and pages of its people."""

    def __init__(self, workspace: Workspace, helper: Helper, tabs: Tabs) -> None:
        self.workspace = workspace
        self.helper = helper
        self.tabs = tabs
        self.client: AsyncWebClient = a_client(workspace)

    def channel(self, name: str = "general") -> str:
        """A channel's id."""
        return self.workspace.state.find_channel(name).id

    def address(self, person: str, channel: str = "general") -> str:
        """The page's address for this person in this channel."""
        return f"{self.workspace.url}?as={make_id('U', person)}#/{self.channel(channel)}"

    async def page(
        self,
        person: str,
        channel: str = "general",
        *,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        height: int = 900,
    ) -> Page:
        """The page, opened by this person, once it shows the channel."""
        page = await self.tabs.open(self.address(person, channel), width=width, height=height, scheme=scheme)
        await expect(log(page)).to_be_visible()
        await expect(page.get_by_text("Opening the workspace")).to_have_count(0)
        return page

    async def post(self, text: str, blocks: list[dict[str, Any]] | None = None, channel: str = "general") -> str:
        """Post as the app; the message's ts."""
        sent = await self.client.chat_postMessage(channel=self.channel(channel), text=text, blocks=blocks)
        return str(sent["ts"])

    async def whisper(self, person: str, text: str, blocks: list[dict[str, Any]] | None = None) -> None:
        """Post as the app, to one person alone."""
        user = make_id("U", person)
        await self.client.chat_postEphemeral(channel=self.channel(), user=user, text=text, blocks=blocks)

    async def acted(self, count: int = 1) -> dict[str, Any]:
        """The last of so many payloads, once they have come."""
        await self.workspace.wait_for(lambda: len(self.helper.actions) >= count)
        assert len(self.helper.actions) == count
        return self.helper.actions[-1]

    async def submitted(self, count: int = 1) -> dict[str, Any]:
        """The last of so many shortcuts and modals, once they have come."""
        await self.workspace.wait_for(lambda: len(self.helper.submissions) >= count)
        assert len(self.helper.submissions) == count
        return self.helper.submissions[-1]


def log(page: Page) -> Locator:
    """The channel's messages."""
    return page.get_by_role("log", name=re.compile("^Messages in (?!the thread)"))


def box(page: Page) -> Locator:
    """The channel's message box."""
    return page.get_by_role("textbox", name=re.compile("^Message "))


def message(page: Page, text: str) -> Locator:
    """The channel's message that holds this text."""
    return log(page).get_by_role("article").filter(has_text=text)


async def say(page: Page, text: str) -> None:
    """Type into the message box and send."""
    await box(page).fill(text)
    await box(page).press("Enter")


@asynccontextmanager
async def a_stage(
    tabs: Tabs, *, seed: Seed | None = None, connect: bool = True, within: float = 3.0
) -> AsyncIterator[Stage]:
    """A stage; without `connect` its app is away, and `within` is how long an acknowledgement may take."""
    helper = Helper()
    async with (
        a_workspace(seed, now=true_time, within=within) as workspace,
        a_bolt_app(workspace, helper.register, connect=connect),
    ):
        try:
            yield Stage(workspace, helper, tabs)
        finally:
            # Before the workspace goes, so that no page misses it.
            await tabs.close()
