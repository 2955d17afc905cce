import json
from dataclasses import replace
from typing import Any

import pytest

from bot.causes.finding import Cause, Finding, Kind
from bot.errors import UsageError
from bot.incidents.incident import Conversation
from bot.slack import ids
from bot.slack.incident_payloads import (
    Occasion,
    RoleAsked,
    RoleChosen,
    ServerChosen,
    Source,
    read_incident_id,
    read_occasion,
    read_role_asked,
    read_role_chosen,
    read_server_chosen,
    read_source,
    write_incident_id,
    write_occasion,
    write_role_asked,
    write_role_chosen,
    write_server_chosen,
    write_source,
)
from bot.slack.payloads import LONGEST_VALUE, Behind, read_behind, write_behind
from bot.slack.words import unfit
from tests.hostile import NAMES

SOURCE = Source("U0ALICE", Conversation("C0HELP", "1763812800.000100"), "1763812801.000200")
IN_PRIVATE = replace(SOURCE, conversation=Conversation("D0ALICE", "1763812800.000100", private=True))
WRITTEN = '"source":["U0ALICE","C0HELP","1763812800.000100",0,"1763812801.000200"]'

GARBAGE: list[Any] = [
    None,
    "",
    7,
    [],
    "null",
    "[]",
    "{}",
    "{",
    "[" * 5000,
    "x" * 3000,
    '{"incident": "i1"}',
    '{"incident": "i1", "occasion": true}',
    '{"incident": "i1", "occasion": 0}',
    '{"incident": "<!channel>", "occasion": 1}',
    '{"incident": "i1", "occasion": 99999999999999999999}',
    '{"source": 7}',
    '{"source": []}',
    '{"source": ["U0ALICE", "C0HELP", "1763812800.000100", 0]}',
    '{"source": ["U0ALICE", "C0HELP", "1763812800.000100", true, "1763812801.000200"], "server": "class", "role": "a"}',
    '{"source": ["U0ALICE", "C0HELP", "1763812800.000100", 2, "1763812801.000200"], "server": "class", "role": "a"}',
    '{"source": ["<!channel>", "C0HELP", "1763812800.000100", 0, "1763812801.000200"], "server": "class", "role": "a"}',
    '{"source": ["U0ALICE", "#help", "1763812800.000100", 0, "1763812801.000200"], "server": "class", "role": "a"}',
    '{"source": ["U0ALICE", "C0HELP", "1e9", 0, "1763812801.000200"], "server": "class", "role": "a"}',
    '{"source": ["U0ALICE", "C0HELP", "1763812800.000100", 0, null], "server": "class", "role": "a"}',
]  # fmt: skip
HALF: list[Any] = [
    *GARBAGE,
    f"{{{WRITTEN}}}",
    f'{{{WRITTEN}, "server": "class"}}',
    f'{{{WRITTEN}, "server": "", "role": "a", "cause": "role_limit"}}',
    f'{{{WRITTEN}, "server": "class", "role": "a\\u0000", "cause": "role_limit"}}',
    f'{{{WRITTEN}, "server": "class", "role": 7, "cause": "role_limit"}}',
    f'{{{WRITTEN}, "server": ["class"], "role": "a", "cause": "role_limit"}}',
]
ODD_FACTS: list[Any] = [
    f'{{{WRITTEN}, "server": "class", "cause": "nonsense"}}',
    f'{{{WRITTEN}, "server": "class", "cause": ["role_limit"]}}',
    f'{{{WRITTEN}, "server": "class", "cause": "other", "kind": "nonsense"}}',
    f'{{{WRITTEN}, "server": "class", "cause": "other", "kind": {{}}}}',
    f'{{{WRITTEN}, "server": "class", "cause": "role_limit", "confidence": NaN}}',
    f'{{{WRITTEN}, "server": "class", "cause": "role_limit", "confidence": 2.0}}',
    f'{{{WRITTEN}, "server": "class", "cause": "role_limit", "confidence": "1"}}',
    f'{{{WRITTEN}, "server": "class", "cause": "role_limit", "client": "{"x" * 201}"}}',
]
BAD_IDS: list[Any] = [None, "", 7, [], "i 1", "i\n", "x" * 129, "<!channel>"]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        *((read_occasion, value) for value in GARBAGE),
        *((read_source, value) for value in GARBAGE),
        *((read_role_chosen, value) for value in HALF),
        *((read_role_asked, value) for value in GARBAGE),
        *((read_server_chosen, value) for value in [*HALF, *ODD_FACTS]),
        *((read_incident_id, value) for value in BAD_IDS),
    ],
)  # fmt: skip
def test_a_forged_value_is_refused_in_words(read: Any, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        read(value)
    assert caught.value.problem == "stale_button"


def test_an_incident_s_buttons_carry_its_id_alone() -> None:
    assert write_incident_id("aZ09_-") == "aZ09_-"
    assert read_incident_id("aZ09_-") == "aZ09_-"


def test_a_resolution_is_read_back() -> None:
    assert read_occasion(write_occasion(Occasion("aZ09_-", 3))) == Occasion("aZ09_-", 3)


@pytest.mark.parametrize("source", [SOURCE, IN_PRIVATE, replace(SOURCE, ts="")])
def test_a_source_is_read_back(source: Source) -> None:
    assert read_source(write_source(source)) == source


@pytest.mark.parametrize("name", [name for name in NAMES if name and not unfit(name)])
def test_a_role_is_read_back_whatever_it_is_called(name: str) -> None:
    chosen = RoleChosen(IN_PRIVATE, name, name)
    assert read_role_chosen(write_role_chosen(chosen)) == chosen
    assert len(write_role_chosen(chosen)) < LONGEST_VALUE


@pytest.mark.parametrize("server", [None, *(name for name in NAMES if name and not unfit(name))])
def test_a_question_for_another_role_is_read_back_and_fits_behind_a_modal(server: str | None) -> None:
    asked = RoleAsked(SOURCE, server)
    assert read_role_asked(write_role_asked(asked)) == asked
    behind = Behind(SOURCE.conversation.channel, None, write_role_asked(asked))
    assert read_behind(write_behind(behind)) == behind


@pytest.mark.parametrize(
    "finding",
    [
        Finding(Cause.SERVER_LIMIT),
        Finding(Cause.ROLE_LIMIT, role="alice", confidence=0.99),
        Finding(Cause.DATABASE_LIMIT, database='s"h`o<p', confidence=0.6),
        Finding(Cause.OTHER, Kind.PASSWORD, role="x" * 63, database="&" * 63, confidence=1.0),
    ],
)
def test_what_a_report_said_is_read_back(finding: Finding) -> None:
    chosen = ServerChosen(SOURCE, "class", finding, "pgAdmin")
    assert read_server_chosen(write_server_chosen(chosen)) == chosen


def test_of_a_report_no_more_is_carried_than_is_left_to_be_told() -> None:
    finding = Finding(Cause.ROLE_LIMIT, role="a\x00", database="\ud800", host="db.example.edu", port=5432)
    written = write_server_chosen(ServerChosen(SOURCE, "class", finding, ""))
    assert read_server_chosen(written).finding == Finding(Cause.ROLE_LIMIT)
    assert set(json.loads(written)) == {"source", "server", "cause"}


def test_buttons_of_a_row_have_each_an_id_and_one_listener() -> None:
    bound = ids.any_number(ids.WHICH_ROLE)
    assert {ids.numbered(ids.WHICH_ROLE, n) for n in (0, 24)} == {"which_role:0", "which_role:24"}
    assert bound.fullmatch(ids.numbered(ids.WHICH_ROLE, 24))
    for other in (ids.WHICH_ROLE, ids.numbered(ids.WHICH_SERVER, 1), "which_role:x", "xwhich_role:1", "which_role:1\n"):
        assert not bound.fullmatch(other)
