from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from bot.causes.finding import NOTHING, Cause, Finding
from bot.diagnosis.consult import Heard
from bot.diagnosis.facts import Facts
from bot.diagnosis.small_talk import Said
from bot.incidents.incident import Incident, Scope, ScopeKind
from bot.slack import ids
from bot.slack.blocks.incident_news import LISTED, Missed, render_missed, render_pointer, render_staff_card
from bot.slack.blocks.text import Message
from tests.block_rules import buttons, faults
from tests.builders import ALICE, BOB, NOON, TEAM
from tests.hostile import NAMES
from tests.trouble import FULL_SERVER, NO_SUCH, PRIVATE, SERVER, THREAD, a_crowd, an_incident, facts, over, somebody

URL = "https://course.slack.com/archives/C0HELP/p1763812800000100?thread_ts=1763812800.000100&cid=C0HELP"
HEARD = Heard(TEAM, ALICE, THREAD, "1795348200.000100", Finding(Cause.ROLE_LIMIT, role="alice"), Said.NOTHING)


def card(incident: Incident | None = None, known: Facts | None = facts(strays=2), url: str | None = URL) -> Message:  # noqa: B008
    return render_staff_card(incident or an_incident(), known, url, now=NOON, zone=UTC)


def missed(*heard: Heard, url: str | None = URL) -> Message:
    return render_missed([Missed(one, url) for one in heard], now=NOON, zone=UTC)


def test_the_way_there_says_what_is_talked_about_and_that_one_counts() -> None:
    message = render_pointer(an_incident(), facts(), URL, figures=True)
    assert message.text.startswith("This is talked about already. The role alice on class is full: 5 of 5 ")
    assert f"<{URL}|in this thread>" in message.text
    assert "You are counted" in message.text
    assert faults(message) == []


def test_the_way_there_tells_no_figures_that_may_not_be_told_and_does_without_an_address() -> None:
    message = render_pointer(an_incident(), facts(), None, figures=False)
    assert "The role alice on class is full. You are counted" in message.text
    assert "another thread" in message.text
    odd = render_pointer(an_incident(), facts(), "https://evil.example/|<!channel>", figures=False)
    assert "evil" not in odd.text


def test_the_staff_s_card_tells_figures_strays_who_waits_and_the_way_there() -> None:
    message = card(an_incident(somebody(), somebody(BOB, role=None)))
    assert "No staff have answered yet." in message.text
    assert "5 of 5 connections are in use" in message.text
    assert "2 connections of it look stray." in message.text
    assert "2 people wait: <@U0ALICE> and <@U0BOB>." in message.text
    tools, resolve, there = buttons(message)
    assert (tools["action_id"], resolve["action_id"]) == (ids.STAFF_TOOLS, ids.RESOLVE_INCIDENT)
    assert tools["value"] == resolve["value"] == "i-7a"
    assert (there["action_id"], there["url"]) == (ids.OPEN_THREAD, URL)
    assert faults(message) == []


def test_the_card_counts_strays_in_words() -> None:
    assert "1 connection of it looks stray." in card(known=facts(strays=1)).text
    assert "None of its connections looks stray." in card(known=facts()).text
    for incident, known in ((an_incident(scope=SERVER), FULL_SERVER), (an_incident(), None), (an_incident(), NO_SUCH)):
        assert "stray" not in card(incident, known).text


def test_what_was_reported_in_private_has_no_way_there() -> None:
    message = card(an_incident(somebody(where=PRIVATE), where=PRIVATE), url=None)
    assert "in private" in message.text
    assert "in private" not in card(url=None).text
    assert len(buttons(message)) == 2


def test_the_card_follows_what_becomes_of_it() -> None:
    assert "<@U0BOB> is there." in card(an_incident(human=BOB)).text
    done = card(over(by=BOB))
    assert "Over at 12:00:" in done.text
    assert "<@U0BOB> says" in done.text
    assert buttons(done) == []
    assert faults(done) == []


def test_a_card_about_five_hundred_mentions_fifty() -> None:
    message = card(an_incident(*a_crowd(500), scope=SERVER), FULL_SERVER)
    assert message.text.count("<@") == 50
    assert "and 450 more." in message.text
    assert faults(message) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_no_name_does_anything(name: str) -> None:
    for scope in (Scope(ScopeKind.ROLE, name), Scope(ScopeKind.DATABASE, name), SERVER):
        for make in (an_incident, over):
            incident: Incident = replace(make(*a_crowd(500), somebody(name), scope=scope), server=name, human=name)
            assert faults(card(incident, facts(scope=scope))) == []
            assert faults(render_pointer(incident, facts(scope=scope), URL, figures=True)) == []
    odd = replace(HEARD, person=name, finding=Finding(Cause.ROLE_LIMIT, role=name))
    assert faults(missed(odd, replace(odd, finding=Finding(Cause.DATABASE_LIMIT, database=name)))) == []


def test_what_was_missed_is_listed_newest_first_with_the_way_there() -> None:
    down = replace(HEARD, person=BOB, ts="1795348260.000100", finding=NOTHING, said=Said.DOWN)
    message = missed(HEARD, down)
    assert "2 reports came while I was away" in message.text
    older, newer = message.text.index("<@U0ALICE>"), message.text.index("<@U0BOB>")
    assert newer < older
    assert f"11:50 <@U0ALICE>: a role has too many connections (alice) (<{URL}|open>)" in message.text
    assert "11:51 <@U0BOB>: it does not work" in message.text
    assert faults(message) == []
    assert missed(HEARD, url=None).text.startswith("1 report came ")
    assert "open" not in missed(HEARD, url=None).text


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.NONE])
def test_each_cause_has_a_word(cause: Cause) -> None:
    assert faults(missed(replace(HEARD, finding=Finding(cause)))) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"picture": True}, "a picture"),
        ({"said": Said.ME_TOO}, "\u201cme too\u201d"),
        ({"said": Said.IN_AGAIN}, "is in again"),
        ({"asked": True}, "something meant for me"),
    ],
)
def test_what_was_said_without_an_error_is_told_in_a_word(more: dict[str, Any], words: str) -> None:
    assert words in missed(replace(HEARD, finding=NOTHING, **more)).text


def test_a_long_list_is_cut() -> None:
    role = "&" * 63
    many = [
        replace(HEARD, ts=f"17953{number:05}.000100", finding=Finding(Cause.ROLE_LIMIT, role=role))
        for number in range(500)
    ]
    message = missed(*many, url=URL + "0" * 100)
    assert f"and {500 - LISTED} older ones" in str(message.blocks)
    assert "500 reports came" in message.text
    assert [fault for fault in faults(message) if "live token" not in fault] == []
