"""A week for programs, for spreadsheets and for print."""

import csv
import io
import json
import struct

import pytest

from bot.slack.blocks.text import visible
from bot.summaries.charts import as_png
from bot.summaries.export import COLUMNS, as_csv, as_json
from bot.summaries.facts import Facts, Height
from bot.summaries.told import tell
from tests.hostile import NAMES
from tests.weeks import MONDAY, ZONE, a_program, busy, facts, happened


def rows(week: Facts) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(as_csv(tell(week))))]


def test_json_has_every_figure() -> None:
    told = json.loads(json.dumps(as_json(tell(busy()))))
    assert (told["week"], told["server"], told["incidents"], told["incidents_percent"]) == ("2026-W47", "class", 5, 25)
    assert told["causes"] == {"role_limit": 4, "server_limit": 1}
    assert told["human"] == {"count": 4, "median_seconds": 240.0, "worst_seconds": 540.0}
    assert (told["terminated"], told["terminated_with_consent"], told["ended_by_others"]) == (8, 5, 3)
    assert told["server_peak"] == {"name": "class", "used": 60, "limit": 97, "at": "2026-11-17T15:00:00+00:00"}
    assert told["idle_by_program"][0] == {
        "program": "pgAdmin",
        "service": False,
        "roles": 3,
        "idle": 10.0,
        "idle_over_half_an_hour": 6.0,
        "share": 0.5,
    }
    assert [one["change"] for one in told["changes"]] == ["role_limit", "client"]
    assert told["watched_seconds"] == told["whole_seconds"] == 168 * 3600
    assert "ann" not in json.dumps(told)


def test_csv_has_a_line_for_each_figure_and_none_for_what_nobody_knows() -> None:
    found = {(row["figure"], row["about"]): row["value"] for row in rows(busy())}
    assert found["incidents_by_cause", "role_limit"] == "4"
    assert found["resolution_worst", ""] == "3900.0"
    assert found["server_limit", "class"] == "97"
    assert found["idle_by_network", "pgAdmin 10.0.1.0/24"] == "6.0"
    assert not any(figure == "ended_by_others" for figure, _ in ((r["figure"], "") for r in rows(facts(spans=[]))))


@pytest.mark.parametrize("name", ["=1+1", "@x", *NAMES])
def test_no_name_is_a_formula_or_breaks_a_line(name: str) -> None:
    week = busy(programs=[a_program(name, "", 2)], heights=[Height("database", name, 1, 2, MONDAY)])
    found = rows(week)
    assert all(tuple(row) == COLUMNS for row in found)
    assert not any(row["about"].startswith(("=", "@", "+", "-")) for row in found)


@pytest.mark.parametrize(
    "week", [busy(), facts(), facts(spans=[], incidents=[happened()])], ids=["busy", "quiet", "gap"]
)
def test_the_picture_is_a_png_of_a_page_s_width(week: Facts) -> None:
    picture = as_png(tell(week), ZONE)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (1200, 960)


@pytest.mark.parametrize("names", [("$x_{", "\\frac"), *(NAMES[at : at + 7] for at in range(0, len(NAMES), 7))])
def test_no_name_breaks_the_picture(names: tuple[str, ...]) -> None:
    programs = [a_program(name, "", 2) for name in names]
    heights = [Height("database", name, 1, 2, MONDAY) for name in names]
    assert as_png(tell(busy(programs=programs, heights=heights, server=names[0])), ZONE, visible)
