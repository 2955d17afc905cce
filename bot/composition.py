"""Which objects the bot is made of: each is built once, here, and handed to those that need it."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.allow_list import AllowList
from bot.access.desk import Desk
from bot.access.links import Links
from bot.access.ownership import Ownership
from bot.clock import clock
from bot.connections.consent import OwnersAsked
from bot.connections.doorway import Doorway
from bot.connections.linking import Linking
from bot.connections.listing import Listings
from bot.connections.overviewing import Overviews
from bot.connections.owners_told import OwnersTold
from bot.connections.proposing import Proposing
from bot.connections.settlement import Settlement
from bot.connections.telling import Telling
from bot.connections.termination import Termination
from bot.incidents.asking import Asking
from bot.incidents.history import History
from bot.incidents.incidents import Incidents
from bot.incidents.pending import Pending
from bot.incidents.posts import Posts
from bot.incidents.proposal import Waits
from bot.incidents.review import Review
from bot.incidents.untold import Untold
from bot.saturation.sampler import Sampler
from bot.saturation.samples import Samples
from bot.servers.fleet import Fleet
from bot.settings import Course
from bot.slack.announcer import Announcer
from bot.slack.identity import Workspace
from bot.slack.letters import Letters
from bot.slack.link_teller import LinkTeller
from bot.slack.listeners.allowing import AllowingListener
from bot.slack.listeners.connbot import ConnbotListener
from bot.slack.listeners.conns import ConnsListener
from bot.slack.listeners.consent import ConsentListener
from bot.slack.listeners.enrolment import EnrolmentListener
from bot.slack.listeners.home import HomeListener
from bot.slack.listeners.kill import KillListener
from bot.slack.listeners.linking import LinkingListener
from bot.slack.listeners.summary import SummaryListener
from bot.slack.posting import Posting
from bot.slack.register import Front, Listeners
from bot.slack.register_home import HomeListeners
from bot.slack.uploads import Uploads
from bot.slack.week_teller import ChannelTeller
from bot.slack.windows import Windows
from bot.slack.work import Work
from bot.storage.engine import OwnDatabase
from bot.storage.lease import Lease
from bot.storage.record import Record
from bot.summaries.posted import Posted
from bot.summaries.reading import Weeks
from bot.summaries.summaries import Summaries
from bot.summaries.weekly import Weekly

SWEEP_EVERY = timedelta(seconds=30)
TELL_EVERY = timedelta(seconds=30)
"""Between two looks whether a week's time has come."""
LEFT_EVERY = timedelta(hours=1)
"""Between two looks at whose accounts in Slack were closed."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Work that is done again and again, `interval` after it ended."""

    name: str
    interval: timedelta
    do: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Program:
    """The objects that `serve` runs and ends."""

    allow_list: AllowList
    desk: Desk
    work: Work
    front: Front
    listeners: Listeners
    consent: ConsentListener
    at_home: HomeListeners
    loops: tuple[Loop, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """How Slack is reached, and who we are there."""

    client: AsyncWebClient
    session: aiohttp.ClientSession
    workspace: Workspace


def build(database: OwnDatabase, record: Record, fleet: Fleet, slack: Reach, course: Course, waits: Waits) -> Program:
    """Build everything between Slack's doors and the two kinds of databases."""
    allow_list, ownership = AllowList(database, record), Ownership(database, record)
    history = History(database, record, waits)
    doorway = Doorway(fleet, allow_list, ownership)
    proposing = Proposing(fleet, doorway, ownership, history, new_id, course.consent, course.patience)
    termination = Termination(fleet, proposing, history, waits)
    work, desk = Work(), Desk(database)
    names, zone = course.commands, course.timezone
    announcer = Announcer(slack.client, slack.session, clock, zone, names)
    posts, windows = Posts(database, new_id), Windows(slack.client)
    posting = Posting(slack.client, posts)
    told = OwnersTold(ownership, Letters(slack.client, posting, posts, zone, names), course.consent)
    asked = OwnersAsked(Asking(database, record, waits), history, proposing, ownership, told)
    telling = Telling(fleet, Untold(database, waits), announcer, told, waits)
    kill = KillListener(termination, telling, asked, announcer, work, names, zone)
    consent = ConsentListener(asked, kill, telling, announcer, windows, names, zone)
    listings = Listings(fleet, doorway, ownership)
    conns = ConnsListener(listings, kill, announcer, names, zone)
    review = Review(fleet, allow_list, history)
    teller = LinkTeller(slack.client, slack.workspace.team, posting, posts, course.staff_channel, names)
    links = Links(database, record, ownership)
    linking = Linking(slack.workspace.team, fleet, links, ownership, teller, course.patience)
    linked = LinkingListener(linking, teller, announcer, names, zone)
    weeks = Weeks(database, zone)
    summary = SummaryListener(Summaries(fleet, allow_list, weeks, zone), announcer, zone)
    connbot = ConnbotListener(fleet, allow_list, ownership, doorway, review, linked, summary, announcer, names, zone)
    overviews = Overviews(fleet, listings, Incidents(database, record, new_id), Pending(database), allow_list)
    home = HomeListener(overviews, listings, allow_list, slack.client, windows, announcer, clock, names, zone)
    allowing = AllowingListener(fleet.names, allow_list, home, windows, announcer, zone)
    uploads = Uploads(slack.client, slack.session, slack.client.token or "")
    enrolment = EnrolmentListener(fleet, ownership, allow_list, home, uploads, slack.client, windows, announcer, names)
    at_home = HomeListeners(home, allowing, enrolment)
    front = Front(work, desk, announcer, windows, names, clock, home.refresh)
    settlement = Settlement(fleet, history, telling, clock, waits)
    loops = (
        Loop("settlement", waits.look_every, settlement.settle),
        Loop("lapse", SWEEP_EVERY, history.lapse),
        Loop("consent", course.patience.look_every, asked.look),
        Loop("linking", course.patience.look_every, linking.look),
        Loop("who left", LEFT_EVERY, linking.look_who_left),
        *_samples(database, fleet, course.samples_every),
        *_weekly(database, fleet, slack, course, posting),
    )
    listeners = Listeners(conns, kill, connbot, linked, summary)
    return Program(allow_list, desk, work, front, listeners, consent, at_home, loops)


def _samples(database: OwnDatabase, fleet: Fleet, interval: timedelta) -> tuple[Loop, ...]:
    sampler = Sampler(fleet, Samples(database), Lease(database, new_id()), interval)
    return (Loop("samples", interval, sampler.turn),) if interval else ()


def _weekly(database: OwnDatabase, fleet: Fleet, slack: Reach, course: Course, posting: Posting) -> tuple[Loop, ...]:
    if course.staff_channel is None:
        return ()
    team, zone = slack.workspace.team, course.timezone
    teller = ChannelTeller(posting, team, course.staff_channel, clock, zone)
    when = (course.summary_day, course.summary_hour, zone)
    weekly = Weekly(team, fleet.names, Weeks(database, zone), Posted(database), teller, when)
    return (Loop("summary", TELL_EVERY, weekly.turn),)


def new_id() -> str:
    """Return an opaque id that nobody can guess."""
    return secrets.token_urlsafe(18)
