"""A week's facts come out of the tables as they were written into them, on both own databases."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.tables import (
    incidents,
    proposal_backends,
    proposals,
    sample_limits,
    sample_programs,
    sample_spans,
)
from bot.summaries.digest import digest
from bot.summaries.facts import Ends, Height, RoleUse
from bot.summaries.outline import Outline
from bot.summaries.reading import Weeks
from bot.summaries.timing import Times
from bot.summaries.week import Week
from tests.histories import a_backend, a_limit, a_program, a_proposal, an_incident, write

ZONE = ZoneInfo("America/New_York")
WEEK = Week(2026, 10)
"""Summer time begins on its Sunday: 167 hours."""
MONDAY, NEXT = datetime(2026, 3, 2, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)
HOUR, MINUTE, MOMENT = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)


async def test_only_the_week_s_own_incidents_of_this_server_and_workspace_count(own_database: OwnDatabase) -> None:
    await write(
        own_database,
        incidents,
        an_incident(1, MONDAY, answered_at=MONDAY + MINUTE, human="U2", human_at=MONDAY + 3 * MINUTE),
        an_incident(
            2,
            NEXT - MOMENT,
            "server_limit",
            resolved=None,
            occasion=2,
            occasion_at=NEXT + HOUR,
            human="U2",
            human_at=NEXT + HOUR + 5 * MINUTE,
        ),
        an_incident(3, NEXT),
        an_incident(4, MONDAY - MOMENT),
        an_incident(5, MONDAY - timedelta(weeks=1)),
        an_incident(6, MONDAY - timedelta(weeks=1) - MOMENT),
        an_incident(7, MONDAY, server="other"),
        an_incident(8, MONDAY, team="T2"),
    )
    facts = await Weeks(own_database, ZONE).read("T1", "class", WEEK)
    told = digest(facts)
    assert sorted(told.causes) == [("role_limit", 1), ("server_limit", 1)]
    assert facts.incidents_before == 2
    assert told.whole == 167 * HOUR
    assert told.answer == Times(1, MINUTE, MINUTE)
    # From the last opening of each: 3 and 5 minutes.
    assert told.human == Times(2, 4 * MINUTE, 5 * MINUTE)
    assert told.resolution == Times(1, HOUR, HOUR)
    assert told.unresolved == 1
    of_all = await Weeks(own_database, ZONE).read(None, "class", WEEK)
    assert sum(one.incidents for one in of_all.causes) == 3


async def test_ended_connections_are_counted_with_their_consent(own_database: OwnDatabase) -> None:
    await write(
        own_database,
        proposals,
        a_proposal(1, MONDAY),
        a_proposal(2, MONDAY + HOUR, by_right="owner"),
        a_proposal(3, MONDAY + HOUR, consent="owner"),
        a_proposal(4, MONDAY + HOUR, kind="cancel"),
        a_proposal(5, NEXT),
        a_proposal(6, MONDAY, server="other"),
    )
    await write(
        own_database,
        proposal_backends,
        a_backend(1, 0, "terminated", MONDAY + MINUTE),
        a_backend(1, 1, "changed", MONDAY + MINUTE),
        *(a_backend(number, 0, "terminated", MONDAY + HOUR) for number in (2, 3, 4, 5, 6)),
    )
    span = {"server": "class", "began_at": MONDAY, "ended_at": MONDAY + 2 * HOUR, "killed": 5}
    await write(own_database, sample_spans, span)
    facts = await Weeks(own_database, ZONE).read("T1", "class", WEEK)
    assert digest(facts).others_ended == 2
    assert sorted(facts.ends_by_outcome) == [
        Ends("cancel", False, "terminated", 1),
        Ends("terminate", False, "changed", 1),
        Ends("terminate", False, "terminated", 1),
        Ends("terminate", True, "terminated", 2),
    ]
    told = digest(facts)
    assert (told.terminated, told.with_consent, told.cancelled) == (3, 2, 1)
    assert sorted(facts.own_ends) == [MONDAY + MINUTE, MONDAY + HOUR, MONDAY + HOUR]


async def test_peaks_are_found_whatever_the_rows_stand_for(own_database: OwnDatabase) -> None:
    noon = MONDAY + 12 * HOUR
    await write(
        own_database,
        sample_limits,
        a_limit("server", "class", 60, 97, noon),
        a_limit("server", "class", 61, 97, noon + HOUR, 600),
        a_limit("server", "class", 40, 50, noon + 2 * HOUR, 3600),
        a_limit("server", "class", 97, 97, NEXT),
        a_limit("database", "shop", 3, 0, noon),
        a_limit("database", "postgres", 30, None, noon),
        a_limit("role", "ann", 5, 5, noon),
        a_limit("role", "ann", 6, 7, noon + HOUR),
        a_limit("role", "bob", 2, None, noon),
    )
    facts = await Weeks(own_database, ZONE).read("T1", "class", WEEK)
    assert sorted(facts.heights) == [
        Height("database", "postgres", 30, None, noon),
        Height("database", "shop", 3, 0, noon),
        Height("server", "class", 40, 50, noon + 2 * HOUR),
    ]
    assert sorted(facts.roles) == [RoleUse("ann", 6, 5), RoleUse("bob", 2, None)]


async def test_what_idled_is_summed_over_the_week(own_database: OwnDatabase) -> None:
    await write(
        own_database,
        sample_programs,
        a_program("psql", MONDAY, 100),
        a_program("psql", MONDAY + HOUR, 200, 600),
        a_program("psql", NEXT, 5000),
        a_program("psql", MONDAY - HOUR, 7000, 3600),
        a_program("psql", MONDAY, 9000, server="other"),
    )
    await write(
        own_database,
        sample_spans,
        {"server": "class", "began_at": MONDAY - MINUTE, "ended_at": MONDAY + 99 * MINUTE, "killed": 4},
        {"server": "class", "began_at": MONDAY + 100 * HOUR, "ended_at": MONDAY + 100 * HOUR + MINUTE, "killed": None},
        {"server": "other", "began_at": MONDAY, "ended_at": NEXT, "killed": 0},
    )
    facts = await Weeks(own_database, ZONE).read("T1", "class", WEEK)
    (program,) = facts.programs
    assert (program.idle_seconds, program.stale_seconds, program.used_seconds) == (300, 150, 600)
    assert facts.idle_seconds_before == 7000
    told = digest(facts)
    assert told.watched == 100 * MINUTE
    assert told.idle == 300 / 6000
    assert told.others_ended == 4


async def test_the_record_s_length_and_head_are_told(own_database: OwnDatabase, record: Record) -> None:
    empty = await Weeks(own_database, ZONE).read("T1", "class", WEEK)
    assert empty.entries == 0
    async with own_database.write() as connection:
        entry = await record.append(connection, await own_database.now(connection), "U1", "test", {"team": "T1"})
    facts = await Weeks(own_database, ZONE).read("T1", "class", WEEK)
    assert (facts.entries, facts.head) == (1, f"1:{entry.digest}")


async def test_what_the_bot_ended_for_whomever_and_since_whenever_is_not_operators_work(
    own_database: OwnDatabase,
) -> None:
    await write(
        own_database,
        proposals,
        a_proposal(1, MONDAY - MINUTE),
        a_proposal(2, MONDAY + HOUR, team="T2"),
        a_proposal(3, MONDAY + HOUR, kind="client"),
    )
    quarter, edge = 15 * MINUTE, MONDAY + HOUR
    await write(
        own_database,
        proposal_backends,
        a_backend(1, 0, "terminated", MONDAY + MOMENT),
        a_backend(2, 0, "terminated", edge),
        a_backend(2, 1, "failed", edge),
        a_backend(2, 2, "still_ending", edge + quarter),
        a_backend(3, 0, "terminated", edge),
    )
    spans = [(MONDAY - MINUTE, MONDAY, 8), (MONDAY, edge, 2), (edge, edge + quarter, 3), (NEXT, NEXT + quarter, 9)]
    rows = [{"server": "class", "began_at": begin, "ended_at": end, "killed": killed} for begin, end, killed in spans]
    await write(own_database, sample_spans, *rows)
    for team in ("T1", "T2", None):
        told = digest(await Weeks(own_database, ZONE).read(team, "class", WEEK))
        assert (told.others_ended, told.others_sure) == (2, False)


async def test_times_that_sqlite_was_given_without_a_fraction_are_in_their_week(migrated_sqlite_url: str) -> None:
    async with OwnDatabase(migrated_sqlite_url) as own_database:
        await write(own_database, incidents, *(an_incident(number, MONDAY) for number in range(3)))
        for number, at in enumerate((MONDAY - timedelta(seconds=1), MONDAY, NEXT)):
            with closing(sqlite3.connect(migrated_sqlite_url.removeprefix("sqlite:///"))) as plain, plain:
                written = f"{at:%Y-%m-%d %H:%M:%S}", f"{at + MINUTE:%Y-%m-%d %H:%M:%S}"
                plain.execute(
                    "UPDATE incidents SET opened_at = ?, resolved_at = ? WHERE id = ?", (*written, f"i{number}")
                )
        told = digest(await Weeks(own_database, ZONE).read("T1", "class", WEEK))
        assert (told.incidents, told.incidents_compared.before) == (1, 1)
        assert told.resolution == Times(1, MINUTE, MINUTE)


async def test_a_week_in_short_counts_its_own_incidents_and_knows_whether_it_was_watched(
    own_database: OwnDatabase,
) -> None:
    opened = (MONDAY, NEXT - MOMENT, NEXT, MONDAY - MOMENT)
    others = (an_incident(4, MONDAY, server="other"), an_incident(5, MONDAY, team="T2"))
    await write(own_database, incidents, *(an_incident(*one) for one in enumerate(opened)), *others)
    weeks = Weeks(own_database, ZONE)
    assert await weeks.outline("T1", "class", WEEK) == Outline(WEEK, 2, sure=False, seen=False)
    part = {"server": "class", "began_at": MONDAY - MINUTE, "ended_at": NEXT - HOUR, "killed": 0}
    await write(own_database, sample_spans, part)
    assert await weeks.outline("T1", "class", WEEK) == Outline(WEEK, 2, sure=False, seen=True)
    rest = part | {"began_at": NEXT - HOUR, "ended_at": NEXT + MINUTE}
    await write(own_database, sample_spans, rest)
    assert await weeks.outline("T1", "class", WEEK) == Outline(WEEK, 2, sure=True, seen=True)
