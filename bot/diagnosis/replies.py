"""What is said to one message, as values; `slack` finds the words and the place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.causes.finding import Finding
from bot.diagnosis.advice import Advice
from bot.diagnosis.facts import Facts
from bot.incidents.incident import Incident, Reported


@dataclass(frozen=True, slots=True)
class Nothing:
    """Silence."""


@dataclass(frozen=True, slots=True)
class Answered:
    """It is an incident's: its answer stands in the person's conversation, and is brought up to date.

    A message outside the incident's thread gets 👀 and, for its author alone, the way there.
    """

    reported: Reported
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody has what an incident is about: 👀, and its answer is brought up to date."""

    reported: Reported
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Explained:
    """What the text means and what its author can do alone, in the thread; no figure of any role."""

    finding: Finding
    advice: Advice | None = None
    server: str | None = None
    """The one that is meant, where there is no doubt."""
    room: Facts | None = None
    """The limit that the text complains of has room now, and everybody may know: of a server or a database."""


@dataclass(frozen=True, slots=True)
class HasRoom:
    """For its author alone: the role, which is theirs, has room now."""

    role: str
    server: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class WhichRole:
    """For its author alone, with 👀, a question: which role is kept out. `roles` are (server, role) of theirs, to choose from; maybe none."""

    incident: Incident | None
    finding: Finding | None
    roles: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class WhichServer:
    """For its author alone: which of these servers the report means."""

    finding: Finding
    servers: Sequence[str]
    client: str = ""


@dataclass(frozen=True, slots=True)
class SeesNoPictures:
    """One question in the thread: whether the picture says *too many connections*."""


@dataclass(frozen=True, slots=True)
class PictureTold:
    """In the place of that question: what the picture's author says to it."""

    says_so: bool


@dataclass(frozen=True, slots=True)
class WhatDoesItSay:
    """One question in the thread: it does not work, but the facts show no limit reached; so what does it say exactly."""

    servers: Sequence[str] = ()
    """Those that answer and have room."""
    unavailable: Sequence[str] = ()
    """Those that do not answer us either."""


@dataclass(frozen=True, slots=True)
class WasClosed:
    """The connection was ended by us at somebody's request; told to the role's owner."""

    role: str
    server: str
    requester: str
    """Slack id of who asked; '' for the command line."""
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IsIn:
    """One of those who waited is in again: ✅, and the answer is brought up to date."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class HowToAsk:
    """It was meant for the bot and nothing in it is known: what helps."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """For its author alone, once: so many reports are not read now."""


Reply = (
    Nothing
    | Answered
    | Joined
    | Explained
    | HasRoom
    | WhichRole
    | WhichServer
    | SeesNoPictures
    | PictureTold
    | WhatDoesItSay
    | WasClosed
    | IsIn
    | HowToAsk
    | TooMany
)
