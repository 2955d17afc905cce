"""A server with ClassDB: found by itself, and enough with nothing but its instructor rights."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.access.link import LinkRequest, Proof, digest_of, shown_name, shows
from bot.demo.clients import Doing, leave
from bot.servers import opening
from bot.servers.backend import Backend, BackendState
from bot.servers.classdb import STUDENTS
from bot.servers.postgres import PostgresServer
from bot.servers.rights import Cost, MissingKind, missing
from bot.servers.server import Presence, Reading, Target, Verdict, target_of
from tests.builders import NOON
from tests.classdb import ClassDb, a_home, installed
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, read, shown
from tests.postgres import Postgres
from tests.servers import Servers

MICROSECOND = timedelta(microseconds=1)
RESERVE = (MissingKind.USE_RESERVED_CONNECTIONS, MissingKind.RESERVED_CONNECTIONS)


@pytest.fixture(scope="module")
def home(servers: Servers, major: int) -> Iterator[str]:
    with servers.share(major) as postgres, a_home(postgres) as dbname:
        yield dbname


@pytest.fixture
def classdb(postgres: Postgres, home: str) -> Iterator[ClassDb]:
    with installed(postgres, home) as classdb:
        yield classdb


@pytest.fixture
async def course(classdb: ClassDb) -> AsyncIterator[Class]:
    """A bot whose login is an instructor's and no more, and whose configuration names no students."""
    async with AsyncExitStack() as stack:
        yield Class(classdb.postgres, STUDENTS, classdb.make_instructor(), stack)


async def opened(course: Class, classdb: ClassDb, bot: str | None = None, **changes: Any) -> PostgresServer:
    return await course.open(bot, dbname=classdb.dbname, **{"students": (), **changes})


@pytest.fixture
async def server(course: Class, classdb: ClassDb) -> PostgresServer:
    return await opened(course, classdb)


def lacks(server: PostgresServer) -> list[tuple[MissingKind, Cost]]:
    return [(lack.kind, lack.cost) for lack in server.missing if lack.kind not in RESERVE]


async def end(
    course: Class, server: PostgresServer, *targets: Target | Backend, before: timedelta = timedelta(seconds=10)
) -> list[tuple[Verdict, str]]:
    given = [target_of(target) if isinstance(target, Backend) else target for target in targets]
    verdicts = await server.terminate(given, before=course.clock() + before)
    return [(verdict, verdicts.details.get(backend, "")) for backend, verdict in verdicts.items()]


async def test_an_instructor_s_rights_are_enough_and_what_they_do_not_show_is_unknown(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    assert server.failure is None
    assert lacks(server) == [(MissingKind.STATES, Cost.SEEING_STATES)]
    student = classdb.make_student(limit=5)
    one = await course.postgres.open_backend(student, Doing.IDLE, application_name="psql", dbname=classdb.dbname)
    await one.connection.execute("SELECT 1")
    begun = course.postgres.activity(one.pid)["query_start"]
    two = await course.postgres.open_backend(student, Doing.WRITTEN)

    reading = await read(server, student)

    assert not reading.tells_states
    assert reading.role.student
    assert [(b.pid, b.started_at) for b in reading.backends] == [(o.pid, o.started_at) for o in (one, two)]
    first, second = reading.backends
    assert (first.application_name, first.database, first.client_address) == ("psql", classdb.dbname, "127.0.0.1")
    assert first.query_started_at == begun
    assert {b.state for b in reading.backends} == {BackendState.UNKNOWN}
    assert {(b.backend_type, b.state_since, b.transaction_started_at) for b in reading.backends} == {("", None, None)}
    assert (first.has_written, second.has_written) == (False, True)
    assert second.database == "postgres"


async def with_helpers(server: PostgresServer, role: str) -> Reading | None:
    """A reading that has helper processes in it."""
    reading = await read(server, role)
    return reading if any(backend.may_be_helper for backend in reading.backends) else None


async def test_what_a_plain_role_can_count_is_said_to_be_no_more(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    student = classdb.make_student(limit=5)
    await course.postgres.open_backend(student, dbname=classdb.dbname)
    limits = (await read(server, student)).capacity
    assert (limits.role.used, limits.role.limit, limits.role.at_most) == (1, 5, False)
    assert (limits.server.limit, limits.server.at_least, limits.server.at_most) == (
        course.postgres.ordinary_slots,
        True,
        True,
    )
    # The bot's, the student's, the tests' own.
    assert limits.server.used == 3
    (base,) = limits.databases
    assert (base.name, base.used, base.at_most) == (classdb.dbname, 2, True)

    leader = await course.postgres.run_parallel(student)
    # They come and go while the query runs.
    reading = await eventually(lambda: with_helpers(server, student))
    assert reading is not None
    helpers = [backend.pid for backend in reading.backends if backend.may_be_helper]
    assert leader.pid not in helpers
    assert reading.capacity.role.at_most
    assert reading.capacity.role.used == 2 + len(helpers)


@pytest.mark.parametrize(
    ("rights", "instructs", "tells_states", "lacking"),
    [
        (["pg_read_all_stats", "pg_signal_backend"], False, True, []),
        (["pg_read_all_stats", "pg_signal_backend"], True, True, []),
        (["pg_read_all_stats"], True, True, []),
        (["pg_signal_backend"], True, False, [(MissingKind.STATES, Cost.SEEING_STATES)]),
        (["pg_read_all_stats"], False, True, [(MissingKind.SIGNAL_BACKEND, Cost.TERMINATING)]),
    ],
)
async def test_the_way_that_sees_most_is_taken_and_ends_a_student_s_session(
    course: Class,
    classdb: ClassDb,
    rights: list[str],
    *,
    instructs: bool,
    tells_states: bool,
    lacking: list[Any],
) -> None:
    bot = classdb.make_instructor(*rights) if instructs else course.postgres.make_role("connbot", groups=rights)
    server = await opened(course, classdb, bot)
    assert lacks(server) == lacking
    one = await course.postgres.open_backend(classdb.make_student())
    backend = await shown(server, one)
    assert (backend.state is BackendState.IDLE) == tells_states
    assert (await read(server, one.role)).tells_states == tells_states

    ended = await end(course, server, backend)

    able = "pg_signal_backend" in rights or instructs
    assert ended == ([(Verdict.TERMINATED, "")] if able else [(Verdict.FAILED, "no_right")])
    assert course.postgres.is_open(one) != able
    assert classdb.asked_to_end() == ([one.pid] if able and "pg_signal_backend" not in rights else [])


async def test_configured_students_are_the_students(course: Class, classdb: ClassDb) -> None:
    group = course.postgres.make_group()
    server = await opened(course, classdb, students=(group,))
    assert not (await read(server, classdb.make_student())).role.student
    assert (await read(server, course.postgres.make_role(groups=[group]))).role.student


def replaced(takes: str, gives: str) -> str:
    """Another function than ClassDB's, of the same name."""
    return (
        "DROP FUNCTION classdb.killConnection(int);"
        f"CREATE FUNCTION classdb.killConnection({takes}) RETURNS {gives} LANGUAGE sql SECURITY DEFINER RETURN true;"
        "GRANT EXECUTE ON FUNCTION classdb.killConnection TO classdb_instructor"
    )


NOT_CLASSDB = (
    "ALTER FUNCTION classdb.listUserConnections(varchar) SECURITY INVOKER",
    "ALTER FUNCTION classdb.killConnection(int) SECURITY INVOKER",
    "ALTER FUNCTION classdb.listUserConnections(varchar) OWNER TO classdb",
    "ALTER FUNCTION classdb.killConnection(int) OWNER TO classdb_student",
    "REVOKE EXECUTE ON FUNCTION classdb.killConnection(int) FROM classdb_instructor",
    "REVOKE EXECUTE ON FUNCTION classdb.listUserConnections(varchar) FROM classdb_instructor",
    "REVOKE USAGE ON SCHEMA classdb FROM classdb_instructor",
    "ALTER SCHEMA classdb RENAME TO renamed",
    "ALTER FUNCTION classdb.killConnection(int) RENAME TO endConnection",
    replaced("pid bigint", "boolean"),
    replaced("pid int", "SETOF boolean"),
    replaced("pid int, why text DEFAULT ''", "boolean"),
)


async def test_functions_that_are_not_classdb_s_are_not_used(course: Class, classdb: ClassDb) -> None:
    settings = course.settings(dbname=classdb.dbname, students=())
    connection = await opening.connect(settings)
    try:
        for change in NOT_CLASSDB:
            assert (await opening.look(connection, settings)).classdb, change
            classdb.run(change)
            facts = await opening.look(connection, settings)
            assert not facts.classdb, change
            assert {MissingKind.READ_ALL_STATS, MissingKind.SIGNAL_BACKEND} <= {lack.kind for lack in missing(facts)}
            classdb.put_again()
    finally:
        await connection.close()


async def test_a_name_means_that_very_role_then_the_folded_one(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    names = [f"{prefix}{course.bot}" for prefix in ("Ann", "ann", 'o"d', '"', "<!channel> ")]
    for name in names:
        classdb.make_student(name=name)
    sessions = [await course.postgres.open_backend(name) for name in names]

    async def pids(name: str) -> list[int]:
        return [backend.pid for backend in (await read(server, name)).backends]

    assert [await pids(name) for name in names] == [[one.pid] for one in sessions]
    assert await pids(names[1].upper()) == [sessions[1].pid]
    assert await end(course, server, await shown(server, sessions[0])) == [(Verdict.TERMINATED, "")]
    assert [course.postgres.is_open(one) for one in sessions] == [False, True, True, True, True]
    assert await end(course, server, await shown(server, sessions[2])) == [(Verdict.TERMINATED, "")]


async def test_what_a_list_tells_of_others_is_nobody_s(course: Class, classdb: ClassDb, server: PostgresServer) -> None:
    """As one that folds the name it is given would."""
    classdb.run(
        "CREATE OR REPLACE FUNCTION classdb.foldPgID(identifier varchar) RETURNS varchar LANGUAGE sql IMMUTABLE"
        " RETURN lower(trim(both '\"' FROM identifier))"
    )
    name = classdb.make_student(name=course.bot.upper())
    one = await course.postgres.open_backend(name)
    assert (await read(server, name)).backends == ()
    assert [backend.pid for backend in (await read(server, course.bot)).backends] != [one.pid]
    assert course.postgres.is_open(one)


async def test_a_function_beside_classdb_s_is_not_taken_for_it(course: Class, classdb: ClassDb) -> None:
    for name, takes in (("listUserConnections", "text"), ("killConnection", "bigint")):
        classdb.run(
            f"CREATE FUNCTION classdb.{name}({takes}) RETURNS TABLE (username varchar, pid int, applicationname varchar,"
            " clientaddress inet, connectionstarttime timestamptz, lastquerystarttime timestamptz)"
            " LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$called$$; END'"
        )
    server = await opened(course, classdb)
    one = await course.postgres.open_backend(classdb.make_student())

    assert [backend.pid for backend in (await read(server, one.role)).backends] == [one.pid]


@pytest.mark.parametrize(
    "identity",
    [
        lambda target: {"started_at": target.id.started_at + MICROSECOND},
        lambda target: {"started_at": target.id.started_at - MICROSECOND},
        lambda target: {"role_oid": target.id.role_oid + 1},
        lambda _: {"pid": 2**22 + 5},
        lambda _: {"pid": 0},
    ],
)
async def test_another_session_of_that_pid_is_left_alone(
    course: Class, classdb: ClassDb, server: PostgresServer, identity: Any
) -> None:
    one = await course.postgres.open_backend(classdb.make_student())
    target = target_of(await shown(server, one))
    other = replace(target, id=replace(target.id, **identity(target)))
    assert await end(course, server, other) == [(Verdict.ALREADY_GONE, "")]
    assert course.postgres.is_open(one)
    assert classdb.asked_to_end() == []


async def test_nobody_but_those_that_were_shown_is_asked_to_end(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    student, other = classdb.make_student(), classdb.make_student()
    mine = [await course.postgres.open_backend(student) for _ in range(3)]
    theirs = await course.postgres.open_backend(other)
    staff = await course.postgres.open_backend(classdb.make_instructor())
    first, second, _ = (await read(server, student)).backends
    stranger = replace(target_of(first), id=replace(first.id, pid=theirs.pid))

    ended = await end(course, server, first, second, stranger, await shown(server, staff))

    assert ended == [
        (Verdict.TERMINATED, ""),
        (Verdict.TERMINATED, ""),
        (Verdict.ALREADY_GONE, ""),
        (Verdict.REFUSED, "not_student"),
    ]
    assert sorted(classdb.asked_to_end()) == sorted([first.pid, second.pid])
    assert [course.postgres.is_open(one) for one in (*mine, theirs, staff)] == [False, False, True, True, True]


async def test_who_is_protected_is_not_asked_to_end(course: Class, classdb: ClassDb) -> None:
    service, pooled = classdb.make_student("canvas"), classdb.make_student()
    server = await opened(course, classdb, services=(service,), poolers=("127.0.0.1",))
    powerful = [classdb.make_student(superuser=True), classdb.make_student(replication=True)]
    roles = [*powerful, service, pooled]
    sessions = [await course.postgres.open_backend(role) for role in roles]
    own = next(iter((await read(server, course.bot)).backends))

    ended = await end(course, server, *[await shown(server, one) for one in sessions], own)

    words = ["superuser", "replication", "service", "pooler", "own"]
    assert ended == [(Verdict.REFUSED, word) for word in words]
    assert classdb.asked_to_end() == []
    assert all(course.postgres.is_open(one) for one in sessions)


async def test_after_the_deadline_nobody_is_asked_to_end(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    one = await course.postgres.open_backend(classdb.make_student())
    backend = await shown(server, one)
    assert await end(course, server, backend, before=timedelta(0)) == [(Verdict.INTERRUPTED, "there")]
    assert classdb.asked_to_end() == []


@pytest.mark.parametrize(
    ("doing", "statements"),
    [
        pytest.param(Doing.IDLE, ["BEGIN", "SELECT 1"], id="began a transaction"),
        pytest.param(Doing.IN_TRANSACTION, ["CREATE TEMP TABLE note (line text)"], id="wrote since"),
        pytest.param(Doing.WRITTEN, ["ROLLBACK", "BEGIN", "SELECT 1"], id="another transaction"),
    ],
)
async def test_what_works_since_it_was_shown_is_left_alone(
    course: Class, classdb: ClassDb, server: PostgresServer, doing: Doing, statements: list[str]
) -> None:
    one = await course.postgres.open_backend(classdb.make_student(), doing)
    backend = await shown(server, one)
    for statement in statements:
        await one.connection.execute(statement.encode())
    assert await end(course, server, backend) == [(Verdict.CHANGED, "")]
    assert classdb.asked_to_end() == []
    assert await end(course, server, await shown(server, one)) == [(Verdict.TERMINATED, "")]


async def test_what_runs_a_query_since_is_left_alone_and_what_has_run_one_is_not(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    busy, idle = [await course.postgres.open_backend(classdb.make_student()) for _ in range(2)]
    backends = [await shown(server, one) for one in (busy, idle)]
    await leave(busy.connection, Doing.ACTIVE)
    await idle.connection.execute("CREATE TEMP TABLE note (line text)")
    await eventually(lambda: course.postgres.activity(busy.pid)["state"] == "active")
    assert await end(course, server, *backends) == [(Verdict.CHANGED, ""), (Verdict.TERMINATED, "")]


async def test_a_query_that_has_begun_to_write_since_is_left_alone(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    one = await course.postgres.open_backend(classdb.make_student())
    writes = "DO $$ BEGIN PERFORM pg_advisory_lock(7); CREATE TEMP TABLE note (line text); PERFORM pg_sleep(60); END $$"
    course.postgres.run("SELECT pg_advisory_lock(7)")
    try:
        one.connection.pgconn.send_query(writes.encode())
        one.connection.pgconn.flush()
        await eventually(lambda: course.postgres.activity(one.pid)["wait_event"] == "advisory")
        backend = await shown(server, one)
        assert not backend.has_written
    finally:
        course.postgres.run("SELECT pg_advisory_unlock(7)")
    await eventually(lambda: course.postgres.activity(one.pid)["backend_xid"])
    assert await end(course, server, backend) == [(Verdict.CHANGED, "")]


async def test_who_waits_for_a_writer_has_not_written(course: Class, classdb: ClassDb, server: PostgresServer) -> None:
    student = classdb.make_student()
    base = course.postgres.make_database("shared", owner=student)
    writer, waiter = [await course.postgres.open_backend(student, dbname=base) for _ in range(2)]
    for statement in (
        "CREATE SCHEMA shared",
        "CREATE TABLE shared.row AS SELECT 1 AS n",
        "BEGIN",
        "UPDATE shared.row SET n = 2",
    ):
        await writer.connection.execute(statement.encode())
    waiter.connection.pgconn.send_query(b"SELECT n FROM shared.row FOR UPDATE")
    waiter.connection.pgconn.flush()
    await eventually(lambda: course.postgres.activity(waiter.pid)["wait_event_type"] == "Lock")
    assert [(await shown(server, one)).has_written for one in (writer, waiter)] == [True, False]


@pytest.mark.parametrize("doing", list(Doing))
async def test_whatever_it_does_it_is_ended_if_it_was_shown_so(
    course: Class, classdb: ClassDb, server: PostgresServer, doing: Doing
) -> None:
    one = await course.postgres.open_backend(classdb.make_student(), doing)
    assert await end(course, server, await shown(server, one)) == [(Verdict.TERMINATED, "")]
    assert not course.postgres.is_open(one)


async def test_no_query_is_cancelled(course: Class, classdb: ClassDb, server: PostgresServer) -> None:
    one = await course.postgres.open_backend(classdb.make_student(), Doing.ACTIVE)
    target = target_of(await shown(server, one))
    verdicts = await server.cancel([target], before=course.soon())
    assert (dict(verdicts), verdicts.details) == ({target.id: Verdict.REFUSED}, {target.id: "unknown_state"})
    assert course.postgres.activity(one.pid)["state"] == "active"
    assert classdb.asked_to_end() == []


async def test_where_its_functions_alone_end_sessions_no_query_is_waited_for(course: Class, classdb: ClassDb) -> None:
    server = await opened(course, classdb, classdb.make_instructor("pg_read_all_stats"))
    one = await course.postgres.open_backend(classdb.make_student(), Doing.ACTIVE)
    target = target_of(await shown(server, one))

    verdicts = await server.cancel([target], before=course.soon())

    assert (dict(verdicts), verdicts.details) == ({target.id: Verdict.FAILED}, {target.id: "no_right"})
    assert classdb.asked_to_end() == []


async def test_the_end_is_seen_and_so_is_what_does_not_end(course: Class, classdb: ClassDb) -> None:
    server = await opened(course, classdb, watch_for=0.2)
    one = await course.postgres.open_backend(classdb.make_student())
    backend = await shown(server, one)
    assert await server.presence([backend.id]) == {backend.id: Presence.THERE}
    course.postgres.freeze(one.pid)
    assert await end(course, server, backend) == [(Verdict.STILL_ENDING, "")]
    course.postgres.thaw(one.pid)
    await eventually(lambda: not course.postgres.is_open(one))
    assert await server.presence([backend.id]) == {backend.id: Presence.GONE}
    assert await end(course, server, backend) == [(Verdict.ALREADY_GONE, "")]


async def test_a_dropped_role_s_session_is_still_there_and_is_not_ended(
    course: Class, classdb: ClassDb, server: PostgresServer
) -> None:
    student = classdb.make_student()
    one = await course.postgres.open_backend(student)
    backend = await shown(server, one)
    course.postgres.run("DROP ROLE {}", student)
    assert await server.presence([backend.id]) == {backend.id: Presence.THERE}
    assert await end(course, server, backend) == [(Verdict.FAILED, "hidden")]
    assert course.postgres.is_open(one)


async def test_roles_asked_for_together_are_each_told(course: Class, classdb: ClassDb, server: PostgresServer) -> None:
    student = classdb.make_student()
    one = await course.postgres.open_backend(student)
    readings: dict[str, Reading] = await server._holder.run(
        lambda connection: server._read(connection, [student, student.upper(), course.bot, "nobody"]), repeatable=True
    )
    assert set(readings) == {student, student.upper(), course.bot}
    assert [len(reading.backends) for reading in readings.values()] == [1, 1, 1]
    assert readings[student.upper()].backends[0].pid == one.pid


async def test_rights_that_come_and_go_change_the_way_without_a_new_connection(course: Class, classdb: ClassDb) -> None:
    server = await opened(course, classdb, heartbeat_every=0.05)
    one = await course.postgres.open_backend(classdb.make_student())
    assert not (await read(server, one.role)).tells_states
    session = course.postgres.admin.execute(
        "SELECT pid FROM pg_stat_activity WHERE usename = %s", [course.bot]
    ).fetchall()

    course.postgres.run("GRANT pg_read_all_stats TO {}", course.bot)
    await eventually(lambda: lacks(server) == [])
    backend = await shown(server, one)
    assert backend.state is BackendState.IDLE

    # Seen whole, and ended with no more than ClassDB's rights.
    course.postgres.run("REVOKE pg_read_all_stats FROM {}", course.bot)
    assert await end(course, server, backend) == [(Verdict.TERMINATED, "")]
    assert classdb.asked_to_end() == [one.pid]
    assert (
        course.postgres.admin.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [course.bot]).fetchall()
        == session
    )


async def test_a_proof_of_possession_is_seen(course: Class, classdb: ClassDb, server: PostgresServer) -> None:
    student = classdb.make_student()
    role = (await read(server, student)).role
    shown_so = shown_name("alice@example.edu", "KX4M9TQ2WR7B")
    request = LinkRequest(
        id="r-1", team="T1", slack_id="U0ALICE", server="class", asked_for=student, role=student, role_oid=role.oid,
        digest=digest_of(shown_so), asked_at=NOON, expires_at=NOON, proof=Proof.WAITING,
    )  # fmt: skip
    opened_before = await course.postgres.open_backend(student)
    assert not shows(await read(server, student), request)

    await opened_before.connection.execute("SELECT set_config('application_name', %s, false)", [shown_so])

    assert shows(await read(server, student), request)
    assert await server.presets([request.digest]) == frozenset()
