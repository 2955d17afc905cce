"""What people read of how a role gets an owner."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.access.link import (
    AlreadyOwned,
    Asked,
    BeforeStaff,
    Card,
    Decision,
    LinkRequest,
    News,
    NewsKind,
    Proof,
    TooMany,
    Vouch,
    digest_of,
    shown_name,
)
from bot.access.member import Origin
from bot.slack import ids
from bot.slack.blocks import linking
from bot.slack.blocks.linking import Profile
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from tests.block_rules import buttons, faults
from tests.builders import ALICE, BOB, NOON, ROLE_OID, TEAM, an_owner
from tests.hostile import NAMES

NEW_YORK = ZoneInfo("America/New_York")
COMMANDS = CommandNames("/c", "/k", "/pgbot")
SHOWN = shown_name("alice@example.edu", "KX4M9TQ2WR7B")
REQUEST = LinkRequest(
    "r-1", TEAM, ALICE, "class", "alice", "alice", ROLE_OID, digest_of(SHOWN), NOON, NOON + timedelta(minutes=10),
    Proof.WAITING,
)  # fmt: skip
CARD = Card(replace(REQUEST, vouch=Vouch.ASKED))
VOUCHED = replace(REQUEST, vouch=Vouch.VOUCHED, decided_by=BOB, decided_at=NOON)
NOT_THEIRS = replace(VOUCHED, vouch=Vouch.NOT_THEIRS)
PROFILE = Profile(ALICE, "Alice Liddell", "alice@example.edu")


def news(kind: NewsKind = NewsKind.NEW_OWNER, origin: Origin | None = Origin.POSSESSION, by: str = ALICE) -> News:
    return News("n-1", TEAM, kind, ALICE, "class", "alice", ROLE_OID, origin, by, NOON, "r-1")


def every(request: LinkRequest, told: News, profile: Profile, *, staff: bool = True) -> Iterator[Message]:
    """All that is ever said, of one role and person."""
    asked = Asked(request, SHOWN)
    before = replace(request, vouch=Vouch.ASKED)
    owner = an_owner(BOB, told.role)
    yield linking.render_line(asked, zone=NEW_YORK, staff=staff)
    yield linking.render_sent(asked, staff=staff)
    yield linking.render_already(AlreadyOwned(told.role, told.server), names=COMMANDS)
    for until in (None, NOON):
        yield linking.render_too_many(TooMany(until), zone=NEW_YORK, now=NOON)
    decided = [replace(before, vouch=vouch, decided_by=BOB, decided_at=NOON) for vouch in Vouch]
    for one in (request, before, *decided):
        yield linking.render_vouch_asked(BeforeStaff(one))
        yield linking.render_vouch_asked(BeforeStaff(one, seen=False))
        yield linking.render_not_found(told, one, staff=staff, names=COMMANDS)
        yield linking.render_card(Card(one), profile)
        for why in ("", "first", "made_anew"):
            yield linking.render_decision(Decision(one, why), zone=NEW_YORK, now=NOON)
    yield linking.render_card(Card(before, (owner,) * 40, (owner, an_owner(ALICE, told.role))), profile)
    yield linking.render_card(Card(replace(before, role=None, role_oid=None)), profile)
    yield linking.render_not_theirs(told)
    yield linking.render_found(told, names=COMMANDS)
    yield linking.render_new_owner(told)
    yield linking.render_roster([told] * 600)
    yield linking.render_new_owner_to_staff(told, (owner,) * 40, names=COMMANDS)


@pytest.mark.parametrize("name", ["alice", *NAMES])
def test_whatever_the_names_slack_takes_it_and_nothing_in_it_is_obeyed(name: str) -> None:
    request = replace(REQUEST, asked_for=name, server=name, role=name)
    told = replace(news(), role=name, server=name)
    for message in every(request, told, Profile(ALICE, name, name), staff=True):
        assert faults(message) == []


def test_the_line_stands_whole_where_it_can_be_copied_with_whom_it_links() -> None:
    told = linking.render_line(Asked(REQUEST, SHOWN), zone=NEW_YORK, staff=True)
    assert "`SET application_name = 'connbot-link alice@example.edu KX4M9TQ2WR7B';`" in told.text
    assert "10 min" in told.text
    assert "07:10" in told.text
    assert [(button["action_id"], button["value"]) for button in buttons(told)] == [(ids.ASK_TO_VOUCH, "r-1")]


def test_without_a_staff_channel_there_is_nobody_to_ask_here() -> None:
    for message in every(REQUEST, news(), PROFILE, staff=False):
        assert ids.ASK_TO_VOUCH not in [button["action_id"] for button in buttons(message)]


def test_the_channel_reads_nothing_of_the_code() -> None:
    assert SHOWN not in str(linking.render_sent(Asked(REQUEST, SHOWN), staff=True))


def test_staff_see_who_asks_what_the_roster_gives_and_who_owns_it() -> None:
    theirs = an_owner(ALICE, "alice_old", origin=Origin.ROSTER), an_owner(ALICE, "team")
    told = linking.render_card(Card(CARD.request, theirs, (an_owner(BOB, origin=Origin.ROSTER),)), PROFILE)
    assert told.text == (
        "Is alice on class theirs? <@U0ALICE> asks you to vouch. Who: <@U0ALICE> · Alice Liddell · `alice@example.edu` "
        "The roster gives them: alice_old. They own besides: team. alice is owned by <@U0BOB> (by the roster). "
        "Vouch only for whom you know it to be theirs: they will see and can close its connections."
    )
    assert [button["text"]["text"] for button in buttons(told)] == ["Vouch", "Not theirs"]
    assert {button["value"] for button in buttons(told)} == {"r-1"}


def test_a_person_without_a_confirmed_address_is_said_to_have_none() -> None:
    assert "`no confirmed e-mail`" in linking.render_card(CARD, Profile(ALICE)).text


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (VOUCHED, "<@U0BOB> vouched: alice on class is <@U0ALICE>'s now."),
        (NOT_THEIRS, "<@U0BOB> says that alice on class is not <@U0ALICE>'s."),
        (replace(REQUEST, vouch=Vouch.CLOSED), "alice on class was linked to <@U0ALICE> another way"),
    ],
)
def test_a_card_that_is_settled_says_how_and_has_no_buttons(request_: LinkRequest, said: str) -> None:
    told = linking.render_card(Card(request_), PROFILE)
    assert said in told.text
    assert buttons(told) == []
    assert "example.edu" not in told.text


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (news(), "(by a code in a session of that role)"),
        (news(origin=Origin.STAFF, by=BOB), "(by staff: <@U0BOB>)"),
        (news(origin=Origin.ROSTER, by="cli:ada"), "(by the roster: ada (at the command line))"),
        (news(origin=Origin.VOUCH, by=BOB), "(vouched for by staff: <@U0BOB>)"),
    ],
)
def test_everybody_reads_how_somebody_came_to_own_the_role(told: News, said: str) -> None:
    to_staff = linking.render_new_owner_to_staff(told, (an_owner(ALICE), an_owner(BOB)), names=COMMANDS)
    for message in (to_staff, linking.render_new_owner(told)):
        assert said in message.text
    assert "beside <@U0BOB> (" in to_staff.text
    assert "`/pgbot disown U0ALICE alice on class`" in to_staff.text


def test_a_whole_roster_is_one_message() -> None:
    told = linking.render_roster([news(origin=Origin.ROSTER, by=BOB)] * 38)
    assert "A roster by <@U0BOB> made 38 new owners of roles on class: <@U0ALICE> (alice)," in told.text
    assert "and 28 others." in told.text


def test_a_refusal_by_staff_is_told_without_a_name() -> None:
    told = linking.render_not_theirs(news(NewsKind.NOT_THEIRS, None, BOB))
    assert BOB not in told.text
