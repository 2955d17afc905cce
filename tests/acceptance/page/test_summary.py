"""The week as it is seen: both charts drawn, in either scheme, and on a phone without scrolling sideways."""

from typing import Literal

import pytest
from playwright.async_api import expect

from bot.slack.blocks import summary
from bot.summaries.told import tell
from tests.pages import Stage, message
from tests.weeks import NOW, ZONE, busy

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
async def test_the_week_is_drawn_whole(stage: Stage, width: int, scheme: Literal["light", "dark"]) -> None:
    told = summary.render(tell(busy()), zone=ZONE, now=NOW)
    await stage.post(told.text, [*told.blocks])
    page = await stage.page("carol", width=width, scheme=scheme)
    week = message(page, "Week 2026-W47 on class: 5 incidents").last

    for title in ("Incidents by cause", "Connections that idle, by program"):
        await expect(week.get_by_text(title)).to_be_visible()
    await expect(week.get_by_role("button", name="Show the roles")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert stage.tabs.faults == []
