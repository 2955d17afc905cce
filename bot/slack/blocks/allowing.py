"""The modals in which somebody is put on the allow-list, or taken off it."""

from collections.abc import Collection, Sequence

from bot.access.member import Grade
from bot.slack import ids
from bot.slack.blocks import fields
from bot.slack.blocks.text import Block
from bot.slack.blocks.window import window
from bot.slack.payloads import Behind

EVERYWHERE = "Every server"


def places(servers: Sequence[str]) -> tuple[str, ...]:
    """What can be chosen as a grant's server, in the order of the menu."""
    return (EVERYWHERE, *servers)


def adding(servers: Sequence[str], offered: Collection[str], grades: Sequence[Grade]) -> Block:
    """The modal for a new grant; `offered` are the places where its person may give one."""
    blocks = [
        fields.field(ids.WHO_FIELD, "Who", fields.person(ids.WHO_FIELD)),
        fields.field(ids.GRADE_FIELD, "As", fields.menu(ids.GRADE_FIELD, [grade.word for grade in grades])),
        _where(servers, offered),
        fields.field(
            ids.ROLES_FIELD,
            "For these roles",
            fields.text(ids.ROLES_FIELD, "sec1_*,@team_a"),
            optional=True,
            hint="Names with * and ?, or @group, separated by commas. Empty: all students.",
        ),
        fields.field(
            ids.UNTIL_FIELD,
            "Until the end of",
            fields.day(ids.UNTIL_FIELD),
            optional=True,
            hint="Empty: until somebody takes it back.",
        ),
    ]
    return window("Add somebody", blocks, Behind(), callback_id=ids.ADD_MODAL, submit="Add")


def removing(servers: Sequence[str], offered: Collection[str]) -> Block:
    """The modal in which grants are taken back, in one of the places `offered`."""
    blocks = [fields.field(ids.WHO_FIELD, "Who", fields.person(ids.WHO_FIELD)), _where(servers, offered)]
    return window("Remove somebody", blocks, Behind(), callback_id=ids.REMOVE_MODAL, submit="Remove")


def _where(servers: Sequence[str], offered: Collection[str]) -> Block:
    return fields.field(ids.SERVER_FIELD, "On", fields.menu(ids.SERVER_FIELD, places(servers), offered))
