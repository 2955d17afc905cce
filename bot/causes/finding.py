"""What a text about a failed connection was found to say."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Why a connection was not to be had, the most telling first: of several in one text the first one counts."""

    ROLE_LIMIT = "role_limit"
    DATABASE_LIMIT = "database_limit"
    RESERVED_SLOTS = "reserved_slots"
    SERVER_LIMIT = "server_limit"
    POOLER_LIMIT = "pooler_limit"
    CLIENT_POOL = "client_pool"
    OTHER = "other"
    """Another failure to connect, or the end of a connection; named by a `Kind`."""
    NONE = "none"
    """Nothing of the kind is said."""


class Kind(StrEnum):
    """What else went wrong, the most telling first: what the server answered before what the network did."""

    PASSWORD = "password"  # noqa: S105 - a kind
    PASSWORD_MISSING = "password_missing"  # noqa: S105 - a kind
    PEER = "peer"
    """Peer or ident: the name on the computer is not the role's."""
    AUTHENTICATION = "authentication"
    """Any other way to prove who one is: GSSAPI, certificates, OAuth."""
    NO_SUCH_ROLE = "no_such_role"
    NOT_PERMITTED_TO_LOG_IN = "not_permitted_to_log_in"
    NO_SUCH_DATABASE = "no_such_database"
    NOT_ACCEPTING = "not_accepting"
    """The database takes no connections."""
    INVALID_DATABASE = "invalid_database"
    PERMISSION_DENIED = "permission_denied"
    HBA_REJECT = "hba_reject"
    NO_HBA_ENTRY = "no_hba_entry"
    STANDBY_LIMIT = "standby_limit"
    """The slots for replication are taken."""
    STARTING_UP = "starting_up"
    SHUTTING_DOWN = "shutting_down"
    IDLE_IN_TRANSACTION_TIMEOUT = "idle_in_transaction_timeout"
    IDLE_SESSION_TIMEOUT = "idle_session_timeout"
    TRANSACTION_TIMEOUT = "transaction_timeout"
    TERMINATED_BY_ADMINISTRATOR = "terminated_by_administrator"
    SERVER_CRASHED = "server_crashed"
    RECOVERY_CONFLICT = "recovery_conflict"
    LOGIN_TIMEOUT = "login_timeout"
    OUT_OF_RESOURCES = "out_of_resources"
    """The computer of the server could start no process for the connection."""
    WRAPAROUND = "wraparound"
    POOLER_SERVER_FAILED = "pooler_server_failed"
    """The pooler could not log in to the server."""
    POOLER_LOGIN_TIMEOUT = "pooler_login_timeout"
    POOLER_IDLE_TIMEOUT = "pooler_idle_timeout"
    POOLER_DISCONNECT = "pooler_disconnect"
    OLD_CLIENT = "old_client"
    TLS = "tls"
    NOT_POSTGRES = "not_postgres"
    """Something answered that is no PostgreSQL server."""
    DNS = "dns"
    NO_LOCAL_SERVER = "no_local_server"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    CONNECTION_CLOSED = "connection_closed"
    UNEXPLAINED = "unexplained"
    """A client that says only that it could not connect."""


LIMITS = frozenset(
    {Cause.ROLE_LIMIT, Cause.DATABASE_LIMIT, Cause.RESERVED_SLOTS, Cause.SERVER_LIMIT, Cause.POOLER_LIMIT}
)
"""Limits on connections that a server, or a pooler before it, enforces."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a text says of a failed connection; names are text from outside and may hold anything."""

    cause: Cause
    kind: Kind | None = None
    """Only of `Cause.OTHER`."""
    role: str | None = None
    database: str | None = None
    host: str | None = None
    """The server's, as the client was given it; of a Unix socket its directory."""
    port: int | None = None
    confidence: float = 0.0
    """From 0 to 1 that the text reports this: 0.99 as a program prints it, 0.9 the bare sentence, 0.6 retyped or retold."""

    @property
    def own_computer(self) -> bool:
        """The host is the person's own computer, or the mouth of a tunnel on it."""
        if self.host is None:
            return False
        host = self.host.strip("[]").rstrip(".").lower()
        if host.startswith(("/", "@")) or host == "localhost" or host.endswith((".localhost", ".localdomain")):
            return True
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return address.is_loopback or address.is_unspecified

    def as_json(self) -> dict[str, Any]:
        """Return what `connbot diagnose --json` prints."""
        return {
            "cause": str(self.cause),
            "role": self.role,
            "database": self.database,
            "host": self.host,
            "port": self.port,
            "kind": str(self.kind) if self.kind else None,
            "confidence": self.confidence,
        }


NOTHING = Finding(Cause.NONE)
