"""How a person comes to own a role: by what a session of it shows, or by staff who vouch."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.access.member import Origin, Owner
from bot.access.policy import can_be_linked
from bot.servers.server import Reading

MARKER = "connbot-link"
"""How the names begin that sessions show as a proof."""
LONGEST_NAME = 63
"""Bytes of `application_name`; the server cuts off the rest."""
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of codes: none of them is taken for another one."""
CODE_LENGTH = 12
"""Sixty bits."""
MOST_WAITING = 3
"""Proofs of one person that are looked for at a time, and cards for one person that staff have before them."""

# The server replaces every other character of an `application_name`, and a quotation mark would end the literal.
_UNFIT = re.compile(r"[^A-Za-z0-9@._+-]+")


class Proof(StrEnum):
    """How it stands with a code: looked for, seen in a session of the role, or never to be looked for again."""

    WAITING = "waiting"
    PROVED = "proved"
    EXPIRED = "expired"
    VOID = "void"
    """Another way made the link, or the code was given to sessions whose people did not choose it."""


class Vouch(StrEnum):
    """How it stands with what staff were asked."""

    ASKED = "asked"
    VOUCHED = "vouched"
    NOT_THEIRS = "not_theirs"
    CLOSED = "closed"
    """The link was made another way."""


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """One person's wish to own one role; `role` and `role_oid` are None where no student's role was meant."""

    id: str
    team: str
    slack_id: str
    server: str
    asked_for: str
    """The role as it was typed: all that its person is shown, lest it tell whether the role exists."""
    role: str | None
    role_oid: int | None
    digest: str
    asked_at: datetime
    expires_at: datetime
    proof: Proof
    vouch: Vouch | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


class NewsKind(StrEnum):
    """What people are to be told of."""

    NEW_OWNER = "new_owner"
    NOT_FOUND = "not_found"
    NOT_THEIRS = "not_theirs"


@dataclass(frozen=True, slots=True)
class News:
    """What became of a wish to own a role, still to be told; `slack_id` is whom it is about, `by` who did it."""

    id: str
    team: str
    kind: NewsKind
    slack_id: str
    server: str
    role: str
    role_oid: int | None
    origin: Origin | None
    by: str
    at: datetime
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what a session must show to prove it: told once, to its person alone."""

    request: LinkRequest
    shown: str


@dataclass(frozen=True, slots=True)
class AlreadyOwned:
    """The role is the person's."""

    role: str
    server: str


@dataclass(frozen=True, slots=True)
class TooMany:
    """The person has as many requests as one may have; `until` is when there may be another, where that can be told."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BeforeStaff:
    """A request that staff were asked about; `seen` false: their channel does not show it yet."""

    request: LinkRequest
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What a click of staff came to; `why` is '' if it decided, first (somebody else had), or made_anew (another role now)."""

    request: LinkRequest
    why: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A request before staff, with the links that its person has and those that the role has."""

    request: LinkRequest
    of_person: tuple[Owner, ...] = ()
    of_role: tuple[Owner, ...] = ()


def shown_name(who: str, code: str) -> str:
    """Return what a session must show as its `application_name`: for whom it is the proof, and the code."""
    room = LONGEST_NAME - len(f"{MARKER}  {code}")
    return f"{MARKER} {_UNFIT.sub('_', who)[:room]} {code}"


def digest_of(name: str) -> str:
    """Return what is stored of such a name, and compared: of the whole of it, so that it says for whom it is."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def shows(reading: Reading, request: LinkRequest) -> bool:
    """Whether a client's session of the very role that was asked for shows the proof; a role made anew is another."""
    return (
        reading.role.oid == request.role_oid
        and can_be_linked(reading.role)
        and any(digest_of(one.application_name) == request.digest for one in reading.clients if not one.own)
    )
