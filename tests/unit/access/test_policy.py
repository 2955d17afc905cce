"""Who may do what: every grade, action, server and kind of role against the rules as the design words them."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from bot.access.member import Action, Actor, Denied, Grade, Member, Owner, Permitted, Right, Standing
from bot.access.policy import items, leaves_no_admin, may_change, permit
from bot.servers.server import Role
from tests import builders
from tests.builders import NOON, ROLE_OID, a_role

LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)
ACTOR = Actor("T1", "U1")


def a_member(
    grade: Grade = Grade.RESPONDER,
    *,
    server: str = "class",
    roles: str = "",
    until: datetime | None = None,
    slack_id: str = ACTOR.id,
) -> Member:
    return builders.a_member(slack_id, grade, team=ACTOR.team, server=server, roles=roles, until=until)


def a_link(role: str = "alice", oid: int = ROLE_OID, server: str = "class") -> Owner:
    return builders.an_owner(ACTOR.id, role, team=ACTOR.team, server=server, role_oid=oid)


def standing(*stored: Member | Owner, actor: Actor = ACTOR) -> Standing:
    members = tuple(one for one in stored if isinstance(one, Member))
    return Standing(actor, members, tuple(one for one in stored if isinstance(one, Owner)))


def ask(who: Standing, action: Action = Action.LIST, role: Role | None = None, server: str = "class") -> object:
    answer = permit(who, action, role=role, server=server, now=NOON)
    return answer.right if isinstance(answer, Permitted) else answer.why


@pytest.mark.parametrize(("action", "role"), list(product(Action, [None, a_role(), a_role("postgres", student=False)])))
def test_nobody_has_anything_by_default(action: Action, role: Role | None) -> None:
    for server in ("class", ""):
        assert permit(standing(), action, role=role, server=server, now=NOON) == Denied(action, "nothing")


@pytest.mark.parametrize("action", Action)
def test_the_command_line_may_everything(action: Action) -> None:
    who = standing(actor=Actor("", "cli:ada"))
    assert ask(who, action) is ask(who, action, a_role("postgres", student=False), "") is Right.COMMAND_LINE


# What each grade may do to a student's role, with a grant without ROLES for that server.
RESPONDERS_MAY = {Action.LIST, Action.TERMINATE, Action.HISTORY, Action.SUMMARY, Action.RESPOND, Action.RESOLVE}
MAY = {
    Grade.RESPONDER: RESPONDERS_MAY,
    Grade.INSTRUCTOR: RESPONDERS_MAY | {Action.ALLOW_RESPONDER, Action.OWN, Action.NAMES},
    Grade.ADMIN: set(Action),
}


@pytest.mark.parametrize(("grade", "action"), list(product(Grade, Action)))
def test_each_grade_may_what_it_may_and_no_more(grade: Grade, action: Action) -> None:
    expected = Right(grade.word) if action in MAY[grade] else "grade"
    assert ask(standing(a_member(grade)), action, a_role()) == expected


@pytest.mark.parametrize(("grade", "action"), list(product(Grade, Action)))
def test_a_grant_reaches_its_server_alone_and_one_without_a_server_every_one(grade: Grade, action: Action) -> None:
    if action not in MAY[grade]:
        return
    on_one, everywhere = standing(a_member(grade)), standing(a_member(grade, server=""))
    assert ask(on_one, action, a_role(), "lab") == ask(on_one, action, a_role(), "") == "other_server"
    for server in ("class", "lab", ""):
        assert ask(everywhere, action, a_role(), server) == Right(grade.word)


@pytest.mark.parametrize(("until", "permitted"), [(None, True), (LATER, True), (NOON, False), (EARLIER, False)])
@pytest.mark.parametrize("grade", Grade)
def test_a_grant_that_is_over_gives_nothing(grade: Grade, until: datetime | None, permitted: bool) -> None:  # noqa: FBT001 - a table
    assert ask(standing(a_member(grade, until=until)), role=a_role()) == (Right(grade.word) if permitted else "expired")


def test_whoever_has_a_grant_on_a_server_responds_there_whatever_its_roles() -> None:
    for roles in ("", "bob", "@section_2"):
        ta = standing(a_member(roles=roles))
        assert ask(ta, Action.RESPOND) is Right.RESPONDER
        assert ask(ta, Action.RESPOND, server="lab") == "other_server"
    assert ask(standing(a_member(roles="bob", until=EARLIER)), Action.RESPOND) == "expired"


def test_a_role_s_trouble_is_over_by_the_word_of_those_whose_grant_reaches_it_not_by_its_owner_s() -> None:
    assert ask(standing(a_member(roles="ali*")), Action.RESOLVE, a_role()) is Right.RESPONDER
    assert ask(standing(a_member(roles="bob")), Action.RESOLVE, a_role()) == "other_roles"
    assert ask(standing(a_link()), Action.RESOLVE, a_role()) == "nothing"


SECTION = frozenset({"students", "section_2"})


@pytest.mark.parametrize(
    ("roles", "role", "permitted"),
    [
        ("", a_role(), True),
        ("", a_role("canvas", student=False, service=True), True),
        ("", a_role("postgres", student=False, superuser=True), False),
        ("", a_role("prof", student=False), False),
        ("", None, True),
        ("alice", a_role(), True),
        ("alice", a_role("alice2"), False),
        ("ali*", a_role(), True),
        ("Ali*", a_role(), False),
        ("a?ice", a_role(), True),
        ("[ab]*", a_role("bob"), True),
        ("bob, ali*", a_role(), True),
        ("bob,carol", a_role(), False),
        ("@section_2", a_role(groups=SECTION), True),
        ("@section_2", a_role(), False),
        ("@section_*", a_role(groups=SECTION), False),
        ("@alice", a_role(), False),
        ("*", a_role("prof", student=False), True),
        ("*", None, False),
        (" , ", a_role(), False),
    ],
)
def test_roles_of_a_responder(roles: str, role: Role | None, permitted: bool) -> None:  # noqa: FBT001 - a table
    who = standing(a_member(roles=roles))
    for action in (Action.LIST, Action.TERMINATE, Action.HISTORY):
        assert ask(who, action, role) == (Right.RESPONDER if permitted else "other_roles")


@pytest.mark.parametrize("grade", [Grade.INSTRUCTOR, Grade.ADMIN])
def test_instructors_and_admins_without_roles_see_every_role_and_with_roles_only_those(grade: Grade) -> None:
    postgres = a_role("postgres", student=False, superuser=True)
    assert ask(standing(a_member(grade)), Action.LIST, postgres) == Right(grade.word)
    assert ask(standing(a_member(grade, roles="ali*")), Action.LIST, postgres) == "other_roles"


@pytest.mark.parametrize("roles", ["", "*"])
def test_nobody_is_made_owner_of_a_role_that_is_no_students(roles: str) -> None:
    admin = standing(a_member(Grade.ADMIN, roles=roles))
    assert ask(admin, Action.OWN, a_role()) is Right.ADMIN
    assert ask(admin, Action.OWN, a_role("prof", student=False)) == "other_roles"


@pytest.mark.parametrize("action", Action)
def test_an_owner_lists_and_ends_and_nothing_else(action: Action) -> None:
    expected = Right.OWNER if action in (Action.LIST, Action.TERMINATE) else "nothing"
    assert ask(standing(a_link()), action, a_role()) == expected


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (a_link(oid=ROLE_OID - 1), "recreated"),
        (a_link(role="bob"), "nothing"),
        (a_link(role="Alice"), "nothing"),
        (a_link(server="lab"), "nothing"),
    ],
)
def test_a_link_holds_for_this_very_role_on_this_server(link: Owner, why: str) -> None:
    assert ask(standing(link), Action.TERMINATE, a_role()) == why
    assert ask(standing(link, a_link()), Action.TERMINATE, a_role()) is Right.OWNER


def test_an_owner_acts_as_owner_even_as_a_member_and_a_member_by_the_highest_grade() -> None:
    assert ask(standing(a_link(), a_member(Grade.ADMIN)), role=a_role()) is Right.OWNER
    assert ask(standing(a_member(), a_member(Grade.INSTRUCTOR, server="")), role=a_role()) is Right.INSTRUCTOR


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ([a_member(until=EARLIER)], "expired"),
        ([a_member(until=EARLIER), a_member(server="lab")], "other_server"),
        ([a_member(server="lab"), a_member(roles="bob")], "other_roles"),
        ([a_member(roles="bob"), a_link(oid=1)], "recreated"),
        ([a_link(role="bob")], "nothing"),
    ],
)
def test_a_denial_carries_the_reason_that_was_nearest_to_a_yes(stored: list[Member | Owner], why: str) -> None:
    assert ask(standing(*stored), role=a_role()) == why


def change(who: Standing, grade: Grade, server: str = "class", roles: str = "") -> object:
    answer = may_change(who, grade, server=server, roles=roles, now=NOON)
    return answer.right if isinstance(answer, Permitted) else answer.why


@pytest.mark.parametrize(("own", "other"), list(product(Grade, Grade)))
def test_who_may_give_and_take_which_grade(own: Grade, other: Grade) -> None:
    may = own is Grade.ADMIN or (own is Grade.INSTRUCTOR and other is Grade.RESPONDER)
    assert change(standing(a_member(own)), other) == (Right(own.word) if may else "grade")
    assert change(standing(a_member(own)), other, server="") == "other_server"
    assert change(standing(a_member(own, until=EARLIER)), other) == "expired"
    assert change(standing(actor=Actor("", "cli:ada")), other) is Right.COMMAND_LINE
    assert change(standing(a_link()), other) == "nothing"


@pytest.mark.parametrize(
    ("own", "given", "permitted"),
    [
        ("", "", True),
        ("", "anything*", True),
        ("sec2_*", "", False),
        ("sec2_*", "sec2_*", True),
        ("sec2_*", "sec2_ann,sec2_bob", True),
        ("sec2_*", "sec2_ann,sec3_bob", False),
        ("sec2_*", "*", False),
        ("sec2_*", "sec2_a*", False),
        ("@sec2,ta_*", "@sec2", True),
        ("@sec2", "@sec3", False),
        ("@sec2", "ann", False),
        ("*", "@sec2", False),
        ("sec2_*", " , ", False),
    ],
)
def test_an_instructor_gives_no_more_roles_than_the_own_ones(own: str, given: str, permitted: bool) -> None:  # noqa: FBT001 - a table
    answer = change(standing(a_member(Grade.INSTRUCTOR, roles=own)), Grade.RESPONDER, roles=given)
    assert answer == (Right.INSTRUCTOR if permitted else "other_roles")
    assert change(standing(a_member(Grade.ADMIN, roles=own)), Grade.RESPONDER, roles=given) is Right.ADMIN


ADA, BEN = a_member(Grade.ADMIN, slack_id="U1"), a_member(Grade.ADMIN, slack_id="U2", server="")


@pytest.mark.parametrize(
    ("everybody", "taken", "given", "locked_out"),
    [
        ([ADA], [ADA], None, True),
        ([ADA, BEN], [ADA], None, False),
        ([ADA, BEN], [ADA, BEN], None, True),
        ([ADA, a_member(Grade.ADMIN, slack_id="U2", until=EARLIER)], [ADA], None, True),
        ([ADA, a_member(Grade.INSTRUCTOR, slack_id="U2")], [ADA], None, True),
        ([ADA], [ADA], a_member(Grade.INSTRUCTOR), True),
        ([ADA], [ADA], a_member(Grade.ADMIN, until=LATER), True),
        ([ADA], [ADA], a_member(Grade.ADMIN, roles="x"), False),
        ([ADA], [], a_member(slack_id="U9"), False),
        ([a_member(slack_id="U3")], [a_member(slack_id="U3")], None, False),
        ([], [], a_member(slack_id="U9"), False),
    ],
)
def test_the_last_admin(everybody: list[Member], taken: list[Member], given: Member | None, locked_out: bool) -> None:  # noqa: FBT001 - a table
    assert leaves_no_admin(everybody, taken, given, NOON) is locked_out


def test_items_of_roles() -> None:
    assert items(" a* ,@b,, c ") == ("a*", "@b", "c")
    assert items("") == items(" , ") == ()
