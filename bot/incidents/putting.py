"""How a report is put to an incident that there is, decided on plain values."""

from dataclasses import replace

from bot.causes.finding import Cause
from bot.incidents.incident import Affected, How, Incident, Reported, Waiting


def put(incident: Incident, affected: Affected, how: How, cause: str) -> Reported:
    """Say how an incident stands with one person more, or with one who is among its people already.

    - It is talked about in one conversation a channel; in public as soon as somebody speaks of it there.
    - Who waits already is where they first said so, unless that was in private and this is not.
    - What is known of a person stays known.
    - Of a server's limit its facts tell the end, of its pooler's nobody's: once somebody met the server's, it is about that.
    """
    affected = replace(affected, conversation=incident.conversation_in(affected.conversation))
    known = incident.of(affected.person)
    if known is not None:
        affected = replace(affected, since=known.since, role=affected.role or known.role)
        if how is How.JOINED and known.state is Waiting.WAITING:
            how = How.KNOWN
            if known.conversation.private <= affected.conversation.private:
                affected = replace(affected, conversation=known.conversation, ts=known.ts)
    if _is_left(incident) or (incident.conversation.private and not affected.conversation.private):
        incident = replace(incident, conversation=affected.conversation)
    if incident.cause == Cause.POOLER_LIMIT:
        incident = replace(incident, cause=cause)
    return Reported(with_person(incident, affected), how)


def with_person(incident: Incident, affected: Affected) -> Incident:
    """The incident with what is known of one person now."""
    others = tuple(one for one in incident.people if one.person != affected.person)
    people = sorted((*others, affected), key=lambda one: (one.since, one.person))
    return replace(incident, people=tuple(people))


def _is_left(incident: Incident) -> bool:
    """Whether all who spoke of it in its own conversation took that back."""
    here = [one for one in incident.people if one.conversation == incident.conversation]
    return bool(here) and all(one.state is Waiting.WITHDRAWN for one in here)
