"""A pid that another session has by the time of the click: forced, on a true server."""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests import reuse
from tests.processes import ROOT
from tests.servers import missing

ATTEMPTS = 60


def forced(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.reuse", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)
    if done.returncode == reuse.NOT_PERMITTED:
        missing(done.stderr)
    return done


def test_a_session_that_has_the_pid_of_the_one_shown_is_never_ended(major: int) -> None:
    done = forced("--attempts", str(ATTEMPTS), "--major", str(major))

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["asked"], figures["wrong"]) == (ATTEMPTS, 0)
    assert figures["reused"] > ATTEMPTS * 0.9
    assert set(figures["verdicts"]) <= {"already_gone", "terminated"}


@pytest.mark.parametrize("ways", [(), [("false",)], [("no-such-program",)]])
def test_where_nobody_may_choose_pids_that_is_found_out(ways: Sequence[Sequence[str]]) -> None:
    assert reuse.way(ways) is None
