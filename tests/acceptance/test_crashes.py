"""The process ends in the middle of something: what was begun is answered or settled, once, and never signalled again."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.clock import clock
from bot.connections.settlement import LOST_AFTER
from bot.demo.clients import Doing, leave
from bot.errors import SetupError
from bot.incidents.history import History
from bot.incidents.proposal import Claimed
from bot.slack import ids
from bot.storage.record import Record
from bot.storage.tables import proposals
from bot.workspace.model import Message
from tests.courses import Course, a_course, served
from tests.eventually import eventually
from tests.postgres import OpenBackend, Postgres
from tests.processes import serving
from tests.terminals import Terminal


async def state(course: Course, role: str) -> str | None:
    """The state of the newest termination of a role."""
    states = [str(entry["state"]) for entry in await course.history(role) if entry["kind"] == "termination"]
    return states[0] if states else None


async def asked_for(course: Course) -> tuple[str, OpenBackend, Message]:
    """A student's session that a responder was asked about."""
    alice = course.make_student()
    one, _ = await course.fill(alice, 2)
    await course.grant("tom")
    return alice, one, await course.ask("tom", f"/kill {alice} {one.pid}")


async def click(course: Course, asked: Message) -> None:
    course.look("tom")
    delivered = await course.workspace.click("tom", asked.channel, asked.ts, action_id=ids.TERMINATE)
    assert delivered.acknowledged


async def told(course: Course) -> list[str]:
    """What tom has been told since the click, ephemerally or by DM; not what only says that it goes on."""
    new = [*course.new("tom"), *course.workspace.messages(course.workspace.dm("tom"), "tom")]
    return [message.text for message in new if "still at it" not in message.text]


async def test_told_to_stop_in_the_middle_it_finishes_and_answers(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        a_course(postgres18, migrated_sqlite_url, tmp_path, serving=False) as course,
        serving(course.environment, tmp_path / "serve.err") as process,
    ):
        alice, one, asked = await asked_for(course)
        postgres18.freeze(one.pid)
        await click(course, asked)
        await eventually(lambda: is_in(course, alice, "claimed"))

        process.signal(signal.SIGTERM)
        # It takes nothing more, and still works on what it took.
        await course.workspace.wait_for(lambda: not course.workspace.socket_mode.connections(course.workspace.app().id))
        postgres18.thaw(one.pid)
        ended = await process.end()

        assert ended.status == 0
        assert not postgres18.is_open(one)
        assert await is_in(course, alice, "resolved")
        assert ["1 of 5" in text for text in await told(course)] == [True]
        assert "Traceback" not in ended.err
        assert "ERROR" not in ended.err


async def is_in(course: Course, role: str, wanted: str) -> bool:
    return await state(course, role) == wanted


async def long_ago(course: Course) -> None:
    """Let the deadline of every claim be long past."""
    async with course.database() as database, database.write() as connection:
        await connection.execute(update(proposals).values(deadline=clock() - timedelta(minutes=1)))


async def test_killed_in_the_middle_it_settles_when_it_is_back(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, serving=False) as course:
        async with serving(course.environment, tmp_path / "first.err") as process:
            alice, one, asked = await asked_for(course)
            postgres18.freeze(one.pid)
            await click(course, asked)
            await eventually(lambda: is_in(course, alice, "claimed"))
            process.signal(signal.SIGKILL)
            await process.end()
        postgres18.thaw(one.pid)
        await eventually(lambda: not postgres18.is_open(one))
        await long_ago(course)

        async with serving(course.environment, tmp_path / "second.err"):
            texts = await eventually(lambda: told(course), within=10)

        assert len(texts) == 1
        assert "interrupted" in texts[0].lower()
        entry = (await course.history(alice))[0]
        assert entry["state"] == "resolved"
        assert [backend["outcome"] for backend in entry["backends"]] == ["interrupted"]


async def test_a_claim_that_nobody_carried_out_is_never_signalled_afterwards(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    """As if the process was killed between the claim and the signal."""
    async with a_course(postgres18, migrated_url, tmp_path, serving=False) as course:
        async with served(course):
            alice, one, _ = await asked_for(course)
        await claim(course, alice)
        await long_ago(course)
        course.look("tom")

        for _ in range(2):
            async with served(course):
                await eventually(lambda: is_in(course, alice, "resolved"), within=10)

        assert postgres18.is_open(one)
        (text,) = await told(course)
        assert "still" in text


@pytest.mark.parametrize(
    ("ended", "said"), [(False, "its query still runs"), (True, "its query runs no more, and nobody saw how it ended")]
)
async def test_a_query_that_nobody_came_to_cancel_is_told_of_as_it_is_and_never_cancelled_afterwards(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, *, ended: bool, said: str
) -> None:
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, serving=False) as course:
        async with served(course):
            alice = course.make_student()
            one = await postgres18.open_backend(alice, Doing.ACTIVE)
            await course.grant("tom")
            await course.ask("tom", f"/kill {alice} {one.pid} --cancel")
        await claim(course, alice)
        await long_ago(course)
        if ended:
            postgres18.admin.execute("SELECT pg_cancel_backend(%s)", [one.pid])
            await eventually(lambda: postgres18.activity(one.pid)["state"] == "idle")
            while one.connection.pgconn.get_result() is not None:
                pass
            await leave(one.connection, Doing.ACTIVE)
            await eventually(lambda: postgres18.activity(one.pid)["state"] == "active")
        course.look("tom")

        for _ in range(2):
            async with served(course):
                (entry,) = await eventually(lambda: resolved(course, alice), within=10)

        assert (entry["kind"], entry["backends"][0]["outcome"]) == ("cancellation", "interrupted")
        assert postgres18.activity(one.pid)["state"] == "active"
        (text,) = await told(course)
        assert f"while it cancelled the query of pid {one.pid}" in text
        assert said in text


async def resolved(course: Course, role: str) -> list[dict[str, Any]]:
    """All that is on record about a role, once the newest of it is resolved."""
    entries = await course.history(role)
    return entries if entries[0]["state"] == "resolved" else []


async def test_a_claim_on_a_server_that_is_gone_for_good_is_closed_after_a_day(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_course(postgres18, migrated_url, tmp_path, serving=False) as course:
        async with served(course):
            alice, _, _ = await asked_for(course)
        await claim(course, alice)
        await long_ago(course)
        config = Path(course.environment["CONNBOT_CONFIG"])
        config.write_text(config.read_text().replace("[servers.class]", "[servers.another]"))
        course.look("tom")
        async with served(course):
            assert (await course.ask("tom", "/connbot help")).text
            assert await is_in(course, alice, "claimed")

        async with course.database() as database, database.write() as connection:
            await connection.execute(update(proposals).values(claimed_at=clock() - LOST_AFTER))
        course.look("tom")
        async with served(course):
            await eventually(lambda: is_in(course, alice, "resolved"), within=10)
            (text,) = await eventually(lambda: told(course), within=10)

        assert "the server did not tell whether it is there" in text


async def claim(course: Course, role: str) -> None:
    """Claim the one proposal there is as a click does, and do nothing about it."""
    async with course.database() as database:
        async with database.read() as connection:
            (row,) = await connection.execute(proposals.select())
        history = History(database, Record(None))
        proposal = await history.get(course.team, row.id)
        assert proposal is not None
        now, seen = clock(), course.role(role)
        claimed = await history.claim(
            proposal.requester_actor, proposal.id, role=seen, server_now=now, place=proposal.place, now=now
        )
        assert isinstance(claimed, Claimed)


async def test_one_serve_a_file(course: Course) -> None:
    with pytest.raises(SetupError, match=f"process {os.getpid()}"):
        async with served(course):
            pass

    assert (await course.ask("alice", "/connbot help")).text


async def test_two_serve_on_one_postgresql_database(
    postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    """Slack gives each envelope to any one of them, so a click may come to the other than its command."""
    async with a_course(postgres18, migrated_postgresql_url, tmp_path) as course, served(course):
        connections = course.workspace.socket_mode.connections(course.workspace.app().id)
        assert len(connections) == 2
        alice = course.make_student()
        opened = await course.fill(alice, 4)
        await course.grant("tom")

        for backend in opened:
            asked = await course.ask("tom", f"/kill {alice} {backend.pid}")
            await course.press("tom", asked, ids.TERMINATE)
            assert not postgres18.is_open(backend)
            # An odd number of envelopes a round: the next command comes to the other.
            await course.ask("tom", "/connbot help")

        assert all(connection.envelopes > 2 for connection in connections)


async def test_a_postgresql_database_without_our_tables_names_the_mend(
    postgres18: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = postgres18.make_role("owner")
    url = postgres18.url(owner, postgres18.make_database("own", owner=owner))
    async with a_course(postgres18, url, tmp_path, serving=False) as course:
        with pytest.raises(SetupError, match="no tables yet: run `connbot migrate`"):
            async with served(course):
                pass
        migrated = await asyncio.to_thread(Terminal(capsys, course.environment), "migrate")
        async with served(course):
            assert (await course.ask("alice", "/connbot help")).text
        async with course.database() as database, database.write() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
        with pytest.raises(SetupError, match=r"older schema 0000 .* run `connbot migrate`"):
            async with served(course):
                pass

    assert migrated.status == 0
    assert "from an empty database" in migrated.out
