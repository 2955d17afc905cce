"""One `serve` a file: SQLite's file has one process that serves Slack from it; the command line may write beside it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import URL

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
    lock = lock_of(path)
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


def serving(url: URL) -> int | None:
    """Name the process that serves from the file at `url`; None: no process does. For PostgreSQL, where any may, always None."""
    if url.drivername != "sqlite":
        return None
    try:
        descriptor = os.open(lock_of(Path(url.database or "")), os.O_RDONLY)
    except OSError:
        return None
    try:
        holder = _holder(descriptor)
        # The lock is only tried beside a process that is there: at any other time one that starts could find it taken by us.
        if not holder.isdecimal() or not _is_there(int(holder)):
            return None
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(holder)
    finally:
        os.close(descriptor)
    return None


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # Another person's.
        return True
    return True


def lock_of(path: Path) -> Path:
    """The lock file beside an SQLite file."""
    path = path.resolve()
    return path.with_name(f"{path.name}.lock")


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        fault = f"Another `connbot serve` (process {_holder(descriptor)}) works on {path}: stop it first, or name another file."
        raise SetupError((fault,)) from exc
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
