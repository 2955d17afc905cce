"""What a message in chat means for the incidents there are, decided on plain values; nothing is asked or done here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.causes.finding import LIMITS, Cause, Finding, Kind
from bot.diagnosis.small_talk import Said
from bot.incidents.incident import Conversation, Incident, Scope, ScopeKind

READ_BACK = timedelta(minutes=15)
"""So old may a message be when it is read."""
SURE_ENOUGH = 0.5
"""Confidence from which a finding is taken for what the message reports."""
ENDED = frozenset({Kind.TERMINATED_BY_ADMINISTRATOR, Kind.CONNECTION_CLOSED, Kind.POOLER_DISCONNECT})
"""What a client says of a connection that somebody, perhaps the bot, has ended."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message, without the secrets that stood in it, as far as it matters here."""

    team: str
    person: str
    conversation: Conversation
    """The thread it is in, or begins."""
    ts: str
    finding: Finding
    said: Said
    in_thread: bool = False
    picture: bool = False
    asked: bool = False
    """It is meant for the bot: a mention, a direct message, the shortcut."""
    names: tuple[str, ...] = ()
    """Words of it that are names of servers."""
    client: str = ""
    """The program that printed it, as `advice` names it; '' where nobody can tell."""


def said_at(heard: Heard, now: datetime) -> datetime:
    """When a message was written, as far as that matters: what is read back after an interruption is a while old."""
    try:
        at = datetime.fromtimestamp(float(heard.ts), UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return min(max(at, now - READ_BACK), now)


@dataclass(frozen=True, slots=True)
class Around:
    """What is known where a message was heard: the incidents of its thread, and those open in its channel of late, newest first."""

    here: tuple[Incident, ...] = ()
    near: tuple[Incident, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignore:
    """It is about something else."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """It reports a limit on connections."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class MeToo:
    """Somebody has what an incident is about."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class InAgain:
    """One of those who wait is in again."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class Closed:
    """A connection was ended; perhaps by us, at somebody's request."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Other:
    """It reports another failure to connect, which is explained and is no incident."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Picture:
    """It shows a picture and says nothing that is known: ask, once."""


@dataclass(frozen=True, slots=True)
class Down:
    """It says that it does not work, and not how: the facts decide, else it is a question."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """It is meant for the bot and says nothing that is known: say what helps."""


Meaning = Ignore | Trouble | MeToo | InAgain | Closed | Other | Picture | Down | Unclear


def consult(heard: Heard, around: Around) -> Meaning:
    """Say what a message means; what a program printed counts before what a person says, and that before a picture."""
    finding = heard.finding
    if finding.cause is not Cause.NONE and finding.confidence >= SURE_ENOUGH:
        return _reported(finding)
    talked = _talked(heard, around)
    if talked is not None:
        return talked
    if heard.picture and not (heard.in_thread and not around.here):
        return Picture()
    if heard.said is Said.DOWN and (not heard.in_thread or heard.asked):
        return Down()
    return Unclear() if heard.asked else Ignore()


def _reported(finding: Finding) -> Meaning:
    if finding.cause in LIMITS:
        return Trouble(finding)
    return Closed(finding) if finding.kind in ENDED else Other(finding)


def _talked(heard: Heard, around: Around) -> Meaning | None:
    """What it says of an incident that is talked about; of a thread's own, else in the channel of the latest one."""
    about = around.here if heard.in_thread else around.near
    if not about:
        return None
    if heard.said is Said.ME_TOO:
        return next((MeToo(one) for one in about if one.open), None)
    if heard.said is Said.IN_AGAIN:
        return next((InAgain(one) for one in about if heard.person in {who.person for who in one.waiting}), None)
    return None


@dataclass(frozen=True, slots=True)
class Known:
    """A server as far as a report can mean it."""

    name: str
    hosts: frozenset[str] = frozenset()
    """Names by which students know it, in small letters."""
    addresses: frozenset[str] = frozenset()
    """Those by which the bot reaches it, which students may use too."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The servers that a report may mean, the likeliest first; `sure`: it can be no other than the only one."""

    servers: tuple[str, ...] = ()
    sure: bool = False


def servers_meant(finding: Finding, names: Iterable[str], known: Sequence[Known]) -> Meant:
    """Say which server a report means: the one it names, else the one whose host it is, else the only one there is.

    Of several that are left the facts decide, then the person. A host that is the person's own computer, or the mouth of a
    tunnel on it, tells nothing; one that no server is known by means none of them.
    """
    host = (finding.host or "").strip("[]").rstrip(".").lower()
    by_host = [one.name for one in known if host in one.hosts]
    if not by_host and not finding.own_computer:
        by_host = [one.name for one in known if host in one.addresses]
    named = [one.name for one in known if one.name in set(names)]
    # A server may be called by a word that people use for other things too: of several the host tells.
    if meant := [name for name in named if name in by_host and len(named) > 1] or named or by_host:
        return Meant(tuple(meant), sure=len(meant) == 1)
    if host and not finding.own_computer and all(one.hosts for one in known):
        return Meant()
    return Meant(tuple(one.name for one in known), sure=len(known) == 1)


def scope_of(finding: Finding, role: str | None) -> Scope | None:
    """Say what a limit is about: the role, the database or the server; None where the name that it takes is not known."""
    match finding.cause:
        case Cause.ROLE_LIMIT:
            return Scope(ScopeKind.ROLE, role) if role else None
        case Cause.DATABASE_LIMIT:
            return Scope(ScopeKind.DATABASE, finding.database) if finding.database else None
        case _:
            return Scope(ScopeKind.SERVER)
