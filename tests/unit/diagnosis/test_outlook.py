"""When an incident is over, when staff are called, and when it is given up."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.diagnosis.facts import Facts
from bot.diagnosis.outlook import Spell, Step, View, looked, step
from bot.incidents.incident import Affected, Conversation, Incident, IncidentState, Scope, ScopeKind, Waiting
from bot.incidents.patience import Patience
from bot.servers.capacity import Limit, LimitKind
from tests.builders import ALICE, BOB, NOON, TEAM

THREAD = Conversation("C0HELP", "1.0")
PATIENCE = Patience(free_for=timedelta(seconds=60), staff_after=timedelta(seconds=300))


def an_incident(**changes: object) -> Incident:
    waiting = Affected(ALICE, THREAD, NOON, "alice", "1.0")
    opened = Incident(
        "i1", TEAM, "class", Scope(ScopeKind.ROLE, "alice"), "role_limit", IncidentState.OPEN, ALICE, THREAD, NOON, NOON,
        people=(waiting,),
    )  # fmt: skip
    return replace(opened, **changes)  # type: ignore[arg-type]  # fields by name


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def facts(seconds: float, used: int = 4) -> Facts:
    return Facts(at(seconds), Limit(LimitKind.ROLE, "alice", used, 5))


def spell(*looks: Facts | None, every: float = 10) -> Spell:
    """The spell after some looks, the first at noon by our clock."""
    seen: Spell | None = None
    for turn, look in enumerate(looks):
        seen = looked(seen, look, at(turn * every))
    assert seen is not None
    return seen


def test_room_lasts_by_the_servers_clock() -> None:
    assert spell(facts(100), facts(110), facts(125)) == Spell(View.ROOM, at(100), at(125))


@pytest.mark.parametrize("between", [facts(110, used=5), None])
def test_a_look_that_shows_no_room_breaks_it(between: Facts | None) -> None:
    assert spell(facts(100), between, facts(120)) == Spell(View.ROOM, at(120), at(120))


@pytest.mark.parametrize("later", [90, 130, 1000])
def test_what_was_not_looked_at_for_long_and_a_clock_that_went_back_begin_anew(later: float) -> None:
    assert spell(facts(100), facts(later)).lasts == timedelta(0)


def test_what_is_no_more_has_room() -> None:
    assert spell(Facts(at(0), None)).view is View.ROOM


def test_it_is_over_after_room_for_long_enough() -> None:
    just, not_yet = Spell(View.ROOM, at(0), at(60)), Spell(View.ROOM, at(0), at(59))
    assert step(an_incident(), just, at(61), PATIENCE) is Step.RESOLVE
    assert step(an_incident(), not_yet, at(61), PATIENCE) is Step.WAIT
    assert step(an_incident(), replace(just, view=View.FULL), at(61), PATIENCE) is Step.WAIT
    assert step(an_incident(), replace(just, view=View.UNKNOWN), at(61), PATIENCE) is Step.WAIT


def test_it_is_over_when_nobody_waits() -> None:
    full = Spell(View.FULL, at(0), at(60))
    people = tuple(
        replace(an_incident().people[0], person=who, state=state)
        for who, state in ((ALICE, Waiting.IN), (BOB, Waiting.WITHDRAWN))
    )
    assert step(an_incident(people=people), full, at(61), PATIENCE) is Step.RESOLVE
    assert step(an_incident(people=()), full, at(61), PATIENCE) is Step.RESOLVE
    assert step(an_incident(people=(*people, an_incident().people[0])), full, at(61), PATIENCE) is Step.WAIT


def test_staff_are_called_once_this_occasion_has_had_no_human_for_long_enough() -> None:
    full = Spell(View.FULL, at(0), at(300))
    assert step(an_incident(), full, at(299), PATIENCE) is Step.WAIT
    assert step(an_incident(), full, at(300), PATIENCE) is Step.CALL_STAFF
    assert step(an_incident(occasion_at=at(100)), full, at(300), PATIENCE) is Step.WAIT
    assert step(an_incident(human=BOB, human_at=at(10)), full, at(300), PATIENCE) is Step.WAIT
    assert step(an_incident(), replace(full, view=View.ROOM, since=at(299)), at(300), PATIENCE) is Step.CALL_STAFF


HOURS = 3600


@pytest.mark.parametrize(
    ("view", "since", "spoken", "given_up"),
    [
        (View.UNKNOWN, 11 * HOURS, 0, True),
        (View.UNKNOWN, 11.5 * HOURS, 0, False),
        (View.UNKNOWN, 0, 1 * HOURS, False),
        (View.FULL, 0, 0, False),
    ],
    ids=["nobody can tell", "it could be told lately", "somebody came to it since", "it is full still"],
)
def test_what_nobody_can_tell_or_speaks_of_is_given_up(
    view: View, since: float, spoken: float, *, given_up: bool
) -> None:
    late = replace(an_incident().people[0], person=BOB, since=at(spoken))
    incident = an_incident(people=(*an_incident().people, late), human=BOB, human_at=at(0))
    seen = step(incident, Spell(view, at(since), at(12 * HOURS)), at(12 * HOURS), PATIENCE)
    assert seen is (Step.GIVE_UP if given_up else Step.WAIT)
