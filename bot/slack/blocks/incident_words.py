"""The words in which every message speaks of an incident: what it is about, how full that is, what it means, what helps."""

from bot.causes.finding import Cause
from bot.diagnosis.advice import of_client
from bot.diagnosis.facts import Facts
from bot.incidents.incident import Incident, Scope, ScopeKind
from bot.slack.blocks import capacity
from bot.slack.blocks.text import name, plural

FULL = "\U0001f534"
ROOM = "\U0001f7e1"
OVER = "\u2705"

_MEANING = {
    ScopeKind.ROLE: "A role may have only so many connections at once, and each open window, notebook or running program keeps one. Your password is fine.",
    ScopeKind.DATABASE: "The connections of everybody together fill it. Your role and password are fine.",
    ScopeKind.SERVER: "The connections of everybody together fill it. Your role and password are fine.",
}
_POOLER_MEANING = "It lets only so many in at once, everybody together. Your role and password are fine."
_STEP = {
    ScopeKind.ROLE: "Close what you have open elsewhere: a second terminal, tabs of an editor, notebooks, a program that still runs.",
    ScopeKind.DATABASE: "Close every connection that you do not need, and try again in a minute.",
    ScopeKind.SERVER: "Close every connection that you do not need, and try again in a minute.",
}


def subject(scope: Scope, server: str) -> str:
    """Return `the role alice on class`, `the database shop on class`, `the server class`."""
    if scope.kind is ScopeKind.SERVER:
        return f"the server {name(server)}"
    return f"the {scope.kind} {name(scope.name)} on {name(server)}"


def about(incident: Incident) -> str:
    """Return what an incident is about: its scope, or the pooler before its server."""
    if at_the_pooler(incident):
        return f"the pooler in front of {name(incident.server)}"
    return subject(incident.scope, incident.server)


def at_the_pooler(incident: Incident) -> bool:
    """Say whether it is not the server that refuses, which therefore cannot tell."""
    return incident.cause == Cause.POOLER_LIMIT


def can_be_seen(incident: Incident, facts: Facts | None) -> bool:
    """Say whether the facts tell how full it is."""
    return not at_the_pooler(incident) and facts is not None and facts.limit is not None


def has_room(incident: Incident, facts: Facts | None) -> bool:
    """Say whether the facts show that somebody gets in now."""
    return can_be_seen(incident, facts) and facts is not None and not facts.full


def state(incident: Incident, facts: Facts | None, *, figures: bool) -> str:
    """Say in a sentence or two how full it is, with figures where they may be told."""
    what = about(incident)
    if at_the_pooler(incident):
        room = (
            " The server itself has room." if facts is not None and facts.limit is not None and not facts.full else ""
        )
        return f"{first(what)} takes no more connections.{room}"
    if facts is None or facts.limit is None:
        why = "the server does not answer me" if facts is None else "the server does not tell me"
        return f"{first(what)} has too many connections, as reported; how full it is I cannot see, because {why}."
    limit = facts.limit
    if not limit.full:
        told = f": {capacity.filled(limit)}" if figures and limit.limit is not None else ""
        return f"{first(what)} has room now{told}."
    full = "may be full" if limit.at_most else "is full"
    if not figures:
        return f"{first(what)} {full}."
    if limit.limit == 0:
        return f"{first(what)} has a limit of 0: nobody gets in until the staff change that."
    must_end = limit.must_end or 1
    more = f" Before one more gets in, {must_end:,} must end." if must_end > 1 else ""
    return f"{first(what)} {full}: {capacity.filled(limit)}.{more}"


def meaning(incident: Incident) -> str:
    """Say in a sentence or two what it means that this is full, and what is not the matter."""
    return _POOLER_MEANING if at_the_pooler(incident) else _MEANING[incident.scope.kind]


def step(incident: Incident) -> str:
    """Say what a student can do alone, with the client that the first report came from."""
    advice = of_client(incident.client)
    if advice is None:
        return _STEP[incident.scope.kind]
    return f"{advice.opens} {advice.remedy}"


def waiting(count: int) -> str:
    """Return `1 person waits`, `12 people wait`, `nobody waits any more`."""
    if count == 0:
        return "nobody waits any more"
    return f"{plural(count, 'person', 'people')} {'waits' if count == 1 else 'wait'}"


def first(words: str) -> str:
    """Begin words with a capital letter."""
    return words[:1].upper() + words[1:]
