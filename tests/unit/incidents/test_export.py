"""Events as a table for spreadsheets, in which nothing is carried out."""

import csv
import io
from datetime import timedelta

import pytest

from bot.incidents.event import Event, EventBackend
from bot.incidents.export import COLUMNS, as_csv, harmless
from tests.builders import NOON
from tests.hostile import NAMES


def an_event(*pids: int, role: str = "alice", reason: str = "") -> Event:
    backends = tuple(EventBackend(pid, NOON, "terminated" if pid % 2 else None) for pid in pids)
    return Event("p1", "termination", "class", role, "resolved", "U0BOB", reason, NOON + timedelta(seconds=1), backends)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_line_a_connection_and_one_for_what_has_none() -> None:
    lines = read(as_csv([an_event(1, 2), an_event()]))

    assert [line["pid"] for line in lines] == ["1", "2", ""]
    assert [line["outcome"] for line in lines] == ["terminated", "", ""]
    assert lines[0]["at"] == "2026-11-22T12:00:01+00:00"
    assert list(lines[0]) == list(COLUMNS)
    assert as_csv([]) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u00a0=cmd", "\n=1", "\uff1d1"]
)
def test_a_cell_that_could_be_a_formula_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert read(as_csv([an_event(1, role=cell, reason=cell)]))[0]["role"] == f"'{cell}"


@pytest.mark.parametrize("name", ["alice", "a=b", "1-2", "", "3+4"])
def test_other_cells_are_as_they_are(name: str) -> None:
    assert harmless(name) == name


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_name_holds_the_table_is_read_back(name: str) -> None:
    (line,) = read(as_csv([an_event(1, role=name, reason=name)]))
    assert line["role"].removeprefix("'") == name.removeprefix("'")
    assert line["outcome"] == "terminated"
