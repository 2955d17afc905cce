import re

import pytest

from bot.diagnosis.advice import CLIENTS, Advice, for_session, for_text
from bot.servers.clients import client_of


@pytest.mark.parametrize("advice", CLIENTS, ids=lambda advice: advice.client)
def test_each_client_s_advice_is_whole_sentences_with_a_source(advice: Advice) -> None:
    assert advice.source
    assert re.fullmatch(r"(?:[A-Z]|pgAdmin).*\.", advice.opens)
    assert re.fullmatch(r"[A-Z].*\.", advice.remedy)
    assert len(advice.opens) + len(advice.remedy) < 300


@pytest.mark.parametrize(
    ("application_name", "client"),
    [
        ("pgAdmin 4 - DB:class", "pgAdmin"),
        ("pgAdmin 4 - CONN:1234567", "pgAdmin"),
        ("DBeaver 24.1.0 - SQLEditor <Script-3.sql>", "DBeaver"),
        ("DataGrip 2025.1.3", "DataGrip"),
        ("vscode-pgsql", "VS Code"),
        ("psql", "psql"),
        ("PostgreSQL JDBC Driver", "JDBC"),
    ],
)
def test_a_session_s_name_tells_its_client(application_name: str, client: str) -> None:
    found = for_session(application_name)
    assert found is not None
    assert found.client == client


@pytest.mark.parametrize("application_name", ["", "homework.py", "<!channel>", "psqlx", "not pgAdmin"])
def test_a_session_s_name_that_tells_nothing_gets_no_advice(application_name: str) -> None:
    assert for_session(application_name) is None


def test_the_programs_that_are_known_to_keep_extra_connections_have_the_same_names_here() -> None:
    for name in ("pgAdmin 4 - DB:x", "DBeaver 1.2", "DataGrip 1.2", "vscode"):
        advice = for_session(name)
        assert advice is not None
        assert client_of(name).name == advice.client


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("Unable to connect to server:\n\nconnection to server at …", "pgAdmin"),
        ("SQL Error [53300]: FATAL: sorry, too many clients already", "DBeaver"),
        ("[53300] FATAL: sorry, too many clients already", "DataGrip"),
        ("org.postgresql.util.PSQLException: FATAL: sorry", "JDBC"),
        ("HikariPool-1 - Connection is not available\norg.postgresql.util.PSQLException", "HikariCP"),
        ("sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection", "SQLAlchemy"),
        ("Connection info needed in SQLAlchemy format, example:\n sqlalchemy.exc…", "Jupyter"),
        ("django.db.utils.OperationalError: connection to server (psycopg2)", "Django"),
        ("psycopg2.OperationalError: connection to server", "psycopg"),
        ("psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec", "psycopg_pool"),
        ("error: sorry\n at Parser (/app/node_modules/pg-protocol/dist/parser.js)", "node-postgres"),
        ("Knex: Timeout acquiring a connection. node_modules/pg/lib", "Knex"),
        ("Invalid `prisma.user.findMany()` invocation", "Prisma"),
        ("Npgsql.PostgresException (0x80004005): 53300", "Npgsql"),
        ("asyncpg.exceptions.TooManyConnectionsError: sorry", "asyncpg"),
        ("2026/11/20 pq: sorry, too many clients already", "Go"),
        ("PDOException: SQLSTATE[08006] [7] connection to server", "PHP"),
        ("Error in dbConnect(RPostgres::Postgres()): connection to server", "R"),
        ("psql: error: connection to server", "psql"),
    ],
)
def test_a_pasted_error_looks_like_its_client_s(text: str, client: str) -> None:
    found = for_text(text)
    assert found is not None
    assert found.client == client


def test_an_error_that_looks_like_nobody_s_gets_no_advice() -> None:
    assert for_text('FATAL:  too many connections for role "alice"') is None
