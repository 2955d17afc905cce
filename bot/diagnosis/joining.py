"""What a “+1” comes to: which of the incidents that are talked about it joins, decided on plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.access.member import Standing
from bot.causes.finding import Cause
from bot.diagnosis.deciding import Opens, opens
from bot.diagnosis.replies import HasRoom, Reply, WhichRole
from bot.diagnosis.seen import Seen, owns, owns_by_name
from bot.incidents.incident import Incident, ScopeKind


@dataclass(frozen=True, slots=True)
class Joins:
    """The person has what this incident is about; `role` is theirs that is kept out."""

    incident: Incident
    role: str | None = None


def join(standing: Standing, about: Sequence[Incident], roles: Sequence[Seen], server: Seen) -> Joins | Opens | Reply:
    """Say what it comes to that somebody has it too.

    `about` are the open incidents of one server that may be meant, the likeliest first, and there is one; `roles` are the
    person's on that `server`, as it has them now.
    - One of the person's own roles is full: that is what keeps them out, whatever the others talk about.
    - Else they join what is about a role of theirs, or about what everybody meets.
    - Nobody joins what is about another's role; where the whole server is full, that is what keeps them out.
    """
    theirs = {one.scope.name: one for one in roles if owns(standing, one)}
    full = [one for one in theirs.values() if one.full]
    mine = [incident for incident in about if incident.scope.kind is ScopeKind.ROLE and incident.scope.name in theirs]
    if known := [incident for incident in mine if theirs[incident.scope.name].full]:
        return Joins(known[0], known[0].scope.name)
    if len(full) == 1:
        return opens(full[0], Cause.ROLE_LIMIT, role=full[0].scope.name)
    if full:
        return WhichRole(about[0], None, [(one.server, one.scope.name) for one in full])
    if mine:
        return Joins(mine[0], mine[0].scope.name)
    open_to_them = (one for one in about if one.scope.kind is not ScopeKind.ROLE or _waits(one, standing.actor.id))
    if shared := next(open_to_them, None):
        return Joins(shared)
    if server.full:
        return opens(server, Cause.SERVER_LIMIT)
    for one in theirs.values():
        if one.facts is not None:
            return HasRoom(one.scope.name, one.server, one.facts)
    return WhichRole(about[0], None, [(one.server, one.scope.name) for one in roles if owns_by_name(standing, one)])


def _waits(incident: Incident, person: str) -> bool:
    return person in {one.person for one in incident.waiting}
