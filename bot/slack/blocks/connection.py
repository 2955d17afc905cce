"""One connection in words: whose client, in which state, and what its end would lose."""

from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from bot.servers.backend import BackendId, BackendState
from bot.slack.blocks.text import code, duration, join, moment, name

PID = "pid"
"""What the number of a connection is; that of a pooler's client is called otherwise."""
CLIENT_WIDTH = 40
ADDRESS_WIDTH = 48

STATES = {
    BackendState.ACTIVE: ("\U0001f7e2", "active"),
    BackendState.IDLE: ("\u26aa", "idle"),
    BackendState.IDLE_IN_TRANSACTION: ("\U0001f7e0", "idle in transaction"),
    BackendState.ABORTED: ("\U0001f534", "idle in transaction (aborted)"),
    BackendState.FASTPATH: ("\U0001f7e2", "fastpath function call"),
    BackendState.STARTING: ("\U0001f535", "starting"),
    BackendState.DISABLED: ("\u2754", "state not tracked by the server"),
    BackendState.UNKNOWN: ("\u2754", "state not shown to the bot"),
}
"""A sign and PostgreSQL's own words; the words always stand beside the sign."""
WAITING = ("\u23f3", "waiting for an answer")


class Shown(Protocol):
    """What a backend and a proposal's target have in common."""

    @property
    def id(self) -> BackendId: ...
    @property
    def database(self) -> str | None: ...
    @property
    def application_name(self) -> str: ...
    @property
    def client_address(self) -> str | None: ...
    @property
    def state(self) -> BackendState: ...
    @property
    def state_since(self) -> datetime | None: ...
    @property
    def transaction_started_at(self) -> datetime | None: ...
    @property
    def query_started_at(self) -> datetime | None: ...
    @property
    def has_written(self) -> bool: ...


def client(shown: Shown, width: int = CLIENT_WIDTH) -> str:
    """Name the client program, in code style."""
    return code(shown.application_name, width) if shown.application_name else "unnamed client"


def whose(shown: Shown, now: datetime, zone: tzinfo, number: str = PID) -> str:
    """The first line: which client, its pid (or what else its number is), since when, from where."""
    since = f"since {moment(shown.id.started_at, now, zone)}"
    return " \u00b7 ".join((client(shown), f"{number} {shown.id.pid}", since, f"from {where(shown, number)}"))


def host(shown: Shown, number: str = PID) -> str | None:
    """The address alone: that of a pooler's client is kept with its port, which is another for each."""
    if not shown.client_address or number == PID:
        return shown.client_address
    return shown.client_address.rpartition(":")[0].strip("[]")


def where(shown: Shown, number: str = PID, *, port: bool = True) -> str:
    """Where its client runs; without the `port` that a pooler's client is told with."""
    if shown.client_address:
        return code(shown.client_address if port else host(shown, number), ADDRESS_WIDTH)
    if number != PID:
        return "the pooler's own machine"
    return "the server's own machine" + ("" if shown.state.known else " (or a helper process of it)")


def doing(shown: Shown, now: datetime, zone: tzinfo, queried_at: datetime | None = None, number: str = PID) -> str:
    """The second line: the state, for how long, the last query's start, what its end would lose, the database."""
    sign, _ = at(shown, number)
    parts = [f"{sign} *{state(shown, now, number)}*"]
    if shown.state is BackendState.ACTIVE and not at_pooler(shown, number):
        since = queried_at or shown.state_since
        parts += [f"a query has been running since {moment(since, now, zone)}"] if since else ["a query is running"]
    elif queried_at:
        parts.append(f"last query {moment(queried_at, now, zone)}")
    if shown.transaction_started_at and shown.state is not BackendState.ACTIVE:
        parts.append(f"transaction open since {moment(shown.transaction_started_at, now, zone)}")
    if shown.has_written:
        parts.append("\u26a0\ufe0f uncommitted writes")
    if shown.database:
        parts.append(f"in {code(shown.database, CLIENT_WIDTH)}")
    return " \u00b7 ".join(parts)


def at(shown: Shown, number: str = PID) -> tuple[str, str]:
    """What it is at: a sign, and words that always stand beside it."""
    return WAITING if at_pooler(shown, number) else STATES[shown.state]


def at_pooler(shown: Shown, number: str) -> bool:
    """A pooler's client that has asked for something and for which no session that is seen works: it may not have been served yet."""
    return number != PID and shown.state is BackendState.ACTIVE and shown.query_started_at is None


def state(shown: Shown, now: datetime, number: str = PID) -> str:
    """The state in PostgreSQL's words, and for how long; of a pooler's client with no session that is seen, what the pooler knows."""
    _, words = at(shown, number)
    if shown.state_since is None or not shown.state.known:
        return words
    return f"{words} for {duration(max(now - shown.state_since, timedelta(0)))}"


def losses(shown: Shown, number: str = PID) -> list[str]:
    """What ending it would lose, as clauses; none: nothing."""
    lost = []
    if shown.has_written:
        lost.append("uncommitted writes")
    elif shown.transaction_started_at and shown.state is BackendState.IDLE_IN_TRANSACTION:
        lost.append("an open transaction that has written nothing yet")
    if shown.state.runs:
        lost.append("the answer that it waits for" if at_pooler(shown, number) else "the query that is running")
    return lost


def brief(shown: Shown, now: datetime, number: str = PID) -> str:
    """One clause for a sentence: `pid 4711 (pgAdmin 4, idle for 3 h 12 min)`."""
    program = name(shown.application_name) if shown.application_name else "unnamed client"
    writes = ", uncommitted writes" if shown.has_written else ""
    return f"{number} {shown.id.pid} ({program}, {state(shown, now, number)}{writes})"


def pids(numbers: list[int], number: str = PID) -> str:
    """Return `pid 1` or `pids 1, 2 and 3`."""
    return f"{number}{'' if len(numbers) == 1 else 's'} {join([str(one) for one in numbers])}"
