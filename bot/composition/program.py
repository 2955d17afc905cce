"""The whole program."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from slack_bolt.app.async_app import AsyncApp

from bot.access.allow_list import AllowList
from bot.access.desk import Desk
from bot.clock import clock
from bot.composition import ending, figures, home, linking, passing, talk
from bot.composition.parts import Loop, Reach, gather
from bot.incidents.proposal import Waits
from bot.incidents.review import Review
from bot.servers.fleet import Fleet
from bot.settings import Course
from bot.slack.catching_up import CatchingUp
from bot.slack.front import Front
from bot.slack.listeners.connbot import ConnbotListener
from bot.slack.listeners.history import HistoryListener
from bot.slack.register import Listeners, register, register_commands
from bot.slack.register_consent import register_consent
from bot.slack.register_history import register_history
from bot.slack.register_home import register_home
from bot.slack.register_linking import register_linking
from bot.slack.work import Work
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record

CATCH_UP_EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Program:
    """The objects that `serve` runs and ends."""

    allow_list: AllowList
    desk: Desk
    work: Work
    front: Front
    bind: Callable[[AsyncApp], None]
    """Binds every listener."""
    catching_up: CatchingUp
    loops: tuple[Loop, ...]

    def catch_up(self, connected: Callable[[], bool]) -> Loop:
        """What reads back what was missed, again and again; `connected` says whether Slack can reach us."""

        async def tend() -> None:
            await self.catching_up.tend(connected=connected())

        return Loop("catching up", CATCH_UP_EVERY, tend)


def build(database: OwnDatabase, record: Record, fleet: Fleet, slack: Reach, course: Course, waits: Waits) -> Program:
    """Build everything between Slack's doors and the two kinds of databases."""
    parts = gather(database, record, fleet, slack, course, waits)
    names, zone, announcer, allow_list = course.commands, course.timezone, parts.announcer, parts.allow_list
    ends, linked, summary, at_home = (
        ending.build(parts),
        linking.build(parts),
        figures.summary(parts),
        home.build(parts),
    )
    review, doorway, ownership = (
        Review(fleet, allow_list, parts.history, parts.incidents),
        parts.doorway,
        parts.ownership,
    )
    connbot = ConnbotListener(
        fleet, allow_list, ownership, doorway, review, linked.listener, summary, announcer, names, zone
    )
    front = Front(parts.work, parts.desk, announcer, parts.windows, names, clock, at_home.home.refresh)
    turning = HistoryListener(review, parts.posting, parts.windows, announcer, zone)
    talking = talk.build(parts, front, ends.conns, ends.kill)

    listeners = Listeners(ends.conns, ends.kill, connbot, linked.listener, summary)

    def bind(app: AsyncApp) -> None:
        register_commands(app, front, listeners, names)
        talking.bind(app)
        register_consent(app, front, ends.consent)
        register_home(app, front, at_home)
        register_linking(app, front, linked.listener)
        register_history(app, front, turning)
        register(app, front, listeners)

    loops = (*ends.loops, *linked.loops, *talking.loops, *figures.loops(parts), *passing.loops(parts))
    return Program(allow_list, parts.desk, parts.work, front, bind, talking.catching_up, loops)
