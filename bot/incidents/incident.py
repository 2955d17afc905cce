"""An incident: one occasion of trouble with connections, the people whom it keeps out, and where it is talked about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

REOPENS_WITHIN = timedelta(minutes=30)
"""Trouble that comes back so soon is the same occasion."""
NEAR = timedelta(minutes=15)
"""So long after a report a “+1” in its channel is about it."""
BY_ITSELF = "connbot"
"""Who did what the bot did by itself."""


class ScopeKind(StrEnum):
    """What is full."""

    SERVER = "server"
    DATABASE = "database"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an incident is about on its server; `name` is '' for the server as a whole."""

    kind: ScopeKind
    name: str = ""


class IncidentState(StrEnum):
    """open → resolved; what is resolved reopens within `REOPENS_WITHIN`."""

    OPEN = "open"
    RESOLVED = "resolved"


class Waiting(StrEnum):
    """How it stands with one person."""

    WAITING = "waiting"
    IN = "in"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread in which an incident is talked about: the channel, and the message that it hangs on."""

    channel: str
    thread: str
    private: bool = False
    """It is a direct message: what is said there is for one person."""


@dataclass(frozen=True, slots=True)
class Affected:
    """One person whom an incident keeps out, or who says so."""

    person: str
    conversation: Conversation
    since: datetime
    role: str | None = None
    """Theirs that is kept out; None where nobody could tell."""
    ts: str = ""
    """Their message; '' for a click."""
    state: Waiting = Waiting.WAITING


@dataclass(frozen=True, slots=True)
class Incident:
    """One occasion of trouble; at most one is open for a scope of a server. Times are aware UTC, by the own database's clock."""

    id: str
    team: str
    server: str
    scope: Scope
    cause: str
    """The word of `causes` for it."""
    state: IncidentState
    reporter: str
    conversation: Conversation
    """Where it is talked about in public; a private one only while there is no other."""
    opened_at: datetime
    """Of its first opening."""
    occasion_at: datetime
    """When it was opened last."""
    occasion: int = 1
    """How many times it was open; each has a resolution of its own."""
    answered_at: datetime | None = None
    """The bot's first answer."""
    human: str | None = None
    human_at: datetime | None = None
    """The first person of the staff who did something about it."""
    resolved_at: datetime | None = None
    resolved_by: str = ""
    """Who said so; '' for the facts, `BY_ITSELF` where nobody spoke of it any more."""
    client: str = ""
    """The program that the first report came from, as `diagnosis.advice` names it; '' where nobody could tell."""
    people: tuple[Affected, ...] = ()
    """Each person once, the first to report first."""

    @property
    def open(self) -> bool:
        """Whether it still keeps somebody out."""
        return self.state is IncidentState.OPEN

    @property
    def waiting(self) -> tuple[Affected, ...]:
        """Those who wait for the resolution."""
        return tuple(one for one in self.people if one.state is Waiting.WAITING)

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """Every thread in which somebody spoke of it, its own first."""
        return tuple(dict.fromkeys((self.conversation, *(one.conversation for one in self.people))))

    def of(self, person: str) -> Affected | None:
        """How it stands with a person; None: they are none of its people."""
        return next((one for one in self.people if one.person == person), None)

    def conversation_in(self, where: Conversation) -> Conversation:
        """The one in a channel, as far as there is one; else `where` itself: one conversation a channel."""
        spoken = (one.conversation for one in self.people if one.state is not Waiting.WITHDRAWN)
        return next((there for there in spoken if there.channel == where.channel), where)

    def may_reopen(self, now: datetime) -> bool:
        """Whether the same trouble now would be the same occasion."""
        return self.resolved_at is not None and now - self.resolved_at < REOPENS_WITHIN

    @property
    def given_up(self) -> bool:
        """Whether it ended because nobody spoke of it any more; then nothing is said of its end either."""
        return not self.open and self.resolved_by == BY_ITSELF

    @property
    def spoken_of_at(self) -> datetime:
        """When somebody last came to it or did something about it."""
        return max(self.occasion_at, self.human_at or self.occasion_at, *(one.since for one in self.people))


class How(StrEnum):
    """What a report came to."""

    OPENED = "opened"
    REOPENED = "reopened"
    JOINED = "joined"
    KNOWN = "known"
    """The person was among those who wait already."""


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports: the trouble, and who is kept out by it."""

    team: str
    server: str
    scope: Scope
    cause: str
    affected: Affected
    client: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report came to, and the incident as it stands now."""

    incident: Incident
    how: How


@dataclass(frozen=True, slots=True)
class Watched:
    """The incidents that something may have to be done about, at `at`."""

    at: datetime
    standing: tuple[Incident, ...]
    """Those that are open, newest first."""
    over: tuple[Incident, ...]
    """Those that were resolved so lately that they may reopen, newest first."""
