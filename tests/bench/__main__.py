"""`make bench`: connbot beside a bare Bolt app and psql, in one run, as ratios."""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Actor, Grade
from bot.clock import clock
from bot.demo import binaries
from bot.demo.clients import connect
from bot.demo.throwaway import ThrowAway
from bot.storage.engine import OwnDatabase
from bot.storage.migrate import upgrade
from bot.storage.record import Record
from tests.bench import history
from tests.bench.slack import TEAM, Slack, Timed

ROLES = 100
SESSIONS = 5
"""Sessions a role."""
PEOPLE = 600
TURNS = 3
"""Both apps are measured so often, one after the other, and the middle of each figure counts: the machine's own moods pass."""
LOOK_UP = """
SELECT usename, pid, application_name, client_addr, backend_start, query_start, state, state_change, xact_start
FROM pg_stat_activity WHERE usename = '{}' AND backend_type = 'client backend'
"""

Ask = Callable[[int], Awaitable[Timed]]


class Figures:
    """Latencies in seconds of one load, and how many a second it came to."""

    def __init__(self, p50: float, p99: float, rate: float) -> None:
        self.p50, self.p99, self.rate = p50, p99, rate

    @classmethod
    def of(cls, latencies: list[float], took: float) -> Self:
        """Work them out for one load."""
        p99 = sorted(latencies)[int(len(latencies) * 0.99) - 1]
        return cls(statistics.median(latencies), p99, len(latencies) / took)

    @classmethod
    def middle(cls, turns: Sequence[Self]) -> Self:
        """Take the median of each over several turns."""
        one, two, three = ([getattr(turn, name) for turn in turns] for name in ("p50", "p99", "rate"))
        return cls(statistics.median(one), statistics.median(two), statistics.median(three))

    def __str__(self) -> str:
        return f"p50 {self.p50 * 1000:8.2f} ms   p99 {self.p99 * 1000:8.2f} ms   {self.rate:7.0f}/s"


Loads = dict[int, tuple[Figures, Figures]]
"""Figures of the acknowledgements and of the answers, by how many were asked at a time."""


async def load(ask: Ask, count: int, at_once: int) -> tuple[Figures, Figures]:
    """Send `count` deliveries, `at_once` at a time; return figures of the acknowledgements and of the answers."""
    acknowledged: list[float] = []
    answered: list[float] = []
    numbers = iter(range(count))

    async def person() -> None:
        for number in numbers:
            timed = await ask(number)
            acknowledged.append(await asyncio.wait_for(timed.acknowledged, 30))
            answered.append((await asyncio.wait_for(timed.answered, 30))[0])

    begun = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(at_once)))
    took = time.perf_counter() - begun
    return Figures.of(acknowledged, took), Figures.of(answered, took)


async def psql_load(program: Path, dsn: str, roles: list[str], count: int, at_once: int) -> Figures:
    """Do the same look-up by psql processes."""
    latencies: list[float] = []
    numbers = iter(range(count))

    async def person() -> None:
        for number in numbers:
            begun = time.perf_counter()
            query = LOOK_UP.format(roles[number % len(roles)])
            process = await asyncio.create_subprocess_exec(program, dsn, "-XAtc", query, stdout=subprocess.DEVNULL)
            assert await process.wait() == 0
            latencies.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(at_once)))
    return Figures.of(latencies, time.perf_counter() - begun)


@asynccontextmanager
async def process(*arguments: str, slack: Slack, **variables: str) -> AsyncIterator[None]:
    """Run an app as a process of its own until it is no longer needed."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "CONNBOT_"))},
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_APP_TOKEN": "xapp-bench",
        "SLACK_API_URL": f"{slack.url}api/",
        **variables,
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        await slack.connected()
        yield
    finally:
        started.terminate()
        await started.wait()


async def measure(ask: Ask, count: int) -> Loads:
    """Warm an app up, and load it one, ten and a hundred at a time."""
    await load(ask, 100, 10)
    return {at_once: await load(ask, count, at_once) for at_once in (1, 10, 100)}


def middle(turns: Sequence[Loads]) -> Loads:
    """Take the middle of several turns."""
    return {
        at_once: (
            Figures.middle([turn[at_once][0] for turn in turns]),
            Figures.middle([turn[at_once][1] for turn in turns]),
        )
        for at_once in turns[0]
    }


async def prepare(url: str) -> None:
    """Make the own database, with everybody on the allow-list."""
    await asyncio.to_thread(upgrade, url)
    async with OwnDatabase(url) as database:
        allow_list = AllowList(database, Record(None))
        await allow_list.adopt_team(TEAM, "Bench")
        for number in range(PEOPLE):
            grant = Grant(f"U0{number:06}", Grade.RESPONDER)
            await allow_list.allow(Actor(TEAM, "cli:bench"), grant, now=clock())


async def click_to_gone(slack: Slack, dsn: Callable[[str], str], role: str, times: int) -> float:
    """Median seconds from the click on Terminate until the session is gone from the server."""
    took = []
    for turn in range(times):
        victim = await connect(dsn(role))
        pid = victim.info.backend_pid
        user = f"U0{PEOPLE - 1 - turn % 300:06}"
        proposed = await slack.command(user, "/kill", f"{role} {pid}")
        _, message = await asyncio.wait_for(proposed.answered, 10)
        value = _proposal_of(json.loads(message))
        begun = time.perf_counter()
        await slack.click(user, "terminate", value)
        await gone(victim)
        took.append(time.perf_counter() - begun)
        await victim.close()
    return statistics.median(took)


def _proposal_of(message: dict[str, Any]) -> str:
    """What the Terminate button of a confirmation carries."""
    elements = [element for block in message["blocks"] for element in block.get("elements", ())]
    return next(str(element["value"]) for element in elements if element.get("action_id") == "terminate")


async def bare_terminate(dsn: Callable[[str], str], role: str, times: int) -> float:
    """The same by a bare `pg_terminate_backend` on a kept connection."""
    kept = await connect(dsn("postgres"))
    took = []
    for _ in range(times):
        victim = await connect(dsn(role))
        pid = victim.info.backend_pid
        begun = time.perf_counter()
        await kept.execute("SELECT pg_terminate_backend(%s)", [pid])
        await gone(victim)
        took.append(time.perf_counter() - begun)
        await victim.close()
    await kept.close()
    return statistics.median(took)


async def gone(victim: psycopg.AsyncConnection) -> None:
    """Wait until the server has ended a session, as its client hears of it."""
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(victim.fileno(), heard.set)
    try:
        await asyncio.wait_for(heard.wait(), 10)
    finally:
        loop.remove_reader(victim.fileno())


async def run(count: int) -> int:
    """Measure and print; return 1 when a promise is not kept."""
    found = binaries.find()
    with (
        tempfile.TemporaryDirectory(prefix="connbot-bench-") as folder,
        ThrowAway(found.bindir, settings={"max_connections": "600"}) as server,
    ):
        url = f"sqlite:///{folder}/own.db"
        await prepare(url)
        admin = await connect(server.dsn())
        await admin.execute(
            "CREATE ROLE students; CREATE ROLE connbot LOGIN IN ROLE pg_read_all_stats, pg_signal_backend"
        )
        roles = [f"student_{number}" for number in range(ROLES)]
        sessions = []
        for role in roles:
            await admin.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 50 IN ROLE students".encode())
            sessions += [await connect(server.dsn(role)) for _ in range(SESSIONS)]
        config = Path(folder, "connbot.toml")
        config.write_text(f"[servers.class]\ndsn = '{server.dsn('connbot')}'\nstudents = ['students']\n")

        def asker(slack: Slack) -> Ask:
            return lambda number: slack.command(f"U0{number % PEOPLE:06}", "/conns", roles[number % ROLES])

        bare: list[Loads] = []
        ours: list[Loads] = []
        clicks, terminates = [], []
        variables = {"CONNBOT_CONFIG": str(config), "CONNBOT_DATABASE_URL": url}
        for _ in range(TURNS):
            async with Slack() as slack, process("-m", "tests.bench.bare", slack=slack):
                bare.append(await measure(asker(slack), count // TURNS))
            async with Slack() as slack, process("-m", "bot", "serve", slack=slack, **variables):
                ours.append(await measure(asker(slack), count // TURNS))
                held = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'connbot'"
                row = await (await admin.execute(held)).fetchone()
                clicks.append(await click_to_gone(slack, server.dsn, roles[0], 40))
            terminates.append(await bare_terminate(server.dsn, roles[0], 40))
        psql = {n: await psql_load(found.bindir / "psql", server.dsn("connbot"), roles, 200, n) for n in (1, 10, 100)}
        click, terminate = statistics.median(clicks), statistics.median(terminates)
        for session in [*sessions, admin]:
            await session.close()
        long = await long_history(f"postgresql://postgres@{server.host}:{server.port}/postgres")
    return report(middle(bare), middle(ours), psql, click, terminate, row[0] if row else 0, long)


async def long_history(url: str) -> dict[str, float]:
    """Measure the reading of a history of a million incidents in a PostgreSQL own database."""
    await asyncio.to_thread(upgrade, url)
    async with OwnDatabase(url) as db:
        await history.write(db, history.INCIDENTS)
        return await history.measure(db)


def report(
    bare: Loads,
    ours: Loads,
    psql: dict[int, Figures],
    click: float,
    terminate: float,
    held: int,
    long: dict[str, float],
) -> int:
    """Print figures and ratios."""
    for at_once in ours:
        print(f"\n{at_once} at a time")
        print(f"  acknowledged  bare Bolt  {bare[at_once][0]}\n                connbot    {ours[at_once][0]}")
        print(f"  answered      bare Bolt  {bare[at_once][1]}\n                connbot    {ours[at_once][1]}")
        print(f"  looked up     psql       {psql[at_once]}")
    print(f"\nclick to gone: connbot {click * 1000:.2f} ms, bare pg_terminate_backend {terminate * 1000:.2f} ms\n")
    for what in (history.PERSON, history.LONG_AGO, history.CAUSE):
        print(f"{what}, out of 1,000,000 incidents: {long[what] * 1000:.1f} ms")
    promises = [
        ("acknowledgement p99, 10 at a time / bare Bolt", ours[10][0].p99 / bare[10][0].p99, 0.6, False),
        ("acknowledgement p99, 100 at a time / bare Bolt", ours[100][0].p99 / bare[100][0].p99, 0.6, False),
        ("request to final message, 1 at a time / psql", ours[1][1].p50 / psql[1].p50, 0.2, False),
        ("request to final message, 10 at a time / psql", ours[10][1].p50 / psql[10].p50, 0.2, False),
        ("request to final message, 100 at a time / psql", ours[100][1].p50 / psql[100].p50, 0.2, False),
        ("commands a second, 100 at a time / bare Bolt", ours[100][1].rate / bare[100][1].rate, 1.2, True),
        ("click to gone / bare pg_terminate_backend", click / terminate, 2.0, False),
        ("connections held", held, 1, False),
        ("seconds for a week's summary out of 1,000,000 incidents", long[history.WEEK], 1.0, False),
        ("seconds for a role's history there", long[history.ROLE], 0.02, False),
    ]
    kept = True
    for what, value, bound, least in promises:
        good = value >= bound if least else value <= bound
        kept &= good
        print(f"{'ok ' if good else 'NO '} {what}: {value:.3g} (at {'least' if least else 'most'} {bound:g})")
    return 0 if kept else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--count", type=int, default=1500, help="commands of each load")
    sys.exit(asyncio.run(run(parser.parse_args().count)))
