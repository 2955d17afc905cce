import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bot.demo.clients import Doing, leave
from bot.errors import ServerUnavailable
from bot.servers.backend import Backend
from bot.servers.postgres import PostgresServer
from bot.servers.server import Presence, Target, Verdict, target_of
from tests.eventually import eventually
from tests.integration.servers.conftest import BY_ANY_MEANS, Class, read, shown
from tests.postgres import OpenBackend

MICROSECOND = timedelta(microseconds=1)


async def end(
    course: Class, server: PostgresServer, *targets: Target | Backend, before: timedelta = timedelta(seconds=10)
) -> list[tuple[Verdict, str]]:
    """Terminate as a click does; return verdict and detail of each target."""
    given = [target_of(target) if isinstance(target, Backend) else target for target in targets]
    verdicts = await server.terminate(given, before=course.clock() + before)
    assert list(verdicts) == list(dict.fromkeys(target.id for target in given))
    return [(verdict, verdicts.details.get(backend, "")) for backend, verdict in verdicts.items()]


@BY_ANY_MEANS
@pytest.mark.parametrize("doing", list(Doing))
async def test_what_was_shown_is_ended(course: Class, server: PostgresServer, doing: Doing) -> None:
    opened = await course.postgres.open_backend(course.make_student(), doing)
    assert await end(course, server, await shown(server, opened)) == [(Verdict.TERMINATED, "")]
    assert not course.postgres.is_open(opened)


@BY_ANY_MEANS
async def test_what_is_ended_twice_was_gone_the_second_time(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    assert await end(course, server, backend, backend) == [(Verdict.TERMINATED, "")]
    assert await end(course, server, backend) == [(Verdict.ALREADY_GONE, "")]


@BY_ANY_MEANS
async def test_nothing_to_end_is_nothing(course: Class, server: PostgresServer) -> None:
    assert await end(course, server) == []


@pytest.mark.parametrize(
    "identity",
    [
        lambda target: {"started_at": target.id.started_at + MICROSECOND},
        lambda target: {"started_at": target.id.started_at - MICROSECOND},
        lambda target: {"role_oid": target.id.role_oid + 1},
        lambda _: {"pid": 2**22 + 5},
        lambda _: {"pid": -1},
        lambda _: {"pid": 0},
    ],
)
async def test_another_session_of_that_pid_is_left_alone(course: Class, server: PostgresServer, identity: Any) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    target = target_of(await shown(server, opened))
    other = replace(target, id=replace(target.id, **identity(target)))
    assert await end(course, server, other) == [(Verdict.ALREADY_GONE, "")]
    assert course.postgres.is_open(opened)


async def _work_on(opened: OpenBackend, *statements: str) -> None:
    for statement in statements:
        await opened.connection.execute(statement.encode())


async def _begin_to_work(course: Class, opened: OpenBackend) -> None:
    await leave(opened.connection, Doing.ACTIVE)
    await eventually(lambda: course.postgres.activity(opened.pid)["state"] == "active")


@pytest.mark.parametrize(
    ("doing", "statements"),
    [
        pytest.param(Doing.IDLE, ["BEGIN"], id="began a transaction"),
        pytest.param(Doing.IDLE, ["BEGIN", "CREATE TEMP TABLE note (line text)"], id="began to write"),
        pytest.param(Doing.IN_TRANSACTION, ["COMMIT", "BEGIN"], id="another transaction"),
        pytest.param(Doing.IN_TRANSACTION, ["CREATE TEMP TABLE note (line text)"], id="wrote since"),
        pytest.param(Doing.WRITTEN, ["ROLLBACK", "BEGIN"], id="another transaction, after writing"),
    ],
)
async def test_what_changed_since_it_was_shown_is_left_alone(
    course: Class, server: PostgresServer, doing: Doing, statements: Sequence[str]
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), doing)
    backend = await shown(server, opened)
    await _work_on(opened, *statements)
    assert await end(course, server, backend) == [(Verdict.CHANGED, "")]
    assert course.postgres.is_open(opened)


@pytest.mark.parametrize("doing", [Doing.IDLE, Doing.IN_TRANSACTION, Doing.WRITTEN])
async def test_what_works_now_and_did_not_is_left_alone(course: Class, server: PostgresServer, doing: Doing) -> None:
    opened = await course.postgres.open_backend(course.make_student(), doing)
    backend = await shown(server, opened)
    await _begin_to_work(course, opened)
    assert await end(course, server, backend) == [(Verdict.CHANGED, "")]
    assert course.postgres.is_open(opened)


async def test_what_failed_since_it_was_shown_is_left_alone(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    await leave(opened.connection, Doing.ABORTED)
    assert await end(course, server, backend) == [(Verdict.CHANGED, "")]


@pytest.mark.parametrize(
    ("doing", "statements"),
    [
        pytest.param(Doing.IDLE, ["SELECT 1", "CREATE TEMP TABLE note (line text)"], id="worked meanwhile"),
        pytest.param(Doing.IDLE, [], id="as it was"),
        pytest.param(Doing.IN_TRANSACTION, ["COMMIT"], id="finished"),
        pytest.param(Doing.WRITTEN, ["COMMIT"], id="finished writing"),
        pytest.param(Doing.ABORTED, ["ROLLBACK"], id="gave up"),
        pytest.param(
            Doing.WRITTEN, ["INSERT INTO note VALUES ('x')"], id="wrote more in a transaction shown as writing"
        ),
        pytest.param(Doing.IN_TRANSACTION, ["SELECT 2"], id="went on in the transaction that was shown"),
    ],
)
async def test_what_is_idle_again_or_as_it_was_shown_is_ended(
    course: Class, server: PostgresServer, doing: Doing, statements: Sequence[str]
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), doing)
    backend = await shown(server, opened)
    await _work_on(opened, *statements)
    assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]


async def test_what_still_runs_the_query_that_was_shown_is_ended(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    backend = await shown(server, opened)
    assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]


async def test_a_query_that_is_over_ends_in_the_transaction_that_was_shown(
    course: Class, server: PostgresServer
) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    await _work_on(opened, "BEGIN")
    opened.connection.pgconn.send_query(b"SELECT pg_sleep(0.2)")
    opened.connection.pgconn.flush()
    await eventually(lambda: course.postgres.activity(opened.pid)["state"] == "active")
    backend = await shown(server, opened)
    await eventually(lambda: course.postgres.activity(opened.pid)["state"] == "idle in transaction")
    assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]


async def _run_on(course: Class, opened: OpenBackend) -> None:
    """Begin a query that runs on, after the one that runs has ended."""
    if course.postgres.activity(opened.pid)["state"] == "active":
        course.postgres.admin.execute("SELECT pg_cancel_backend(%s)", [opened.pid])
        while opened.connection.pgconn.get_result() is not None:
            pass
    await _begin_to_work(course, opened)


async def test_another_query_in_a_transaction_of_its_own_is_left_alone(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    backend = await shown(server, opened)
    await _run_on(course, opened)
    assert await end(course, server, backend) == [(Verdict.CHANGED, "")]
    assert course.postgres.is_open(opened)


async def test_another_query_in_the_transaction_that_was_shown_at_work_is_ended(
    course: Class, server: PostgresServer
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.IN_TRANSACTION)
    await _work_on(opened, "SAVEPOINT here")
    await _begin_to_work(course, opened)
    backend = await shown(server, opened)
    course.postgres.admin.execute("SELECT pg_cancel_backend(%s)", [opened.pid])
    while opened.connection.pgconn.get_result() is not None:
        pass
    await _work_on(opened, "ROLLBACK TO here")
    await _begin_to_work(course, opened)
    assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]


async def test_a_query_that_is_over_leaves_a_session_that_is_idle_and_is_ended(
    course: Class, server: PostgresServer
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    backend = await shown(server, opened)
    course.postgres.admin.execute("SELECT pg_cancel_backend(%s)", [opened.pid])
    await eventually(lambda: course.postgres.activity(opened.pid)["state"] == "idle")
    assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]


async def test_a_transaction_that_failed_since_it_was_shown_is_left_alone(
    course: Class, server: PostgresServer
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), Doing.IN_TRANSACTION)
    backend = await shown(server, opened)
    with pytest.raises(psycopg.errors.UndefinedTable):
        await opened.connection.execute("SELECT * FROM pg_temp.no_such_table")
    assert await end(course, server, backend) == [(Verdict.CHANGED, "")]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["SET application_name = 'psql; <!channel>'"], id="calls itself otherwise"),
        pytest.param(["SET ROLE pg_monitor", "SELECT 1"], id="acts as another role"),
        pytest.param(["SET search_path = pg_temp", "LISTEN note"], id="other settings"),
    ],
)
async def test_what_calls_itself_or_acts_otherwise_is_the_same_session(
    course: Class, server: PostgresServer, statements: Sequence[str]
) -> None:
    role = course.make_student()
    course.postgres.run("GRANT pg_monitor TO {}", role)
    opened = await course.postgres.open_backend(role)
    backend = await shown(server, opened)
    await _work_on(opened, *statements)
    assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]


@BY_ANY_MEANS
async def test_a_renamed_role_is_the_same_role(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    course.postgres.run("ALTER ROLE {} RENAME TO {}", opened.role, f"{opened.role}_new")
    try:
        assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]
    finally:
        course.postgres.run("ALTER ROLE {} RENAME TO {}", f"{opened.role}_new", opened.role)


@BY_ANY_MEANS
async def test_the_namesake_of_a_dropped_role_is_another(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    course.postgres.run("DROP ROLE {}", opened.role)
    course.postgres.run("CREATE ROLE {} LOGIN IN ROLE {}", opened.role, course.students)
    namesake = await course.postgres.open_backend(opened.role)
    assert await end(course, server, backend) == [(Verdict.REFUSED, "not_student")]
    # The session of the role that was dropped is nobody's now, and is not listed as its namesake's.
    assert [b.pid for b in (await read(server, opened.role)).backends] == [namesake.pid]
    assert course.postgres.is_open(opened)


async def test_one_that_reconnected_is_another_session(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    opened = await course.postgres.open_backend(role)
    backend = await shown(server, opened)
    await course.postgres.close_backend(opened)
    again = await course.postgres.open_backend(role)
    assert await end(course, server, backend) == [(Verdict.ALREADY_GONE, "")]
    assert course.postgres.is_open(again)


@BY_ANY_MEANS
@pytest.mark.parametrize("power", ["superuser", "replication"])
async def test_who_became_powerful_since_is_refused(course: Class, server: PostgresServer, power: str) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    course.postgres.run("ALTER ROLE {} {}", opened.role, sql.SQL(power))
    assert await end(course, server, backend) == [(Verdict.REFUSED, power)]
    assert course.postgres.is_open(opened)


@BY_ANY_MEANS
async def test_who_teaches_now_and_is_no_student_any_more_is_refused(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    staff = course.postgres.make_group("staff")
    course.postgres.run("GRANT {} TO {}", staff, opened.role)
    course.postgres.run("REVOKE {} FROM {}", course.students, opened.role)
    # To be a student by right of the staff is to be none.
    course.postgres.run("GRANT {} TO {} WITH ADMIN OPTION", course.students, opened.role)
    assert await end(course, server, backend) == [(Verdict.REFUSED, "not_student")]
    assert course.postgres.is_open(opened)


@BY_ANY_MEANS
@pytest.mark.parametrize("power", ["superuser", "replication"])
async def test_a_powerful_role_s_session_is_refused(course: Class, server: PostgresServer, power: str) -> None:
    opened = await course.postgres.open_backend(course.make_student("boss", **{power: True}))
    assert await end(course, server, await shown(server, opened)) == [(Verdict.REFUSED, power)]
    assert course.postgres.is_open(opened)


@BY_ANY_MEANS
async def test_a_walsender_is_refused(course: Class, server: PostgresServer) -> None:
    role = course.make_student("replica", replication=True)
    opened = await course.postgres.open_walsender(role)
    backend = await shown(server, opened)
    assert await end(course, server, backend) == [(Verdict.REFUSED, "replication")]
    # A role that lost the right still has its walsender.
    course.postgres.run("ALTER ROLE {} NOREPLICATION", role)
    assert await end(course, server, backend) == [(Verdict.REFUSED, "not_client")]
    assert course.postgres.is_open(opened)


async def test_a_parallel_worker_is_refused(course: Class, server: PostgresServer) -> None:
    leader = await course.postgres.run_parallel(course.make_student())
    (worker, *_) = (b for b in (await read(server, leader.role)).backends if not b.is_client)
    assert await end(course, server, worker) in ([(Verdict.REFUSED, "not_client")], [(Verdict.ALREADY_GONE, "")])
    assert course.postgres.is_open(leader)


async def test_the_bot_itself_is_refused(course: Class) -> None:
    course.postgres.run("GRANT {} TO {}", course.students, course.bot)
    server = await course.open()
    (own,) = (await read(server, course.bot)).backends
    assert await end(course, server, own) == [(Verdict.REFUSED, "own")]
    assert await server.presence([own.id]) == {own.id: Presence.THERE}


@BY_ANY_MEANS
async def test_who_is_no_student_is_refused(course: Class, server: PostgresServer) -> None:
    student = course.make_student()
    opened = [
        await course.postgres.open_backend(course.postgres.make_role("guest")),
        await course.postgres.open_backend(course.postgres.make_role("instructor", groups=[student])),
    ]
    course.postgres.run("GRANT {} TO {} WITH ADMIN OPTION", course.students, opened[0].role)
    for one in opened:
        assert await end(course, server, await shown(server, one)) == [(Verdict.REFUSED, "not_student")]
        assert course.postgres.is_open(one)


@BY_ANY_MEANS
async def test_who_left_the_class_since_is_refused(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    course.postgres.run("REVOKE {} FROM {}", course.students, opened.role)
    assert await end(course, server, backend) == [(Verdict.REFUSED, "not_student")]
    assert course.postgres.is_open(opened)


async def test_who_was_dropped_since_is_refused(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    course.postgres.run("DROP ROLE {}", opened.role)
    assert await end(course, server, backend) == [(Verdict.REFUSED, "not_student")]
    assert course.postgres.is_open(opened)


async def test_without_students_nobody_is_ended(course: Class) -> None:
    server = await course.open(students=())
    opened = await course.postgres.open_backend(course.make_student())
    assert await end(course, server, await shown(server, opened)) == [(Verdict.REFUSED, "not_student")]


@BY_ANY_MEANS
async def test_a_student_of_a_section_is_ended(course: Class, server: PostgresServer) -> None:
    section = course.postgres.make_group("section", groups=[course.students])
    opened = await course.postgres.open_backend(course.postgres.make_role("student", groups=[section]))
    assert await end(course, server, await shown(server, opened)) == [(Verdict.TERMINATED, "")]


async def test_a_service_account_is_refused(course: Class) -> None:
    canvas = course.make_student("canvas")
    server = await course.open(services=(canvas,))
    opened = await course.postgres.open_backend(canvas)
    assert await end(course, server, await shown(server, opened)) == [(Verdict.REFUSED, "service")]
    assert course.postgres.is_open(opened)


@pytest.mark.parametrize(("poolers", "over_socket"), [(("127.0.0.0/8",), False), (("local",), True)])
async def test_a_pooler_s_session_is_refused(course: Class, poolers: tuple[str, ...], *, over_socket: bool) -> None:
    server = await course.open(poolers=poolers)
    host = str(course.postgres.server.socket_dir) if over_socket else course.postgres.host
    opened = await course.postgres.open_backend(course.make_student(), host=host)
    assert await end(course, server, await shown(server, opened)) == [(Verdict.REFUSED, "pooler")]
    assert course.postgres.is_open(opened)


async def test_a_session_whose_state_is_not_told_is_refused(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    course.postgres.run("ALTER ROLE {} SET track_activities = off", role)
    opened = await course.postgres.open_backend(role)
    assert await end(course, server, await shown(server, opened)) == [(Verdict.REFUSED, "unknown_state")]
    assert course.postgres.is_open(opened)


@BY_ANY_MEANS
@pytest.mark.parametrize("before", [timedelta(0), -timedelta(hours=1)])
async def test_past_its_deadline_nothing_is_signalled(course: Class, server: PostgresServer, before: timedelta) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    assert await end(course, server, await shown(server, opened), before=before) == [(Verdict.INTERRUPTED, "there")]
    assert course.postgres.is_open(opened)


async def test_without_the_right_to_signal_it_fails(course: Class) -> None:
    server = await course.open(course.postgres.make_bot_role(signal=False))
    opened = await course.postgres.open_backend(course.make_student())
    assert await end(course, server, await shown(server, opened)) == [(Verdict.FAILED, "no_right")]
    assert course.postgres.is_open(opened)


async def test_one_the_bot_may_not_signal_does_not_spoil_the_others(course: Class) -> None:
    bot = course.postgres.make_bot_role(signal=False)
    mine, other = [await course.postgres.open_backend(course.make_student()) for _ in range(2)]
    course.postgres.run("GRANT {} TO {}", mine.role, bot)
    server = await course.open(bot)
    backends = [await shown(server, one) for one in (other, mine)]
    assert await end(course, server, *backends) == [(Verdict.FAILED, "no_right"), (Verdict.TERMINATED, "")]


async def test_what_the_bot_may_not_see_is_not_called_gone(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    blind = await course.open(course.postgres.make_bot_role(stats=False))
    assert await end(course, blind, backend) == [(Verdict.FAILED, "hidden")]
    with pytest.raises(ServerUnavailable) as refused:
        await blind.presence([backend.id])
    assert refused.value.why == "rights"
    assert course.postgres.is_open(opened)


@BY_ANY_MEANS
async def test_a_batch_gets_a_verdict_each(course: Class, server: PostgresServer) -> None:
    student = course.make_student()
    doings = [Doing.IDLE, Doing.WRITTEN, Doing.IDLE, Doing.IDLE]
    first, second, changed, gone = [await course.postgres.open_backend(student, doing) for doing in doings]
    boss = await course.postgres.open_backend(course.make_student("boss", superuser=True))
    guest = await course.postgres.open_backend(course.postgres.make_role("guest"))
    backends = [await shown(server, one) for one in (boss, first, changed, gone, guest, second)]
    await _work_on(changed, "BEGIN")
    await course.postgres.close_backend(gone)
    assert await end(course, server, *backends) == [
        (Verdict.REFUSED, "superuser"),
        (Verdict.TERMINATED, ""),
        (Verdict.CHANGED, ""),
        (Verdict.ALREADY_GONE, ""),
        (Verdict.REFUSED, "not_student"),
        (Verdict.TERMINATED, ""),
    ]
    assert [course.postgres.is_open(one) for one in (boss, first, changed, guest, second)] == [
        True,
        False,
        True,
        True,
        False,
    ]


async def test_a_stuck_backend_is_still_ending_and_nobody_else_waits_for_it(course: Class) -> None:
    server = await course.open(watch_for=1)
    role = course.make_student()
    stuck, other = [await course.postgres.open_backend(role) for _ in range(2)]
    backends = [await shown(server, one) for one in (stuck, other)]
    course.postgres.freeze(stuck.pid)
    loop = asyncio.get_running_loop()
    began = loop.time()
    ending = asyncio.create_task(end(course, server, *backends))
    longest = 0.0
    while not ending.done():
        asked = loop.time()
        await read(server, role)
        longest = max(longest, loop.time() - asked)
        await asyncio.wait({ending}, timeout=0.05)
    assert await ending == [(Verdict.STILL_ENDING, ""), (Verdict.TERMINATED, "")]
    assert 1 < loop.time() - began < 4
    assert longest < 1.5
    assert await server.presence([b.id for b in backends]) == {
        backends[0].id: Presence.THERE,
        backends[1].id: Presence.GONE,
    }
    course.postgres.thaw(stuck.pid)
    await eventually(lambda: not course.postgres.is_open(stuck))


@BY_ANY_MEANS
async def test_a_full_server_lets_one_in_after_an_end(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    opened = await course.postgres.fill(role)
    assert await end(course, server, await shown(server, opened[0])) == [(Verdict.TERMINATED, "")]
    await course.postgres.open_backend(role)


@BY_ANY_MEANS
async def test_a_connection_that_breaks_under_the_signal_leaves_it_open(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    backend = await shown(server, opened)
    (own,) = (await read(server, course.bot)).backends
    course.postgres.freeze(own.pid)
    ending = asyncio.create_task(end(course, server, backend))
    await eventually(lambda: server._holder._running is not None)
    course.postgres.admin.execute("SELECT pg_terminate_backend(%s)", [own.pid])
    course.postgres.thaw(own.pid)
    with pytest.raises(ServerUnavailable) as lost:
        await ending
    assert (lost.value.why, lost.value.detail) == ("unreachable", "terminating connection due to administrator command")
    # It was not sent a second time over the next connection.
    assert await server.presence([backend.id]) == {backend.id: Presence.THERE}
    assert course.postgres.is_open(opened)


async def test_presence_knows_a_session_from_another_of_its_pid(course: Class, server: PostgresServer) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    here = (await shown(server, opened)).id
    former = replace(here, started_at=here.started_at - MICROSECOND)
    assert await server.presence([here, former]) == {here: Presence.THERE, former: Presence.GONE}
    assert await server.presence([]) == {}


async def test_the_clock_is_the_server_s(course: Class, server: PostgresServer) -> None:
    before = course.clock()
    assert before < await server.clock() < course.clock()
