"""`connbot serve` as processes of their own that begin in no time: forks of one that has imported the program.

Each is what an operator starts but for the second that the imports take: `bot.cli.running.serve` with its signals, its log
and its exit status, and it can be killed and stopped as any other. Two things are for tests: the waits are shorter, and on
order it kills or stops itself at a statement of its own database (SQLite has no other side that could do it).
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.incidents.proposal import Waits
from tests.eventually import eventually
from tests.processes import ROOT, surroundings

SHORT = Waits(
    claim_holds_for=timedelta(seconds=1.5),
    watch_lasts=timedelta(0),
    telling_holds_for=timedelta(seconds=1),
)
"""What takes half a minute takes a second or two; a click takes less than a tenth of that. Nothing is looked for again soon,
so that a click's steps are the click's alone; one that begins looks at once."""
READY_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Fork:
    """A running `connbot serve`."""

    pid: int
    out: Path
    err: Path

    @property
    def alive(self) -> bool:
        """Whether it has not ended; the parent takes leave of the dead at once."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @property
    def stopped(self) -> bool:
        """Whether it was stopped and not continued."""
        return "\nState:\tT" in _text(Path("/proc", str(self.pid), "status"))

    @property
    def left_untold(self) -> bool:
        """Whether its time to tell somebody ran out: whoever looks next tells them."""
        return "not told yet" in _text(self.err)

    def signal(self, number: int) -> None:
        """Send it a signal; one that is gone gets none."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def kill(self) -> None:
        """End it without a word, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await eventually(lambda: not self.alive)


class Forks:
    """The process that imported the program, and what it forks."""

    def __init__(self, parent: asyncio.subprocess.Process, folder: Path) -> None:
        self._parent = parent
        self._folder = folder
        self._count = 0
        self._ordering = asyncio.Lock()

    async def serve(self, variables: Mapping[str, str], *, waits: Waits = SHORT, order: Path | None = None) -> Fork:
        """Start one, and wait until it says that it serves.

        Once the file `order` exists it counts the statements and commits it sends to its own database, names them in the
        file's own `.trace`, and sends itself a signal at one of them: the file says `NUMBER SIGNAL` and something unique.
        """
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._count += 1
        out, err = (self._folder / f"serve-{self._count}.{name}" for name in ("out", "err"))
        ordered = {
            "variables": surroundings() | dict(variables),
            "out": str(out),
            "err": str(err),
            "waits": {name: getattr(waits, name).total_seconds() for name in Waits.__dataclass_fields__},
            "count": str(order) if order else None,
        }
        async with self._ordering:
            self._parent.stdin.write(json.dumps(ordered).encode() + b"\n")
            fork = Fork(int(await asyncio.wait_for(self._parent.stdout.readline(), READY_WITHIN)), out, err)
        await eventually(lambda: "serves" in _text(out) or not fork.alive, within=READY_WITHIN)
        assert fork.alive, _text(err)
        return fork


@asynccontextmanager
async def forking(folder: Path) -> AsyncIterator[Forks]:
    """Import the program once; whatever was forked ends with the block."""
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.forks", cwd=ROOT, env=surroundings(), stdin=pipe, stdout=pipe
    )
    try:
        yield Forks(parent, folder)
    finally:
        assert parent.stdin is not None
        parent.stdin.close()
        await parent.wait()


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


# The parent process, and its children.


def main() -> None:
    """Fork whatever is ordered on standard input, and end with it."""
    from bot import app  # noqa: F401, PLC0415 - this is what takes a second

    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    forked = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(_child(json.loads(line)))
        forked.append(pid)
        print(pid, flush=True)
    for pid in forked:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _child(order: dict[str, Any]) -> int:
    from bot.cli.running import serve  # noqa: PLC0415 - imported already

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(order["variables"])
    for descriptor, path, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, order["out"], os.O_WRONLY | os.O_CREAT),
        (2, order["err"], os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    if order["count"]:
        _count_statements(Path(order["count"]))
    waits = Waits(**{name: timedelta(seconds=seconds) for name, seconds in order["waits"].items()})
    return serve(Namespace(), order["variables"], waits)


def _count_statements(order: Path) -> None:
    from sqlalchemy import event  # noqa: PLC0415
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    known, done = "", list[str]()

    def step(what: str) -> None:
        nonlocal known, done
        try:
            text = order.read_text()
        except FileNotFoundError:
            return
        if text != known:
            known, done = text, []
        done.append(what)
        at, number, _ = text.split()
        if len(done) == int(at):
            # Whoever takes the order away has it: whoever gave it sees that it is too late, or we that it was taken back.
            try:
                order.rename(order.with_suffix(".taken"))
            except FileNotFoundError:
                return
        # Whole at each moment: it is read while it is written.
        written = order.with_suffix(".tracing")
        written.write_text("\n".join(done))
        written.rename(order.with_suffix(".trace"))
        if len(done) == int(at):
            os.kill(os.getpid(), int(number))

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        step(f"before {statement.split()[:3]}")

    def after(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        step(f"after {statement.split()[:3]}")

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    event.listen(Engine, "commit", lambda _: step("commit"))


if __name__ == "__main__":
    main()
