"""What a newcomer gets wrong on a server: each fault on a true one, its mend done as it is printed, the fault gone."""

from datetime import timedelta

import pytest

from bot.clock import clock
from bot.doctor.finding import Level
from tests.classdb import a_home, installed
from tests.eventually import eventually
from tests.integration.doctor.conftest import Newcomer
from tests.postgres import Postgres

SERVER = "Server class"


def bot_of(postgres: Postgres, **rights: bool) -> str:
    """A role for the bot that lacks nothing but what is said."""
    return postgres.make_bot_role(**{"reserved": postgres.major >= 16, **rights})


def nobody(postgres: Postgres, role: str) -> bool:
    """Whether no session of a role is left."""
    return not postgres.admin.execute("SELECT FROM pg_stat_activity WHERE usename = %s", [role]).fetchall()


async def test_a_sound_server_has_no_fault_and_no_warning(newcomer: Newcomer) -> None:
    told = await newcomer.look(newcomer.postgres.dsn(bot_of(newcomer.postgres)))

    assert told.bad(SERVER) == []
    assert told.says(f"PostgreSQL {newcomer.postgres.server.version} answers")
    assert told.says("1 role can log in as student")
    if newcomer.postgres.major < 16:
        assert "Start the bot before the rush" in told.the("keeps its reserve for superusers alone").mend
    else:
        assert told.says("2 slots in reserve let it in")


async def test_the_right_to_see_is_granted_as_printed(newcomer: Newcomer) -> None:
    dsn = newcomer.postgres.dsn(bot_of(newcomer.postgres, stats=False))

    found = (await newcomer.look(dsn)).the("can be shown")
    assert found.level is Level.FAULT
    newcomer.run(found)

    assert (await newcomer.look(dsn)).bad(SERVER) == []


async def test_the_guard_is_made_and_mended_as_printed(newcomer18: Newcomer) -> None:
    bot = bot_of(newcomer18.postgres, stats=False, signal=False, reserved=False)
    dsn = newcomer18.postgres.dsn(bot)
    try:
        found = (await newcomer18.look(dsn)).the("has no rights yet")
        assert found.level is Level.FAULT
        newcomer18.run(found)
        told = await newcomer18.look(dsn)
        assert told.bad(SERVER) == []
        assert told.says("It ends sessions through the guard")

        # With the other way as well, a stolen password would end anybody's sessions.
        newcomer18.postgres.run("GRANT pg_signal_backend TO {}", bot)
        newcomer18.run((await newcomer18.look(dsn)).the("has pg_signal_backend as well"))
        assert (await newcomer18.look(dsn)).bad(SERVER) == []

        # Another list of students, then another hand in it.
        others = newcomer18.postgres.make_group()
        newcomer18.postgres.make_role("student", groups=(others,))
        newcomer18.students = others
        newcomer18.run((await newcomer18.look(dsn)).the("other students than connbot.toml"))
        assert (await newcomer18.look(dsn)).bad(SERVER) == []
        newcomer18.postgres.run("GRANT USAGE ON SCHEMA {} TO PUBLIC", f"{bot}_guard")
        found = (await newcomer18.look(dsn)).the("not as its script makes it")
        assert found.level is Level.FAULT
        newcomer18.run(found)
        assert (await newcomer18.look(dsn)).bad(SERVER) == []
    finally:
        newcomer18.shell("connbot doctor --sql class --remove > removal.sql && psql -X -d postgres -f removal.sql")


async def test_without_the_guard_it_is_advised_and_can_be_had_as_printed(newcomer18: Newcomer) -> None:
    dsn = newcomer18.postgres.dsn(bot_of(newcomer18.postgres))
    try:
        newcomer18.run((await newcomer18.look(dsn)).the("it could end students' alone"))

        told = await newcomer18.look(dsn)
        assert told.bad(SERVER) == []
        assert told.says("It ends sessions through the guard")
    finally:
        newcomer18.shell("connbot doctor --sql class --remove > removal.sql && psql -X -d postgres -f removal.sql")


async def test_the_reserve_is_granted_as_printed(newcomer: Newcomer) -> None:
    dsn = newcomer.postgres.dsn(bot_of(newcomer.postgres, reserved=False))

    told = await newcomer.look(dsn)
    if newcomer.postgres.major < 16:
        assert told.bad(SERVER) == []
        return
    newcomer.run(told.the("a full server would refuse the bot"))

    assert (await newcomer.look(dsn)).bad(SERVER) == []


async def test_a_role_that_may_hold_one_connection_gets_more(newcomer: Newcomer) -> None:
    bot = bot_of(newcomer.postgres)
    newcomer.postgres.run("ALTER ROLE {} CONNECTION LIMIT 1", bot)
    dsn = newcomer.postgres.dsn(bot)

    newcomer.run((await newcomer.look(dsn)).the("one that hangs cannot be replaced"))
    assert (await newcomer.look(dsn)).bad(SERVER) == []

    newcomer.postgres.run("ALTER ROLE {} CONNECTION LIMIT 1", bot)
    await eventually(lambda: nobody(newcomer.postgres, bot))
    await newcomer.postgres.open_backend(bot)
    refused = (await newcomer.look(dsn)).the("cannot be reached: too many connections for role")
    assert "connbot serve" in refused.mend
    newcomer.run(refused)
    told = await newcomer.look(dsn)
    assert told.bad(SERVER) == []
    assert told.says("1 other connection of")


async def test_a_limit_of_the_bot_s_database_is_told_when_it_can_get_in_and_when_not(newcomer: Newcomer) -> None:
    bot, base = bot_of(newcomer.postgres), newcomer.postgres.make_database(limit=1)
    dsn = newcomer.postgres.dsn(bot, dbname=base)

    assert "such as postgres" in (await newcomer.look(dsn)).the("has a connection limit").mend
    await newcomer.postgres.open_backend(newcomer.postgres.make_role(), dbname=base)
    newcomer.run((await newcomer.look(dsn)).the("too many connections for database"))

    assert (await newcomer.look(dsn)).bad(SERVER) == []


async def test_a_full_server_says_so_and_from_16_on_how_the_bot_gets_in(newcomer: Newcomer) -> None:
    bot = newcomer.postgres.make_bot_role()
    dsn = newcomer.postgres.dsn(bot)
    await newcomer.postgres.fill(newcomer.postgres.make_role())

    found = (await newcomer.look(dsn)).the("slots are reserved")
    assert found.what.startswith("It cannot be reached")
    assert "/conns" in found.mend
    alter, grant = found.lines
    assert alter == "ALTER SYSTEM SET reserved_connections = 2;"
    if newcomer.postgres.major >= 16:
        newcomer.postgres.admin.execute(grant)
        told = await newcomer.look(dsn)
        assert [what.split(":")[0] for what in told.bad(SERVER)] == ["It is full now"]


async def test_students_roles_that_are_wrong(newcomer18: Newcomer) -> None:
    dsn = newcomer18.postgres.dsn(bot_of(newcomer18.postgres))

    assert (await newcomer18.look(dsn, students=())).the("names no students").level is Level.FAULT
    unknown = await newcomer18.look(dsn, students=("studens",), toml="services = ['canvsa']")
    assert [f.level for f in (unknown.the("studens"), unknown.the("canvsa"))] == [Level.FAULT, Level.FAULT]
    assert unknown.says("Nobody is named for its service accounts")

    empty = newcomer18.postgres.make_group()
    found = (await newcomer18.look(dsn, students=(empty,))).the("No role is a member")
    student = newcomer18.postgres.make_role("student")
    (line,) = found.lines
    newcomer18.postgres.admin.execute(line.replace("student_role", student))
    assert (await newcomer18.look(dsn, students=(empty,))).bad(SERVER) == []


async def test_a_role_with_more_rights_than_the_bot_uses(newcomer18: Newcomer) -> None:
    boss = newcomer18.postgres.make_role("boss", superuser=True)
    found = (await newcomer18.look(newcomer18.postgres.dsn(boss))).the("is a superuser")
    assert found.level is Level.WARNING
    assert found.lines == ("connbot doctor --sql class",)

    bot = bot_of(newcomer18.postgres)
    newcomer18.postgres.run("ALTER ROLE {} CREATEROLE CREATEDB BYPASSRLS", bot)
    found = (await newcomer18.look(newcomer18.postgres.dsn(bot))).the("more rights than the bot uses")
    assert "CREATEROLE, CREATEDB and BYPASSRLS" in found.what
    newcomer18.run(found)
    assert (await newcomer18.look(newcomer18.postgres.dsn(bot))).bad(SERVER) == []


@pytest.mark.parametrize(("days", "level"), [(-1, Level.FAULT), (10, Level.WARNING), (60, None)])
async def test_a_password_that_ends(newcomer18: Newcomer, days: int, level: Level | None) -> None:
    bot = bot_of(newcomer18.postgres)
    until = clock() + timedelta(days=days)
    newcomer18.postgres.admin.execute(f"ALTER ROLE {bot} VALID UNTIL '{until.isoformat()}'")

    told = await newcomer18.look(newcomer18.postgres.dsn(bot))
    if level is None:
        assert told.bad(SERVER) == []
        return
    found = told.the("Its password end")
    assert (found.level, f"{until:%Y-%m-%d}" in found.what) == (level, True)
    newcomer18.run(found)
    assert (await newcomer18.look(newcomer18.postgres.dsn(bot))).bad(SERVER) == []


async def test_settings_of_the_bot_s_role_that_ours_outrank_do_no_harm_and_others_are_named(newcomer: Newcomer) -> None:
    bot = bot_of(newcomer.postgres)
    newcomer.postgres.run("ALTER ROLE {} SET statement_timeout = '1ms'", bot)
    newcomer.postgres.run("ALTER ROLE {} SET idle_session_timeout = '1min'", bot)
    newcomer.postgres.run("ALTER ROLE {} SET work_mem = '64kB'", bot)

    told = await newcomer.look(newcomer.postgres.dsn(bot))

    assert told.bad(SERVER) == []
    pinned, left = told.the("outrank that"), told.the("leaves that so")
    assert "statement_timeout = 1ms (on the role) and idle_session_timeout = 1min (on the role) are set" in pinned.what
    assert left.what.startswith("work_mem = 64kB (on the role) is set")
    assert left.level is Level.NOTE


async def test_a_password_in_the_configuration(newcomer18: Newcomer) -> None:
    dsn = newcomer18.postgres.dsn(bot_of(newcomer18.postgres), password="geheim")

    found = (await newcomer18.look(dsn)).the("holds a password")

    assert found.level is Level.WARNING
    assert "geheim" not in str(found)
    assert f"'{newcomer18.postgres.host}:{newcomer18.postgres.port}:*:" in found.lines[0]


async def test_a_configuration_that_cannot_be_read_is_told_for_that_server(newcomer18: Newcomer) -> None:
    told = await newcomer18.look("host", toml="poolers = ['10.0.0']")

    assert [what.split(" ")[0:3] for what in told.bad(SERVER)] == [
        ["The", "dsn", "of"],
        ["servers.class.poolers", "has", "'10.0.0':"],
    ]


async def test_a_login_that_has_only_classdb_s_rights_is_no_fault(newcomer18: Newcomer) -> None:
    with a_home(newcomer18.postgres) as home, installed(newcomer18.postgres, home) as classdb:
        classdb.make_student()
        dsn = classdb.dsn(classdb.make_instructor())
        told = await newcomer18.look(dsn, students=())

        assert told.of(Level.FAULT, title=SERVER) == []
        assert told.says("It ends sessions through ClassDB's functions")
        assert told.says("1 role can log in as students (classdb_student)")
        found = told.the("do not tell what a connection is doing")
        assert found.level is Level.WARNING
        newcomer18.run(found)
        assert not (await newcomer18.look(dsn, students=())).says("do not tell what a connection is doing")
