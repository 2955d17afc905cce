"""What a “+1” comes to: own full roles first, then what is open to everybody; nobody joins another's role."""

from dataclasses import replace

import pytest

from bot.access.member import Actor, Owner, Standing
from bot.causes.finding import Cause
from bot.diagnosis.deciding import Opens
from bot.diagnosis.facts import Facts
from bot.diagnosis.joining import Joins, join
from bot.diagnosis.replies import HasRoom, WhichRole
from bot.diagnosis.seen import Seen
from bot.incidents.incident import Affected, Conversation, Incident, IncidentState, Scope, ScopeKind, Waiting
from bot.servers.capacity import Limit, LimitKind
from tests import builders
from tests.builders import NOON, a_role

THREAD = Conversation("C0HELP", "1.0")
SERVER = Scope(ScopeKind.SERVER)


def role(name: str) -> Scope:
    return Scope(ScopeKind.ROLE, name)


def incident(scope: Scope = SERVER, person: str = "U0ANN", state: Waiting = Waiting.WAITING) -> Incident:
    theirs = Affected(person, THREAD, NOON, state=state)
    return Incident(
        f"i-{scope.name}", "T1", "class", scope, f"{scope.kind}_limit", IncidentState.OPEN, person, THREAD, NOON, NOON,
        people=(theirs,),
    )  # fmt: skip


def oid(name: str) -> int:
    return 16000 + sum(map(ord, name))


def link(name: str) -> Owner:
    return builders.an_owner("U0BOB", name, team="T1", server="class", role_oid=oid(name))


def bob(*roles: str) -> Standing:
    return Standing(Actor("T1", "U0BOB"), (), tuple(map(link, roles)))


def full(name: str, used: int = 5) -> Seen:
    return Seen("class", role(name), Facts(NOON, Limit(LimitKind.ROLE, name, used, 5), a_role(name, oid=oid(name))))


def free(name: str) -> Seen:
    return full(name, 1)


def server(used: int = 40) -> Seen:
    return Seen("class", SERVER, Facts(NOON, Limit(LimitKind.SERVER, "", used, 97)))


ROOM, FULL = server(), server(97)
ON_SERVER, ON_ANN, ON_BOB = incident(), incident(role("ann")), incident(role("bob"))
ON_SHOP = incident(Scope(ScopeKind.DATABASE, "shop"))


@pytest.mark.parametrize("about", [ON_SERVER, ON_SHOP])
def test_what_everybody_meets_everybody_joins(about: Incident) -> None:
    assert join(bob(), [about], [], ROOM) == Joins(about)
    assert join(bob("bob"), [about], [free("bob")], ROOM) == Joins(about)


@pytest.mark.parametrize("about", [ON_SERVER, ON_SHOP, ON_ANN])
def test_an_own_full_role_is_what_keeps_somebody_out_whatever_it_is_about(about: Incident) -> None:
    mine = full("bob")
    assert join(bob("bob"), [about], [mine], FULL) == Opens("class", role("bob"), Cause.ROLE_LIMIT, mine.facts, "bob")


def test_an_own_full_role_that_is_talked_about_is_joined_though_it_is_not_the_latest() -> None:
    assert join(bob("bob"), [ON_SERVER, ON_BOB], [full("bob")], FULL) == Joins(ON_BOB, "bob")
    # Of two full ones it is the one that is talked about.
    assert join(bob("bob", "team"), [ON_BOB], [full("team"), full("bob")], ROOM) == Joins(ON_BOB, "bob")


def test_of_two_own_full_roles_neither_of_which_is_talked_about_they_are_asked() -> None:
    asked = join(bob("bob", "team"), [ON_ANN], [full("bob"), full("team")], ROOM)
    assert asked == WhichRole(ON_ANN, None, [("class", "bob"), ("class", "team")])


def test_another_own_role_that_is_full_counts_before_the_one_that_is_talked_about_and_has_room() -> None:
    team = full("team")
    decided = join(bob("bob", "team"), [ON_BOB], [free("bob"), team], ROOM)
    assert decided == Opens("class", role("team"), Cause.ROLE_LIMIT, team.facts, "team")


def test_an_own_role_that_is_talked_about_is_joined_though_it_has_room_now() -> None:
    assert join(bob("bob"), [ON_ANN, ON_BOB], [free("bob")], ROOM) == Joins(ON_BOB, "bob")


def test_nobody_joins_another_s_role() -> None:
    assert join(bob(), [ON_ANN], [], ROOM) == WhichRole(ON_ANN, None, [])
    mine = free("bob")
    assert mine.facts is not None
    assert join(bob("bob"), [ON_ANN], [mine], ROOM) == HasRoom("bob", "class", mine.facts)


def test_where_the_whole_server_is_full_another_s_role_is_not_the_trouble() -> None:
    opened = Opens("class", SERVER, Cause.SERVER_LIMIT, FULL.facts)
    assert join(bob(), [ON_ANN], [], FULL) == opened
    assert join(bob("bob"), [ON_ANN], [free("bob")], FULL) == opened
    refused = Seen("class", SERVER, None, refused=True)
    assert join(bob(), [ON_ANN], [], refused) == Opens("class", SERVER, Cause.SERVER_LIMIT, None)


def test_an_earlier_incident_that_is_everybody_s_is_joined_rather_than_the_latest_that_is_not() -> None:
    assert join(bob(), [ON_ANN, ON_SERVER], [], ROOM) == Joins(ON_SERVER)


def test_a_link_to_an_earlier_role_of_the_name_gives_nothing() -> None:
    recreated = full("ann")
    assert recreated.facts is not None
    stale = Standing(Actor("T1", "U0BOB"), (), (replace(link("ann"), role_oid=5),))
    assert join(stale, [ON_ANN], [recreated], ROOM) == WhichRole(ON_ANN, None, [])


def test_while_a_server_cannot_be_asked_nobody_joins_a_role_and_their_roles_are_offered() -> None:
    gone = Seen("class", role("ann"), None)
    unknown = Seen("class", SERVER, None)
    assert join(bob("ann"), [ON_ANN], [gone], unknown) == WhichRole(ON_ANN, None, [("class", "ann")])
    assert join(bob("ann"), [ON_ANN, ON_SERVER], [gone], unknown) == Joins(ON_SERVER)


def test_who_waits_already_says_nothing_new() -> None:
    reported = incident(role("ann"), "U0BOB")
    assert join(bob(), [reported], [], ROOM) == Joins(reported)
    withdrawn = incident(role("ann"), "U0BOB", Waiting.WITHDRAWN)
    assert isinstance(join(bob(), [withdrawn], [], ROOM), WhichRole)
