"""Fixtures of whole courses."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.courses import Course, a_course
from tests.evenings import Evening, an_evening
from tests.postgres import Postgres


@pytest_asyncio.fixture
async def course(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    """A course whose bot keeps its records in an SQLite file; at its end nothing broke Slack's rules."""
    async with a_course(postgres18, migrated_sqlite_url, tmp_path) as running:
        yield running
        assert running.workspace.broadcasts == []
        assert running.workspace.complaints == []


@pytest_asyncio.fixture
async def evening(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Evening]:
    """A role that is full, whose owner said so, and the answer in the thread."""
    async with an_evening(postgres18, migrated_sqlite_url, tmp_path) as begun:
        yield begun
