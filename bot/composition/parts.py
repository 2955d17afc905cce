"""What several parts of the program share."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.allow_list import AllowList
from bot.access.desk import Desk
from bot.access.ownership import Ownership
from bot.clock import clock
from bot.connections.doorway import Doorway
from bot.connections.listing import Listings
from bot.incidents.history import History
from bot.incidents.incidents import Incidents
from bot.incidents.posts import Posts
from bot.incidents.proposal import Waits
from bot.servers.fleet import Fleet
from bot.settings import Course
from bot.slack.announcer import Announcer
from bot.slack.identity import Workspace
from bot.slack.posting import Posting
from bot.slack.windows import Windows
from bot.slack.work import Work
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record


@dataclass(frozen=True, slots=True)
class Reach:
    """How Slack is reached, and who we are there."""

    client: AsyncWebClient
    session: aiohttp.ClientSession
    workspace: Workspace


@dataclass(frozen=True, slots=True)
class Loop:
    """Work that is done again and again, `interval` after it ended."""

    name: str
    interval: timedelta
    do: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The doors, the stores, and what reads and says for everybody."""

    database: OwnDatabase
    record: Record
    fleet: Fleet
    slack: Reach
    course: Course
    waits: Waits
    allow_list: AllowList
    ownership: Ownership
    history: History
    incidents: Incidents
    doorway: Doorway
    listings: Listings
    announcer: Announcer
    windows: Windows
    work: Work
    desk: Desk
    posts: Posts
    posting: Posting


def gather(database: OwnDatabase, record: Record, fleet: Fleet, slack: Reach, course: Course, waits: Waits) -> Parts:
    """Build what is shared."""
    allow_list, ownership = AllowList(database, record), Ownership(database, record)
    doorway, posts = Doorway(fleet, allow_list, ownership), Posts(database, new_id)
    return Parts(
        database=database,
        record=record,
        fleet=fleet,
        slack=slack,
        course=course,
        waits=waits,
        allow_list=allow_list,
        ownership=ownership,
        history=History(database, record, waits),
        incidents=Incidents(database, record, new_id),
        doorway=doorway,
        listings=Listings(fleet, doorway, ownership),
        announcer=Announcer(slack.client, slack.session, clock, course.timezone, course.commands),
        windows=Windows(slack.client),
        work=Work(),
        desk=Desk(database),
        posts=posts,
        posting=Posting(slack.client, posts),
    )


def new_id() -> str:
    """Return an opaque id that nobody can guess."""
    return secrets.token_urlsafe(18)
