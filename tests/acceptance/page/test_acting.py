"""What is clicked and chosen on the page arrives at the app, and what the app answers shows in place."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from bot.workspace.seed import make_id
from tests.browser import Tabs
from tests.pages import Stage, a_stage, message

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def option(value: str, text: str, description: str | None = None) -> Block:
    described = {} if description is None else {"description": plain(description)}
    return {"text": {"type": "mrkdwn", "text": text}, "value": value, **described}


def menu_option(value: str, text: str) -> Block:
    return {"text": plain(text), "value": value}


def button(action_id: str, text: str, **more: Any) -> Block:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


CONFIRM = {
    "title": plain("End 2 connections?"),
    "text": {"type": "mrkdwn", "text": "*18240* would lose uncommitted writes."},
    "confirm": plain("Terminate"),
    "deny": plain("Keep them"),
    "style": "danger",
}
LISTING: list[Block] = [
    {
        "type": "section",
        "block_id": "which",
        "text": {"type": "mrkdwn", "text": "*Which should end?*"},
        "accessory": {
            "type": "checkboxes",
            "action_id": "choose",
            "options": [
                option("18240", "*18240* pgAdmin", "open transaction"),
                option("18231", "*18231* psql"),
                option("18388", "*18388* DBeaver"),
            ],
            "initial_options": [option("18231", "*18231* psql")],
        },
    },
    {
        "type": "actions",
        "block_id": "buttons",
        "elements": [
            button("end", "Terminate chosen…", style="primary", value="opaque-1"),
            button("strays", "Terminate strays…", style="danger", value="opaque-2", confirm=CONFIRM),
            button("again", "Again", accessibility_label="Look again at alice"),
        ],
    },
]


def pressed(listing: Locator, name: str) -> Locator:
    return listing.get_by_role("button", name=name)


async def test_a_click_carries_its_ids_its_value_and_its_person(stage: Stage) -> None:
    ts = await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    await pressed(message(page, "Which should end?"), "Terminate chosen…").click()
    body = await stage.acted()
    [action] = body["actions"]
    assert (action["block_id"], action["action_id"], action["value"]) == ("buttons", "end", "opaque-1")
    assert body["user"]["id"] == make_id("U", "bob")
    assert (body["channel"]["id"], body["container"]["message_ts"]) == (stage.channel(), ts)


async def test_what_is_checked_arrives_with_the_checkbox_and_with_the_next_click(stage: Stage) -> None:
    await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    listing = message(page, "Which should end?")
    await expect(listing.get_by_role("checkbox", name="18231 psql")).to_be_checked()
    await listing.get_by_role("checkbox", name="18240 pgAdmin").check()
    body = await stage.acted()
    assert [chosen["value"] for chosen in body["actions"][0]["selected_options"]] == ["18240", "18231"]
    await listing.get_by_text("18231").click()
    await stage.acted(2)
    await pressed(listing, "Terminate chosen…").click()
    held = (await stage.acted(3))["state"]["values"]
    assert [chosen["value"] for chosen in held["which"]["choose"]["selected_options"]] == ["18240"]


async def test_nothing_checked_arrives_as_nothing_chosen(stage: Stage) -> None:
    await stage.whisper("bob", "Listing", LISTING)
    page = await stage.page("bob")
    listing = message(page, "Which should end?")
    await listing.get_by_role("checkbox", name="18231 psql").uncheck()
    await stage.acted()
    await pressed(listing, "Terminate chosen…").click()
    body = await stage.acted(2)
    assert body["state"]["values"]["which"]["choose"] == {"type": "checkboxes", "selected_options": []}
    assert body["container"]["is_ephemeral"] is True


async def test_checks_made_quickly_are_all_kept(stage: Stage) -> None:
    stage.helper.awake.clear()
    await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    listing = message(page, "Which should end?")
    await listing.get_by_role("checkbox", name="18240 pgAdmin").check()
    await listing.get_by_role("checkbox", name="18388 DBeaver").check()
    await stage.acted()
    stage.helper.awake.set()
    body = await stage.acted(2)
    assert [chosen["value"] for chosen in body["actions"][0]["selected_options"]] == ["18240", "18231", "18388"]


async def test_a_message_replaced_through_its_response_url_changes_where_it_stands(stage: Stage) -> None:
    stage.helper.reactions["end"] = {"text": "Terminated 18240.", "replace_original": True, "blocks": []}
    await stage.whisper("bob", "Listing", LISTING)
    await stage.post("Said later.")
    page = await stage.page("bob")
    first = page.get_by_role("article").first
    await pressed(first, "Terminate chosen…").click()
    await expect(first).to_contain_text("Terminated 18240.")
    await expect(first).to_contain_text("Only visible to you")
    await expect(page.get_by_role("article")).to_have_count(2)
    await expect(page.get_by_role("button", name="Terminate chosen…")).to_have_count(0)


async def test_a_message_deleted_through_its_response_url_goes(stage: Stage) -> None:
    stage.helper.reactions["again"] = {"delete_original": True}
    await stage.whisper("bob", "Listing", LISTING)
    page = await stage.page("bob")
    await pressed(message(page, "Which should end?"), "Look again at alice").click()
    await expect(page.get_by_role("article")).to_have_count(0)


async def test_a_button_that_asks_first_sends_only_what_was_confirmed(stage: Stage) -> None:
    await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    opener = pressed(message(page, "Which should end?"), "Terminate strays…")
    dialog = page.get_by_role("dialog", name="End 2 connections?")
    await opener.click()
    await expect(dialog).to_contain_text("18240 would lose uncommitted writes.")
    await dialog.get_by_role("button", name="Keep them").click()
    await expect(dialog).to_have_count(0)
    await opener.click()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(opener).to_be_focused()
    await opener.click()
    await dialog.get_by_role("button", name="Terminate", exact=True).click()
    assert (await stage.acted())["actions"][0]["value"] == "opaque-2"


async def test_a_button_is_deaf_until_it_is_answered(stage: Stage) -> None:
    stage.helper.awake.clear()
    await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    listing = message(page, "Which should end?")
    end = pressed(listing, "Terminate chosen…")
    await end.click()
    await stage.acted()
    await expect(end).to_be_disabled()
    await end.click(force=True)
    stage.helper.awake.set()
    await expect(end).to_be_enabled()
    # The actions of a message arrive in their order: had the second click been heard, it would be here before this one.
    await pressed(listing, "Look again at alice").click()
    assert (await stage.acted(2))["actions"][0]["action_id"] == "again"
    await end.click()
    assert (await stage.acted(3))["actions"][0]["action_id"] == "end"


async def test_the_same_click_in_ten_tabs_reaches_the_app_ten_times(stage: Stage) -> None:
    await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    others = [await page.context.new_page() for _ in range(9)]
    await asyncio.gather(*(other.goto(stage.address("bob")) for other in others))
    buttons = [pressed(message(tab, "Which should end?"), "Terminate chosen…") for tab in (page, *others)]
    await asyncio.gather(*(expect(one).to_be_visible() for one in buttons))
    await asyncio.gather(*(one.dispatch_event("click") for one in buttons))
    await stage.acted(10)


async def test_an_action_that_nobody_acknowledges_is_told_under_the_message(tabs: Tabs) -> None:
    async with a_stage(tabs, within=0.3) as stage:
        stage.helper.awake.clear()
        await stage.post("Listing", LISTING)
        page = await stage.page("bob")
        listing = message(page, "Which should end?")
        await pressed(listing, "Terminate chosen…").click()
        await expect(listing.get_by_role("alert")).to_contain_text("operation_timeout")
        stage.helper.awake.set()
        await pressed(listing, "Terminate chosen…").click()
        await expect(listing.get_by_role("alert")).to_have_count(0)


async def test_menus_radio_buttons_dates_and_texts_arrive(stage: Stage) -> None:
    several: list[Block] = [
        {
            "type": "actions",
            "block_id": "several",
            "elements": [
                {
                    "type": "static_select",
                    "action_id": "server",
                    "placeholder": plain("Server"),
                    "options": [menu_option("class", "class"), menu_option("exam", "exam")],
                },
                {
                    "type": "radio_buttons",
                    "action_id": "how",
                    "options": [option("one", "*one*"), option("all", "all")],
                },
                {"type": "users_select", "action_id": "who", "placeholder": plain("Who")},
                {"type": "datepicker", "action_id": "day", "placeholder": plain("Day")},
                {
                    "type": "overflow",
                    "action_id": "more",
                    "options": [menu_option("history", "History"), menu_option("copy", "Copy")],
                },
            ],
        }
    ]
    await stage.post("Several", several)
    page = await stage.page("bob")
    shown = page.get_by_role("article").first
    await shown.get_by_role("combobox", name="Server").select_option("exam")
    assert (await stage.acted())["actions"][0]["selected_option"]["value"] == "exam"
    await shown.get_by_role("radio", name="all").check()
    assert (await stage.acted(2))["actions"][0]["selected_option"]["value"] == "all"
    await shown.get_by_role("combobox", name="Who").select_option(label="Carol Ng")
    assert (await stage.acted(3))["actions"][0]["selected_user"] == make_id("U", "carol")
    await shown.get_by_label("Day").fill("2026-11-30")
    assert (await stage.acted(4))["actions"][0]["selected_date"] == "2026-11-30"
    await shown.get_by_role("button", name="More actions").press("Enter")
    await expect(page.get_by_role("menuitem", name="History")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    body = await stage.acted(5)
    assert body["actions"][0]["selected_option"]["value"] == "copy"
    held = body["state"]["values"]["several"]
    assert held["server"]["selected_option"]["value"] == "exam"
    assert held["how"]["selected_option"]["value"] == "all"
    assert held["who"]["selected_user"] == make_id("U", "carol")
    assert held["day"]["selected_date"] == "2026-11-30"


async def test_what_the_app_changes_is_chosen_anew_and_the_rest_stays(stage: Stage) -> None:
    ts = await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    listing = message(page, "Which should end?")
    await listing.get_by_role("checkbox", name="18240 pgAdmin").check()
    await stage.acted()
    await stage.client.chat_update(
        channel=stage.channel(), ts=ts, text="Listing", blocks=[*LISTING, {"type": "divider"}]
    )
    await expect(listing).to_contain_text("(edited)")
    await expect(listing.get_by_role("checkbox", name="18240 pgAdmin")).to_be_checked()
    fewer = LISTING[0] | {"accessory": LISTING[0]["accessory"] | {"options": LISTING[0]["accessory"]["options"][:2]}}
    await stage.client.chat_update(channel=stage.channel(), ts=ts, text="Listing", blocks=[fewer, LISTING[1]])
    await expect(listing.get_by_role("checkbox")).to_have_count(2)
    await expect(listing.get_by_role("checkbox", name="18240 pgAdmin")).not_to_be_checked()
    await expect(listing.get_by_role("checkbox", name="18231 psql")).to_be_checked()


async def test_each_control_has_a_name_and_a_description_of_its_own(stage: Stage) -> None:
    await stage.post("Listing", LISTING)
    page = await stage.page("bob")
    listing = message(page, "Which should end?")
    await expect(listing.get_by_role("group", name="Which should end?")).to_be_visible()
    described = listing.get_by_role("checkbox", name="18240 pgAdmin")
    await expect(described).to_have_accessible_description("open transaction")
    names = [
        await one.evaluate("one => one.ariaLabel ?? one.innerText") for one in await listing.get_by_role("button").all()
    ]
    assert len(set(names)) == len(names)
    assert "Look again at alice" in names
    assert any(re.match("Reply in thread to helper", name) for name in names)
