"""A help channel without Slack: what people write is read as it is there, and put to true servers and both own databases."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Actor, Denied, Grade, Standing
from bot.access.ownership import Ownership
from bot.causes.recognise import recognise
from bot.clock import clock
from bot.diagnosis.advice import for_text
from bot.diagnosis.consult import Heard, Known
from bot.diagnosis.replies import Answered, Joined, Reply
from bot.diagnosis.reports import Reports
from bot.diagnosis.small_talk import said
from bot.incidents.history import History
from bot.incidents.incident import Conversation, Incident
from bot.incidents.incidents import Incidents
from bot.servers.fleet import Fleet
from bot.servers.server import Role
from bot.servers.settings import ServerSettings
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from tests.majors import NEWEST
from tests.own_database import AT_COMMAND_LINE
from tests.postgres import Postgres, Running

HELP, OTHER_HELP = "C0HELP", "C0LAB"


def role_full(role: str, host: str = "class.example.edu") -> str:
    return f'psql: error: connection to server at "{host}", port 5432 failed: FATAL:  too many connections for role "{role}"'


def database_full(database: str) -> str:
    return f'FATAL:  too many connections for database "{database}"'


SLOTS = 14
"""Of the second server, which holds no own database."""
SERVER_FULL = "FATAL:  sorry, too many clients already"


@dataclass
class Help:
    """Where people ask for help, and the servers that it is about."""

    postgres: Postgres
    students: str
    db: OwnDatabase
    record: Record
    fleet: Fleet
    known: tuple[Known, ...]
    reports: Reports = field(init=False)
    incidents: Incidents = field(init=False)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.incidents = Incidents(self.db, self.record, lambda: f"i{next(self.numbers)}")
        self.allow_list = AllowList(self.db, self.record)
        self.history = History(self.db, self.record)
        self.reports = self.another_process()

    def another_process(self, db: OwnDatabase | None = None) -> Reports:
        """The same in another process; it remembers nothing that is not stored."""
        incidents = self.incidents if db is None else Incidents(db, self.record, lambda: f"i{next(self.numbers)}")
        return Reports(self.fleet, incidents, self.allow_list, self.history, self.known)

    def make_student(self, name: str = "", *, limit: int = 1) -> str:
        return self.postgres.make_role(limit=limit, groups=(self.students,), name=name)

    def role(self, name: str) -> Role:
        row = self.postgres.admin.execute("SELECT oid FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        assert row is not None
        return Role(name, row[0], True, False, False, frozenset({self.students}), True, False)

    async def own(self, person: str, role: str, server: str = "class") -> Role:
        found = self.role(role)
        await self.link(person, role, found.oid, server)
        return found

    async def link(self, person: str, role: str, oid: int, server: str) -> None:
        found = Role(role, oid, True, False, False, frozenset({self.students}), True, False)
        ownership = Ownership(self.db, self.record)
        assert not isinstance(
            await ownership.own(AT_COMMAND_LINE, person, server=server, role=found, now=clock()), Denied
        )

    async def owned(self, person: str, *, full: bool = True, name: str = "", server: str = "class") -> str:
        """A student's role, which is at its limit where nothing else is said."""
        role = self.make_student(name)
        await self.own(person, role, server)
        if full:
            await self.postgres.open_backend(role)
        return role

    async def grant(self, person: str, grade: Grade = Grade.RESPONDER, server: str = "class", roles: str = "") -> None:
        given = await self.allow_list.allow(AT_COMMAND_LINE, Grant(person, grade, server, roles), now=clock())
        assert not isinstance(given, Denied)

    async def standing(self, person: str, team: str = "T1") -> Standing:
        return await self.allow_list.standing(Actor(team, person))

    def a_ts(self) -> str:
        return f"{int(clock().timestamp())}.{next(self.numbers):06}"

    def heard(
        self,
        person: str,
        text: str,
        *,
        thread: str = "",
        channel: str = HELP,
        ts: str = "",
        private: bool = False,
        names: tuple[str, ...] = (),
        asked: bool = False,
        picture: bool = False,
    ) -> Heard:
        """What a message says, as the listener hears it."""
        ts = ts or self.a_ts()
        where = Conversation(channel, thread or ts, private)
        advice = for_text(text)
        return Heard(
            "T1", person, where, ts, recognise(text), said(text), bool(thread), picture, asked, names,
            advice.client if advice else "",
        )  # fmt: skip

    async def say(
        self,
        person: str,
        text: str,
        *,
        thread: str = "",
        channel: str = HELP,
        ts: str = "",
        private: bool = False,
        names: tuple[str, ...] = (),
        asked: bool = False,
        picture: bool = False,
        later: timedelta = timedelta(),
        process: Reports | None = None,
    ) -> Reply:
        """Let somebody write something and return what is to be said to it."""
        heard = self.heard(
            person, text, thread=thread, channel=channel, ts=ts, private=private, names=names, asked=asked,
            picture=picture,
        )  # fmt: skip
        return await (process or self.reports).hear(heard, await self.standing(person), now=clock() + later)

    async def open(self) -> dict[tuple[str, str, str], Incident]:
        """The open incidents by server, kind of scope and its name."""
        return {(one.server, str(one.scope.kind), one.scope.name): one for one in await self.incidents.standing("T1")}


def incident_of(reply: Reply) -> Incident:
    """The incident that a message came to."""
    assert isinstance(reply, Answered | Joined), reply
    return reply.reported.incident


@pytest.fixture(scope="package")
def second() -> Iterator[Running]:
    with contextlib.closing(Running(NEWEST, max_connections=SLOTS)) as running:
        yield running


@pytest.fixture
def lab(second: Running) -> Iterator[Postgres]:
    postgres = Postgres(second)
    yield postgres
    postgres.clean()


@pytest.fixture
async def apart(lab: Postgres, own_database: OwnDatabase, record: Record) -> AsyncIterator[Help]:
    """One server, `class`, that may go away without the own database."""
    async with AsyncExitStack() as stack:
        yield await a_help_desk(stack, {"class": lab}, own_database, record)


@pytest.fixture
async def help_desk(postgres18: Postgres, own_database: OwnDatabase, record: Record) -> AsyncIterator[Help]:
    """One server, `class`."""
    async with AsyncExitStack() as stack:
        yield await a_help_desk(stack, {"class": postgres18}, own_database, record)


async def a_help_desk(
    stack: AsyncExitStack,
    servers: dict[str, Postgres],
    db: OwnDatabase,
    record: Record,
    poolers: Mapping[str, tuple[str, ...]] | None = None,
) -> Help:
    """The bot's side of a help channel for these servers, until the stack is closed."""
    postgres = servers["class"]
    students = postgres.make_group()
    settings = [
        ServerSettings(
            name, one.dsn(one.make_bot_role()), hosts=(f"{name}.example.edu",), students=(students,),
            poolers=(poolers or {}).get(name, ()),
        )
        for name, one in servers.items()
    ]  # fmt: skip
    known = tuple(Known(one.name, frozenset(one.hosts)) for one in settings)
    fleet = await stack.enter_async_context(Fleet(settings))
    return Help(postgres, students, db, record, fleet, known)
