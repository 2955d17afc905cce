"""The own database is gone, read-only, locked or full: what cannot be recorded is not done, and that is said."""

import resource
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from sqlalchemy.engine import make_url

from bot.slack import ids
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from bot.workspace.model import Message
from tests.courses import CHANNEL, Course, a_course
from tests.eventually import eventually
from tests.postgres import OpenBackend, Postgres
from tests.processes import serving

UNAVAILABLE = "The bot's own database does not answer, and what cannot be recorded is not done: nothing was ended"

Fault = Callable[[Course], AbstractContextManager[None]]


def path(course: Course) -> Path:
    return Path(make_url(course.url).database or "")


@contextmanager
def moved_away(course: Course) -> Iterator[None]:
    file = path(course)
    elsewhere = file.rename(file.with_suffix(".elsewhere"))
    try:
        yield
    finally:
        elsewhere.rename(file)


@contextmanager
def locked(course: Course) -> Iterator[None]:
    """Another program holds the file, or the record, for longer than anybody waits."""
    if course.url.startswith("sqlite"):
        with closing(sqlite3.connect(path(course), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(course.url) as connection:
        connection.execute("LOCK TABLE record_head, proposals, deliveries IN EXCLUSIVE MODE")
        yield
        connection.rollback()


@contextmanager
def shut(course: Course) -> Iterator[None]:
    """Its database takes no connection."""
    with altered(course, "ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true"):
        yield


@contextmanager
def read_only(course: Course) -> Iterator[None]:
    """Its database takes nothing new, as a stand-by does."""
    with altered(course, "SET default_transaction_read_only = on", "RESET default_transaction_read_only"):
        yield


@contextmanager
def altered(course: Course, change: str, back: str) -> Iterator[None]:
    name = make_url(course.url).database or ""
    admin = course.postgres.admin

    def alter(how: str) -> None:
        admin.execute(sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(name), sql.SQL(how)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    alter(change)
    try:
        yield
    finally:
        alter(back)


FAULTS = [
    pytest.param("sqlite", moved_away, id="sqlite-moved away"),
    pytest.param("sqlite", locked, id="sqlite-locked"),
    pytest.param("postgresql", shut, id="postgresql-shut"),
    pytest.param("postgresql", read_only, id="postgresql-read only"),
    pytest.param("postgresql", locked, id="postgresql-locked"),
]


@pytest_asyncio.fixture
async def course(
    postgres18: Postgres, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> AsyncIterator[Course]:
    url = request.getfixturevalue(f"migrated_{kind}_url")
    async with a_course(postgres18, url, tmp_path) as course:
        yield course


async def asked_for(course: Course) -> tuple[str, OpenBackend, Message]:
    """A student's session that a responder was asked about."""
    alice = course.make_student()
    one, _ = await course.fill(alice, 2)
    await course.grant("tom")
    return alice, one, await course.ask("tom", f"/kill {alice} {one.pid}")


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
async def test_nothing_ends_and_that_is_said_and_the_same_click_works_later(course: Course, fault: Fault) -> None:
    alice, one, asked = await asked_for(course)
    course.look("tom")

    with fault(course):
        await course.workspace.click("tom", CHANNEL, asked.ts, action_id=ids.TERMINATE)
        answers = [await course.next("tom")]
        if fault is not locked:
            # Each waits three seconds for a lock; one is enough.
            answers += [await course.ask("tom", line) for line in (f"/kill {alice} {one.pid}", f"/conns {alice}")]

    assert all(UNAVAILABLE in told.text for told in answers)
    assert course.postgres.is_open(one)
    assert asked in course.workspace.messages(CHANNEL, "tom")
    # The buttons that stood all the while.
    told = await course.press("tom", asked, ids.TERMINATE)
    assert "ended 1 connection" in told.text
    assert not course.postgres.is_open(one)
    await is_whole(course, alice, "terminated")


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
async def test_what_was_ended_while_it_went_away_is_said_and_on_record_later(course: Course, fault: Fault) -> None:
    alice, one, asked = await asked_for(course)
    course.postgres.freeze(one.pid)
    course.look("tom")
    await course.workspace.click("tom", CHANNEL, asked.ts, action_id=ids.TERMINATE)
    await eventually(lambda: is_in(course, alice, "claimed"))

    with fault(course):
        course.postgres.thaw(one.pid)
        told = await course.workspace.wait_for(partial(ended, course), within=15)

    assert told is not None
    assert told.ts == asked.ts
    assert "The bot's own record could not be written to yet; the entry is completed later." in told.text
    await eventually(lambda: is_in(course, alice, "resolved"), within=10)
    await is_whole(course, alice, "terminated")
    assert len(course.new("tom")) == 1


def ended(course: Course) -> Message | None:
    """What tells of the end, once it does; before that it may say that the server is still at it."""
    return next((message for message in course.new("tom") if "ended 1 connection" in message.text), None)


async def is_in(course: Course, role: str, state: str) -> bool:
    return [entry["state"] for entry in await course.history(role) if entry["kind"] == "termination"] == [state]


async def is_whole(course: Course, role: str, outcome: str) -> None:
    """The record holds, and says of the one termination there was that it ended so."""
    entries = [entry for entry in await course.history(role) if entry["kind"] == "termination"]
    assert [backend["outcome"] for entry in entries for backend in entry["backends"]] == [outcome]
    async with OwnDatabase(course.url) as database, database.read() as connection:
        assert isinstance(await Record(None).verify(connection), Verified)


async def test_a_full_disk_ends_nothing_and_that_is_said(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    """No file of the process may grow any more: to SQLite that is a disk without room."""
    async with (
        a_course(postgres18, migrated_sqlite_url, tmp_path, serving=False) as course,
        serving(course.environment, tmp_path / "serve.err") as process,
    ):
        alice, one, asked = await asked_for(course)
        course.look("tom")
        log = path(course).with_name(f"{path(course).name}-wal")
        unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, unlimited[1]))

        await course.workspace.click("tom", CHANNEL, asked.ts, action_id=ids.TERMINATE)
        told = await course.next("tom")

        assert UNAVAILABLE in told.text
        assert postgres18.is_open(one)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        assert "ended 1 connection" in (await course.press("tom", asked, ids.TERMINATE)).text
        assert not postgres18.is_open(one)
        await is_whole(course, alice, "terminated")
