"""Running SQL scripts as a server's administrator does, with the server's own psql, and seeing what they leave behind."""

import re
import subprocess

from bot.demo.binaries import environment
from tests.majors import binaries
from tests.postgres import Postgres

# Newer programs put a random word into each dump, so that nobody can smuggle commands of psql into one.
_RANDOM = re.compile(r"^\\(?:un)?restrict .*$", re.MULTILINE)


def run_script(postgres: Postgres, script: str, *, role: str = "postgres", dbname: str = "postgres") -> tuple[int, str]:
    """Run a script as its header says; return psql's exit status and all it said on standard error."""
    return _run(
        postgres, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", role=role, dbname=dbname, given=script
    )


def dumps(postgres: Postgres, dbname: str = "postgres") -> str:
    """What pg_dumpall and pg_dump say of the server's roles and of a database's objects."""
    status, roles = _run(postgres, "pg_dumpall", "--globals-only", dbname=dbname)
    assert status == 0, roles
    status, objects = _run(postgres, "pg_dump", "--schema-only", "--create", dbname=dbname)
    assert status == 0, objects
    return _RANDOM.sub("", roles + objects)


def _run(
    postgres: Postgres, program: str, *arguments: str, role: str = "postgres", dbname: str, given: str = ""
) -> tuple[int, str]:
    done = subprocess.run(
        [binaries(postgres.major).bindir / program, *arguments, "-d", postgres.dsn(role, dbname)],
        check=False,
        input=given,
        capture_output=True,
        text=True,
        env={**environment(), "PGCLIENTENCODING": "UTF8"},
    )
    return done.returncode, done.stdout + done.stderr
