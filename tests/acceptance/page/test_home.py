"""An app's Home tab on the page."""

from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.workspace.seed import make_id
from tests.acceptance.page.test_looks import PHONE, wrong
from tests.browser import Tabs
from tests.pages import Stage, a_stage, log
from tests.workspaces import MANIFEST, a_seed

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def home(words: str) -> Json:
    """A Home tab that says so, with a button."""
    button = {"type": "button", "action_id": "close", "text": plain("Close one"), "value": "4711"}
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": plain("My connections")},
            {"type": "section", "text": {"type": "mrkdwn", "text": words}, "accessory": button},
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "Up to date at 23:44"}]},
        ],
    }


@pytest_asyncio.fixture(loop_scope="session")
async def stage(tabs: Tabs) -> AsyncIterator[Stage]:
    """A stage whose app has a Home tab."""
    features = MANIFEST["features"] | {"app_home": {"home_tab_enabled": True, "messages_tab_enabled": True}}
    async with a_stage(tabs, seed=a_seed(manifest={"features": features})) as ready:
        yield ready
        assert ready.workspace.complaints == []


async def at_home(stage: Stage, who: str, **how: Any) -> Page:
    """The Home tab, opened by this person."""
    channel = stage.workspace.dm(who)
    page = await stage.tabs.open(f"{stage.workspace.url}?as={make_id('U', who)}#/{channel}", **how)
    await page.get_by_role("tab", name="Home").click()
    await expect(page.get_by_role("tabpanel")).to_be_visible()
    return page


async def test_the_tab_is_empty_until_the_app_says_something_and_shows_each_news_at_once(stage: Stage) -> None:
    page = await at_home(stage, "alice")
    panel = page.get_by_role("tabpanel")
    await expect(panel).to_contain_text("helper has put nothing here yet.")
    await stage.client.views_publish(user_id=make_id("U", "alice"), view=home("*alice*: 5 of 5"))
    await expect(panel.get_by_role("heading", name="My connections")).to_be_visible()
    await stage.client.views_publish(user_id=make_id("U", "alice"), view=home("*alice*: 4 of 5"))
    await expect(panel).to_contain_text("4 of 5")
    await expect(panel).not_to_contain_text("5 of 5")


async def test_a_click_reaches_the_app(stage: Stage) -> None:
    await stage.client.views_publish(user_id=make_id("U", "alice"), view=home("one"))
    page = await at_home(stage, "alice")
    await page.get_by_role("button", name="Close one").click()
    body = await stage.acted()
    assert (body["view"]["type"], body["actions"][0]["value"]) == ("home", "4711")


async def test_the_messages_are_the_other_tab_and_arrows_lead_there(stage: Stage) -> None:
    page = await at_home(stage, "alice")
    await page.get_by_role("tab", name="Home").press("ArrowRight")
    await expect(log(page)).to_be_visible()
    await expect(page.get_by_role("tab", name="Messages")).to_be_focused()
    await expect(page.get_by_role("tabpanel")).to_have_count(0)


async def test_channels_have_no_tabs(stage: Stage) -> None:
    page = await stage.page("alice")
    await expect(page.get_by_role("tab")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, PHONE])
async def test_axe_finds_nothing_wrong(stage: Stage, axe: str, width: int, scheme: Literal["light", "dark"]) -> None:
    await stage.client.views_publish(user_id=make_id("U", "alice"), view=home("`" + "x" * 200 + "` and so on"))
    page = await at_home(stage, "alice", width=width, scheme=scheme)
    assert await wrong(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
