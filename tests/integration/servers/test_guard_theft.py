"""Whoever has stolen the bot's password can end students' sessions, and no others, whatever they try."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bot.demo.clients import Doing
from bot.servers.guard_function import guard_name
from tests.eventually import eventually
from tests.integration.servers.conftest import Class
from tests.postgres import OpenBackend

ACTIONS = ("terminate", "cancel")
MICROSECOND = timedelta(microseconds=1)
HARD_TO_QUOTE = "canvas\\"


@dataclass
class Thief:
    """The bot's role in other hands: a plain connection, and what is to be had through it."""

    course: Class
    connection: psycopg.AsyncConnection

    @property
    def guard(self) -> str:
        return guard_name(self.course.bot)

    @property
    def function(self) -> sql.Composed:
        return sql.SQL("{}.signal_student").format(sql.Identifier(self.guard))

    async def ask(self, pid: int | None, started_at: Any, role_oid: int | None, action: str | None) -> str:
        """Call the guard with anything."""
        types = ("int4", "timestamptz", "oid", "text")
        arguments = sql.SQL(", ").join(sql.SQL("%s::pg_catalog." + name) for name in types)
        call = sql.SQL("SELECT {}({})").format(self.function, arguments)
        row = await (await self.connection.execute(call, [pid, started_at, role_oid, action])).fetchone()
        assert row is not None
        return str(row[0])

    async def ask_for(self, backend: OpenBackend, action: str = "terminate") -> str:
        """Call the guard with a session's true identity."""
        return await self.ask(*self.identity(backend.pid), action)

    def identity(self, pid: int) -> tuple[int, Any, int]:
        """What the server knows of a process."""
        row = self.course.postgres.activity(pid)
        return pid, row["backend_start"], row["usesysid"]

    async def try_all(self, *statements: sql.Composed) -> list[str]:
        """Try statements one by one; returns those that were not refused."""
        done = []
        for statement in statements:
            with suppress(psycopg.Error):
                await self.connection.execute(statement)
                done.append(statement.as_string())
        return done


@pytest.fixture
async def thief(course: Class) -> AsyncIterator[Thief]:
    """Steals the password of a bot whose service has a name that is hard to quote."""
    course.stand_guard(services=(HARD_TO_QUOTE,))
    connection = await psycopg.AsyncConnection.connect(course.postgres.dsn(course.bot), autocommit=True)
    async with connection:
        yield Thief(course, connection)


@pytest.fixture
async def others(course: Class) -> list[OpenBackend]:
    """Sessions that are no student's, each running a query; most of their roles are close to being one."""
    postgres = course.postgres
    someone = course.make_student()
    admin = postgres.make_role("admin")
    postgres.run("GRANT {} TO {} WITH ADMIN OPTION", course.students, admin)
    both = postgres.make_role("both", groups=[course.students])
    postgres.run("GRANT {} TO {} WITH ADMIN OPTION", course.students, both)
    service = course.make_student("service")
    postgres.run("ALTER ROLE {} RENAME TO {}", service, HARD_TO_QUOTE)
    postgres._roles.append(HARD_TO_QUOTE)
    roles = [
        "postgres",
        course.make_student("boss", superuser=True),
        course.make_student("replica", replication=True),
        HARD_TO_QUOTE,
        postgres.make_role("staff"),
        admin,
        both,
        postgres.make_role("through", groups=[someone]),
        _creator(course),
    ]
    return [await postgres.open_backend(role, Doing.ACTIVE) for role in roles]


def _creator(course: Class) -> str:
    """Somebody who makes students' roles: since PostgreSQL 16 that makes them a member."""
    creator = course.postgres.make_role("creator")
    course.postgres.run("ALTER ROLE {} CREATEROLE", creator)
    with psycopg.connect(course.postgres.dsn(creator), autocommit=True) as connection:
        made = f"made_{creator}"
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(made)))
        course.postgres._roles.insert(0, made)
    course.postgres.run("GRANT {} TO {}", course.students, made)
    return creator


def untouched(course: Class, sessions: Sequence[OpenBackend]) -> bool:
    """Whether these sessions still run their queries."""
    rows = [(one, course.postgres.activity(one.pid)) for one in sessions]
    return all(row and row["backend_start"] == one.started_at and row["state"] == "active" for one, row in rows)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_student_s_session_is_all_that_can_be_had(
    course: Class, thief: Thief, others: list[OpenBackend], action: str
) -> None:
    assert {await thief.ask_for(one, action) for one in others} == {"refused"}
    assert {await thief.ask_for(one, "test") for one in others} == {"refused"}
    assert untouched(course, others)
    student = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    assert await thief.ask_for(student, "test") == "allowed"
    assert untouched(course, [student])
    assert await thief.ask_for(student, action) == "signalled"
    await eventually(lambda: not untouched(course, [student]))


@pytest.mark.parametrize("function", ["pg_terminate_backend", "pg_cancel_backend"])
async def test_the_server_s_own_functions_are_refused(
    course: Class, thief: Thief, others: list[OpenBackend], function: str
) -> None:
    student = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    for one in (*others, student):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await thief.connection.execute(f"SELECT {function}({one.pid})".encode())
    assert untouched(course, [*others, student])


async def test_no_process_of_the_server_s_own_can_be_had(course: Class, thief: Thief) -> None:
    replica = course.make_student("replica", replication=True)
    sender = await course.postgres.open_walsender(replica)
    course.postgres.run("ALTER ROLE {} NOREPLICATION", replica)
    leader = await course.postgres.run_parallel(course.make_student())
    own = thief.identity(thief.connection.info.backend_pid)
    query = (
        "SELECT pid, backend_start, coalesce(usesysid, 0) FROM pg_stat_activity WHERE backend_type <> 'client backend'"
    )
    processes: list[tuple[int, Any, int]] = course.postgres.admin.execute(query.encode()).fetchall()
    assert len(processes) >= 6
    assert sender.pid in [pid for pid, _, _ in processes]
    course.postgres.run("GRANT {} TO {}", course.students, course.bot)
    for action in ACTIONS:
        # A worker of a query comes and goes; the others have no role at all, which is nobody's session.
        assert {await thief.ask(*process, action) for process in processes} <= {"refused", "gone"}
        assert await thief.ask_for(sender, action) == "refused"
        assert await thief.ask(*own, action) == "refused"
    assert course.postgres.is_open(sender)
    assert untouched(course, [leader])


@pytest.mark.parametrize("action", ACTIONS)
async def test_what_was_meant_must_be_told_to_the_microsecond(course: Class, thief: Thief, action: str) -> None:
    student = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    other = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    pid, started_at, role_oid = thief.identity(student.pid)
    wrong: list[tuple[int | None, Any, int | None]] = [
        (pid, started_at + MICROSECOND, role_oid),
        (pid, started_at - MICROSECOND, role_oid),
        (pid, started_at, role_oid + 1),
        (pid, started_at, thief.identity(other.pid)[2]),
        (other.pid, started_at, role_oid),
        (-pid, started_at, role_oid),
        (0, started_at, role_oid),
        (pid, "infinity", role_oid),
        (None, started_at, role_oid),
        (pid, None, role_oid),
        (pid, started_at, None),
        (None, None, None),
    ]
    assert {await thief.ask(*identity, action) for identity in wrong} == {"gone"}
    for nothing in (None, "", "TERMINATE", "terminate ", "kill"):
        assert await thief.ask(pid, started_at, role_oid, nothing) == "refused"
    assert untouched(course, [student, other])


async def test_it_takes_one_session_at_a_time(course: Class, thief: Thief, others: list[OpenBackend]) -> None:
    pids = [one.pid for one in others]
    for call in ("{}(%s::int[], now(), 10, 'terminate')", "{}((%s::int[])[1], now())", "{}(VARIADIC %s::int[])"):
        with pytest.raises(psycopg.errors.UndefinedFunction):
            await thief.connection.execute(sql.SQL("SELECT " + call).format(thief.function), [pids])
    # Asked about everybody at once it still answers one by one.
    everybody = sql.SQL(
        "SELECT {}(pid, backend_start, usesysid, 'terminate') FROM pg_stat_activity WHERE usesysid IS NOT NULL"
    ).format(thief.function)
    answers = await (await thief.connection.execute(everybody)).fetchall()
    assert {answer for (answer,) in answers} == {"refused"}
    assert untouched(course, others)


async def test_the_guard_cannot_be_changed_or_walked_around(
    course: Class, thief: Thief, others: list[OpenBackend]
) -> None:
    guard, bot = sql.Identifier(thief.guard), sql.Identifier(course.bot)
    function = sql.SQL("{}(integer, timestamptz, oid, text)").format(thief.function)
    end = sql.SQL("AS 'SELECT pg_terminate_backend({}::int)::text'").format(sql.Literal(others[0].pid))
    victim = sql.Identifier(others[4].role)
    statements: list[tuple[str, Sequence[sql.Composable]]] = [
        ("SET ROLE {}", [guard]),
        ("SET ROLE pg_signal_backend", []),
        ("SET SESSION AUTHORIZATION {}", [guard]),
        ("SET SESSION AUTHORIZATION postgres", []),
        ("GRANT {} TO {}", [guard, bot]),
        ("GRANT pg_signal_backend TO {}", [bot]),
        ("ALTER ROLE {} SUPERUSER", [bot]),
        ("ALTER ROLE {} CREATEROLE", [bot]),
        ("ALTER ROLE {} LOGIN PASSWORD 'x'", [guard]),
        ("ALTER ROLE {} SET search_path = public", [guard]),
        ("ALTER ROLE {} RENAME TO {}", [victim, bot]),
        ("DROP ROLE {}", [guard]),
        ("GRANT {} TO {}", [sql.Identifier(course.students), victim]),
        (
            "CREATE OR REPLACE FUNCTION {}(pid integer, started_at timestamptz, role_oid oid, action text) {}",
            [thief.function, sql.SQL("RETURNS text LANGUAGE sql ") + end],
        ),
        ("CREATE FUNCTION {}(pid integer) RETURNS text LANGUAGE sql SECURITY DEFINER {}", [thief.function, end]),
        ("CREATE FUNCTION {}(bigint, timestamptz, oid, text) RETURNS text LANGUAGE sql {}", [thief.function, end]),
        ("CREATE TABLE {}.pg_roles (rolname name)", [guard]),
        ("ALTER FUNCTION {} SECURITY INVOKER", [function]),
        ("ALTER FUNCTION {} RESET ALL", [function]),
        ("ALTER FUNCTION {} SET search_path = public", [function]),
        ("ALTER FUNCTION {} OWNER TO {}", [function, bot]),
        ("ALTER FUNCTION {} RENAME TO other", [function]),
        ("ALTER FUNCTION {} SET SCHEMA public", [function]),
        ("ALTER FUNCTION {} DEPENDS ON EXTENSION plpgsql", [function]),
        ("DROP FUNCTION {}", [function]),
        ("COMMENT ON FUNCTION {} IS 'x'", [function]),
        ("COMMENT ON ROLE {} IS 'x'", [guard]),
        ("ALTER SCHEMA {} RENAME TO other", [guard]),
        ("ALTER SCHEMA {} OWNER TO {}", [guard, bot]),
        ("DROP SCHEMA {} CASCADE", [guard]),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT EXECUTE ON FUNCTIONS TO {}", [guard, bot]),
        ("REASSIGN OWNED BY {} TO {}", [guard, bot]),
        ("DROP OWNED BY {}", [guard]),
        ("UPDATE pg_catalog.pg_proc SET prosrc = '' WHERE proname = 'signal_student'", []),
        ("UPDATE pg_catalog.pg_authid SET rolsuper = false", []),
        ("INSERT INTO pg_catalog.pg_auth_members SELECT * FROM pg_catalog.pg_auth_members", []),
        ("SET session_replication_role = replica", []),
        ("SET allow_system_table_mods = on", []),
        ("ALTER SYSTEM SET restrict_nonsystem_relation_kind = ''", []),
        ("COPY (SELECT 1) TO PROGRAM 'true'", []),
        ("DO LANGUAGE plpgsql 'BEGIN PERFORM pg_terminate_backend({}); END'", [sql.Literal(others[4].pid)]),
    ]
    done = await thief.try_all(*(sql.SQL(text).format(*parts) for text, parts in statements))
    assert done == []
    # To hand on what it has is all that a role may always try; it has nothing to hand on.
    await thief.connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO PUBLIC").format(function))
    its = "SELECT proacl::text FROM pg_proc WHERE pronamespace = quote_ident(%s)::regnamespace"
    acl = course.postgres.admin.execute(its, [thief.guard]).fetchall()
    assert acl == [(f"{{{thief.guard}=X/{thief.guard},{course.bot}=X/{thief.guard}}}",)]
    assert untouched(course, others)


_HARMLESS = (
    "SELECT oid, rolname, false AS rolsuper, false AS rolreplication, false AS rolcanlogin FROM pg_catalog.pg_roles"
)


async def _shadow_by_temporary_objects(thief: Thief) -> None:
    """Put things of the same names where a careless function would find them first."""
    students = thief.course.students
    for statement in (
        f"CREATE TEMP TABLE pg_roles AS {_HARMLESS}",
        f"CREATE TEMP TABLE pg_auth_members AS SELECT oid AS member, '{students}'::regrole AS roleid, false AS admin_option FROM pg_roles",
        "CREATE FUNCTION pg_temp.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT ''read committed''::text'",
        "CREATE FUNCTION pg_temp.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 0'",
        "CREATE FUNCTION pg_temp.yes(anyelement, anyelement) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR pg_temp.= (LEFTARG = anyelement, RIGHTARG = anyelement, FUNCTION = pg_temp.yes)",
        "CREATE TYPE pg_temp.text AS (x int)",
        "SET search_path = pg_temp, pg_catalog",
    ):
        await thief.connection.execute(statement.encode())


async def _shadow_by_permanent_objects(thief: Thief) -> None:
    """The same, for good, in a schema that the thief owns."""
    course = thief.course
    course.postgres.run("CREATE SCHEMA {} AUTHORIZATION {}", course.bot, course.bot)
    for statement in (
        f"CREATE VIEW pg_roles AS {_HARMLESS}",
        "CREATE FUNCTION no(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR = (LEFTARG = name, RIGHTARG = text, FUNCTION = no)",
        "CREATE OPERATOR <> (LEFTARG = name, RIGHTARG = text, FUNCTION = no)",
    ):
        await thief.connection.execute(b"SET search_path = " + sql.Identifier(course.bot).as_bytes())
        await thief.connection.execute(statement.encode())


async def _read_literals_otherwise(thief: Thief) -> None:
    """A backslash at the end of a service's name would swallow the quote after it."""
    for statement in ("SET standard_conforming_strings = off", "SET escape_string_warning = off"):
        await thief.connection.execute(statement.encode())


async def _force_other_plans(thief: Thief) -> None:
    """Conditions in another order."""
    for name in (
        "hashjoin",
        "nestloop",
        "mergejoin",
        "seqscan",
        "indexscan",
        "indexonlyscan",
        "bitmapscan",
        "material",
    ):
        await thief.connection.execute(f"SET enable_{name} = off".encode())
    for statement in ("SET join_collapse_limit = 1", "SET transform_null_equals = on", "SET plan_cache_mode = auto"):
        await thief.connection.execute(statement.encode())


@pytest.mark.parametrize(
    "prepare",
    [_shadow_by_temporary_objects, _shadow_by_permanent_objects, _read_literals_otherwise, _force_other_plans],
)
async def test_nothing_of_the_caller_s_session_reaches_the_guard(
    course: Class, thief: Thief, others: list[OpenBackend], prepare: Callable[[Thief], Awaitable[None]]
) -> None:
    student = await course.postgres.open_backend(course.make_student(), Doing.ACTIVE)
    await prepare(thief)
    assert {await thief.ask_for(one, action) for one in others for action in ACTIONS} == {"refused"}
    assert untouched(course, others)
    assert await thief.ask_for(student) == "signalled"


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_an_old_look_at_who_is_a_student_is_not_used(course: Class, thief: Thief, level: str) -> None:
    role = course.make_student()
    opened = await course.postgres.open_backend(role, Doing.ACTIVE)
    await thief.connection.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
    await thief.connection.execute("SELECT count(*) FROM pg_auth_members")
    course.postgres.run("REVOKE {} FROM {}", course.students, role)
    assert await thief.ask_for(opened) == "refused"
    await thief.connection.rollback()
    assert await thief.ask_for(opened) == "refused"
    assert untouched(course, [opened])


async def test_an_old_look_at_the_sessions_is_not_used(course: Class, thief: Thief) -> None:
    opened = await course.postgres.open_backend(course.make_student())
    identity = thief.identity(opened.pid)
    await thief.connection.execute("BEGIN")
    await thief.connection.execute("SELECT count(*) FROM pg_stat_activity")
    await course.postgres.close_backend(opened)
    kept = await (
        await thief.connection.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [opened.pid])
    ).fetchone()
    assert kept == (1,)
    assert await thief.ask(*identity, "terminate") == "gone"


async def test_nobody_but_the_bot_can_call_it(course: Class, thief: Thief, others: list[OpenBackend]) -> None:
    student = course.make_student()
    opened = await course.postgres.open_backend(student)
    for role in (student, others[4].role, others[5].role):
        async with await psycopg.AsyncConnection.connect(course.postgres.dsn(role), autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await replace(thief, connection=connection).ask_for(opened)
    assert course.postgres.is_open(opened)
