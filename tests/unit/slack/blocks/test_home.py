"""The Home tab as it is drawn."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.access.member import Grade, Right
from bot.connections.listed import Listing, RoleListing
from bot.connections.overview import Overview, ServerNow, Staff
from bot.errors import ServerUnavailable
from bot.incidents.proposal import State
from bot.servers.capacity import Limit, LimitKind
from bot.slack import ids
from bot.slack.blocks import home
from bot.slack.blocks.text import Block, Message
from bot.slack.commands import CommandNames
from bot.slack.payloads import read_about_week
from bot.summaries.outline import Outline
from bot.summaries.week import Week
from bot.workspace.block_kit.views import faults_in_view
from tests.block_rules import buttons, faults
from tests.builders import NOON, a_backend, a_member, a_proposal, a_reading, a_role
from tests.hostile import NAMES
from tests.trouble import SERVER, a_crowd, an_incident

NEW_YORK = ZoneInfo("America/New_York")
QUIET = Overview(NOON, None, (), (), ())


def drawn(overview: Overview, *outlines: Outline, servers: int = 0) -> Block:
    """The tab, of which Slack would take every part; each server had the same weeks."""
    weeks = {f"s{number}": outlines for number in range(servers)} or ({"class": outlines} if outlines else {})
    view = home.render(overview, weeks, zone=NEW_YORK, names=CommandNames("/c", "/k", "/pgbot"))
    assert [*faults_in_view(view, kind="home")] == []
    blocks: Sequence[Block] = view["blocks"]
    for start in range(0, len(blocks), 40):
        part = Message("as blocks", tuple(blocks[start : start + 40]))
        assert [fault for fault in faults(part) if "characters of blocks" not in fault] == []
    return view


def said(view: Block) -> str:
    texts = [block["text"]["text"] for block in view["blocks"] if "text" in block]
    return "\n".join(
        [
            *texts,
            *(
                part["text"]
                for block in view["blocks"]
                for part in block.get("elements", [])
                if part["type"] == "mrkdwn"
            ),
        ]
    )


def a_listing(*names: str, used: int = 5) -> Listing:
    entries = []
    for name in names:
        reading = a_reading(*(a_backend(4700 + number, role=name) for number in range(used)), role=a_role(name))
        entries.append(RoleListing(reading, (), reading.clients, Right.OWNER))
    return Listing(tuple(entries))


def test_whoever_owns_nothing_is_told_how_to_link_a_role() -> None:
    view = drawn(QUIET)
    assert "No role is linked to you yet. If you have one, link it: `/pgbot link ROLE`." in said(view)
    assert [button["action_id"] for button in buttons(Message("x", tuple(view["blocks"])))] == [ids.HOME_AGAIN]
    assert "Servers" not in said(view)


def test_an_owner_sees_how_full_each_role_is_and_can_show_and_close() -> None:
    view = drawn(replace(QUIET, own=a_listing("alice")))
    assert "\U0001f534 *alice* on class: 5 of 5 connections \u2014 alice cannot open another." in said(view)
    shown = buttons(Message("x", tuple(view["blocks"])))
    assert [button["action_id"] for button in shown] == [ids.HOME_CONNECTIONS, ids.HOME_AGAIN]
    assert "\u2705 *bob* on class: 1 of 5" in said(drawn(replace(QUIET, own=a_listing("bob", used=1))))


def test_a_full_role_is_shown_before_those_with_room() -> None:
    roomy = a_listing(*(f"team{number}" for number in range(40)), used=1)
    full = a_listing("alice")
    view = drawn(replace(QUIET, own=Listing((*roomy.roles, *full.roles))))
    assert "*alice* on class: 5 of 5" in said(view).splitlines()[1]


def test_whoever_is_asked_more_than_is_shown_learns_how_much_more() -> None:
    asked = tuple(a_proposal(a_backend(4000 + number), id=f"p-{number}", state=State.WAITING) for number in range(13))
    assert "7 further proposals not shown." in said(drawn(replace(QUIET, asked=asked)))


def test_a_server_that_does_not_answer_is_named() -> None:
    silent = Listing((), (ServerUnavailable("lab", "deadline"),))
    assert "lab did not answer within 3 s" in said(drawn(replace(QUIET, own=silent)))


def test_what_waits_for_the_persons_click_can_be_clicked_there() -> None:
    mine = a_proposal(id="p-mine")
    asked = a_proposal(id="p-asked", state=State.WAITING)
    view = drawn(replace(QUIET, waiting=(mine, asked)))
    shown = buttons(Message("x", tuple(view["blocks"])))
    assert [(button["action_id"], button["value"]) for button in shown[:2]] == [
        (ids.TERMINATE, "p-mine"),
        (ids.WITHDRAW, "p-mine"),
    ]
    assert "p-asked" not in str(view)
    text = said(view)
    assert text.index("To end pid 4711 of alice on class (`psql`).") < text.index("Waiting for the role's owners")
    alone = said(drawn(replace(QUIET, waiting=(asked,))))
    assert "Waiting for you" not in alone
    assert "To end pid 4711 of alice on class (`psql`): until" in alone


def test_an_owner_is_asked_there_too() -> None:
    view = drawn(replace(QUIET, asked=(a_proposal(id="p-asked", state=State.WAITING, reason="exam at *9*"),)))
    shown = buttons(Message("x", tuple(view["blocks"])))
    assert [(button["action_id"], button["value"]) for button in shown[:2]] == [
        (ids.IN_USE, "p-asked"),
        (ids.CLOSE_IT, "p-asked"),
    ]
    assert "<@U0BOB> asks to end pid 4711 of alice on class (`psql`, because `exam at *9*`), which is yours." in said(
        view
    )


WEEKS = (
    Outline(Week(2026, 46), 5, sure=True, seen=True),
    Outline(Week(2026, 45), 1, sure=False, seen=True),
    Outline(Week(2026, 44), 0, sure=False, seen=True),
    Outline(Week(2026, 43), 0, sure=True, seen=True),
    Outline(Week(2026, 42), 0, sure=False, seen=False),
)


def test_the_last_weeks_are_told_shortly_and_a_click_away() -> None:
    view = drawn(replace(QUIET, staff=a_staff()), *WEEKS)
    weeks = [button for button in buttons(Message("x", tuple(view["blocks"]))) if ids.HOME_WEEK in button["action_id"]]
    assert [button["text"]["text"] for button in weeks] == [f"Week {number}" for number in (46, 45, 44, 43, 42)]
    assert read_about_week(weeks[0]["value"]) == ("class", Week(2026, 46))
    assert (
        "*class*: 5 incidents in week 46; at least 1 incident in week 45; none seen in week 44; no incident in week 43; "
        "nobody looked in week 42."
    ) in said(view)
    before = [replace(WEEKS[-1], week=WEEKS[-1].week.after(-ago)) for ago in range(4)]
    assert "*class*: nobody looked in weeks 42, 41, 40 and 39." in said(drawn(replace(QUIET, staff=a_staff()), *before))
    several = drawn(replace(QUIET, staff=a_staff()), *WEEKS[:4], servers=40)
    assert (
        len([one for one in buttons(Message("x", tuple(several["blocks"]))) if ids.HOME_WEEK in one["action_id"]]) == 20
    )


def test_their_own_trouble_is_listed() -> None:
    view = drawn(replace(QUIET, incidents=(an_incident(*a_crowd(3), scope=SERVER),)))
    assert "The server class, since" in said(view)
    assert "3 people wait" in said(view)


def a_staff(**more: object) -> Staff:
    full = Limit(LimitKind.SERVER, "class", 97, 97)
    room = Limit(LimitKind.SERVER, "lab", 3, 97)
    quiet = Staff((ServerNow("class", full), ServerNow("lab", room)), (), ())
    return replace(quiet, **more)  # type: ignore[arg-type]  # fields by name


def test_staff_see_their_servers_and_that_nothing_is_open() -> None:
    text = said(drawn(replace(QUIET, staff=a_staff())))
    assert "\U0001f534 *class*: 97 of 97" in text
    assert "\u2705 *lab*: 3 of 97" in text
    assert "None that you look after." in text
    assert "Allow-list" not in text


def test_staff_see_who_waits_who_proposed_and_whom_they_may_add() -> None:
    incident = an_incident(scope=SERVER, human="U0TOM")
    staff = a_staff(incidents=(incident,), pending=(a_proposal(),), members=(a_member("U0CAT", Grade.ADMIN),))
    view = drawn(replace(QUIET, staff=staff))
    text = said(view)
    assert "1 person waits, seen by <@U0TOM>" in text
    assert "<@U0BOB> asks to end pid 4711 of alice on class; waits for their click until" in text
    assert "<@U0CAT> is an admin on every server" in text
    resolve = next(b for b in buttons(Message("x", tuple(view["blocks"]))) if b["action_id"] == ids.RESOLVE_INCIDENT)
    assert resolve["value"] == incident.id


def test_a_silent_server_is_told_with_why() -> None:
    staff = a_staff(servers=(ServerNow("class", why=ServerUnavailable("class", "unreachable")),))
    assert "\u26a0\ufe0f *class*:" in said(drawn(replace(QUIET, staff=staff)))


@pytest.mark.parametrize("name", NAMES)
def test_names_are_data(name: str) -> None:
    incident = an_incident(scope=replace(an_incident().scope, name=name))
    staff = a_staff(incidents=(incident,), pending=(a_proposal(role=name),))
    drawn(replace(QUIET, own=a_listing(name), incidents=(incident,), waiting=(a_proposal(role=name),), staff=staff))


def test_many_of_everything_still_fit() -> None:
    proposals = tuple(
        a_proposal(
            *(a_backend(4000 + number, application_name="&" * 60 + str(one)) for one in range(3)),
            id=f"p-{number}",
            role="&" * 63,
            reason="<" * 500,
        )
        for number in range(40)
    )
    incidents = tuple(
        an_incident(*a_crowd(500), id=f"i-{number}", server=f"s{number}", scope=SERVER) for number in range(40)
    )
    staff = a_staff(
        servers=tuple(ServerNow(f"s{number}", Limit(LimitKind.SERVER, f"s{number}", 1, 97)) for number in range(40)),
        incidents=incidents,
        pending=proposals,
        summaries_of=tuple(f"s{number}" for number in range(40)),
        roster_of=("class",),
        members=tuple(a_member(f"U0MEMBER{number:03}") for number in range(200)),
    )
    waiting = tuple(replace(one, state=State.WAITING) for one in proposals)
    own = a_listing(*(f"role{number}" for number in range(40)))
    silent = tuple(ServerUnavailable(f"s{number} " + "&" * 60, "unreachable") for number in range(40))
    own = replace(own, unavailable=silent)
    mine = (*proposals, *waiting)
    all_of_it = replace(QUIET, own=own, waiting=mine, asked=waiting, incidents=incidents, staff=staff)
    view = drawn(all_of_it, *WEEKS[:4], servers=40)
    assert "30 further roles not shown." in said(view)
    assert "180 further entries not shown." in said(view)
