"""Every figure of many random weeks is the one that is reckoned from the rows alone, on both own databases."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from bot.storage import tables
from bot.storage.engine import OwnDatabase
from bot.summaries.export import as_json
from bot.summaries.reading import Weeks
from bot.summaries.told import tell
from bot.summaries.week import Week
from tests.pasts import SERVERS, TEAMS, History, Past, monday
from tests.reckoning import Reckoning

ZONES = [ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")]
AUTUMN, SPRING = [(2025, week) for week in range(41, 47)], [(2026, week) for week in range(8, 16)]
"""In each, summer time ends or begins in New York and, in another week, in Berlin."""
ROUNDED = 0.0051
AT_ONCE = 500


@pytest.mark.parametrize(("seed", "weeks"), [(1, AUTUMN), (2, SPRING)], ids=["autumn", "spring"])
async def test_every_figure_of_every_week(own_database: OwnDatabase, seed: int, weeks: list[tuple[int, int]]) -> None:
    history = Past(seed, [monday(*week, zone) for week in weeks for zone in ZONES]).history()
    await keep(own_database, history)
    for zone in ZONES:
        read = Weeks(own_database, zone).read
        begins = [monday(*week, zone) for week in weeks]
        for number, (before, begin, end) in enumerate(zip(begins, begins[1:], begins[2:], strict=False), 1):
            team, server = (None, *TEAMS)[number % 3], SERVERS[number % 2]
            reckoned = Reckoning(history, team, server, begin, end).figures(before)
            told = json.loads(json.dumps(as_json(tell(await read(team, server, Week(*weeks[number]))))))
            for figure, value in reckoned.items():
                assert same(told[figure], value), (zone.key, weeks[number], team, server, figure, told[figure], value)
        assert {end - begin for begin, end in pairwise(begins)} <= {timedelta(hours=hours) for hours in (167, 168, 169)}


async def keep(db: OwnDatabase, history: History) -> None:
    async with db.write() as connection:
        for table, rows in history.items():
            for at in range(0, len(rows), AT_ONCE):
                await connection.execute(insert(getattr(tables, table)), rows[at : at + AT_ONCE])


def same(told: Any, reckoned: Any) -> bool:
    """Equal but for what is lost when averages and seconds are rounded."""
    if isinstance(reckoned, dict) and isinstance(told, dict):
        return told.keys() == reckoned.keys() and all(same(told[key], reckoned[key]) for key in told)
    if isinstance(reckoned, list) and isinstance(told, list):
        return len(told) == len(reckoned) and all(map(same, told, reckoned))
    if isinstance(reckoned, float) and isinstance(told, float):
        return abs(told - reckoned) <= ROUNDED
    return bool(told == reckoned)
