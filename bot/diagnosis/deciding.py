"""What a report of trouble comes to, by what it says, who says it and what the servers say; decided on plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.access.member import Standing
from bot.causes.finding import Cause, Finding
from bot.diagnosis.advice import of_client
from bot.diagnosis.consult import Meant, scope_of
from bot.diagnosis.facts import Facts
from bot.diagnosis.replies import Explained, Reply, WhatDoesItSay, WhichRole, WhichServer
from bot.diagnosis.seen import Seen, owns, owns_by_name
from bot.incidents.incident import Incident, Scope, ScopeKind

LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""


@dataclass(frozen=True, slots=True)
class Opens:
    """It is an incident: of this scope of this server."""

    server: str
    scope: Scope
    cause: Cause
    facts: Facts | None
    role: str | None = None
    """The person's own, which is kept out; None where that is not proved."""
    joins: bool = True
    """False: only as long as no incident is open, since the role is not theirs, or that is not proved."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A report of a limit, and who makes it."""

    finding: Finding
    meant: Meant
    standing: Standing
    client: str = ""

    @property
    def explained(self) -> Explained:
        """What its text means, whatever there is on the servers."""
        server = self.meant.servers[0] if self.meant.sure else None
        return Explained(self.finding, of_client(self.client), server)


def scopes(complaint: Complaint) -> tuple[tuple[str, Scope], ...]:
    """Name what must be looked at to decide, as (server, scope)."""
    finding, servers = complaint.finding, complaint.meant.servers
    if finding.cause is Cause.ROLE_LIMIT and (finding.role is None or not servers):
        links = (link for link in complaint.standing.owned if link.server in servers or not servers)
        named = [link for link in links if finding.role is None or is_named(link.role, finding.role)]
        return tuple(dict.fromkeys((link.server, Scope(ScopeKind.ROLE, link.role)) for link in named))
    scope = scope_of(finding, finding.role)
    if scope is None or not _can_be(scope):
        return ()
    return tuple((server, scope) for server in servers)


def decide(complaint: Complaint, seen: Sequence[Seen]) -> Opens | Reply:
    """Say what a report of a limit comes to; `seen` is what `scopes` asked for."""
    if not complaint.meant.servers:
        return _elsewhere(complaint, seen)
    if complaint.finding.cause is not Cause.ROLE_LIMIT:
        return _shared(complaint, seen)
    return _own(complaint, seen) if complaint.finding.role is None else _named(complaint, seen)


def decide_down(standing: Standing, servers: Sequence[Seen], roles: Sequence[Seen], client: str) -> Opens | Reply:
    """Say what it comes to that everything is down: an incident only if the facts show a limit reached.

    `servers` are those that may be meant, `roles` the person's on them. A role's limit bites before its server's.
    """
    theirs = [one for one in roles if owns(standing, one) and one.full]
    full = [one for one in servers if one.full]
    if len(theirs) == 1:
        return opens(theirs[0], Cause.ROLE_LIMIT, role=theirs[0].scope.name)
    if theirs:
        return WhichRole(None, Finding(Cause.ROLE_LIMIT), _names(theirs))
    if len(full) == 1:
        return opens(full[0], Cause.SERVER_LIMIT)
    if full:
        return WhichServer(Finding(Cause.SERVER_LIMIT), [one.server for one in full], client)
    answering = tuple(one.server for one in servers if one.facts is not None)
    return WhatDoesItSay(answering, tuple(one.server for one in servers if one.facts is None))


def meant_here(meant: Meant, here: Sequence[Incident]) -> Meant:
    """Of several servers that a report may mean, the one that its thread is about."""
    talked_about = {incident.server for incident in here} & set(meant.servers)
    return Meant(tuple(talked_about), sure=True) if len(talked_about) == 1 else meant


def opens(seen: Seen, cause: Cause, *, role: str | None = None, joins: bool = True) -> Opens:
    """Make an incident of what was seen."""
    # What a server says of its own limit says nothing of its pooler's.
    facts = None if cause is Cause.POOLER_LIMIT else seen.facts
    return Opens(seen.server, seen.scope, cause, facts, role, joins)


def _elsewhere(complaint: Complaint, seen: Sequence[Seen]) -> Opens | Reply:
    """Of a host that no server is known by: it may still be one, if the person's own role is full there."""
    only = _only([one for one in seen if owns(complaint.standing, one) and one.full])
    return (
        opens(only, Cause.ROLE_LIMIT, role=only.scope.name) if only and complaint.finding.role else complaint.explained
    )


def _shared(complaint: Complaint, seen: Sequence[Seen]) -> Opens | Reply:
    """A limit that everybody meets: on a server that is meant without doubt it is an incident, whoever says so."""
    # A database that no server has is nobody's complaint.
    possible = [one for one in seen if one.there or one.facts is None]
    if not possible:
        return complaint.explained
    # Whether a pooler is at its limit the servers cannot tell.
    tells = complaint.finding.cause is not Cause.POOLER_LIMIT
    full = [one for one in possible if one.full and tells]
    if only := _only(possible) or _only(full):
        return opens(only, complaint.finding.cause)
    return WhichServer(complaint.finding, [one.server for one in full or possible], complaint.client)


def _named(complaint: Complaint, seen: Sequence[Seen]) -> Opens | Reply:
    """A role's limit, with its name: the owner is believed, of others the facts are."""
    theirs = [one for one in seen if owns(complaint.standing, one)]
    if theirs:
        only = _only(theirs) or _only([one for one in theirs if one.full])
        if only is None:
            return WhichServer(complaint.finding, [one.server for one in theirs], complaint.client)
        return opens(only, Cause.ROLE_LIMIT, role=only.scope.name)
    only = _only([one for one in seen if owns_by_name(complaint.standing, one)])
    only = only or _only([one for one in seen if one.there and one.full])
    return opens(only, Cause.ROLE_LIMIT, joins=False) if only else complaint.explained


def _own(complaint: Complaint, seen: Sequence[Seen]) -> Opens | Reply:
    """A role's limit without its name: it is the only one of the person's that it can be, else they are asked."""
    theirs = [one for one in seen if owns(complaint.standing, one)]
    if only := _only(theirs) or _only([one for one in theirs if one.full]):
        return opens(only, Cause.ROLE_LIMIT, role=only.scope.name)
    unproved = [one for one in seen if owns_by_name(complaint.standing, one)]
    only = None if theirs else _only(unproved)
    if only:
        return opens(only, Cause.ROLE_LIMIT, joins=False)
    return WhichRole(None, complaint.finding, _names([*theirs, *unproved]))


def _only(seen: Sequence[Seen]) -> Seen | None:
    return seen[0] if len(seen) == 1 else None


def _names(seen: Sequence[Seen]) -> tuple[tuple[str, str], ...]:
    return tuple((one.server, one.scope.name) for one in seen)


def is_named(role: str, name: str) -> bool:
    """Whether a role is the one of this name, as a person writes it."""
    return role in (name, name.lower())


def _can_be(scope: Scope) -> bool:
    """Whether a role or database can have this name: text from outside may hold anything."""
    if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in scope.name):
        return False
    return len(scope.name.encode()) <= LONGEST_NAME
