"""The command line: exit status 0 done, 1 could not be done, 2 wrong usage; each failure one sentence, no secret in any."""

import argparse
import asyncio
import json
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.access.member import Grade
from bot.cli.grammar import grammar
from bot.slack import ids
from tests.courses import Course, a_course, served, slack_id
from tests.postgres import Postgres
from tests.processes import connbot
from tests.terminals import SECRET, Terminal

TOM = slack_id("tom")


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    """A terminal beside a configuration whose server is not there."""
    config = tmp_path / "connbot.toml"
    config.write_text(
        f'timezone = "America/New_York"\n[servers.class]\ndsn = "host=127.0.0.1 port=1 password={SECRET}"\n'
        'students = ["students"]\n'
    )
    variables = {"CONNBOT_CONFIG": str(config), "CONNBOT_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"}
    return Terminal(capsys, variables)


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, the empty one first."""
    yield words
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from commands(inner, (*words, word))


@pytest.mark.parametrize("command", [*commands(grammar())], ids=" ".join)
def test_every_command_explains_itself(terminal: Terminal, command: tuple[str, ...]) -> None:
    said = terminal(*command, "--help")

    assert said.status == 0
    assert said.out.startswith(f"usage: {' '.join(('connbot', *command))}")
    assert said.err == ""


@pytest.mark.parametrize(
    "line",
    [
        "",
        "frobnicate",
        "allow",
        "allow U0TOM --grade king",
        "allow tom --grade admin",
        "allow U0TOM",
        "disallow",
        "own U0TOM",
        "roster",
        "roster import",
        "history --format xml",
        "history --limit 0",
        "history --limit -1",
        "audit",
        "demo --port 70000",
        "demo --port x",
        "serve now",
        "doctor --sql",
        "doctor --remove",
        "doctor --letter --remove",
        "doctor --letter --sql class",
    ],
)
def test_wrong_usage_is_2(terminal: Terminal, line: str) -> None:
    said = terminal(*line.split())

    assert said.status == 2
    assert said.err.startswith("usage: connbot")
    assert said.out == ""


def test_the_allow_list_from_the_first_to_the_last(terminal: Terminal) -> None:
    assert "connbot allow" in terminal("members").out
    given = terminal(
        "allow", f"<@{TOM}|tom>", "--grade", "responder", "--roles", "sec1_*, @team_a", "--server", "class"
    )
    assert given.status == 0
    assert f"{TOM} is responder on class" in given.out
    assert "sec1_*,@team_a" in given.out
    assert terminal("allow", "U0PRIYA", "--grade", "admin", "--until", "2999-12-20T18:00").status == 0

    listed = terminal("members").out.splitlines()
    assert [line.split()[0] for line in listed] == ["U0PRIYA", TOM]
    assert "until 2999-12-20 18:00" in listed[0]

    # The last admin too: at the command line somebody can put it right.
    for person in (TOM, "U0PRIYA"):
        assert terminal("disallow", person).status == 0
    again = terminal("disallow", TOM)
    assert (again.status, again.err) == (1, f"{TOM} is not on the allow-list.\n")
    history = terminal("history").out
    assert history.count("membership") == 4
    assert history.count(TOM) == 2


def test_a_grant_that_gives_nothing_is_refused(terminal: Terminal) -> None:
    grant = ("allow", TOM, "--grade", "responder")
    for wrong in (["--until", "soon"], ["--until", "2020-01-01"], ["--roles", " , "], ["--server", "other"]):
        said = terminal(*grant, *wrong)
        assert said.status == 1
        assert len(said.err.splitlines()) == 1, said.err
    assert "Nobody" in terminal("members").out


def test_a_grant_that_is_over_is_said_to_be(terminal: Terminal, tmp_path: Path) -> None:
    terminal("allow", TOM, "--grade", "responder", "--until", "2999-01-01")
    with closing(sqlite3.connect(tmp_path / "own.db")) as own:
        long_ago = "added_at = '2019-01-01 00:00:00.000', until = '2020-01-01 00:00:00.000'"
        own.execute(f"UPDATE members SET {long_ago}")
        own.commit()

    assert "which is over" in terminal("members").out


def test_history_as_json_names_its_fields(terminal: Terminal) -> None:
    terminal("allow", TOM, "--grade", "responder")
    (entry,) = json.loads(terminal("history", "--format", "json").out)

    assert set(entry) == {"id", "kind", "server", "role", "state", "requester", "reason", "at", "backends"}
    assert (entry["kind"], entry["state"], entry["backends"]) == ("membership", "allowed", [])
    assert entry["requester"].startswith("cli:")
    assert json.loads(terminal("history", "alice", "--format", "json").out) == []
    assert "Nothing is on record for alice" in terminal("history", "alice").out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
async def test_history_is_told_in_whatever_the_terminal_can_show(
    terminal: Terminal, tmp_path: Path, encoding: str
) -> None:
    await asyncio.to_thread(terminal, "allow", TOM, "--grade", "responder", "--roles", "müller_\u4e2d_\U0001f600")
    variables = {"CONNBOT_CONFIG": str(tmp_path / "connbot.toml"), "PYTHONIOENCODING": encoding}
    variables["CONNBOT_DATABASE_URL"] = f"sqlite:///{tmp_path / 'own.db'}"
    told = {}
    for form in ("text", "csv", "json"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "history", "--format", form),
            env={**os.environ, **variables}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told[form], complaint = await process.communicate()
        assert (process.returncode, complaint) == (0, b""), form
    (entry,) = json.loads(told["json"].decode(encoding))
    assert "müller_\u4e2d_\U0001f600" in entry["reason"]


@pytest.mark.parametrize("week", ["9999-W52", "0001-W01"])
def test_a_week_at_the_end_of_the_calendar_is_none(terminal: Terminal, week: str) -> None:
    for command in ("history", "summary"):
        said = terminal(command, "--week", week)
        assert said.status == 2
        assert f"{week!r} is no week" in said.err


def test_a_wrong_cause_is_told_which_there_are(terminal: Terminal) -> None:
    said = terminal("history", "--cause", "rain")
    assert said.status == 2
    assert "'database_limit', 'pooler_limit', 'reserved_slots', 'role_limit', 'server_limit'" in said.err
    assert "<" not in said.err


def test_history_as_csv_is_a_table(terminal: Terminal) -> None:
    terminal("allow", TOM, "--grade", "responder", "--roles", "=sec1_*")
    header, line = terminal("history", "--format", "csv").out.splitlines()

    assert header == "id,kind,server,role,state,requester,reason,at,pid,started_at,outcome"
    assert line.startswith("1,membership,,,allowed,cli:")
    assert terminal("history", "alice", "--format", "csv").out.splitlines() == [header]


def test_a_person_is_forgotten_and_the_record_is_whole(terminal: Terminal) -> None:
    terminal("allow", TOM, "--grade", "responder")
    terminal("allow", "U0PRIYA", "--grade", "admin")

    said = terminal("forget", TOM)

    assert said.status == 0
    assert "Forgotten: 1 grant, 0 links to roles, 1 entry of the record, 0 requests." in said.out
    assert TOM not in terminal("members").out + terminal("history", "--format", "json").out
    assert "3 entries" in terminal("audit", "verify").out
    again = terminal("forget", TOM)
    assert (again.status, again.err) == (1, f"Nothing is kept of {TOM}.\n")
    assert terminal("forget", "tom").status == 2


def test_the_record_is_verified_and_tampering_is_found(terminal: Terminal, tmp_path: Path) -> None:
    key = {"CONNBOT_AUDIT_KEY": SECRET}
    for person in ("U0A1", "U0A2", "U0A3"):
        terminal("allow", person, "--grade", "responder", **key)
    whole = terminal("audit", "verify", **key)
    assert whole.status == 0
    assert "3 entries" in whole.out
    assert "no key" not in whole.out
    found = re.search(r"head (\S+[0-9a-f])", whole.out)
    assert found is not None
    terminal("disallow", "U0A1", **key)
    assert terminal("audit", "verify", "--head", found[1], **key).status == 0

    other_key = terminal("audit", "verify", CONNBOT_AUDIT_KEY="another")
    garbage = terminal("audit", "verify", "--head", "xyz", **key)
    with closing(sqlite3.connect(tmp_path / "own.db")) as own:
        own.execute("UPDATE record SET payload = replace(payload, 'U0A2', 'U0A9') WHERE seq = 2")
        own.commit()
    tampered = terminal("audit", "verify", **key)

    for said in (other_key, garbage, tampered):
        assert said.status == 1
        assert len(said.err.splitlines()) == 1
    assert "entry 2" in tampered.err


def test_an_unkeyed_record_says_what_that_leaves_open(terminal: Terminal) -> None:
    terminal("allow", TOM, "--grade", "responder")

    assert "CONNBOT_AUDIT_KEY" in terminal("audit", "verify").out


def test_migrate_says_what_it_did(terminal: Terminal, tmp_path: Path) -> None:
    assert "empty database" in terminal("migrate").out
    assert "already" in terminal("migrate").out
    assert (tmp_path / "own.db").stat().st_mode & 0o077 == 0


BROKEN: dict[str, Callable[[Path], dict[str, str]]] = {
    "no configuration": lambda folder: {"CONNBOT_CONFIG": str(folder / "none.toml")},
    "a configuration of garbage": lambda folder: {"CONNBOT_CONFIG": written(folder / "x.toml", "[[[")},
    "a configuration with faults": lambda folder: {"CONNBOT_CONFIG": written(folder / "x.toml", "colour = 1")},
    "a database of another kind": lambda _: {"CONNBOT_DATABASE_URL": f"mysql://x:{SECRET}@h/d"},
    "no address": lambda _: {"CONNBOT_DATABASE_URL": SECRET},
    "a database that is not there": lambda _: {"CONNBOT_DATABASE_URL": f"postgresql://x:{SECRET}@127.0.0.1:1/d"},
    "a file of garbage": lambda folder: {"CONNBOT_DATABASE_URL": f"sqlite:///{written(folder / 'x.db', 'z' * 500)}"},
    "a folder": lambda folder: {"CONNBOT_DATABASE_URL": f"sqlite:///{folder}"},
    "no folder": lambda folder: {"CONNBOT_DATABASE_URL": f"sqlite:///{folder / 'no' / 'own.db'}"},
    "a secret twice": lambda folder: {"CONNBOT_AUDIT_KEY": SECRET, "CONNBOT_AUDIT_KEY_FILE": str(folder)},
}


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_set_up_is_a_sentence(terminal: Terminal, tmp_path: Path, name: str) -> None:
    said = terminal("members", **BROKEN[name](tmp_path))

    assert said.status == 1
    assert said.out == ""
    assert said.err.endswith(".\n")
    # A sentence a fault: `a secret twice` has two.
    assert len(said.err.splitlines()) <= 2


def test_a_server_that_is_not_there_is_a_sentence(terminal: Terminal) -> None:
    said = terminal("own", TOM, "alice")

    assert said.status == 1
    assert said.err == (
        "The server class cannot be reached: it may be down, restarting, or cut off. Nothing was ended. (Connection refused)\n"
    )


def test_serve_names_all_that_is_missing(terminal: Terminal, tmp_path: Path) -> None:
    config = written(tmp_path / "x.toml", "colour = 1\n[servers.class]\n")
    said = terminal("serve", CONNBOT_CONFIG=config, SLACK_BOT_TOKEN=f"xoxp-{SECRET}")

    assert said.status == 1
    for word in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "colour", "servers.class.dsn"):
        assert word in said.err


async def test_what_was_given_before_any_serve_is_there_when_it_serves(
    postgres18: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No workspace is known yet: the first one that is met takes it over."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    async with a_course(postgres18, url, tmp_path, serving=False) as course:
        alice = course.make_student()
        offline = {name: value for name, value in course.environment.items() if not name.startswith("SLACK_")}
        terminal = Terminal(capsys, offline)
        for line in (f"allow {TOM} --grade responder", f"own {slack_id('alice')} {alice}"):
            assert (await asyncio.to_thread(terminal, *line.split())).status == 0

        async with served(course):
            await course.fill(alice, 1)
            assert "1 of 5" in (await course.ask("tom", f"/conns {alice}")).text
            assert alice in (await course.ask("alice", "/conns")).text


async def test_beside_a_running_serve(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    alice = course.make_student()
    (one,) = await course.fill(alice, 1)
    terminal = Terminal(capsys, course.environment)

    assert "may not" in (await course.ask("tom", f"/conns {alice}")).text
    await asyncio.to_thread(terminal, "allow", TOM, "--grade", "responder", "--server", "class")
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    await course.press("tom", asked, ids.TERMINATE)

    told = (await asyncio.to_thread(terminal, "history", alice)).out
    assert f"{one.pid} terminated" in told
    entries = json.loads((await asyncio.to_thread(terminal, "history", "--format", "json")).out)
    assert [entry["kind"] for entry in entries] == ["termination", "membership", "refusal", "workspace"]
    (backend,) = entries[0]["backends"]
    assert backend == {"pid": one.pid, "started_at": one.started_at.isoformat(), "outcome": "terminated"}
    assert (await asyncio.to_thread(terminal, "audit", "verify")).status == 0
    await asyncio.to_thread(terminal, "disallow", TOM)
    assert "may not" in (await course.ask("tom", f"/conns {alice}")).text


async def test_owners(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    alice, second = course.make_student(), course.make_student()
    terminal = Terminal(capsys, course.environment)
    person = slack_id("alice")

    for role in (alice, second):
        assert (await asyncio.to_thread(terminal, "own", person, role)).out == f"{person} owns {role} on class now.\n"
    unknown = await asyncio.to_thread(terminal, "own", person, "nobody")
    listed = await course.ask("alice", "/conns")
    one = await asyncio.to_thread(terminal, "disown", person, alice)
    other = await asyncio.to_thread(terminal, "disown", person)
    none = await asyncio.to_thread(terminal, "disown", person)

    assert (unknown.status, unknown.err) == (
        1,
        "There is no role nobody on class: look at the spelling, upper and lower case too.\n",
    )
    assert alice in listed.text
    assert second in listed.text
    assert alice in one.out
    assert second in other.out
    assert (none.status, none.err) == (1, f"{person} owns no role.\n")


async def test_another_workspace_s_token_is_told_apart(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """Two workspaces in one database: only Slack can say which one a token means."""
    await course.grant("tom", Grade.ADMIN)
    async with course.database() as database, database.write() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO workspaces (team, name, first_seen) VALUES ('T0OTHER', 'Other', '2026-01-01 00:00:00.000')"
        )
    offline = {name: value for name, value in course.environment.items() if not name.startswith("SLACK_")}

    with_token = await asyncio.to_thread(Terminal(capsys, course.environment), "members")
    without = await asyncio.to_thread(Terminal(capsys, offline), "members")

    assert TOM in with_token.out
    assert without.status == 1
    assert "SLACK_BOT_TOKEN" in without.err


async def test_as_a_process(tmp_path: Path) -> None:
    """As an operator runs it: the entry point, the exit status, nothing but the sentence."""
    faulty = await connbot("serve", variables={"SLACK_BOT_TOKEN": "xoxb-1"}, folder=tmp_path)

    assert faulty.status == 1
    assert len(faulty.err.splitlines()) == 2
    assert "SLACK_APP_TOKEN" in faulty.err
    assert "connbot.toml" in faulty.err
