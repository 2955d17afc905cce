"""What Slack takes as blocks and what it refuses, case by case; each rule with the page that states it.

The pages are those of docs.slack.dev/reference/block-kit: blocks, block-elements, composition-objects.
"""

from typing import Any

import pytest

from bot.workspace.block_kit.validate import faults_in_message_blocks
from bot.workspace.block_kit.walk import elements, with_ids

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn()} | more


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "a"} | more


def actions(*inner: Json) -> Json:
    return {"type": "actions", "elements": list(inner)}


def option(value: str = "1", **more: Any) -> Json:
    return {"text": plain(), "value": value} | more


def checkboxes(number: int = 2, **more: Any) -> Json:
    return {"type": "checkboxes", "action_id": "c", "options": [option(str(each)) for each in range(number)]} | more


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option()]} | more


def confirm(**more: Any) -> Json:
    return {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()} | more


def raw(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def table(rows: list[list[Json]], **more: Any) -> Json:
    return {"type": "table", "rows": rows} | more


def data_table(rows: list[list[Json]], **more: Any) -> Json:
    return {"type": "data_table", "caption": "c", "rows": rows} | more


def rich(*inner: Json) -> Json:
    return {"type": "rich_text", "elements": list(inner)}


def text_part(text: str = "x") -> Json:
    return {"type": "text", "text": text}


def chart(kind: str = "bar", points: int = 2, **more: Any) -> Json:
    names = [f"w{each}" for each in range(points)]
    series = [{"name": "s", "data": [{"label": name, "value": 1} for name in names]}]
    of_kind: Json = {"type": kind, "series": series, "axis_config": {"categories": names}}
    return {"type": "data_visualization", "title": "t", "chart": of_kind | more}


def pie(number: int = 2, value: float = 1) -> Json:
    segments = [{"label": f"s{each}", "value": value} for each in range(number)]
    return {"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": segments}}


IMAGE = {"type": "image", "image_url": "https://example.edu/x.png", "alt_text": "x"}
DIVIDER = {"type": "divider"}

VALID: dict[str, list[Json]] = {
    "section, 3000 characters": [section(text=mrkdwn("x" * 3000))],
    "section of fields alone": [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 10}],
    "section with accessory and expand": [section(accessory=button(), expand=True)],
    "section, verbatim": [section(text=mrkdwn() | {"verbatim": True})],
    "header, 150 characters": [{"type": "header", "text": plain("x" * 150), "level": 2}],
    "context of ten": [{"type": "context", "elements": [mrkdwn(), plain(), IMAGE] + [mrkdwn()] * 7}],
    "actions of 25": [actions(*(button(action_id=str(each)) for each in range(25)))],
    "button with everything": [
        actions(
            button(
                value="x" * 2000,
                url="https://x",
                style="danger",
                accessibility_label="x" * 75,
                confirm=confirm(style="danger"),
            )
        )
    ],
    "ten checkboxes, two checked": [actions(checkboxes(10, initial_options=[option("1"), option("3")]))],
    "checkbox with mrkdwn and description": [
        actions(checkboxes(options=[{"text": mrkdwn(), "value": "1", "description": mrkdwn()}]))
    ],
    "select of 100": [
        actions(select(options=[option(str(each)) for each in range(100)], placeholder=plain("x" * 150)))
    ],
    "select with groups": [actions(select() | {"option_groups": [{"label": plain(), "options": [option()]}]})],
    "overflow": [section(accessory={"type": "overflow", "action_id": "o", "options": [option("1"), option("2")]})],
    "image block": [IMAGE | {"title": plain()}],
    "image from a file": [{"type": "image", "slack_file": {"id": "F1"}, "alt_text": ""}],
    "rich text": [
        rich(
            {"type": "rich_text_section", "elements": [text_part() | {"style": {"bold": True}}]},
            {"type": "rich_text_list", "style": "bullet", "elements": [{"type": "rich_text_section", "elements": []}]},
            {"type": "rich_text_preformatted", "elements": [text_part("select 1")]},
            {"type": "rich_text_quote", "elements": [{"type": "user", "user_id": "U1"}]},
        )
    ],
    "table": [table([[raw(), rich()], [raw()]], column_settings=[{"align": "right"}, None])],
    "table of 100 rows and 20 columns": [table([[raw("x")] * 20] * 100)],
    "data_table of 201 rows": [data_table([[raw()] * 2] * 201, page_size=100, row_header_column_index=1)],
    "data_table with numbers": [data_table([[raw()], [{"type": "raw_number", "value": 1.5}]])],
    "charts": [chart("line"), pie()],
    "markdown": [{"type": "markdown", "text": "x" * 12_000}],
    "fifty blocks": [DIVIDER] * 50,
    "an input": [{"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "i"}}],
    "a card": [{"type": "card", "title": mrkdwn(), "actions": [button()]}],
    "a container": [{"type": "container", "title": plain(), "child_blocks": [section()]}],
    "one action id in two blocks": [actions(button()), actions(button())],
    "nothing": [],
}
VALID["select with groups"][0]["elements"][0].pop("options")

INVALID: dict[str, tuple[list[Any], str, str]] = {
    # name: blocks, pointer, the beginning of the problem                                    (the page)
    "51 blocks": ([DIVIDER] * 51, "/blocks", "no more than 50 items"),  # blocks
    "unknown type": ([{"type": "sectoin"}], "/blocks/0/type", "unsupported type: sectoin"),  # blocks
    "no type": ([{"text": "x"}], "/blocks/0", "missing required field: type"),
    "no object": (["x"], "/blocks/0", "must be an object"),
    "unknown key": ([section(txt=1)], "/blocks/0", "invalid additional property: txt"),
    "alert in a message": ([{"type": "alert", "text": mrkdwn()}], "/blocks/0/type", "unsupported type"),  # alert-block
    "section without anything": ([{"type": "section"}], "/blocks/0", "must define either"),  # section-block
    "section, empty text": ([section(text=mrkdwn(""))], "/blocks/0/text/text", "must be more than 0"),
    "section, 3001": ([section(text=mrkdwn("x" * 3001))], "/blocks/0/text/text", "must be less than 3001"),
    "section, bare string": ([section(text="x")], "/blocks/0/text", "must be an object"),
    "eleven fields": ([section(fields=[mrkdwn()] * 11)], "/blocks/0/fields", "no more than 10"),
    "field of 2001": ([section(fields=[mrkdwn("x" * 2001)])], "/blocks/0/fields/0/text", "must be less than 2001"),
    "input as accessory": (
        [section(accessory={"type": "plain_text_input"})],
        "/blocks/0/accessory/type",
        "unsupported",
    ),
    "mrkdwn with emoji": (
        [section(text=mrkdwn() | {"emoji": True})],
        "/blocks/0/text",
        "invalid additional",
    ),  # text-object
    "plain with verbatim": ([section(text=plain() | {"verbatim": True})], "/blocks/0/text", "invalid additional"),
    "header in mrkdwn": (
        [{"type": "header", "text": mrkdwn()}],
        "/blocks/0/text/type",
        "unsupported type",
    ),  # header-block
    "header of 151": ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text", "must be less than 151"),
    "header level 5": ([{"type": "header", "text": plain(), "level": 5}], "/blocks/0/level", "must be at most 4"),
    "context of eleven": ([{"type": "context", "elements": [mrkdwn()] * 11}], "/blocks/0/elements", "no more than 10"),
    "empty context": ([{"type": "context", "elements": []}], "/blocks/0/elements", "no fewer than 1"),  # context-block
    "button in context": ([{"type": "context", "elements": [button()]}], "/blocks/0/elements/0/type", "unsupported"),
    "26 actions": ([actions(*(button(action_id=str(n)) for n in range(26)))], "/blocks/0/elements", "no more than 25"),
    "no actions": ([actions()], "/blocks/0/elements", "no fewer than 1"),  # actions-block
    "text in actions": ([actions(mrkdwn())], "/blocks/0/elements/0/type", "unsupported type: mrkdwn"),
    "button in mrkdwn": ([actions(button(text=mrkdwn()))], "/blocks/0/elements/0/text/type", "unsupported"),  # button
    "button, 76": ([actions(button(text=plain("x" * 76)))], "/blocks/0/elements/0/text/text", "must be less than 76"),
    "button, empty": ([actions(button(text=plain("")))], "/blocks/0/elements/0/text/text", "must be more than 0"),
    "value, 2001": ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value", "must be less than 2001"),
    "value, a number": ([actions(button(value=7))], "/blocks/0/elements/0/value", "must be a string"),
    "url, 3001": ([actions(button(url="x" * 3001))], "/blocks/0/elements/0/url", "must be less than 3001"),
    "style": ([actions(button(style="default"))], "/blocks/0/elements/0/style", "must be one of: primary, danger"),
    "label, 76": (
        [actions(button(accessibility_label="x" * 76))],
        "/blocks/0/elements/0/accessibility_label",
        "must be",
    ),
    "action_id, 256": (
        [actions(button(action_id="x" * 256))],
        "/blocks/0/elements/0/action_id",
        "must be less than 256",
    ),
    "one action id twice": ([actions(button(), button())], "/blocks/0", "action_id already exists: a"),
    "block_id, 256": ([section(block_id="x" * 256)], "/blocks/0/block_id", "must be less than 256"),
    "one block id twice": ([section(block_id="b")] * 2, "/blocks/1/block_id", "block_id already exists: b"),
    "confirm, title 101": (
        [actions(button(confirm=confirm(title=plain("x" * 101))))],
        "/blocks/0/elements/0/confirm/title/text",
        "must be less than 101",
    ),  # confirmation-dialog-object
    "confirm, text 301": (
        [actions(button(confirm=confirm(text=mrkdwn("x" * 301))))],
        "/blocks/0/elements/0/confirm/text/text",
        "must be less than 301",
    ),
    "confirm, deny 31": (
        [actions(button(confirm=confirm(deny=plain("x" * 31))))],
        "/blocks/0/elements/0/confirm/deny/text",
        "must be less than 31",
    ),
    "confirm without text": (
        [actions(button(confirm={"title": plain(), "confirm": plain(), "deny": plain()}))],
        "/blocks/0/elements/0/confirm",
        "missing required field: text",
    ),
    "eleven checkboxes": ([actions(checkboxes(11))], "/blocks/0/elements/0/options", "no more than 10"),  # checkboxes
    "no checkboxes": ([actions(checkboxes(0))], "/blocks/0/elements/0/options", "no fewer than 1"),
    "checked, not offered": (
        [actions(checkboxes(initial_options=[option("9")]))],
        "/blocks/0/elements/0/initial_options",
        "must match one of the options",
    ),
    "one value twice": (
        [actions(checkboxes(options=[option(), option()]))],
        "/blocks/0/elements/0/options",
        "all option values must be unique",
    ),
    "option text 76": (
        [actions(select(options=[option(text=plain("x" * 76))]))],
        "/blocks/0/elements/0/options/0/text/text",
        "must be less than 76",
    ),  # option-object
    "option value 151": (
        [actions(select(options=[option("x" * 151)]))],
        "/blocks/0/elements/0/options/0/value",
        "must be less than 151",
    ),
    "option in mrkdwn in a select": (
        [actions(select(options=[option(text=mrkdwn())]))],
        "/blocks/0/elements/0/options/0/text/type",
        "unsupported type",
    ),
    "101 options": (
        [actions(select(options=[option(str(each)) for each in range(101)]))],
        "/blocks/0/elements/0/options",
        "no more than 100",
    ),
    "options and groups": (
        [actions(select(option_groups=[{"label": plain(), "options": [option("2")]}]))],
        "/blocks/0/elements/0",
        "must define exactly one of",
    ),
    "placeholder 151": (
        [actions(select(placeholder=plain("x" * 151)))],
        "/blocks/0/elements/0/placeholder/text",
        "must be less than 151",
    ),
    "six in overflow": (
        [section(accessory={"type": "overflow", "options": [option(str(each)) for each in range(6)]})],
        "/blocks/0/accessory/options",
        "no more than 5",
    ),
    "image without source": ([{"type": "image", "alt_text": "x"}], "/blocks/0", "must define exactly one of"),  # image
    "image with two sources": ([IMAGE | {"slack_file": {"id": "F1"}}], "/blocks/0", "must define exactly one of"),
    "image without words": (
        [{"type": "image", "image_url": "https://x"}],
        "/blocks/0",
        "missing required field: alt_text",
    ),
    "alt_text 2001": ([IMAGE | {"alt_text": "x" * 2001}], "/blocks/0/alt_text", "must be less than 2001"),
    "markdown 12001 in two": (
        [{"type": "markdown", "text": "x" * 6001}, {"type": "markdown", "text": "x" * 6000}],
        "/blocks",
        "all markdown blocks together",
    ),  # markdown-block
    "rich text of text": (
        [rich(text_part())],
        "/blocks/0/elements/0/type",
        "unsupported type: text",
    ),  # rich-text-block
    "rich text, empty text": (
        [rich({"type": "rich_text_section", "elements": [text_part("")]})],
        "/blocks/0/elements/0/elements/0/text",
        "must be more than 0",
    ),
    "user in preformatted": (
        [rich({"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U1"}]})],
        "/blocks/0/elements/0/elements/0/type",
        "unsupported type: user",
    ),
    "list without style": (
        [rich({"type": "rich_text_list", "elements": []})],
        "/blocks/0/elements/0",
        "missing required field: style",
    ),
    "table of 101 rows": ([table([[raw()]] * 101)], "/blocks/0/rows", "no more than 100"),  # table-block
    "table of 21 columns": ([table([[raw()] * 21])], "/blocks/0/rows/0", "no more than 20"),
    "table of mrkdwn": ([table([[mrkdwn()]])], "/blocks/0/rows/0/0/type", "unsupported type: mrkdwn"),
    "empty cell": ([table([[raw("")]])], "/blocks/0/rows/0/0/text", "must be more than 0"),
    "two tables": ([table([[raw()]])] * 2, "/blocks", "only_one_table_allowed"),
    "10,001 characters of table": (
        [table([[raw("x" * 5000), raw("x" * 5001)]])],
        "/blocks",
        "all table cells together",
    ),
    "data_table without caption": (
        [{"type": "data_table", "rows": [[raw()], [raw()]]}],
        "/blocks/0",
        "missing required field: caption",
    ),  # data-table-block
    "data_table of a header": ([data_table([[raw()]])], "/blocks/0/rows", "no fewer than 2"),
    "data_table of 202 rows": ([data_table([[raw()]] * 202)], "/blocks/0/rows", "no more than 201"),
    "data_table, uneven": ([data_table([[raw()], [raw(), raw()]])], "/blocks/0/rows/1", "all rows must have the same"),
    "data_table, rich header": ([data_table([[rich()], [raw()]])], "/blocks/0/rows/0/0/type", "unsupported type"),
    "page of 101": ([data_table([[raw()], [raw()]], page_size=101)], "/blocks/0/page_size", "must be at most 100"),
    "page of none": ([data_table([[raw()], [raw()]], page_size=0)], "/blocks/0/page_size", "must be at least 1"),
    "page of true": ([data_table([[raw()], [raw()]], page_size=True)], "/blocks/0/page_size", "must be an integer"),
    "20,001 characters": ([data_table([[raw()], [raw("x" * 20_000)]])], "/blocks", "all data_table cells together"),
    "three charts": ([pie()] * 3, "/blocks", "no more than 2 data_visualization"),  # data-visualization-block
    "13 segments": ([pie(13)], "/blocks/0/chart/segments", "no more than 12"),
    "segment of nothing": ([pie(value=0)], "/blocks/0/chart/segments/0/value", "must be greater than 0"),
    "21 points": ([chart(points=21)], "/blocks/0/chart/series/0/data", "no more than 20"),
    "a point missing": (
        [chart(axis_config={"categories": ["w0", "w1", "w2"]})],
        "/blocks/0/chart/series/0/data",
        "must have one point for every category",
    ),
    "scatter": ([chart("scatter")], "/blocks/0/chart/type", "unsupported type: scatter"),
    "chart title 51": ([pie() | {"title": "x" * 51}], "/blocks/0/title", "must be less than 51"),
    "an empty card": ([{"type": "card"}], "/blocks/0", "must define either"),  # card-block
    "a container in one": (
        [{"type": "container", "title": plain(), "child_blocks": [{"type": "container"}]}],
        "/blocks/0/child_blocks/0/type",
        "unsupported type: container",
    ),  # container-block
    "pending task alone": (
        [{"type": "task_card", "task_id": "1", "title": "t", "status": "pending"}],
        "/blocks/0/status",
        "must be one of",
    ),  # task-card-block
}


@pytest.mark.parametrize("name", VALID)
def test_slack_takes(name: str) -> None:
    assert faults_in_message_blocks(VALID[name]) == ()


@pytest.mark.parametrize("name", INVALID)
def test_slack_refuses(name: str) -> None:
    blocks, pointer, problem = INVALID[name]
    found = [(fault.pointer, fault.problem) for fault in faults_in_message_blocks(blocks)]
    assert [each for each in found if each[0] == pointer and each[1].startswith(problem)], found


def test_every_fault_is_told_at_once() -> None:
    faults = faults_in_message_blocks([section(text=mrkdwn("")), actions(button(style="x", value=1))])
    assert [fault.pointer for fault in faults] == [
        "/blocks/0/text/text",
        "/blocks/1/elements/0/value",
        "/blocks/1/elements/0/style",
    ]


@pytest.mark.parametrize(
    "garbage", [None, 1, "x", {}, [None], [[]], [{"type": []}], [{"type": "actions", "elements": {}}]]
)
def test_garbage_is_a_fault_and_never_an_exception(garbage: Any) -> None:
    assert faults_in_message_blocks(garbage)


def test_ids_are_given_where_the_app_gave_none_and_kept_where_it_did() -> None:
    stored = with_ids(
        [
            section(accessory=button(action_id="mine")),
            actions({"type": "button", "text": plain()}, checkboxes()) | {"block_id": "b"},
            {"type": "container", "title": plain(), "child_blocks": [actions(button())]},
        ]
    )
    found = [(block_id, element["type"], element["action_id"]) for block_id, element in elements(stored)]
    assert [kind for _, kind, _ in found] == ["button", "button", "checkboxes", "button"]
    assert found[0][2] == "mine"
    assert [found[1][0], found[2][0], found[2][2]] == ["b", "b", "c"]
    assert found[1][2]
    assert found[3][0] not in ("", "b", stored[2]["block_id"])
    assert len({block["block_id"] for block in stored}) == 3
