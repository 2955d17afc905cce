"""Cancelling a query: the one that was shown, or none, and never its session."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from bot.demo.clients import Doing, leave
from bot.servers.postgres import PostgresServer
from bot.servers.server import Presence, Target, Verdict, target_of
from tests.eventually import eventually
from tests.integration.servers.conftest import BY_ANY_MEANS, Class, read, shown
from tests.postgres import OpenBackend

MICROSECOND = timedelta(microseconds=1)
CANCELED = "57014"


async def cancel(
    course: Class, server: PostgresServer, *targets: Target, before: timedelta = timedelta(seconds=10)
) -> list[tuple[Verdict, str]]:
    """Cancel as a click does; return verdict and detail of each target."""
    verdicts = await server.cancel(targets, before=course.clock() + before)
    assert list(verdicts) == [target.id for target in targets]
    return [(verdict, verdicts.details.get(backend, "")) for backend, verdict in verdicts.items()]


async def a_target(server: PostgresServer, opened: OpenBackend) -> Target:
    return target_of(await shown(server, opened))


def answer(opened: OpenBackend) -> list[str | None]:
    """The error codes of all that the session was sent and has not read yet; None is no error."""
    found: list[str | None] = []
    while (result := opened.connection.pgconn.get_result()) is not None:
        state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
        found.append(state.decode() if state else None)
    return found


async def begin(course: Class, opened: OpenBackend) -> None:
    """Begin a query that runs on."""
    await leave(opened.connection, Doing.ACTIVE)
    await eventually(lambda: course.postgres.activity(opened.pid)["state"] == "active")


async def stop(course: Class, opened: OpenBackend) -> None:
    """Let the query that runs end by itself, as far as the bot can see."""
    course.postgres.admin.execute("SELECT pg_cancel_backend(%s)", [opened.pid])
    await eventually(lambda: course.postgres.activity(opened.pid)["state"] != "active")
    answer(opened)


@BY_ANY_MEANS
async def test_the_query_that_was_shown_ends_and_its_session_stays(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    target = await a_target(server, opened)
    assert await server.running([target]) == {target.id: Presence.THERE}
    assert await cancel(course, server, target) == [(Verdict.TERMINATED, "")]
    assert await server.running([target]) == {target.id: Presence.GONE}
    assert answer(opened) == [CANCELED]
    assert course.postgres.activity(opened.pid)["state"] == "idle"
    await opened.connection.execute("SELECT 1")


async def test_an_open_transaction_is_left_failed(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.WRITTEN)
    await begin(course, opened)
    assert await cancel(course, server, await a_target(server, opened)) == [(Verdict.TERMINATED, "")]
    assert course.postgres.activity(opened.pid)["state"] == "idle in transaction (aborted)"


async def test_a_query_that_writes_since_it_was_shown_is_still_the_one_shown(
    course: Class, server: PostgresServer
) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    course.postgres.run("SELECT pg_advisory_lock(7)")
    try:
        opened.connection.pgconn.send_query(
            b"SELECT pg_advisory_xact_lock(7); CREATE TEMP TABLE note (line text); SELECT pg_sleep(3600)"
        )
        opened.connection.pgconn.flush()
        await eventually(lambda: course.postgres.activity(opened.pid)["wait_event"] == "advisory")
        target = await a_target(server, opened)
    finally:
        course.postgres.run("SELECT pg_advisory_unlock(7)")
    await eventually(lambda: course.postgres.activity(opened.pid)["backend_xid"])
    assert not target.has_written
    assert await cancel(course, server, target) == [(Verdict.TERMINATED, "")]


async def test_another_query_of_the_same_session_is_left_alone(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    target = await a_target(server, opened)
    await stop(course, opened)
    await begin(course, opened)
    assert await server.running([target]) == {target.id: Presence.GONE}
    assert await cancel(course, server, target) == [(Verdict.CHANGED, "")]
    assert course.postgres.activity(opened.pid)["state"] == "active"


async def test_a_query_that_waits_for_its_client_goes_on_until_its_connection_is_ended(course: Class) -> None:
    server = await course.open(watch_for=0.3)
    opened = await course.postgres.open_backend(course.make_student())
    await opened.connection.execute("CREATE TEMP TABLE note (line text)")
    opened.connection.pgconn.send_query(b"COPY note FROM STDIN")
    opened.connection.pgconn.flush()
    await eventually(lambda: course.postgres.activity(opened.pid)["wait_event"] == "ClientRead")
    await eventually(lambda: course.postgres.activity(opened.pid)["state"] == "active")
    target = await a_target(server, opened)
    assert await cancel(course, server, target) == [(Verdict.STILL_ENDING, "")]
    assert dict(await server.terminate([target], before=course.soon())) == {target.id: Verdict.TERMINATED}


async def test_another_query_of_the_same_transaction_is_left_alone(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.IN_TRANSACTION)
    await opened.connection.execute("SAVEPOINT here")
    await begin(course, opened)
    target = await a_target(server, opened)
    await stop(course, opened)
    await opened.connection.execute("ROLLBACK TO here")
    await begin(course, opened)
    assert await cancel(course, server, target) == [(Verdict.CHANGED, "")]
    assert course.postgres.activity(opened.pid)["xact_start"] == target.transaction_started_at


@pytest.mark.parametrize(
    ("before", "then"),
    [
        pytest.param(Doing.IDLE, [], id="idle"),
        pytest.param(Doing.IN_TRANSACTION, [], id="failed in its transaction"),
        pytest.param(Doing.IN_TRANSACTION, ["ROLLBACK", "BEGIN"], id="in another transaction"),
    ],
)
async def test_where_the_query_had_ended_nothing_is_cancelled(
    course: Class, server: PostgresServer, before: Doing, then: Sequence[str]
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), before)
    await begin(course, opened)
    target = await a_target(server, opened)
    await stop(course, opened)
    for statement in then:
        await opened.connection.execute(statement.encode())
    assert await cancel(course, server, target) == [(Verdict.ALREADY_GONE, "over")]
    assert course.postgres.is_open(opened)


async def test_a_session_that_has_ended_is_gone(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    target = await a_target(server, opened)
    course.postgres.admin.execute("SELECT pg_terminate_backend(%s)", [opened.pid])
    await eventually(lambda: not course.postgres.is_open(opened))
    assert await server.running([target]) == {target.id: Presence.GONE}
    assert await cancel(course, server, target) == [(Verdict.ALREADY_GONE, "")]


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (lambda target: {"id": replace(target.id, pid=2**22 + 5)}, (Verdict.ALREADY_GONE, "")),
        (lambda target: {"id": replace(target.id, role_oid=target.id.role_oid + 1)}, (Verdict.ALREADY_GONE, "")),
        (
            lambda target: {"id": replace(target.id, started_at=target.id.started_at + MICROSECOND)},
            (Verdict.ALREADY_GONE, ""),
        ),
        (lambda target: {"query_started_at": target.query_started_at + MICROSECOND}, (Verdict.CHANGED, "")),
        (lambda target: {"query_started_at": target.query_started_at - MICROSECOND}, (Verdict.CHANGED, "")),
        (lambda _: {"query_started_at": None}, (Verdict.CHANGED, "")),
    ],
)
async def test_all_of_the_identity_must_be_the_one_shown(
    course: Class, server: PostgresServer, identity: Any, expected: tuple[Verdict, str]
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    target = await a_target(server, opened)
    assert await cancel(course, server, replace(target, **identity(target))) == [expected]
    assert course.postgres.activity(opened.pid)["query_start"] == target.query_started_at
    assert course.postgres.activity(opened.pid)["state"] == "active"


async def test_past_its_deadline_nothing_is_cancelled(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    target = await a_target(server, opened)
    assert await cancel(course, server, target, before=timedelta(0)) == [(Verdict.INTERRUPTED, Presence.THERE)]
    assert course.postgres.activity(opened.pid)["state"] == "active"


async def test_what_may_not_be_ended_is_not_cancelled_either(course: Class) -> None:
    canvas = course.make_student("canvas")
    server = await course.open(services=(canvas,))
    roles = [
        (course.make_student("boss", superuser=True), "superuser"),
        (course.make_student("replica", replication=True), "replication"),
        (course.postgres.make_role("guest"), "not_student"),
        (canvas, "service"),
    ]
    opened = [await course.postgres.open_backend(role, Doing.ACTIVE) for role, _ in roles]
    targets = [await a_target(server, one) for one in opened]
    assert await cancel(course, server, *targets) == [(Verdict.REFUSED, why) for _, why in roles]
    assert {course.postgres.activity(one.pid)["state"] for one in opened} == {"active"}


async def test_a_pooler_s_session_is_not_cancelled(course: Class) -> None:
    server = await course.open(poolers=("127.0.0.0/8",))
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    assert await cancel(course, server, await a_target(server, opened)) == [(Verdict.REFUSED, "pooler")]


async def test_without_the_right_to_signal_it_fails(course: Class) -> None:
    server = await course.open(course.postgres.make_bot_role(signal=False))
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    assert await cancel(course, server, await a_target(server, opened)) == [(Verdict.FAILED, "no_right")]


async def test_a_query_that_does_not_stop_is_still_ending_and_delays_nobody(course: Class) -> None:
    server = await course.open(watch_for=1)
    role = course.make_student()
    stuck, other = [await course.postgres.open_backend(role, Doing.ACTIVE) for _ in range(2)]
    targets = [await a_target(server, one) for one in (stuck, other)]
    course.postgres.freeze(stuck.pid)
    cancelling = asyncio.create_task(cancel(course, server, *targets))
    loop = asyncio.get_running_loop()
    longest = 0.0
    while not cancelling.done():
        asked = loop.time()
        await read(server, role)
        longest = max(longest, loop.time() - asked)
        await asyncio.wait({cancelling}, timeout=0.05)
    assert await cancelling == [(Verdict.STILL_ENDING, ""), (Verdict.TERMINATED, "")]
    assert longest < 1.5
    course.postgres.thaw(stuck.pid)
    await eventually(lambda: course.postgres.activity(stuck.pid)["state"] == "idle")
