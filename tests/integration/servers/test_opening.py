import asyncio
import logging
import socket
import struct
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import ServerUnavailable, SetupError
from bot.servers import opening
from bot.servers.fleet import Fleet
from bot.servers.opening import Connection
from bot.servers.postgres import PostgresServer
from bot.servers.rights import Cost, Missing, MissingKind
from bot.servers.server import target_of
from bot.servers.settings import ServerSettings
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, shown
from tests.postgres import Postgres

SECRET = "pa55w0rd"


async def why(settings: ServerSettings) -> ServerUnavailable:
    """Why no connection can be opened."""
    with pytest.raises(ServerUnavailable) as told:
        await opening.connect(settings)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
    return told.value


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def peer(answer: bytes) -> AsyncIterator[str]:
    """Something else than a server: it says `answer` to whoever connects; yields a DSN for it."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(8)
        if request[4:] == b"\x04\xd2\x16\x2f":  # asks for TLS
            writer.write(b"N")
            await reader.read(8)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as listener:
        host, port = listener.sockets[0].getsockname()
        yield f"host={host} port={port} user=connbot password={SECRET} dbname=postgres gssencmode=disable"


def fatal(code: str, words: str) -> bytes:
    fields = b"".join(kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"C", code), (b"M", words)))
    return b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0"


async def test_a_pooler_that_refuses_our_settings_is_named() -> None:
    async with peer(fatal("08P01", "unsupported startup parameter: options")) as dsn:
        told = await why(ServerSettings("class", dsn))
    assert told.why == "refused"
    assert "unsupported startup parameter: options" in told.detail
    assert "pooler" in told.detail


async def test_a_pooler_that_drops_our_settings_is_named(course: Class) -> None:
    settings = course.settings()
    connection = await opening.connect(settings)
    await connection.execute("SET statement_timeout = '7s'")
    with pytest.raises(ServerUnavailable) as told:
        await opening.settle_in(connection, settings)
    await connection.close()
    assert told.value.why == "refused"
    assert "pooler" in told.value.detail


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("sorry, too many clients already", "full"),
        ('too many connections for role "connbot"', "role_full"),
        ('too many connections for database "postgres"', "database_full"),
        ("remaining connection slots are reserved for roles with the SUPERUSER attribute", "full"),
        ('password authentication failed for user "connbot"', "refused"),
        ("the database system is starting up", "unreachable"),
        ("the database system is shutting down", "unreachable"),
    ],
)
async def test_the_server_s_own_words_tell_why(words: str, reason: str) -> None:
    async with peer(fatal("53300", words)) as dsn:
        assert await why(ServerSettings("class", dsn)) == ServerUnavailable("class", reason, words)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"E\xff\xff\xff\xff", b"\0" * 64])
async def test_what_is_no_postgresql_is_unreachable_or_refuses(answer: bytes) -> None:
    async with peer(answer) as dsn:
        told = await why(ServerSettings("class", dsn))
    assert told.why in ("unreachable", "refused")
    assert SECRET not in str(told)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300, "ünï..code", "two words"])
async def test_a_host_that_is_none_is_unreachable(host: str) -> None:
    assert (await why(ServerSettings("class", make_conninfo(host=host, user="connbot")))).why == "unreachable"


async def test_a_closed_port_is_unreachable() -> None:
    told = await why(ServerSettings("class", f"host=127.0.0.1 port={closed_port()} user=connbot"))
    assert told == ServerUnavailable("class", "unreachable", "Connection refused")


async def test_a_peer_that_says_nothing_is_unreachable_after_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        told = await why(ServerSettings("class", f"host=127.0.0.1 port={port} user=connbot"))
    assert told == ServerUnavailable("class", "unreachable", "timeout expired")


@pytest.mark.parametrize(
    "dsn",
    [
        f"host=no-such-host.invalid user=connbot password={SECRET}",
        f"postgresql://connbot:{SECRET}@no-such-host.invalid/postgres",
        f"postgresql://connbot:x@{SECRET}@no-such-host.invalid/postgres",
        f"host=127.0.0.1 port=1 user=connbot password={SECRET}",
        f"host=127.0.0.1 port=1 user=connbot options='-c x.y={SECRET}'",
        f"host=127.0.0.1 port={SECRET} user=connbot",
        f"service={SECRET}",
    ],
)
async def test_nothing_secret_of_the_dsn_is_told_shown_or_logged(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    settings = ServerSettings("class", dsn, students=("students",), pgbouncer=dsn)
    with caplog.at_level(logging.DEBUG, logger="bot"):
        server = PostgresServer(settings)
        await server.open()
        with pytest.raises(ServerUnavailable) as told:
            await server.read("alice")
        await server.close()
    everything = [repr(settings), repr(server), repr(told.value), str(told.value), caplog.text]
    everything += traceback.format_exception(told.value)
    everything += [str(record.__dict__) for record in caplog.records]
    assert not [text for text in everything if SECRET in text]
    assert caplog.records


@pytest.mark.parametrize(
    "dsn",
    [
        f"host=db password=two words {SECRET}",
        f"pasword={SECRET}",
        f"postgresql://connbot:{SECRET}@[::1/postgres",
        f"host=db password='{SECRET}",
    ],
)
def test_a_dsn_that_cannot_be_read_is_a_fault_of_the_set_up_that_repeats_nothing_of_it(dsn: str) -> None:
    with pytest.raises(SetupError) as wrong:
        PostgresServer(ServerSettings("class", dsn))
    (fault,) = wrong.value.faults
    assert "servers.class" in fault
    assert SECRET not in "".join(traceback.format_exception(wrong.value))


@pytest.mark.parametrize("pooler", ["10.0.0.9:6432", "pooler.example.edu", "10.0.0.9/24", ""])
def test_a_pooler_s_address_that_is_none_is_a_fault_of_the_set_up(pooler: str) -> None:
    with pytest.raises(SetupError) as wrong:
        PostgresServer(ServerSettings("class", "host=db", poolers=("10.0.0.0/8", "::1", "local", pooler)))
    assert len(wrong.value.faults) == 1


def test_a_fleet_names_the_faults_of_all_its_servers() -> None:
    servers = [
        ServerSettings("a", "pasword=x", poolers=("x",)),
        ServerSettings("b", "host=db"),
        ServerSettings("c", "x", poolers=()),
    ]
    with pytest.raises(SetupError) as wrong:
        Fleet(servers)
    assert [fault.split()[0:4] and ("servers.a" in fault, "servers.c" in fault) for fault in wrong.value.faults] == [
        (True, False),
        (True, False),
        (False, True),
    ]


async def test_the_dsn_s_own_options_stay_but_ours_win(course: Class) -> None:
    dsn = course.postgres.dsn(
        course.bot,
        options="-c statement_timeout=7 -c geqo=off",
        application_name="x",
        connect_timeout=99,
        client_encoding="LATIN1",
    )
    connection = await opening.connect(course.settings(dsn=dsn))
    try:
        row = await (
            await connection.execute(
                "SELECT current_setting('geqo') AS geqo, current_setting('statement_timeout') AS timeout,"
                " current_setting('application_name') AS name, current_setting('client_encoding') AS encoding"
            )
        ).fetchone()
        given = connection.info.get_parameters()
    finally:
        await connection.close()
    timeouts = {name: given.get(name) for name in ("connect_timeout", "keepalives_idle", "tcp_user_timeout")}
    assert timeouts == {"connect_timeout": "2", "keepalives_idle": "10", "tcp_user_timeout": "10000"}
    assert row == {"geqo": "off", "timeout": "2500ms", "name": "connbot", "encoding": "UTF8"}


async def test_what_the_bot_s_role_lacks_is_found_at_the_start_and_logged(
    course: Class, caplog: pytest.LogCaptureFixture
) -> None:
    bot = course.postgres.make_role("poor", limit=1)
    base = course.postgres.make_database(limit=3)
    with caplog.at_level(logging.WARNING):
        server = await course.open(bot, dbname=base, students=(course.students, "studens"), services=("canvas",))
    expected = [
        Missing(MissingKind.READ_ALL_STATS, Cost.EVERYTHING, bot),
        Missing(MissingKind.SIGNAL_BACKEND, Cost.TERMINATING, bot),
        Missing(MissingKind.STUDENTS_ROLE, Cost.THESE_ROLES, "studens"),
        Missing(MissingKind.SERVICE_ROLE, Cost.THESE_ROLES, "canvas"),
        Missing(MissingKind.ROLE_LIMIT, Cost.REPLACING, bot),
        Missing(MissingKind.DATABASE_LIMIT, Cost.RECONNECTING_WHEN_FULL, base),
    ]
    if course.postgres.major >= 16:
        expected.append(Missing(MissingKind.USE_RESERVED_CONNECTIONS, Cost.RECONNECTING_WHEN_FULL, bot))
    assert server.missing == tuple(expected)
    assert [record.__dict__["missing"] for record in caplog.records] == [lack.kind for lack in expected]


async def test_a_role_with_all_it_needs_lacks_nothing(course: Class) -> None:
    bot = course.postgres.make_bot_role(reserved=course.postgres.major >= 16)
    server = await course.open(bot)
    assert not server.missing
    course.postgres.run("REVOKE pg_signal_backend FROM {}", bot)
    course.postgres.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [bot])
    lacks = (Missing(MissingKind.SIGNAL_BACKEND, Cost.TERMINATING, bot),)
    await eventually(lambda: server.missing == lacks)


async def test_with_the_reserve_a_full_server_lets_the_bot_in(course: Class) -> None:
    reserve = course.postgres.major >= 16
    bot = course.postgres.make_bot_role(reserved=reserve)
    student = course.make_student()
    await course.postgres.fill(student)
    server = await course.open(bot)
    if reserve:
        assert await server.read(student)
    else:
        assert server.failure
        assert server.failure.why == "full"


async def test_the_students_roles_can_come_later(postgres18: Postgres) -> None:
    course = Class(postgres18, "students_to_come", postgres18.make_bot_role())
    server = await course.open()
    assert MissingKind.STUDENTS_ROLE in [lack.kind for lack in server.missing]
    await course.stack.aclose()


async def test_what_will_be_asked_is_planned_before_anybody_asks(course: Class) -> None:
    server = await course.open()
    planned = await server._holder.run(_planned, repeatable=True)
    assert len(planned) >= 3
    opened = await course.postgres.open_backend(course.make_student())
    target = target_of(await shown(server, opened))
    for pid in (7, 40_000, 3_000_000, target.id.pid):
        one = replace(target, id=replace(target.id, pid=pid))
        await server.presence([one.id])
        await server.terminate([one], before=course.soon())
    assert await server._holder.run(_planned, repeatable=True) == planned


async def _planned(connection: Connection) -> set[str]:
    rows = await connection.execute("SELECT name FROM pg_prepared_statements", prepare=False)
    return {row["name"] async for row in rows}


async def test_a_visit_to_a_server_that_hangs_ends(course18: Class) -> None:
    """A session that is stopped answers neither the query nor the wish to cancel it."""
    stopped: list[int] = []

    async def work(connection: Connection) -> None:
        stopped.append(connection.info.backend_pid)
        course18.postgres.freeze(connection.info.backend_pid)
        await connection.execute("SELECT 1")

    with pytest.raises(ServerUnavailable, match=r"no answer within 0\.5 s"):
        async with asyncio.timeout(5):
            await opening.visit(course18.settings(), work, within=0.5)
    assert stopped
