"""The guard's scripts as an administrator runs them: with psql, again, on servers where things stand in the way, and back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bot.servers.guard import GuardStanding
from bot.servers.guard_function import guard_name
from bot.servers.guard_place import ask
from bot.servers.guard_script import Place, install, removal
from bot.servers.rights import MissingKind
from bot.servers.server import Verdict, target_of
from bot.servers.settings import ServerSettings
from tests.integration.servers.conftest import Class, shown
from tests.postgres import Postgres
from tests.scripts import catalogue, dumps, run_script

DONE = (0, "")
HOSTILE = "o'd\"d \\ $connbot$ :x %s {0}\n-- DROP"


class Scripts:
    """The two scripts for one bot, and psql to run them."""

    def __init__(self, course: Class, bot: str, dbname: str = "postgres", **changes: Any) -> None:
        self.postgres = course.postgres
        self.settings: ServerSettings = course.settings(bot, dbname=dbname, **changes)
        self.place = Place(bot, dbname, course.postgres.admin.info.server_version)
        self.bot, self.guard, self.dbname = bot, guard_name(bot), dbname

    def install(self, role: str = "postgres") -> tuple[int, str]:
        return run_script(self.postgres, install(self.settings, self.place), role=role, dbname=self.dbname)

    def remove(self, role: str = "postgres") -> tuple[int, str]:
        return run_script(self.postgres, removal(self.settings, self.place), role=role, dbname=self.dbname)

    def dumps(self) -> str:
        return dumps(self.postgres, self.dbname)

    def catalogue(self) -> list[str]:
        return catalogue(self.postgres, self.dbname)

    def one(self, query: str, *parameters: object) -> Any:
        row = self.postgres.admin.execute(query.encode(), parameters).fetchone()
        return row and row[0]


def memberships(postgres: Postgres, role: str) -> set[str]:
    query = (
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = %s)"
    )
    return {name for (name,) in postgres.admin.execute(query, [role])}


def test_run_twice_it_changes_nothing_more_and_removed_nothing_is_left(course: Class) -> None:
    scripts = Scripts(course, f"newcomer_{course.bot}")
    before = scripts.dumps()

    assert scripts.install() == DONE
    made = scripts.dumps()
    assert scripts.install() == DONE
    assert scripts.dumps() == made

    reserve = {"pg_use_reserved_connections"} if course.postgres.major >= 16 else set()
    assert memberships(course.postgres, scripts.bot) == {"pg_read_all_stats", *reserve}
    assert memberships(course.postgres, scripts.guard) == {"pg_read_all_stats", "pg_signal_backend"}
    assert scripts.one("SELECT rolcanlogin AND rolpassword IS NULL FROM pg_authid WHERE rolname = %s", scripts.bot)

    # One that was made without asking the server does the same.
    scripts.place = replace(scripts.place, version=None)
    assert scripts.install() == DONE
    assert scripts.dumps() == made

    for _ in range(2):
        assert scripts.remove() == DONE
        assert scripts.dumps() == before


def test_of_a_role_that_was_there_only_what_the_script_did_is_taken_back(course: Class) -> None:
    postgres = course.postgres
    other, base = postgres.make_role("dba", superuser=True), postgres.make_database()
    bot = postgres.make_role("connbot", limit=1, password="secret", groups=[course.students])
    postgres.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", base)
    postgres.run("ALTER ROLE {} SET work_mem = '1MB'", bot)
    postgres.run("COMMENT ON ROLE {} IS {}", bot, sql.Literal("ours"))
    postgres.run("GRANT pg_signal_backend TO {} WITH ADMIN OPTION", bot)
    if postgres.major >= 16:
        postgres.run("GRANT pg_signal_backend TO {} WITH ADMIN OPTION", other)
        postgres.run("GRANT pg_signal_backend TO {} WITH SET FALSE GRANTED BY {}", bot, other)
    scripts = Scripts(course, bot, base)
    before = scripts.dumps()

    for _ in range(2):
        assert scripts.install() == DONE
        assert "pg_signal_backend" not in memberships(postgres, bot)
        assert scripts.one("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", bot) == 3
        assert scripts.one("SELECT has_database_privilege(%s, %s, 'CONNECT')", bot, base)

    assert scripts.remove() == DONE
    assert scripts.dumps() == before


def test_what_the_role_had_before_stays_its_own(course: Class) -> None:
    bot = course.postgres.make_bot_role(signal=False, reserved=course.postgres.major >= 16)
    scripts = Scripts(course, bot)
    before = scripts.catalogue()
    assert scripts.install() == DONE
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 2", bot)
    assert scripts.install() == DONE
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 7", bot)
    assert scripts.remove() == DONE
    assert scripts.one("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", bot) == 7
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT -1", bot)
    assert scripts.catalogue() == before


def test_a_role_that_was_made_anew_meanwhile_is_not_dropped(course: Class) -> None:
    scripts = Scripts(course, f"newcomer_{course.bot}")
    assert scripts.install() == DONE
    course.postgres.run("DROP OWNED BY {}", scripts.bot)
    course.postgres.run("DROP ROLE {}", scripts.bot)
    course.postgres.run("CREATE ROLE {} LOGIN", scripts.bot)
    assert scripts.remove() == DONE
    assert scripts.one("SELECT count(*) FROM pg_roles WHERE rolname = %s", scripts.bot) == 1
    course.postgres.run("DROP ROLE {}", scripts.bot)


async def test_another_configuration_makes_another_guard(course: Class) -> None:
    team, canvas = course.postgres.make_group("team"), course.make_student("canvas")
    member = course.postgres.make_role("member", groups=[team])
    course.stand_guard()
    scripts = Scripts(course, course.bot, students=(course.students, team), services=(canvas,))
    server = await course.open(students=scripts.settings.students, services=scripts.settings.services)
    opened = [await course.postgres.open_backend(role) for role in (member, canvas)]
    targets = [target_of(await shown(server, one)) for one in opened]

    # The guard of before knows no such team: what both the guard and the bot allow is less than either.
    assert (server.guard.standing, server.guard.differs) == (GuardStanding.OUTDATED, ("services", "students"))
    assert MissingKind.GUARD_OUTDATED in [lack.kind for lack in server.missing]
    verdicts = await server.terminate(targets, before=course.soon())
    assert [*verdicts.values()] == [Verdict.FAILED, Verdict.REFUSED]
    assert [*verdicts.details.values()] == ["no_right", "service"]

    assert scripts.install() == DONE
    verdicts = await server.terminate(targets, before=course.soon())
    assert [*verdicts.values()] == [Verdict.TERMINATED, Verdict.REFUSED]
    assert server.guard.standing is GuardStanding.STANDING
    assert not [lack for lack in server.missing if lack.kind is MissingKind.GUARD_OUTDATED]


async def test_who_installs_it_need_not_be_a_superuser(course: Class) -> None:
    postgres = course.postgres
    dba, base = postgres.make_role("dba"), postgres.make_database()
    postgres.run("ALTER ROLE {} CREATEROLE", dba)
    postgres.run("GRANT CREATE ON DATABASE {} TO {}", base, dba)
    if postgres.major >= 16:
        for right in ("pg_signal_backend", "pg_read_all_stats", "pg_use_reserved_connections"):
            postgres.run("GRANT {} TO {} WITH ADMIN OPTION", right, dba)
        postgres.run("ALTER ROLE {} SET createrole_self_grant = 'set, inherit'", dba)
    scripts = Scripts(course, f"newcomer_{course.bot}", base)
    before = scripts.dumps()

    assert scripts.install(dba) == DONE
    made = scripts.dumps()
    assert scripts.install(dba) == DONE
    assert scripts.dumps() == made

    server = await course.open(scripts.bot, dbname=base)
    assert server.guard.standing is GuardStanding.STANDING
    opened = await postgres.open_backend(course.make_student())
    target = target_of(await shown(server, opened))
    assert [*(await server.terminate([target], before=course.soon())).values()] == [Verdict.TERMINATED]
    await server.close()
    postgres.run("DROP ROLE {}", opened.role)

    assert scripts.remove(dba) == DONE
    assert scripts.dumps() == before


def test_who_may_not_grant_the_rights_is_told_and_changes_nothing(course: Class) -> None:
    postgres = course.postgres
    dba = postgres.make_role("dba")
    if postgres.major >= 16:
        postgres.run("ALTER ROLE {} CREATEROLE", dba)
    scripts = Scripts(course, f"newcomer_{course.bot}")
    before = scripts.catalogue()
    status, said = scripts.install(dba)
    assert status != 0
    assert "permission denied" in said
    assert scripts.catalogue() == before


async def test_a_guard_that_a_superuser_finds_can_be_removed_by_one(course: Class) -> None:
    postgres = course.postgres
    dba = postgres.make_role("dba", superuser=True)
    scripts = Scripts(course, f"newcomer_{course.bot}")
    before = scripts.catalogue()
    assert scripts.install(dba) == DONE
    assert scripts.install() == DONE
    assert scripts.remove() == DONE
    assert scripts.catalogue() == before


async def test_names_are_data(course: Class) -> None:
    postgres = course.postgres
    bot, group, service = (
        postgres.make_role(f"{HOSTILE}{which}", login=which != "g", groups=()) for which in ("b", "g", "s")
    )
    # With a line break in its name a database cannot be dumped.
    base = postgres.make_database(HOSTILE.replace("\n", " "))
    postgres.run("GRANT {} TO {}", group, service)
    scripts = Scripts(course, bot, base, students=(group, "nobody\\'", "'"), services=(service, "\\"))
    before = scripts.dumps()
    for _ in range(2):
        assert scripts.install() == DONE
    assert HOSTILE in scripts.guard

    server = await course.open(bot, dbname=base, students=scripts.settings.students, services=scripts.settings.services)
    assert server.guard.standing is GuardStanding.STANDING
    opened = await postgres.open_backend(postgres.make_role(HOSTILE, groups=[group]))
    target = target_of(await shown(server, opened))
    assert [*(await server.terminate([target], before=course.soon())).values()] == [Verdict.TERMINATED]
    await server.close()
    postgres.run("DROP ROLE {}", opened.role)

    assert scripts.remove() == DONE
    assert scripts.dumps() == before


def long_name(course: Class) -> str:
    """Of the most bytes that a name can have, the last letter of which a cut would go through."""
    name = course.postgres.make_role("é" * 20)
    longer = name + "x" * (63 - len(name.encode()) - 2) + "é"
    course.postgres.run("ALTER ROLE {} RENAME TO {}", name, longer)
    course.postgres._roles.append(longer)
    return longer


def test_a_name_as_long_as_can_be_is_cut_for_the_guard(course: Class) -> None:
    scripts = Scripts(course, long_name(course))
    assert len(scripts.bot.encode()) == 63
    before = scripts.catalogue()
    assert scripts.install() == DONE
    assert scripts.install() == DONE
    assert scripts.remove() == DONE
    assert scripts.catalogue() == before


def _wrong_database(course: Class, scripts: Scripts) -> str:
    scripts.place = replace(scripts.place, database=course.postgres.make_database())
    return "this script is for the database"


def _wrong_version(course: Class, scripts: Scripts) -> str:
    scripts.place = replace(scripts.place, version=(course.postgres.major + 1) * 10000)
    return f"this script is for PostgreSQL {course.postgres.major + 1}"


def _superuser(course: Class, scripts: Scripts) -> str:
    course.postgres.run("ALTER ROLE {} SUPERUSER", scripts.bot)
    return "is a superuser"


def _no_login(course: Class, scripts: Scripts) -> str:
    course.postgres.run("ALTER ROLE {} NOLOGIN", scripts.bot)
    return "cannot log in"


def _no_inherit(course: Class, scripts: Scripts) -> str:
    course.postgres.run("ALTER ROLE {} NOINHERIT", scripts.bot)
    course.postgres.run("REVOKE pg_read_all_stats FROM {}", scripts.bot)
    return "does not inherit pg_read_all_stats"


def _another_s_role(course: Class, scripts: Scripts) -> str:
    course.postgres.run("CREATE ROLE {}", scripts.guard)
    course.postgres._roles.append(scripts.guard)
    return "that this script did not make"


def _another_s_schema(course: Class, scripts: Scripts) -> str:
    owner = course.make_student()
    course.postgres.run("CREATE SCHEMA {} AUTHORIZATION {}", scripts.guard, owner)
    comment = "Guard of connbot (connbot doctor --sql)."
    course.postgres.run("COMMENT ON SCHEMA {} IS {}", scripts.guard, sql.Literal(comment))
    return "there is a schema"


def _forged_role(course: Class, scripts: Scripts, *, login: bool) -> None:
    comment = "Guard of connbot (connbot doctor --sql). For --remove, what was changed: {}"
    course.postgres.run("CREATE ROLE {}" + (" LOGIN" if login else ""), scripts.guard)
    course.postgres.run("COMMENT ON ROLE {} IS {}", scripts.guard, sql.Literal(comment))
    course.postgres._roles.append(scripts.guard)


def _role_that_logs_in(course: Class, scripts: Scripts) -> str:
    _forged_role(course, scripts, login=True)
    return "attributes that it must not have"


def _role_with_members(course: Class, scripts: Scripts) -> str:
    _forged_role(course, scripts, login=False)
    course.postgres.run("GRANT {} TO {}", scripts.guard, course.make_student())
    return "puts the guard in danger"


def _role_that_is_a_member(course: Class, scripts: Scripts) -> str:
    _forged_role(course, scripts, login=False)
    course.postgres.run("GRANT pg_write_all_data TO {}", scripts.guard)
    return "puts the guard in danger"


@pytest.mark.parametrize(
    "obstacle",
    [
        _wrong_database,
        _wrong_version,
        _superuser,
        _no_login,
        _no_inherit,
        _another_s_role,
        _another_s_schema,
        _role_that_logs_in,
        _role_with_members,
        _role_that_is_a_member,
    ],
)
def test_what_stands_in_the_way_is_told_and_nothing_is_changed(
    newest: Class, obstacle: Callable[[Class, Scripts], str]
) -> None:
    scripts = Scripts(newest, newest.bot)
    words = obstacle(newest, scripts)
    before = scripts.catalogue()
    status, said = scripts.install()
    assert status == 3, said
    assert words in said
    assert scripts.catalogue() == before


def test_a_right_that_is_not_inherited_is_mended_as_the_hint_says(course: Class) -> None:
    course.postgres.run("ALTER ROLE {} NOINHERIT", course.bot)
    course.postgres.run("REVOKE pg_read_all_stats FROM {}", course.bot)
    # From PostgreSQL 16 on what the role's own attribute was when it was granted is what counts.
    course.postgres.run("GRANT pg_read_all_stats TO {}", course.bot)
    scripts = Scripts(course, course.bot)
    status, said = scripts.install()
    assert status == 3, said

    course.postgres.run(said.partition("HINT:  ")[2].partition("\n")[0].replace(f" {course.bot}", " {}"), course.bot)

    status, said = scripts.install()
    assert status == 0, said
    assert scripts.remove() == DONE


def test_a_bot_that_could_walk_around_the_guard_is_warned_of(course: Class) -> None:
    ops = course.postgres.make_group("ops", groups=["pg_signal_backend"])
    course.postgres.run("GRANT {} TO {}", ops, course.bot)
    scripts = Scripts(course, course.bot)
    status, said = scripts.install()
    assert status == 0
    assert "can still end anybody's session" in said
    course.postgres.run("REVOKE {} FROM {}", ops, course.bot)
    course.postgres.run("ALTER ROLE {} CREATEROLE", course.bot)
    status, said = scripts.install()
    assert status == 0
    assert "could so give itself more" in said
    assert scripts.remove() == DONE


def test_what_was_granted_since_keeps_a_role_from_being_dropped_and_all_stays(course: Class) -> None:
    scripts = Scripts(course, f"newcomer_{course.bot}", course.postgres.make_database())
    assert scripts.install() == DONE
    course.postgres.run("GRANT CREATE ON DATABASE {} TO {}", scripts.dbname, scripts.bot)
    made = scripts.catalogue()
    status, said = scripts.remove()
    assert status == 3
    assert "cannot be dropped because some objects depend on it" in said
    assert scripts.catalogue() == made
    course.postgres.run("REVOKE CREATE ON DATABASE {} FROM {}", scripts.dbname, scripts.bot)
    assert scripts.remove() == DONE


def test_a_guard_in_two_databases_goes_with_the_second(course: Class) -> None:
    here = Scripts(course, f"newcomer_{course.bot}")
    there = Scripts(course, here.bot, course.postgres.make_database())
    before = here.catalogue()
    assert here.install() == DONE
    assert there.install() == DONE
    status, said = here.remove()
    assert status == 0
    assert f"stay, because the guard stands in other databases, too: {there.dbname}" in said
    assert there.remove() == DONE
    assert here.catalogue() == before


def test_objects_of_the_database_are_not_taken_for_postgresql_s_own(course: Class) -> None:
    postgres = course.postgres
    base = postgres.make_database()
    with psycopg.connect(postgres.dsn(dbname=base), autocommit=True) as connection:
        connection.execute("CREATE TABLE fallen (into_it text)")
        traps = {
            "format(text, text)": "text",
            "format(text, text, text)": "text",
            "quote_ident(text)": "text",
            "pg_has_role(text, text, text)": "boolean",
            "current_setting(text)": "text",
            "pg_stat_clear_snapshot()": "void",
            "to_regrole(text)": "regrole",
        }
        for signature, returned in traps.items():
            connection.execute(
                f"CREATE FUNCTION public.{signature} RETURNS {returned} LANGUAGE sql AS "
                f"$$ INSERT INTO public.fallen VALUES ('{signature}'); SELECT NULL::{returned} $$".encode()
            )
        connection.execute(
            "CREATE FUNCTION public.eq(name, text) RETURNS boolean LANGUAGE sql AS"
            " $$ INSERT INTO public.fallen VALUES ('='); SELECT true $$"
        )
        connection.execute("CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.eq)")
        connection.execute("CREATE VIEW public.pg_roles AS SELECT * FROM pg_catalog.pg_roles WHERE false")
        postgres.run("ALTER DATABASE {} SET search_path = public, pg_catalog", base)
        scripts = Scripts(course, course.bot, base)
        assert scripts.install() == DONE
        assert scripts.remove() == DONE
        assert connection.execute("SELECT * FROM fallen").fetchall() == []


def test_default_privileges_open_it_to_nobody(course: Class) -> None:
    postgres = course.postgres
    base, student = postgres.make_database(), course.make_student()
    with psycopg.connect(postgres.dsn(dbname=base), autocommit=True) as connection:
        for kind in ("FUNCTIONS", "SCHEMAS"):
            statement = "ALTER DEFAULT PRIVILEGES GRANT ALL ON {} TO {}, PUBLIC"
            connection.execute(sql.SQL(statement).format(sql.SQL(kind), sql.Identifier(student)))
        scripts = Scripts(course, course.bot, base)
        for _ in range(2):
            assert scripts.install() == DONE
            query = "SELECT p.proacl::text, n.nspacl::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = %s"
            ((function, schema),) = connection.execute(query, [scripts.guard]).fetchall()
            assert function == f"{{{scripts.guard}=X/{scripts.guard},{scripts.bot}=X/{scripts.guard}}}"
            assert schema == f"{{postgres=UC/postgres,{scripts.bot}=U/postgres}}"


async def test_the_place_is_the_server_s_own_words_or_else_the_dsn_s(course: Class) -> None:
    version = course.postgres.admin.info.server_version
    asked = await ask(course.settings())
    assert (asked.place, asked.failure) == (Place(course.bot, "postgres", version, (course.students,)), None)
    unknown = await ask(course.settings("newcomer"))
    assert unknown.place == Place("newcomer", "postgres")
    assert unknown.failure
    assert 'role "newcomer" does not exist' in unknown.failure.detail
