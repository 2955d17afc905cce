"""`connbot doctor --sql SERVER`: from nothing to a bot that ends a student's session with the least rights, and back."""

import json
import logging
from pathlib import Path

import pytest

from bot.access.member import Grade
from bot.slack import ids
from tests.courses import a_course, served
from tests.postgres import Postgres
from tests.processes import connbot
from tests.scripts import catalogue, run_script
from tests.terminals import SECRET, Terminal


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A configuration whose server is not there."""
    config = tmp_path / "connbot.toml"
    dsn = f"host=127.0.0.1 port=1 user=connbot dbname=class password={SECRET}"
    config.write_text(f'[servers.class]\ndsn = "{dsn}"\nstudents = ["students"]\n')
    return config


async def test_with_the_script_a_new_role_ends_a_session_and_nothing_stays_of_it(
    postgres18: Postgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    newcomer = f"newcomer_{postgres18.make_role('unused')}"
    dsn = postgres18.dsn(newcomer)
    url = f"sqlite:///{tmp_path / 'own.db'}"
    async with a_course(postgres18, url, tmp_path, dsn=dsn, serving=False) as course:
        student = course.make_student()
        before = catalogue(postgres18)
        # Without its role the bot cannot log in, so the script comes without the server having been asked.
        printed = await connbot("doctor", "--sql", "class", variables=course.environment, folder=tmp_path)
        assert printed.status == 0
        assert "could not be asked" in printed.err
        assert "as it should be before the bot has its role" in printed.err
        assert run_script(postgres18, printed.out) == (0, "")
        again = await connbot("doctor", "--sql", "class", variables=course.environment, folder=tmp_path)
        assert (again.status, again.err) == (0, "")
        assert f"for PostgreSQL {postgres18.major}:" in again.out
        assert run_script(postgres18, again.out) == (0, "")

        opened = await postgres18.open_backend(student)
        async with served(course):
            await course.grant("tina", Grade.RESPONDER)
            asked = await course.ask("tina", f"/kill {student} {opened.pid}")
            await course.press("tina", asked, ids.TERMINATE)
            (entry,) = [one for one in await course.history(student) if one["kind"] == "termination"]
        assert [one["outcome"] for one in entry["backends"]] == ["terminated"], json.dumps(entry, default=str)
        assert [record.__dict__["by"] for record in caplog.records if hasattr(record, "by")] == ["guard"]

        printed = await connbot("doctor", "--sql", "class", "--remove", variables=course.environment, folder=tmp_path)
        assert (printed.status, printed.err) == (0, "")
        assert run_script(postgres18, printed.out) == (0, "")
        assert catalogue(postgres18) == before


def test_a_server_that_is_not_there_still_gets_its_script(capsys: pytest.CaptureFixture[str], configured: Path) -> None:
    said = Terminal(capsys, {"CONNBOT_CONFIG": str(configured)})("doctor", "--sql", "class")
    assert said.status == 0
    assert said.out.startswith("-- The least rights that connbot can work with, for PostgreSQL 14 and later")
    assert 'database "class"' in said.out
    assert "Connection refused" in said.err
    assert "as it should be" not in said.err
    assert "What is in the way, connbot doctor says." in said.err


def test_a_server_that_is_not_configured_is_named(capsys: pytest.CaptureFixture[str], configured: Path) -> None:
    said = Terminal(capsys, {"CONNBOT_CONFIG": str(configured)})("doctor", "--sql", "clas")
    assert (said.status, said.out) == (1, "")
    assert said.err == "connbot.toml has no server clas: it has class.\n"


def test_without_students_the_script_says_that_it_lets_nobody_be_ended(
    capsys: pytest.CaptureFixture[str], configured: Path
) -> None:
    configured.write_text(configured.read_text().replace('["students"]', "[]"))
    said = Terminal(capsys, {"CONNBOT_CONFIG": str(configured)})("doctor", "--sql", "class")
    assert said.status == 0
    assert "names no students" in said.err


async def test_where_a_service_file_says_where_it_is(configured: Path, tmp_path: Path) -> None:
    (tmp_path / "services").write_text("[classdb]\nhost=127.0.0.1\nport=1\nuser=bot of class\ndbname=the class\n")
    configured.write_text('[servers.class]\ndsn = "service=classdb"\nstudents = ["students"]\n')
    variables = {"CONNBOT_CONFIG": str(configured), "PGSERVICEFILE": str(tmp_path / "services")}
    printed = await connbot("doctor", "--sql", "class", variables=variables, folder=tmp_path)
    assert printed.status == 0
    assert "bot CONSTANT text := 'bot of class';" in printed.out
    assert "base CONSTANT text := 'the class';" in printed.out
    configured.write_text('[servers.class]\ndsn = "service=other"\nstudents = ["students"]\n')
    printed = await connbot("doctor", "--sql", "class", variables=variables, folder=tmp_path)
    assert printed.status == 1
    assert "names the role ''" in printed.err
