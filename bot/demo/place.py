"""Where a throw-away server lives: a folder of its own, and the account under which it runs there."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.demo.binaries import CannotStartPostgres, Footing, find_footing

_MEMORY = Path("/dev/shm")  # noqa: S108 -- mkdtemp makes a folder of our own there
_MEMORY_LEFT = 1 << 30
# A Unix socket's path has at most 103 bytes on some systems; our folder's and the socket's own name take 40 of them.
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that this process and the account the server runs under can read, and nobody else."""

    folder: Path
    footing: Footing

    @classmethod
    def find(cls, bindir: Path, *, namespaces: bool = True) -> Self:
        """Make a folder in the best place where the programs in `bindir` run; `namespaces` as in `find_footing`."""
        places = _places()
        for place in places:
            folder = Path(tempfile.mkdtemp(prefix="connbot-pg-", dir=place))
            try:
                return cls(folder, find_footing(bindir, folder, namespaces=namespaces))
            except CannotStartPostgres:
                shutil.rmtree(folder)
                if place == places[-1]:
                    raise
        raise AssertionError

    def write(self, name: str, text: str) -> Path:
        """Add `text` to a file of the folder, which nobody else can read."""
        path = self.folder / name
        with open(path, "a", encoding="utf-8", opener=self._open) as file:
            file.write(text)
        return path

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self, name: str, flags: int) -> int:
        descriptor = os.open(name, flags, 0o600)
        if self.footing.uid is not None and self.footing.gid is not None:
            os.fchown(descriptor, self.footing.uid, self.footing.gid)
        return descriptor


def no_room(place: Path, why: str) -> CannotStartPostgres:
    """Say that a server's files could not be written in `place`."""
    return CannotStartPostgres(
        f"PostgreSQL's files (about 50 MB) found no room in {place} ({why}): "
        "make some, or name another folder in TMPDIR."
    )


def _places() -> list[Path]:
    """The folders to try, best first: in memory a start takes half the time."""
    usual = Path(tempfile.gettempdir())
    places = [usual if len(str(usual)) <= _LONGEST else Path("/tmp")]  # noqa: S108 -- as above
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _MEMORY_LEFT:
        places.insert(0, _MEMORY)
    return places
