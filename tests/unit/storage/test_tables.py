"""The words in the tables' checks are those of the enums above, which storage cannot import."""

from bot.access.link import NewsKind, Proof, Vouch
from bot.access.member import Grade, Origin, Right
from bot.incidents.incident import IncidentState, ScopeKind, Waiting
from bot.incidents.posts import PostKind
from bot.incidents.proposal import Consent, Kind, State
from bot.servers.capacity import LimitKind
from bot.servers.server import Verdict
from bot.storage import conversations, linking, sampled, tables


def test_the_words_of_the_checks_are_those_of_the_code() -> None:
    assert set(tables.GRADES) == {grade.word for grade in Grade}
    assert set(tables.ORIGINS) == set(Origin)
    assert set(tables.RIGHTS) == set(Right)
    assert set(tables.PROPOSAL_KINDS) == set(Kind)
    assert set(tables.CONSENTS) == set(Consent)
    assert set(tables.PROPOSAL_STATES) == set(State)
    assert set(tables.VERDICTS) == set(Verdict)
    assert set(conversations.INCIDENT_STATES) == set(IncidentState)
    assert set(conversations.SCOPE_KINDS) == set(ScopeKind)
    assert set(conversations.WAITING) == set(Waiting)
    assert set(conversations.POST_KINDS) == set(PostKind)
    assert set(linking.PROOFS) == set(Proof)
    assert set(linking.VOUCHES) == set(Vouch)
    assert set(linking.NEWS) == set(NewsKind)
    assert set(sampled.LIMIT_KINDS) == set(LimitKind)


def test_every_row_about_people_names_its_team() -> None:
    about_people = ("members", "owners", "link_requests", "link_news", "proposals", "deliveries")
    for name in (*about_people, "incidents", "incident_people", "posts", "heard"):
        assert not tables.metadata.tables[name].c.team.nullable
