"""What became of a session, or of its role, between the showing and the click: told as such, and never ended by mistake."""

from typing import Any

import pytest
from psycopg import sql

from bot.access.member import Grade
from bot.slack import ids
from bot.workspace.block_kit.walk import elements
from bot.workspace.model import Message
from tests.courses import Course, Doing
from tests.postgres import OpenBackend


async def asked_for(course: Course, doing: Doing = Doing.IDLE, **grant: Any) -> tuple[str, OpenBackend, Message]:
    """A student's session that tom was asked about."""
    alice = course.make_student()
    one = await course.postgres.open_backend(alice, doing, application_name="psql")
    await course.grant("tom", **grant)
    return alice, one, await course.ask("tom", f"/kill {alice} {one.pid} because exam at 9")


async def outcome(course: Course, role: str) -> str | None:
    """The newest outcome on record."""
    found: str | None = (await course.history(role))[0]["backends"][0]["outcome"]
    return found


def buttons(message: Message) -> list[str]:
    return [element["action_id"] for _, element in elements(message.blocks)]


async def test_one_that_reconnected_since_is_gone_and_its_successor_stays(course: Course) -> None:
    alice, one, asked = await asked_for(course)
    await course.postgres.close_backend(one)
    again = await course.postgres.open_backend(alice, application_name="psql")

    told = await course.press("tom", asked, ids.TERMINATE)

    assert f"pid {one.pid} (psql): gone already, not by this click" in told.text
    assert buttons(told) == []
    assert await outcome(course, alice) == "already_gone"
    assert course.postgres.is_open(again)


async def test_one_that_wrote_since_is_shown_anew_with_what_would_be_lost(course: Course) -> None:
    alice, one, asked = await asked_for(course, Doing.IN_TRANSACTION)
    assert "has written nothing yet" in asked.text
    await one.connection.execute("CREATE TEMP TABLE note (line text)")

    told = await course.press("tom", asked, ids.TERMINATE)

    assert "not ended, because it changed since it was shown" in told.text
    assert await outcome(course, alice) == "changed"
    assert course.postgres.is_open(one)
    again = await course.press("tom", told, ids.ASK_AGAIN)
    assert f"uncommitted writes (pid {one.pid})" in again.text
    await course.press("tom", again, ids.TERMINATE)
    assert not course.postgres.is_open(one)


async def test_one_that_became_idle_since_is_ended(course: Course) -> None:
    alice, one, asked = await asked_for(course, Doing.WRITTEN)
    await one.connection.execute("COMMIT")

    told = await course.press("tom", asked, ids.TERMINATE)

    assert "terminated" in told.text
    assert await outcome(course, alice) == "terminated"


@pytest.mark.parametrize(
    ("grade", "told_so"),
    [
        # To whom nobody but students is known, it is nobody's session that they may end.
        (Grade.RESPONDER, "you have no right any more to end"),
        (Grade.ADMIN, "refused: {} is no student's role on this server"),
    ],
)
async def test_one_whose_person_left_the_class_since_is_refused(course: Course, grade: Grade, told_so: str) -> None:
    alice, one, asked = await asked_for(course, grade=grade)
    course.postgres.run("REVOKE {} FROM {}", course.students, alice)

    told = await course.press("tom", asked, ids.TERMINATE)

    assert told_so.format(alice) in told.text
    assert course.postgres.is_open(one)


@pytest.mark.parametrize(
    ("power", "told_so"), [("superuser", "refused: {} is a superuser"), ("replication", "refused: {} may replicate")]
)
async def test_one_whose_role_became_powerful_since_is_refused(course: Course, power: str, told_so: str) -> None:
    alice, one, asked = await asked_for(course, grade=Grade.ADMIN)
    course.postgres.run("ALTER ROLE {} {}", alice, sql.SQL(power))

    told = await course.press("tom", asked, ids.TERMINATE)

    assert told_so.format(alice) in told.text
    assert await outcome(course, alice) == "refused"
    assert course.postgres.is_open(one)


async def test_one_whose_role_was_dropped_since_is_refused(course: Course) -> None:
    alice, one, asked = await asked_for(course)
    course.postgres.run("DROP ROLE {}", alice)

    told = await course.press("tom", asked, ids.TERMINATE)

    assert "refused" in told.text
    assert course.postgres.is_open(one)


async def test_one_whose_role_was_made_anew_since_is_not_its_namesake_s(course: Course) -> None:
    alice, one, asked = await asked_for(course)
    course.postgres.run("DROP ROLE {}", alice)
    course.postgres.run("CREATE ROLE {} LOGIN IN ROLE {}", alice, course.students)
    namesake = await course.postgres.open_backend(alice)

    told = await course.press("tom", asked, ids.TERMINATE)

    assert f"{alice} was dropped and made anew" in told.text
    assert course.postgres.is_open(one)
    assert course.postgres.is_open(namesake)
    assert (await course.history(alice))[0]["kind"] == "refusal"


async def test_one_whose_role_was_renamed_since_is_the_same_session(course: Course) -> None:
    alice, one, asked = await asked_for(course)
    course.postgres.run("ALTER ROLE {} RENAME TO {}", alice, f"{alice}_new")
    try:
        told = await course.press("tom", asked, ids.TERMINATE)
    finally:
        course.postgres.run("ALTER ROLE {} RENAME TO {}", f"{alice}_new", alice)

    assert "terminated" in told.text
    assert not course.postgres.is_open(one)


async def test_one_that_calls_itself_otherwise_since_is_the_same_session(course: Course) -> None:
    alice, one, asked = await asked_for(course)
    await one.connection.execute("SET application_name = '<!channel> exam'")

    await course.press("tom", asked, ids.TERMINATE)

    assert await outcome(course, alice) == "terminated"
