"""What a message means where it is said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.causes.finding import NOTHING, Cause, Finding, Kind
from bot.diagnosis.consult import (
    Around,
    Closed,
    Down,
    Heard,
    Ignore,
    InAgain,
    Known,
    Meaning,
    Meant,
    MeToo,
    Other,
    Picture,
    Trouble,
    Unclear,
    consult,
    said_at,
    scope_of,
    servers_meant,
)
from bot.diagnosis.small_talk import Said
from bot.incidents.incident import Affected, Conversation, Incident, IncidentState, Scope, ScopeKind, Waiting
from tests.builders import NOON

THREAD = Conversation("C0HELP", "1.0")
ROLE_LIMIT = Finding(Cause.ROLE_LIMIT, role="alice", confidence=0.99)

POOLER_LIMIT = Finding(Cause.POOLER_LIMIT, confidence=0.6)
CLIENT_POOL = Finding(Cause.CLIENT_POOL, confidence=0.9)
PASSWORD = Finding(Cause.OTHER, Kind.PASSWORD, confidence=0.9)
CLOSED = Finding(Cause.OTHER, Kind.CONNECTION_CLOSED, confidence=0.9)


def heard(
    finding: Finding = NOTHING,
    said: Said = Said.NOTHING,
    *,
    in_thread: bool = False,
    picture: bool = False,
    asked: bool = False,
) -> Heard:
    return Heard("T1", "U0ANN", THREAD, "1.0", finding, said, in_thread, picture, asked)


def an_incident(name: str = "i1", state: IncidentState = IncidentState.OPEN, waiting: str = "U0ANN") -> Incident:
    theirs = Affected(waiting, THREAD, NOON)
    resolved = NOON if state is IncidentState.RESOLVED else None
    scope = Scope(ScopeKind.SERVER)
    return Incident(
        name, "T1", "class", scope, "server_limit", state, waiting, THREAD, NOON, NOON, people=(theirs,), resolved_at=resolved
    )  # fmt: skip


OPEN, OVER = an_incident(), an_incident("i0", IncidentState.RESOLVED)
FINDINGS: list[tuple[Finding, Meaning]] = [
    (ROLE_LIMIT, Trouble(ROLE_LIMIT)),
    (POOLER_LIMIT, Trouble(POOLER_LIMIT)),
    (CLIENT_POOL, Other(CLIENT_POOL)),
    (PASSWORD, Other(PASSWORD)),
    (CLOSED, Closed(CLOSED)),
    (replace(ROLE_LIMIT, confidence=0.4), Ignore()),
]


@pytest.mark.parametrize(("finding", "meaning"), FINDINGS)
def test_an_error_text_means_what_it_reports_wherever_it_is_said(finding: Finding, meaning: Meaning) -> None:
    assert consult(heard(finding), Around()) == meaning
    assert consult(heard(finding, Said.NOTHING, in_thread=True, picture=False), Around((OPEN,), (OPEN,))) == meaning


@pytest.mark.parametrize(
    ("said", "in_thread", "around", "meaning"),
    [
        (Said.ME_TOO, True, Around((OPEN,)), MeToo(OPEN)),
        (Said.ME_TOO, True, Around((OVER, OPEN)), MeToo(OPEN)),
        (Said.ME_TOO, True, Around((OVER,), (OPEN,)), Ignore()),
        (Said.ME_TOO, False, Around((), (OPEN,)), MeToo(OPEN)),
        (Said.ME_TOO, False, Around(), Ignore()),
        (Said.IN_AGAIN, True, Around((OPEN,)), InAgain(OPEN)),
        (Said.IN_AGAIN, True, Around((an_incident(waiting="U0BOB"),)), Ignore()),
        (Said.IN_AGAIN, False, Around(), Ignore()),
        (Said.DOWN, False, Around(), Down()),
        (Said.DOWN, False, Around((), (OPEN,)), Down()),
        (Said.DOWN, True, Around((OPEN,)), Ignore()),
        (Said.NOTHING, False, Around((), (OPEN,)), Ignore()),
    ],
)
def test_talk_is_about_the_thread_or_the_latest_trouble_of_the_channel(
    said: Said,
    in_thread: bool,  # noqa: FBT001 - a case of the table
    around: Around,
    meaning: Meaning,
) -> None:
    assert consult(heard(said=said, in_thread=in_thread), around) == meaning


def test_who_has_come_in_already_is_not_among_those_who_wait() -> None:
    gone = replace(OPEN, people=(replace(OPEN.people[0], state=Waiting.IN),))
    assert consult(heard(said=Said.IN_AGAIN, in_thread=True), Around((gone,))) == Ignore()


def test_a_picture_is_asked_about_where_connections_are_talked_about() -> None:
    assert consult(heard(picture=True), Around()) == Picture()
    assert consult(heard(picture=True, in_thread=True), Around((OPEN,))) == Picture()
    assert consult(heard(picture=True, in_thread=True), Around()) == Ignore()
    assert consult(heard(ROLE_LIMIT, picture=True), Around()) == Trouble(ROLE_LIMIT)
    assert consult(heard(said=Said.ME_TOO, picture=True, in_thread=True), Around((OPEN,))) == MeToo(OPEN)


def test_who_asks_the_bot_is_answered() -> None:
    assert consult(heard(asked=True), Around()) == Unclear()
    assert consult(heard(said=Said.DOWN, asked=True, in_thread=True), Around()) == Down()


CLASS, LAB = Known("class", frozenset({"db.example.edu", "10.0.0.1"})), Known("lab", frozenset({"lab.example.edu"}))
BARE, TOLD = Known("spare"), Known("told", addresses=frozenset({"10.9.9.9", "127.0.0.1"}))


@pytest.mark.parametrize(
    ("host", "names", "known", "meant"),
    [
        (None, (), (CLASS,), Meant(("class",), sure=True)),
        (None, (), (CLASS, LAB), Meant(("class", "lab"))),
        ("DB.example.edu.", (), (CLASS, LAB), Meant(("class",), sure=True)),
        ("10.0.0.1", (), (CLASS, LAB), Meant(("class",), sure=True)),
        ("lab.example.edu", ("class",), (CLASS, LAB), Meant(("class",), sure=True)),
        (None, ("class", "lab"), (CLASS, LAB), Meant(("class", "lab"))),
        ("lab.example.edu", ("class", "lab"), (CLASS, LAB), Meant(("lab",), sure=True)),
        ("elsewhere.example.org", ("class", "lab"), (CLASS, LAB), Meant(("class", "lab"))),
        ("localhost", (), (CLASS, LAB), Meant(("class", "lab"))),
        ("127.0.0.1", (), (CLASS,), Meant(("class",), sure=True)),
        ("elsewhere.example.org", (), (CLASS, LAB), Meant()),
        ("elsewhere.example.org", (), (CLASS, BARE), Meant(("class", "spare"))),
        ("10.9.9.9", (), (CLASS, TOLD), Meant(("told",), sure=True)),
        ("127.0.0.1", (), (CLASS, TOLD), Meant(("class", "told"))),
        ("elsewhere.example.org", (), (TOLD,), Meant(("told",), sure=True)),
        (None, (), (), Meant()),
    ],
)
def test_which_server_is_meant(
    host: str | None, names: tuple[str, ...], known: tuple[Known, ...], meant: Meant
) -> None:
    assert servers_meant(replace(ROLE_LIMIT, host=host), names, known) == meant


def test_what_a_limit_is_about() -> None:
    assert scope_of(ROLE_LIMIT, "alice") == Scope(ScopeKind.ROLE, "alice")
    assert scope_of(ROLE_LIMIT, None) is None
    assert scope_of(Finding(Cause.DATABASE_LIMIT, database="d"), None) == Scope(ScopeKind.DATABASE, "d")
    assert scope_of(Finding(Cause.DATABASE_LIMIT), "alice") is None
    assert scope_of(Finding(Cause.RESERVED_SLOTS), "alice") == Scope(ScopeKind.SERVER)


@pytest.mark.parametrize(
    ("ts", "minutes_ago"),
    [
        (f"{NOON.timestamp() - 600:.6f}", 10),
        (f"{NOON.timestamp() + 5:.6f}", 0),
        (f"{NOON.timestamp() - 7200:.6f}", 15),
        ("1.0", 15),
        ("", 0),
        ("nan", 0),
        ("1e300", 0),
    ],
)
def test_when_a_message_was_written_as_far_as_that_matters(ts: str, minutes_ago: int) -> None:
    assert said_at(replace(heard(), ts=ts), NOON) == NOON - timedelta(minutes=minutes_ago)
