"""A newcomer's set-up of one server, and no Slack."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from psycopg.sql import SQL

from bot.demo.binaries import environment as psql_environment
from bot.doctor.finding import Finding
from tests.doctors import Findings, examined
from tests.majors import binaries
from tests.postgres import Postgres
from tests.processes import surroundings


@dataclass
class Newcomer:
    """Writes connbot.toml, has it looked at, and does what is advised."""

    folder: Path
    postgres: Postgres
    students: str
    variables: dict[str, str] = field(default_factory=dict)

    async def look(
        self, dsn: str, *, students: Sequence[str] | None = None, toml: str = "", above: str = "", **variables: str
    ) -> Findings:
        """What the doctor says of a server at `dsn`; `toml` is added to its table."""
        config = self.folder / "connbot.toml"
        named = [self.students] if students is None else [*students]
        config.write_text(f"{above}\n[servers.class]\ndsn = '''{dsn}'''\nstudents = {named}\n{toml}\n")
        own = f"sqlite:///{self.folder / 'own.db'}"
        self.variables = {"CONNBOT_CONFIG": str(config), "CONNBOT_DATABASE_URL": own, **variables}
        return await examined(self.variables)

    def run(self, finding: Finding) -> None:
        """Do what a mend prints: statements as the server's superuser, anything else in a shell on the server's machine."""
        assert finding.lines
        for line in finding.lines:
            if line.endswith(";"):
                self.postgres.admin.execute(SQL(line))
            else:
                self.shell(line)

    def shell(self, command: str) -> None:
        """Run a command where `connbot` and `psql` are to be found, the latter as superuser."""
        connbot = self.folder / "connbot"
        connbot.write_text(f'#!/bin/sh\nexec {sys.executable} -m bot "$@"\n')
        connbot.chmod(0o755)
        bindir = binaries(self.postgres.major).bindir
        variables = {
            **psql_environment(),
            **surroundings(),
            "PATH": f"{self.folder}:{bindir}:{os.environ['PATH']}",
            "PGHOST": self.postgres.host,
            "PGPORT": str(self.postgres.port),
            "PGUSER": "postgres",
            **self.variables,
        }
        done = subprocess.run(
            ["sh", "-ec", command], cwd=self.folder, env=variables, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def newcomer(postgres: Postgres, tmp_path: Path) -> Newcomer:
    """On a server of every major."""
    return _newcomer(postgres, tmp_path)


@pytest.fixture
def newcomer18(postgres18: Postgres, tmp_path: Path) -> Newcomer:
    """On the newest alone, for what all say alike."""
    return _newcomer(postgres18, tmp_path)


def _newcomer(postgres: Postgres, folder: Path) -> Newcomer:
    students = postgres.make_group()
    postgres.make_role("student", groups=(students,))
    return Newcomer(folder, postgres, students)
