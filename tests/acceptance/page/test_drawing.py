"""Texts and blocks are drawn as Slack draws them; nothing in them does anything but stand there."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from bot.workspace.seed import Person, make_id
from tests.browser import Tabs
from tests.pages import Stage, a_stage, log, message
from tests.workspaces import a_seed

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ALICE = make_id("U", "alice")
NOON = 1_764_090_000  # 25 November 2025, 17:00 UTC: noon in New York


def section(text: str, kind: str = "mrkdwn", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": kind, "text": text, **more}}


async def html(drawn: Locator) -> str:
    """What is drawn, as tags that mean something and text."""
    return str(
        await drawn.evaluate(
            """block => {
              const read = (node) => {
                if (node.nodeType === Node.TEXT_NODE) return node.data;
                const inner = [...node.childNodes].map(read).join("");
                const has = (name) => node.classList.contains(name);
                const style = getComputedStyle(node);
                if (node.tagName === "A") return `[a ${node.getAttribute("href")}]${inner}[/a]`;
                if (has("mention-all")) return `[all]${inner}[/all]`;
                if (has("mention")) return `[mention]${inner}[/mention]`;
                if (has("slack_inline_code")) return `[code]${inner}[/code]`;
                if (node.tagName === "PRE") return `[pre]${inner}[/pre]`;
                if (node.tagName === "BLOCKQUOTE") return `[quote]${inner}[/quote]`;
                if (node.tagName === "TIME") return `[time]${inner}[/time]`;
                if (node.tagName === "SPAN" && Number(style.fontWeight) >= 600) return `[b]${inner}[/b]`;
                if (node.tagName === "SPAN" && style.fontStyle === "italic") return `[i]${inner}[/i]`;
                if (node.tagName === "SPAN" && style.textDecorationLine === "line-through") return `[s]${inner}[/s]`;
                return inner;
              };
              return read(block);
            }"""
        )
    )


MRKDWN = {
    "*bold* _italic_ ~struck~ `code`": "[b]bold[/b] [i]italic[/i] [s]struck[/s] [code]code[/code]",
    "*`*code*` in bold*": "[code]*code*[/code][b] in bold[/b]",
    "snake_case_name and 2*3*4 and a~b": "snake_case_name and 2*3*4 and a~b",
    "*not closed, _neither": "*not closed, _neither",
    "&lt;!channel&gt; &amp;amp; &lt;@U0ALICE000&gt;": "<!channel> &amp; <@U0ALICE000>",
    "<!channel> and <!here>": "[all]@channel[/all] and [all]@here[/all]",
    "`<!everyone>`": "[all]@everyone[/all]",
    f"<@{ALICE}> in <#C0GENERAL0>": "[mention]@Alice Liddell[/mention] in [mention]#general[/mention]",
    "<https://example.edu/a?b=1&amp;c=2|the page>": "[a https://example.edu/a?b=1&c=2]the page[/a]",
    "see https://example.edu/a.": "see [a https://example.edu/a]https://example.edu/a[/a].",
    "<javascript:alert(1)|click> [x](https://evil.example)": "<javascript:alert(1)|click> [x]([a https://evil.example]https://evil.example[/a])",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "# no heading\n1. no list": "# no heading\n1. no list",
    "&gt; quoted\n&gt; twice\nafter": "[quote]quoted\ntwice[/quote]after",
    "before\n```\n*raw* &lt;b&gt;\n  two```\nafter": "before[pre]*raw* <b>\n  two[/pre]after",
    ":warning: 12:30:45 :no_such_thing:": "⚠️ 12:30:45 :no_such_thing:",
    f"<!date^{NOON}^{{date_num}} {{time}}|then>": "[time]2025-11-25 12:00 PM[/time]",
    f"<!date^{NOON}^{{date_long}}^https://example.edu|then>": "[a https://example.edu/]Tuesday, November 25th, 2025[/a]",
    "<!date^soon^{time}|some day>": "some day",
}


async def drawn(stage: Stage, page: Page, blocks: list[dict[str, Any]]) -> Locator:
    """Post the blocks and return where they are drawn."""
    before = await log(page).get_by_role("article").count()
    await stage.post("fallback", list(blocks))
    await expect(log(page).get_by_role("article")).to_have_count(before + 1)
    return log(page).get_by_role("article").last.locator(".blocks > *")


async def test_mrkdwn_is_read_as_slack_reads_it(stage: Stage) -> None:
    page = await stage.page("bob")
    parts = await drawn(stage, page, [section(text) for text in MRKDWN])
    await expect(parts).to_have_count(len(MRKDWN))
    read = {text: await html(parts.nth(index)) for index, text in enumerate(MRKDWN)}
    expected = {
        text: result.replace("[a https://example.edu/]", "[a https://example.edu]") for text, result in MRKDWN.items()
    }
    assert read == expected


async def test_plain_text_is_not_read_at_all_but_for_emoji(stage: Stage) -> None:
    page = await stage.page("bob")
    hostile = "*x* <!channel> <@U0ALICE000> https://evil.example :tada:"
    blocks = [
        section(hostile, "plain_text", emoji=True),
        {"type": "header", "text": {"type": "plain_text", "text": hostile}},
    ]
    parts = await drawn(stage, page, blocks)
    for index in range(2):
        await expect(parts.nth(index)).to_have_text("*x* <!channel> <@U0ALICE000> https://evil.example 🎉")
        await expect(parts.nth(index).locator("a, .mention")).to_have_count(0)
    await expect(page.get_by_role("heading", level=3)).to_be_visible()


async def test_a_bare_at_channel_is_live_unless_verbatim(stage: Stage) -> None:
    page = await stage.page("bob")
    parts = await drawn(stage, page, [section("to @channel"), section("to @channel", verbatim=True)])
    assert await html(parts.nth(0)) == "to [all]@channel[/all]"
    assert await html(parts.nth(1)) == "to @channel"


async def test_hostile_names_stay_where_they_are(stage: Stage) -> None:
    turned = "alice\u202egnp.exe"
    endless = "x" * 400
    page = await stage.page("bob")
    blocks = [
        section(f"{turned} {endless}"),
        {
            "type": "actions",
            "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": f"End {turned}"}}],
        },
    ]
    parts = await drawn(stage, page, blocks)
    await expect(parts.nth(1)).to_contain_text(turned)
    inside = await log(page).evaluate("area => area.scrollWidth <= area.clientWidth")
    assert inside


async def test_a_name_that_turns_the_writing_round_turns_only_itself(tabs: Tabs) -> None:
    eve = Person("eve", "Eve\u202elive")
    seed = a_seed()
    async with a_stage(tabs, seed=replace(seed, people=(*seed.people, eve))) as stage:
        page = await stage.page("bob")
        parts = await drawn(stage, page, [section(f"thanks <@{make_id('U', 'eve')}> for this")])
        name = await parts.locator(".mention").bounding_box()
        after = await parts.get_by_text("for this").bounding_box()
        assert name is not None
        assert after is not None
        assert after["x"] >= name["x"] + name["width"] - 1


async def test_a_table_names_its_columns_and_shows_its_cells_as_they_are(stage: Stage) -> None:
    page = await stage.page("bob")
    rich = {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "idle", "style": {"bold": True}}]}
        ],
    }
    rows = [
        [
            {"type": "raw_text", "text": "PID"},
            {"type": "raw_text", "text": "Application"},
            {"type": "raw_text", "text": "State"},
        ],
        *(
            [{"type": "raw_text", "text": str(pid)}, {"type": "raw_text", "text": "<!channel> *x* &lt;"}, rich]
            for pid in range(5)
        ),
    ]
    parts = await drawn(stage, page, [{"type": "table", "rows": rows, "column_settings": [{"align": "right"}]}])
    await expect(parts.get_by_role("columnheader")).to_have_text(["PID", "Application", "State"])
    await expect(parts.get_by_role("row")).to_have_count(6)
    await expect(parts.get_by_role("row").nth(1).get_by_role("cell")).to_have_text(["0", "<!channel> *x* &lt;", "idle"])
    await expect(parts.get_by_role("cell").first).to_have_css("text-align", "right")


async def test_rich_text_fields_and_context_are_drawn(stage: Stage) -> None:
    page = await stage.page("bob")
    text = {"type": "text", "text": "<!here> ", "style": {"italic": True}}
    date = {"type": "date", "timestamp": NOON, "format": "{time}", "fallback": "noon"}
    user = {"type": "user", "user_id": ALICE}
    parts = await drawn(
        stage,
        page,
        [
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text, user, date]}]},
            {
                "type": "section",
                "fields": [{"type": "mrkdwn", "text": "*Limit*\n5 of 5"}, {"type": "plain_text", "text": "alice"}],
            },
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "Lapses in *2* minutes"}]},
        ],
    )
    assert await html(parts.nth(0)) == "[i]<!here> [/i][mention]@Alice Liddell[/mention][time]12:00 PM[/time]"
    assert await html(parts.nth(1)) == "[b]Limit[/b]\n5 of 5alice"
    await expect(parts.nth(2)).to_have_role("separator")
    assert await html(parts.nth(3)) == "Lapses in [b]2[/b] minutes"


async def test_fifty_blocks_are_all_drawn(stage: Stage) -> None:
    page = await stage.page("bob")
    parts = await drawn(stage, page, [section(f"*{number}* of fifty") for number in range(50)])
    await expect(parts).to_have_count(50)
    await expect(parts.last).to_be_in_viewport()


async def test_a_message_without_blocks_shows_its_text_and_its_reactions(stage: Stage) -> None:
    page = await stage.page("bob")
    ts = await stage.post("Just *text*")
    await stage.client.reactions_add(channel=stage.channel(), timestamp=ts, name="eyes")
    await expect(message(page, "Just text").get_by_role("list", name="Reactions")).to_contain_text("1")
    await expect(message(page, "Just text").get_by_role("img", name="eyes")).to_be_visible()


async def test_what_the_page_does_not_draw_is_said(stage: Stage) -> None:
    page = await stage.page("bob")
    video = {
        "type": "actions",
        "elements": [{"type": "datetimepicker", "action_id": "when"}],
    }
    parts = await drawn(stage, page, [video])
    await expect(parts).to_have_text("This page does not draw the element “datetimepicker”.")
