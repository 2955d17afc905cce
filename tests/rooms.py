"""A help channel with a bot that reads it, and a herald that keeps what it was to say."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import aiohttp
from slack_bolt.app.async_app import AsyncApp

from bot.access.allow_list import AllowList, Grant
from bot.access.desk import Desk
from bot.access.member import Actor, Grade, Standing
from bot.access.ownership import Ownership
from bot.clock import clock
from bot.composition.parts import new_id
from bot.diagnosis.consult import Heard, Known
from bot.diagnosis.facts import Facts
from bot.diagnosis.replies import Reply
from bot.diagnosis.reports import Reports
from bot.incidents.history import History
from bot.incidents.incident import Conversation, Incident
from bot.incidents.incidents import Incidents
from bot.incidents.posts import Posts
from bot.servers.fleet import Fleet
from bot.servers.server import Role
from bot.servers.settings import ServerSettings
from bot.slack import identity
from bot.slack.announcer import Announcer
from bot.slack.call import Call
from bot.slack.catching_up import CatchingUp
from bot.slack.commands import CommandNames
from bot.slack.front import Front
from bot.slack.hearing import Hearing
from bot.slack.listeners.reports import ReportsListener
from bot.slack.marks import Marks
from bot.slack.messages import Us
from bot.slack.posting import Posting
from bot.slack.register import register_hearing
from bot.slack.windows import Windows
from bot.slack.work import Work
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.workspace.delivery import Delivered
from bot.workspace.model import Message
from bot.workspace.server import Workspace
from tests.fronts import a_front
from tests.own_database import AT_COMMAND_LINE
from tests.postgres import Postgres
from tests.workspaces import BOT_TOKEN, a_workspace, with_our_manifest

HELP, ELSEWHERE, WITHOUT_US = "general", "staff", "random"
SERVER_FULL = "FATAL:  sorry, too many clients already"


@dataclass
class Recorder:
    """A herald that says nothing and keeps what it was to say."""

    replies: list[tuple[Heard, Reply]] = field(default_factory=list)
    kept: list[Incident] = field(default_factory=list)
    over: list[Incident] = field(default_factory=list)
    listed: list[list[str]] = field(default_factory=list)
    staff_channel_is_there: bool = True

    async def reply(self, heard: Heard, reply: Reply) -> bool:
        self.replies.append((heard, reply))
        return True

    async def keep(self, incident: Incident, facts: Facts | None) -> bool:
        del facts
        self.kept.append(incident)
        return True

    async def resolved(self, incident: Incident, facts: Facts | None) -> bool:
        del facts
        self.over.append(incident)
        return True

    async def call_staff(self, incident: Incident, facts: Facts | None) -> bool:
        raise NotImplementedError

    async def missed(self, team: str, heard: Sequence[Heard]) -> bool:
        assert {one.team for one in heard} == {team}
        if self.staff_channel_is_there:
            self.listed.append([one.ts for one in heard])
        return self.staff_channel_is_there


@dataclass
class Mentions:
    """Takes `resolve` for a command."""

    commands: list[tuple[str, Conversation, str]] = field(default_factory=list)

    async def on_mention(self, call: Call, standing: Standing, words: str, where: Conversation) -> bool:
        assert call.actor == standing.actor
        if words != "resolve":
            return False
        self.commands.append((words, where, call.actor.id))
        return True


@dataclass
class Room:
    """A help channel with a bot that reads, and says nothing but what it says about messages themselves."""

    workspace: Workspace
    postgres: Postgres
    students: str
    db: OwnDatabase
    incidents: Incidents
    fleet: Fleet
    url: str
    herald: Recorder = field(default_factory=Recorder)
    mentions: Mentions = field(default_factory=Mentions)
    again_after: timedelta = timedelta()
    later: timedelta = timedelta()
    """By so much the bot's clock, as it reads back, is ahead: what was said now was said then."""
    catching_up: CatchingUp = field(init=False)
    front: Front = field(init=False)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Run the bot; again and again, as after restarts. It reads back when a test has it do so."""
        record, channel = Record(None), self.workspace.state.find_channel(HELP).id
        reports = Reports(
            self.fleet, self.incidents, AllowList(self.db, record), History(self.db, record), (Known("class"),)
        )
        us = Us(self.team, self.workspace.app().bot_user_id)
        async with aiohttp.ClientSession() as session:
            client = identity.web_client(self.workspace.api_url, session, BOT_TOKEN, patient=False)
            work, desk, marks = Work(), Desk(self.db), Marks([channel])
            announcer = Announcer(client, session, clock, UTC, CommandNames())
            hearing, posts = Hearing(us, [channel], marks), Posts(self.db, new_id)
            posting = Posting(client, posts)
            listener = ReportsListener(
                us, self.fleet, reports, self.herald, self.mentions, hearing, desk, announcer, posting, client, work,
                heard_again_after=(0.2, 2.0),
            )  # fmt: skip

            def bind(app: AsyncApp, front: Front, _: Windows) -> None:
                register_hearing(app, front, hearing, listener)
                hear = partial(front.hear, hearing, listener.on_spoken)
                self.catching_up = CatchingUp(
                    us, client, posts, self.incidents, desk, hearing, marks, self.herald, hear,
                    self.fleet.names, self.now, self.again_after,
                )  # fmt: skip

            async with a_front(self.workspace, self.url, bind) as self.front:
                yield
                await work.drain(5)
            await self.catching_up.close()
            await desk.close()

    def now(self) -> datetime:
        """The time for reading back."""
        return clock() + self.later

    @property
    def team(self) -> str:
        return self.workspace.state.team.id

    def id(self, who: str) -> str:
        return self.workspace.state.find_user(who).id

    async def replies(self, count: int) -> list[tuple[Heard, Reply]]:
        await self.workspace.wait_for(lambda: len(self.herald.replies) >= count)
        assert len(self.herald.replies) == count
        return self.herald.replies

    async def reply(self) -> tuple[Heard, Reply]:
        (one,) = await self.replies(1)
        self.herald.replies.clear()
        return one

    async def full_role(self, who: str) -> str:
        """A role of this person's that is at its limit."""
        role = self.postgres.make_role("student", limit=1, groups=(self.students,))
        await self.postgres.open_backend(role)
        row = self.postgres.admin.execute("SELECT oid FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        assert row is not None
        found = Role(role, row[0], True, False, False, frozenset({self.students}), True, False)
        actor = Actor(self.team, AT_COMMAND_LINE.id)
        await Ownership(self.db, Record(None)).own(actor, self.id(who), server="class", role=found, now=clock())
        return role

    async def staff(self, who: str) -> None:
        actor = Actor(self.team, AT_COMMAND_LINE.id)
        await AllowList(self.db, Record(None)).allow(actor, Grant(self.id(who), Grade.RESPONDER, "", ""), now=clock())

    async def told(self, who: str, channel: str | None = None, *, count: int = 1) -> list[str]:
        """What the bot says to a person, by DM unless said otherwise."""
        place = channel or self.workspace.dm(who)

        def said() -> list[str]:
            return [one.text for one in self.workspace.messages(place, who) if one.bot_id]

        return await self.workspace.wait_for(lambda: said() if len(said()) >= count else [])

    async def report(self, who: str, message: Message) -> Delivered:
        return await self.workspace.shortcut(who, message, "report_trouble")

    async def open(self) -> list[Incident]:
        return list(await self.incidents.standing(self.team))


def too_many(role: str) -> str:
    return f'psql: error: connection to server at "db.example.edu", port 5432 failed: FATAL:  too many connections for role "{role}"'


@asynccontextmanager
async def a_room(postgres: Postgres, url: str, *, listening: bool = True) -> AsyncIterator[Room]:
    """A workspace and a server, and a bot that listens in #general."""
    students = postgres.make_group()
    settings = ServerSettings("class", postgres.dsn(postgres.make_bot_role()), students=(students,))
    async with (
        a_workspace(with_our_manifest(), now=clock) as workspace,
        OwnDatabase(url) as db,
        Fleet((settings,)) as fleet,
    ):
        room = Room(workspace, postgres, students, db, Incidents(db, Record(None), new_id), fleet, url)
        if listening:
            async with room.listening():
                yield room
        else:
            yield room
        assert workspace.complaints == []
