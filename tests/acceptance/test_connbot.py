"""`/connbot`: who may help, whose role is whose, and the record, each by the grade it takes and each change on record."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.access.member import Grade
from bot.clock import clock
from bot.slack import ids
from bot.storage.tables import members
from tests.courses import Course, slack_id
from tests.postgres import OpenBackend

REFUSED = "You may not"


async def told(course: Course, who: str, line: str) -> str:
    """The text of the answer."""
    return (await course.ask(who, line)).text


async def changes(course: Course) -> list[tuple[Any, ...]]:
    """Who changed or was refused what, the oldest first."""
    kinds = ("membership", "ownership", "refusal")
    return [(e["kind"], e["state"], e["requester"]) for e in reversed(await course.history()) if e["kind"] in kinds]


@pytest.mark.parametrize(
    ("grade", "given", "allowed"),
    [
        (None, "responder", False),
        (Grade.RESPONDER, "responder", False),
        (Grade.INSTRUCTOR, "responder", True),
        (Grade.INSTRUCTOR, "instructor", False),
        (Grade.INSTRUCTOR, "admin", False),
        (Grade.ADMIN, "responder", True),
        (Grade.ADMIN, "instructor", True),
        (Grade.ADMIN, "admin", True),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
async def test_who_may_allow_whom(course: Course, grade: Grade | None, given: str, *, allowed: bool) -> None:
    if grade is not None:
        await course.grant("priya", grade)

    text = await told(course, "priya", f"/connbot allow @tom {given}")

    assert (REFUSED not in text) is allowed
    assert (f"<@{slack_id('tom')}>" in text) is allowed
    last = (await changes(course))[-1]
    expected = ("membership", "allowed") if allowed else ("refusal", "denied")
    assert last == (*expected, slack_id("priya"))
    alice = course.make_student()
    assert (REFUSED not in await told(course, "tom", f"/conns {alice}")) is allowed


async def test_disallowed_is_disallowed_at_once(course: Course) -> None:
    await course.grant("priya", Grade.ADMIN)
    alice = course.make_student()
    await told(course, "priya", "/connbot allow @tom responder")
    assert REFUSED not in await told(course, "tom", f"/conns {alice}")

    assert REFUSED in await told(course, "tom", "/connbot disallow @priya")
    assert "no longer" in await told(course, "priya", "/connbot disallow @tom")

    assert REFUSED in await told(course, "tom", f"/conns {alice}")
    assert "not on the allow-list" in await told(course, "priya", "/connbot disallow @tom")
    assert [change[:2] for change in await changes(course)] == [
        ("membership", "allowed"),
        ("membership", "allowed"),
        ("refusal", "denied"),
        ("membership", "removed"),
        ("refusal", "denied"),
    ]


async def test_the_last_admin_stays(course: Course) -> None:
    await course.grant("priya", Grade.ADMIN)

    text = await told(course, "priya", "/connbot disallow @priya")

    assert REFUSED in text
    assert "admin" in await told(course, "priya", "/connbot members")


@pytest.mark.parametrize("grade", [None, *Grade], ids=lambda grade: grade.name if grade else "none")
async def test_who_may_see_the_allow_list_and_the_record(course: Course, grade: Grade | None) -> None:
    await course.grant("tina", Grade.ADMIN)
    if grade is not None:
        await course.grant("priya", grade)
    alice = course.make_student()

    listed = await told(course, "priya", "/connbot members")
    whole = await told(course, "priya", "/connbot history")
    of_alice = await told(course, "priya", f"/connbot history {alice}")

    assert (REFUSED not in listed) is (grade is not None and grade >= Grade.INSTRUCTOR)
    assert (REFUSED not in whole) is (grade is not None)
    assert (REFUSED not in of_alice) is (grade is not None)


async def test_history_tells_who_did_what(course: Course) -> None:
    alice = course.make_student()
    (one,) = await course.fill(alice, 1)
    await course.grant("tom")
    asked = await course.ask("tom", f"/kill {alice} {one.pid} because exam at 9")
    await course.press("tom", asked, ids.TERMINATE)
    await course.own("alice", alice)

    for line in (f"/connbot history {alice}", "/connbot history @alice", "/connbot history"):
        text = await told(course, "tom", line)
        for word in (alice, str(one.pid), f"<@{slack_id('tom')}>", "exam at 9"):
            assert word in text, line
    assert REFUSED in await told(course, "mallory", "/connbot history @alice")
    assert alice not in await told(course, "mallory", "/connbot history @alice")
    assert REFUSED in await told(course, "tom", "/connbot history @bob")


@pytest.mark.parametrize("grade", [None, *Grade], ids=lambda grade: grade.name if grade else "none")
async def test_who_may_say_whose_role_it_is(course: Course, grade: Grade | None) -> None:
    if grade is not None:
        await course.grant("priya", grade)
    alice = course.make_student()
    may = grade is not None and grade >= Grade.INSTRUCTOR

    assert (REFUSED not in await told(course, "priya", f"/connbot own @alice {alice}")) is may
    assert (alice in await told(course, "alice", "/conns")) is may
    assert (REFUSED not in await told(course, "priya", f"/connbot disown @alice {alice}")) is may
    assert "No role" in await told(course, "alice", "/conns")


async def test_nobody_is_made_the_owner_of_a_service(course: Course) -> None:
    await course.grant("priya", Grade.ADMIN)

    assert REFUSED in await told(course, "priya", f"/connbot own @alice {course.service}")


async def ready(course: Course) -> tuple[str, OpenBackend]:
    alice = course.make_student()
    (one,) = await course.fill(alice, 1)
    return alice, one


async def test_a_grant_that_ends_before_the_click_is_over_at_the_click(course: Course) -> None:
    alice, one = await ready(course)
    await course.grant("tom", until=clock() + timedelta(hours=1))
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    async with course.database() as database, database.write() as connection:
        long_ago = clock() - timedelta(days=1)
        await connection.execute(update(members).values(added_at=long_ago, until=clock() - timedelta(seconds=1)))

    text = (await course.press("tom", asked, ids.TERMINATE)).text

    assert course.postgres.is_open(one)
    assert "no right any more" in text
    assert REFUSED in await told(course, "tom", f"/conns {alice}")


async def test_roles_by_pattern_and_by_group(course: Course) -> None:
    section = course.postgres.make_group("section")
    alice, bob = course.make_student(), course.make_student()
    carol = course.postgres.make_role("carol", limit=5, groups=(course.students, section))
    await course.grant("priya", Grade.ADMIN)

    await told(course, "priya", f"/connbot allow @tom responder {alice},carol_*")
    await told(course, "priya", f"/connbot allow @tina responder @{section}")

    reach = {
        who: [role for role in (alice, bob, carol) if REFUSED not in await told(course, who, f"/conns {role}")]
        for who in ("tom", "tina")
    }
    assert reach == {"tom": [alice, carol], "tina": [carol]}
    # A refusal reads the same for what does not exist.
    real, unreal = await told(course, "tina", f"/conns {bob}"), await told(course, "tina", "/conns nobody")
    assert real.replace(bob, "nobody") == unreal


async def test_an_instructor_of_some_roles_gives_no_more_than_those(course: Course) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.grant("priya", Grade.INSTRUCTOR, roles=alice)

    assert REFUSED in await told(course, "priya", "/connbot allow @tom responder")
    assert REFUSED in await told(course, "priya", f"/connbot allow @tom responder {bob}")
    assert REFUSED not in await told(course, "priya", f"/connbot allow @tom responder {alice}")


async def test_a_mention_means_the_roles_of_that_person(course: Course) -> None:
    alice, one = await ready(course)
    await course.own("alice", alice)
    await course.grant("tom")

    assert alice in await told(course, "tom", "/conns @alice")
    asked = await course.ask("tom", "/kill @alice all")
    assert str(one.pid) in asked.text
    await course.press("tom", asked, ids.TERMINATE)

    assert not course.postgres.is_open(one)


async def test_a_person_with_several_roles_is_asked_about(course: Course) -> None:
    alice, second = course.make_student(), course.make_student()
    await course.own("alice", alice)
    await course.own("alice", second)
    await course.grant("tom")

    listed = await told(course, "tom", "/conns @alice")
    assert alice in listed
    assert second in listed
    for who in ("tom", "alice"):
        text = await told(course, who, "/kill @alice all")
        assert alice in text
        assert second in text
        assert "Name one" in text


async def test_a_mention_tells_a_stranger_nothing(course: Course) -> None:
    """Whether that person owns a role or none."""
    alice = course.make_student()
    await course.own("alice", alice)

    for line in ("/conns {}", "/kill {} all"):
        owner = await told(course, "mallory", line.format("@alice"))
        nobody = await told(course, "mallory", line.format("@bob"))
        assert REFUSED in owner
        assert owner == nobody
        assert alice not in owner
    assert len([change for change in await changes(course) if change[0] == "refusal"]) == 4


async def test_help_tells_the_own_slack_id(course: Course) -> None:
    for line in ("/connbot", "/connbot help", "/connbot allow", "/connbot frobnicate"):
        assert slack_id("mallory") in await told(course, "mallory", line)
