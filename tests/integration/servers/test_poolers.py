"""Sessions that come through a true PgBouncer, and many that come from one address without one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.servers.postgres import PostgresServer
from bot.servers.server import Verdict, target_of
from tests.integration.servers.conftest import Class, read, shown
from tests.majors import NEWEST
from tests.poolers import a_pooler
from tests.postgres import Postgres, Running

CROWD = 40
"""Roles of one lab; more than the slots of the server that tests share."""


@pytest.mark.parametrize("mode", ["transaction", "session"])
async def test_what_comes_through_a_pooler_is_marked_and_never_ended(course: Class, mode: str) -> None:
    alice = course.make_student()
    server = await course.open(poolers=("127.0.0.1",))
    with a_pooler(course.postgres, [alice], f"pool_mode = {mode}") as pooler:
        await pooler.connect(alice)
        direct = await course.postgres.open_backend(alice, host=str(course.postgres.server.socket_dir))
        reading = await read(server, alice)

        verdicts = await server.terminate([target_of(one) for one in reading.clients], before=course.soon())

    assert {one.pid == direct.pid: one.pooler for one in reading.clients} == {True: False, False: True}
    ended = {verdicts[one.id]: verdicts.details.get(one.id) for one in reading.clients}
    assert ended == {Verdict.REFUSED: "pooler", Verdict.TERMINATED: None}


async def test_eight_clients_in_transaction_mode_are_one_marked_session(course: Class) -> None:
    alice = course.make_student()
    server = await course.open(poolers=("127.0.0.1",))
    with a_pooler(course.postgres, [alice], "pool_mode = transaction") as pooler:
        for _ in range(8):
            await pooler.connect(alice)
        assert [one.pooler for one in (await read(server, alice)).clients] == [True]


@pytest.mark.parametrize("name", ["pgbouncer", "connbot", "x - 10.0.0.9:6432", "<!channel>", "Odyssey", "canvas"])
async def test_no_application_name_protects_a_session(course: Class, server: PostgresServer, name: str) -> None:
    opened = await course.postgres.open_backend(course.make_student(), application_name=name)
    backend = await shown(server, opened)
    assert not backend.pooler
    assert (await server.terminate([target_of(backend)], before=course.soon()))[backend.id] is Verdict.TERMINATED
    assert not course.postgres.is_open(opened)


@pytest.fixture(scope="module")
def roomy() -> Iterator[Running]:
    with contextlib.closing(Running(NEWEST, max_connections=CROWD + 20)) as running:
        yield running


@pytest.fixture
async def lab(roomy: Running) -> AsyncIterator[Class]:
    postgres = Postgres(roomy)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(postgres.clean)
        yield Class(postgres, postgres.make_group(), postgres.make_bot_role(), stack)


async def test_forty_roles_from_one_address_are_counted_and_all_terminable(lab: Class) -> None:
    server = await lab.open()
    students = [lab.make_student() for _ in range(CROWD)]
    opened = [await lab.postgres.open_backend(student) for student in students]

    readings = await asyncio.gather(*(read(server, student) for student in students))
    backends = [backend for reading in readings for backend in reading.backends]
    ended = [await server.terminate([target_of(backend)], before=lab.soon()) for backend in backends]

    # The tests' own superuser is the other role from there; the bot does not count itself.
    assert {backend.neighbours for backend in backends} == {CROWD}
    assert [verdict for one in ended for verdict in one.values()] == [Verdict.TERMINATED] * CROWD
    assert not any(lab.postgres.is_open(one) for one in opened)


async def test_roles_are_counted_by_address_and_each_once(course: Class, server: PostgresServer) -> None:
    alice, bob, carol = (course.make_student() for _ in range(3))
    socket = str(course.postgres.server.socket_dir)
    for role, host in ((alice, "127.0.0.1"), (bob, "127.0.0.1"), (bob, "127.0.0.1"), (alice, socket), (carol, socket)):
        await course.postgres.open_backend(role, host=host)

    clients = (await read(server, alice)).clients
    # Over the network bob and the tests' superuser, over the socket carol.
    assert {one.client_address: one.neighbours for one in clients} == {"127.0.0.1": 2, None: 1}
    assert {one.neighbours for one in (await read(server, course.bot)).backends} == {0}


async def test_a_helper_process_has_no_neighbours(course: Class, server: PostgresServer) -> None:
    sender = await course.postgres.open_walsender(course.make_student(replication=True))
    reading = await read(server, sender.role)
    assert [(one.is_client, one.neighbours) for one in reading.backends] == [(False, 0)]
