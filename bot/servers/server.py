"""What is asked of any students' server."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.servers.backend import Backend, BackendId, BackendState
from bot.servers.capacity import Capacity, Limit


@dataclass(frozen=True, slots=True)
class Role:
    """A PostgreSQL role and what of it decides rights and refusals."""

    name: str
    oid: int
    can_login: bool
    superuser: bool
    replication: bool
    groups: frozenset[str]
    """Every role it is a member of, through others too; without itself."""
    student: bool
    """It is, or is a member of, one of the configured `students` roles, and is neither superuser nor replication."""
    service: bool
    """It is configured as a service account."""


@dataclass(frozen=True, slots=True)
class RoleNow:
    """A role as its server had it at `at`, the server's `clock_timestamp()` of the same read."""

    role: Role
    at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """One role as its server saw it at `at`, the server's `clock_timestamp()` of the same read."""

    server: str
    at: datetime
    role: Role
    capacity: Capacity
    backends: tuple[Backend, ...]
    """All rows of the role, those that are no client backends too; oldest first."""
    tells_states: bool = True
    """The server tells the bot what each of them is doing; where not, ending one takes its owner or a reason."""

    @property
    def clients(self) -> tuple[Backend, ...]:
        """The backends that take one of the role's slots."""
        return tuple(backend for backend in self.backends if backend.is_client)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that everybody meets, as the server had them at `at`; of databases those that were asked for and are there."""

    at: datetime
    server: Limit
    databases: Mapping[str, Limit]


class Verdict(StrEnum):
    """How it ended with one backend of a proposal; the words of its outcome row."""

    TERMINATED = "terminated"
    ALREADY_GONE = "already_gone"
    CHANGED = "changed"
    REFUSED = "refused"
    STILL_ENDING = "still_ending"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Target:
    """A backend as it was shown to the person who asks for its end."""

    id: BackendId
    role: str
    database: str | None
    application_name: str
    client_address: str | None
    state: BackendState
    state_since: datetime | None
    transaction_started_at: datetime | None
    has_written: bool
    query_started_at: datetime | None
    """Of the query that was running, or of the last one: with the backend's id, one query for ever."""


def target_of(backend: Backend) -> Target:
    """What is shown of `backend` now, to be compared with what it is at the click."""
    return Target(
        id=backend.id,
        role=backend.role,
        database=backend.database,
        application_name=backend.application_name,
        client_address=backend.client_address,
        state=backend.state,
        state_since=backend.state_since,
        transaction_started_at=backend.transaction_started_at,
        has_written=backend.has_written,
        query_started_at=backend.query_started_at,
    )


class Verdicts(Mapping[BackendId, Verdict]):
    """How it ended with each target, in the order they were given; `details` say in one word why, for some of them.

    Of a query that was to be cancelled `TERMINATED` means that it ended, `ALREADY_GONE` that it or its session had ended before.
    Of the gone: over (the session is there, its query had ended); of the refused: own, superuser, replication, not_client,
    service, not_student, pooler, unknown_state; of the failed: hidden (the bot may not see it), no_right (to signal it),
    not_signalled (the server could not); of the interrupted: there (its time was over, and it was left alone).
    """

    def __init__(self, verdicts: Mapping[BackendId, Verdict], details: Mapping[BackendId, str] | None = None) -> None:
        self._verdicts = dict(verdicts)
        self.details = dict(details or {})

    def __getitem__(self, backend: BackendId) -> Verdict:
        return self._verdicts[backend]

    def __iter__(self) -> Iterator[BackendId]:
        return iter(self._verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)


class Presence(StrEnum):
    """What settlement can still say of a backend, or of the query that ran in it."""

    THERE = "there"
    GONE = "gone"


class Server(Protocol):
    """One PostgreSQL instance; each method raises `ServerUnavailable` and nothing else expected."""

    @property
    def name(self) -> str:
        """The name it has in the configuration."""

    async def read(self, role: str) -> Reading | None:
        """Read `role` (exactly, else folded to lower case) in a read that begins after this call; None: no such role."""

    async def role(self, name: str) -> RoleNow | None:
        """Read a role alone (exactly, else folded to lower case) in a read that begins after this call; None: no such role."""

    async def limits(self, database: str | None = None) -> Limits:
        """Read the server's own limit, and a database's, in a read that begins after this call."""

    async def clock(self) -> datetime:
        """The server's `clock_timestamp()`, read after this call."""

    async def terminate(self, targets: Sequence[Target], *, before: datetime) -> Verdicts:
        """Signal those targets that are still what was shown, if the server's clock is before `before`, and watch them end (5 s).

        `ServerUnavailable` leaves open whether a signal was sent; it must not be asked for again.
        """

    async def cancel(self, targets: Sequence[Target], *, before: datetime) -> Verdicts:
        """Cancel the queries of those targets that still run the one that was shown; else as `terminate`.

        The server cancels whatever a session runs when the signal reaches it: a query that ends in that very moment may leave
        the signal to the one after it.
        """

    async def running(self, targets: Sequence[Target]) -> Mapping[BackendId, Presence]:
        """Which of these sessions still run the query that was shown."""

    async def presence(self, ids: Sequence[BackendId]) -> Mapping[BackendId, Presence]:
        """Which of these sessions exist now."""

    async def roles_by_name(self, names: Sequence[str]) -> Mapping[str, Role]:
        """Find roles, each exactly or else folded to lower case, by the name they were asked for; unknown ones are left out."""

    async def presets(self, digests: Collection[str]) -> frozenset[str]:
        """Which of these names (their SHA-256 in hex) a database or role gives its sessions as `application_name` by itself."""
