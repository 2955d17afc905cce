"""The page on a phone, in the dark, without a network, and for whoever does not see it."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.pages import Stage, box, log, message

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
PHONE = 360
TALL = 2400
"""So high that nothing is hidden by scrolling."""


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(action_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


COLUMNS = ("PID", "Application", "Client", "Connected", "Last query", "State")
SESSIONS = tuple(
    (
        str(18231 + number),
        f"pgAdmin 4 - CONN:{number}",
        "10.1.4.20",
        "today at 9:02 PM",
        "41 min ago",
        "idle in transaction",
    )
    for number in range(5)
)
LISTING: list[dict[str, Any]] = [
    {"type": "header", "text": plain("alice: 5 of 5 connections")},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*5 of 5*: <@U0ALICE000> cannot open another. `role limit`, <!here>"},
    },
    {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in (COLUMNS, *SESSIONS)]},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "Which should end? See <https://example.edu|the page>."},
        "accessory": {
            "type": "checkboxes",
            "action_id": "choose",
            "options": [
                {"text": plain(row[0]), "value": row[0], "description": plain("stray: not the newest")}
                for row in SESSIONS
            ],
        },
    },
    {
        "type": "actions",
        "elements": [
            button("end", "Terminate chosen…", style="primary"),
            button(
                "strays",
                "Terminate strays…",
                style="danger",
                confirm={
                    "title": plain("Sure?"),
                    "text": plain("Two end."),
                    "confirm": plain("Yes"),
                    "deny": plain("No"),
                },
            ),
            button("again", "Look again"),
            {
                "type": "static_select",
                "action_id": "on",
                "placeholder": plain("Another server"),
                "options": [{"text": plain("class"), "value": "class"}],
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": plain("History"), "value": "h"}, {"text": plain("Copy"), "value": "c"}],
            },
        ],
    },
    {"type": "divider"},
    {
        "type": "section",
        "fields": [{"type": "mrkdwn", "text": "*Server*\nclass"}, {"type": "mrkdwn", "text": "*Limit*\n5"}],
    },
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_preformatted",
                "elements": [{"type": "text", "text": "FATAL:  too many connections for role"}],
            },
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "slots are reserved"}]},
        ],
    },
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "Lapses in 2 minutes."}]},
]


async def furnished(stage: Stage, *, width: int, scheme: Literal["light", "dark"], height: int = TALL) -> Page:
    """The page with one of everything on it."""
    asked = stage.workspace.say("alice", "general", "I get `FATAL: too many connections`. Help, @bob?")
    stage.workspace.say("alice", "general", "It worked yesterday.")
    stage.workspace.say("carol", "general", "Looking.", thread_ts=asked.ts)
    await stage.client.reactions_add(channel=stage.channel(), timestamp=asked.ts, name="eyes")
    await stage.whisper("bob", "Listing", LISTING)
    await stage.post("News elsewhere", channel="staff")
    page = await stage.page("bob", width=width, height=height, scheme=scheme)
    await expect(message(page, "5 of 5 connections")).to_be_visible()
    return page


async def open_menu(page: Page) -> None:
    await page.get_by_role("button", name="Channels and people").click()
    await expect(page.get_by_role("radio").first).to_be_visible()


async def offer_commands(page: Page) -> None:
    await box(page).fill("/")
    await expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()


async def open_thread(page: Page) -> None:
    await page.get_by_role("button", name="1 reply").click()
    await expect(page.get_by_role("region", name="Thread")).to_be_visible()


async def ask_first(page: Page) -> None:
    await page.get_by_role("button", name="Terminate strays…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def open_overflow(page: Page) -> None:
    await page.get_by_role("button", name="More actions").click()
    await expect(page.get_by_role("menu")).to_be_visible()


SITUATIONS = (offer_commands, ask_first, open_overflow, open_thread)


async def test_a_phone_shows_everything_without_scrolling_sideways(stage: Stage) -> None:
    page = await furnished(stage, width=PHONE, scheme="light", height=740)
    fits = "() => document.documentElement.scrollWidth <= window.innerWidth"
    listing = message(page, "5 of 5 connections")
    assert await page.evaluate(fits)
    assert await log(page).evaluate("area => area.scrollWidth <= area.clientWidth")
    # The table is wider than the phone, and scrolls in its own box.
    assert await listing.get_by_role("group", name="Table").evaluate("area => area.scrollWidth > area.clientWidth")
    await expect(page.get_by_role("radio").first).to_be_hidden()
    await open_menu(page)
    assert await page.evaluate(fits)
    await page.get_by_role("button", name="staff").click()
    await expect(message(page, "News elsewhere")).to_be_visible()
    await expect(page.get_by_role("radio").first).to_be_hidden()
    await open_menu(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Channels and people")).to_be_focused()
    await open_menu(page)
    await page.get_by_role("button", name="general").click()
    for situation in SITUATIONS[1:]:
        await situation(page)
        assert await page.evaluate(fits), situation.__name__
        await page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_what_is_behind_it(stage: Stage, scheme: Literal["light", "dark"]) -> None:
    page = await furnished(stage, width=1280, scheme=scheme)
    assert await page.evaluate("() => document.documentElement.dataset.theme") == scheme
    assert await page.evaluate(CONTRAST) == []
    for situation in SITUATIONS:
        await situation(page)
        assert await page.evaluate(CONTRAST) == [], situation.__name__
        await page.keyboard.press("Escape")


async def test_the_colours_can_be_turned_and_stay_so(stage: Stage) -> None:
    page = await stage.page("bob")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    await page.get_by_role("button", name="Use dark colours").click()
    await expect(page.get_by_role("button", name="Use light colours")).to_be_visible()
    dark = await page.evaluate(ground)
    assert dark != light
    await page.reload()
    await expect(page.get_by_role("button", name="Use light colours")).to_be_visible()
    assert await page.evaluate(ground) == dark


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (PHONE, "dark")])
async def test_axe_finds_nothing_wrong(stage: Stage, axe: str, width: int, scheme: Literal["light", "dark"]) -> None:
    page = await furnished(stage, width=width, scheme=scheme)
    if width == PHONE:
        await open_menu(page)
        assert await wrong(page, axe) == []
        await page.keyboard.press("Escape")
    assert await wrong(page, axe) == []
    for situation in SITUATIONS:
        await situation(page)
        assert await wrong(page, axe) == [], situation.__name__
        await page.keyboard.press("Escape")


async def wrong(page: Page, axe: str) -> list[str]:
    """What axe has against the page as it stands."""
    await page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found: list[str] = await page.evaluate(
        "async (tags) => (await axe.run(document, { runOnly: tags })).violations"
        ".flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)}`))",
        tags,
    )
    return found


async def test_a_picture_from_outside_is_not_fetched_and_its_words_stand_for_it(stage: Stage) -> None:
    page = await stage.page("bob")
    await stage.post("Picture", [{"type": "image", "image_url": "https://example.edu/a.png", "alt_text": "A chart"}])
    picture = page.get_by_role("img", name="A chart")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("picture => picture.complete && picture.naturalWidth === 0")
    refused = [fault for fault in stage.tabs.faults if "Content Security Policy" in fault]
    assert len(refused) == 1
    stage.tabs.faults.clear()
