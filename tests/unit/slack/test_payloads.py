import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.connections.plan import Chosen, TerminateRequest
from bot.errors import UsageError
from bot.slack import ids
from bot.slack.payloads import (
    MOST_CHOSEN,
    Behind,
    Group,
    chosen,
    read_behind,
    read_close,
    read_group,
    read_option,
    read_proposal_id,
    write_behind,
    write_close,
    write_group,
    write_option,
    write_proposal_id,
)
from tests.builders import a_backend
from tests.hostile import NAMES

GARBAGE: list[Any] = [
    None,
    "",
    0,
    1.5,
    True,
    [],
    {},
    b"x",
    "null",
    "[]",
    "{}",
    "{",
    "[" * 5000,
    "x" * 3000,
    '"' + "x" * 1990 + '"',
    '{"server": 1, "role": "a", "index": 0, "backend": "1:1"}',
    '{"server": "", "role": "a", "index": 0, "backend": "1:1"}',
    '{"server": "class", "role": "a\\u0000", "index": 0, "backend": "1:1"}',
    '{"server": "class", "role": "\\ud800", "index": 0, "backend": "1:1"}',
    '{"server": "class", "role": "%s", "index": 0, "backend": "1:1"}' % ("x" * 201),
    '{"server": "class", "role": "a", "index": true, "backend": 7}',
    '{"server": "class", "role": "a", "index": -1, "backend": "0:1"}',
    '{"server": "class", "role": "a", "index": 1e3, "backend": "1:x"}',
    '{"server": "class", "role": "a", "index": 99999999999999999999, "backend": "2147483648:1"}',
    '{"server": "class", "role": "a", "index": NaN, "backend": "1:999999999999999999"}',
    '{"index": ' + "9" * 5000 + "}",
]


@pytest.mark.parametrize("read", [read_group, read_close])
@pytest.mark.parametrize("value", GARBAGE, ids=range(len(GARBAGE)))
def test_a_forged_value_is_refused_in_words(read: Any, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        read(value)
    assert caught.value.problem == "stale_button"


@pytest.mark.parametrize("value", [None, "", 7, [], "p 1", "p\n", "x" * 129, "<!channel>", "é"])
def test_a_forged_proposal_id_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        read_proposal_id(value)


def test_a_proposal_id_is_all_that_a_confirmation_carries() -> None:
    assert write_proposal_id("aZ09_-") == "aZ09_-"
    assert read_proposal_id("aZ09_-") == "aZ09_-"


@pytest.mark.parametrize(
    "value", [None, "", 7, "7", "7:", ":7", "0:1", "2147483648:1", "7:1:1", "\u0661:1", "7:1 ", "7:" + "9" * 18]
)
def test_a_forged_box_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        read_option(value)


@pytest.mark.parametrize("microsecond", [0, 1, 850350, 999999])
def test_a_box_keeps_the_start_to_the_microsecond(microsecond: int) -> None:
    started = datetime(2026, 11, 22, 9, 0, 0, microsecond, tzinfo=UTC)
    backend = a_backend(4711, started=0)
    exact = type(backend)(
        **{**{f: getattr(backend, f) for f in backend.__slots__}, "id": type(backend.id)("class", 4711, started, 1)}
    )
    assert read_option(write_option(exact)) == Chosen(4711, started)
    assert len(write_option(exact)) <= 150


def test_a_start_before_1970_survives() -> None:
    backend = a_backend(7, started=60 * 24 * 365 * 60)
    assert read_option(write_option(backend)) == Chosen(7, backend.started_at)


@pytest.mark.parametrize("role", [name for name in NAMES if name and "\x00" not in name and "\ud800" not in name])
def test_hostile_roles_go_there_and_back(role: str) -> None:
    group = Group("class", role, 3)
    assert read_group(write_group(group)) == group
    backend = a_backend(7)
    request = TerminateRequest(role, (Chosen(7, backend.started_at),), server="lab")
    assert read_close(write_close("lab", role, backend)) == request
    assert len(write_group(group)) <= 2000
    assert len(write_close("x" * 63, role, backend)) <= 2000


def body(**blocks: list[str]) -> dict[str, Any]:
    values = {
        block.replace("_", ":"): {
            ids.CHOOSE: {"type": "checkboxes", "selected_options": [{"text": {}, "value": value} for value in ticked]}
        }
        for block, ticked in blocks.items()
    }
    return {"type": "block_actions", "state": {"values": values}}


GROUP = Group("class", "alice", 0)


def test_ticks_of_all_the_roles_lists_and_of_no_other_count() -> None:
    first, second, other = (write_option(a_backend(pid)) for pid in (1, 2, 3))
    ticked = body(choose_0_0=[first], choose_0_1=[second, first], choose_1_0=[other])
    assert [one.pid for one in chosen(ticked, GROUP)] == [1, 2]
    assert [one.pid for one in chosen(ticked, Group("class", "bob", 1))] == [3]


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"state": None},
        {"state": {}},
        {"state": {"values": {}}},
        body(choose_0_0=[]),
        body(choose_1_0=["1:1"]),
        {"state": {"values": {"choose:0:0": {}}}},
        {"state": {"values": {"choose:0:0": {"choose": {"selected_options": None}}}}},
        {"state": {"values": {7: {}}}},
    ],
)
def test_nothing_ticked_is_said(nothing: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(nothing, GROUP)
    assert caught.value.problem == "nothing_ticked"


@pytest.mark.parametrize(
    "forged",
    [
        {"state": 7},
        {"state": {"values": []}},
        {"state": {"values": {"choose:0:0": 7}}},
        {"state": {"values": {"choose:0:0": {"choose": "x"}}}},
        {"state": {"values": {"choose:0:0": {"choose": {"selected_options": "1:1"}}}}},
        {"state": {"values": {"choose:0:0": {"choose": {"selected_options": [7]}}}}},
        {"state": {"values": {"choose:0:0": {"choose": {"selected_options": [{}]}}}}},
        body(choose_0_0=["x"]),
    ],
)
def test_forged_ticks_are_refused(forged: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(json.loads(json.dumps(forged)), GROUP)
    assert caught.value.problem == "stale_button"


def test_no_more_are_taken_than_a_person_can_have_seen() -> None:
    with pytest.raises(UsageError) as caught:
        chosen(body(choose_0_0=[f"{pid}:1" for pid in range(1, MOST_CHOSEN + 2)]), GROUP)
    assert caught.value.problem == f"too_many {MOST_CHOSEN + 1}"


def test_ids_are_told_apart_and_within_slacks_limits() -> None:
    assert len(set(ids.ACTIONS)) == len(ids.ACTIONS)
    assert all(len(action) <= 255 for action in ids.ACTIONS)
    assert ids.is_choices_block(ids.choices_block(1, 0), 1)
    assert not ids.is_choices_block(ids.choices_block(11, 0), 1)
    assert not ids.is_choices_block(None, 0)


@pytest.mark.parametrize(
    "behind", [Behind(), Behind(about="a"), Behind("C012", "1700000000.000100", "id:1"), Behind("D9A")]
)
def test_what_a_modal_stands_before_goes_there_and_back(behind: Behind) -> None:
    assert read_behind(write_behind(behind)) == behind


@pytest.mark.parametrize(
    "value",
    [
        *GARBAGE,
        '["C1"]',
        '["C1", null]',
        '["C12", "x", ""]',
        '["U123", null, ""]',
        '["C123/../x", null, "a"]',
        '["C123\\n", null, "a"]',
        '["C123", 1.5, "a"]',
        '["C123", null, 7]',
        '["C123", null, "a\\u0000"]',
        '["C123", null, "%s"]' % ("x" * 1001),
        '{"0": "C123", "1": null, "2": ""}',
    ],
)
def test_a_forged_modal_stands_before_nothing(value: object) -> None:
    assert read_behind(value) == Behind()


def test_ticks_in_a_modal_count() -> None:
    ticked = body(choose_0_0=[write_option(a_backend(1))])
    assert [one.pid for one in chosen({"view": ticked, "actions": []}, GROUP)] == [1]
