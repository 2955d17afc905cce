"""A week's figures, each beside the one worked out by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.summaries.changes import Change, Remedy, changes
from bot.summaries.digest import Compared, Digest, digest
from bot.summaries.facts import Ends, Height, Program, RoleUse, Watched
from bot.summaries.naming import OF_ONE_ROLE, ONE_EACH
from bot.summaries.spans import Gap
from bot.summaries.timing import Times
from tests.weeks import BEFORE, HEIGHTS, HOUR, MINUTE, MONDAY, NEXT, PROGRAMS, WEEK_SECONDS, a_program, facts, happened


def test_incidents_are_counted_by_cause_and_timed() -> None:
    told = digest(
        facts(
            incidents=[
                happened("role_limit", 1, 4, 10),
                happened("role_limit", 2, 10, 30),
                happened("server_limit", 9, None, 20),
                happened("database_limit", None, 5, None),
            ]
        )
    )
    assert (told.incidents, told.unresolved) == (4, 1)
    assert told.causes == (("role_limit", 2), ("database_limit", 1), ("server_limit", 1))
    assert told.answer == Times(3, 2 * MINUTE, 9 * MINUTE)
    assert told.human == Times(3, 5 * MINUTE, 10 * MINUTE)
    assert told.resolution == Times(3, 20 * MINUTE, 30 * MINUTE)


def test_of_an_even_number_the_median_lies_between() -> None:
    assert digest(facts(incidents=[happened(answer=1), happened(answer=4)])).answer == Times(
        2, 2.5 * MINUTE, 4 * MINUTE
    )
    assert digest(facts()).answer is None


def test_terminations_are_counted_by_outcome_and_consent() -> None:
    told = digest(
        facts(
            ends_by_outcome=[
                Ends("terminate", True, "terminated", 5),
                Ends("terminate", False, "terminated", 2),
                Ends("client", False, "terminated", 1),
                Ends("terminate", True, "changed", 3),
                Ends("cancel", True, "terminated", 4),
            ]
        )
    )
    assert told.outcomes == (("terminated", 8), ("changed", 3))
    assert (told.terminated, told.with_consent, told.cancelled) == (8, 5, 4)


def test_a_week_without_a_gap_was_watched_whole() -> None:
    told = digest(facts())
    assert (told.watched, told.whole, told.gaps) == (168 * HOUR, 168 * HOUR, ())
    assert told.complete
    assert told.quiet


def test_three_days_without_samples_are_a_gap() -> None:
    spans = [Watched(BEFORE, MONDAY + 24 * HOUR, 0), Watched(MONDAY + 96 * HOUR, NEXT, 0)]
    told = digest(facts(spans=spans))
    assert told.gaps == (Gap(MONDAY + 24 * HOUR, MONDAY + 96 * HOUR),)
    assert told.watched == 96 * HOUR
    assert not told.quiet


@pytest.mark.parametrize(("pause", "gaps"), [(timedelta(minutes=5), 0), (timedelta(minutes=6), 1)])
def test_a_restart_of_the_bot_is_no_gap(pause: timedelta, gaps: int) -> None:
    noon = MONDAY + 12 * HOUR
    told = digest(facts(spans=[Watched(BEFORE, noon, 0), Watched(noon + pause, NEXT, 0)]))
    assert len(told.gaps) == gaps


def test_spans_that_overlap_are_watched_once() -> None:
    noon = MONDAY + 12 * HOUR
    told = digest(facts(spans=[Watched(BEFORE, noon, 0), Watched(noon - HOUR, NEXT, 0), Watched(noon, noon + HOUR, 0)]))
    assert told.watched == 168 * HOUR


def test_a_week_that_is_not_over_is_told_so_far() -> None:
    told = digest(facts(now=MONDAY + 30 * HOUR, spans=[Watched(BEFORE, MONDAY + 30 * HOUR, 0)]))
    assert not told.over
    assert (told.watched, told.whole, told.gaps) == (30 * HOUR, 30 * HOUR, ())
    assert not told.quiet


@pytest.mark.parametrize(
    ("given", "percent"),
    [
        ({"incidents_before": 4}, -50),
        ({"incidents_before": 0}, None),
        ({"incidents_before": 4, "spans": [Watched(MONDAY, NEXT, 0)]}, None),
        ({"incidents_before": 4, "spans": [Watched(BEFORE, MONDAY + HOUR, 0)]}, None),
        ({"incidents_before": 4, "now": NEXT - MINUTE}, None),
        ({"incidents_before": 4, "spans": []}, None),
    ],
    ids=["whole weeks", "empty before", "partial before", "partial now", "not over", "never watched"],
)
def test_there_is_no_percentage_against_an_empty_or_partial_week(given: dict[str, Any], percent: int | None) -> None:
    told = digest(facts(incidents=[happened(), happened()], **given))
    assert told.incidents_compared == Compared(2, float(given["incidents_before"]), percent)


def test_what_operators_ended_is_what_the_server_counts_beyond_the_bot_s_own() -> None:
    def span(hour: int, killed: int | None) -> Watched:
        return Watched(MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR, killed)

    # The second hour has a restart, the fourth was not watched; what the bot ended then is not set against the others.
    ours = [MONDAY + minutes * MINUTE for minutes in (10, 20, 70, 130, 200)]
    assert digest(facts(spans=[span(0, 3), span(1, None), span(2, 3)], own_ends=ours)).others_ended == 3
    assert digest(facts(spans=[span(0, 1)], own_ends=ours)).others_ended == 0
    assert digest(facts(spans=[span(1, None)], own_ends=ours)).others_ended is None
    assert digest(facts(spans=[])).others_ended is None
    assert digest(facts(spans=[Watched(MONDAY - 5 * HOUR, MONDAY - 4 * HOUR, 9)])).others_ended is None


def test_limits_are_ranked_by_how_full_they_were() -> None:
    told = digest(facts(heights=HEIGHTS, roles=[RoleUse("zoe", 5, 5), RoleUse("ann", 5, 5), RoleUse("bob", 2, None)]))
    assert told.server_peak is not None
    assert (told.server_peak.used, told.server_peak.slots) == (60, 97)
    assert [one.name for one in told.database_peaks] == ["bank", "shop"]
    assert [one.name for one in told.roles] == ["ann", "zoe"]
    assert told.roles_seen == 3


def test_who_creates_what_idles_is_ranked_by_program_and_by_network() -> None:
    told = digest(facts(programs=PROGRAMS, idle_seconds_before=10 * WEEK_SECONDS))
    assert [(one.program, round(one.idle, 6), one.share) for one in told.programs] == [
        ("pgAdmin", 10, 0.5),
        ("canvas", 5, 0.25),
        ("psql", 5, 0.25),
    ]
    assert [(one.program, one.place) for one in told.places][:2] == [
        ("pgAdmin", "10.0.1.0/24"),
        ("canvas", "10.0.9.0/24"),
    ]
    assert (round(told.idle), round(told.used)) == (20, 24)
    assert told.idle_compared == Compared(told.idle, 10.0, 100)


def test_averages_are_over_the_time_that_was_watched() -> None:
    half = Program("psql", "", False, 1, 4, 4 * WEEK_SECONDS / 2, 4 * WEEK_SECONDS / 2, 0.0)
    told = digest(facts(programs=[half], spans=[Watched(MONDAY, MONDAY + 84 * HOUR, 0)]))
    assert told.idle == 4.0


def a_digest(**given: Any) -> Digest:
    return digest(facts(**given))


def test_the_changes_that_help_most_come_first_and_are_two() -> None:
    full = [RoleUse(f"r{n}", 5, 5) for n in range(6)]
    limits = [happened("role_limit")] * 5
    told = a_digest(programs=PROGRAMS, heights=HEIGHTS, roles=full, incidents=limits)
    assert changes(told) == (
        Change(Remedy.ROLE_LIMIT, number=5, to=7),
        Change(Remedy.CLIENT, "pgAdmin", told.programs[0].idle),
    )
    calm = replace(told, causes=())
    assert [one.remedy for one in changes(calm)] == [Remedy.CLIENT, Remedy.TIMEOUT]
    assert changes(calm)[1].frees == 6.0


def test_the_limit_that_keeps_people_out_most_often_is_raised() -> None:
    bases = [Height("database", name, 20, slots, MONDAY) for name, slots in (("ann", 5), ("shop", 20), ("bank", 40))]
    given: dict[str, Any] = {
        "heights": [HEIGHTS[-1], *bases],
        "roles": [RoleUse("ann", 5, 5)],
        "incidents": [*[happened("database_limit")] * 5, *[happened("role_limit")] * 4],
    }
    assert changes(a_digest(**given)) == (Change(Remedy.DATABASE_LIMIT, "shop", number=20, to=25),)
    assert changes(a_digest(**{**given, "heights": HEIGHTS[-1:]})) == ()
    # What was hardly watched may be fuller than anybody saw.
    assert changes(a_digest(**given, spans=[Watched(MONDAY, MONDAY + 80 * HOUR, 0)])) == ()


def test_no_limit_is_raised_where_the_server_itself_keeps_people_out() -> None:
    incidents = [*[happened("server_limit")] * 5, *[happened("role_limit")] * 4]
    assert changes(a_digest(heights=HEIGHTS, roles=[RoleUse("ann", 5, 5)], incidents=incidents)) == ()


def test_a_pooler_is_asked_to_hold_fewer_and_is_not_timed_out() -> None:
    told = a_digest(programs=[a_program("PgBouncer", "", 9, stale=9), a_program("psql", "", 1, stale=0.5)])
    assert changes(told) == (Change(Remedy.SERVICE, "PgBouncer", told.programs[0].idle),)


def test_a_week_in_which_the_server_was_full_is_not_quiet() -> None:
    assert a_digest(heights=[Height("server", "class", 96, 97, MONDAY)]).quiet
    assert not a_digest(heights=[Height("server", "class", 97, 97, MONDAY)]).quiet


def test_limits_are_not_raised_on_a_server_that_is_nearly_full() -> None:
    told = a_digest(
        heights=[Height("server", "class", 90, 97, MONDAY)],
        roles=[RoleUse("ann", 5, 5)],
        incidents=[happened("role_limit")] * 5,
    )
    assert changes(told) == ()


def test_nothing_is_advised_where_little_idles() -> None:
    assert changes(a_digest(programs=[a_program("pgAdmin", "", 0.5)])) == ()
    assert changes(a_digest()) == ()


def test_a_program_of_one_person_is_not_named() -> None:
    told = a_digest(programs=[a_program("ann homework", "", 9, roles=1), a_program("DBeaver", "", 4, roles=1)])
    assert [one.program for one in told.programs] == [ONE_EACH, "DBeaver"]
    assert {one.program for one in told.places} == {ONE_EACH, "DBeaver"}
    assert changes(told) == (Change(Remedy.CLIENT, "DBeaver", 4.0),)


def test_a_program_that_is_called_as_a_role_is_not_named() -> None:
    told = digest(facts(programs=[a_program("Ann", "", 9, roles=2)], roles=[RoleUse("ann", 5, 5)]))
    assert [one.program for one in told.programs] == [ONE_EACH]


def test_what_the_server_does_not_tell_is_not_nothing() -> None:
    silent = Program("psql", "", False, 1, None, 4 * WEEK_SECONDS, 0.0, 0.0)
    of_silent = digest(facts(programs=[silent], idle_seconds_before=WEEK_SECONDS))
    assert (of_silent.tells_idle, of_silent.idle_compared) == (False, Compared(0.0, 1.0, None))
    assert digest(facts(programs=[silent, *PROGRAMS])).tells_idle
    assert digest(facts()).tells_idle
    assert not digest(facts(spans=[])).tells_idle
    assert digest(facts(spans=[Watched(MONDAY, NEXT, 0)])).idle_compared.before is None


def test_a_database_that_is_called_as_a_role_is_not_named() -> None:
    heights = [Height("database", name, used, 5, MONDAY) for name, used in (("Ann", 5), ("bob", 4), ("shop", 3))]
    told = digest(facts(heights=heights, roles=[RoleUse("ann", 5, 5), RoleUse("bob", 1, None)]))
    assert [(one.name, one.used) for one in told.database_peaks] == [(OF_ONE_ROLE, 5), ("shop", 3)]
