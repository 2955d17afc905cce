from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.access.member import Grade, Member, Origin
from bot.slack.blocks import members
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from tests.block_rules import faults, strings
from tests.builders import NOON, a_member, an_owner, minutes
from tests.hostile import NAMES

NEW_YORK = ZoneInfo("America/New_York")


def rendered(*found: Member) -> Message:
    message = members.render(found, zone=NEW_YORK, now=NOON, names=CommandNames("/c", "/k", "/pgbot"))
    assert faults(message) == []
    return message


def test_members_stand_with_grade_scope_and_end_the_highest_grade_first() -> None:
    found = rendered(
        a_member(),
        a_member("U0CAT", Grade.ADMIN, added_by="U0BOB"),
        a_member("U0DAN", server="class", roles="sec1_*,@sec2", until=NOON + minutes(60)),
        a_member("U0DAN", server="lab", until=NOON),
    )
    assert found.text == (
        "3 people on the allow-list. "
        "• <@U0CAT> is an admin on every server for all students · by <@U0BOB>, 19 Nov 07:00 "
        "• <@U0BOB> is a responder on every server for all students · by root (at the command line), 19 Nov 07:00 "
        "• <@U0DAN> is a responder on class for `sec1_*,@sec2` · until 08:00 · by root (at the command line), 19 Nov 07:00 "
        "• <@U0DAN> is a responder on lab for all students · over since 07:00 · by root (at the command line), 19 Nov 07:00"
    )


def test_owners_whose_links_are_suspended_stand_below() -> None:
    gone = replace(an_owner(), suspended_at=NOON, suspended_why="deactivated")
    said = "alice on class is <@U0ALICE>'s no more since 07:00: their account in Slack was closed"
    for found in ([], [a_member()]):
        message = members.render(found, zone=NEW_YORK, now=NOON, names=CommandNames(), suspended=[gone] * 40)
        assert faults(message) == []
        assert "40 links to roles suspended:" in message.text
        assert said in message.text
        assert "10 further ones not shown" in str(message.blocks)


def test_nobody_is_told_how_to_add_somebody() -> None:
    assert "Add somebody: `/pgbot allow @Ann responder`." in rendered().text


def test_a_long_list_is_cut_and_says_so() -> None:
    found = rendered(*(a_member(f"U0M{at:03}", roles="&" * 300) for at in range(200)))
    assert "170 further entries not shown" in "\n".join(strings(found))


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_harmless(name: str) -> None:
    member = a_member(name or "x", server=name, roles=name, added_by=name)
    owner = an_owner(name, name, server=name)
    for message in (
        rendered(member),
        members.render_allowed(member, zone=NEW_YORK, now=NOON),
        members.render_disallowed(name, [member] * 3),
        members.render_owned(owner),
        members.render_disowned(name, [owner] * 3),
    ):
        assert faults(message) == []


def test_changes_are_told_as_they_are() -> None:
    instructor = a_member(grade=Grade.INSTRUCTOR, server="class")
    assert (
        members.render_allowed(instructor, zone=NEW_YORK, now=NOON).text
        == "Done: <@U0BOB> is an instructor on class for all students · by root (at the command line), 19 Nov 07:00."
    )
    assert (
        members.render_disallowed("U0BOB", [instructor]).text
        == "Done: <@U0BOB> is no longer an instructor on class for all students."
    )
    assert (
        members.render_disallowed("U0BOB", []).text == "<@U0BOB> is not on the allow-list there; nothing was changed."
    )


@pytest.mark.parametrize("origin", Origin)
def test_an_owner_is_told_with_the_origin(origin: Origin) -> None:
    told = members.render_owned(an_owner(origin=origin)).text
    assert told.startswith("Done: alice on class is <@U0ALICE>'s (")


def test_disowned_roles_are_named() -> None:
    assert members.render_disowned("U0ALICE", [an_owner()]).text == "Done: <@U0ALICE> no longer owns alice on class."
    assert members.render_disowned("U0ALICE", []).text == "<@U0ALICE> owns no such role; nothing was changed."
    many = [an_owner(role=f"team{at}") for at in range(60)]
    assert "and 30 more." in members.render_disowned("U0ALICE", many).text
