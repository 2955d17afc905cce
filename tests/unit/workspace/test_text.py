"""What people type, what Slack makes of it, and what in a message rings everybody's phone."""

from typing import Any

import pytest

from bot.workspace.model import Message
from bot.workspace.state import State
from bot.workspace.text import command_text, said, unescape, wide_mentions
from tests.workspaces import Clock, a_seed


@pytest.fixture
def state() -> State:
    return State(a_seed(), Clock())


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("a & b <c>", "a &amp; b &lt;c&gt;"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("@channel look", "<!channel> look"),
        ("@alice: hi", "<@U0ALICE000>: hi"),
        ("mail bob@example.edu", "mail <mailto:bob@example.edu|bob@example.edu>"),
        ('server at "db.example.edu", port 5432', 'server at "<http://db.example.edu|db.example.edu>", port 5432'),
        ("p://alice:pw@db.example.edu/x", "p://alice:<mailto:pw@db.example.edu|pw@db.example.edu>/x"),
        ("main.py of 10.0.0.5, v1.2.3, e.g.", "main.py of 10.0.0.5, v1.2.3, e.g."),
        ("`db.example.edu` ```@channel\ndb.example.edu```", "`db.example.edu` ```@channel\ndb.example.edu```"),
        ("see #general.", "see <#C0GENERAL0|general>."),
        ("see #staff", "see <#C0STAFF000|>"),
        ("#nowhere @nobody", "#nowhere @nobody"),
        ("https://example.edu/a?b=1&c=2 @alice", "<https://example.edu/a?b=1&amp;c=2> <@U0ALICE000>"),
    ],
)
def test_typed_text_becomes_live_only_where_slack_makes_it_so(state: State, typed: str, sent: str) -> None:
    assert said(state, typed) == sent


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@bob", "<@U0BOB00000|bob>"),
        ("#general #staff", "<#C0GENERAL0|general> <#C0STAFF000|>"),
        ("@channel", "@channel"),
        ("x<y & @bob", "x&lt;y &amp; <@U0BOB00000|bob>"),
        ("<@U0BOB00000>", "&lt;@U0BOB00000&gt;"),
    ],
)
def test_a_commands_text_is_escaped_as_the_manifest_asks(state: State, typed: str, sent: str) -> None:
    assert command_text(state, typed) == sent


def test_unescape_turns_each_entity_back_once() -> None:
    assert unescape("&amp;lt; &lt;") == "&lt; <"


def _message(**content: Any) -> Message:
    return Message(ts="1.000001", channel="C1", **({"text": ""} | content))


def _section(text: str, kind: str = "mrkdwn", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": kind, "text": text, **more}}


def _rich(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(parts)}]}


@pytest.mark.parametrize(
    ("message", "mentions"),
    [
        (_message(text="<!channel> hi"), ("<!channel>",)),
        (_message(text="<!here|here> <!everyone>"), ("<!here|here>", "<!everyone>")),
        (_message(text="<!subteam^S012|@tas>"), ("<!subteam^S012|@tas>",)),
        (_message(text="@channel"), ()),
        (_message(text="@channel", link_names=True), ("@channel",)),
        (_message(text="&lt;!channel&gt; <@U1> <!date^1^{time}|now>"), ()),
        (_message(blocks=(_section("`<!channel>`"),)), ("<!channel>",)),
        (_message(blocks=(_section("app @here"),)), ("@here",)),
        (_message(blocks=(_section("app @here", verbatim=True),)), ()),
        (_message(blocks=(_section("<!channel> @here", "plain_text"),)), ()),
        (_message(blocks=({"type": "context", "elements": [{"type": "mrkdwn", "text": "<!here>"}]},)), ("<!here>",)),
        (_message(blocks=({"type": "markdown", "text": "<!channel>"},)), ("<!channel>",)),
        (_message(blocks=(_rich({"type": "text", "text": "<!channel>"}),)), ()),
        (_message(blocks=(_rich({"type": "broadcast", "range": "here"}),)), ("<!here>",)),
        (_message(blocks=(_rich({"type": "usergroup", "usergroup_id": "S1"}),)), ("<!subteam^S1>",)),
        (_message(blocks=({"type": "table", "rows": [[{"type": "raw_text", "text": "<!here>"}]]},)), ()),
        (_message(attachments=({"fallback": "x", "pretext": "<!here>"},)), ("<!here>",)),
        (_message(attachments=({"fields": [{"title": "t", "value": "<!channel>"}]},)), ("<!channel>",)),
        (_message(attachments=({"blocks": [_section("<!channel>")]},)), ("<!channel>",)),
    ],
)
def test_live_mentions_of_many_are_found_wherever_slack_reads_them(message: Message, mentions: tuple[str, ...]) -> None:
    assert wide_mentions(message) == mentions
