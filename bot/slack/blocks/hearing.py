"""What is said about a message itself, to one person: that a secret stands in it, and what became of reporting it."""

from collections.abc import Sequence

from bot.causes.redaction import SecretKind
from bot.slack.blocks import elements
from bot.slack.blocks.text import Message, join, link, person

_KINDS = {
    SecretKind.PASSWORD: ("a password", "the password"),
    SecretKind.TOKEN: ("an access token", "the token"),
    SecretKind.PRIVATE_KEY: ("a private key", "the key"),
}
_EDIT = "point at the message, choose the three dots, then *Edit message* (on a phone, hold the message down)"


def render_secrets(kinds: Sequence[SecretKind], *, direct: bool, address: str | None = None) -> Message:
    """Tell the author of a message which kinds of secrets stand in it, and what to do; the secrets are not repeated.

    `address` is the message's, where Slack tells it.
    """
    shown = link(address, "your message") if address else "your message"
    told = join([_KINDS[kind][0] for kind in kinds])
    changed = join([_KINDS[kind][1] for kind in kinds])
    where = "the message that you sent me" if direct else f"{shown} in the channel, where everybody can read it"
    return elements.short(
        f"There is {told} in {where}. Change {changed} first: with it, others can log in as you.\n"
        f"Then take it out of the message: {_EDIT}. I cut it out before I read the message, and kept nothing of it."
    )


def render_report_read(author: str, viewer: str) -> Message:
    """Confirm to whoever chose the shortcut that the message was read as its author's report."""
    whose = "your report" if author == viewer else f"the report of {person(author)}"
    return elements.short(f"I read this message as {whose}. What I can say to it stands in its thread.")


def render_says_nothing() -> Message:
    """Say that the message reports nothing that is known."""
    return elements.short(
        "I see no trouble with a connection in this message, so I did nothing. "
        "If the error is in a picture, ask for its text: I cannot read pictures."
    )


def render_too_old() -> Message:
    """Say that a message is about what is long past."""
    return elements.short(
        "This message is older than a day, so it says nothing about now. I did nothing. "
        "If it is still so, its author can paste the error again."
    )


def render_of_no_person() -> Message:
    """Say that nobody can have the trouble that a program reports."""
    return elements.short("This message was not written by a person, so it is nobody's report. I did nothing.")


def render_not_there() -> Message:
    """Say that we cannot answer in a conversation that we are not in."""
    return elements.short(
        "I am not in this conversation, so I cannot answer there, and did nothing. "
        "Invite me with `/invite @connbot` if it is a channel, or send me the error in a direct message."
    )
