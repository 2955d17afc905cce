"""What a newcomer gets wrong in Slack: each fault in a workspace, its mend shown, and sound where it is done."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.access.allow_list import AllowList
from bot.clock import clock
from bot.doctor.finding import Level
from bot.slack.scopes import SCOPES
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.workspace.limits import Fault
from bot.workspace.model import Channel
from bot.workspace.seed import InstalledApp, Person, Room, Seed
from bot.workspace.server import Workspace
from tests.doctors import Findings, examined
from tests.eventually import eventually

MANIFEST = Path(__file__).parents[3] / "manifest.yml"
BOT, APP, SECRET = "xoxb-newcomer", "xapp-newcomer", "0123456789abcdef0123456789abcdef"
ALL = tuple(SCOPES)


@dataclass
class Newcomer:
    """A workspace with the app installed, and the settings beside it."""

    workspace: Workspace
    config: Path

    @property
    def team(self) -> str:
        return self.workspace.state.team.id

    def channel(self, name: str) -> str:
        return self.workspace.state.find_channel(name).id

    def change(self, name: str, **changes: Any) -> None:
        """Have somebody change a channel."""
        channel: Channel = self.workspace.state.find_channel(name)
        self.workspace.state.replace_channel(replace(channel, **changes))

    async def look(self, *, channels: Sequence[str] = (), **variables: str) -> Findings:
        """What the doctor says; a variable that is '' is not set."""
        named = [self.channel(name) if name.islower() else name for name in channels]
        self.config.write_text(f"help_channels = {named}\n[servers.class]\ndsn = 'host=127.0.0.1 port=1'\n")
        environment = {
            "SLACK_API_URL": self.workspace.api_url,
            "SLACK_BOT_TOKEN": BOT,
            "SLACK_APP_TOKEN": APP,
            "CONNBOT_CONFIG": str(self.config),
            "CONNBOT_DATABASE_URL": f"sqlite:///{self.config.parent / 'own.db'}",
            **variables,
        }
        return await examined({name: value for name, value in environment.items() if value})


@asynccontextmanager
async def newcomer(folder: Path, *, scopes: Sequence[str] = ALL, **manifest: Any) -> AsyncIterator[Newcomer]:
    declared = yaml.safe_load(MANIFEST.read_text("utf-8"))
    declared["oauth_config"]["scopes"]["bot"] = [*scopes]
    declared["settings"].update(manifest)
    app = InstalledApp.from_manifest(declared, bot_token=BOT, app_token=APP, signing_secret=SECRET)
    rooms = (
        Room("help", apps=(app.name,)),
        Room("random"),
        Room("staff", members=("tom",), apps=(app.name,), private=True),
        Room("secret", members=("tom",), private=True),
    )
    seed = Seed(people=(Person("tom", "Tom", "tom@example.edu"),), rooms=rooms, apps=(app,), team_name="Databases 101")
    workspace = Workspace(seed, now=clock)
    await workspace.start()
    try:
        yield Newcomer(workspace, folder / "connbot.toml")
    finally:
        await workspace.close()


async def test_a_sound_app_is_told_in_a_line_each(tmp_path: Path) -> None:
    async with newcomer(tmp_path) as course:
        told = await course.look(channels=("help", "staff"))

    assert told.bad("Slack") + told.bad("Channels") + told.bad("Clocks") == []
    assert told.says(f"workspace Databases 101 ({course.team})")
    assert told.says(f"all {len(SCOPES)} scopes")
    assert told.says("The app-level token opens Socket Mode")
    assert told.says(f"The bot is in #staff ({course.channel('staff')}, help_channels)")
    assert told.says("Slack's clock agrees")
    assert "/connbot help" in told.the("which slash commands").what


async def test_scopes_that_are_missing_are_named_with_what_each_is_for(tmp_path: Path) -> None:
    async with newcomer(tmp_path, scopes=[*ALL[:-3], "files:write"]) as course:
        told = await course.look(channels=("help",))
    found = told.the("The app lacks 3 scopes")

    assert found.level is Level.FAULT
    assert found.lines == ALL[-3:]
    for scope in ALL[-3:]:
        assert f"{scope} for {SCOPES[scope]}" in found.what
    assert told.the("does not use: files:write").level is Level.NOTE
    assert told.the("could not be looked at").level is Level.NOTE


@pytest.mark.parametrize(
    ("variable", "words"),
    [("SLACK_BOT_TOKEN", "refuses SLACK_BOT_TOKEN (invalid_auth)"), ("SLACK_APP_TOKEN", "refuses SLACK_APP_TOKEN (")],
)
@pytest.mark.parametrize("token", ["xoxb-of-another", "swapped"])
async def test_a_token_that_slack_refuses(tmp_path: Path, variable: str, words: str, token: str) -> None:
    async with newcomer(tmp_path) as course:
        bad = token if variable == "SLACK_BOT_TOKEN" else token.replace("xoxb", "xapp")
        told = await course.look(**{variable: bad})
        found = told.the(words)

    assert found.level is Level.FAULT
    assert found.lines[0].startswith(f"export {variable}=")
    assert bad not in str(told)


async def test_socket_mode_that_is_off(tmp_path: Path) -> None:
    async with newcomer(tmp_path, socket_mode_enabled=False) as course:
        found = (await course.look()).the("opens no Socket Mode connection")

    assert found.level is Level.FAULT
    assert "Enable Socket Mode" in found.mend


async def test_tokens_of_two_apps(tmp_path: Path) -> None:
    async with newcomer(tmp_path) as course:
        (app,) = course.workspace.state.apps.values()
        other = "xapp-1-A0OTHER-1-secret"
        course.workspace.state.apps[app.id] = replace(app, app_token=other)
        found = (await course.look(SLACK_APP_TOKEN=other)).the("belong to two apps")
        assert f"SLACK_BOT_TOKEN to {app.id}, SLACK_APP_TOKEN to A0OTHER" in found.what

        own = f"xapp-1-{app.id}-1-secret"
        course.workspace.state.apps[app.id] = replace(app, app_token=own)
        assert (await course.look(SLACK_APP_TOKEN=own)).bad("Slack") == []


async def test_channels_that_cannot_be_used_and_what_is_typed_in_them(tmp_path: Path) -> None:
    async with newcomer(tmp_path) as course:
        course.change("help", archived=True)
        told = await course.look(channels=("help", "random", "secret", "C0NOWHERE"))
        archived, absent, *unknown = told.of(Level.FAULT, title="Channels")
        assert "#help" in archived.what
        assert "archived" in archived.what
        assert absent.what.startswith("The bot is not in #random")
        assert absent.lines == ("/invite @connbot",)
        assert ["Slack knows no channel" in one.what for one in unknown] == [True, True]
        assert {one.lines for one in unknown} == {("/invite @connbot",)}

        # As somebody does who reads it.
        bot = course.workspace.app().bot_user_id
        course.change("help", archived=False)
        for name in ("random", "secret"):
            course.change(name, members=(*course.workspace.state.find_channel(name).members, bot))
        assert (await course.look(channels=("help", "random", "secret"))).bad("Channels") == []


async def test_without_channels_it_is_said_what_they_are_for(tmp_path: Path) -> None:
    async with newcomer(tmp_path) as course:
        found = (await course.look()).the("names no channels")

    assert found.level is Level.NOTE


async def test_over_http_the_secret_is_looked_at_and_the_address_told(tmp_path: Path) -> None:
    async with newcomer(tmp_path) as course:
        told = await course.look(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="verification-token")
        found = told.the("does not look like one")
        assert found.level is Level.WARNING
        assert "verification-token" not in str(told)
        assert "127.0.0.1:3000" in told.the("cannot be seen from here").what

        assert (await course.look(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET=SECRET)).bad("Slack") == []


async def test_slack_in_trouble_is_not_the_newcomer_s_fault_and_ends_soon(tmp_path: Path) -> None:
    async with newcomer(tmp_path) as course:
        course.workspace.inject("auth.test", Fault(503))
        course.workspace.inject("apps.connections.open", Fault(429, retry_after=30))
        loop = asyncio.get_running_loop()
        began = loop.time()
        told = await course.look()

        assert loop.time() - began < 5
        assert "HTTPS_PROXY" in told.the("Slack cannot be reached (").mend
        assert told.the("could not be tried (ratelimited)").level is Level.NOTE
        await eventually(lambda: sound(course))


async def sound(course: Newcomer) -> bool:
    return not (await course.look()).bad("Slack")


@pytest.mark.parametrize(
    ("off", "level"), [(timedelta(seconds=5), Level.WARNING), (timedelta(minutes=-7), Level.FAULT)]
)
async def test_a_clock_that_is_wrong(tmp_path: Path, off: timedelta, level: Level) -> None:
    async with newcomer(tmp_path) as course:
        environment = {
            "SLACK_API_URL": course.workspace.api_url,
            "SLACK_BOT_TOKEN": BOT,
            "SLACK_SIGNING_SECRET": SECRET,
        }
        found = (await examined(environment, lambda: clock() + off)).the("Slack's clock is")

    assert found.level is level
    assert ("ahead of" if off < timedelta() else "behind") in found.what
    assert found.lines == ("timedatectl set-ntp true",)
    assert ("each of its requests is refused now" in found.mend) is (abs(off) > timedelta(minutes=5))


async def test_a_database_of_another_workspace(tmp_path: Path, migrated_sqlite_url: str) -> None:
    async with OwnDatabase(migrated_sqlite_url) as database:
        await AllowList(database, Record(None)).adopt_team("T0OTHER", "Elsewhere")
    async with newcomer(tmp_path) as course:
        found = (await course.look(CONNBOT_DATABASE_URL=migrated_sqlite_url)).the("another workspace")

    assert found.level is Level.FAULT
    assert "T0OTHER" in found.what
    assert course.team in found.what
