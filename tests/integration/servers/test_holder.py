import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.errors import ServerUnavailable
from bot.servers.opening import Connection
from bot.servers.sharing import SharedReads
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, held, pid


def query(statement: str) -> Callable[[Connection], Awaitable[object]]:
    """Work that runs one statement."""

    async def run(connection: Connection) -> object:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []

    return run


async def test_a_cancelled_requester_does_not_cancel_its_query(course18: Class) -> None:
    finished = asyncio.Event()

    async def slow(connection: Connection) -> None:
        await connection.execute("SELECT pg_sleep(0.3)")
        finished.set()

    async with held(course18) as holder:
        before = await holder.run(pid, repeatable=True)
        asking = asyncio.create_task(holder.run(slow, repeatable=True))
        await eventually(lambda: course18.postgres.activity(before)["state"] == "active")
        asking.cancel()
        assert await holder.run(pid, repeatable=True) == before
        assert finished.is_set()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_what_nobody_waits_for_any_more_is_not_begun(course18: Class) -> None:
    begun: list[str] = []
    gate = asyncio.Event()

    async def wait(_: Connection) -> None:
        await gate.wait()

    async def late(_: Connection) -> None:
        begun.append("late")

    async with held(course18) as holder:
        first = asyncio.create_task(holder.run(wait, repeatable=True))
        second = asyncio.create_task(holder.run(late, repeatable=True))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        gate.set()
        await first
        await holder.run(pid, repeatable=True)
    assert begun == []


async def test_an_error_of_the_work_is_its_requester_s_and_nobody_else_s(course18: Class) -> None:
    async def wrong(_: Connection) -> None:
        raise LookupError

    async with held(course18) as holder:
        before = await holder.run(pid, repeatable=True)
        with pytest.raises(LookupError):
            await holder.run(wrong, repeatable=True)
        with pytest.raises(ServerUnavailable) as refused:
            await holder.run(query("SELECT 1 / 0"), repeatable=True)
        assert (refused.value.why, refused.value.detail) == ("refused", "division by zero")
        with pytest.raises(ServerUnavailable) as denied:
            await holder.run(query("SELECT rolpassword FROM pg_authid"), repeatable=True)
        assert denied.value.why == "rights"
        assert await holder.run(pid, repeatable=True) == before
        assert holder.failure is None


async def test_a_slow_statement_is_ended_without_losing_the_connection(course18: Class) -> None:
    async with held(course18) as holder:
        before = await holder.run(pid, repeatable=True)
        await holder.run(query("SET statement_timeout = '50ms'"), repeatable=False)
        with pytest.raises(ServerUnavailable) as told:
            await holder.run(query("SELECT pg_sleep(60)"), repeatable=True)
        assert told.value.why == "deadline"
        assert await holder.run(pid, repeatable=True) == before


async def test_a_query_past_its_deadline_is_cancelled_and_its_connection_replaced(course18: Class) -> None:
    async with held(course18, deadline=0.4) as holder:
        before = await holder.run(pid, repeatable=True)
        with pytest.raises(ServerUnavailable) as told:
            await holder.run(query("SELECT pg_sleep(60)"), repeatable=True)
        assert told.value.why == "deadline"
        assert await holder.run(pid, repeatable=True) != before
        await eventually(lambda: course18.sessions() == 1)
        assert course18.postgres.activity(before) == {}


async def test_a_frozen_backend_is_replaced_and_leaves_when_it_can(course18: Class) -> None:
    async with held(course18, deadline=0.4) as holder:
        before = await holder.run(pid, repeatable=True)
        course18.postgres.freeze(before)
        with pytest.raises(ServerUnavailable):
            await holder.run(pid, repeatable=True)
        after = await holder.run(pid, repeatable=True)
        course18.postgres.thaw(before)
        await eventually(lambda: course18.sessions() == 1)
        assert await holder.run(pid, repeatable=True) == after != before


async def test_a_heartbeat_finds_a_frozen_backend_before_anybody_asks(course18: Class) -> None:
    async with held(course18, deadline=0.4, heartbeat_every=0.05) as holder:
        before = await holder.run(pid, repeatable=True)
        course18.postgres.freeze(before)
        await eventually(lambda: course18.sessions() == 2)
        course18.postgres.thaw(before)
        await eventually(lambda: course18.sessions() == 1)
        assert await holder.run(pid, repeatable=True) != before


async def test_heartbeats_go_on_while_nobody_asks(course18: Class) -> None:
    async with held(course18, heartbeat_every=0.02) as holder:
        own = await holder.run(pid, repeatable=True)
        beats = {course18.postgres.activity(own)["query_start"]}

        def beats_on() -> bool:
            beats.add(course18.postgres.activity(own)["query_start"])
            return len(beats) > 3

        await eventually(beats_on)


async def test_an_ended_session_is_replaced_at_once_though_nobody_asks(course18: Class) -> None:
    async with held(course18) as holder:
        before = await holder.run(pid, repeatable=True)
        course18.postgres.admin.execute("SELECT pg_terminate_backend(%s)", [before])
        await eventually(lambda: course18.postgres.activity(before) == {} and course18.sessions() == 1)
        assert await holder.run(pid, repeatable=True) != before


async def test_a_read_under_which_the_connection_breaks_is_repeated_once_and_a_signal_never(course18: Class) -> None:
    begun: list[int] = []

    async def end_oneself(connection: Connection) -> None:
        begun.append(connection.info.backend_pid)
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async with held(course18) as holder:
        for repeatable, times in ((True, 2), (False, 1)):
            begun.clear()
            with pytest.raises(ServerUnavailable) as lost:
                await holder.run(end_oneself, repeatable=repeatable)
            assert lost.value.why == "unreachable"
            assert len(set(begun)) == times
        assert await holder.run(pid, repeatable=True)


async def test_on_a_full_server_the_old_connection_is_kept_until_it_answers(course: Class) -> None:
    async with held(course, deadline=0.4) as holder:
        before = await holder.run(pid, repeatable=True)
        await course.postgres.fill(course.make_student())
        course.postgres.freeze(before)
        with pytest.raises(ServerUnavailable) as told:
            await holder.run(pid, repeatable=True)
        assert told.value.why == "deadline"
        await eventually(lambda: holder.failure is not None)
        with pytest.raises(ServerUnavailable) as full:
            await holder.run(pid, repeatable=True)
        assert full.value.why == "full"
        assert "remaining connection slots are reserved" in full.value.detail
        course.postgres.thaw(before)
        await eventually(lambda: holder.failure is None)
        assert await holder.run(pid, repeatable=True) == before
        assert course.sessions() == 1


async def test_a_server_that_stopped_is_told_of_at_once_and_found_again(course: Class) -> None:
    async with held(course) as holder:
        await holder.run(pid, repeatable=True)
        course.postgres.halt()
        await eventually(lambda: holder.failure is not None)
        loop = asyncio.get_running_loop()
        asked = loop.time()
        with pytest.raises(ServerUnavailable) as told:
            await holder.run(pid, repeatable=True)
        assert loop.time() - asked < 0.1
        assert told.value.why == "unreachable"
        assert told.value.detail in ("Connection refused", "the database system is shutting down")
        course.postgres.start()
        await eventually(lambda: holder.failure is None, within=10)
        await holder.run(pid, repeatable=True)
        assert course.sessions() == 1


async def test_a_server_frozen_as_a_whole_costs_those_who_wait_little_more_than_one_deadline(course18: Class) -> None:
    async with held(course18, deadline=0.6) as holder:
        own = await holder.run(pid, repeatable=True)
        for process in (own, course18.postgres.server.pid):
            course18.postgres.freeze(process)
        loop = asyncio.get_running_loop()
        asked = loop.time()
        answers = await asyncio.gather(*(holder.run(pid, repeatable=True) for _ in range(200)), return_exceptions=True)
        assert loop.time() - asked < 0.6 * 2
        assert {type(answer) for answer in answers} == {ServerUnavailable}
        course18.postgres.server.resume()
        await eventually(lambda: holder.failure is None, within=15)
        await holder.run(pid, repeatable=True)
        await eventually(lambda: course18.sessions() == 1)


async def test_what_waited_too_long_for_others_never_begins(course18: Class) -> None:
    begun: list[int] = []

    async def signal(connection: Connection) -> None:
        begun.append(await pid(connection))

    async with held(course18, deadline=0.3) as holder:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        hanging = [asyncio.create_task(holder.run(query("SELECT pg_sleep(60)"), repeatable=True)) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(ServerUnavailable) as told:
            await holder.run(signal, repeatable=False)
        assert (told.value.why, told.value.detail) == ("deadline", "others' queries do not end")
        assert 0.3 < loop.time() - asked < 0.6
        answers = await asyncio.gather(*hanging, return_exceptions=True)
        assert {type(answer) for answer in answers} == {ServerUnavailable}
        await holder.run(pid, repeatable=True)
    assert begun == []


async def test_who_waits_behind_a_frozen_backend_is_served_by_its_replacement(course18: Class) -> None:
    async with held(course18, deadline=2.0) as holder:
        own = await holder.run(pid, repeatable=True)
        course18.postgres.freeze(own)
        loop = asyncio.get_running_loop()
        asked = loop.time()
        stuck, *others = await asyncio.gather(
            *(holder.run(pid, repeatable=True) for _ in range(20)), return_exceptions=True
        )
        assert loop.time() - asked < 2.0 * 2
        assert isinstance(stuck, ServerUnavailable)
        assert len(set(map(str, others))) == 1
        assert others[0] not in (own, 0)


async def test_closing_lets_the_running_query_end_and_fails_what_waits(course18: Class) -> None:
    async with contextlib.AsyncExitStack() as stack:
        holder = await stack.enter_async_context(held(course18))
        own = await holder.run(pid, repeatable=True)
        running = asyncio.create_task(holder.run(query("SELECT 7 FROM pg_sleep(0.3)"), repeatable=True))
        waiting = asyncio.create_task(holder.run(pid, repeatable=True))
        await eventually(lambda: course18.postgres.activity(own)["state"] == "active")
        await holder.close()
        assert running.done()
        assert len(await running) == 1  # type: ignore[arg-type]  # the rows of one statement
        with pytest.raises(ServerUnavailable):
            await waiting
    await eventually(lambda: course18.sessions() == 0)


async def test_closing_does_not_wait_for_ever_for_a_frozen_backend(course18: Class) -> None:
    async with held(course18, deadline=0.5) as holder:
        own = await holder.run(pid, repeatable=True)
        course18.postgres.freeze(own)
        hanging = [asyncio.create_task(holder.run(pid, repeatable=True)) for _ in range(2)]
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await holder.close()
            answers = await asyncio.gather(*hanging, return_exceptions=True)
    assert {type(answer) for answer in answers} == {ServerUnavailable}


async def test_closing_does_not_wait_for_ever_for_a_query_that_hangs(course18: Class) -> None:
    async with held(course18, deadline=0.3) as holder:
        own = await holder.run(pid, repeatable=True)
        hanging = asyncio.create_task(holder.run(query("SELECT pg_sleep(60)"), repeatable=True))
        await eventually(lambda: course18.postgres.activity(own)["state"] == "active")
        async with asyncio.timeout(3):
            await holder.close()
        with pytest.raises(ServerUnavailable):
            await hanging
    await eventually(lambda: course18.sessions() == 0)


async def test_one_read_serves_all_who_asked_before_it_began(course18: Class) -> None:
    reads: list[tuple[str, ...]] = []
    gate = asyncio.Event()

    async def read(_: Connection, names: Any) -> dict[str, int]:
        reads.append(tuple(names))
        await gate.wait()
        return {name: len(reads) for name in names if name != "nobody"}

    async with held(course18) as holder:
        shared = SharedReads(holder, read)
        first = asyncio.create_task(shared.read("alice"))
        await eventually(lambda: len(reads) == 1)
        names = [f"s{number % 10}" for number in range(98)] + ["alice", "nobody"]
        others = [asyncio.create_task(shared.read(name)) for name in names]
        await asyncio.sleep(0)
        others[0].cancel()
        gate.set()
        assert await first == 1
        answers = await asyncio.gather(*others, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        # Alice asked a second time while her first read ran: what it found may have been over by then.
        assert answers[1:] == [2] * 98 + [None]
        assert reads == [("alice",), (*(f"s{number}" for number in range(10)), "alice", "nobody")]


async def test_a_shared_read_that_fails_is_told_to_all_and_the_next_one_works(course18: Class) -> None:
    async with held(course18) as holder:
        shared = SharedReads(holder, _divide)
        answers = await asyncio.gather(*(shared.read("0") for _ in range(3)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {ServerUnavailable}
        assert await shared.read("4") == 2


async def _divide(connection: Connection, names: Any) -> dict[str, int]:
    (name,) = names
    row = await (await connection.execute("SELECT 8 / %s::int AS result", [name])).fetchone()
    return {name: row["result"]} if row else {}


async def test_a_hundred_who_ask_at_once_cost_one_connection(course: Class) -> None:
    server = await course.open()
    roles = [course.make_student() for _ in range(5)]
    asking = [asyncio.create_task(server.read(roles[number % 5])) for number in range(100)]
    most = 0
    while not all(task.done() for task in asking):
        most = max(most, course.sessions())
        await asyncio.sleep(0)
    assert {reading.role.name for task in asking if (reading := task.result())} == set(roles)
    assert max(most, course.sessions()) == 1
