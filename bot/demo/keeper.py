"""The process that keeps a throw-away server, and ends it when its starter ends, however that came about."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from bot.demo.binaries import Footing

_GONE_WITHIN = 20.0
# The keeper outlives its starter by a moment: when the pipe on its standard input closes, however the starter ended
# (SIGKILL too), it ends the server and removes the folder. Signals are repeated because one that comes before the
# server listens to it is lost. It ends by itself when the server does, and leaves the folder with the log then.
_KEEPER = r"""
folder=$1 bin=$2; shift 2
umask 077
exec 3<&0 0</dev/null >>"$folder/log" 2>&1
[ -s "$folder/data/PG_VERSION" ] ||
  "$bin/initdb" -D "$folder/data" -U postgres -A reject --pwfile="$folder/superuser" \
    --locale=C -E UTF8 --no-sync --no-instructions 3<&- || exit 3
"$bin/postgres" -D "$folder/data" "$@" 3<&- &
server=$!
{
  read -r order <&3
  case $order in halt) how=INT ;; *) how=QUIT; : >"$folder/over" ;; esac
  while kill -$how $server; do sleep 1; done
} 2>/dev/null &
reader=$!
wait $server
kill $reader 2>/dev/null
if [ -e "$folder/over" ]; then rm -rf -- "$folder"; fi
"""


class Keeper:
    """One run of a server in `folder`, whose `data` it makes first where there are none, and whose `log` it writes."""

    def __init__(self, footing: Footing, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._stale = _noted_pid(folder)
        self._process = footing.popen(
            [
                *("sh", "-c", _KEEPER, "connbot-postgres", folder, footing.bindir),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ]
        )

    @property
    def running(self) -> bool:
        """The server is on its way or there."""
        return self._process.poll() is None

    def wait_ready(self, within: float) -> int | None:
        """Wait until the server takes connections and return its pid; None when it ended, or took longer than `within` seconds."""
        deadline = time.monotonic() + within
        while self.running and time.monotonic() < deadline:
            # A server that crashed leaves its note behind, for the next one to replace.
            if (pid := _noted_pid(self._folder)) not in (None, self._stale):
                return pid
            time.sleep(0.01)
        return None

    def halt(self) -> None:
        """Shut the server down in order and leave the folder."""
        self._end(b"halt\n")

    def stop(self) -> None:
        """End the server at once and remove the folder."""
        self._end(b"")

    def _end(self, order: bytes) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(order)
        try:
            self._process.wait(_GONE_WITHIN)
        except subprocess.TimeoutExpired:
            # It leads a session of its own in which only it and the server are; backends follow when the server is gone.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _noted_pid(folder: Path) -> int | None:
    """Read the pid from the server's own note, once that says that connections are taken."""
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, PermissionError):
        return None
    return int(lines[0]) if len(lines) > 7 and lines[7].strip() == "ready" else None
