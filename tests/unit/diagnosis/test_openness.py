import pytest

from bot.diagnosis.openness import may_tell_figures
from bot.incidents.incident import Scope, Waiting
from tests.builders import ALICE, BOB
from tests.trouble import DATABASE, ELSEWHERE, PRIVATE, SERVER, THREAD, an_incident, somebody


@pytest.mark.parametrize("scope", [SERVER, DATABASE])
def test_everybody_may_know_how_full_a_server_or_a_database_is(scope: Scope) -> None:
    incident = an_incident(somebody(BOB, role=None), scope=scope)
    assert may_tell_figures(incident, THREAD)
    assert may_tell_figures(incident, PRIVATE)


def test_a_role_s_figures_are_public_once_an_owner_reports_in_public() -> None:
    incident = an_incident(somebody(BOB, role=None), somebody(ALICE, ELSEWHERE))
    assert may_tell_figures(incident, THREAD)
    assert may_tell_figures(incident, ELSEWHERE)


def test_nobody_who_names_another_s_role_learns_its_figures() -> None:
    incident = an_incident(somebody(BOB, role=None))
    assert not may_tell_figures(incident, THREAD)
    assert not may_tell_figures(an_incident(somebody(BOB, role="bob")), THREAD)


def test_an_owner_who_reports_in_private_alone_learns_them_there_alone() -> None:
    incident = an_incident(somebody(ALICE, PRIVATE), somebody(BOB, role=None))
    assert may_tell_figures(incident, PRIVATE)
    assert not may_tell_figures(incident, THREAD)


def test_another_s_private_conversation_learns_nothing_of_them() -> None:
    incident = an_incident(somebody(ALICE, THREAD), somebody(BOB, PRIVATE, role=None))
    assert not may_tell_figures(incident, PRIVATE)


def test_who_took_the_report_back_made_nothing_public() -> None:
    assert not may_tell_figures(an_incident(somebody(state=Waiting.WITHDRAWN)), THREAD)
    assert may_tell_figures(an_incident(somebody(state=Waiting.IN)), THREAD)
