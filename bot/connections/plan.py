"""Which backends a request means, and what forbids ending them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.incidents.proposal import Kind
from bot.servers.backend import Backend
from bot.servers.server import Reading, Role
from bot.servers.strays import rank


class Which(StrEnum):
    """Backends meant without naming pids."""

    STRAYS = "strays"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Chosen:
    """One backend a request means; `started_at` is set where it was picked from a list, so that a reused pid is not meant."""

    pid: int
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TerminateRequest:
    """`/kill ROLE PID…`, `/kill ROLE strays`, `/kill ROLE all`, or what was ticked in a list; `server` None is the default one.

    `kind` says whether the connections are meant, the queries that they run, or a pooler's clients: those have numbers for pids.
    """

    role: str
    chosen: tuple[Chosen, ...] = ()
    which: Which | None = None
    server: str | None = None
    reason: str = ""
    owner: str | None = None
    """Instead of `role`: the one role that this member owns."""
    kind: Kind = Kind.TERMINATE

    @property
    def what(self) -> str:
        """What a person types behind the role to mean the same: `4711 4712`, `strays`, `client 17`."""
        meant = self.which or " ".join(str(one.pid) for one in self.chosen)
        return f"client {meant}" if self.kind is Kind.CLIENT else meant


class WhyNot(StrEnum):
    """What forbids ending a backend."""

    NO_SUCH = "no_such"
    NOT_CLIENT = "not_client"
    OWN = "own"
    SUPERUSER = "superuser"
    REPLICATION = "replication"
    SERVICE = "service"
    NOT_STUDENT = "not_student"
    POOLER = "pooler"
    UNKNOWN_STATE = "unknown_state"
    NO_SUCH_CLIENT = "no_such_client"
    SHARED = "shared"
    """It is in use, and who asks is one of several owners."""
    NOTHING_RUNS = "nothing_runs"
    """Asked to cancel a query where none runs."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A backend that was asked for and will not be ended; `backend` is None where there is none of that pid."""

    pid: int
    why: WhyNot
    backend: Backend | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request comes to on one reading: the backends to propose, and the refused ones with the reason."""

    backends: tuple[Backend, ...]
    refused: tuple[Refused, ...]


def choose(request: TerminateRequest, reading: Reading) -> Plan:
    """Sort the backends that `request` means into those that may be proposed and those that are refused.

    - named pids: each is answered, in the order given, once
    - `strays`: what `rank` calls strays; what may not be ended is left out in silence, nobody named it
    - `all`: every client backend of the role; the refused ones are named, but for those that run nothing where queries are meant
    """
    named = _named(request, reading)
    if request.kind is Kind.CANCEL:
        named = [_if_it_runs(item) for item in named]
    backends = tuple(item for item in named if isinstance(item, Backend))
    refused = tuple(item for item in named if isinstance(item, Refused))
    if request.which is not None:
        refused = tuple(item for item in refused if item.why is not WhyNot.NOTHING_RUNS)
    return Plan(backends, () if request.which is Which.STRAYS else refused)


def forbids(backend: Backend, reading: Reading) -> WhyNot | None:
    """What forbids ending `backend`, the strongest reason first; None: it may be proposed."""
    if backend.own:
        return WhyNot.OWN
    if (why := protects(reading.role)) is not None:
        return why
    rules = (
        (not backend.is_client, WhyNot.NOT_CLIENT),
        (backend.pooler, WhyNot.POOLER),
        (reading.tells_states and not backend.state.known, WhyNot.UNKNOWN_STATE),
    )
    return next((why for holds, why in rules if holds), None)


def protects(role: Role) -> WhyNot | None:
    """Why nothing of `role` is ended; None: it may be."""
    rules = (
        (role.superuser, WhyNot.SUPERUSER),
        (role.replication, WhyNot.REPLICATION),
        (role.service, WhyNot.SERVICE),
        (not role.student, WhyNot.NOT_STUDENT),
    )
    return next((why for holds, why in rules if holds), None)


def _named(request: TerminateRequest, reading: Reading) -> list[Backend | Refused]:
    if request.which is Which.STRAYS:
        return [_judged(stray.backend, reading) for stray in rank(reading.clients, reading.at)]
    if request.which is Which.ALL:
        return [_judged(backend, reading) for backend in reading.clients]
    by_pid = {backend.pid: backend for backend in reading.backends}
    return [_found(by_pid.get(one.pid), one, reading) for one in dict.fromkeys(request.chosen)]


def _found(backend: Backend | None, one: Chosen, reading: Reading) -> Backend | Refused:
    if backend is None or one.started_at not in (None, backend.started_at):
        return Refused(one.pid, WhyNot.NO_SUCH)
    return _judged(backend, reading)


def _if_it_runs(item: Backend | Refused) -> Backend | Refused:
    if isinstance(item, Refused) or item.state.runs:
        return item
    return Refused(item.pid, WhyNot.NOTHING_RUNS if item.state.known else WhyNot.UNKNOWN_STATE, item)


def _judged(backend: Backend, reading: Reading) -> Backend | Refused:
    why = forbids(backend, reading)
    return backend if why is None else Refused(backend.pid, why, backend)
