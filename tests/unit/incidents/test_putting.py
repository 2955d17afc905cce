"""How a report is put to the incident that there is."""

from dataclasses import replace
from datetime import timedelta

from bot.incidents.incident import Affected, Conversation, How, Incident, IncidentState, Scope, ScopeKind, Waiting
from bot.incidents.putting import put
from tests.builders import NOON

T1, T2 = Conversation("C0HELP", "1.0"), Conversation("C0HELP", "2.0")
LAB = Conversation("C0LAB", "3.0")
DM = Conversation("D0ANN", "4.0", private=True)
LATER = NOON + timedelta(minutes=1)


def incident(*people: Affected, where: Conversation = T1, cause: str = "role_limit") -> Incident:
    scope = Scope(ScopeKind.ROLE, "ann")
    return Incident(
        "i1", "T1", "class", scope, cause, IncidentState.OPEN, "U0ANN", where, NOON, NOON, people=people
    )  # fmt: skip


def ann(where: Conversation = T1, *, role: str | None = "ann", state: Waiting = Waiting.WAITING) -> Affected:
    return Affected("U0ANN", where, NOON, role, where.thread, state)


def said(person: str = "U0BOB", where: Conversation = T2, *, role: str | None = None) -> Affected:
    return Affected(person, where, LATER, role, where.thread)


def theirs(of: Incident, person: str = "U0BOB") -> Affected:
    found = of.of(person)
    assert found is not None
    return found


def test_there_is_one_conversation_a_channel() -> None:
    joined = put(incident(ann()), said(), How.JOINED, "role_limit").incident
    assert theirs(joined).conversation == T1
    assert theirs(joined).ts == "2.0", "the message is the person's own all the same"
    elsewhere = put(incident(ann()), said(where=LAB), How.JOINED, "role_limit").incident
    assert elsewhere.conversations == (T1, LAB)


def test_a_conversation_whose_messages_were_all_taken_back_is_none() -> None:
    left = put(incident(ann(state=Waiting.WITHDRAWN)), said(), How.JOINED, "role_limit").incident
    assert theirs(left).conversation == left.conversation == T2


def test_it_is_talked_about_in_public_as_soon_as_somebody_speaks_of_it_there() -> None:
    private = incident(ann(DM), where=DM)
    assert put(private, said(), How.JOINED, "role_limit").incident.conversation == T2
    public = incident(ann())
    assert put(public, said(where=DM), How.JOINED, "role_limit").incident.conversation == T1


def test_in_private_it_stays_with_whoever_spoke_of_it_first() -> None:
    bobs = Conversation("D0BOB", "5.0", private=True)
    private = put(incident(ann(DM), where=DM), said(where=bobs), How.JOINED, "role_limit").incident
    assert private.conversations == (DM, bobs)


def test_it_stays_where_it_is_though_whoever_began_it_is_forgotten() -> None:
    forgotten = incident(said("U0EVE", LAB))
    assert put(forgotten, said(where=LAB), How.JOINED, "role_limit").incident.conversation == T1


def test_who_waits_already_is_where_they_first_said_so() -> None:
    again = put(incident(ann()), said("U0ANN", LAB), How.JOINED, "role_limit")
    assert again.how is How.KNOWN
    assert theirs(again.incident, "U0ANN") == ann()


def test_who_said_so_in_private_and_now_in_public_is_there() -> None:
    again = put(incident(ann(DM), where=DM), said("U0ANN"), How.JOINED, "role_limit").incident
    assert theirs(again, "U0ANN") == replace(ann(), conversation=T2, ts="2.0")
    assert again.conversation == T2


def test_who_was_in_again_or_took_it_back_waits_again_where_they_say_so_now() -> None:
    for state in (Waiting.IN, Waiting.WITHDRAWN):
        again = put(incident(ann(state=state), said(where=LAB)), said("U0ANN", LAB), How.JOINED, "role_limit")
        assert again.how is How.JOINED
        assert theirs(again.incident, "U0ANN") == replace(ann(LAB), ts="3.0")


def test_what_is_known_of_a_person_s_role_stays_known_and_what_becomes_known_is_kept() -> None:
    assert theirs(put(incident(ann()), said("U0ANN"), How.JOINED, "role_limit").incident, "U0ANN").role == "ann"
    learnt = put(incident(ann(role=None)), said("U0ANN", role="ann"), How.JOINED, "role_limit")
    assert theirs(learnt.incident, "U0ANN").role == "ann"


def test_once_somebody_met_the_server_s_own_limit_the_facts_tell_the_end_of_a_pooler_s() -> None:
    pooler = incident(ann(), cause="pooler_limit")
    assert put(pooler, said(), How.JOINED, "server_limit").incident.cause == "server_limit"
    assert (
        put(incident(ann(), cause="server_limit"), said(), How.JOINED, "pooler_limit").incident.cause == "server_limit"
    )
