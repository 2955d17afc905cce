"""The demo's classroom: true roles, true limits, true sessions."""

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from bot.demo.binaries import find
from bot.demo.classroom import LIMIT, PEOPLE, SERVICE, STUDENTS, Classroom, class_server
from bot.demo.clients import Refused
from bot.demo.throwaway import ThrowAway
from tests.eventually import eventually


@pytest.fixture
def server() -> Iterator[ThrowAway]:
    with class_server(find(18).bindir) as server:
        yield server


@pytest.fixture
async def classroom(server: ThrowAway) -> AsyncIterator[Classroom]:
    classroom = Classroom(server)
    try:
        await classroom.populate()
        yield classroom
    finally:
        await classroom.close()


async def test_alice_is_full_and_the_others_are_not(classroom: Classroom) -> None:
    assert len(await classroom.sessions("alice")) == LIMIT
    refused = await classroom.try_login("alice")
    assert refused is not None
    assert refused.startswith("connection to server at")
    assert refused.endswith('FATAL:  too many connections for role "alice"')
    assert await classroom.try_login("carol") is None
    assert list((await classroom.sessions("bob")).values()) == ["pgAdmin 4 - DB:class", "notebook homework-4"]
    assert list((await classroom.sessions(SERVICE)).values()) == ["autograder"]


async def test_the_bot_sees_all_and_can_end_what_students_left(classroom: Classroom, server: ThrowAway) -> None:
    passwords = server.passfile.read_text().splitlines()
    assert len(passwords) == len(PEOPLE) + 4
    assert not [line for line in passwords if line.rsplit(":", 1)[1] in classroom.bot_dsn + server.log]
    assert stat.S_IMODE(server.passfile.stat().st_mode) == 0o600
    async with await psycopg.AsyncConnection.connect(classroom.bot_dsn, autocommit=True) as bot:
        query = (
            "SELECT application_name, state, backend_xid IS NOT NULL, backend_start FROM pg_stat_activity"
            " WHERE usename = 'alice' ORDER BY backend_start"
        )
        seen = await (await bot.execute(query)).fetchall()
        assert [row[:3] for row in seen] == [
            ("pgAdmin 4 - DB:class", "idle", False),
            ("pgAdmin 4 - CONN:4917302", "idle", False),
            ("psql", "idle in transaction", True),
            ("DBeaver 25.2.3 - Main <class>", "idle", False),
            ("DBeaver 25.2.3 - SQLEditor <Script-3.sql>", "idle", False),
        ]
        assert len({row[3] for row in seen}) == LIMIT
        members = await (
            await bot.execute("SELECT count(*) FROM pg_auth_members WHERE roleid = %s::regrole", [STUDENTS])
        ).fetchone()
        assert members == (len(PEOPLE),)

        (notebook,) = [pid for pid, name in (await classroom.sessions("bob")).items() if name.startswith("notebook")]
        await bot.execute("SELECT pg_terminate_backend(%s)", [notebook])
        await eventually(lambda: _came_back(classroom, notebook))

        oldest = next(iter(await classroom.sessions("alice")))
        await bot.execute("SELECT pg_terminate_backend(%s)", [oldest])
        await eventually(lambda: _gone(classroom, oldest))
    pid = await classroom.log_in("alice", "homework-4.py")
    assert (await classroom.sessions("alice"))[pid] == "homework-4.py"
    with pytest.raises(Refused):
        await classroom.log_in("alice")


async def test_programs_can_take_their_seats_again(classroom: Classroom, server: ThrowAway) -> None:
    before = await classroom.sessions("alice")
    psql = next(pid for pid, name in before.items() if name == "psql")
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [psql])
    await eventually(lambda: _gone(classroom, psql))
    await classroom.return_to_seats("alice")
    after = await classroom.sessions("alice")
    assert sorted(after.values()) == sorted(before.values())
    assert len(set(after) - set(before)) == 1


async def test_everybody_leaves_at_the_end(server: ThrowAway) -> None:
    classroom = Classroom(server)
    await classroom.populate()
    await classroom.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        others = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        await eventually(lambda: not admin.execute(others).fetchall())


async def _came_back(classroom: Classroom, pid: int) -> bool:
    sessions = await classroom.sessions("bob")
    return pid not in sessions and "notebook homework-4" in sessions.values()


async def _gone(classroom: Classroom, pid: int) -> bool:
    return pid not in await classroom.sessions("alice")
