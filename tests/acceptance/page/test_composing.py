"""The message box: commands with their suggestions, and everything by keyboard."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.pages import Stage, box, log, message, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_slash_offers_the_commands_with_usage_and_description(stage: Stage) -> None:
    page = await stage.page("alice")
    await box(page).press_sequentially("/")
    options = page.get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(options.first).to_contain_text(re.compile(r"/ask.*what.*Ask.*helper", re.DOTALL))
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await box(page).press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await box(page).press("Tab")
    await expect(box(page)).to_have_value("/raw ")
    await expect(options).to_have_count(0)
    await expect(box(page)).to_be_focused()


async def test_enter_completes_a_started_command_and_sends_a_whole_one(stage: Stage) -> None:
    page = await stage.page("alice")
    await box(page).press_sequentially("/as")
    await box(page).press("Enter")
    await expect(box(page)).to_have_value("/ask ")
    assert stage.helper.commands == []
    await box(page).press_sequentially("5 of 5")
    await expect(box(page)).to_have_accessible_description(re.compile("/ask what"))
    await box(page).press("Enter")
    await expect(message(page, "Heard.")).to_be_visible()
    assert [command["text"] for command in stage.helper.commands] == ["5 of 5"]
    await say(page, "/ask")
    await stage.workspace.wait_for(lambda: len(stage.helper.commands) == 2)


async def test_escape_closes_the_suggestions_and_keeps_the_text(stage: Stage) -> None:
    page = await stage.page("alice")
    await box(page).press_sequentially("/a")
    await expect(page.get_by_role("option")).to_have_count(1)
    await box(page).press("Escape")
    await expect(page.get_by_role("option")).to_have_count(0)
    await expect(box(page)).to_have_value("/a")


async def test_an_at_sign_offers_people(stage: Stage) -> None:
    page = await stage.page("alice")
    await box(page).press_sequentially("Thanks @ca")
    await page.get_by_role("option", name=re.compile("@carol.*Carol Ng")).click()
    await expect(box(page)).to_have_value("Thanks @carol ")
    await box(page).press("Enter")
    await expect(message(page, "Thanks")).to_contain_text("@Carol Ng")


async def test_an_unknown_command_is_explained_to_its_writer_and_can_be_had_back(stage: Stage) -> None:
    page = await stage.page("alice")
    await say(page, "/conz alice")
    refused = message(page, "/conz is not a valid command")
    await expect(refused).to_contain_text("Only visible to you")
    await expect(refused).to_have_accessible_name(re.compile("^Slackbot, app, .*only visible to you$"))
    await expect(box(page)).to_have_value("")
    await box(page).press("ArrowUp")
    await expect(box(page)).to_have_value("/conz alice")


async def test_shift_and_enter_begin_a_new_line(stage: Stage) -> None:
    page = await stage.page("alice")
    await box(page).press_sequentially("one")
    await box(page).press("Shift+Enter")
    await box(page).press_sequentially("two")
    await box(page).press("Enter")
    await expect(message(page, "one")).to_contain_text(re.compile("one\ntwo"))
    assert stage.workspace.messages("general", "alice")[-1].text == "one\ntwo"


async def test_the_whole_story_can_be_played_by_keyboard(stage: Stage) -> None:
    """From alice to Bob, a command, its checkbox, its button, the dialog, without a mouse."""
    ask = {"type": "plain_text", "text": "Sure?"}
    stage.helper.answer = {
        "text": "Which?",
        "blocks": [
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "checkboxes",
                        "action_id": "which",
                        "options": [{"text": {"type": "plain_text", "text": "18240"}, "value": "18240"}],
                    },
                    {
                        "type": "button",
                        "action_id": "end",
                        "text": {"type": "plain_text", "text": "Terminate"},
                        "confirm": {
                            "title": ask,
                            "text": ask,
                            "confirm": ask,
                            "deny": {"type": "plain_text", "text": "No"},
                        },
                    },
                ],
            }
        ],
    }
    stage.helper.reactions["end"] = {"text": "Terminated.", "replace_original": True}
    page = await stage.page("alice")
    await tab_to(page, "input[type=radio]")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("radio", name="Bob Tanner TA")).to_be_checked()
    await tab_to(page, "textarea")
    await page.keyboard.type("/ask alice")
    await page.keyboard.press("Enter")
    await expect(message(page, "18240")).to_be_visible()
    await tab_to(page, "input[type=checkbox]", back=True)
    await page.keyboard.press("Space")
    await stage.acted()
    await tab_to(page, "article .button")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Sure?")).to_be_visible()
    await tab_to(page, "dialog button:last-child")
    await page.keyboard.press("Enter")
    await expect(message(page, "Terminated.")).to_be_visible()
    body = stage.helper.actions[-1]
    [held] = body["state"]["values"].values()
    assert [chosen["value"] for chosen in held["which"]["selected_options"]] == ["18240"]


async def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until what has the focus fits, and see that one can see where it is."""
    for _ in range(30):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            break
    else:
        pytest.fail(f"Tab never came to {selector}")
    ring = (
        "() => { const seen = (one) => { const style = getComputedStyle(one);"
        " return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; };"
        " const at = document.activeElement; return [at, at.parentElement].some(seen); }"
    )
    assert await page.evaluate(ring), f"nothing shows that {selector} has the focus"


async def test_the_messages_are_a_polite_log(stage: Stage) -> None:
    page = await stage.page("alice")
    await expect(log(page)).to_have_attribute("aria-live", "polite")
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("navigation", name="Channels and direct messages")).to_be_visible()
    await expect(page.get_by_role("complementary", name="People and channels")).to_be_visible()
