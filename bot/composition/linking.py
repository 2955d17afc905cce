"""How people come to own roles, and cease to."""

from dataclasses import dataclass
from datetime import timedelta

from bot.access.links import Links
from bot.composition.parts import Loop, Parts
from bot.connections.linking import Linking
from bot.slack.link_teller import LinkTeller
from bot.slack.listeners.linking import LinkingListener

LEFT_EVERY = timedelta(hours=1)
"""Between two looks at whose accounts in Slack were closed."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What is asked for, and what is looked for."""

    listener: LinkingListener
    loops: tuple[Loop, ...]


def build(parts: Parts) -> Linked:
    """Build it."""
    course, client, team = parts.course, parts.slack.client, parts.slack.workspace.team
    teller = LinkTeller(client, team, parts.posting, parts.posts, course.staff_channel, course.commands)
    links = Links(parts.database, parts.record, parts.ownership)
    linking = Linking(team, parts.fleet, links, parts.ownership, teller, course.patience)
    return Linked(
        LinkingListener(linking, teller, parts.announcer, course.commands, course.timezone),
        (
            Loop("linking", course.patience.look_every, linking.look),
            Loop("who left", LEFT_EVERY, linking.look_who_left),
        ),
    )
