"""Own databases for the tests: empty ones are `own_database_url` of `tests.servers`, these are migrated copies.

Alembic migrates one template of each kind a run; a test gets a copy of it, which costs a tenth.
"""

import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.access.member import Actor
from bot.storage.engine import OwnDatabase
from bot.storage.migrate import upgrade
from bot.storage.record import Record
from tests.majors import NEWEST
from tests.postgres import Postgres
from tests.servers import Servers

AUDIT_KEY = b"key of the tests"
AT_COMMAND_LINE = Actor("T1", "cli:ada")
"""Whoever sets the scene."""


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "own.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(servers: Servers) -> Iterator[tuple[Postgres, str]]:
    with servers.share(NEWEST) as postgres:
        template = postgres.make_database("own_template")
        upgrade(postgres.url(dbname=template))
        yield postgres, template


@pytest.fixture
def migrated_sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'own.db')}"


@pytest.fixture
def migrated_postgresql_url(migrated_template: tuple[Postgres, str]) -> Iterator[str]:
    postgres, template = migrated_template
    name = f"own_{secrets.token_hex(4)}"
    postgres.run("CREATE DATABASE {} TEMPLATE {}", name, template)
    yield postgres.url(dbname=name)
    postgres.run("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated own database of either kind."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


@pytest_asyncio.fixture
async def own_database(migrated_url: str) -> AsyncIterator[OwnDatabase]:
    async with OwnDatabase(migrated_url) as db:
        yield db


@pytest.fixture
def record() -> Record:
    return Record(AUDIT_KEY)
