"""What ends connections: `/kill` and `/conns`, the owners' consent, and what is told of it."""

from dataclasses import dataclass
from datetime import timedelta

from bot.clock import clock
from bot.composition.parts import Loop, Parts, new_id
from bot.connections.consent import OwnersAsked
from bot.connections.owners_told import OwnersTold
from bot.connections.proposing import Proposing
from bot.connections.settlement import Settlement
from bot.connections.telling import Telling
from bot.connections.termination import Termination
from bot.incidents.asking import Asking
from bot.incidents.untold import Untold
from bot.slack.letters import Letters
from bot.slack.listeners.conns import ConnsListener
from bot.slack.listeners.consent import ConsentListener
from bot.slack.listeners.kill import KillListener

SWEEP_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Ending:
    """The listeners by which connections are ended, and what looks after what they began."""

    kill: KillListener
    conns: ConnsListener
    consent: ConsentListener
    loops: tuple[Loop, ...]


def build(parts: Parts) -> Ending:
    """Build it."""
    fleet, course, waits = parts.fleet, parts.course, parts.waits
    ownership, history, announcer = parts.ownership, parts.history, parts.announcer
    names, zone = course.commands, course.timezone
    proposing = Proposing(fleet, parts.doorway, ownership, history, new_id, course.consent, course.patience)
    termination = Termination(fleet, proposing, history, waits)
    letters = Letters(parts.posting, parts.posts, zone, names)
    told = OwnersTold(ownership, letters, course.consent)
    asked = OwnersAsked(Asking(parts.database, parts.record, waits), history, proposing, ownership, told)
    telling = Telling(fleet, Untold(parts.database, waits), announcer, told, waits)
    kill = KillListener(termination, telling, asked, parts.incidents, announcer, parts.work, names, zone)
    settlement = Settlement(fleet, history, telling, clock, waits)
    return Ending(
        kill=kill,
        conns=ConnsListener(parts.listings, kill, announcer, names, zone),
        consent=ConsentListener(asked, kill, telling, announcer, parts.windows, names, zone),
        loops=(
            Loop("settlement", waits.look_every, settlement.settle),
            Loop("lapse", SWEEP_EVERY, asked.lapse),
            Loop("consent", course.patience.look_every, asked.look),
        ),
    )
