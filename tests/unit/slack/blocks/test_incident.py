import itertools
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from bot.causes.finding import Cause
from bot.diagnosis.advice import CLIENTS
from bot.diagnosis.facts import Facts
from bot.incidents.incident import BY_ITSELF, Affected, Conversation, Incident, IncidentState, Scope, ScopeKind, Waiting
from bot.servers.capacity import Limit, LimitKind
from bot.slack import ids
from bot.slack.blocks.incident import Shown, render, render_resolution
from bot.slack.incident_payloads import Occasion, read_incident_id, read_occasion
from tests.block_rules import buttons, faults
from tests.builders import ALICE, BOB, NOON
from tests.hostile import NAMES
from tests.trouble import (
    DATABASE,
    ELSEWHERE,
    FULL_SERVER,
    NO_SUCH,
    PRIVATE,
    ROLE,
    SERVER,
    THREAD,
    a_crowd,
    an_incident,
    facts,
    over,
    somebody,
)

NOBODY_S = somebody(BOB, role=None)
"""Bob's report that names alice's role."""


def shown(
    incident: Incident | None = None,
    at: Facts | None = facts(),  # noqa: B008  # a value
    where: Conversation = THREAD,
    **more: Any,
) -> Shown:
    return Shown(incident or an_incident(), at, where, NOON, UTC, **more)


def text(*args: Any, **more: Any) -> str:
    return render(shown(*args, **more)).text


SCOPES = [(ROLE, facts()), (DATABASE, facts(20, 20, scope=DATABASE)), (SERVER, FULL_SERVER)]


def test_what_is_read_aloud_has_no_marks_of_formatting() -> None:
    for incident in (an_incident(), over()):
        for known in (facts(), facts(3)):
            assert "*" not in render(shown(incident, known)).text


@pytest.mark.parametrize(("scope", "full"), SCOPES, ids=lambda value: getattr(value, "kind", ""))
def test_the_first_answer_says_what_is_full_what_it_means_what_helps_and_who_is_there(
    scope: Scope, full: Facts
) -> None:
    said = text(an_incident(scope=scope), full)
    assert "is full: " in said
    assert "password" in said
    assert "You can do this now:" in said
    assert "Open since 11:50; 1 person waits." in said
    assert "No staff have answered yet." in said
    assert faults(render(shown(an_incident(scope=scope), full))) == []


def test_everybody_sees_the_same_three_buttons_which_carry_the_incident_alone() -> None:
    row = buttons(render(shown()))
    assert [one["text"]["text"] for one in row] == ["My connections", "I have this too", "Staff tools"]
    assert [one["action_id"] for one in row] == [ids.MY_CONNECTIONS, ids.HAVE_THIS_TOO, ids.STAFF_TOOLS]
    assert {read_incident_id(one["value"]) for one in row} == {"i-7a"}


def test_in_private_there_is_nobody_else_to_click() -> None:
    (mine,) = buttons(render(shown(an_incident(somebody(where=PRIVATE), where=PRIVATE), where=PRIVATE)))
    assert mine["action_id"] == ids.MY_CONNECTIONS


def test_figures_of_a_role_stand_only_where_its_owner_reported() -> None:
    assert "5 of 5 connections" in text()
    others = text(an_incident(NOBODY_S))
    assert "The role alice on class is full." in others
    assert "5" not in others.replace("11:50", "")
    assert "of 5" not in text(an_incident(NOBODY_S), facts(3))
    assert "The role alice on class has room now." in text(an_incident(NOBODY_S), facts(3))


@pytest.mark.parametrize("incident", [an_incident(), an_incident(NOBODY_S), over(), an_incident(human=BOB)])
@pytest.mark.parametrize("where", [THREAD, ELSEWHERE, PRIVATE])
def test_strays_are_told_in_no_shared_message(incident: Incident, where: Conversation) -> None:
    view = shown(incident, facts(strays=3), where)
    for message in (render(view), render_resolution(view)):
        assert "stray" not in message.text
        assert "3" not in message.text


@pytest.mark.parametrize("advice", CLIENTS, ids=lambda advice: advice.client)
def test_the_step_is_the_client_s_where_it_is_known(advice: Any) -> None:
    message = render(shown(an_incident(client=advice.client)))
    assert advice.opens in message.text
    assert advice.remedy in message.text
    assert faults(message) == []


def test_without_a_client_the_step_fits_what_is_full() -> None:
    assert "a second terminal" in text()
    assert "try again in a minute" in text(an_incident(scope=SERVER), FULL_SERVER)
    assert "try again in a minute" in text(an_incident(scope=SERVER, client="something new"), FULL_SERVER)


def test_room_is_told_at_once() -> None:
    said = text(at=facts(4))
    assert "has room now: 4 of 5 connections are in use. Try again now." in said
    assert "If it still refuses you:" in said
    assert "it counts as over" in said
    assert "has room now. Try" in text(at=facts(4, None))


def test_what_cannot_be_seen_is_not_claimed() -> None:
    for unknown in (None, NO_SUCH):
        said = text(at=unknown)
        assert "as reported" in said
        assert "full:" not in said
        assert "I say here when it is over." in said
    assert "the server does not answer me" in text(at=None)


def test_a_full_pooler_is_not_the_server() -> None:
    pooler = an_incident(scope=SERVER, cause=Cause.POOLER_LIMIT)
    for known in (None, facts(40, 97, scope=SERVER)):
        said = text(pooler, known)
        assert "The pooler in front of class takes no more connections." in said
        assert "Try again now" not in said
    assert "The server itself has room." in said
    assert "has room" not in text(pooler, None)


def test_a_server_over_its_limit_says_how_many_must_end() -> None:
    assert "Before one more gets in, 4 must end." in text(an_incident(scope=SERVER), facts(100, 97, scope=SERVER))


def test_a_count_that_is_not_sure_is_told_as_such() -> None:
    assert "is full: at least 97 of 97 slots" in text(
        an_incident(scope=SERVER), facts(97, 97, scope=SERVER, at_least=True)
    )
    limit = replace(facts(97, 97, scope=SERVER).limit or Limit(LimitKind.SERVER, "", 0, 0), at_most=True)
    assert "may be full: at most 97 of 97 slots" in text(an_incident(scope=SERVER), Facts(NOON, limit))


def test_a_limit_of_nothing_is_the_staff_s_to_change() -> None:
    assert "nobody gets in until the staff change that" in text(at=facts(0, 0))


def test_how_many_wait_and_whether_staff_have_been_seen() -> None:
    incident = an_incident(*a_crowd(23), somebody("U0IN", state=Waiting.IN), scope=SERVER)
    assert "23 people wait." in text(incident, FULL_SERVER)
    assert "nobody waits any more" in text(an_incident(somebody(state=Waiting.IN)))
    assert "<@U0BOB> of the staff is here." in text(an_incident(human=BOB))
    assert "they have been told" in text(staff_told=True)
    assert "they have been told" not in text(an_incident(human=BOB), staff_told=True)


def test_an_incident_that_came_back_says_so() -> None:
    assert "Open again since 11:50" in text(an_incident(occasion=2))


def test_when_it_is_over_the_answer_has_no_buttons_and_no_figures() -> None:
    message = render(shown(over(*a_crowd(3), somebody()), facts(3)))
    assert message.text.startswith("\u2705 Over at 12:00: the role alice on class has room again.")
    assert "It began at 11:50; 4 people reported it." in message.text
    assert "of 5" not in message.text
    assert buttons(message) == []
    assert faults(message) == []


def test_the_answer_names_who_said_that_it_is_over_and_the_news_wakes_nobody_for_it() -> None:
    said = shown(over(by=BOB), facts(3))
    assert "<@U0BOB> says that the role alice on class can be used again." in render(said).text
    assert BOB not in render_resolution(said).text
    assert "the staff say that the role alice on class can be used again." in render_resolution(said).text
    for by in (ALICE, ""):
        assert "nobody waits for" in render(shown(over(somebody(state=Waiting.IN), by=by))).text
    done = over(somebody(state=Waiting.IN), by=ALICE)
    assert "nobody waits for the role alice on class any more." in render(shown(done)).text
    assert "nobody has spoken of the role alice on class for hours" in render(shown(over(by=BY_ITSELF))).text


def test_the_news_calls_those_who_wait_in_this_conversation() -> None:
    people = (somebody(), somebody(BOB, ELSEWHERE, role=None), somebody("U0IN", state=Waiting.IN))
    message = render_resolution(shown(over(*people), facts(3)))
    assert message.text.startswith("\u2705 <@U0ALICE>: the role alice on class has room again. Connect now, ")
    assert "3 of 5 connections are in use now." in message.text
    assert "1 other person waits too." in message.text
    assert [read_occasion(one["value"]) for one in buttons(message)] == [Occasion("i-7a", 1)] * 2
    assert [one["text"]["text"] for one in buttons(message)] == ["I'm in", "Still stuck"]
    assert render_resolution(shown(over(*people), facts(3), ELSEWHERE)).text.startswith("\u2705 <@U0BOB>: ")


def test_the_news_where_nobody_waits_calls_nobody() -> None:
    message = render_resolution(shown(over(somebody(state=Waiting.IN), by=ALICE)))
    assert message.text == "\u2705 Nobody waits for the role alice on class any more."
    assert [one["action_id"] for one in buttons(message)] == [ids.STILL_STUCK]


def test_one_slot_left_is_told_as_one() -> None:
    assert "opens two connections at once" in render_resolution(shown(over(), facts(4))).text
    assert "opens two connections at once" not in render_resolution(shown(over(), facts(3))).text


def test_figures_are_left_out_of_the_news_as_of_the_answer() -> None:
    said = render_resolution(shown(over(NOBODY_S), facts(4))).text
    assert "of 5" not in said
    assert "two connections" not in said
    for unknown in (None, NO_SUCH, facts(5), facts(4, None)):
        assert "in use now" not in render_resolution(shown(over(), unknown)).text


def test_fifty_are_called_and_the_others_are_counted() -> None:
    message = render_resolution(shown(over(*a_crowd(500), scope=SERVER), facts(3, 97, scope=SERVER)))
    assert message.text.count("<@U0STUDENT") == 50
    assert "and 450 more: the server class has room again." in message.text
    assert "499 other people wait too." in message.text
    assert faults(message) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name])
@pytest.mark.parametrize("kind", ScopeKind)
def test_no_name_does_anything(name: str, kind: ScopeKind) -> None:
    scope = Scope(kind, "" if kind is ScopeKind.SERVER else name)
    crowd: list[Affected] = [*a_crowd(500), somebody(name, role=name)]
    for state, known, cause in itertools.product(
        IncidentState, (None, NO_SUCH, facts(scope=scope, server=name), facts(3, scope=scope)), ("", Cause.POOLER_LIMIT)
    ):
        incident = an_incident(*crowd, server=name, scope=scope, cause=cause, state=state, human=name, resolved_by=name)
        for where in (THREAD, ELSEWHERE, PRIVATE):
            view = shown(incident, known, where, staff_told=True)
            assert faults(render(view)) == []
            assert faults(render_resolution(view)) == []
