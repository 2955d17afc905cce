"""Every way of not getting in: produced on a true server, its mend done as it is printed, and in."""

import asyncio
import re
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from bot.demo.throwaway import ThrowAway
from bot.doctor.finding import Finding, Level
from tests.doctors import Findings
from tests.eventually import eventually
from tests.integration.doctor.conftest import Newcomer
from tests.majors import NEWEST, binaries

SERVER = "Server class"
WRONG = "cannot be reached"


def mended(told: Findings) -> bool:
    return told.says("answers; the bot is")


async def refused(newcomer18: Newcomer, dsn: str) -> Finding:
    found = (await newcomer18.look(dsn)).the(WRONG)
    assert found.level is Level.FAULT
    assert found.mend
    return found


@pytest.mark.parametrize("wrong", ["", "password=wrong"])
async def test_a_password_that_is_missing_or_wrong_goes_into_the_passfile(newcomer18: Newcomer, wrong: str) -> None:
    bot = newcomer18.postgres.make_role("connbot", password="r:i\\ght")
    passfile = newcomer18.folder / "passfile"
    dsn = f"{newcomer18.postgres.dsn(bot)} passfile={passfile}"

    found = await refused(newcomer18, f"{dsn} {wrong}")
    command = found.lines[0].replace("~/.pgpass", str(passfile)).replace("PASSWORD", r"r\:i\\ght")
    subprocess.run(["sh", "-c", command], check=True)

    assert mended(await newcomer18.look(dsn))
    assert found.lines[1].endswith(f"-c '\\password {bot}'")


async def test_a_role_that_is_not_there_or_may_not_log_in(newcomer18: Newcomer) -> None:
    bot = newcomer18.postgres.make_role("connbot", login=False)
    newcomer18.run(await refused(newcomer18, newcomer18.postgres.dsn(bot)))
    assert mended(await newcomer18.look(newcomer18.postgres.dsn(bot)))

    newcomer18.postgres.run("DROP ROLE {}", bot)
    newcomer18.run(await refused(newcomer18, newcomer18.postgres.dsn(bot)))
    assert mended(await newcomer18.look(newcomer18.postgres.dsn(bot)))


async def test_a_database_that_is_not_there_or_lets_nobody_in(newcomer18: Newcomer) -> None:
    bot, base = newcomer18.postgres.make_bot_role(), newcomer18.postgres.make_database()
    for dbname in ("no_such_base", "template0"):
        assert "dbname=postgres" in (await refused(newcomer18, newcomer18.postgres.dsn(bot, dbname=dbname))).mend

    newcomer18.postgres.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", base)
    dsn = newcomer18.postgres.dsn(bot, dbname=base)
    newcomer18.run(await refused(newcomer18, dsn))
    assert mended(await newcomer18.look(dsn))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_nothing_listens_nobody_knows_the_host_and_no_service_of_the_name(newcomer18: Newcomer) -> None:
    port = closed_port()
    assert (await refused(newcomer18, f"host=127.0.0.1 port={port}")).lines == (f"pg_isready -h 127.0.0.1 -p {port}",)

    found = await refused(newcomer18, "host=db.invalid user=connbot")
    assert found.lines == ("getent hosts db.invalid",)

    found = await refused(newcomer18, "service=nowhere")
    assert "no service nowhere" in found.what
    assert found.lines[0] == "[nowhere]"

    found = await refused(newcomer18, "host=/nowhere user=connbot")
    assert found.lines == ("host=db.example.edu",)


async def test_tls_that_the_server_does_not_offer(newcomer18: Newcomer) -> None:
    found = await refused(newcomer18, f"{newcomer18.postgres.dsn(newcomer18.postgres.make_bot_role())} sslmode=require")

    assert found.lines[0] == "ALTER SYSTEM SET ssl = on;"


@asynccontextmanager
async def answering(words: str, code: str = "57P03") -> AsyncIterator[str]:
    """Something that answers every login with these words; yields a DSN for it."""
    fields = b"".join(kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"C", code), (b"M", words)))

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.read(8))[4:] == b"\x04\xd2\x16\x2f":  # asks for TLS
            writer.write(b"N")
            await reader.read(8)
        writer.write(b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as listener:
        yield f"host=127.0.0.1 port={listener.sockets[0].getsockname()[1]} user=connbot gssencmode=disable"


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("the database system is starting up", "Wait a minute"),
        ("unsupported startup parameter: options", "Name the server itself"),
        ("sorry, too many clients already", "/conns"),
        ("terminating connection due to idle-session timeout", "ends before the bot has set its own"),
        ("the moon is in the wrong quarter", "Try it by hand"),
    ],
)
async def test_what_a_server_says_in_passing(newcomer18: Newcomer, words: str, mend: str) -> None:
    async with answering(words) as dsn:
        found = await refused(newcomer18, dsn)

    assert words in found.what
    assert mend in found.mend


@pytest.fixture
def own_server() -> Iterator[ThrowAway]:
    """A server whose configuration a test may spoil."""
    with ThrowAway(binaries(NEWEST).bindir, settings={"listen_addresses": "127.0.0.1,127.0.0.2"}) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute("CREATE ROLE students; CREATE ROLE alice LOGIN IN ROLE students")
            admin.execute(
                "CREATE ROLE connbot LOGIN IN ROLE pg_read_all_stats, pg_signal_backend, pg_use_reserved_connections"
            )
        yield server


async def test_the_server_s_own_settings(newcomer18: Newcomer, own_server: ThrowAway) -> None:
    def run(*lines: str) -> None:
        with psycopg.connect(own_server.dsn(), autocommit=True) as admin:
            for line in lines:
                admin.execute(line)

    async def look(host: str = "127.0.0.1") -> Findings:
        return await newcomer18.look(f"{own_server.dsn('connbot')} host={host}", students=["students"])

    # The reserve: what is printed needs a restart, and says so.
    found = (await look()).the("a full server would refuse the bot")
    assert "restart the server" in found.mend
    run(*found.lines)
    own_server.halt()
    own_server.start()
    assert (await look()).bad(SERVER) == []

    run("ALTER SYSTEM SET track_activities = off", "SELECT pg_reload_conf()")
    found = await named(look, "track_activities is off")
    run(*found.lines)
    await eventually(lambda: sound(look))

    # From one address to another, without TLS.
    found = (await look("127.0.0.2")).the("without TLS")
    assert (found.level, found.lines) == (Level.WARNING, ("sslmode=require",))

    # Rules that leave the bot out: it is let in by the printed line, put before the others.
    hba = Path(str(value(own_server, "SHOW hba_file")))
    hba.write_text("host all postgres 127.0.0.1/32 trust\n")
    run("SELECT pg_reload_conf()")
    found = await named(look, "no pg_hba.conf entry")
    line, reload = found.lines
    assert re.fullmatch(r"host postgres connbot 127\.0\.0\.1/32 scram-sha-256", line)
    hba.write_text(f"{line.replace('scram-sha-256', 'trust')}\n{hba.read_text()}")
    run(reload)
    await eventually(lambda: sound(look))

    hba.write_text(f"host all connbot 127.0.0.1/32 reject\n{hba.read_text()}")
    run("SELECT pg_reload_conf()")
    assert "pg_hba.conf" in (await named(look, "rejects connection")).mend


async def named(look: Callable[[], Awaitable[Findings]], words: str) -> Finding:
    """Wait until this is found."""
    await eventually(lambda: said(look, words))
    return (await look()).the(words)


async def said(look: Callable[[], Awaitable[Findings]], words: str) -> bool:
    return (await look()).says(words)


async def sound(look: Callable[[], Awaitable[Findings]]) -> bool:
    return not (await look()).bad(SERVER)


def value(server: ThrowAway, statement: LiteralString) -> object:
    with psycopg.connect(server.dsn()) as admin:
        (found,) = admin.execute(statement).fetchone() or (None,)
        return found
