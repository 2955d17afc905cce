"""Every limit of a server, met and survived: through the connection held, through the reserve, and by trying again."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from bot.demo.clients import Refused
from bot.errors import ServerUnavailable
from bot.servers.capacity import LimitKind
from bot.servers.postgres import PostgresServer
from bot.servers.server import Verdict, target_of
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, held, pid, read, shown
from tests.postgres import MAX_CONNECTIONS, SUPERUSER_RESERVED, OpenBackend

TAKEN_WITHIN = 5.0
FREED_WITHIN = 0.5
"""Seconds; the server takes a session from its view a moment before it gives its slot back."""

Meet = Callable[[Class], Awaitable[tuple[str, str, list[OpenBackend]]]]
"""Meets a limit; returns the role it shuts out, in which database, and the role's open sessions."""


async def the_role_s(course: Class) -> tuple[str, str, list[OpenBackend]]:
    role = course.make_student(limit=3)
    return role, "postgres", await course.postgres.fill(role)


async def a_database_s(course: Class) -> tuple[str, str, list[OpenBackend]]:
    base = course.postgres.make_database(limit=3)
    role = course.make_student(limit=10)
    return role, base, await course.postgres.fill(role, dbname=base)


async def the_server_s(course: Class) -> tuple[str, str, list[OpenBackend]]:
    role = course.make_student()
    return role, "postgres", await course.postgres.fill(role)


def refusals(course: Class) -> dict[Meet, str]:
    """What the server says at each limit."""
    new = course.postgres.major >= 16
    reserved = 'roles with privileges of the "pg_use_reserved_connections" role' if new else "non-replication superuser"
    return {
        the_role_s: "too many connections for role",
        a_database_s: "too many connections for database",
        the_server_s: f"remaining connection slots are reserved for {reserved}",
    }


async def end(server: PostgresServer, course: Class, opened: OpenBackend) -> None:
    """End one session as a click does."""
    verdicts = await server.terminate([target_of(await shown(server, opened))], before=course.soon())
    assert list(verdicts.values()) == [Verdict.TERMINATED]


async def gets_in(course: Class, role: str, dbname: str = "postgres") -> bool:
    """Whether the role can open a further connection now; it is closed again."""
    try:
        await course.postgres.close_backend(await course.postgres.open_backend(role, dbname=dbname))
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("meet", "kind"),
    [(the_role_s, LimitKind.ROLE), (a_database_s, LimitKind.DATABASE), (the_server_s, LimitKind.SERVER)],
)
async def test_a_limit_is_read_and_relieved_through_the_connection_held(
    course: Class, server: PostgresServer, meet: Meet, kind: LimitKind
) -> None:
    role, base, opened = await meet(course)
    with pytest.raises(Refused) as told:
        await course.postgres.open_backend(role, dbname=base)
    assert refusals(course)[meet] in told.value.text
    biting = (await read(server, role)).capacity.biting()
    assert biting is not None
    assert (biting.kind, biting.must_end) == (kind, 1)

    await end(server, course, opened[0])

    await eventually(lambda: gets_in(course, role, base), within=FREED_WITHIN)
    assert course.sessions() == 1


async def test_a_role_that_may_hold_no_connection_is_never_said_to_get_in(
    course: Class, server: PostgresServer
) -> None:
    role = course.make_student()
    (opened,) = [await course.postgres.open_backend(role)]
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 0", role)
    with pytest.raises(Refused, match="too many connections for role"):
        await course.postgres.open_backend(role)
    limit = (await read(server, role)).capacity.role
    assert (limit.full, limit.must_end) == (True, None)
    await end(server, course, opened)
    assert (await read(server, role)).capacity.role.full
    assert not await gets_in(course, role)


async def test_a_lowered_limit_takes_as_many_ends_as_the_figures_say(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    opened = [await course.postgres.open_backend(role) for _ in range(4)]
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 2", role)
    assert (await read(server, role)).capacity.role.must_end == 3
    for left in (2, 1, 0):
        assert not await gets_in(course, role)
        await end(server, course, opened.pop())
        assert (await read(server, role)).capacity.role.must_end == left
    await eventually(lambda: gets_in(course, role), within=FREED_WITHIN)


@pytest.mark.parametrize("deep", [1, "all"])
async def test_slots_taken_from_the_reserve_are_counted_until_a_student_gets_in(
    course: Class, server: PostgresServer, deep: int | str
) -> None:
    student, boss = course.make_student(), course.postgres.make_role("boss", superuser=True)
    students = await course.postgres.fill(student)
    reserve = MAX_CONNECTIONS - course.postgres.ordinary_slots
    over = reserve if deep == "all" else 1
    for _ in range(over):
        await course.postgres.open_backend(boss)
    if deep == "all":
        with pytest.raises(Refused, match="sorry, too many clients already"):
            await course.postgres.open_backend(boss)
        assert (await read(server, boss)).capacity.biting() is not None

    # As the server counts: one more than the reserve gave away must end.
    for left in range(over + 1, 0, -1):
        capacity = (await read(server, student)).capacity
        assert (capacity.server.used, capacity.server.must_end) == (course.postgres.ordinary_slots + left - 1, left)
        assert not await gets_in(course, student)
        await end(server, course, students.pop())
    assert (await read(server, student)).capacity.server.must_end == 0
    await eventually(lambda: gets_in(course, student), within=FREED_WITHIN)


async def test_the_reserve_gone_is_told_apart_by_the_server_and_shuts_the_bot_out_with_its_words(course: Class) -> None:
    new = course.postgres.major >= 16
    await course.postgres.fill(course.make_student())
    reserved = course.postgres.make_bot_role(reserved=new)
    if new:
        await course.postgres.fill(course.postgres.make_role("staff", groups=["pg_use_reserved_connections"]))
    server = await course.open(reserved)
    words = "roles with the SUPERUSER attribute" if new else "non-replication superuser connections"
    with pytest.raises(ServerUnavailable) as told:
        await server.read("alice")
    assert told.value == ServerUnavailable("class", "full", f"remaining connection slots are reserved for {words}")
    # The last slots still let the superuser in, until they are gone too.
    boss = course.postgres.make_role("boss", superuser=True)
    opened: list[OpenBackend] = []

    async def all_are_gone() -> bool:
        # The bot tries again meanwhile, and holds one of them for the moment of its refusal.
        opened.extend(await course.postgres.fill(boss))
        return len(opened) == SUPERUSER_RESERVED

    await eventually(all_are_gone)
    await eventually(lambda: server.failure and server.failure.detail == "sorry, too many clients already")


async def test_walsenders_have_slots_of_their_own_and_confuse_nothing(course: Class, server: PostgresServer) -> None:
    student, replica = course.make_student(), course.postgres.make_role("replica", replication=True)
    await course.postgres.fill(student)
    full = (await read(server, student)).capacity
    ((most,),) = course.postgres.admin.execute("SELECT current_setting('max_wal_senders')::int").fetchall()
    for _ in range(most):
        await course.postgres.open_walsender(replica)
    with pytest.raises(Refused, match=r"number of requested standby connections exceeds .?max_wal_senders"):
        await course.postgres.open_walsender(replica)
    assert (await read(server, student)).capacity == full
    assert (await read(server, replica)).clients == ()


async def test_who_is_being_refused_is_not_counted_as_if_it_were_in(course: Class, server: PostgresServer) -> None:
    student, slow = course.make_student(), course.postgres.make_role("slow", password="never told")
    await course.postgres.fill(student)
    course.postgres.open_hanging_login(slow)
    if course.postgres.major >= 18:
        starting = "SELECT FROM pg_stat_activity WHERE state = 'starting'"
        await eventually(lambda: course.postgres.admin.execute(starting).fetchall())
    assert (await read(server, student)).capacity.server.must_end == 1


# The bot itself at the door.


async def test_started_into_a_full_server_it_is_in_through_the_reserve_or_takes_the_next_slot(course: Class) -> None:
    reserve = course.postgres.major >= 16
    bot = course.postgres.make_bot_role(reserved=reserve)
    student = course.make_student()
    opened = await course.postgres.fill(student)
    server = await course.open(bot)
    if not reserve:
        await told_at_once_that_it_is_full(server, student)
        await course.postgres.close_backend(opened.pop())
        await eventually(lambda: server.failure is None, within=TAKEN_WITHIN)

    # A slot taken from the reserve counts: then the end of one frees nothing, and that is what the figures say.
    for left in range(1 + reserve, 0, -1):
        assert (await read(server, student)).capacity.server.must_end == left
        assert not await gets_in(course, student)
        await end(server, course, opened.pop())
    assert (await read(server, student)).capacity.server.must_end == 0
    await eventually(lambda: gets_in(course, student), within=FREED_WITHIN)
    assert course.sessions(bot) == 1


async def told_at_once_that_it_is_full(server: PostgresServer, role: str) -> None:
    loop = asyncio.get_running_loop()
    asked = loop.time()
    with pytest.raises(ServerUnavailable) as told:
        await server.read(role)
    assert loop.time() - asked < 0.1
    assert told.value.why == "full"


@pytest.mark.parametrize("way", ["terminated", "restarted"])
async def test_its_connection_broken_on_a_full_server_comes_back(course: Class, way: str) -> None:
    reserve = course.postgres.major >= 16
    bot = course.postgres.make_bot_role(reserved=reserve)
    student = course.make_student()
    server = await course.open(bot)
    ((before,),) = _pids(course, bot)
    if way == "terminated":
        opened = await course.postgres.fill(student)
        course.postgres.admin.execute("SELECT pg_terminate_backend(%s)", [before])
        if not reserve:
            # Somebody else takes the slot before the bot is back.
            await eventually(lambda: (before,) not in _pids(course, bot))
            with contextlib.suppress(Refused):
                opened.append(await course.postgres.open_backend(student))
    else:
        course.postgres.halt()
        await eventually(lambda: server.failure is not None)
        course.postgres.start()
        opened = await course.postgres.fill(student)

    if not reserve:
        await course.postgres.close_backend(opened.pop())
    await eventually(lambda: server.failure is None and _pids(course, bot) not in ([], [(before,)]), within=10)
    assert course.sessions(bot) == 1
    await end(server, course, opened.pop())


async def test_a_hung_connection_on_a_full_server_is_replaced_from_the_reserve_and_else_kept(course: Class) -> None:
    reserve = course.postgres.major >= 16
    bot = course.postgres.make_bot_role(reserved=reserve)
    async with held(course, bot, deadline=0.5) as holder:
        hung = await holder.run(pid, repeatable=True)
        students = await course.postgres.fill(course.make_student())
        course.postgres.freeze(hung)
        with pytest.raises(ServerUnavailable):
            await holder.run(pid, repeatable=True)
        if reserve:
            assert await holder.run(pid, repeatable=True) != hung
            assert course.sessions(bot) == 2
        else:
            await eventually(lambda: holder.failure and holder.failure.why == "full")
            assert course.sessions(bot) == 1
            # The hung one still has its slot, and the next that comes free is enough to be rid of it.
            await course.postgres.close_backend(students.pop())
            await eventually(lambda: holder.failure is None, within=TAKEN_WITHIN)
            assert await holder.run(pid, repeatable=True) != hung
        course.postgres.thaw(hung)
        await eventually(lambda: course.sessions(bot) == 1)


async def test_where_its_role_may_hold_one_a_hung_connection_is_kept_and_that_is_said(course: Class) -> None:
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 1", course.bot)
    async with held(course, deadline=0.5) as holder:
        hung = await holder.run(pid, repeatable=True)
        course.postgres.freeze(hung)
        with pytest.raises(ServerUnavailable):
            await holder.run(pid, repeatable=True)
        words = f'too many connections for role "{course.bot}"'
        await eventually(lambda: holder.failure == ServerUnavailable("class", "role_full", words))
        course.postgres.thaw(hung)
        await eventually(lambda: holder.failure is None)
        assert await holder.run(pid, repeatable=True) == hung


async def test_where_its_role_may_hold_none_that_is_said_until_it_may(course: Class) -> None:
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 0", course.bot)
    server = await course.open()
    words = f'too many connections for role "{course.bot}"'
    assert server.failure == ServerUnavailable("class", "role_full", words)
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 1", course.bot)
    await eventually(lambda: server.failure is None, within=TAKEN_WITHIN)


async def test_where_its_role_may_hold_two_one_that_hangs_is_replaced_and_a_second_is_kept(course18: Class) -> None:
    course = course18
    course.postgres.run("ALTER ROLE {} CONNECTION LIMIT 2", course.bot)
    async with held(course, deadline=0.5) as holder:
        first = await holder.run(pid, repeatable=True)
        course.postgres.freeze(first)
        with pytest.raises(ServerUnavailable):
            await holder.run(pid, repeatable=True)
        second = await holder.run(pid, repeatable=True)
        assert second != first
        course.postgres.freeze(second)
        with pytest.raises(ServerUnavailable):
            await holder.run(pid, repeatable=True)
        await eventually(lambda: holder.failure and holder.failure.why == "role_full")
        # The first leaves, as it was told to, and its place is enough for a third.
        course.postgres.thaw(first)
        await eventually(lambda: holder.failure is None, within=TAKEN_WITHIN)
        assert await holder.run(pid, repeatable=True) not in (first, second)
        course.postgres.thaw(second)
        await eventually(lambda: course.sessions() == 1)


async def test_a_full_database_of_its_own_shuts_the_bot_out_until_it_has_room(course: Class) -> None:
    base = course.postgres.make_database(limit=1)
    opened = await course.postgres.open_backend(course.make_student(), dbname=base)
    server = await course.open(dbname=base)
    assert server.failure == ServerUnavailable("class", "database_full", f'too many connections for database "{base}"')
    await course.postgres.close_backend(opened)
    await eventually(lambda: server.failure is None, within=TAKEN_WITHIN)


def _pids(course: Class, bot: str) -> list[tuple[int, ...]]:
    query = "SELECT pid FROM pg_stat_activity WHERE usename = %s ORDER BY pid"
    with contextlib.suppress(psycopg.OperationalError):
        return course.postgres.admin.execute(query, [bot]).fetchall()
    return []
