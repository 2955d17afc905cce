import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bot.demo.clients import Doing, Refused
from bot.errors import ServerUnavailable
from bot.servers.backend import BackendState
from bot.servers.capacity import Limit, LimitKind
from bot.servers.opening import Connection
from bot.servers.postgres import PostgresServer
from bot.servers.server import Reading
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, read, shown


async def test_a_backend_is_what_the_server_says_of_it(course: Class, server: PostgresServer) -> None:
    role = course.make_student(limit=5)
    opened = await course.postgres.open_backend(role, application_name="<!channel> *x* & y")
    backend = await shown(server, opened)
    row = course.postgres.activity(opened.pid)
    assert backend.id.server == "class"
    assert backend.id.role_oid == row["usesysid"]
    assert backend.started_at == row["backend_start"]
    assert backend.started_at.tzinfo is UTC
    assert backend.state_since == row["state_change"]
    assert backend.query_started_at == row["query_start"]
    assert backend.transaction_started_at is None
    assert (backend.role, backend.database, backend.client_address) == (role, "postgres", "127.0.0.1")
    assert backend.application_name == "<!channel> *x* & y"
    assert backend.is_client
    assert not backend.own
    assert not backend.pooler
    assert backend.state is BackendState.IDLE


@pytest.mark.parametrize(
    ("doing", "state", "in_transaction", "has_written"),
    [
        (Doing.IDLE, BackendState.IDLE, False, False),
        (Doing.IN_TRANSACTION, BackendState.IDLE_IN_TRANSACTION, True, False),
        (Doing.WRITTEN, BackendState.IDLE_IN_TRANSACTION, True, True),
        (Doing.ABORTED, BackendState.ABORTED, True, False),
        (Doing.ACTIVE, BackendState.ACTIVE, True, False),
    ],
)
async def test_what_a_session_does_is_read(
    course: Class, server: PostgresServer, doing: Doing, state: BackendState, *, in_transaction: bool, has_written: bool
) -> None:
    opened = await course.postgres.open_backend(course.make_student(), doing)
    backend = await shown(server, opened)
    assert (backend.state, backend.in_transaction, backend.has_written) == (state, in_transaction, has_written)
    assert backend.transaction_started_at == course.postgres.activity(opened.pid)["xact_start"]


async def test_the_reading_has_the_server_s_time_and_the_oldest_first(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    opened = [await course.postgres.open_backend(role) for _ in range(3)]
    before = course.clock()
    reading = await read(server, role)
    assert before < reading.at < course.clock()
    assert [backend.pid for backend in reading.backends] == [one.pid for one in opened]


async def test_a_role_is_found_exactly_before_it_is_folded(course: Class, server: PostgresServer) -> None:
    lower = course.make_student("mixed")
    upper = lower.capitalize()
    course.postgres.run("CREATE ROLE {} LOGIN", upper)
    try:
        assert (await read(server, upper)).role.name == upper
        assert (await read(server, lower)).role.name == lower
        assert (await read(server, lower.upper())).role.name == lower
    finally:
        course.postgres.run("DROP ROLE {}", upper)


@pytest.mark.parametrize(
    "name", ["nobody", "", "a\0b", "\ud800", "x'; DROP ROLE postgres; --", "%s %(name)s", "<!channel>", "ä" * 500]
)
async def test_a_name_of_nobody_is_no_role_whatever_it_holds(server: PostgresServer, name: str) -> None:
    assert await server.read(name) is None
    assert await server.roles_by_name([name]) == {}


@pytest.mark.parametrize("name", ['o\'dd "one"', "Ünï\u202e code", "a b\nc", "%s", "{x}"])
async def test_a_strange_name_of_somebody_is_found(course: Class, server: PostgresServer, name: str) -> None:
    course.postgres.run("CREATE ROLE {} LOGIN", name)
    try:
        assert (await read(server, name)).role.name == name
        assert (await server.roles_by_name([name]))[name].name == name
    finally:
        course.postgres.run("DROP ROLE {}", name)


async def test_a_role_s_facts(course: Class, server: PostgresServer) -> None:
    section = course.postgres.make_group("section", groups=[course.students])
    role = course.postgres.make_role("student", groups=[section])
    ((oid,),) = course.postgres.admin.execute("SELECT %s::regrole::oid", [role]).fetchall()
    found = (await read(server, role)).role
    assert (found.name, found.oid, found.can_login, found.superuser, found.replication) == (
        role,
        oid,
        True,
        False,
        False,
    )
    assert found.groups == {section, course.students}
    assert found.student
    assert not found.service
    group = (await read(server, course.students)).role
    assert group.student
    assert not group.can_login
    assert group.groups == frozenset()


@pytest.mark.parametrize("power", [{"superuser": True}, {"replication": True}])
async def test_a_powerful_role_is_no_student_whatever_its_groups(
    course: Class, server: PostgresServer, power: dict[str, Any]
) -> None:
    found = (await read(server, course.make_student("boss", **power))).role
    assert course.students in found.groups
    assert not found.student


async def test_who_administers_the_group_is_no_student(course: Class, server: PostgresServer) -> None:
    instructor = course.postgres.make_role("instructor")
    course.postgres.run("GRANT {} TO {} WITH ADMIN OPTION", course.students, instructor)
    found = (await read(server, instructor)).role
    assert not found.student
    assert found.groups == frozenset()


async def test_who_may_work_as_a_student_is_no_student(course: Class, server: PostgresServer) -> None:
    student = course.make_student()
    instructor = course.postgres.make_role("instructor", groups=[student])
    found = (await read(server, instructor)).role
    assert not found.student
    assert found.groups == {student}


async def test_a_service_account_is_known(course: Class) -> None:
    canvas = course.make_student("canvas")
    server = await course.open(services=(canvas,))
    assert (await read(server, canvas)).role.service


async def test_the_bot_s_own_connection_is_marked(course: Class, server: PostgresServer) -> None:
    reading = await read(server, course.bot)
    assert [backend.own for backend in reading.backends] == [True]
    assert reading.backends[0].application_name == "connbot"


@pytest.mark.parametrize(
    ("poolers", "marked"), [(("127.0.0.1",), True), (("127.0.0.0/8", "::1"), True), (("local",), False)]
)
async def test_a_pooler_s_connection_is_marked(course: Class, poolers: tuple[str, ...], *, marked: bool) -> None:
    server = await course.open(poolers=poolers)
    over_network = await course.postgres.open_backend(course.make_student())
    over_socket = await course.postgres.open_backend(
        course.make_student(), host=str(course.postgres.server.socket_dir), passfile=""
    )
    assert (await shown(server, over_network)).pooler is marked
    assert (await shown(server, over_socket)).pooler is not marked
    assert (await shown(server, over_socket)).client_address is None


async def with_workers(server: PostgresServer, role: str) -> Reading | None:
    """A reading that has helper processes in it."""
    reading = await read(server, role)
    return reading if len(reading.clients) < len(reading.backends) else None


async def test_what_takes_no_slot_is_not_counted(course: Class, server: PostgresServer) -> None:
    role = course.make_student(limit=5)
    leader = await course.postgres.run_parallel(role)
    # They come and go while the query runs.
    reading = await eventually(lambda: with_workers(server, role))
    assert reading is not None
    workers = [backend for backend in reading.backends if not backend.is_client]
    assert {worker.leader_pid for worker in workers} == {leader.pid}
    assert reading.capacity.role == Limit(LimitKind.ROLE, role, 1, 5)
    assert [backend.pid for backend in reading.clients] == [leader.pid]


async def test_a_walsender_takes_none_of_the_ordinary_slots(course: Class, server: PostgresServer) -> None:
    role = course.postgres.make_role("replica", replication=True, limit=5)
    before = (await read(server, role)).capacity
    await course.postgres.open_walsender(role)
    after = await read(server, role)
    assert [backend.backend_type for backend in after.backends] == ["walsender"]
    assert after.capacity == before


@pytest.mark.parametrize("limit", [0, 1, 3])
async def test_the_role_s_limit_is_full_when_the_server_refuses(
    course: Class, server: PostgresServer, limit: int
) -> None:
    role = course.make_student(limit=limit)
    await course.postgres.fill(role)
    capacity = (await read(server, role)).capacity
    assert capacity.role == Limit(LimitKind.ROLE, role, limit, limit)
    assert capacity.biting() == capacity.role


async def test_the_databases_limit_is_full_when_the_server_refuses(course: Class) -> None:
    base = course.postgres.make_database(limit=2)
    server = await course.open(databases=(base,))
    alice, bob = course.make_student(), course.make_student()
    await course.postgres.fill(alice, dbname=base)
    full = Limit(LimitKind.DATABASE, base, 2, 2)
    assert (await read(server, alice)).capacity.biting() == full
    # Bob has no connection there, but it is where students log in.
    assert (await read(server, bob)).capacity.databases == (full,)


async def test_a_database_is_counted_where_the_role_has_a_connection(course: Class, server: PostgresServer) -> None:
    base = course.postgres.make_database(limit=7)
    alice, bob = course.make_student(), course.make_student()
    await course.postgres.open_backend(alice, dbname=base)
    await course.postgres.open_backend(bob, dbname=base)
    assert (await read(server, alice)).capacity.databases == (Limit(LimitKind.DATABASE, base, 2, 7),)
    assert (await read(server, course.make_student())).capacity.databases == ()


async def test_the_server_is_full_when_it_refuses_and_is_read_all_the_same(
    course: Class, server: PostgresServer
) -> None:
    role = course.make_student()
    await course.postgres.fill(role)
    capacity = (await read(server, role)).capacity
    assert capacity.server.limit == course.postgres.ordinary_slots
    assert capacity.server.used == course.postgres.ordinary_slots
    assert capacity.biting() == capacity.server


async def test_a_login_in_progress_is_counted_or_said_to_hide(course: Class, server: PostgresServer) -> None:
    role = course.postgres.make_role("slow", password="never told", limit=1)
    before = (await read(server, role)).capacity
    course.postgres.open_hanging_login(role)
    if course.postgres.major >= 18:
        await eventually(lambda: "starting" in _states(course))
    after = (await read(server, role)).capacity
    assert after.server.at_least is (course.postgres.major < 18)
    assert after.server.used == before.server.used + (course.postgres.major >= 18)
    # The role's own limit is only met once the password is checked.
    assert after.role == Limit(LimitKind.ROLE, role, 0, 1)


async def test_a_superuser_meets_no_limit_but_the_server_s(course: Class, server: PostgresServer) -> None:
    boss = course.postgres.make_role("boss", superuser=True, limit=0)
    capacity = (await read(server, boss)).capacity
    assert capacity.role_exempt
    assert capacity.biting() is None


async def test_slots_that_the_provider_keeps_are_taken_off(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    ordinary = (await read(server, role)).capacity.server.limit
    dsn = course.postgres.dsn(course.bot, options="-c rds.rds_superuser_reserved_connections=2")
    other = await course.open(dsn=dsn)
    assert ordinary == course.postgres.ordinary_slots
    assert (await read(other, role)).capacity.server.limit == ordinary - 2


async def test_a_role_is_read_alone_with_the_servers_clock(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    before = await server.clock()
    found = await server.role(role.upper())
    assert found is not None
    assert (found.role.name, found.role.student) == (role, True)
    assert before < found.at < await server.clock()
    assert [await server.role(name) for name in ("nobody", "a\0b")] == [None, None]


async def test_many_roles_are_found_by_name_at_once(course: Class, server: PostgresServer) -> None:
    roles = [course.make_student() for _ in range(3)]
    found = await server.roles_by_name([*roles, roles[0].upper(), "nobody", "a\0b"])
    assert {asked: role.name for asked, role in found.items()} == {
        **dict(zip(roles, roles, strict=True)),
        roles[0].upper(): roles[0],
    }
    assert all(role.student for role in found.values())
    assert await server.roles_by_name([]) == {}


async def test_settings_of_the_bot_s_own_role_do_not_disturb(course: Class) -> None:
    other = course.postgres.make_role("other")
    course.postgres.run("GRANT {} TO {}", other, course.bot)
    base = course.postgres.make_database(owner=course.bot)
    with psycopg.connect(course.postgres.dsn(course.bot, base), autocommit=True) as own:
        own.execute("CREATE SCHEMA trap")
        own.execute("CREATE VIEW trap.pg_stat_activity AS SELECT 1 AS nothing")
        own.execute("CREATE FUNCTION trap.host(inet) RETURNS text LANGUAGE sql AS $$SELECT 'nowhere'$$")
    settings = {
        "statement_timeout": "1ms",
        "lock_timeout": "1ms",
        "idle_session_timeout": "200ms",
        "idle_in_transaction_session_timeout": "1ms",
        "TimeZone": "Pacific/Kiritimati",
        "DateStyle": "German, DMY",
        "client_encoding": "LATIN1",
        "role": other,
        "default_transaction_read_only": "on",
        **({"transaction_timeout": "200ms"} if course.postgres.major >= 17 else {}),
    }
    for setting, value in settings.items():
        course.postgres.run("ALTER ROLE {} SET {} TO {}", course.bot, setting, sql.Literal(value))
    course.postgres.run("ALTER ROLE {} SET search_path TO trap, pg_catalog", course.bot)
    server = await course.open(dbname=base)
    opened = await course.postgres.open_backend(course.make_student("ünï"))
    backend = await shown(server, opened)
    assert (backend.started_at, backend.client_address) == (opened.started_at, "127.0.0.1")
    (own_backend,) = (await read(server, course.bot)).backends
    assert await server._holder.run(_timeouts, repeatable=True) == {"0"}
    await eventually(lambda: _quiet_for(course, own_backend.pid) > timedelta(milliseconds=300))
    assert (await read(server, course.bot)).backends[0].id == own_backend.id


async def test_rows_the_bot_may_not_see_are_never_trusted(course: Class) -> None:
    blind = course.postgres.make_bot_role(stats=False)
    server = await course.open(blind)
    opened = await course.postgres.open_backend(course.make_student())
    with pytest.raises(ServerUnavailable) as refused:
        await server.read(opened.role)
    assert (refused.value.why, refused.value.detail) == ("rights", "pg_read_all_stats")
    assert (await server.roles_by_name([opened.role]))[opened.role].student


async def test_a_name_of_another_encoding_is_read_as_far_as_it_can_be(course: Class) -> None:
    plain, odd = course.postgres.make_database(), course.students.encode() + b"\xe9"
    course.postgres.run("DROP DATABASE {}", plain)
    course.postgres.run("CREATE DATABASE {} ENCODING SQL_ASCII TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'", plain)
    role = course.make_student()
    with psycopg.connect(course.postgres.dsn(dbname=plain), autocommit=True) as admin:
        admin.execute(b'ALTER ROLE "%s" RENAME TO "%s"' % (course.students.encode(), odd))
        try:
            groups = (await read(await course.open(), role)).role.groups
        finally:
            admin.execute(b'ALTER ROLE "%s" RENAME TO "%s"' % (odd, course.students.encode()))
    assert groups == {course.students + "\N{REPLACEMENT CHARACTER}"}


async def test_a_name_the_server_has_no_letters_for_does_not_cost_the_others(course: Class) -> None:
    base = course.postgres.make_database()
    course.postgres.run("DROP DATABASE {}", base)
    course.postgres.run("CREATE DATABASE {} ENCODING LATIN1 TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'", base)
    server = await course.open(dbname=base)
    role = course.make_student()
    found = await server.roles_by_name([role, "学生", role.upper()])
    assert set(found) == {role, role.upper()}
    assert await server.read("学生") is None


async def test_a_refused_client_leaves_the_count_as_it_is(course: Class, server: PostgresServer) -> None:
    role = course.make_student(limit=1)
    await course.postgres.open_backend(role)
    with contextlib.suppress(Refused):
        await course.postgres.open_backend(role)
        pytest.fail("the server let a second one in")
    assert (await read(server, role)).capacity.role == Limit(LimitKind.ROLE, role, 1, 1)


def _states(course: Class) -> list[str]:
    return [state for (state,) in course.postgres.admin.execute("SELECT state FROM pg_stat_activity")]


def _quiet_for(course: Class, pid: int) -> timedelta:
    since = course.postgres.activity(pid)["state_change"]
    assert isinstance(since, datetime)
    return course.clock() - since


async def _timeouts(connection: Connection) -> set[str]:
    query = "SELECT setting FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout')"
    return {row["setting"] async for row in await connection.execute(query)}


async def test_the_limits_that_everybody_meets(course: Class, server: PostgresServer) -> None:
    database = course.postgres.make_database("limited", limit=2)
    role = course.make_student(limit=9)
    await course.postgres.open_backend(role, dbname=database)
    before = await server.limits()
    opened = await course.postgres.open_backend(role, dbname=database)

    found = await server.limits(database)

    assert found.databases == {database: Limit(LimitKind.DATABASE, database, 2, 2)}
    assert found.databases[database].full
    reading = await read(server, role)
    assert found.server == reading.capacity.server
    assert found.server.used == before.server.used + 1
    assert before.at < found.at
    assert before.databases == {}
    await opened.connection.close()
    await eventually(lambda: not course.postgres.is_open(opened))
    assert not (await server.limits(database)).databases[database].full


@pytest.mark.parametrize("name", ["no_such_database", "", "<!channel>\x00", "\ud800", "d" * 500])
async def test_of_a_database_that_is_not_there_nothing_is_told(server: PostgresServer, name: str) -> None:
    found = await server.limits(name)
    assert found.databases == {}
    assert found.server.limit
