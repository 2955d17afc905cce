"""`python -m tests.reuse --attempts 10000`: a backend's pid is given to another session before the click on its proposal.

It runs in a pid namespace of its own, so that the next process gets the number that is asked for and nobody else takes it.
It prints its figures as JSON. Status 1: a session was ended that was not shown; 3: this machine lets nobody choose pids.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from bot.demo.clients import Doing, connect, leave
from bot.servers.backend import BackendId
from bot.servers.guard_script import Place, install
from bot.servers.postgres import PostgresServer
from bot.servers.server import Target, Verdict, target_of
from bot.servers.settings import ServerSettings
from tests.eventually import eventually
from tests.majors import MAJORS, NEWEST
from tests.postgres import OpenBackend, Postgres, Running

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
INSIDE = "--inside"
WRONG, NOT_PERMITTED = 1, 3
TRIES = 20
"""For one number: a helper process of the server may be born in between and take it."""
LONGEST_CLICK, MOMENTS = 0.006, 17
"""Seconds, and in how many moments of them what happens at once with the click happens."""
CANCEL_EVERY, SAME_ROLE_EVERY, AT_ONCE_EVERY = 5, 2, 3
_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
# With a user namespace nobody needs to be root; where those are forbidden, root needs none.
WAYS = ((*_NAMESPACE, "--user", "--map-root-user"), _NAMESPACE)


@dataclass
class Attempts:
    """What was done, and what came of it."""

    asked: int = 0
    reused: int = 0
    """Sessions born with the very number of the one that was shown."""
    wrong: int = 0
    """Of these, sessions or queries that were ended."""


def way(ways: Sequence[Sequence[str]] = WAYS) -> Sequence[str] | None:
    """How a program gets a pid namespace of its own here, in which it may choose pids; None: not at all."""
    write = f"echo 300 > {LAST_PID}"
    for prefix in ways:
        try:
            done = subprocess.run([*prefix, "sh", "-c", write], check=False, capture_output=True, timeout=10)
        except OSError:
            continue
        if done.returncode == 0:
            return prefix
    return None


class Reuse:
    """Sessions that take the number of another, on one server, beside the bot's own connection."""

    def __init__(self, postgres: Postgres, server: PostgresServer, roles: tuple[str, str]) -> None:
        self._postgres = postgres
        self._server = server
        self._roles = roles
        self.attempts = Attempts()
        self.verdicts: Counter[str] = Counter()

    async def attempt(self, number: int) -> None:
        """Show one session, let another have its number, and click."""
        cancel, same, at_once = (not number % each for each in (CANCEL_EVERY, SAME_ROLE_EVERY, AT_ONCE_EVERY))
        doing = Doing.ACTIVE if cancel else Doing.IDLE
        role = self._roles[0]
        old = await self._open(role, doing)
        target = await self._shown(old)
        self.attempts.asked += 1
        taker, before = role if same else self._roles[1], await self._server.clock() + timedelta(seconds=10)
        if at_once:
            clicking = asyncio.ensure_future(self._click(target, before, cancel=cancel))
            await asyncio.sleep(number % MOMENTS / MOMENTS * LONGEST_CLICK)
            new, verdict = await self._take(old, taker, doing), await clicking
        else:
            new = await self._take(old, taker, doing)
            verdict = await self._click(target, before, cancel=cancel)
        self.verdicts[verdict] += 1
        expected = {Verdict.ALREADY_GONE, Verdict.TERMINATED} if at_once else {Verdict.ALREADY_GONE}
        if new is not None:
            self.attempts.reused += 1
            self.attempts.wrong += not self._lives(new, doing) or verdict not in expected
            await self._leave(new, doing)

    async def _shown(self, opened: OpenBackend) -> Target:
        reading = await self._server.read(opened.role)
        assert reading is not None
        return target_of(next(backend for backend in reading.backends if backend.pid == opened.pid))

    async def _click(self, target: Target, before: datetime, *, cancel: bool) -> Verdict:
        end = self._server.cancel if cancel else self._server.terminate
        verdicts = await end([target], before=before)
        found: BackendId = target.id
        return verdicts[found]

    async def _take(self, old: OpenBackend, role: str, doing: Doing) -> OpenBackend | None:
        """End a session by its client and open one of `role` with its number; None: others were faster each time."""
        await self._leave(old, doing)
        for _ in range(TRIES):
            LAST_PID.write_text(str(old.pid - 1))
            new = await self._open(role, doing)
            if new.pid == old.pid:
                return new
            await self._leave(new, doing)
        return None

    async def _open(self, role: str, doing: Doing) -> OpenBackend:
        connection = await connect(self._postgres.dsn(role))
        pid = connection.info.backend_pid
        await leave(connection, doing)
        if doing is Doing.ACTIVE:
            await eventually(lambda: self._postgres.activity(pid)["state"] == "active", every=0.0005)
        return OpenBackend(pid, self._postgres.activity(pid)["backend_start"], role, connection)

    async def _leave(self, opened: OpenBackend, doing: Doing) -> None:
        """Close a session and wait until its number is free."""
        if doing is Doing.ACTIVE and self._postgres.is_open(opened):
            # A query that runs would go on without its client.
            self._postgres.admin.execute("SELECT pg_terminate_backend(%s)", [opened.pid])
        opened.connection.pgconn.finish()
        await eventually(lambda: not _exists(opened.pid), every=0.0005)

    def _lives(self, opened: OpenBackend, doing: Doing) -> bool:
        """Whether a session is there as it was left, and its client hears of nothing."""
        row = self._postgres.activity(opened.pid)
        state = "active" if doing is Doing.ACTIVE else "idle"
        if row.get("backend_start") != opened.started_at or row.get("state") != state:
            return False
        connection = opened.connection.pgconn
        connection.consume_input()
        return connection.status == psycopg.pq.ConnStatus.OK and (doing is Doing.IDLE or bool(connection.is_busy()))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def force(major: int, attempts: int, *, guard: bool = False) -> Reuse:
    """Force so many reuses on a server of `major`, whose sessions the bot signals with its own rights or through the guard."""
    running = Running(major)
    postgres = Postgres(running)
    students, bot = postgres.make_group(), postgres.make_bot_role()
    roles = tuple(postgres.make_role("student", groups=[students]) for _ in range(2))
    settings = ServerSettings("class", dsn=postgres.dsn(bot), students=(students,))
    server = PostgresServer(settings)
    if guard:
        place = Place(bot, "postgres", postgres.admin.info.server_version)
        with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
            connection.execute(install(settings, place).encode())
    async with AsyncExitStack() as stack:
        stack.callback(running.close)
        await server.open()
        stack.push_async_callback(server.close)
        reuse = Reuse(postgres, server, (roles[0], roles[1]))
        for number in range(attempts):
            await reuse.attempt(number)
    return reuse


def main() -> int:
    """Run inside a namespace of our own, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.reuse", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--attempts", type=int, default=1000)
    parser.add_argument("--major", type=int, choices=MAJORS, default=NEWEST)
    parser.add_argument("--guard", action="store_true", help="through the guard on the server")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if not chosen.inside:
        prefix = way()
        if prefix is None:
            print("this machine lets nobody choose pids: it needs root, or user namespaces", file=sys.stderr)
            return NOT_PERMITTED
        return subprocess.run(
            [*prefix, sys.executable, "-m", "tests.reuse", *sys.argv[1:], INSIDE], check=False
        ).returncode
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    reuse = asyncio.run(force(chosen.major, chosen.attempts, guard=chosen.guard))
    seconds = round(time.monotonic() - began, 1)
    figures = vars(reuse.attempts) | {"verdicts": dict(reuse.verdicts), "seconds": seconds, "major": chosen.major}
    print(json.dumps(figures))
    return WRONG if reuse.attempts.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
