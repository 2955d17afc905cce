"""What somebody wrote, out of all the places where a message of Slack's holds words."""

from typing import Any

import pytest

from bot.slack.written_text import LONGEST, pictures, text_of, typed
from tests.builders import ALICE

ERROR = 'FATAL:  too many connections for role "alice"'


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("<http://db.example.edu|db.example.edu> says no", "db.example.edu says no"),
        ("see <https://example.edu/a?b=1&amp;c=2>", "see https://example.edu/a?b=1&c=2"),
        # What Slack takes for an e-mail address inside a connection string.
        (
            "postgresql://alice:<mailto:pw@db.example.edu|pw@db.example.edu>/class",
            "postgresql://alice:pw@db.example.edu/class",
        ),
        ("<@U0BOB> <!here> <#C0HELP|help> help", "<@U0BOB> <!here> <#C0HELP|help> help"),
        ("psql: role <no scheme here>", "psql: role <no scheme here>"),
    ],
)
def test_text_is_read_as_it_was_typed(sent: str, written: str) -> None:
    assert typed(sent) == written


def rich(*elements: dict[str, Any], kind: str = "rich_text_preformatted") -> list[dict[str, Any]]:
    return [{"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}]


@pytest.mark.parametrize(
    "message",
    [
        {"text": ERROR},
        {"text": "", "blocks": rich({"type": "text", "text": ERROR})},
        {"text": "help!", "blocks": rich({"type": "text", "text": ERROR})},
        {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": ERROR}}]},
        {"blocks": [{"type": "markdown", "text": ERROR}]},
        {"blocks": [{"type": "table", "rows": [[{"type": "raw_text", "text": ERROR}]]}]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": ERROR}]}]}]}]},
        {"text": "this:", "attachments": [{"text": ERROR}]},
        {"text": "this:", "attachments": [{"fields": [{"title": "Error", "value": ERROR}]}]},
        {"text": "this:", "attachments": [{"blocks": rich({"type": "text", "text": ERROR})}]},
        {"text": "this:", "attachments": [{"fallback": ERROR}]},
        {"text": "", "attachments": [{"is_share": True, "is_msg_unfurl": True, "author_id": ALICE, "text": ERROR}]},
        {"text": "", "files": [{"mimetype": "text/plain", "mode": "snippet", "preview": ERROR}]},
    ],
)  # fmt: skip
def test_the_error_is_found_wherever_it_stands(message: dict[str, Any]) -> None:
    assert ERROR in text_of(message, ALICE)


def test_what_stands_twice_is_told_once() -> None:
    blocks = rich({"type": "text", "text": f"{ERROR}\n  at line 2"})
    message = {"text": f"```{ERROR}\n  at line 2```", "blocks": blocks}

    assert text_of(message, ALICE) == message["text"]


@pytest.mark.parametrize(
    "attachment",
    [
        {"from_url": "https://example.edu", "text": ERROR},
        {"original_url": "https://example.edu", "title": ERROR},
        {"is_msg_unfurl": True, "text": ERROR},
        {"is_share": True, "author_id": "U0BOB", "text": ERROR},
    ],
)
def test_what_slack_unfolds_of_a_link_is_not_theirs(attachment: dict[str, Any]) -> None:
    assert text_of({"text": "look", "attachments": [attachment]}, ALICE) == "look"


def test_parts_of_rich_text_read_as_they_look() -> None:
    blocks = rich(
        {"type": "user", "user_id": "U0BOB"}, {"type": "text", "text": " at "},
        {"type": "link", "url": "https://db.example.edu", "text": "db.example.edu"}, {"type": "emoji", "name": "sob"},
        {"type": "link", "url": "mailto:a@example.edu"}, kind="rich_text_section",
    )  # fmt: skip

    assert text_of({"blocks": blocks}, ALICE) == "<@U0BOB> at db.example.edu:sob:a@example.edu"


def test_pictures_are_seen_as_long_as_they_are_there() -> None:
    assert pictures({"files": [{"mimetype": "image/png"}]})
    assert not pictures({"files": [{"mimetype": "image/png", "mode": "tombstone"}]})
    assert not pictures({"files": [{"mimetype": "application/pdf"}, {"mimetype": 5}, None]})
    assert not pictures({"files": "image/png"})


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "text", "text": ERROR}
    for _ in range(depth):
        inner = {"type": "rich_text", "elements": [inner]}
    return inner


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"text": 5, "blocks": 5, "attachments": 5, "files": 5},
        {"text": None, "blocks": [None, 5, "x", [[]], {"type": 5}], "attachments": [None, {"fields": [5]}], "files": [5]},
        {"blocks": [{"type": "text", "text": {"type": "text", "text": 5}}]},
        {"blocks": [nested(900)]},
        {"attachments": [{"text": ["x"], "blocks": {"type": "text"}}]},
    ],
)  # fmt: skip
def test_oddities_are_no_text(message: dict[str, Any]) -> None:
    assert text_of(message, ALICE) == ""


def test_there_is_an_end_to_what_is_read() -> None:
    assert (
        len(text_of({"text": "x" * 3 * LONGEST, "blocks": rich({"type": "text", "text": "y" * LONGEST})}, ALICE))
        == LONGEST
    )
