"""Questions that a click leads to, and the short private words that answer one."""

from collections.abc import Sequence

from bot.incidents.incident import Incident, ScopeKind
from bot.slack import ids
from bot.slack.blocks import elements, fields
from bot.slack.blocks import incident_words as words
from bot.slack.blocks.text import Block, Message, code, name, person, spoken
from bot.slack.blocks.window import window
from bot.slack.commands import CommandNames
from bot.slack.incident_payloads import RoleAsked, Source, write_incident_id, write_role_asked
from bot.slack.payloads import Behind

INCIDENTS_SHOWN = 20
"""Buttons in one row; Slack's limit is 25."""


def role_window(asked: RoleAsked, servers: Sequence[str], behind: Behind) -> Block:
    """The modal in which somebody types which role is kept out, and chooses its server where there are several."""
    about = Behind(behind.channel, behind.thread, write_role_asked(asked))
    blocks = [fields.field(ids.ROLE_FIELD, "The role that you log in with", fields.text(ids.ROLE_FIELD))]
    if servers:
        blocks.append(fields.field(ids.SERVER_FIELD, "On which server", fields.menu(ids.SERVER_FIELD, servers)))
    blocks.append(
        elements.context(
            "Naming a role gives no right to it: only whoever it is linked to sees and closes its connections."
        )
    )
    return window("Another role", blocks, about, callback_id=ids.ROLE_MODAL, submit="Send")


def render_how_to_link(*, names: CommandNames) -> Message:
    """Tell somebody who owns no role how to have theirs known; and nothing else."""
    return elements.short(
        "I do not know yet which role is yours, so I cannot show you its connections. "
        f"Type {code(f'{names.connbot} link ROLE')} with your role's name in the channel's message box: it takes a minute."
    )


def render_not_linked(role: str, server: str, *, names: CommandNames) -> Message:
    """Say that a role that somebody named is not known to be theirs; the same whether or not there is one."""
    return elements.short(
        f"I do not know that {name(role)} on {name(server)} is yours, so I say nothing about it. "
        f"Type {code(f'{names.connbot} link ROLE')} with its name in the channel's message box to have it linked to you."
    )


def render_noted(role: str, server: str) -> Message:
    """Stand in the place of the question which role it is."""
    return elements.short(f"It is {name(role)} on {name(server)}.")


def render_noted_server(server: str) -> Message:
    """Stand in the place of the question which server it is."""
    return elements.short(f"It is the server {name(server)}.")


def render_waits() -> Message:
    """Say that somebody is among those who wait now."""
    return elements.short("Noted. I mention you in this thread when it is over.")


def render_is_in() -> Message:
    """Say that somebody waits no more."""
    return elements.short("Good. You wait no more, and are not mentioned about this again.")


def render_over(incident: Incident) -> Message:
    """Say that an incident is over, to somebody who has it too."""
    return elements.short(
        f"{words.first(f'{words.about(incident)} had trouble that is over.')} If you are refused now, paste here what your program says."
    )


def render_was_not_waiting() -> Message:
    """Answer *I'm in* by somebody who was not among those who waited."""
    return elements.short("Good. You were not on the list of those who wait, so nothing changes.")


def render_not_yours(source: Source) -> Message:
    """Tell somebody that a question is for another person."""
    return elements.short(
        f"That question is for {person(source.person)}, and nothing was done. Your own error you can paste here."
    )


def render_resolved(incident: Incident) -> Message:
    """Confirm it to whoever said that an incident is over, where they do not see the thread."""
    return elements.short(
        f"{words.first(f'{words.about(incident)} is marked as over.')} Those who waited have been told in the thread."
    )


def render_nothing_open() -> Message:
    """Say that there is nothing to resolve."""
    return elements.short("Nothing is open here: it is over already, or this thread was about something else.")


def render_which_is_over(incidents: Sequence[Incident]) -> Message:
    """Ask which of several incidents of a thread is over."""
    shown = incidents[:INCIDENTS_SHOWN]
    row = [
        elements.button(
            spoken(_label(incident), elements.LABEL_LIMIT),
            ids.numbered(ids.RESOLVE_INCIDENT, place),
            write_incident_id(incident.id),
        )
        for place, incident in enumerate(shown)
    ]
    question = "Several are open in this thread. Which one is over?"
    return elements.message([question], [elements.section(question), elements.buttons(*row)])


def _label(incident: Incident) -> str:
    """Name an incident on a button."""
    kind, scope = incident.scope.kind, incident.scope.name
    return f"The server {incident.server}" if kind is ScopeKind.SERVER else f"The {kind} {scope} on {incident.server}"
