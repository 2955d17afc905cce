"""The stage of the demo: a classroom, a workspace, and the bot as a process of its own, each as in a real course."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import yaml

from bot.clock import clock
from bot.demo import binaries
from bot.demo.bot_process import BotProcess
from bot.demo.classroom import PEOPLE, SERVICE, STUDENTS, Classroom, class_server
from bot.errors import SetupError
from bot.workspace.seed import InstalledApp, Person, Room, Seed, make_id
from bot.workspace.server import AddressInUse, Workspace

CHANNEL = "db-help"
STAFF = "staff"
STUDENT, TA, INSTRUCTOR = "alice", "tom", "priya"
BOT_TOKEN, APP_TOKEN = "xoxb-demo", "xapp-demo"
FREE_FOR = 2
"""Seconds after which an incident is over here."""
TAKEN_OVER = ("CONNBOT_", "SLACK_", "PG")
"""What begins so in the environment is the demo's to say, so that it never meets a real workspace or server."""


def seed(manifest: Mapping[str, Any]) -> Seed:
    """The workspace: three people to be, the other students, two channels, the app as its manifest declares it."""
    staff = (
        Person(TA, "Tom Baker", f"{TA}@example.edu", "Teaching assistant"),
        Person(INSTRUCTOR, "Priya Nair", f"{INSTRUCTOR}@example.edu", "Instructor"),
    )
    students = tuple(
        Person(name, name.title(), f"{name}@example.edu", "Student", persona=name == STUDENT) for name in PEOPLE
    )
    app = InstalledApp.from_manifest(manifest, bot_token=BOT_TOKEN, app_token=APP_TOKEN)
    rooms = (
        Room(CHANNEL, apps=(app.name,), topic="Trouble with the class database? Ask here."),
        Room(STAFF, members=(TA, INSTRUCTOR), apps=(app.name,), private=True, topic="For staff"),
    )
    return Seed(people=(students[0], *staff, *students[1:]), rooms=rooms, apps=(app,), team_name="Databases 101")


def read_manifest() -> dict[str, Any]:
    """Read the app's manifest, in an installed package or in a checkout."""
    inside = files("bot.slack") / "manifest.yml"
    text = (
        inside.read_text("utf-8")
        if inside.is_file()
        else Path(__file__).parents[2].joinpath("manifest.yml").read_text("utf-8")
    )
    manifest: dict[str, Any] = yaml.safe_load(text)
    return manifest


class Stage:
    """Everything the demo starts; leaving it ends all of it."""

    def __init__(self, variables: Mapping[str, str], port: int) -> None:
        self._variables = variables
        self._port = port
        self._stack = AsyncExitStack()
        self._folder = Path()
        self.workspace: Workspace
        self.classroom: Classroom
        self.bot: BotProcess

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="connbot-demo-")))
        self.workspace = Workspace(seed(read_manifest()), now=clock)
        try:
            await self.workspace.start(self._port)
        except AddressInUse as exc:
            raise SetupError((str(exc).replace("choose another port", "choose another with --port N"),)) from exc
        self._stack.push_async_callback(self.workspace.close)
        server = class_server(binaries.find().bindir)
        # It starts and stops in processes of its own; neither may hold up the page.
        await asyncio.to_thread(server.start)
        self._stack.push_async_callback(asyncio.to_thread, server.stop)
        self.classroom = Classroom(server)
        self._stack.push_async_callback(self.classroom.close)
        await self.classroom.populate()
        self._folder.joinpath("connbot.toml").write_text(self._config(), encoding="utf-8")
        self.bot = BotProcess(self._environment, self._folder / "serve.log")
        self._stack.push_async_callback(self.bot.stop)
        await self.bot.start()
        await self._enrol()

    def _config(self) -> str:
        channels = {channel.name: channel.id for channel in self.workspace.state.channels.values()}
        return (
            f'timezone = "UTC"\nstaff_channel = "{channels[STAFF]}"\nhelp_channels = ["{channels[CHANNEL]}"]\n'
            f"[incidents]\nfree_for = {FREE_FOR}\n[servers.class]\ndsn = '{self.classroom.bot_dsn}'\n"
            f'hosts = ["localhost", "127.0.0.1"]\nstudents = ["{STUDENTS}"]\nservices = ["{SERVICE}"]\nask = "{INSTRUCTOR}@example.edu"\n'
        )

    @property
    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in self._variables.items() if not name.startswith(TAKEN_OVER)}
        return kept | {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": self.workspace.api_url,
            "CONNBOT_CONFIG": str(self._folder / "connbot.toml"),
            "CONNBOT_DATABASE_URL": f"sqlite:///{self._folder / 'connbot.db'}",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }

    async def _enrol(self) -> None:
        """Put staff on the allow-list and the students' roster in, by the same commands a course uses."""
        roster = self._folder / "roster.csv"
        roster.write_text("email,role\n" + "".join(f"{name}@example.edu,{name}\n" for name in PEOPLE), encoding="utf-8")
        await asyncio.gather(
            self.bot.run("allow", make_id("U", TA), "--grade", "responder"),
            self.bot.run("allow", make_id("U", INSTRUCTOR), "--grade", "admin"),
            self.bot.run("roster", "import", str(roster)),
        )
