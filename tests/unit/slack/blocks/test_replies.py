from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from bot.causes.finding import Cause, Finding, Kind
from bot.diagnosis.advice import CLIENTS
from bot.diagnosis.replies import (
    Explained,
    HasRoom,
    HowToAsk,
    PictureTold,
    SeesNoPictures,
    TooMany,
    WasClosed,
    WhatDoesItSay,
    WhichRole,
    WhichServer,
)
from bot.slack import ids
from bot.slack.blocks.replies import CHOICES, Spoken, render
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.incident_payloads import (
    RoleAsked,
    RoleChosen,
    ServerChosen,
    Source,
    read_role_asked,
    read_role_chosen,
    read_server_chosen,
    read_source,
)
from tests.block_rules import buttons, faults
from tests.builders import ALICE, BOB, NOON, minutes
from tests.hostile import NAMES
from tests.trouble import DATABASE, PRIVATE, SERVER, THREAD, an_incident, facts

SOURCE = Source(ALICE, THREAD, "1763812801.000200")
NAMED = CommandNames("/pgconns", "/pgkill", "/pgbot")
BOBS_ROLE = Finding(Cause.ROLE_LIMIT, role="bob", confidence=0.99)
CLOSED = WasClosed("alice", "class", BOB, NOON - minutes(16))


def said(reply: Spoken, source: Source = SOURCE) -> Message:
    message = render(reply, source, names=NAMED, now=NOON, zone=UTC)
    assert faults(message) == []
    return message


def test_an_explanation_says_what_it_means_what_helps_and_how_the_client_behaves() -> None:
    text = said(Explained(BOBS_ROLE, CLIENTS[0], "class")).text
    assert text.startswith(
        "The role bob already has as many connections as it may have at once. Close the other programs"
    )
    assert CLIENTS[0].remedy in text
    assert "`/pgconns`" in text
    assert "`/pgbot link bob`" in text


def test_only_a_role_s_limit_speaks_of_linking() -> None:
    for finding in (
        Finding(Cause.SERVER_LIMIT),
        Finding(Cause.OTHER, Kind.PASSWORD, role="bob"),
        Finding(Cause.ROLE_LIMIT),
    ):
        assert "link" not in said(Explained(finding)).text


def test_the_command_to_link_is_whole_however_long_the_name() -> None:
    assert f'link "{"x" * 62}y z"`' in said(Explained(replace(BOBS_ROLE, role="x" * 62 + "y z"))).text


def test_room_is_told_before_what_helps() -> None:
    text = said(Explained(Finding(Cause.SERVER_LIMIT), None, "class", facts(40, 97, scope=SERVER))).text
    assert "Now class has room (40 of 97 slots are in use): try again. Close what you do not use" in text
    database = Explained(Finding(Cause.DATABASE_LIMIT, database="shop"), None, "class", facts(3, 20, scope=DATABASE))
    assert "Now shop on class has room (3 of 20 connections are in use)" in said(database).text
    for room in (None, facts(97, 97, scope=SERVER)):
        assert "room" not in said(Explained(Finding(Cause.SERVER_LIMIT), None, "class", room)).text


def test_room_of_one_s_own_role_is_told_with_figures() -> None:
    text = said(HasRoom("alice", "class", facts(4))).text
    assert "Your role alice on class has room now (4 of 5 connections are in use): try again." in text
    assert "two connections at once" in text
    assert "(" not in said(HasRoom("alice", "class", facts(4, None))).text


def test_which_role_offers_one_s_own() -> None:
    message = said(WhichRole(an_incident(), None, [("class", "alice"), ("lab", "alice"), ("class", "al")]))
    *row, another = buttons(message)
    assert [one["text"]["text"] for one in row] == ["alice on class", "alice on lab", "al on class"]
    assert another["action_id"] == ids.ANOTHER_ROLE
    assert read_role_asked(another["value"]) == RoleAsked(SOURCE, "class")
    assert [read_role_chosen(one["value"]) for one in row][1] == RoleChosen(SOURCE, "lab", "alice")
    assert all(ids.any_number(ids.WHICH_ROLE).fullmatch(one["action_id"]) for one in row)
    assert "Which of your roles" in message.text
    assert "alice on lab" in message.text


def test_which_role_without_any_says_how_to_make_one_known() -> None:
    for incident in (an_incident(), None):
        message = said(WhichRole(incident, None))
        assert "`/pgbot link ROLE`" in message.text
        (another,) = buttons(message)
        assert read_role_asked(another["value"]) == RoleAsked(SOURCE, incident.server if incident else None)


def test_which_server_offers_those_that_may_be_meant() -> None:
    finding = Finding(Cause.SERVER_LIMIT, confidence=0.99)
    message = said(WhichServer(finding, ("class", "lab"), "psql"))
    assert [read_server_chosen(one["value"]) for one in buttons(message)] == [
        ServerChosen(SOURCE, server, finding, "psql") for server in ("class", "lab")
    ]


@pytest.mark.parametrize("count", [16, 200])
def test_no_question_has_more_choices_than_fit(count: int) -> None:
    roles = said(WhichRole(None, None, [("s" * 63, f"{'r' * 60}{number:03}") for number in range(count)]))
    servers = said(WhichServer(replace(BOBS_ROLE, role="&" * 63), [f"{'s' * 60}{n:03}" for n in range(count)]))
    assert len(buttons(roles)) == CHOICES + 1
    assert len(buttons(servers)) == CHOICES


def test_a_picture_is_asked_about_once_with_two_answers() -> None:
    message = said(SeesNoPictures())
    assert message.text.startswith("I cannot read pictures. Does it say *too many connections*?")
    yes, other = buttons(message)
    assert (yes["text"]["text"], yes["action_id"]) == ("Yes", ids.PICTURE_SAYS_SO)
    assert (other["text"]["text"], other["action_id"]) == ("Something else", ids.PICTURE_OTHER)
    assert read_source(yes["value"]) == read_source(other["value"]) == SOURCE


def test_what_its_author_says_stands_in_the_place_of_the_question_about_a_picture() -> None:
    for says_so, words in ((True, "shows *too many connections*"), (False, "paste here as text")):
        message = said(PictureTold(says_so))
        assert f"<@{ALICE}>" in message.text
        assert words in message.text
        assert buttons(message) == []


def test_it_is_down_is_asked_back_with_what_is_known() -> None:
    assert "Paste the whole error" in said(WhatDoesItSay()).text
    assert "class answers me now and has room." in said(WhatDoesItSay(("class",))).text
    text = said(WhatDoesItSay(("a", "b"), ("c",))).text
    assert "a and b answer me now and have room." in text
    assert "c does not answer me either" in text
    assert "and 185 more" in said(WhatDoesItSay([f"s{n}" for n in range(200)])).text


def test_a_connection_that_we_ended_is_told_with_who_when_and_why() -> None:
    text = said(replace(CLOSED, reason="exam at *noon* <!channel>")).text
    assert "That was <@U0BOB>, who had a connection of alice on class closed at 11:44." in text
    assert "`exam at *noon* &lt;!channel&gt;`" in text
    assert "Reconnect" in text
    assert "reason" not in said(CLOSED).text
    assert "your own doing" in said(replace(CLOSED, requester=ALICE)).text
    assert "the staff" in said(replace(CLOSED, requester="")).text


def test_what_is_not_known_gets_what_helps_under_the_commands_names() -> None:
    text = said(HowToAsk()).text
    assert "`/pgconns`" in text
    assert "`/pgbot help`" in text


def test_too_many_is_said_without_blame() -> None:
    assert "Those before it count" in said(TooMany()).text


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_no_name_does_anything(name: str) -> None:
    source = Source(ALICE, PRIVATE, "1763812801.000200")
    finding = Finding(Cause.ROLE_LIMIT, role=name, database=name, host=name)
    replies: list[Any] = [
        Explained(finding, CLIENTS[0], name, facts(3)),
        Explained(
            replace(finding, cause=Cause.DATABASE_LIMIT), None, name, facts(3, scope=replace(DATABASE, name=name))
        ),
        HasRoom(name, name, facts(3)),
        WhichRole(an_incident(server=name), finding, [(name, name), (name, name + "x"), (name + "x", name)]),
        WhichRole(an_incident(server=name), finding),
        WhichServer(finding, (name, name + "x"), name),
        WhatDoesItSay((name,), (name,)),
        WasClosed(name, name, name, NOON, name),
    ]
    for reply in replies:
        said(reply, source)
