"""A whole course for acceptance tests: a true server, a workspace, and the bot between them as `serve` runs it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Actor, Denied, Grade
from bot.access.ownership import Ownership
from bot.app import serve
from bot.clock import clock
from bot.demo.clients import Doing
from bot.incidents.history import History, as_json
from bot.incidents.patience import Patience
from bot.incidents.proposal import USUAL, Waits
from bot.servers.server import Role
from bot.settings import read_course, read_environment
from bot.slack import ids
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.workspace.limits import UNLIMITED, Limits
from bot.workspace.model import Message
from bot.workspace.seed import InstalledApp, Person, Room, Seed, make_id
from bot.workspace.server import Workspace
from bot.workspace.views import View
from tests.postgres import OpenBackend, Postgres

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-course", "xapp-course", "signing-secret-of-the-course"
MANIFEST = Path(__file__).parents[1] / "manifest.yml"
CHANNEL = "db-help"
PEOPLE = {"alice": "Student", "bob": "Student", "mallory": "Student", "tom": "TA", "tina": "TA", "priya": "Instructor"}
READY_WITHIN = 20.0


def slack_id(name: str) -> str:
    """The Slack id of one of the course's people."""
    return make_id("U", name)


def channel_id(name: str) -> str:
    """The id of one of the course's channels."""
    return make_id("C", name)


def a_seed(people: Sequence[str] = ()) -> Seed:
    """The course's people, and more by name; the app as its manifest declares it is in #db-help."""
    everybody = {**PEOPLE, **dict.fromkeys(people, "Student")}
    app = InstalledApp.from_manifest(
        yaml.safe_load(MANIFEST.read_text("utf-8")), bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SECRET
    )
    return Seed(
        people=tuple(Person(name, name.title(), f"{name}@example.edu", title) for name, title in everybody.items()),
        rooms=(
            Room(CHANNEL, apps=(app.name,)),
            Room("random"),
            Room("staff", members=("tom", "tina", "priya"), apps=(app.name,)),
        ),
        apps=(app,),
        team_name="Databases 101",
    )


@dataclass
class Course:
    """The running whole, driven as its people would."""

    workspace: Workspace
    postgres: Postgres
    students: str
    service: str
    url: str
    environment: dict[str, str]
    ready: str = ""
    lab: str = ""
    """The group of another server's students, where there is one."""
    _seen: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    @property
    def team(self) -> str:
        """The workspace's id."""
        return self.workspace.state.team.id

    def make_student(self, limit: int = 5) -> str:
        """Create a student's role on the server."""
        return self.postgres.make_role("student", limit=limit, groups=(self.students,))

    async def fill(self, role: str, count: int = 5, program: str = "psql") -> list[OpenBackend]:
        """Open idle sessions of a role."""
        return [await self.postgres.open_backend(role, application_name=program) for _ in range(count)]

    async def type(self, who: str, line: str, channel: str = CHANNEL) -> None:
        """Type a slash command; it must be acknowledged in time."""
        delivered = await self.workspace.command(who, channel, line)
        assert delivered.acknowledged, delivered.error

    async def ask(self, who: str, line: str, channel: str = CHANNEL) -> Message:
        """Type a slash command and return the answer, the next new or changed message that this person sees."""
        self.look(who, channel)
        await self.type(who, line, channel)
        return await self.next(who, channel)

    async def press(self, who: str, message: Message, action_id: str) -> Message:
        """Click a button and return the next new or changed message that this person sees."""
        self.look(who, message.channel)
        delivered = await self.workspace.click(who, message.channel, message.ts, action_id=action_id)
        assert delivered.acknowledged, delivered.error
        return await self.next(who, message.channel)

    async def modal(self, who: str, message: Message, action_id: str) -> View:
        """Click a button that opens a modal, and return that."""
        delivered = await self.workspace.click(who, message.channel, message.ts, action_id=action_id)
        assert delivered.acknowledged, delivered.error
        return (await self.workspace.wait_for(lambda: self.workspace.views(who)))[-1]

    async def give_reason(self, who: str, message: Message, action_id: str, reason: str) -> Message:
        """Click a button that asks for a reason, give it, and return the next new or changed message that this person sees."""
        view = await self.modal(who, message, action_id)
        self.look(who, message.channel)
        delivered = await self.workspace.submit(who, view, {ids.REASON: reason})
        assert delivered.acknowledged, delivered.error
        return await self.next(who, message.channel)

    def look(self, who: str, channel: str = CHANNEL) -> None:
        """Take all that this person sees as seen."""
        self._seen[who] = {(one.ts, one.text) for one in self.workspace.messages(channel, who)}

    def new(self, who: str, channel: str = CHANNEL) -> list[Message]:
        """What is new or changed since this person last looked."""
        seen = self._seen.get(who, set())
        return [one for one in self.workspace.messages(channel, who) if (one.ts, one.text) not in seen]

    async def next(self, who: str, channel: str = CHANNEL) -> Message:
        """Wait for a message that this person has not seen yet."""
        found = await self.workspace.wait_for(lambda: self.new(who, channel), within=10)
        self._seen.setdefault(who, set()).add((found[0].ts, found[0].text))
        return found[0]

    async def grant(self, who: str, grade: Grade = Grade.RESPONDER, **grant: Any) -> None:
        """Put a person on the allow-list, as the command line does."""
        async with self.database() as database:
            actor = Actor(self.team, "cli:tests")
            granted = Grant(slack_id(who), grade, **grant)
            assert not isinstance(await AllowList(database, Record(None)).allow(actor, granted, now=clock()), Denied)

    async def revoke(self, who: str) -> None:
        """Take a person off the allow-list."""
        async with self.database() as database:
            await AllowList(database, Record(None)).disallow(Actor(self.team, "cli:tests"), slack_id(who), now=clock())

    async def own(self, who: str, role: str, server: str = "class") -> None:
        """Make a person the owner of a role."""
        found = self.role(role)
        async with self.database() as database:
            actor = Actor(self.team, "cli:tests")
            ownership = Ownership(database, Record(None))
            assert not isinstance(
                await ownership.own(actor, slack_id(who), server=server, role=found, now=clock()), Denied
            )

    def role(self, name: str) -> Role:
        """A student's role as the server knows it."""
        row = self.postgres.admin.execute("SELECT oid FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        assert row is not None
        return Role(name, row[0], True, False, False, frozenset({self.students}), True, False)

    async def history(self, role: str | None = None) -> list[dict[str, Any]]:
        """What the record says, newest first."""
        async with self.database() as database:
            events = await History(database, Record(None)).read(None, role=role)
            return [dict(as_json(event)) for event in events]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[OwnDatabase]:
        """A door of the tests' own to the bot's database."""
        async with OwnDatabase(self.url) as database:
            yield database


@asynccontextmanager
async def a_course(
    postgres: Postgres,
    url: str,
    folder: Path,
    *,
    seed: Seed | None = None,
    dsn: str | None = None,
    limits: Limits = UNLIMITED,
    serving: bool = True,
    toml: str = "",
    top: str = "",
    waits: Waits = USUAL,
    patience: Patience | None = None,
    **variables: str,
) -> AsyncIterator[Course]:
    """Start everything and end it; `top` goes before the server's table, `toml` into it, `variables` to the environment."""
    workspace = Workspace(seed or a_seed(), now=clock, limits=limits)
    await workspace.start()
    students, service = postgres.make_group(), postgres.make_role("autograder")
    config = folder / "connbot.toml"
    config.write_text(
        f"{top}\n[servers.class]\ndsn = '{dsn or postgres.dsn(postgres.make_bot_role())}'\n"
        f"students = ['{students}']\nservices = ['{service}']\nask = 'dba@example.edu'\n{toml}\n"
    )
    environment = {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": workspace.api_url,
        "CONNBOT_CONFIG": str(config),
        "CONNBOT_DATABASE_URL": url,
        **variables,
    }
    course = Course(workspace, postgres, students, service, url, {k: v for k, v in environment.items() if v})
    try:
        async with served(course, waits, patience) if serving else contextlib.nullcontext():
            yield course
    finally:
        await workspace.close()


@asynccontextmanager
async def served(course: Course, waits: Waits = USUAL, patience: Patience | None = None) -> AsyncIterator[None]:
    """Run the bot as `connbot serve` does, in this process, until it is told to stop; `patience` instead of the configured."""
    environment = read_environment(course.environment)
    settings = read_course(environment)
    settings = settings if patience is None else replace(settings, patience=patience)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(environment, settings, stop, ready.set_result, waits))
    done, _ = await asyncio.wait({serving, ready}, timeout=READY_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    assert done, "not ready in time"
    if serving in done:
        serving.result()
    course.ready = ready.result()
    try:
        yield
    finally:
        stop.set()
        await serving


__all__ = ["CHANNEL", "Course", "Doing", "a_course", "a_seed", "channel_id", "served", "slack_id"]
