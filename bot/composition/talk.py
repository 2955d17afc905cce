"""What is heard and said of incidents in chat."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from slack_bolt.app.async_app import AsyncApp

from bot.clock import clock
from bot.composition.parts import Loop, Parts
from bot.diagnosis.consult import Known
from bot.diagnosis.looking import look
from bot.diagnosis.reports import Reports
from bot.diagnosis.watch import Watch
from bot.servers.ends import addresses
from bot.servers.settings import ServerSettings
from bot.slack.catching_up import CatchingUp
from bot.slack.front import Front
from bot.slack.hearing import Hearing
from bot.slack.herald import Herald
from bot.slack.listeners.conns import ConnsListener
from bot.slack.listeners.incidents import IncidentListener
from bot.slack.listeners.kill import KillListener
from bot.slack.listeners.mentions import MentionListener
from bot.slack.listeners.reports import ReportsListener
from bot.slack.listeners.staff import StaffListener
from bot.slack.marks import Marks
from bot.slack.messages import Us
from bot.slack.register import register_hearing
from bot.slack.register_incidents import IncidentListeners, register_incidents


@dataclass(frozen=True, slots=True)
class Talk:
    """What hears people, and what speaks to them unasked."""

    bind: Callable[[AsyncApp], None]
    """Binds its listeners; before those of commands, which take whatever is left."""
    catching_up: CatchingUp
    loops: tuple[Loop, ...]


def build(parts: Parts, front: Front, conns: ConnsListener, kill: KillListener) -> Talk:
    """Build it."""
    course, fleet, slack = parts.course, parts.fleet, parts.slack
    names, zone = course.commands, course.timezone
    announcer, incidents, posts = parts.announcer, parts.incidents, parts.posts
    herald = Herald(parts.posting, announcer, posts, incidents, names, zone, course.staff_channel, clock)
    reports = Reports(fleet, incidents, parts.allow_list, parts.history, [_known(one) for one in course.servers])
    about = (fleet, reports, incidents, herald, parts.listings)
    people = IncidentListener(*about, announcer, parts.windows, names, zone)
    staff = StaffListener(*about, parts.allow_list, announcer, parts.windows, names, zone)
    mentions = MentionListener(conns, kill, staff, announcer, names)
    us = Us(slack.workspace.team, slack.workspace.bot_user)
    marks = Marks(course.help_channels)
    hearing = Hearing(us, course.help_channels, marks)
    spoken = ReportsListener(
        us, fleet, reports, herald, mentions, hearing, parts.desk, announcer, parts.posting, slack.client, parts.work
    )
    watch = Watch(us.team, partial(look, fleet), incidents, herald, parts.work.start, course.patience)

    hear = partial(front.hear, hearing, spoken.on_spoken)
    catching_up = CatchingUp(
        us, slack.client, posts, incidents, parts.desk, hearing, marks, herald, hear, fleet.names, clock
    )

    def bind(app: AsyncApp) -> None:
        register_hearing(app, front, hearing, spoken)
        register_incidents(app, front, IncidentListeners(people, staff))

    return Talk(bind, catching_up, (Loop("incidents", course.patience.look_every, watch.look_after),))


def _known(settings: ServerSettings) -> Known:
    """A server by the names that a report may call it."""
    hosts = frozenset(host.lower() for host in settings.hosts)
    return Known(settings.name, hosts, frozenset(filter(None, addresses(settings))))
