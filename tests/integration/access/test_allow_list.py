"""The stored allow-list: changed only by those who may, each change and each refusal on record."""

import asyncio
from datetime import timedelta

import pytest

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Action, Actor, Denied, Grade, Member, Standing
from bot.access.ownership import Ownership
from bot.errors import UsageError
from bot.incidents.history import Event, History
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from tests.builders import NOON, a_role
from tests.own_database import AT_COMMAND_LINE

ADMIN, INSTRUCTOR, TA, STRANGER = (Actor("T1", name) for name in ("UADMIN", "UPROF", "UTA", "UEVE"))


@pytest.fixture
def allow_list(own_database: OwnDatabase, record: Record) -> AllowList:
    return AllowList(own_database, record)


async def staff(allow_list: AllowList) -> None:
    for who, grade in ((ADMIN, Grade.ADMIN), (INSTRUCTOR, Grade.INSTRUCTOR), (TA, Grade.RESPONDER)):
        await allow_list.allow(AT_COMMAND_LINE, Grant(who.id, grade), now=NOON)


async def on_record(db: OwnDatabase, record: Record) -> list[Event]:
    async with db.read() as connection:
        assert isinstance(await record.verify(connection), Verified)
    return list(await History(db, record).read(None))


async def test_a_grant_is_stored_found_listed_and_on_record(
    allow_list: AllowList, own_database: OwnDatabase, record: Record
) -> None:
    until = await own_database.now() + timedelta(days=1)
    grant = Grant("UTA", Grade.RESPONDER, "class", " sec2_* , @late ", until)
    member = await allow_list.allow(AT_COMMAND_LINE, grant, now=NOON)
    assert isinstance(member, Member)
    assert (member.roles, member.until, member.added_by) == ("sec2_*,@late", until, "cli:ada")
    assert await allow_list.standing(TA) == Standing(TA, (member,))
    assert await allow_list.members("T1") == (member,)
    assert await allow_list.members("T2") == ()
    (event,) = await on_record(own_database, record)
    assert (event.kind, event.state, event.server, event.requester) == ("membership", "allowed", "class", "cli:ada")


async def test_a_second_grant_for_the_same_server_takes_the_place_of_the_first(
    allow_list: AllowList, own_database: OwnDatabase, record: Record
) -> None:
    await allow_list.allow(AT_COMMAND_LINE, Grant("UTA", Grade.INSTRUCTOR, "class"), now=NOON)
    changed = await allow_list.allow(AT_COMMAND_LINE, Grant("UTA", Grade.RESPONDER, "class", "a*"), now=NOON)
    other = await allow_list.allow(AT_COMMAND_LINE, Grant("UTA", Grade.RESPONDER), now=NOON)
    assert set(await allow_list.members("T1")) == {changed, other}
    assert [event.state for event in await on_record(own_database, record)] == ["allowed", "changed", "allowed"]


async def test_members_are_listed_with_the_highest_grade_first(allow_list: AllowList) -> None:
    await staff(allow_list)
    assert [member.slack_id for member in await allow_list.members("T1")] == ["UADMIN", "UPROF", "UTA"]


@pytest.mark.parametrize(
    ("who", "grade", "why"),
    [
        (ADMIN, Grade.ADMIN, None),
        (INSTRUCTOR, Grade.RESPONDER, None),
        (INSTRUCTOR, Grade.INSTRUCTOR, "grade"),
        (TA, Grade.RESPONDER, "grade"),
        (STRANGER, Grade.RESPONDER, "nothing"),
    ],
)
async def test_who_may_give_what_and_each_refusal_is_on_record(
    allow_list: AllowList, own_database: OwnDatabase, record: Record, who: Actor, grade: Grade, why: str | None
) -> None:
    await staff(allow_list)
    answer = await allow_list.allow(who, Grant("UNEW", grade), now=NOON)
    stored = [member for member in await allow_list.members("T1") if member.slack_id == "UNEW"]
    if why is None:
        assert stored == [answer]
        return
    assert isinstance(answer, Denied)
    assert (answer.why, stored) == (why, [])
    event = (await on_record(own_database, record))[0]
    assert (event.kind, event.state, event.requester, event.reason) == ("refusal", "denied", who.id, why)


async def test_an_instructor_neither_demotes_nor_removes_an_admin(allow_list: AllowList) -> None:
    await staff(allow_list)
    before = await allow_list.members("T1")
    assert isinstance(await allow_list.allow(INSTRUCTOR, Grant("UADMIN", Grade.RESPONDER), now=NOON), Denied)
    assert isinstance(await allow_list.disallow(INSTRUCTOR, "UADMIN", now=NOON), Denied)
    assert await allow_list.members("T1") == before


async def test_disallowing_takes_every_grant_or_the_one_of_a_server(
    allow_list: AllowList, own_database: OwnDatabase, record: Record
) -> None:
    await staff(allow_list)
    await allow_list.allow(ADMIN, Grant("UTA", Grade.RESPONDER, "lab"), now=NOON)
    taken = await allow_list.disallow(ADMIN, "UTA", server="", now=NOON)
    assert isinstance(taken, tuple)
    assert [member.server for member in taken] == [""]
    taken = await allow_list.disallow(ADMIN, "UTA", now=NOON)
    assert isinstance(taken, tuple)
    assert [member.server for member in taken] == ["lab"]
    assert await allow_list.disallow(ADMIN, "UTA", now=NOON) == ()
    assert (await allow_list.standing(TA)).members == ()
    assert [event.state for event in (await on_record(own_database, record))[:2]] == ["removed", "removed"]


async def test_who_has_no_right_does_not_learn_whether_there_was_anything_to_take(allow_list: AllowList) -> None:
    await staff(allow_list)
    for who in (STRANGER, TA):
        for target in ("UTA", "UNOBODY"):
            assert isinstance(await allow_list.disallow(who, target, now=NOON), Denied)


async def test_all_grants_of_a_person_are_taken_or_none(allow_list: AllowList) -> None:
    await staff(allow_list)
    await allow_list.allow(AT_COMMAND_LINE, Grant("UTA", Grade.INSTRUCTOR, "lab"), now=NOON)
    assert isinstance(await allow_list.disallow(INSTRUCTOR, "UTA", now=NOON), Denied)
    assert len((await allow_list.standing(TA)).members) == 2


async def test_the_last_admin_is_not_locked_out_from_slack_but_may_be_at_the_command_line(
    allow_list: AllowList,
) -> None:
    await staff(allow_list)
    last = Denied(Action.ALLOW, "last_admin")
    until = NOON + timedelta(days=3650)
    assert await allow_list.disallow(ADMIN, "UADMIN", now=NOON) == last
    assert await allow_list.allow(ADMIN, Grant("UADMIN", Grade.RESPONDER), now=NOON) == last
    assert await allow_list.allow(ADMIN, Grant("UADMIN", Grade.ADMIN, until=until), now=NOON) == last
    await allow_list.allow(ADMIN, Grant("USECOND", Grade.ADMIN), now=NOON)
    assert isinstance(await allow_list.disallow(ADMIN, "UADMIN", now=NOON), tuple)
    assert isinstance(await allow_list.disallow(AT_COMMAND_LINE, "USECOND", now=NOON), tuple)


async def test_two_admins_who_remove_each_other_at_once_leave_one(
    allow_list: AllowList, migrated_url: str, record: Record
) -> None:
    await allow_list.allow(AT_COMMAND_LINE, Grant("UONE", Grade.ADMIN), now=NOON)
    await allow_list.allow(AT_COMMAND_LINE, Grant("UTWO", Grade.ADMIN), now=NOON)
    async with OwnDatabase(migrated_url) as other:
        await asyncio.gather(
            allow_list.disallow(Actor("T1", "UONE"), "UTWO", now=NOON),
            AllowList(other, record).disallow(Actor("T1", "UTWO"), "UONE", now=NOON),
        )
    assert len(await allow_list.members("T1")) == 1


@pytest.mark.parametrize(
    ("grant", "problem"),
    [
        (Grant("", Grade.RESPONDER), "slack_id"),
        (Grant("UTA", Grade.RESPONDER, roles=" , "), "roles"),
        (Grant("UTA", Grade.RESPONDER, roles=" "), "roles"),
        (Grant("UTA", Grade.RESPONDER, roles="a,@"), "roles"),
        (Grant("UTA", Grade.RESPONDER, until=NOON - timedelta(days=365)), "until"),
    ],
)
async def test_a_grant_that_gives_nothing_is_wrong_usage_and_never_everything(
    allow_list: AllowList, grant: Grant, problem: str
) -> None:
    with pytest.raises(UsageError) as raised:
        await allow_list.allow(AT_COMMAND_LINE, grant, now=NOON)
    assert raised.value.problem == problem
    assert await allow_list.members("T1") == ()


async def test_a_refusal_from_elsewhere_goes_on_record_with_who_what_and_why(
    allow_list: AllowList, own_database: OwnDatabase, record: Record
) -> None:
    await allow_list.refuse(STRANGER, Denied(Action.LIST, "nothing"), role="<!channel>", server="class", target="UTA")
    await allow_list.refuse(STRANGER, Denied(Action.LIST, "nothing"))
    event = (await on_record(own_database, record))[1]
    assert (event.role, event.server, event.reason, event.requester) == ("<!channel>", "class", "nothing", "UEVE")


async def test_what_was_stored_before_a_workspace_was_known_becomes_the_first_ones(
    own_database: OwnDatabase, record: Record
) -> None:
    allow_list, ownership = AllowList(own_database, record), Ownership(own_database, record)
    early = Actor("", "cli:ada")
    assert await allow_list.teams() == ()
    await allow_list.allow(early, Grant("UADMIN", Grade.ADMIN), now=NOON)
    await ownership.own(early, "UALICE", server="class", role=a_role(), now=NOON)
    assert await allow_list.adopt_team("T1", "DB course")
    assert not await allow_list.adopt_team("T1", "DB course")
    assert await allow_list.adopt_team("T2", "Another")
    assert await allow_list.teams() == ("T1", "T2")
    assert [member.slack_id for member in await allow_list.members("T1")] == ["UADMIN"]
    assert len(await ownership.roles_of("T1", "UALICE")) == 1
    assert await allow_list.members("T2") == await allow_list.members("") == ()
    met = [event for event in await on_record(own_database, record) if event.kind == "workspace"]
    assert [event.state for event in met] == ["met", "met"]


async def test_a_workspace_that_is_known_is_met_while_another_process_has_the_record_in_hand(
    allow_list: AllowList, migrated_url: str, record: Record
) -> None:
    await allow_list.adopt_team("T1", "DB course")
    async with OwnDatabase(migrated_url) as other, record.turn(other):
        assert not await asyncio.wait_for(allow_list.adopt_team("T1", "DB course"), 2)


async def test_adopting_keeps_what_the_workspace_has_itself(own_database: OwnDatabase, record: Record) -> None:
    allow_list = AllowList(own_database, record)
    await allow_list.allow(AT_COMMAND_LINE, Grant("UTA", Grade.INSTRUCTOR), now=NOON)
    await allow_list.allow(Actor("", "cli:ada"), Grant("UTA", Grade.RESPONDER), now=NOON)
    await allow_list.allow(Actor("", "cli:ada"), Grant("UNEW", Grade.RESPONDER), now=NOON)
    await allow_list.adopt_team("T1", "DB course")
    assert [(m.slack_id, m.grade) for m in await allow_list.members("T1")] == [
        ("UTA", Grade.INSTRUCTOR),
        ("UNEW", Grade.RESPONDER),
    ]
