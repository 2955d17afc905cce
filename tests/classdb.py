"""What ClassDB is to the bot: roles and functions of the names and signatures that its documentation gives, and a list of the calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from bot.servers.classdb import STUDENTS
from tests.postgres import Postgres

INSTRUCTORS = "classdb_instructor"
_OWNER = "classdb"
_SCHEMA = f"""
CREATE SCHEMA classdb AUTHORIZATION classdb;
GRANT USAGE ON SCHEMA classdb TO {INSTRUCTORS};

CREATE TABLE classdb.asked_to_end (pid int);
ALTER TABLE classdb.asked_to_end OWNER TO classdb;

CREATE FUNCTION classdb.foldPgID(identifier varchar) RETURNS varchar LANGUAGE sql IMMUTABLE
RETURN coalesce(substring(identifier FROM '^"(.*)"$'), lower(identifier));

CREATE FUNCTION classdb.listUserConnections(userName varchar) RETURNS TABLE (
    userName varchar, pid int, applicationName varchar, clientAddress inet, connectionStartTime timestamptz,
    lastQueryStartTime timestamptz
) LANGUAGE sql SECURITY DEFINER AS $$
    SELECT session.usename::varchar, session.pid, session.application_name::varchar, session.client_addr,
        session.backend_start, session.query_start
    FROM pg_stat_activity AS session
    WHERE session.usename::text = classdb.foldPgID($1)
$$;

CREATE FUNCTION classdb.killConnection(pid int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO classdb.asked_to_end VALUES ($1);
    RETURN pg_terminate_backend($1);
END
$$;
ALTER FUNCTION classdb.killConnection(int) OWNER TO classdb;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA classdb FROM PUBLIC;
GRANT EXECUTE ON FUNCTION classdb.listUserConnections(varchar), classdb.killConnection(int) TO {INSTRUCTORS};
"""


@dataclass(frozen=True, slots=True)
class ClassDb:
    """A database with ClassDB's interface in it."""

    postgres: Postgres
    dbname: str

    def make_student(self, prefix: str = "student", **options: Any) -> str:
        """Create a role as ClassDB does for a student."""
        return self.postgres.make_role(prefix, groups=[STUDENTS], **options)

    def make_instructor(self, *rights: str) -> str:
        """Create a role as ClassDB does for an instructor, with further rights of the server's own."""
        return self.postgres.make_role("instructor", groups=[INSTRUCTORS, *rights])

    def dsn(self, role: str) -> str:
        """Where that role logs in to this database."""
        return self.postgres.dsn(role, self.dbname)

    def run(self, statements: str) -> None:
        """Run statements in this database as superuser."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(statements.encode())

    def put_again(self) -> None:
        """Put the functions as they are to be, whatever was done to them."""
        self.take_away()
        self.run(_SCHEMA)

    def take_away(self) -> None:
        """Take the functions away, under another schema's name too."""
        self.run("DROP SCHEMA IF EXISTS classdb, renamed CASCADE")

    def asked_to_end(self) -> list[int]:
        """The pids that the function was called with, in that order."""
        with psycopg.connect(self.dsn("postgres")) as connection:
            return [pid for (pid,) in connection.execute("SELECT pid FROM classdb.asked_to_end")]


@contextmanager
def a_home(postgres: Postgres) -> Iterator[str]:
    """Make ClassDB's roles and a database for it, whose name is yielded; all of it is gone afterwards."""
    roles = (_OWNER, STUDENTS, INSTRUCTORS)
    for role in roles:
        postgres.run("CREATE ROLE {} NOLOGIN", role)
    postgres.run("GRANT pg_signal_backend TO {}", _OWNER)
    dbname = postgres.make_database("classdb")
    try:
        yield dbname
    finally:
        # The rights in it keep the roles from being dropped.
        postgres.run("DROP DATABASE {} WITH (FORCE)", dbname)
        for role in roles:
            postgres.run("DROP ROLE {}", role)


@contextmanager
def installed(postgres: Postgres, dbname: str) -> Iterator[ClassDb]:
    """Put ClassDB's functions into their database for one test."""
    classdb = ClassDb(postgres, dbname)
    classdb.run(_SCHEMA)
    try:
        yield classdb
    finally:
        classdb.take_away()
