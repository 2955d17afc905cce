"""What of an incident may be told where, decided on plain values."""

from bot.incidents.incident import Conversation, Incident, ScopeKind, Waiting


def may_tell_figures(incident: Incident, where: Conversation) -> bool:
    """Say whether a conversation may hear how full it is: always of a server or a database.

    Of a role only where an owner of it reports: in public once one of them does so, else in their own private conversation.
    """
    if incident.scope.kind is not ScopeKind.ROLE:
        return True
    owners = [one for one in incident.people if one.role == incident.scope.name and one.state is not Waiting.WITHDRAWN]
    if where.private:
        return any(one.conversation == where for one in owners)
    return any(not one.conversation.private for one in owners)
