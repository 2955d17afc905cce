"""The chain: never forked, and whatever is done to it is found."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.errors import UsageError
from bot.storage.engine import OwnDatabase
from bot.storage.record import Broken, Entry, Record, Verified
from bot.storage.tables import record as entries
from tests.own_database import AUDIT_KEY

MOMENT = datetime(2026, 11, 22, 6, 7, 8, 123456, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


async def write(db: OwnDatabase, record: Record, count: int = 5) -> list[Entry]:
    written = []
    for number in range(count):
        async with db.write() as connection:
            payload = {"team": "T1", "role": "alice", "number": number, "words": "<!channel> \u202e \x00 \ud800"}
            written.append(await record.append(connection, MOMENT, "U1", "refusal", payload))
    return written


async def verify(db: OwnDatabase, record: Record, head: str | None = None) -> Verified | Broken:
    async with db.read() as connection:
        return await record.verify(connection, head=head)


async def tamper(db: OwnDatabase, statement: str) -> None:
    async with db.write() as connection:
        await connection.exec_driver_sql(statement)


async def test_an_empty_chain_holds(own_database: OwnDatabase, record: Record) -> None:
    assert await verify(own_database, record) == Verified(0, 0, f"0:{'0' * 64}")


async def test_what_was_appended_holds_and_ends_in_its_head(own_database: OwnDatabase, record: Record) -> None:
    written = await write(own_database, record)
    assert [entry.seq for entry in written] == [1, 2, 3, 4, 5]
    assert await verify(own_database, record) == Verified(5, 0, f"5:{written[-1].digest}")


async def test_an_entry_lives_and_dies_with_its_transaction(own_database: OwnDatabase, record: Record) -> None:
    async def fail() -> None:
        async with own_database.write() as connection:
            await record.append(connection, MOMENT, "U1", "refusal", {})
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await verify(own_database, record) == Verified(0, 0, f"0:{'0' * 64}")


async def test_several_entries_in_one_transaction_follow_each_other(own_database: OwnDatabase, record: Record) -> None:
    async with record.turn(own_database) as turn:
        first, second = await turn.append_all("U1", "ownership", [{"role": "a"}, {"role": "b"}])
        third = await turn.append("U1", "ownership", {"role": "c"})
        assert await turn.append_all("U1", "ownership", []) == ()
    assert (first.seq, second.seq, third.seq) == (1, 2, 3)
    assert isinstance(await verify(own_database, record), Verified)


async def test_a_turn_keeps_others_from_appending_until_it_is_over(
    own_database: OwnDatabase, record: Record, migrated_url: str
) -> None:
    async with OwnDatabase(migrated_url) as other:
        async with record.turn(own_database) as turn:
            waiting = asyncio.create_task(write(other, record, 1))
            await turn.append("U1", "ownership", {})
            await turn.append("U1", "ownership", {})
            assert not waiting.done()
            last = await own_database.now(turn.connection)
        (entry,) = await waiting
    assert entry.seq == 3
    assert turn.at <= last


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE record SET payload = replace(payload, '\"number\":2', '\"number\":7') WHERE seq = 3", Broken(3, "changed")),
        ("UPDATE record SET actor = 'U2' WHERE seq = 3", Broken(3, "changed")),
        ("UPDATE record SET role = 'bob' WHERE seq = 3", Broken(3, "changed")),
        ("UPDATE record SET kind = 'termination' WHERE seq = 3", Broken(3, "changed")),
        ("UPDATE record SET salt = 'ab' WHERE seq = 3", Broken(3, "changed")),
        ("UPDATE record SET payload = '{}' WHERE seq = 3", Broken(3, "changed")),
        ("UPDATE record SET at = '2026-11-22 06:07:08.123457+00:00' WHERE seq = 3", Broken(3, "out_of_chain")),
        ("UPDATE record SET content = digest WHERE seq = 3", Broken(3, "out_of_chain")),
        ("DELETE FROM record WHERE seq = 3", Broken(3, "missing")),
        ("DELETE FROM record WHERE seq = 1", Broken(1, "missing")),
        ("DELETE FROM record WHERE seq = 5", Broken(5, "cut_off")),
        ("DELETE FROM record_head", Broken(6, "cut_off")),
        (("UPDATE record SET payload = NULL, salt = NULL, team = NULL, actor = NULL, server = NULL, role = NULL"
         " WHERE seq = 3"), Broken(3, "forgotten")),
        (("UPDATE record SET seq = 9 WHERE seq = 3; UPDATE record SET seq = 3 WHERE seq = 4;"
         "UPDATE record SET seq = 4 WHERE seq = 9"), Broken(3, "out_of_chain")),
        (("INSERT INTO record SELECT 6, at, kind, team, actor, server, role, payload, salt, content,"
         f" '{'a' * 64}' FROM record WHERE seq = 5"), Broken(6, "out_of_chain")),
    ],
)  # fmt: skip
async def test_tampering_is_found(own_database: OwnDatabase, record: Record, statement: str, broken: Broken) -> None:
    await write(own_database, record)
    for part in statement.split(";"):
        await tamper(own_database, part.replace("+00:00", "") if own_database.kind == "sqlite" else part)
    assert await verify(own_database, record) == broken


async def test_garbage_for_a_time_is_found(migrated_sqlite_url: str, record: Record) -> None:
    async with OwnDatabase(migrated_sqlite_url) as db:
        await write(db, record)
        await tamper(db, "UPDATE record SET at = 'yesterday' WHERE seq = 3")
        assert isinstance(await verify(db, record), Broken)


async def test_a_cut_off_end_is_found_with_a_head_told_before(own_database: OwnDatabase, record: Record) -> None:
    written = await write(own_database, record)
    head = f"{written[-1].seq}:{written[-1].digest}"
    await write(own_database, record)
    assert isinstance(await verify(own_database, record, head), Verified)
    await tamper(own_database, "DELETE FROM record WHERE seq > 3")
    await tamper(own_database, f"UPDATE record_head SET seq = 3, digest = '{written[2].digest}'")
    assert isinstance(await verify(own_database, record), Verified)
    assert await verify(own_database, record, head) == Broken(5, "not_the_head_told")


async def test_a_chain_written_anew_without_the_key_is_found(own_database: OwnDatabase, record: Record) -> None:
    await write(own_database, record)
    await tamper(own_database, "DELETE FROM record")
    await tamper(own_database, f"UPDATE record_head SET seq = 0, digest = '{'0' * 64}'")
    await write(own_database, Record(None))
    assert await verify(own_database, record) == Broken(1, "out_of_chain")
    assert isinstance(await verify(own_database, Record(None)), Verified)
    assert not Record(None).keyed


@pytest.mark.parametrize("head", ["", "5", "5:abc", "x:" + "0" * 64])
async def test_a_head_that_is_none_is_wrong_usage(own_database: OwnDatabase, record: Record, head: str) -> None:
    with pytest.raises(UsageError):
        await verify(own_database, record, head)


async def test_forgetting_removes_what_was_said_and_the_chain_still_holds(
    own_database: OwnDatabase, record: Record
) -> None:
    await write(own_database, record)
    async with own_database.write() as connection:
        entry = await record.forget(connection, MOMENT, "cli:ada", [2, 4])
    assert entry is not None
    async with own_database.read() as connection:
        rows = (await connection.execute(entries.select().order_by(entries.c.seq))).all()
    for row in rows:
        said = (row.payload, row.salt, row.team, row.actor, row.server, row.role)
        assert (said == (None,) * 6) == (row.seq in (2, 4))
    assert await verify(own_database, record) == Verified(6, 2, f"6:{entry.digest}")


async def test_there_is_no_forgetting_twice_nor_of_a_forgetting(own_database: OwnDatabase, record: Record) -> None:
    await write(own_database, record)
    async with own_database.write() as connection:
        await record.forget(connection, MOMENT, "cli:ada", [2])
        assert await record.forget(connection, MOMENT, "cli:ada", [2, 6, 99]) is None
    assert isinstance(await verify(own_database, record), Verified)


async def test_the_time_of_an_entry_is_not_before_that_of_the_one_it_waited_for(
    own_database: OwnDatabase, record: Record, migrated_url: str
) -> None:
    async def take_turn(db: OwnDatabase) -> None:
        async with record.turn(db) as turn:
            await turn.append("U1", "refusal", {})

    async with OwnDatabase(migrated_url) as other:
        await asyncio.gather(*(take_turn((own_database, other)[n % 2]) for n in range(30)))
    async with own_database.read() as connection:
        times = (await connection.execute(select(entries.c.at).order_by(entries.c.seq))).scalars().all()
    assert times == sorted(times)


async def test_what_an_entry_is_cannot_be_said_twice(own_database: OwnDatabase, record: Record) -> None:
    async with own_database.write() as connection:
        with pytest.raises(ValueError, match="own"):
            await record.append(connection, MOMENT, "U1", "refusal", {"actor": "U2"})


async def test_the_chain_never_forks_however_many_append_at_once(own_database: OwnDatabase, record: Record) -> None:
    async def append(number: int) -> None:
        async with own_database.write() as connection:
            await record.append(connection, MOMENT, f"U{number}", "refusal", {"number": number})

    await asyncio.gather(*(append(number) for number in range(40)))
    verified = await verify(own_database, record)
    assert isinstance(verified, Verified)
    assert verified.entries == 40


APPENDING = """
import asyncio, sys
from datetime import UTC, datetime
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record

async def main(url, key):
    record = Record(key)
    async with OwnDatabase(url) as db:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        async def append(number):
            async with db.write() as connection:
                await record.append(connection, await db.now(connection), f"U{number}", "refusal", {})
        await asyncio.gather(*(append(number) for number in range(20)))

asyncio.run(main(sys.argv[1], sys.argv[2].encode()))
"""


async def test_the_chain_never_forks_over_several_processes(
    own_database: OwnDatabase, migrated_url: str, record: Record
) -> None:
    command = [sys.executable, "-c", APPENDING, migrated_url, AUDIT_KEY.decode()]
    pipe = asyncio.subprocess.PIPE
    processes = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0]
    verified = await verify(own_database, record)
    assert isinstance(verified, Verified)
    assert verified.entries == 60
