"""A terminal for tests of the command line."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from bot.cli.main import main
from tests.courses import APP_TOKEN, BOT_TOKEN

SECRET = "geheim"
"""What a test may hide anywhere."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left."""

    status: int
    out: str
    err: str


class Terminal:
    """Runs commands in this process; none may leave a traceback or tell a secret."""

    def __init__(self, capsys: pytest.CaptureFixture[str], variables: Mapping[str, str]) -> None:
        self._capsys = capsys
        self._variables = variables

    def __call__(self, *arguments: str, **variables: str) -> Said:
        """Run one command with these variables too."""
        self._capsys.readouterr()
        try:
            status = main(arguments, {**self._variables, **variables})
        except SystemExit as exc:
            # How argparse leaves.
            status = int(exc.code or 0)
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        for secret in (SECRET, BOT_TOKEN, APP_TOKEN):
            assert secret not in captured.out + captured.err
        return Said(status, captured.out, captured.err)
