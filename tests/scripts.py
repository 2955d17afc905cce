"""Running SQL scripts as a server's administrator does, with the server's own psql, and seeing what they leave behind."""

import json
import re
import subprocess

import psycopg

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


_CATALOGUE = """
SELECT to_jsonb(r) - 'oid' FROM pg_authid AS r
UNION ALL SELECT to_jsonb(m) - 'oid' FROM pg_auth_members AS m
UNION ALL SELECT to_jsonb(d) FROM pg_shdescription AS d
UNION ALL SELECT to_jsonb(b) - 'datfrozenxid' - 'datminmxid' FROM pg_database AS b
UNION ALL SELECT to_jsonb(s) FROM pg_db_role_setting AS s
UNION ALL SELECT to_jsonb(n) FROM pg_namespace AS n WHERE nspname !~ '^pg_(toast|temp)'
UNION ALL SELECT to_jsonb(p) FROM pg_proc AS p WHERE oid >= 16384
"""


def catalogue(postgres: Postgres, dbname: str = "postgres") -> list[str]:
    """What the catalogues say of the same: quicker to be had, and nothing is left out."""
    with psycopg.connect(postgres.dsn(dbname=dbname)) as connection:
        return sorted(json.dumps(row, sort_keys=True) for (row,) in connection.execute(_CATALOGUE))


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
