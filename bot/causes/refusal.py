"""What a refused connection of our own says: which limit was met, or what else stood in the way.

libpq gives no SQLSTATE for a refused connection, so the words decide, in whatever language the server speaks.
"""

import re
from dataclasses import dataclass
from functools import cache

from bot.causes.finding import LIMITS, Cause, Kind
from bot.causes.recognise import recognise
from bot.causes.wordings import table


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused connection; `words` are the server's own or a known phrase of libpq, and hold nothing of the DSN."""

    cause: Cause
    kind: Kind | None = None
    name: str | None = None
    """Of the role or database whose limit it is."""
    words: str = ""
    """'' where the text holds none that are known to be safe."""
    by_server: bool = False
    """The server (or a pooler before it) said it, so something answers at that address."""

    @property
    def is_full(self) -> bool:
        """A limit on connections was met."""
        return self.cause in LIMITS

    @property
    def is_passing(self) -> bool:
        """The server is starting or stopping: it will take connections again by itself."""
        return self.kind in {Kind.STARTING_UP, Kind.SHUTTING_DOWN}


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
    said = list(_said_by_server().finditer(text))
    if not said:
        words = next((phrase for phrase in _PHRASES if phrase.lower() in text.lower()), "")
        return Refusal(Cause.OTHER, words=words)
    refusals = [_recognise(match[0], match["words"].strip()) for match in said]
    return next((refusal for refusal in reversed(refusals) if refusal.is_full), refusals[-1])


@cache
def _said_by_server() -> re.Pattern[str]:
    """Match the server's words: a severity and two blanks; a severity nobody knows yet is known by its place."""
    severities = "|".join(re.escape(word) for word in table().spoken)
    return re.compile(rf"(?:(?<!\w)(?:{severities}):|failed: \S+:(?=  ))\s+(?P<words>[^\n]+)")


def _recognise(said: str, words: str) -> Refusal:
    found = recognise(said)
    if found.cause not in LIMITS:
        return Refusal(Cause.OTHER, found.kind, words=words, by_server=True)
    name = found.role if found.cause is Cause.ROLE_LIMIT else found.database
    return Refusal(found.cause, name=name, words=words, by_server=True)
