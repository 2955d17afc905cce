"""What one look at the own database shows."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

VERSIONS = "alembic_version"
"""The table that says which revision the others have."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """An SQLite file as it lies on the disk."""

    path: Path
    there: bool
    open_to_all: tuple[Path, ...] = ()
    """It, or what lies beside it, where everybody on this machine may read it."""
    folder_writable: bool = True
    free: int = 0
    """Bytes left on its disk."""
    serving: int | None = None
    """The process that serves from it."""


@dataclass(frozen=True, slots=True)
class PostgresqlSeen:
    """The server that holds the own database."""

    identity: tuple[int, datetime]
    """As `servers.examined.Examined.identity`."""
    role: str
    role_limit: int
    database: str
    database_limit: int
    others: int
    """Other connections of connbot to this database."""
    forbidden: tuple[str, ...]
    """Tables that the role may not read and write; with `VERSIONS` among them no more can be seen."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a PostgreSQL own database is, as its URL says; '' where it says nothing."""

    host: str = ""
    port: str = ""
    user: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class OwnSeen:
    """What there is; what could not be seen is None or ''."""

    address: Address = Address()
    file: FileSeen | None = None
    postgresql: PostgresqlSeen | None = None
    fault: str = ""
    """What is wrong with its address, a whole sentence."""
    failure: str = ""
    """Why it could not be read."""
    revision: str | None = None
    """Of its schema; None: no tables of ours."""
    unwritable: str = ""
    """Why it cannot be written."""
    now: datetime | None = None
