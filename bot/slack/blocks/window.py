"""Modals: the frame around blocks, and what stands in it while nothing else does."""

from collections.abc import Sequence

from bot.errors import BotError
from bot.slack.blocks import elements, refusal
from bot.slack.blocks.fields import plain
from bot.slack.blocks.text import Block, Message
from bot.slack.commands import CommandNames
from bot.slack.payloads import Behind, write_behind

NOT_DONE = "Not done"
"""Title, as each of a modal's labels at most 24 characters."""


def window(
    title: str, blocks: Sequence[Block], behind: Behind, *, callback_id: str = "", submit: str | None = None
) -> Block:
    """A modal before the conversation that it is opened in; `submit` is the button that sends what is put in."""
    view: Block = {
        "type": "modal",
        "title": plain(title),
        "close": plain("Close" if submit is None else "Cancel"),
        "blocks": list(blocks),
        "callback_id": callback_id,
        "private_metadata": write_behind(behind),
    }
    return view if submit is None else {**view, "submit": plain(submit)}


def note(title: str, message: Message, behind: Behind) -> Block:
    """A modal that only tells something."""
    return window(title, message.blocks, behind)


def refused(error: BotError, behind: Behind, *, viewer: str, names: CommandNames) -> Block:
    """A modal that tells why something was not done."""
    return note(NOT_DONE, refusal.render(error, viewer=viewer, names=names), behind)


def looking(title: str, behind: Behind) -> Block:
    """What stands in a modal until the facts are there."""
    return window(title, [elements.section("Looking at the server\u2026")], behind)
