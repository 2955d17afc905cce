"""Which of a role's connections nobody seems to use, and why."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.servers.backend import Backend, BackendState
from bot.servers.clients import Client, client_of

IDLE_LONG_AFTER = timedelta(hours=1)
"""Longer than a meal or a lecture: whoever comes back from one finds the connection as it was left."""
IN_TRANSACTION_AFTER = timedelta(minutes=5)
"""A person who commits by hand has gone away by then; until then the transaction counts as moving."""
RECENT_FOR = timedelta(minutes=5)
"""Whose state changed within this time looks in use."""


class ReasonKind(StrEnum):
    """Why a connection is called stray, the strongest reason first."""

    ABORTED = "aborted"
    IDLE_IN_TRANSACTION = "idle_in_transaction"
    TWIN = "twin"
    EXTRA_CLIENT = "extra_client"
    IDLE_LONG = "idle_long"
    QUIET_LONG = "quiet_long"
    """No query has begun for long; whether the last one still runs the server does not tell."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, as data; `client` is text from the client and may hold anything."""

    kind: ReasonKind
    count: int = 0
    """Connections of this client from this address (twin), or of this client at all (extra_client), with this one."""
    lasted: timedelta | None = None
    """How long the state has lasted; None where the server does not tell, and for the reasons that are none of time."""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Stray:
    """A backend nobody seems to use; there is always a reason."""

    backend: Backend
    reasons: tuple[Reason, ...]


class UseKind(StrEnum):
    """How a connection looks in use."""

    ACTIVE = "active"
    IN_TRANSACTION = "in_transaction"
    RECENT = "recent"


@dataclass(frozen=True, slots=True)
class InUse:
    """A connection that looks in use: for how long its query or transaction runs, or how long ago its state changed."""

    kind: UseKind
    lasted: timedelta | None


def rank(backends: Sequence[Backend], at: datetime) -> tuple[Stray, ...]:
    """Return the strays among one role's `backends` at the server's time `at`, the surest first; see `ReasonKind`.

    - A backend at rest is stray for one of the reasons; being idle alone is none.
    - One that runs a query or whose transaction moves is never stray; nor is what takes no slot, comes from a pooler or is
      the bot's own.
    - One of whose state the server does not tell is stray only if no query has begun for long.
    - Of several of one client the newest is not stray for being one of several.
    """
    crowd = _Crowd([backend for backend in backends if _counts(backend)])
    strays = [Stray(b, reasons) for b in crowd.backends if _at_rest(b, at) and (reasons := _reasons(b, crowd, at))]
    return tuple(sorted(strays, key=lambda stray: _surest_first(stray, at)))


def in_use(backend: Backend, at: datetime) -> InUse | None:
    """How `backend` looks in use at the server's time `at`; None: it does not.

    A transaction that failed can only be rolled back: it is in use while it is recent.
    """
    if backend.state.runs:
        return InUse(UseKind.ACTIVE, _since(backend.query_started_at, at))
    if backend.state is BackendState.IDLE_IN_TRANSACTION:
        return InUse(UseKind.IN_TRANSACTION, _since(backend.transaction_started_at, at))
    lasted = _quiet_for(backend, at)
    return InUse(UseKind.RECENT, lasted) if lasted is not None and lasted < RECENT_FOR else None


class _Crowd:
    """A role's backends and how many of them share a client, and a client and an address."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        self.backends = backends
        self._groups = {backend.pid: _groups(backend) for backend in backends}
        self._newest = {key: b.pid for b in sorted(backends, key=_age) for key in self._groups[b.pid]}
        self._counts = Counter(key for groups in self._groups.values() for key in groups)

    def others(self, backend: Backend) -> tuple[int, int]:
        """How many there are of its client and address, and of its client; 0 where it is the newest of them."""
        twins, kin = self._groups[backend.pid]
        newest = self._newest[twins] == backend.pid, self._newest[kin] == backend.pid
        return 0 if newest[0] else self._counts[twins], 0 if newest[1] else self._counts[kin]


def _groups(backend: Backend) -> tuple[Hashable, Hashable]:
    name = client_of(backend.application_name).name
    return (backend.id.role_oid, name, backend.client_address, "address"), (backend.id.role_oid, name)


def _counts(backend: Backend) -> bool:
    return backend.is_client and not backend.own and not backend.pooler


def _at_rest(backend: Backend, at: datetime) -> bool:
    if backend.state is BackendState.IDLE_IN_TRANSACTION:
        lasted = backend.in_state_for(at)
        return lasted is not None and lasted >= IN_TRANSACTION_AFTER
    if backend.state is BackendState.UNKNOWN:
        return _is_long(_quiet_for(backend, at))
    return backend.state in (BackendState.IDLE, BackendState.ABORTED)


def _reasons(backend: Backend, crowd: _Crowd, at: datetime) -> tuple[Reason, ...]:
    client: Client = client_of(backend.application_name)
    lasted = _quiet_for(backend, at)
    twins, kin = crowd.others(backend)
    found = []
    if backend.state is BackendState.ABORTED:
        found.append(Reason(ReasonKind.ABORTED, lasted=lasted))
    if backend.state is BackendState.IDLE_IN_TRANSACTION:
        found.append(Reason(ReasonKind.IDLE_IN_TRANSACTION, lasted=lasted))
    if twins > 0:
        found.append(Reason(ReasonKind.TWIN, count=twins, client=client.name))
    if client.keeps_extra and kin > 0:
        found.append(Reason(ReasonKind.EXTRA_CLIENT, count=kin, client=client.name))
    if backend.state is BackendState.IDLE and _is_long(lasted):
        found.append(Reason(ReasonKind.IDLE_LONG, lasted=lasted))
    if backend.state is BackendState.UNKNOWN:
        found.append(Reason(ReasonKind.QUIET_LONG, lasted=lasted))
    return tuple(found)


def _surest_first(stray: Stray, at: datetime) -> tuple[int, timedelta, datetime, int]:
    """Many reasons before few, long at rest before short, old before new; the pid settles what is left."""
    return -len(stray.reasons), -(_quiet_for(stray.backend, at) or timedelta(0)), *_age(stray.backend)


def _quiet_for(backend: Backend, at: datetime) -> timedelta | None:
    """How long it has been as it is; where the state is not told, how long ago its last query began."""
    if backend.state is BackendState.UNKNOWN:
        return _since(backend.query_started_at, at)
    return backend.in_state_for(at)


def _is_long(lasted: timedelta | None) -> bool:
    return lasted is not None and lasted >= IDLE_LONG_AFTER


def _age(backend: Backend) -> tuple[datetime, int]:
    return backend.started_at, backend.pid


def _since(start: datetime | None, at: datetime) -> timedelta | None:
    return None if start is None else max(at - start, timedelta(0))
