"""`connbot diagnose` and `/connbot diagnose`: the same answer to the same text, for anyone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.courses import Course
from tests.terminals import Terminal

REFUSED = 'psql: error: connection to server at "db.example.edu" (10.0.0.7), port 5433 failed: FATAL:  too many connections for role "ann"'
ROOT = Path(__file__).parents[2]


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys, {})


def piped(text: bytes, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "bot", "diagnose", *options]
    done = subprocess.run(command, input=text, capture_output=True, check=False, cwd=ROOT, timeout=30)
    assert done.stderr == b""
    return done.returncode, done.stdout.decode()


def test_it_explains_what_it_means_and_what_to_do_and_needs_no_set_up(terminal: Terminal) -> None:
    said = terminal("diagnose", REFUSED)
    meaning, step, client = said.out.splitlines()
    assert (said.status, said.err) == (0, "")
    assert "role ann" in meaning
    assert "Close the other programs" in step
    assert "psql" in client


def test_json_holds_what_was_recognised_and_nothing_else(terminal: Terminal) -> None:
    said = terminal("diagnose", "--json", *REFUSED.split(" "))
    assert (said.status, said.err) == (0, "")
    assert json.loads(said.out) == {
        "cause": "role_limit",
        "role": "ann",
        "database": None,
        "host": "db.example.edu",
        "port": 5433,
        "kind": None,
        "confidence": 0.99,
    }


def test_standard_input_is_read_where_no_text_is_given() -> None:
    status, out = piped('ВАЖНО:  слишком много подключений для роли "энн"\n'.encode(), "--json")
    assert status == 0
    assert json.loads(out)["role"] == "энн"


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00garbage", b"what is the default of max_connections?"])
def test_what_is_no_error_is_none(text: bytes) -> None:
    status, out = piped(text, "--json")
    assert status == 0
    assert json.loads(out)["cause"] == "none"
    assert "Paste the whole message" in piped(text)[1]


def test_wrong_usage_is_said(terminal: Terminal) -> None:
    said = terminal("diagnose", "--jsn", "x")
    assert said.status == 2
    assert "usage: connbot" in said.err


async def test_in_slack_anyone_is_told_the_same(course: Course) -> None:
    answer = await course.ask("bob", f"/connbot diagnose > {REFUSED}".replace('"ann"', '"<!channel>"'))

    assert answer.ephemeral
    assert "`&lt;!channel&gt;`" in answer.text
    assert "Close the other programs" in answer.text
    assert "psql" in answer.text


async def test_in_slack_a_missing_text_is_asked_for(course: Course) -> None:
    answer = await course.ask("bob", "/connbot diagnose")
    assert "The error is missing" in answer.text
    assert "diagnose FATAL" in answer.text
