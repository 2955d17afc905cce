"""The admin console: a true PgBouncer of before ids, and one that speaks as the newer ones do."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta, timezone
from typing import Any

import psycopg
import pytest

from bot.clock import clock
from bot.errors import PoolerUnavailable, SetupError
from bot.servers.backend import BackendState
from bot.servers.fleet import Fleet
from bot.servers.pgbouncer import Console
from bot.servers.pooled import ClientState, PooledReading, client_target
from bot.servers.server import Presence, Target, Verdict
from bot.servers.settings import ServerSettings
from tests import consoles
from tests.builders import a_role
from tests.consoles import a_console
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, read
from tests.poolers import READER, a_pooler
from tests.postgres import Postgres

SOON = 0.3
"""Seconds; a console that does not answer is given up after these."""


@pytest.fixture
async def course(postgres18: Postgres) -> AsyncIterator[Class]:
    """On one major: the console is the pooler's, whatever stands behind it."""
    async with AsyncExitStack() as stack:
        yield Class(postgres18, postgres18.make_group(), postgres18.make_bot_role(), stack)


@asynccontextmanager
async def asking(
    dsn: str, *, server: str = "host=127.0.0.1 port=5432", deadline: float = 3.0
) -> AsyncIterator[Console]:
    console = Console(ServerSettings("class", server, pgbouncer=dsn), clock, deadline=deadline)
    try:
        yield console
    finally:
        await console.close()


def targets(reading: PooledReading) -> list[Target]:
    return [client_target(client, reading, a_role(), {}) for client in reading.clients]


# A true PgBouncer.


async def test_a_true_pooler_tells_of_each_client_of_a_role(course: Class) -> None:
    alice, bob = course.make_student(), course.make_student()
    server = await course.open(poolers=("127.0.0.1",))
    before = clock().replace(microsecond=0)
    with a_pooler(course.postgres, [alice, bob], "pool_mode = transaction\nserver_idle_timeout = 60") as pooler:
        one = await pooler.connect(alice, application_name="<!channel> *x*")
        await pooler.connect(alice, application_name="psql")
        await pooler.connect(bob)
        await one.execute("BEGIN")
        async with asking(pooler.console(), server=course.settings().dsn) as console:
            reading = await console.look(alice)
            nobody = await console.look("nobody at all")
        backends = (await read(server, alice)).backends

    assert nobody.clients == ()
    assert {(c.application_name, c.state) for c in reading.clients} == {
        ("<!channel> *x*", ClientState.ACTIVE),
        ("psql", ClientState.IDLE),
    }
    assert {c.backend_pid for c in reading.clients} == {None, *(backend.pid for backend in backends)}
    assert {c.address for c in reading.clients} == {"127.0.0.1"}
    assert {c.database for c in reading.clients} == {"postgres"}
    assert all(
        before <= c.connected_at <= c.since <= reading.at <= before + timedelta(seconds=20) for c in reading.clients
    )
    assert reading.can_end is pooler.ends_clients


@pytest.mark.parametrize("mode", ["transaction", "session"])
async def test_a_true_pooler_ends_just_the_client_that_is_meant_if_it_can(course: Class, mode: str) -> None:
    alice = course.make_student()
    server = await course.open(poolers=("127.0.0.1",))
    with a_pooler(course.postgres, [alice], f"pool_mode = {mode}") as pooler:
        meant, other = await pooler.connect(alice, application_name="meant"), await pooler.connect(alice)
        await meant.execute("BEGIN")
        await meant.execute("CREATE TEMP TABLE note (line text)")
        backends = {backend.pid: backend for backend in (await read(server, alice)).backends}
        async with asking(pooler.console(), server=course.settings().dsn) as console:
            reading = await console.look(alice)
            (client,) = [client for client in reading.clients if client.application_name == "meant"]
            target = client_target(client, reading, a_role(alice), backends)
            verdicts = await console.end([target], backends, in_time=lambda: True)
            again = await console.end([target], backends, in_time=lambda: True)
        await other.execute("SELECT 1")
        if pooler.ends_clients:
            with pytest.raises(psycopg.OperationalError, match=r"admin forced disconnect|closed"):
                await meant.execute("SELECT 1")
        else:
            await meant.execute("SELECT 1")

    assert (target.state, target.has_written) == (BackendState.IDLE_IN_TRANSACTION, True)
    assert [*verdicts.values()] == [Verdict.TERMINATED if pooler.ends_clients else Verdict.ALREADY_GONE]
    assert [*again.values()] == [Verdict.ALREADY_GONE]


async def test_a_client_that_waits_for_a_connection_is_said_to_wait(course: Class) -> None:
    alice = course.make_student()
    with a_pooler(course.postgres, [alice], "pool_mode = transaction\ndefault_pool_size = 1") as pooler:
        one, other = await pooler.connect(alice), await pooler.connect(alice)
        await one.execute("BEGIN")
        waiting = asyncio.ensure_future(other.execute("SELECT 1"))
        async with asking(pooler.console()) as console:

            async def states() -> bool:
                found = {client.state for client in (await console.look(alice)).clients}
                return found == {ClientState.ACTIVE, ClientState.WAITING}

            await eventually(states)
        await one.execute("COMMIT")
        await waiting


async def test_a_client_logs_in_to_the_server_as_the_database_forces_it_to(course: Class) -> None:
    alice, team = course.make_student(), course.make_student("team")
    end = f"host={course.postgres.host} port={course.postgres.port}"
    with a_pooler(
        course.postgres, [alice, team], databases=f"postgres = {end}\nshared = {end} dbname=postgres user={team}"
    ) as pooler:
        await pooler.connect(alice)
        await pooler.connect(alice, dbname="shared")
        async with asking(pooler.console()) as console:
            found = {role: [client.database for client in (await console.look(role)).clients] for role in (alice, team)}
    assert found == {alice: ["postgres"], team: ["shared"]}


async def test_the_clients_of_other_servers_are_left_out_and_counted(course: Class) -> None:
    alice = course.make_student()
    end = f"host={course.postgres.host} port={course.postgres.port}"
    bases = f"postgres = {end}\nhere = {end} dbname=postgres\nlab = host=127.0.0.1 port=1\nfar = host=db.example.edu port=5432"
    with a_pooler(course.postgres, [alice], databases=bases) as pooler:
        await pooler.connect(alice, dbname="here")
        async with asking(pooler.console(), server=course.settings().dsn) as console:
            reading = await console.look(alice)
        async with asking(pooler.console(), server="host=db.example.edu") as console:
            elsewhere = await console.look(alice)
    assert ([client.database for client in reading.clients], reading.elsewhere) == (["here"], 2)
    assert (elsewhere.clients, elsewhere.elsewhere) == ((), 3)


@pytest.mark.parametrize(
    ("make", "why", "words"),
    [
        (lambda pooler, _: pooler.console("stranger"), "refused", "trust"),
        (lambda pooler, student: pooler.console(student), "refused", "not allowed"),
        (lambda pooler, student: pooler.dsn(student), "unreadable", "unrecognized"),
        (lambda _, __: "host=127.0.0.1 port=1 dbname=pgbouncer user=x", "unreachable", "Connection refused"),
        (lambda _, __: "host=no.such.host.invalid dbname=pgbouncer user=x", "unreachable", ""),
    ],
    ids=["unknown to it", "no admin", "no console", "nothing there", "no such host"],
)
async def test_what_is_wrong_with_a_console_is_told(
    course: Class, make: Callable[[Any, str], str], why: str, words: str
) -> None:
    alice = course.make_student()
    with a_pooler(course.postgres, [alice]) as pooler:
        async with asking(make(pooler, alice)) as console:
            with pytest.raises(PoolerUnavailable) as told:
                await console.look(alice)
    assert (told.value.server, told.value.why) == ("class", why)
    assert words in told.value.detail


async def test_who_may_only_read_is_enough_to_list(course: Class) -> None:
    alice = course.make_student()
    with a_pooler(course.postgres, [alice]) as pooler:
        await pooler.connect(alice)
        async with asking(pooler.console(READER)) as console:
            assert len((await console.look(alice)).clients) == 1


async def test_a_pooler_that_hangs_is_given_up_and_works_again_afterwards(course: Class) -> None:
    alice = course.make_student()
    with a_pooler(course.postgres, [alice]) as pooler:
        async with asking(pooler.console(), deadline=SOON) as console:
            await console.look(alice)
            pooler.signal(signal.SIGSTOP)
            began = asyncio.get_running_loop().time()
            with pytest.raises(PoolerUnavailable) as told:
                await console.look(alice)
            took = asyncio.get_running_loop().time() - began
            pooler.signal(signal.SIGCONT)
            assert (await console.look(alice)).clients == ()
    assert told.value.why == "deadline"
    assert took < 2 * SOON


# The newer protocol.


@pytest.mark.parametrize("version", ["1.24.1", "1.25.2"])
async def test_a_newer_pooler_tells_ids_by_which_clients_are_ended(version: str) -> None:
    async with a_console(version) as pooler, asking(pooler.dsn()) as console:
        busy, idle = pooler.add("alice", backend_pid=4711, age=90), pooler.add("alice")
        waiting, other = pooler.add("alice", waiting=True, age=30), pooler.add("bob")
        reading = await console.look("alice")
        assert [(client.number, client.state) for client in reading.clients] == [
            (busy.id, ClientState.ACTIVE),
            (idle.id, ClientState.IDLE),
            (waiting.id, ClientState.WAITING),
        ]
        assert reading.clients[0].backend_pid == 4711
        assert reading.can_end

        verdicts = await console.end(targets(reading)[:2], {}, in_time=lambda: True)

        assert [*verdicts.values()] == [Verdict.TERMINATED] * 2
        assert pooler.ended == [busy.id, idle.id]
        assert pooler.clients == [waiting, other]
        presence = await console.presence("alice", [target.id for target in targets(reading)])
        assert [*presence.values()] == [Presence.GONE, Presence.GONE, Presence.THERE]


async def test_a_console_is_connected_to_only_while_it_is_asked() -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        await console.look("alice")
        await eventually(lambda: pooler.open == 0)


async def test_what_the_console_would_refuse_is_not_sent_to_it() -> None:
    async with a_console() as pooler, asking(f"{pooler.dsn()} options='-c search_path=x'") as console:
        assert (await console.look("alice")).clients == ()


async def test_many_who_ask_at_once_share_a_look_that_began_after_they_asked() -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        for at in range(100):
            pooler.add(f"student{at}")
        readings = await asyncio.gather(*(console.look(f"student{at}") for at in range(100)))
        assert [len(reading.clients) for reading in readings] == [1] * 100
        assert pooler.commands.count("SHOW CLIENTS") <= 2


async def test_a_thousand_clients() -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        for at in range(1000):
            pooler.add("alice" if at % 2 else f"student{at}", application_name="x" * 63)
        assert len((await console.look("alice")).clients) == 500


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda client, _: setattr(client, "connected_at", client.connected_at - timedelta(seconds=1)),
            id="the pooler was restarted",
        ),
        pytest.param(lambda client, _: setattr(client, "user", "bob"), id="another role's"),
        pytest.param(lambda client, _: setattr(client, "address", "10.0.0.6"), id="another address"),
        pytest.param(lambda client, _: setattr(client, "port", client.port + 1), id="another port"),
        pytest.param(lambda client, pooler: pooler.clients.remove(client), id="gone"),
    ],
)
async def test_another_client_of_that_number_is_left_alone(change: Callable[[Any, Any], None]) -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        client = pooler.add("alice")
        shown = targets(await console.look("alice"))
        change(client, pooler)
        assert [*(await console.end(shown, {}, in_time=lambda: True)).values()] == [Verdict.ALREADY_GONE]
        assert pooler.ended == []


async def test_a_client_that_leaves_between_look_and_end_was_gone() -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        client = pooler.add("alice")
        shown = targets(await console.look("alice"))
        pooler.before = lambda command: pooler.clients.remove(client) if "KILL" in command else None
        assert [*(await console.end(shown, {}, in_time=lambda: True)).values()] == [Verdict.ALREADY_GONE]


async def test_a_client_that_began_to_work_since_is_left_alone() -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        for _ in range(3):
            pooler.add("alice")
        shown = targets(await console.look("alice"))
        pooler.clients[0].waiting = True
        pooler.clients[1].backend_pid = 4711
        verdicts = [*(await console.end(shown, {}, in_time=lambda: True)).values()]
        assert verdicts == [Verdict.CHANGED, Verdict.CHANGED, Verdict.TERMINATED]


async def test_past_its_time_nothing_is_sent() -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        for _ in range(3):
            pooler.add("alice")
        shown = targets(await console.look("alice"))
        asked = iter((True, False, False))
        verdicts = [*(await console.end(shown, {}, in_time=lambda: next(asked))).values()]
        assert verdicts == [Verdict.TERMINATED, Verdict.INTERRUPTED, Verdict.INTERRUPTED]
        assert pooler.ended == [shown[0].id.pid]


async def test_who_may_only_read_ends_nothing_and_is_told_why() -> None:
    async with a_console() as pooler, asking(pooler.dsn(consoles.READER)) as console:
        pooler.add("alice")
        shown = targets(await console.look("alice"))
        verdicts = await console.end(shown, {}, in_time=lambda: True)
        assert (verdicts[shown[0].id], verdicts.details[shown[0].id]) == (Verdict.FAILED, "no_right")


@pytest.mark.parametrize("what", ["hangs_at", "drops_at"])
async def test_a_console_that_fails_before_anything_was_sent_ended_nothing_and_that_is_known(what: str) -> None:
    async with a_console() as pooler, asking(pooler.dsn(), deadline=SOON) as console:
        pooler.add("alice")
        shown = targets(await console.look("alice"))
        setattr(pooler, what, "SERVERS")
        verdicts = await console.end(shown, {}, in_time=lambda: True)
        assert (verdicts[shown[0].id], verdicts.details[shown[0].id]) == (Verdict.FAILED, "console_silent")
        with pytest.raises(PoolerUnavailable):
            await console.presence("alice", [shown[0].id])
        assert not any("KILL" in told for told in pooler.commands)


@pytest.mark.parametrize("what", ["hangs_at", "drops_at"])
async def test_a_console_that_fails_at_the_end_of_a_client_leaves_it_open(what: str) -> None:
    async with a_console() as pooler, asking(pooler.dsn(), deadline=SOON) as console:
        for _ in range(3):
            pooler.add("alice")
        shown = targets(await console.look("alice"))
        setattr(pooler, what, f"KILL_CLIENT {shown[1].id.pid}")
        with pytest.raises(PoolerUnavailable):
            await console.end(shown, {}, in_time=lambda: True)
        assert pooler.ended == [shown[0].id.pid]


async def test_what_nobody_waits_for_any_more_is_not_sent() -> None:
    async with a_console() as pooler, asking(pooler.dsn(), deadline=SOON) as console:
        pooler.add("alice")
        shown = targets(await console.look("alice"))
        pooler.hangs_at = "DATABASES"
        verdicts = await console.end(shown, {}, in_time=lambda: True)
        # It answers now, before the connection is cut.
        pooler.hangs_at = ""
        pooler.answers.set()
        await console.close()
        assert [*verdicts.values()] == [Verdict.FAILED]
        assert not any("KILL" in told for told in pooler.commands)
        assert len(pooler.clients) == 1


@pytest.mark.parametrize(
    "zone", [timezone(timedelta(hours=-5), "EST"), timezone(timedelta(hours=5, minutes=45), "+0545")], ids=str
)
async def test_the_pooler_s_wall_clock_is_told_apart_from_the_time(zone: timezone) -> None:
    async with a_console(zone=zone) as pooler, asking(pooler.dsn()) as console:
        client = pooler.add("alice", age=7200, quiet=60)
        (seen,) = (await console.look("alice")).clients
        assert seen.connected_at == client.connected_at.replace(microsecond=0)
        assert seen.since == client.requested_at.replace(microsecond=0)


async def test_names_and_programs_are_data() -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        pooler.add("Ali ce\u00e9'\"", application_name=b"\xff\xfe<!channel>")
        pooler.add(b"Ali ce\xe9", application_name="")
        (seen,) = (await console.look("Ali ce\u00e9'\"")).clients
        assert seen.application_name == "\ufffd\ufffd<!channel>"
        assert (await console.look("Ali ce\ufffd")).clients == ()


@pytest.mark.parametrize("number", [0, -5, 2**31 - 1])
async def test_a_number_that_the_pooler_shows_wrongly_is_none(number: int) -> None:
    async with a_console() as pooler, asking(pooler.dsn()) as console:
        pooler.add("alice").id = number
        (seen,) = (await console.look("alice")).clients
        assert seen.number == (number if number > 0 else None)


def test_a_console_that_cannot_be_read_is_a_fault_of_the_set_up() -> None:
    settings = [
        ServerSettings("class", "pasword=x", pgbouncer="host='secret"),
        ServerSettings("lab", "host=db", pgbouncer="="),
        ServerSettings("hub", "host=db", pgbouncer=" "),
    ]
    with pytest.raises(SetupError) as told:
        Fleet(settings)
    assert [fault.partition(" cannot")[0] for fault in told.value.faults] == [
        "The dsn of servers.class",
        "The pgbouncer of servers.class",
        "The pgbouncer of servers.lab",
        "The pgbouncer of servers.hub",
    ]
    assert "secret" not in str(told.value)


async def test_a_server_without_a_console_has_none() -> None:
    fleet = Fleet([ServerSettings("class", "host=db"), ServerSettings("lab", "host=db", pgbouncer="host=db port=6432")])
    assert fleet.console("class") is None
    assert fleet.console("lab") is not None
