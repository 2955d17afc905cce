import pytest

from bot.causes.finding import Cause, Finding, Kind
from bot.diagnosis.advice import CLIENTS, Advice, for_text
from bot.slack.blocks.diagnosis import render, sentences
from bot.slack.blocks.text import plain
from bot.slack.commands import CommandNames
from tests.block_rules import faults
from tests.hostile import NAMES

NAMED = CommandNames("/pgconns", "/pgkill", "/pgbot")
ALL = [Finding(cause) for cause in Cause if cause is not Cause.OTHER] + [Finding(Cause.OTHER, kind) for kind in Kind]


def told(finding: Finding, text: str = "") -> list[str]:
    return sentences(finding, for_text(text), names=NAMED, quote=plain)


@pytest.mark.parametrize("finding", ALL, ids=lambda finding: finding.kind or finding.cause)
def test_every_cause_and_kind_is_told_with_a_step_to_take(finding: Finding) -> None:
    said = told(finding)
    assert len(said) == 2
    assert all(one[0].isupper() and one.endswith(".") and "{" not in one for one in said)
    assert sum(map(len, said)) < 400
    assert faults(render(finding, None, names=NAMED)) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name])
@pytest.mark.parametrize("finding", ALL, ids=lambda finding: finding.kind or finding.cause)
def test_no_name_does_anything_in_the_answer(finding: Finding, name: str) -> None:
    hostile = Finding(finding.cause, finding.kind, name, name, name, 5432, 0.99)
    assert faults(render(hostile, CLIENTS[0], names=NAMED)) == []


def test_a_role_s_limit_names_the_role_and_the_way_to_its_connections() -> None:
    meaning, step = told(Finding(Cause.ROLE_LIMIT, role="alice"))
    assert "role alice" in meaning
    assert "/pgconns" in step
    assert told(Finding(Cause.ROLE_LIMIT))[0].startswith("Your role ")
    assert "`/pgconns`" in render(Finding(Cause.ROLE_LIMIT), None, names=NAMED).text


def test_a_full_server_is_not_the_reader_s_fault() -> None:
    for cause in (Cause.SERVER_LIMIT, Cause.RESERVED_SLOTS):
        assert "not the matter" in told(Finding(cause))[0]


def test_a_pool_of_one_s_own_is_not_the_server() -> None:
    assert "the server has not refused anything" in told(Finding(Cause.CLIENT_POOL))[0]


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.TIMEOUT])
def test_a_person_s_own_computer_is_named_as_such(kind: Kind) -> None:
    at_home = told(Finding(Cause.OTHER, kind, host="localhost", port=5432))
    elsewhere = told(Finding(Cause.OTHER, kind, host="db.example.edu", port=5432))
    assert "your own computer" in at_home[1]
    assert "tunnel" in at_home[1]
    assert "your own computer" not in "".join(elsewhere)
    assert "db.example.edu" in elsewhere[0]


def test_what_the_reader_s_client_does_is_told_where_connections_are_short_and_nowhere_else() -> None:
    assert told(Finding(Cause.ROLE_LIMIT), "Unable to connect to server:")[2].startswith("pgAdmin holds")
    assert len(told(Finding(Cause.OTHER, Kind.PASSWORD), "Unable to connect to server:")) == 2
    assert len(told(Finding(Cause.NONE), "pgAdmin")) == 2


@pytest.mark.parametrize("advice", CLIENTS, ids=lambda advice: advice.client)
def test_no_client_s_advice_is_taken_for_formatting(advice: Advice) -> None:
    message = render(Finding(Cause.SERVER_LIMIT), advice, names=NAMED)
    assert faults(message) == []
    assert advice.remedy in message.text
