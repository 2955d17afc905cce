"""Links between people and roles, and the roster that makes many at once."""

import pytest

from bot.access.allow_list import AllowList, Grant
from bot.access.class_list import parse
from bot.access.member import Actor, Denied, Grade, Origin, Owner
from bot.access.ownership import Ownership
from bot.access.roster import Enrolled, Preview, preview
from bot.incidents.history import History
from bot.servers.server import Role
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from tests.builders import NOON, ROLE_OID, a_role
from tests.own_database import AT_COMMAND_LINE

INSTRUCTOR, TA = Actor("T1", "UPROF"), Actor("T1", "UTA")
PEOPLE = {"alice@example.edu": "UALICE", "bob@example.edu": "UBOB"}
ROLES = {"alice": ROLE_OID, "bob": ROLE_OID + 1, "team": ROLE_OID + 2}


@pytest.fixture
async def ownership(own_database: OwnDatabase, record: Record) -> Ownership:
    allow_list = AllowList(own_database, record)
    await allow_list.allow(AT_COMMAND_LINE, Grant(INSTRUCTOR.id, Grade.INSTRUCTOR, "class"), now=NOON)
    await allow_list.allow(AT_COMMAND_LINE, Grant(TA.id, Grade.RESPONDER), now=NOON)
    return Ownership(own_database, record)


async def states(db: OwnDatabase, record: Record, kind: str = "ownership") -> list[str]:
    async with db.read() as connection:
        assert isinstance(await record.verify(connection), Verified)
    return [event.state for event in await History(db, record).read("T1") if event.kind == kind]


def a_preview(*lines: str) -> Preview:
    return preview(parse("\n".join(["email,role", *lines]).encode()), PEOPLE, ROLES)


def _taken(answer: tuple[Owner, ...] | Denied) -> tuple[Owner, ...]:
    assert isinstance(answer, tuple)
    return answer


async def test_a_link_is_stored_with_its_origin_and_found_by_person_and_by_role(
    ownership: Ownership, own_database: OwnDatabase, record: Record
) -> None:
    link = await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(), origin=Origin.VOUCH, now=NOON)
    assert isinstance(link, Owner)
    assert (link.origin, link.linked_by, link.role_oid) == (Origin.VOUCH, "UPROF", ROLE_OID)
    assert await ownership.roles_of("T1", "UALICE") == (link,)
    assert await ownership.owners_of("T1", "class", ROLE_OID) == (link,)
    assert (
        await ownership.owners_of("T1", "class", ROLE_OID + 1)
        == await ownership.owners_of("T2", "class", ROLE_OID)
        == ()
    )
    assert await states(own_database, record) == ["linked"]


async def test_one_role_may_have_several_owners_and_one_person_several_roles(ownership: Ownership) -> None:
    for who in ("UALICE", "UBOB"):
        await ownership.own(INSTRUCTOR, who, server="class", role=a_role("team", oid=ROLE_OID + 2), now=NOON)
    await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(), now=NOON)
    assert [link.slack_id for link in await ownership.owners_of("T1", "class", ROLE_OID + 2)] == ["UALICE", "UBOB"]
    assert [link.role for link in await ownership.roles_of("T1", "UALICE")] == ["alice", "team"]


async def test_a_link_to_a_role_made_anew_takes_the_place_of_the_earlier_ones(
    ownership: Ownership, own_database: OwnDatabase, record: Record
) -> None:
    await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(oid=1), now=NOON)
    await ownership.own(AT_COMMAND_LINE, "UALICE", server="lab", role=a_role(oid=1), now=NOON)
    await ownership.own(INSTRUCTOR, "UBOB", server="class", role=a_role(oid=1), now=NOON)
    await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(oid=2), now=NOON)
    assert [(link.server, link.role_oid) for link in await ownership.roles_of("T1", "UALICE")] == [
        ("class", 2),
        ("lab", 1),
    ]
    assert len(await ownership.owners_of("T1", "class", 1)) == 1
    assert (await states(own_database, record))[:2] == ["linked", "unlinked"]


@pytest.mark.parametrize(
    ("who", "server", "role", "why"),
    [
        (TA, "class", a_role(), "grade"),
        (Actor("T1", "UALICE"), "class", a_role(), "nothing"),
        (INSTRUCTOR, "lab", a_role(), "other_server"),
        (INSTRUCTOR, "class", a_role(student=False), "other_roles"),
    ],
)
async def test_who_may_not_link_is_refused_on_record(
    ownership: Ownership, own_database: OwnDatabase, record: Record, who: Actor, server: str, role: Role, why: str
) -> None:
    answer = await ownership.own(who, "UALICE", server=server, role=role, now=NOON)
    assert isinstance(answer, Denied)
    assert answer.why == why
    assert await ownership.roles_of("T1", "UALICE") == ()
    assert await states(own_database, record, "refusal") == ["denied"]


async def test_unlinking_from_one_role_or_from_all(
    ownership: Ownership, own_database: OwnDatabase, record: Record
) -> None:
    for name, oid in ROLES.items():
        await ownership.own(INSTRUCTOR, "UALICE", server="class", role=a_role(name, oid=oid), now=NOON)
    taken = _taken(await ownership.disown(INSTRUCTOR, "UALICE", role="team", now=NOON))
    assert [link.role for link in taken] == ["team"]
    assert len(_taken(await ownership.disown(INSTRUCTOR, "UALICE", now=NOON))) == 2
    assert await ownership.disown(AT_COMMAND_LINE, "UALICE", now=NOON) == ()
    assert (await states(own_database, record))[:3] == ["unlinked"] * 3


async def test_links_on_several_servers_are_all_taken_or_none(ownership: Ownership) -> None:
    for server in ("class", "lab"):
        await ownership.own(AT_COMMAND_LINE, "UALICE", server=server, role=a_role(), now=NOON)
    assert isinstance(await ownership.disown(INSTRUCTOR, "UALICE", now=NOON), Denied)
    assert isinstance(await ownership.disown(TA, "UALICE", now=NOON), Denied)
    assert len(await ownership.roles_of("T1", "UALICE")) == 2
    assert len(_taken(await ownership.disown(INSTRUCTOR, "UALICE", server="class", now=NOON))) == 1


async def test_a_roster_is_stored_once_however_often(
    ownership: Ownership, own_database: OwnDatabase, record: Record
) -> None:
    seen = a_preview("alice@example.edu,alice", "bob@example.edu,bob", "bob@example.edu,team", "zoe@example.edu,zoe")
    enrolled = await ownership.enrol(INSTRUCTOR, seen, server="class", now=NOON)
    assert isinstance(enrolled, Enrolled)
    assert [(link.slack_id, link.role, link.origin) for link in enrolled.added] == [
        ("UALICE", "alice", "roster"),
        ("UBOB", "bob", "roster"),
        ("UBOB", "team", "roster"),
    ]
    again = await ownership.enrol(INSTRUCTOR, seen, server="class", leaving=enrolled.added, now=NOON)
    assert again == Enrolled((), (), 3)
    assert await states(own_database, record) == ["linked"] * 3


async def test_replacing_removes_what_left_the_roster_and_never_what_staff_linked(ownership: Ownership) -> None:
    await ownership.enrol(
        INSTRUCTOR, a_preview("alice@example.edu,alice", "bob@example.edu,bob"), server="class", now=NOON
    )
    await ownership.enrol(AT_COMMAND_LINE, a_preview("bob@example.edu,bob"), server="lab", now=NOON)
    await ownership.own(INSTRUCTOR, "UBOB", server="class", role=a_role("team", oid=ROLE_OID + 2), now=NOON)
    seen = a_preview("alice@example.edu,alice", "bob@example.edu,team")
    departing = seen.departures(await ownership.roster_links("T1", "class"))
    enrolled = await ownership.enrol(INSTRUCTOR, seen, server="class", leaving=departing, now=NOON)
    assert isinstance(enrolled, Enrolled)
    assert enrolled.removed == departing
    assert [link.role for link in departing] == ["bob"]
    assert [(link.server, link.role, link.origin) for link in await ownership.roles_of("T1", "UBOB")] == [
        ("class", "team", "staff"),
        ("lab", "bob", "roster"),
    ]


async def test_nothing_is_removed_that_nobody_was_shown(ownership: Ownership) -> None:
    await ownership.enrol(INSTRUCTOR, a_preview("bob@example.edu,bob"), server="class", now=NOON)
    seen = a_preview("alice@example.edu,alice")
    shown = seen.departures(await ownership.roster_links("T1", "class"))
    # Meanwhile somebody else stores another list, and gives a role by hand that came from the roster.
    await ownership.enrol(INSTRUCTOR, a_preview("bob@example.edu,team"), server="class", now=NOON)
    await ownership.own(INSTRUCTOR, "UBOB", server="class", role=a_role("bob", oid=ROLE_OID + 1), now=NOON)
    enrolled = await ownership.enrol(INSTRUCTOR, seen, server="class", leaving=shown, now=NOON)
    assert isinstance(enrolled, Enrolled)
    assert enrolled.removed == ()
    assert [link.role for link in await ownership.roles_of("T1", "UBOB")] == ["bob", "team"]


async def test_who_may_not_link_may_not_enrol(ownership: Ownership, own_database: OwnDatabase, record: Record) -> None:
    seen = a_preview("alice@example.edu,alice")
    for who, server in ((TA, "class"), (INSTRUCTOR, "lab")):
        assert isinstance(await ownership.enrol(who, seen, server=server, now=NOON), Denied)
    assert await ownership.roster_links("T1", "class") == ()
    assert await states(own_database, record, "refusal") == ["denied", "denied"]


async def test_a_large_class_in_one_go(ownership: Ownership) -> None:
    people = {f"s{n}@example.edu": f"U{n}" for n in range(600)}
    roles = {f"s{n}": 20_000 + n for n in range(600)}
    lines = "email,role\n" + "".join(f"s{n}@example.edu,s{n}\n" for n in range(600))
    seen = preview(parse(lines.encode()), people, roles)
    enrolled = await ownership.enrol(INSTRUCTOR, seen, server="class", now=NOON)
    assert isinstance(enrolled, Enrolled)
    assert len(enrolled.added) == 600
    gone = await ownership.enrol(INSTRUCTOR, a_preview(), server="class", leaving=enrolled.added, now=NOON)
    assert isinstance(gone, Enrolled)
    assert len(gone.removed) == 600
