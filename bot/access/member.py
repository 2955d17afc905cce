"""Members of the allow-list and owners of roles."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class Grade(IntEnum):
    """What a member may; each holds what the ones below it hold."""

    RESPONDER = 1
    INSTRUCTOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As people write it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a Slack member id of one workspace, or a person at the command line (`cli:NAME`)."""

    team: str
    id: str

    @property
    def at_command_line(self) -> bool:
        """Whoever may run the program beside its database is an admin."""
        return self.id.startswith("cli:")


@dataclass(frozen=True, slots=True)
class Member:
    """One grant of the allow-list; times are aware UTC."""

    team: str
    slack_id: str
    grade: Grade
    server: str
    """'' means every server."""
    roles: str
    """Comma-separated case-sensitive globs and `@group`s; '' means all of the server's students."""
    until: datetime | None
    added_by: str
    added_at: datetime


class Origin(StrEnum):
    """Where an owner's link comes from."""

    ROSTER = "roster"
    STAFF = "staff"
    VOUCH = "vouch"
    POSSESSION = "possession"


@dataclass(frozen=True, slots=True)
class Owner:
    """One person's link to one role; it holds for the role of this oid only."""

    team: str
    slack_id: str
    server: str
    role: str
    role_oid: int
    origin: Origin
    linked_by: str
    linked_at: datetime
    suspended_at: datetime | None = None
    """Since when it does not count; only a new link does again."""
    suspended_why: str | None = None
    """deactivated: the person's account in Slack was."""


@dataclass(frozen=True, slots=True)
class Lapsing:
    """How much lapses, or has lapsed: links of people to roles, and responders' grants."""

    links: int
    grants: int

    @property
    def anything(self) -> bool:
        """Whether there is anything."""
        return bool(self.links or self.grants)


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is stored of one person: what `policy.permit` decides by."""

    actor: Actor
    members: tuple[Member, ...] = ()
    owned: tuple[Owner, ...] = ()


class Action(StrEnum):
    """What a person can ask to do."""

    LIST = "list"
    TERMINATE = "terminate"
    HISTORY = "history"
    SUMMARY = "summary"
    NAMES = "names"
    RESPOND = "respond"
    """To act for staff in what is talked about on a server, whatever role it is about."""
    RESOLVE = "resolve"
    """To say that trouble with a role is over."""
    ALLOW_RESPONDER = "allow_responder"
    ALLOW = "allow"
    OWN = "own"


class Right(StrEnum):
    """By which right something is permitted; stands in the record."""

    OWNER = "owner"
    RESPONDER = "responder"
    INSTRUCTOR = "instructor"
    ADMIN = "admin"
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Permitted:
    """The answer yes, and why."""

    right: Right


@dataclass(frozen=True, slots=True)
class Denied:
    """The answer no; `why` is for the record, never for the person (nothing, expired, other_server, other_roles, grade, recreated, reason)."""

    action: Action
    why: str
