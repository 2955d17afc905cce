"""What a refused connection's text says: which limit was met, or what else stood in the way.

libpq gives no SQLSTATE for a refused connection, so the words decide; they are the server's, in English.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class RefusalKind(StrEnum):
    """What refused a connection."""

    ROLE_LIMIT = "role_limit"
    DATABASE_LIMIT = "database_limit"
    SERVER_LIMIT = "server_limit"
    RESERVED_SLOTS = "reserved_slots"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused connection; `words` are the server's own or a known phrase of libpq, and hold nothing of the DSN."""

    kind: RefusalKind
    name: str | None = None
    """Of the role or database whose limit it is."""
    words: str = ""
    """'' where the text holds none that are known to be safe."""
    by_server: bool = False
    """The server (or a pooler before it) said it, so something answers at that address."""

    @property
    def is_full(self) -> bool:
        """A limit on connections was met."""
        return self.kind is not RefusalKind.OTHER


# Severity and two spaces; the severity is in the server's language, so it is known by its place too.
_SAID_BY_SERVER = re.compile(r"(?:\b(?:FATAL|ERROR):|failed: \S+:(?=  ))\s+(?P<words>[^\n]+)")
_LIMITS = (
    (re.compile(r'too many connections for role "(?P<name>.*)"'), RefusalKind.ROLE_LIMIT),
    (re.compile(r'too many connections for database "(?P<name>.*)"'), RefusalKind.DATABASE_LIMIT),
    (re.compile(r"remaining connection slots are reserved\b"), RefusalKind.RESERVED_SLOTS),
    (re.compile(r"sorry, too many clients already"), RefusalKind.SERVER_LIMIT),
)
# Only these phrases of the client's own are repeated: around them libpq quotes pieces of the connection string, which may
# be pieces of a password that was written into it wrongly.
_PHRASES = (
    "Connection refused",
    "timeout expired",
    "could not translate host name",
    "failed to resolve host",
    "No route to host",
    "Network is unreachable",
    "Connection reset by peer",
    "server closed the connection unexpectedly",
    "No such file or directory",
    "Permission denied",
    "server does not support SSL",
    "certificate verify failed",
    "no password supplied",
    "definition of service",
)


def recognise_refusal(text: str) -> Refusal:
    """Say what the error text of a failed connection means; several attempts in one text: the last that a server answered."""
    said = list(_SAID_BY_SERVER.finditer(text))
    if not said:
        return Refusal(RefusalKind.OTHER, words=next((p for p in _PHRASES if p.lower() in text.lower()), ""))
    refusals = [_recognise(match["words"].strip()) for match in said]
    return next((refusal for refusal in reversed(refusals) if refusal.is_full), refusals[-1])


def _recognise(words: str) -> Refusal:
    for pattern, kind in _LIMITS:
        if found := pattern.search(words):
            return Refusal(kind, found.groupdict().get("name"), words, by_server=True)
    return Refusal(RefusalKind.OTHER, words=words, by_server=True)
