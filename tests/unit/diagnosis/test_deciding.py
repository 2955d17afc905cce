"""What a report comes to, by what it says, who says it and what the servers say."""

from datetime import timedelta

import pytest

from bot.access.member import Actor, Owner, Standing
from bot.causes.finding import NOTHING, Cause, Finding
from bot.diagnosis.advice import of_client
from bot.diagnosis.consult import Meant
from bot.diagnosis.deciding import Complaint, Opens, decide, decide_down, is_named, meant_here, scopes
from bot.diagnosis.facts import Facts
from bot.diagnosis.replies import Explained, WhatDoesItSay, WhichRole, WhichServer
from bot.diagnosis.seen import Seen
from bot.incidents.incident import Affected, Conversation, Incident, IncidentState, Scope, ScopeKind
from bot.servers.capacity import Limit, LimitKind
from tests import builders
from tests.builders import ALICE, NOON, ROLE_OID, a_role

CLASS, BOTH, NONE = Meant(("class",), sure=True), Meant(("class", "lab")), Meant()
SERVER = Scope(ScopeKind.SERVER)


def standing(*links: Owner) -> Standing:
    return Standing(Actor("T1", ALICE), (), links)


def link(role: str = "alice", *, server: str = "class", oid: int = ROLE_OID) -> Owner:
    return builders.an_owner(ALICE, role, team="T1", server=server, role_oid=oid)


OWNER, STRANGER = standing(link()), standing()


def role_seen(name: str = "alice", *, full: bool = True, server: str = "class", oid: int = ROLE_OID) -> Seen:
    limit = Limit(LimitKind.ROLE, name, 5 if full else 2, 5)
    return Seen(server, Scope(ScopeKind.ROLE, name), Facts(NOON, limit, a_role(name, oid=oid)))


def no_role(name: str = "alice", server: str = "class") -> Seen:
    return Seen(server, Scope(ScopeKind.ROLE, name), Facts(NOON, None))


def unseen(scope: Scope = SERVER, server: str = "class", *, refused: bool = False) -> Seen:
    return Seen(server, scope, None, refused)


def server_seen(server: str = "class", *, full: bool = True) -> Seen:
    return Seen(server, SERVER, Facts(NOON, Limit(LimitKind.SERVER, "", 97 if full else 40, 97)))


def database_seen(server: str = "class", *, full: bool = True, there: bool = True) -> Seen:
    limit = Limit(LimitKind.DATABASE, "shop", 10 if full else 3, 10) if there else None
    return Seen(server, SHOP, Facts(NOON, limit))


SHOP = Scope(ScopeKind.DATABASE, "shop")
ALICE_ROLE = Scope(ScopeKind.ROLE, "alice")
ROLE_LIMIT = Finding(Cause.ROLE_LIMIT, role="alice", confidence=0.99)
SOME_ROLE = Finding(Cause.ROLE_LIMIT, confidence=0.9)
SERVER_LIMIT = Finding(Cause.SERVER_LIMIT, confidence=0.99)
DATABASE_LIMIT = Finding(Cause.DATABASE_LIMIT, database="shop", confidence=0.99)
POOLER_LIMIT = Finding(Cause.POOLER_LIMIT, confidence=0.9)


def a_complaint(
    finding: Finding = ROLE_LIMIT, meant: Meant = CLASS, who: Standing = OWNER, client: str = ""
) -> Complaint:
    return Complaint(finding, meant, who, client)


# What is looked at.


def test_a_named_role_is_looked_for_on_each_server_that_may_be_meant() -> None:
    assert scopes(a_complaint(meant=BOTH, who=STRANGER)) == (("class", ALICE_ROLE), ("lab", ALICE_ROLE))


def test_where_no_role_is_named_the_person_s_own_are_looked_at_on_the_servers_that_may_be_meant() -> None:
    who = standing(link(), link("bob"), link("alice", server="lab"))
    assert scopes(a_complaint(SOME_ROLE, CLASS, who)) == (
        ("class", ALICE_ROLE),
        ("class", Scope(ScopeKind.ROLE, "bob")),
    )


def test_two_links_to_roles_of_one_name_are_one_look() -> None:
    assert scopes(a_complaint(SOME_ROLE, CLASS, standing(link(), link(oid=5)))) == (("class", ALICE_ROLE),)


def test_on_a_host_that_no_server_is_known_by_only_the_person_s_own_role_of_that_name_is_looked_at() -> None:
    who = standing(link(), link("bob"))
    assert scopes(a_complaint(Finding(Cause.ROLE_LIMIT, role="Alice"), NONE, who)) == (("class", ALICE_ROLE),)
    assert scopes(a_complaint(ROLE_LIMIT, NONE, STRANGER)) == ()
    assert scopes(a_complaint(SERVER_LIMIT, NONE)) == ()


@pytest.mark.parametrize("cause", [Cause.SERVER_LIMIT, Cause.RESERVED_SLOTS, Cause.POOLER_LIMIT])
def test_of_a_server_s_or_a_pooler_s_limit_the_servers_are_looked_at(cause: Cause) -> None:
    assert scopes(a_complaint(Finding(cause), BOTH)) == (("class", SERVER), ("lab", SERVER))


@pytest.mark.parametrize("name", ["a" * 64, "ä" * 32, "half \ud83d", "nul\0"])
def test_what_no_role_or_database_can_be_called_is_not_looked_for(name: str) -> None:
    assert scopes(a_complaint(Finding(Cause.ROLE_LIMIT, role=name))) == ()
    assert scopes(a_complaint(Finding(Cause.DATABASE_LIMIT, database=name))) == ()
    assert isinstance(decide(a_complaint(Finding(Cause.ROLE_LIMIT, role=name)), []), Explained)
    assert isinstance(decide(a_complaint(Finding(Cause.DATABASE_LIMIT, database=name)), []), Explained)


def test_a_database_s_limit_without_its_name_is_explained() -> None:
    complaint = a_complaint(Finding(Cause.DATABASE_LIMIT))
    assert scopes(complaint) == ()
    assert decide(complaint, []) == complaint.explained


# A role's limit, with its name.


@pytest.mark.parametrize("full", [True, False])
def test_an_owner_is_believed_of_the_own_role_full_or_not(full: bool) -> None:  # noqa: FBT001 - a table
    seen = role_seen(full=full)
    assert decide(a_complaint(), [seen]) == Opens("class", ALICE_ROLE, Cause.ROLE_LIMIT, seen.facts, "alice")


def test_what_is_kept_is_the_name_that_the_server_has_for_the_role() -> None:
    decided = decide(a_complaint(Finding(Cause.ROLE_LIMIT, role="ALICE")), [role_seen("alice")])
    assert isinstance(decided, Opens)
    assert (decided.scope, decided.role) == (ALICE_ROLE, "alice")


@pytest.mark.parametrize("who", [STRANGER, standing(link(oid=5)), standing(link(server="lab")), standing(link("bob"))])
def test_a_role_that_is_not_the_person_s_is_an_incident_only_while_it_is_full_and_nobody_else_s(who: Standing) -> None:
    complaint = a_complaint(who=who)
    full = role_seen()
    assert decide(complaint, [full]) == Opens("class", ALICE_ROLE, Cause.ROLE_LIMIT, full.facts, None, joins=False)
    assert decide(complaint, [role_seen(full=False)]) == complaint.explained
    assert decide(complaint, [no_role()]) == complaint.explained


def test_whether_there_is_such_a_role_shows_in_no_word() -> None:
    complaint = a_complaint(who=STRANGER, client="psql")
    said = {decide(complaint, [seen]) == complaint.explained for seen in (no_role(), role_seen(full=False))}
    assert said == {True}
    assert complaint.explained == Explained(ROLE_LIMIT, of_client("psql"), "class")
    assert a_complaint(meant=BOTH).explained.server is None


def test_an_owner_of_a_server_that_cannot_be_asked_opens_and_has_no_figures() -> None:
    decided = decide(a_complaint(), [unseen(ALICE_ROLE)])
    assert decided == Opens("class", ALICE_ROLE, Cause.ROLE_LIMIT, None, None, joins=False)
    stranger = a_complaint(who=STRANGER)
    assert decide(stranger, [unseen(ALICE_ROLE)]) == stranger.explained


def test_of_several_servers_it_is_the_one_on_which_the_role_is_the_person_s() -> None:
    mine = role_seen(server="lab", full=False)
    decided = decide(a_complaint(meant=BOTH, who=standing(link(server="lab"))), [role_seen(oid=5), mine])
    assert decided == Opens("lab", ALICE_ROLE, Cause.ROLE_LIMIT, mine.facts, "alice")


def test_of_several_servers_with_a_role_of_the_person_s_it_is_the_only_full_one_else_they_are_asked() -> None:
    who = standing(link(), link(server="lab", oid=7))
    here, there = role_seen(), role_seen(server="lab", oid=7)
    free = role_seen(server="lab", oid=7, full=False)
    decided = decide(a_complaint(meant=BOTH, who=who), [here, free])
    assert isinstance(decided, Opens)
    assert decided.server == "class"
    for seen in ([here, there], [role_seen(full=False), free]):
        assert decide(a_complaint(meant=BOTH, who=who, client="psql"), seen) == WhichServer(
            ROLE_LIMIT, ["class", "lab"], "psql"
        )


def test_of_another_s_role_nobody_is_asked_for_the_server() -> None:
    complaint = a_complaint(meant=BOTH, who=STRANGER)
    assert decide(complaint, [role_seen(), role_seen(server="lab")]) == complaint.explained


def test_a_host_that_no_server_is_known_by_is_one_if_the_person_s_own_role_is_full_there() -> None:
    complaint = a_complaint(meant=NONE)
    decided = decide(complaint, [role_seen()])
    assert isinstance(decided, Opens)
    assert decided.role == "alice"
    assert decide(complaint, [role_seen(full=False)]) == complaint.explained
    assert decide(complaint, [role_seen(oid=5)]) == complaint.explained
    assert decide(a_complaint(SOME_ROLE, NONE), [role_seen()]) == a_complaint(SOME_ROLE, NONE).explained
    assert decide(a_complaint(SERVER_LIMIT, NONE), []) == a_complaint(SERVER_LIMIT, NONE).explained


# A role's limit, without its name.


def test_without_a_name_it_is_the_person_s_only_role_full_or_not() -> None:
    seen = role_seen(full=False)
    decided = decide(a_complaint(SOME_ROLE), [seen])
    assert decided == Opens("class", ALICE_ROLE, Cause.ROLE_LIMIT, seen.facts, "alice")


def test_of_several_roles_it_is_the_only_full_one_else_the_person_is_asked() -> None:
    complaint = a_complaint(SOME_ROLE, who=standing(link(), link("team", oid=7)))
    team = role_seen("team", oid=7)
    decided = decide(complaint, [role_seen(full=False), team])
    assert decided == Opens("class", team.scope, Cause.ROLE_LIMIT, team.facts, "team")
    both = WhichRole(None, SOME_ROLE, (("class", "alice"), ("class", "team")))
    assert decide(complaint, [role_seen(), team]) == both
    assert decide(complaint, [role_seen(full=False), role_seen("team", oid=7, full=False)]) == both


def test_who_owns_nothing_is_asked_and_offered_nothing() -> None:
    assert decide(a_complaint(SOME_ROLE, who=STRANGER), []) == WhichRole(None, SOME_ROLE, ())
    recreated = a_complaint(SOME_ROLE, who=standing(link(oid=5)))
    assert decide(recreated, [role_seen()]) == WhichRole(None, SOME_ROLE, ())
    assert decide(a_complaint(SOME_ROLE), [no_role()]) == WhichRole(None, SOME_ROLE, ())


def test_the_only_role_on_a_server_that_cannot_be_asked_is_believed() -> None:
    decided = decide(a_complaint(SOME_ROLE), [unseen(ALICE_ROLE)])
    assert decided == Opens("class", ALICE_ROLE, Cause.ROLE_LIMIT, None, None, joins=False)
    two = [unseen(ALICE_ROLE), unseen(Scope(ScopeKind.ROLE, "team"))]
    asked = decide(a_complaint(SOME_ROLE, who=standing(link(), link("team"))), two)
    assert asked == WhichRole(None, SOME_ROLE, (("class", "alice"), ("class", "team")))


def test_a_role_that_is_proved_counts_before_one_that_is_not() -> None:
    who = standing(link(), link("team", oid=7), link("alice", server="lab"))
    gone = unseen(ALICE_ROLE, "lab")
    asked = decide(a_complaint(SOME_ROLE, BOTH, who), [role_seen(), role_seen("team", oid=7), gone])
    assert asked == WhichRole(None, SOME_ROLE, (("class", "alice"), ("class", "team"), ("lab", "alice")))
    one = decide(a_complaint(SOME_ROLE, BOTH, standing(link(), link("alice", server="lab"))), [role_seen(), gone])
    assert isinstance(one, Opens)
    assert one.server == "class"


# Limits that everybody meets.


@pytest.mark.parametrize("cause", [Cause.SERVER_LIMIT, Cause.RESERVED_SLOTS])
@pytest.mark.parametrize("seen", [server_seen(), server_seen(full=False), unseen()])
def test_a_sure_server_s_limit_is_an_incident_whoever_says_so(cause: Cause, seen: Seen) -> None:
    decided = decide(a_complaint(Finding(cause), who=STRANGER), [seen])
    assert decided == Opens("class", SERVER, cause, seen.facts)


def test_of_several_servers_it_is_the_only_full_one_else_the_person_is_asked() -> None:
    complaint = a_complaint(SERVER_LIMIT, BOTH, STRANGER, "psql")
    for full in (server_seen("lab"), unseen(server="lab", refused=True)):
        decided = decide(complaint, [server_seen(full=False), full])
        assert decided == Opens("lab", SERVER, Cause.SERVER_LIMIT, full.facts)
    asked = WhichServer(SERVER_LIMIT, ["class", "lab"], "psql")
    for seen in (
        [server_seen(), server_seen("lab")],
        [server_seen(full=False), server_seen("lab", full=False)],
        [unseen(), unseen(server="lab")],
    ):
        assert decide(complaint, seen) == asked


def test_only_the_full_ones_are_offered_where_some_are_not() -> None:
    meant = Meant(("class", "lab", "old"))
    seen = [server_seen(), server_seen("lab"), server_seen("old", full=False)]
    assert decide(a_complaint(SERVER_LIMIT, meant), seen) == WhichServer(SERVER_LIMIT, ["class", "lab"])


def test_a_database_s_limit_is_about_the_server_that_has_it() -> None:
    complaint = a_complaint(DATABASE_LIMIT, BOTH, STRANGER)
    seen = database_seen("lab", full=False)
    assert decide(complaint, [database_seen(there=False), seen]) == Opens("lab", SHOP, Cause.DATABASE_LIMIT, seen.facts)
    nowhere = [database_seen(there=False), database_seen("lab", there=False)]
    assert decide(complaint, nowhere) == complaint.explained
    assert decide(a_complaint(DATABASE_LIMIT), [database_seen(there=False)]) == a_complaint(DATABASE_LIMIT).explained
    gone = unseen(SHOP)
    assert decide(a_complaint(DATABASE_LIMIT), [gone]) == Opens("class", SHOP, Cause.DATABASE_LIMIT, None)


def test_of_a_pooler_s_limit_a_server_s_figures_say_nothing() -> None:
    assert decide(a_complaint(POOLER_LIMIT), [server_seen()]) == Opens("class", SERVER, Cause.POOLER_LIMIT, None)
    asked = decide(a_complaint(POOLER_LIMIT, BOTH), [server_seen(), server_seen("lab", full=False)])
    assert asked == WhichServer(POOLER_LIMIT, ["class", "lab"])


# “It is down.”


def test_that_all_is_down_is_an_incident_only_if_the_facts_show_what_is_full() -> None:
    full = server_seen("lab")
    decided = decide_down(STRANGER, [server_seen(full=False), full], [], "")
    assert decided == Opens("lab", SERVER, Cause.SERVER_LIMIT, full.facts)
    refused = decide_down(STRANGER, [unseen(refused=True)], [], "")
    assert refused == Opens("class", SERVER, Cause.SERVER_LIMIT, None)
    several = decide_down(STRANGER, [server_seen(), full], [], "psql")
    assert several == WhichServer(Finding(Cause.SERVER_LIMIT), ["class", "lab"], "psql")


def test_that_all_is_down_is_about_the_person_s_own_role_if_that_is_full() -> None:
    mine = role_seen()
    decided = decide_down(OWNER, [server_seen()], [mine], "")
    assert decided == Opens("class", ALICE_ROLE, Cause.ROLE_LIMIT, mine.facts, "alice")
    two = standing(link(), link("team", oid=7))
    asked = decide_down(two, [server_seen()], [mine, role_seen("team", oid=7)], "")
    assert asked == WhichRole(None, Finding(Cause.ROLE_LIMIT), (("class", "alice"), ("class", "team")))


def test_another_s_full_role_makes_nothing_down() -> None:
    free = server_seen(full=False)
    assert decide_down(standing(link(oid=5)), [free], [role_seen()], "") == WhatDoesItSay(("class",), ())


def test_where_nothing_is_full_it_is_asked_what_it_says() -> None:
    seen = [server_seen(full=False), unseen(server="lab")]
    assert decide_down(OWNER, seen, [role_seen(full=False)], "") == WhatDoesItSay(("class",), ("lab",))


# Where it is said.


def an_incident(server: str) -> Incident:
    where = Conversation("C0HELP", "1.0")
    people = (Affected(ALICE, where, NOON),)
    return Incident(
        f"i-{server}", "T1", server, SERVER, "server_limit", IncidentState.OPEN, ALICE, where, NOON,
        NOON - timedelta(minutes=1), people=people,
    )  # fmt: skip


def test_in_a_thread_about_one_server_that_one_is_meant() -> None:
    assert meant_here(BOTH, [an_incident("lab")]) == Meant(("lab",), sure=True)
    assert meant_here(BOTH, [an_incident("lab"), an_incident("class")]) == BOTH
    assert meant_here(BOTH, []) == BOTH
    assert meant_here(CLASS, [an_incident("lab")]) == CLASS
    assert meant_here(NONE, [an_incident("lab")]) == NONE


def test_a_name_as_a_person_writes_it() -> None:
    assert is_named("alice", "Alice")
    assert is_named("Alice", "Alice")
    assert not is_named("Alice", "alice")


def test_without_a_finding_nothing_is_explained_of_a_client() -> None:
    assert a_complaint(NOTHING, client="no such").explained.advice is None
