"""A server's backends as PostgreSQL tells of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CLIENT_BACKEND = "client backend"


class BackendState(StrEnum):
    """`pg_stat_activity.state`, in PostgreSQL's own words; `UNKNOWN` where the server does not tell us."""

    ACTIVE = "active"
    IDLE = "idle"
    IDLE_IN_TRANSACTION = "idle in transaction"
    ABORTED = "idle in transaction (aborted)"
    FASTPATH = "fastpath function call"
    STARTING = "starting"
    DISABLED = "disabled"
    UNKNOWN = ""

    @property
    def known(self) -> bool:
        """It says what the backend is doing."""
        return self not in (BackendState.DISABLED, BackendState.UNKNOWN)

    @property
    def runs(self) -> bool:
        """A query runs, so that there is something to cancel."""
        return self in (BackendState.ACTIVE, BackendState.FASTPATH)

    @property
    def works(self) -> bool:
        """Somebody's work is in it: a query runs, or a transaction is open that has not failed."""
        return self.runs or self is BackendState.IDLE_IN_TRANSACTION


@dataclass(frozen=True, slots=True)
class BackendId:
    """One session for ever: a pid alone is given to others later; `started_at` is exact to the microsecond, UTC."""

    server: str
    pid: int
    started_at: datetime
    role_oid: int


@dataclass(frozen=True, slots=True)
class Backend:
    """A row of `pg_stat_activity`; times are aware UTC; text from clients is data and may hold anything."""

    id: BackendId
    role: str
    database: str | None
    application_name: str
    client_address: str | None
    """None: a Unix socket."""
    backend_type: str
    """'' where the server does not tell."""
    state: BackendState
    state_since: datetime | None
    transaction_started_at: datetime | None
    query_started_at: datetime | None
    has_written: bool
    """It holds a transaction id (`backend_xid`): uncommitted writes would be lost."""
    leader_pid: int | None = None
    own: bool = False
    """It is the bot's own connection."""
    pooler: bool = False
    """It comes from an address configured as a pooler's."""
    neighbours: int = 0
    """How many other roles have clients from the same address now; how many, and never which."""

    @property
    def pid(self) -> int:
        """The process id, as people type it."""
        return self.id.pid

    @property
    def started_at(self) -> datetime:
        """`backend_start`."""
        return self.id.started_at

    @property
    def is_client(self) -> bool:
        """It takes one of the role's slots, as far as the server tells."""
        return self.backend_type in (CLIENT_BACKEND, "")

    @property
    def may_be_helper(self) -> bool:
        """The server does not tell whether it is a client's or works for one: helper processes have no address."""
        return not self.backend_type and self.client_address is None

    @property
    def in_transaction(self) -> bool:
        """A transaction is open, whatever it does; of one that has failed the server no longer tells when it began."""
        return self.transaction_started_at is not None or self.state is BackendState.ABORTED

    def in_state_for(self, at: datetime) -> timedelta | None:
        """How long it has been in its state at the server's time `at`; None where the server does not tell."""
        return None if self.state_since is None else max(at - self.state_since, timedelta(0))
