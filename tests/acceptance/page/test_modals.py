"""Modals and shortcuts on the page, and what people do to messages there."""

import base64
import re
from typing import Any

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.browser import Tabs
from tests.pages import Stage, a_stage, box, log, message
from tests.workspaces import MANIFEST, a_seed

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Json = dict[str, Any]
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def choice(value: str) -> Json:
    return {"text": plain(value), "value": value}


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Report trouble"),
    "submit": plain("Report"),
    "notify_on_close": True,
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Which role is *full*?"}},
        field("role", "Role", {"type": "static_select", "action_id": "a", "options": [choice("alice"), choice("bob")]}),
        field("why", "What does it say?", {"type": "plain_text_input", "action_id": "a", "multiline": True}),
        field(
            "also",
            "Also",
            {"type": "checkboxes", "action_id": "a", "options": [choice("Tell me"), choice("Tell staff")]},
            optional=True,
        ),
        field("who", "Whose?", {"type": "users_select", "action_id": "a"}, optional=True),
        field("day", "Since", {"type": "datepicker", "action_id": "a"}, optional=True),
    ],
}
SHORTCUTS = [
    {"name": "Report connection trouble", "type": "message", "callback_id": "report"},
    {"name": "My connections", "type": "global", "callback_id": "look"},
]


def ask(stage: Stage, who: str, view: Json = FORM) -> Any:
    """Open a modal before a person, as the app."""
    workspace = stage.workspace
    trigger = workspace.triggers.issue(workspace.app(), workspace.state.find_user(who))
    return stage.client.views_open(trigger_id=trigger, view=view)


async def menu(page: Page, text: str) -> Locator:
    """The open menu of a message."""
    shown = message(page, text)
    await shown.hover()
    await shown.get_by_role("button", name="Message menu").click()
    return page.get_by_role("menu")


async def test_a_modal_is_filled_in_and_submitted(stage: Stage) -> None:
    page = await stage.page("bob")
    await ask(stage, "bob")
    dialog = page.get_by_role("dialog", name="Report trouble")
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_role("combobox", name="Role")).to_be_focused()
    await dialog.get_by_role("combobox", name="Role").select_option(label="bob")
    await dialog.get_by_role("textbox", name="What does it say?").fill("too many connections")
    await dialog.get_by_role("checkbox", name="Tell staff").check()
    await dialog.get_by_role("combobox", name="Whose?").select_option(label="Carol Ng")
    await dialog.get_by_role("button", name="Report").click()
    await expect(dialog).to_have_count(0)
    body = await stage.submitted()
    assert (body["type"], body["user"]["name"]) == ("view_submission", "bob")
    held = body["view"]["state"]["values"]
    assert held["role"]["a"]["selected_option"]["value"] == "bob"
    assert held["why"]["a"]["value"] == "too many connections"
    assert [each["value"] for each in held["also"]["a"]["selected_options"]] == ["Tell staff"]
    assert held["who"]["a"]["selected_user"] == "U0CAROL000"
    assert held["day"]["a"]["selected_date"] is None


async def test_faults_stand_beside_their_fields_and_take_the_focus(stage: Stage) -> None:
    stage.helper.submission = {"response_action": "errors", "errors": {"why": "Paste the error itself."}}
    page = await stage.page("bob")
    await ask(stage, "bob")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="Role").select_option(label="bob")
    await dialog.get_by_role("button", name="Report").click()
    text = dialog.get_by_role("textbox", name="What does it say?")
    await expect(dialog.get_by_text("Please complete this required field.")).to_be_visible()
    await expect(text).to_be_focused()
    await text.fill("help")
    await dialog.get_by_role("button", name="Report").click()
    await expect(dialog.get_by_text("Paste the error itself.")).to_be_visible()
    await expect(text).to_have_value("help")
    stage.helper.submission = {}
    await dialog.get_by_role("button", name="Report").click()
    await expect(dialog).to_have_count(0)


async def test_escape_closes_a_modal_and_the_app_is_told(stage: Stage) -> None:
    page = await stage.page("bob")
    await box(page).focus()
    await ask(stage, "bob")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (await stage.submitted())["type"] == "view_closed"
    await expect(box(page)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_modal_fits_a_phone_and_is_accessible(stage: Stage, axe: str, scheme: Any) -> None:
    page = await stage.page("bob", width=390, height=740, scheme=scheme)
    await ask(stage, "bob")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Report").click()
    await expect(dialog.get_by_text("Please complete this required field.").first).to_be_visible()
    assert await page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    assert await dialog.evaluate("area => area.scrollWidth <= area.clientWidth")
    await page.evaluate(axe)
    found = await page.evaluate("() => axe.run(document.querySelector('dialog[open]'))")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


async def test_shortcuts_stand_in_a_messages_menu_also_in_a_thread_and_beside_the_box(tabs: Tabs) -> None:
    seed = a_seed(manifest={"features": MANIFEST["features"] | {"shortcuts": SHORTCUTS}})
    async with a_stage(tabs, seed=seed) as stage:
        parent = stage.workspace.say("alice", "general", "it is full")
        stage.workspace.say("bob", "general", "same here", thread_ts=parent.ts)
        page = await stage.page("bob")
        await (await menu(page, "it is full")).get_by_role("menuitem", name="Report connection trouble").click()
        assert (await stage.submitted())["message"]["text"] == "it is full"
        await page.get_by_role("button", name="1 reply").click()
        reply = page.get_by_role("region", name="Thread").get_by_role("article").filter(has_text="same here")
        await reply.hover()
        await reply.get_by_role("button", name="Message menu").click()
        await page.get_by_role("menuitem", name="Report connection trouble").click()
        assert (await stage.submitted(2))["message"]["thread_ts"] == parent.ts
        await page.get_by_role("button", name="Shortcuts").first.click()
        await page.get_by_role("menuitem", name="My connections").click()
        assert (await stage.submitted(3))["type"] == "shortcut"


async def test_the_menu_of_the_last_message_is_seen_whole(stage: Stage) -> None:
    for number in range(20):
        stage.workspace.say("bob" if number % 2 else "alice", "general", f"line {number:02}")
    page = await stage.page("bob", height=600)
    opened = await menu(page, "line 19")
    shown, area = await opened.bounding_box(), await log(page).bounding_box()
    assert shown is not None
    assert area is not None
    assert area["y"] <= shown["y"]
    assert shown["y"] + shown["height"] <= area["y"] + area["height"]


async def test_a_person_edits_and_deletes_what_they_said(stage: Stage) -> None:
    stage.workspace.say("bob", "general", "a <tag> for @alice at db.example.edu")
    stage.workspace.say("alice", "general", "hers")
    page = await stage.page("bob")
    await expect((await menu(page, "hers")).get_by_role("menuitem", name="Edit message")).to_have_count(0)
    await page.keyboard.press("Escape")
    await (await menu(page, "a <tag>")).get_by_role("menuitem", name="Edit message").click()
    editing = page.get_by_role("textbox", name="Edit message")
    await expect(editing).to_be_focused()
    await expect(editing).to_have_value("a <tag> for @alice at db.example.edu")
    await editing.fill("a changed tag")
    await editing.press("Enter")
    await expect(message(page, "a changed tag")).to_contain_text("(edited)")
    await (await menu(page, "a changed tag")).get_by_role("menuitem", name="Delete message").click()
    await page.get_by_role("dialog", name="Delete message").get_by_role("button", name="Delete").click()
    await expect(message(page, "a changed tag")).to_have_count(0)


async def test_a_person_reacts_and_takes_it_back(stage: Stage) -> None:
    stage.workspace.say("alice", "general", "down again")
    page = await stage.page("bob")
    await (await menu(page, "down again")).get_by_role("menuitem", name="React with 👀").click()
    given = message(page, "down again").get_by_role("list", name="Reactions").get_by_role("button")
    await expect(given).to_have_attribute("aria-pressed", "true")
    await given.click()
    await expect(given).to_have_count(0)


async def test_a_picture_is_uploaded_with_the_words_in_the_box_and_shown(stage: Stage) -> None:
    page = await stage.page("bob")
    await box(page).fill("what is this?")
    picture: FilePayload = {"name": "error.png", "mimeType": "image/png", "buffer": PICTURE}
    await page.get_by_label("Picture", exact=True).set_input_files(picture)
    shown = message(page, "what is this?").get_by_role("img", name="error.png")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("image => image.naturalWidth") == 1
    await expect(box(page)).to_have_value("")


async def test_a_reply_can_be_shown_in_the_channel_too(stage: Stage) -> None:
    stage.workspace.say("alice", "general", "parent")
    page = await stage.page("bob")
    await message(page, "parent").hover()
    await page.get_by_role("button", name=re.compile("^Reply in thread")).click()
    thread = page.get_by_role("region", name="Thread")
    await thread.get_by_role("checkbox", name="Also send to #general").check()
    await thread.get_by_role("textbox").fill("for all")
    await thread.get_by_role("textbox").press("Enter")
    await expect(log(page).get_by_role("article").filter(has_text="for all")).to_have_count(1)
    await expect(thread.get_by_role("checkbox", name="Also send to #general")).not_to_be_checked()


async def test_a_file_is_chosen_taken_out_and_handed_in(stage: Stage) -> None:
    field_of_files: Json = {"type": "file_input", "action_id": "a", "filetypes": ["csv"], "max_files": 1}
    form = FORM | {"blocks": [field("roster", "Class list", field_of_files)]}
    page = await stage.page("bob")
    await ask(stage, "bob", form)
    dialog = page.get_by_role("dialog")
    chooser = dialog.get_by_label("Class list")
    roster = FilePayload(name="roster.csv", mimeType="text/csv", buffer=b"email,role\n")
    await chooser.set_input_files(roster)
    await expect(dialog.get_by_role("list", name="Chosen files")).to_contain_text("roster.csv")
    await dialog.get_by_role("button", name="Remove roster.csv").click()
    await expect(dialog.get_by_role("list", name="Chosen files")).to_have_count(0)
    await dialog.get_by_role("button", name="Report", exact=True).click()
    await expect(dialog).to_contain_text("Please complete this required field.")
    await chooser.set_input_files(roster)
    await expect(dialog.get_by_role("list", name="Chosen files")).to_contain_text("roster.csv")
    await dialog.get_by_role("button", name="Report", exact=True).click()
    body = await stage.submitted()
    [file] = body["view"]["state"]["values"]["roster"]["a"]["files"]
    assert (file["name"], file["mimetype"], file["size"]) == ("roster.csv", "text/csv", 11)


async def test_a_file_that_is_no_picture_is_kept_by_a_click(stage: Stage) -> None:
    await stage.client.files_upload_v2(content=b"a,b\n", filename="week.csv", channel=stage.channel())
    page = await stage.page("bob")
    async with page.expect_download() as downloading:
        await log(page).get_by_role("link", name="week.csv").click()
    assert (await downloading.value).suggested_filename == "week.csv"
