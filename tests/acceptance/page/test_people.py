"""Who sees what: three people, their channels and threads, and what only one of them is shown."""

import re

import pytest
from playwright.async_api import Page, expect

from bot.workspace.seed import make_id
from tests.browser import Tabs
from tests.pages import Stage, a_stage, box, log, message, say
from tests.workspaces import a_bolt_app

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def become(page: Page, name: str) -> None:
    await page.get_by_role("radio", name=re.compile(name)).check()


async def test_one_switches_between_three_people_who_see_their_own_channels(stage: Stage) -> None:
    page = await stage.page("alice")
    people = page.get_by_role("group", name="You are").get_by_role("radio")
    await expect(people).to_have_count(3)
    await expect(page.get_by_role("radio", name="Alice Liddell student")).to_be_checked()
    await expect(page.get_by_role("button", name="staff")).to_have_count(0)
    await become(page, "Bob Tanner")
    await expect(box(page)).to_have_attribute("aria-label", "Message #general as bob")
    await page.get_by_role("button", name="staff").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("#staff")


async def test_the_address_remembers_who_and_where(stage: Stage) -> None:
    page = await stage.page("alice")
    await become(page, "Carol Ng")
    await page.get_by_role("button", name="secret").click()
    await expect(box(page)).to_have_attribute("aria-label", "Message #secret as carol")
    await page.reload()
    await expect(box(page)).to_have_attribute("aria-label", "Message #secret as carol")


async def test_what_only_you_can_see_says_so_and_is_seen_by_nobody_else(stage: Stage) -> None:
    page = await stage.page("bob")
    await say(page, "/ask about alice")
    heard = message(page, "Heard.")
    await expect(heard).to_contain_text("Only visible to you")
    assert stage.helper.commands[0]["user_id"] == make_id("U", "bob")
    assert stage.helper.commands[0]["text"] == "about alice"
    await stage.post("Said to all.")
    await become(page, "Alice Liddell")
    await expect(message(page, "Said to all.")).not_to_contain_text("Only visible to you")
    await expect(message(page, "Heard.")).to_have_count(0)
    await become(page, "Bob Tanner")
    await expect(heard).to_be_visible()
    await page.reload()
    await expect(heard).to_be_visible()


async def test_people_talk_to_each_other(stage: Stage) -> None:
    alice, bob = await stage.page("alice"), await stage.page("bob")
    await say(alice, "Help, @bob: <b>5</b> & counting")
    heard = message(bob, "counting")
    await expect(heard).to_contain_text("Help, @Bob Tanner: <b>5</b> & counting")
    await expect(heard).to_have_accessible_name(re.compile("^Alice Liddell, "))


async def test_news_elsewhere_is_counted_beside_channels_and_people(stage: Stage) -> None:
    page = await stage.page("alice", "random")
    await stage.post("one")
    await stage.post("two")
    await expect(page.get_by_role("button", name=re.compile("general"))).to_contain_text("2 new")
    await expect(page.get_by_text("Carol Ng").locator("xpath=ancestor::label")).to_contain_text("2 new")
    await page.get_by_role("button", name=re.compile("general")).click()
    await expect(page.get_by_role("button", name=re.compile("general"))).not_to_contain_text("new")


async def test_an_app_writes_to_one_person_directly(stage: Stage) -> None:
    page = await stage.page("alice")
    await stage.client.chat_postMessage(channel=make_id("U", "alice"), text="Between us.")
    direct = page.get_by_role("button", name=re.compile("helper"))
    await expect(direct).to_contain_text("1 new")
    await direct.click()
    await expect(message(page, "Between us.")).to_have_accessible_name(re.compile("^helper, app, "))


async def test_a_thread_opens_beside_the_channel_and_takes_replies(stage: Stage) -> None:
    root = await stage.post("Who can help?")
    page = await stage.page("alice")
    await message(page, "Who can help?").hover()
    await message(page, "Who can help?").get_by_role("button", name=re.compile("^Reply in thread")).click()
    thread = page.get_by_role("region", name="Thread")
    reply = thread.get_by_role("textbox", name="Reply as alice")
    await expect(reply).to_be_focused()
    await reply.fill("I can.")
    await reply.press("Enter")
    await expect(thread.get_by_role("article").filter(has_text="I can.")).to_be_visible()
    await expect(message(page, "I can.")).to_have_count(0)
    await expect(message(page, "Who can help?").get_by_role("button", name="1 reply")).to_be_visible()
    await stage.client.chat_postMessage(channel=stage.channel(), thread_ts=root, text="So can I.")
    await expect(thread.get_by_role("article")).to_have_count(3)
    await reply.press("Escape")
    await expect(thread).to_have_count(0)
    await message(page, "Who can help?").get_by_role("button", name="2 replies").click()
    await expect(thread.get_by_role("article")).to_have_count(3)


async def test_a_command_in_a_thread_is_refused_to_its_writer_alone(stage: Stage) -> None:
    await stage.post("Root")
    page = await stage.page("alice")
    await message(page, "Root").hover()
    await message(page, "Root").get_by_role("button", name=re.compile("^Reply in thread")).click()
    thread = page.get_by_role("region", name="Thread")
    await thread.get_by_role("textbox").fill("/ask here")
    await thread.get_by_role("textbox").press("Enter")
    refused = thread.get_by_role("article").filter(has_text="/ask cannot be used in a thread")
    await expect(refused).to_contain_text("Only visible to you")
    assert stage.helper.commands == []


async def test_a_permalink_leads_to_its_message(stage: Stage) -> None:
    sought = await stage.post("The first of many")
    for number in range(30):
        await stage.post(f"Number {number}\nand\nmore")
    link = (await stage.client.chat_getPermalink(channel=stage.channel(), message_ts=sought))["permalink"]
    page = await stage.tabs.open(str(link))
    await expect(message(page, "The first of many")).to_be_focused()
    await expect(message(page, "The first of many")).to_be_in_viewport()


async def test_reading_further_up_is_not_disturbed_by_news(stage: Stage) -> None:
    for number in range(30):
        await stage.post(f"Number {number}\nand\nmore")
    page = await stage.page("alice")
    await expect(message(page, "Number 29")).to_be_in_viewport()
    await log(page).evaluate("area => area.scrollTo({ top: 0 })")
    await expect(message(page, "Number 0")).to_be_in_viewport()
    await stage.post("Newest")
    await page.get_by_role("button", name="New messages below").click()
    await expect(message(page, "Newest")).to_be_in_viewport()


async def test_a_banner_says_while_the_app_is_away(tabs: Tabs) -> None:
    async with a_stage(tabs, connect=False) as stage:
        page = await stage.page("alice")
        banner = page.get_by_role("status").filter(has_text="helper is not connected")
        await expect(banner).to_be_visible()
        await say(page, "/ask anybody")
        await expect(message(page, "/ask failed with the error")).to_contain_text("Only visible to you")
        async with a_bolt_app(stage.workspace, stage.helper.register):
            await expect(banner).to_have_count(0)
        await expect(banner).to_be_visible()


async def test_the_page_comes_back_when_the_workspace_does(tabs: Tabs) -> None:
    async with a_stage(tabs) as stage:
        page = await stage.page("alice")
        await stage.post("Before")
        await expect(message(page, "Before")).to_be_visible()
        port = int(stage.workspace.url.rsplit(":", 1)[1].strip("/"))
        await stage.workspace.close()
        await expect(page.get_by_text("The workspace is not answering")).to_be_visible()
        await say(page, "Anybody?")
        await expect(box(page)).to_have_value("Anybody?")
        await stage.workspace.start(port=port)
        await expect(page.get_by_text("The workspace is not answering")).to_have_count(0)
        await box(page).press("Enter")
        await expect(message(page, "Anybody?").last).not_to_contain_text("Only visible to you")
    # The page tried while nobody listened, and said so in the console.
    tabs.faults = [fault for fault in tabs.faults if "ERR_CONNECTION_REFUSED" not in fault]
