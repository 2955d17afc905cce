"""The letter: true to configuration and manifest, whether or not anything could be asked."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.doctor.letter import Home, ServerAsked, write
from bot.servers.settings import ServerSettings
from bot.settings import Course
from bot.slack.commands import CommandNames
from bot.slack.scopes import SCOPES

CLASS = ServerSettings(
    "class", "service=classdb password=geheim", students=("classdb_student", "team|a"), services=("canvas",)
)
COURSE = Course(ZoneInfo("UTC"), "C0STAFF", ("C0HELP",), "inform", CommandNames(kill="/end"), (CLASS,), None)
HOME = Home("/var/lib/connbot/own.db", is_file=True, over_http=False, keyed=False)
ASKED = ServerAsked(CLASS, "connbot", "postgres", 180006, "", "BEGIN;\nCOMMIT;\n", guarded=True)


def letter(asked: ServerAsked = ASKED, home: Home = HOME) -> str:
    return " ".join(write(COURSE, home, [asked]).split())


def test_it_names_the_configured_servers_roles_and_commands_and_holds_the_sql() -> None:
    told = letter()

    assert "role connbot, database postgres; PostgreSQL 18.6." in told
    assert 'members of classdb_student and "team|a"; never canvas.' in told
    assert "The guard is in place." in told
    assert "/end, /conns" in told
    assert "```sql BEGIN; COMMIT; ```" in told
    assert "connbot doctor --sql class --remove" in told
    assert "C0HELP, C0STAFF" in told
    assert "geheim" not in told


def test_students_of_whom_the_server_itself_knows_are_told_and_where_there_are_none_that_is() -> None:
    asked = replace(ASKED, settings=replace(CLASS, students=(), services=()))

    assert "Can be ended: members of classdb_student." in letter(replace(asked, students=("classdb_student",)))
    assert "Can be ended: nobody's sessions yet, because no students' role is named." in letter(asked)


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_stands_there_with_its_reason(scope: str) -> None:
    assert f"| `{scope}` | {SCOPES[scope]} |" in letter()


def test_what_it_can_read_follows_from_the_scopes() -> None:
    history = {"channels:history", "groups:history"} & SCOPES.keys()

    assert ("It cannot read what is written in channels" in letter()) is not bool(history)
    assert ("invited it to" in letter()) is bool(history)


def test_what_is_not_known_is_said() -> None:
    asked = replace(ASKED, version=None, failure="Connection refused", guarded=None)

    assert "version unknown, the server could not be asked (Connection refused)" in letter(asked)
    assert "The guard is" not in letter(asked)
    assert "The guard is not yet in place." in letter(replace(ASKED, guarded=False))
    assert "```sql" not in letter(
        replace(ASKED, script="", fault="The dsn of servers.class names the role '': mend it.")
    )


def test_where_data_lie_and_how_slack_comes_in() -> None:
    assert "an SQLite file that only its owner can read: `/var/lib/connbot/own.db`" in letter()
    assert "without a key" in letter()
    assert "nothing needs to reach it from outside" in letter()
    elsewhere = letter(home=Home("postgresql://own@db/own", is_file=False, over_http=True, keyed=True))
    assert "a PostgreSQL database: `postgresql://own@db/own`" in elsewhere
    assert "with a key that is not kept in it" in elsewhere
    assert "each request is signed" in elsewhere


def test_a_console_is_told_of_where_there_is_one() -> None:
    assert "admin console" not in letter()
    assert "admin console" in letter(replace(ASKED, settings=replace(CLASS, pgbouncer="port=6432 password=geheim")))
