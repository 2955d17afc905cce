"""Names that a database or a role gives to sessions by itself."""

import hashlib

import psycopg
import pytest
from psycopg import sql

from tests.integration.servers.conftest import Class

MINE, OTHER = "connbot-link mallory@example.edu KX4M9TQ2WR7B", "connbot-link alice@example.edu KX4M9TQ2WR7B"


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.mark.parametrize("kind", ["database", "role", "role in a database"])
async def test_a_name_that_is_set_for_sessions_is_found_by_its_digest(course: Class, kind: str) -> None:
    server = await course.open()
    postgres, mallory = course.postgres, course.make_student("mallory")
    base = postgres.make_database("team", owner=mallory)
    assert await server.presets([digest(MINE), digest(OTHER)]) == frozenset()

    match kind:
        case "database":
            # As its owner can.
            with psycopg.connect(postgres.dsn(mallory, base), autocommit=True) as connection:
                statement = sql.SQL("ALTER DATABASE {} SET Application_Name = {}")
                connection.execute(statement.format(sql.Identifier(base), MINE))
        case "role":
            postgres.run("ALTER ROLE {} SET application_name = {}", mallory, sql.Literal(MINE))
        case _:
            postgres.run("ALTER ROLE {} IN DATABASE {} SET application_name = {}", mallory, base, sql.Literal(MINE))

    assert await server.presets([digest(MINE), digest(OTHER)]) == {digest(MINE)}
    assert await server.presets([digest(OTHER)]) == frozenset()
    assert await server.presets([]) == frozenset()


async def test_settings_in_other_encodings_cost_nobody_an_answer(course: Class) -> None:
    server = await course.open()
    postgres = course.postgres
    base = f"latin_{course.students}"
    postgres.run("CREATE DATABASE {} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", base)
    try:
        with psycopg.connect(postgres.dsn(dbname=base), autocommit=True, client_encoding="latin1") as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET search_path = {}").format(sql.Identifier(base), "caf\u00e9")
            )
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET application_name = {}").format(sql.Identifier(base), MINE)
            )
        assert await server.presets([digest(MINE)]) == {digest(MINE)}
    finally:
        postgres.run("DROP DATABASE {} WITH (FORCE)", base)


async def test_on_a_full_server_it_is_asked_over_the_connection_held(course: Class) -> None:
    server = await course.open()
    await course.postgres.fill(course.make_student())
    assert await server.presets([digest(MINE)]) == frozenset()
