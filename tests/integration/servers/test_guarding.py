"""The bot and the guard: used where it stands as it was made, passed over where it does not, seen without a restart."""

import logging
from collections.abc import Sequence

import psycopg
import pytest
from psycopg import sql

from bot.demo.clients import Doing
from bot.servers.guard import GuardStanding
from bot.servers.guard_function import ARGUMENTS, FUNCTION, TYPES, guard_name
from bot.servers.postgres import PostgresServer
from bot.servers.rights import Cost, Missing, MissingKind
from bot.servers.server import Verdict, target_of
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, shown

SOON = 0.05
"""Seconds between heartbeats, where a test waits for one."""


def plain_bot(course: Class) -> str:
    """A bot without the right to signal by itself."""
    return course.postgres.make_bot_role(signal=False, reserved=course.postgres.major >= 16)


async def end_one(course: Class, server: PostgresServer) -> tuple[Verdict, str]:
    """Have a student's session ended."""
    opened = await course.postgres.open_backend(course.make_student())
    target = target_of(await shown(server, opened))
    verdicts = await server.terminate([target], before=course.soon())
    return verdicts[target.id], verdicts.details.get(target.id, "")


def change(course: Class, bot: str, statement: str, *more: sql.Composable) -> None:
    """Run a statement in which {function}, {schema}, {guard}, {bot} and {student} are what they say."""
    guard = sql.Identifier(guard_name(bot))
    names = {
        "guard": guard,
        "schema": guard,
        "function": sql.SQL("{}.{}({})").format(guard, sql.Identifier(FUNCTION), sql.SQL(TYPES)),
        "header": sql.SQL("{}.{}({}) RETURNS text").format(guard, sql.Identifier(FUNCTION), sql.SQL(ARGUMENTS)),
        "bot": sql.Identifier(bot),
        "student": sql.Identifier(course.make_student()),
    }
    course.postgres.admin.execute(sql.SQL(statement).format(*more, **names))


def by(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What sessions are signalled by, as the log says."""
    return [record.__dict__["by"] for record in caplog.records if hasattr(record, "by")]


async def test_a_bot_without_pg_signal_backend_ends_sessions_through_the_guard(
    course: Class, caplog: pytest.LogCaptureFixture
) -> None:
    bot = plain_bot(course)
    course.stand_guard(bot)
    with caplog.at_level(logging.INFO, logger="bot"):
        server = await course.open(bot)
        assert await end_one(course, server) == (Verdict.TERMINATED, "")
    assert by(caplog) == ["guard"]
    assert server.guard.standing is GuardStanding.STANDING
    assert [*server.missing] == []


async def test_what_the_bot_signals_by_is_logged_at_each_change(
    course: Class, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="bot"):
        server = await course.open()
        assert await end_one(course, server) == (Verdict.TERMINATED, "")
        course.postgres.run("REVOKE pg_signal_backend FROM {}", course.bot)
        assert await end_one(course, server) == (Verdict.FAILED, "no_right")
        assert Missing(MissingKind.SIGNAL_BACKEND, Cost.TERMINATING, course.bot) in server.missing
        course.stand_guard()
        assert await end_one(course, server) == (Verdict.TERMINATED, "")
        assert MissingKind.SIGNAL_BACKEND not in [lack.kind for lack in server.missing]
        change(course, course.bot, "DROP FUNCTION {function}")
        assert await end_one(course, server) == (Verdict.FAILED, "no_right")
        course.postgres.run("GRANT pg_signal_backend TO {}", course.bot)
        assert await end_one(course, server) == (Verdict.TERMINATED, "")
    assert by(caplog) == ["own rights", "nothing", "guard", "nothing", "own rights"]


async def test_the_heartbeat_finds_what_changed_when_nobody_asks(course: Class) -> None:
    bot = plain_bot(course)
    server = await course.open(bot, heartbeat_every=SOON)
    assert [*server.missing] == [Missing(MissingKind.SIGNAL_BACKEND, Cost.TERMINATING, bot)]
    course.stand_guard(bot)
    await eventually(lambda: server.guard.standing is GuardStanding.STANDING)
    assert [*server.missing] == []
    change(course, bot, "ALTER FUNCTION {function} RESET ALL")
    await eventually(lambda: server.guard.differs == ("settings",))


CHANGES = {
    "source": "CREATE OR REPLACE FUNCTION {header} LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
    " AS $$ SELECT CASE WHEN pg_terminate_backend(signal_student.pid) THEN 'signalled' END $$",
    "settings": "ALTER FUNCTION {function} SET search_path = public, pg_catalog",
    "settings by another": "ALTER FUNCTION {function} SET work_mem = '1MB'",
    "settings of the invoker": "ALTER FUNCTION {function} SECURITY INVOKER",
    "settings of strictness": "ALTER FUNCTION {function} STRICT",
    "owner": "ALTER FUNCTION {function} OWNER TO postgres",
    "owner who logs in": "ALTER ROLE {guard} LOGIN",
    "grants": "GRANT EXECUTE ON FUNCTION {function} TO PUBLIC",
    "grants to one": "GRANT EXECUTE ON FUNCTION {function} TO {student}",
    "grants to hand on": "GRANT EXECUTE ON FUNCTION {function} TO {bot} WITH GRANT OPTION",
    "schema": "GRANT CREATE ON SCHEMA {schema} TO {student}",
    "schema of the bot": "ALTER SCHEMA {schema} OWNER TO {bot}",
    "rights": "REVOKE pg_signal_backend FROM {guard}",
    "rights to see": "REVOKE pg_read_all_stats FROM {guard}",
    "rights too many": "GRANT pg_write_all_data TO {guard}",
    "members": "GRANT {guard} TO {student}",
    "execute": "REVOKE EXECUTE ON FUNCTION {function} FROM {bot}",
    "execute nothing there": "REVOKE USAGE ON SCHEMA {schema} FROM {bot}",
}


NOT_UNDONE: Sequence[str] = ("owner who logs in", "rights too many", "members", "schema of the bot")
"""What the script stops at, because somebody has to find out first why it is so."""


@pytest.mark.parametrize("what", CHANGES)
async def test_a_changed_guard_is_told_of_and_not_used_until_its_script_has_run_again(newest: Class, what: str) -> None:
    bot = plain_bot(newest)
    newest.stand_guard(bot)
    server = await newest.open(bot)
    change(newest, bot, CHANGES[what])

    assert await end_one(newest, server) == (Verdict.FAILED, "no_right")
    assert server.guard.standing is GuardStanding.CHANGED
    assert what.split(maxsplit=1)[0] in server.guard.differs
    assert Missing(MissingKind.GUARD_CHANGED, Cost.TERMINATING, ", ".join(server.guard.differs)) in server.missing
    newest.postgres.run("GRANT pg_signal_backend TO {}", bot)
    assert await end_one(newest, server) == (Verdict.TERMINATED, "")
    assert Missing(MissingKind.GUARD_CHANGED, Cost.LEAST_RIGHTS, ", ".join(server.guard.differs)) in server.missing
    if what in NOT_UNDONE:
        with pytest.raises(psycopg.errors.RaiseException):
            newest.stand_guard(bot)
        return
    newest.stand_guard(bot)
    assert await end_one(newest, server) == (Verdict.TERMINATED, "")
    assert not server.guard.differs
    assert not server.missing


@pytest.mark.parametrize(
    "overload",
    [
        "pid integer, started_at timestamptz, role_oid oid, action name",
        "pid bigint, started_at timestamptz, role_oid oid, action text",
        "pid integer, started_at timestamptz, role_oid oid, action text, more integer DEFAULT 0",
    ],
)
async def test_beside_another_function_of_that_name_it_is_not_used(course: Class, overload: str) -> None:
    bot = plain_bot(course)
    course.stand_guard(bot)
    arguments = sql.SQL(overload)
    change(
        course, bot, "CREATE FUNCTION {schema}.signal_student({}) RETURNS text LANGUAGE sql AS 'SELECT 1/0'", arguments
    )
    server = await course.open(bot)
    assert await end_one(course, server) == (Verdict.FAILED, "no_right")
    assert server.guard.differs == ("schema",)
    with pytest.raises(psycopg.errors.RaiseException, match="another function"):
        course.stand_guard(bot)
    change(course, bot, "DROP FUNCTION {schema}.signal_student({})", sql.SQL(overload.removesuffix(" DEFAULT 0")))
    course.stand_guard(bot)
    assert await end_one(course, server) == (Verdict.TERMINATED, "")


async def test_settings_of_the_bot_s_role_do_not_turn_the_guard_away(course: Class) -> None:
    bot = plain_bot(course)
    course.stand_guard(bot)
    for setting in ("default_transaction_isolation = serializable", "standard_conforming_strings = off"):
        course.postgres.run("ALTER ROLE {} SET {}", bot, sql.SQL(setting))
    server = await course.open(bot)
    assert await end_one(course, server) == (Verdict.TERMINATED, "")


async def test_a_session_that_ends_by_itself_before_the_signal_is_gone(course: Class) -> None:
    bot = plain_bot(course)
    course.stand_guard(bot)
    server = await course.open(bot)
    role = course.make_student()
    first, second = [await course.postgres.open_backend(role, Doing.IDLE) for _ in range(2)]
    targets = [target_of(await shown(server, one)) for one in (first, second)]
    await course.postgres.close_backend(first)
    verdicts = await server.terminate(targets, before=course.soon())
    assert [*verdicts.values()] == [Verdict.ALREADY_GONE, Verdict.TERMINATED]


async def test_only_who_can_act_as_the_guard_s_role_is_its_member(course: Class) -> None:
    bot = plain_bot(course)
    course.stand_guard(bot)
    server = await course.open(bot, heartbeat_every=SOON)
    if course.postgres.major >= 16:
        # As whoever made a role has it since then.
        change(course, bot, "GRANT {guard} TO {student} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        assert await end_one(course, server) == (Verdict.TERMINATED, "")
    change(course, bot, "GRANT {guard} TO {student} WITH ADMIN OPTION")
    await eventually(lambda: server.guard.differs == ("members",))
