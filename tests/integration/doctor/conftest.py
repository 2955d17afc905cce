"""A newcomer's set-up of one server, and no Slack."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg.sql import SQL

from bot.doctor.finding import Finding
from tests.doctors import Findings, examined
from tests.postgres import Postgres


@dataclass
class Newcomer:
    """Writes connbot.toml, has it looked at, and does what is advised."""

    folder: Path
    postgres: Postgres
    students: str

    async def look(
        self, dsn: str, *, students: Sequence[str] | None = None, toml: str = "", above: str = "", **variables: str
    ) -> Findings:
        """What the doctor says of a server at `dsn`; `toml` is added to its table."""
        config = self.folder / "connbot.toml"
        named = [self.students] if students is None else [*students]
        config.write_text(f"{above}\n[servers.class]\ndsn = '''{dsn}'''\nstudents = {named}\n{toml}\n")
        own = f"sqlite:///{self.folder / 'own.db'}"
        return await examined({"CONNBOT_CONFIG": str(config), "CONNBOT_DATABASE_URL": own, **variables})

    def run(self, finding: Finding) -> None:
        """Run the statements of a mend as the server's superuser."""
        assert finding.lines
        for line in finding.lines:
            assert line.endswith(";"), line
            self.postgres.admin.execute(SQL(line))


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
