"""`/kill … --cancel`: the query that was shown ends, its connection stays."""

from pathlib import Path

import psycopg

from bot.demo.clients import leave
from bot.slack import ids
from bot.workspace.block_kit.walk import elements
from bot.workspace.model import Message
from tests.courses import Course, Doing
from tests.eventually import eventually
from tests.postgres import OpenBackend
from tests.processes import connbot


async def asked_for(course: Course) -> tuple[str, OpenBackend, Message]:
    """A student's running query that a responder was asked about."""
    alice = course.make_student()
    one = await course.postgres.open_backend(alice, Doing.ACTIVE, application_name="psql")
    await course.grant("tom")
    return alice, one, await course.ask("tom", f"/kill {alice} {one.pid} \u2014cancel because exam")


async def said(one: OpenBackend) -> str:
    """What the student's client is told of the query it sent."""
    result = one.connection.pgconn.get_result()
    assert result is not None
    while one.connection.pgconn.get_result() is not None:
        pass
    return (result.error_field(psycopg.pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()


async def test_the_query_that_was_shown_ends_and_its_connection_stays(course: Course, tmp_path: Path) -> None:
    alice, one, asked = await asked_for(course)
    assert "a query has been running since" in str(asked.blocks)
    assert "pg_sleep" not in str(asked.blocks)
    assert course.postgres.activity(one.pid)["state"] == "active"

    told = await course.press("tom", asked, ids.TERMINATE)

    assert "57014" in told.text
    # The very words that the student sees stand in the answer.
    assert await said(one) in told.text
    assert course.postgres.is_open(one)
    assert course.postgres.activity(one.pid)["state"] == "idle"
    (entry,) = await course.history(alice)
    assert (entry["kind"], entry["state"], entry["reason"]) == ("cancellation", "resolved", "exam")
    assert [(b["pid"], b["outcome"]) for b in entry["backends"]] == [(one.pid, "terminated")]
    listed = await course.ask("tom", f"/connbot history {alice}")
    assert f"query of pid {one.pid} cancelled" in listed.text
    printed = await connbot("history", alice, variables=course.environment, folder=tmp_path)
    assert f"query of {one.pid} terminated" in printed.out


async def test_the_other_button_leaves_it_running(course: Course) -> None:
    alice, one, asked = await asked_for(course)

    told = await course.press("tom", asked, ids.WITHDRAW)

    assert "nothing was cancelled" in told.text
    assert course.postgres.activity(one.pid)["state"] == "active"
    assert (await course.history(alice))[0]["state"] == "withdrawn"


async def test_another_query_is_left_alone_until_it_is_asked_for_again(course: Course) -> None:
    alice, one, asked = await asked_for(course)
    course.postgres.admin.execute("SELECT pg_cancel_backend(%s)", [one.pid])
    await said(one)
    await leave(one.connection, Doing.ACTIVE)
    await eventually(lambda: course.postgres.activity(one.pid)["state"] == "active")

    told = await course.press("tom", asked, ids.TERMINATE)

    assert "runs another query now" in told.text
    assert course.postgres.activity(one.pid)["state"] == "active"
    again = await course.press("tom", told, ids.ASK_AGAIN)
    assert [button["text"]["text"] for _, button in elements(again.blocks)] == ["Cancel query", "Leave it running"]
    await course.press("tom", again, ids.TERMINATE)
    assert course.postgres.activity(one.pid)["state"] == "idle"
    assert [entry["backends"][0]["outcome"] for entry in await course.history(alice)] == ["terminated", "changed"]


async def test_where_nothing_runs_nothing_is_proposed(course: Course) -> None:
    alice = course.make_student()
    (one,) = await course.fill(alice, 1)
    await course.grant("tom")

    told = await course.ask("tom", f"/kill {alice} {one.pid} --cancel")

    assert "nothing runs there now" in told.text
    assert "leave out --cancel" in told.text
    assert not [*elements(told.blocks)]
    assert await course.history(alice) == []
