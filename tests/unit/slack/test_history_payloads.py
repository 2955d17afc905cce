"""What the buttons of a history carry."""

import json
from typing import Any

import pytest

from bot.errors import UsageError
from bot.incidents.timeline_values import Cursor, Question
from bot.slack.history_payloads import read_page, write_page
from tests.builders import NOON, minutes
from tests.hostile import NAMES


@pytest.mark.parametrize(
    ("question", "after"),
    [
        (Question(), Cursor()),
        (Question(role="alice", server="class", person="U0TOM", cause="role_limit"), Cursor(7, NOON, "p-1")),
        (Question(since=NOON, until=NOON + minutes(9)), Cursor(seq=1)),
    ],
)
def test_it_goes_there_and_back(question: Question, after: Cursor) -> None:
    assert read_page(write_page(question, after)) == (question, after)


@pytest.mark.parametrize("name", [name for name in NAMES if name and len(name) < 60])
def test_names_are_carried_or_refused(name: str) -> None:
    try:
        assert read_page(write_page(Question(role=name)))[0].role == name
    except UsageError:
        assert not name.isprintable()


@pytest.mark.parametrize(
    "change",
    [
        {"role": ""},
        {"role": 7},
        {"role": "x" * 5000},
        {"seq": "1"},
        {"id": 1},
        {"id": ""},
        {"seq": -1},
        {"seq": True},
        {"seq": 1.5},
        {"at": 2**70},
        {"since": 2**61},
        {"team": "T2", "server": ["class"]},
    ],
)
def test_what_is_not_ours_is_refused(change: dict[str, Any]) -> None:
    content = json.loads(write_page(Question(role="alice"), Cursor(7, NOON)))
    with pytest.raises(UsageError):
        read_page(json.dumps(content | change))
    for value in (None, "", "[]", "7", "{"):
        with pytest.raises(UsageError):
            read_page(value)
