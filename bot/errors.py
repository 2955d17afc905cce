"""Errors a person is told of: fields, no prose. `slack.blocks.refusal` writes their sentences."""

from dataclasses import dataclass


class BotError(Exception):
    """A request that cannot go on, for a reason its person is told."""


@dataclass
class UsageError(BotError):
    """What was typed is not a command; `problem` says what is wrong with it, `command` whose usage helps."""

    command: str
    problem: str


@dataclass
class NotPermitted(BotError):
    """The person has no right to this; reads the same whether or not the role exists."""

    action: str
    role: str | None = None
    server: str | None = None
    formerly: bool = False
    """The person is linked to a role of this name that is not the one there is now, if there is one."""


@dataclass
class OwnsNothing(BotError):
    """`/conns` by someone who owns no role."""

    slack_id: str


@dataclass
class UnknownServer(BotError):
    """No server of this name is configured."""

    name: str
    known: tuple[str, ...]


@dataclass
class UnknownRole(BotError):
    """The server has no such role; raised only to people who may know that."""

    role: str
    server: str


@dataclass
class AmbiguousRole(BotError):
    """A mention that means several roles where one is needed."""

    roles: tuple[str, ...]


@dataclass
class ReasonNeeded(BotError):
    """Owners are asked about what is in use, or cannot be seen, with a reason; `what` as in `/kill ROLE WHAT`."""

    role: str
    server: str
    what: str


@dataclass
class ServerUnavailable(BotError):
    """A server did not answer; `why` is one word, and `detail` its own words.

    full (it has no slot for us), role_full and database_full (our own role, or the database we log in to, is at its limit),
    unreachable, deadline, rights, refused.
    """

    server: str
    why: str
    detail: str = ""

    @property
    def is_full(self) -> bool:
        """It answers, and refuses a further connection for their number."""
        return self.why in ("full", "role_full", "database_full")


@dataclass
class PoolerUnavailable(BotError):
    """The admin console of a server's pooler could not be asked, and nothing was ended.

    `why` is one of none (is configured), unreachable, deadline, rights, refused, unreadable, old (it cannot end a client);
    `detail` its own words.
    """

    server: str
    why: str
    detail: str = ""


@dataclass
class OwnDatabaseUnavailable(BotError):
    """The bot's own database did not take the entry, so nothing was done; `full`: its server refused a connection for their number."""

    detail: str = ""
    full: bool = False


@dataclass
class SetupError(BotError):
    """The set-up is wrong; `faults` are whole sentences, each naming the mend, all told at once."""

    faults: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.faults)
