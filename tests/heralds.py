"""A herald in a small workspace, with incidents kept in an own database."""

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

import aiohttp
from sqlalchemy import update

from bot.causes.finding import NOTHING, Cause, Finding
from bot.diagnosis.consult import Heard
from bot.diagnosis.small_talk import Said
from bot.incidents.incident import Affected, Conversation, Incident, Report, Scope
from bot.incidents.incidents import Incidents
from bot.incidents.posts import SENDING_TAKES, Posts
from bot.slack.announcer import Announcer
from bot.slack.commands import CommandNames
from bot.slack.herald import Herald
from bot.slack.identity import web_client
from bot.slack.posting import Posting
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.tables import posts as post_rows
from bot.workspace import model
from bot.workspace.seed import InstalledApp, Person, Room, Seed
from bot.workspace.server import Workspace
from tests.builders import NOON
from tests.trouble import ROLE, SERVER
from tests.workspaces import BOT_TOKEN, MANIFEST, Clock, a_workspace

_NUMBERS = itertools.count(1)


def a_seed(students: int = 3) -> Seed:
    """Alice, Bob, Carol and further students in #help and #help2; staff in #staff."""
    more = tuple(Person(f"student{number}") for number in range(students - 3))
    people = (Person("alice"), Person("bob"), Person("carol"), *more)
    rooms = (
        Room("help", apps=("helper",)),
        Room("help2", apps=("helper",)),
        Room("staff", members=("carol",), apps=("helper",), private=True),
        Room("elsewhere"),
    )
    return Seed(people=people, rooms=rooms, apps=(InstalledApp.from_manifest(MANIFEST, bot_token=BOT_TOKEN),))


@dataclass
class Stage:
    """A workspace, an own database and a herald between them."""

    workspace: Workspace
    db: OwnDatabase
    posts: Posts
    incidents: Incidents
    herald: Herald
    clock: Clock

    @property
    def team(self) -> str:
        return self.workspace.state.team.id

    def user(self, name: str) -> str:
        return self.workspace.state.find_user(name).id

    def says(self, who: str, text: str, channel: str = "help", thread: str | None = None) -> Conversation:
        """Somebody writes a message; returns the conversation that it begins or is in."""
        said = self.workspace.say(who, channel, text, thread)
        private = self.workspace.state.channels[said.channel].direct
        return Conversation(said.channel, said.thread_ts or said.ts, private)

    def heard(self, who: str, where: Conversation, ts: str | None = None, *, in_thread: bool = False) -> Heard:
        """A message of theirs that reports a role's limit."""
        finding = Finding(Cause.ROLE_LIMIT, role="alice", confidence=0.99)
        return Heard(
            self.team, self.user(who), where, where.thread if ts is None else ts, finding, Said.NOTHING, in_thread
        )

    def talk(self, who: str, text: str, channel: str = "help", thread: str | None = None) -> Heard:
        """Somebody says something that is no error."""
        said = self.workspace.say(who, channel, text, thread)
        where = Conversation(said.channel, said.thread_ts or said.ts)
        return replace(self.heard(who, where, said.ts, in_thread=thread is not None), finding=NOTHING, said=Said.ME_TOO)

    def affected(self, who: str, where: Conversation, role: str | None = "alice", ts: str | None = None) -> Affected:
        return Affected(self.user(who), where, NOON, role, where.thread if ts is None else ts)

    async def report(
        self, who: str, where: Conversation, *, scope: Scope = ROLE, role: str | None = "alice", ts: str | None = None
    ) -> Incident:
        """Put a report to its incident."""
        cause = "server_limit" if scope == SERVER else "role_limit"
        report = Report(self.team, "class", scope, cause, self.affected(who, where, role, ts))
        return (await self.incidents.report(report)).incident

    def shown(self, channel: str = "help", who: str = "alice") -> list[model.Message]:
        """What somebody sees of the bot's."""
        return [one for one in self.workspace.messages(channel, who) if one.app_id]

    def in_thread(self, where: Conversation, who: str = "alice") -> list[model.Message]:
        return [one for one in self.shown(where.channel, who) if one.thread_ts == where.thread]

    def dms(self, who: str = "alice") -> list[model.Message]:
        return self.shown(self.workspace.dm(who), who)

    async def sends(self, where: Conversation, text: str, post_id: str) -> None:
        """A process sends a post and dies before it writes that down."""
        async with aiohttp.ClientSession() as session:
            client = web_client(self.workspace.api_url, session, BOT_TOKEN)
            metadata = {"event_type": "connbot_post", "event_payload": {"post": post_id}}
            await client.chat_postMessage(channel=where.channel, thread_ts=where.thread, text=text, metadata=metadata)

    def called(self, method: str) -> int:
        return sum(call.method == method for call in self.workspace.calls)

    async def let_claims_age(self) -> None:
        """Whoever has claimed a post and not sent it is gone."""
        async with self.db.write() as connection:
            past = await self.db.now(connection) - SENDING_TAKES - timedelta(seconds=1)
            await connection.execute(update(post_rows).values(claimed_at=past))


@asynccontextmanager
async def a_herald(
    workspace: Workspace,
    db: OwnDatabase,
    *,
    clock: Clock,
    every: float = 0.0,
    staff: str | None = "staff",
    again_after: Sequence[float] = (),
) -> AsyncIterator[Stage]:
    """One process's herald; several can be in one workspace, on one own database."""
    ids: Callable[[], str] = lambda: f"x{next(_NUMBERS)}"  # noqa: E731  # it is handed on
    posts, incidents = Posts(db, ids), Incidents(db, Record(None), ids)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        client = web_client(workspace.api_url, session, BOT_TOKEN)
        announcer = Announcer(client, session, clock, UTC, CommandNames())
        channel = workspace.state.find_channel(staff).id if staff else None
        posting = Posting(client, posts, every=every, again_after=again_after)
        herald = Herald(posting, announcer, posts, incidents, CommandNames(), UTC, channel, clock)
        yield Stage(workspace, db, posts, incidents, herald, clock)


@asynccontextmanager
async def a_stage(
    db: OwnDatabase,
    *,
    every: float = 0.0,
    staff: str | None = "staff",
    students: int = 3,
    again_after: Sequence[float] = (),
) -> AsyncIterator[Stage]:
    """A workspace with one herald; at its end nothing broke Slack's rules."""
    clock = Clock()
    async with (
        a_workspace(a_seed(students), now=clock) as workspace,
        a_herald(workspace, db, clock=clock, every=every, staff=staff, again_after=again_after) as stage,
    ):
        yield stage
        assert workspace.complaints == []
