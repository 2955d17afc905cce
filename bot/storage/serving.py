"""One `serve` a file: SQLite's file has one process that serves Slack from it; the command line may write beside it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from bot.errors import SetupError
from bot.storage.engine import read_url


@contextlib.contextmanager
def serve_lock(url: str) -> Iterator[None]:
    """Hold the file at `url` for one `serve`; raises `SetupError` when another has it. On PostgreSQL any number may serve.

    The lock ends with the process, however that ends; the file `FILE.lock` stays, since removing it would let two in.
    """
    address = read_url(url)
    if address.drivername != "sqlite":
        yield
        return
    path = Path(address.database or "").resolve()
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as exc:
        raise SetupError(
            (f"{lock} cannot be made ({exc.strerror}): name another file in CONNBOT_DATABASE_URL.",)
        ) from exc
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        fault = f"Another `connbot serve` (process {holder or 'unknown'}) works on {path}: stop it first, or name another file."
        raise SetupError((fault,)) from exc
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
