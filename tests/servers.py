"""Fixtures over `tests.postgres`: one server a major and run, started when it is first needed, shared by all tests.

`postgres` runs a test once for every major of `--majors` (all where `CI` is set, else the newest); `postgres18` once.
`own_database_url` runs it once for each kind of own database.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from bot.demo.binaries import CannotStartPostgres
from tests.majors import MAJORS, NEWEST, describe
from tests.postgres import Postgres, Running


class Servers:
    """The servers of one run of the tests."""

    def __init__(self) -> None:
        self._running: dict[int, Running] = {}

    @contextlib.contextmanager
    def share(self, major: int) -> Iterator[Postgres]:
        """Lend one test the server of `major`, cleaned after it."""
        if major not in self._running:
            try:
                self._running[major] = Running(major)
            except CannotStartPostgres as exc:
                missing(str(exc))
        postgres = Postgres(self._running[major])
        try:
            yield postgres
        finally:
            postgres.clean()

    def close(self) -> None:
        """Throw all servers away."""
        for running in self._running.values():
            running.close()


def missing(why: str, environment: Mapping[str, str] = os.environ) -> NoReturn:
    """Skip the test on a developer's machine that lacks something; fail it where `CI` is set."""
    if environment.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with contextlib.closing(Servers()) as servers:
        yield servers


@pytest.fixture
def postgres(servers: Servers, major: int) -> Iterator[Postgres]:
    with servers.share(major) as postgres:
        yield postgres


@pytest.fixture
def postgres18(servers: Servers) -> Iterator[Postgres]:
    with servers.share(NEWEST) as postgres:
        yield postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty own database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'own.db'}"
    postgres: Postgres = request.getfixturevalue("postgres18")
    owner = postgres.make_role("owner")
    return postgres.url(owner, postgres.make_database("own", owner=owner))


def pytest_addoption(parser: pytest.Parser) -> None:
    everywhere = ",".join(map(str, MAJORS)) if os.environ.get("CI") else str(NEWEST)
    parser.addoption(
        "--majors", default=everywhere, help=f"PostgreSQL's majors, such as 14,18, or all (default: {everywhere})"
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"PostgreSQL: {', '.join(map(describe, _majors(config)))}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "major" in metafunc.fixturenames:
        majors = _majors(metafunc.config)
        metafunc.parametrize("major", majors, ids=[f"postgres{major}" for major in majors], scope="session")


def _majors(config: pytest.Config) -> list[int]:
    asked: str = config.getoption("--majors")
    majors = MAJORS if asked == "all" else [int(major) for major in asked.split(",")]
    if unknown := set(majors) - set(MAJORS):
        raise pytest.UsageError(f"--majors knows {', '.join(map(str, MAJORS))}, not {', '.join(map(str, unknown))}")
    return list(majors)
