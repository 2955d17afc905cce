"""Socket Mode's bad days: dead tickets, refreshes, drops, Slack away; it comes back within seconds and says how it stands."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import aiohttp
import pytest
import pytest_asyncio
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.app import OneWorkspace
from bot.clock import clock
from bot.errors import SetupError
from bot.slack import identity
from bot.slack.identity import web_client
from bot.slack.socket import PING_EVERY, SocketMode
from bot.workspace.limits import Fault
from bot.workspace.server import Workspace
from tests.eventually import eventually
from tests.workspaces import APP_TOKEN, BOT_TOKEN, a_seed, a_workspace

BACK_WITHIN = 8.0


@dataclass
class Line:
    """A Bolt app that answers `/ask`, on a Socket Mode line to a workspace."""

    workspace: Workspace
    socket_mode: SocketMode
    asked: list[str] = field(default_factory=list)

    @property
    def app_id(self) -> str:
        return self.workspace.app().id

    @property
    def connections(self) -> int:
        return len(self.workspace.socket_mode.connections(self.app_id))

    def tickets(self) -> int:
        """How many addresses were asked for."""
        return sum(call.method == "apps.connections.open" for call in self.workspace.calls)

    async def works(self, word: str = "hello") -> bool:
        """Whether a command comes through and is acknowledged."""
        delivered = await self.workspace.command("alice", "general", f"/ask {word}")
        return delivered.acknowledged and word in self.asked

    async def is_back(self) -> None:
        """Wait until the line stands and says so."""
        await eventually(lambda: self.socket_mode.connected and self.connections, within=BACK_WITHIN)


@asynccontextmanager
async def a_line(
    workspace: Workspace, *, app_token: str = APP_TOKEN, opened: bool = True, ping_every: float = PING_EVERY
) -> AsyncIterator[Line]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        us, team = workspace.app(), workspace.state.team
        authorize = OneWorkspace(identity.Workspace(team.id, team.name, us.bot_user_id, us.bot_id), BOT_TOKEN)
        client = web_client(workspace.api_url, session, None)
        app = AsyncApp(client=client, authorize=authorize, signing_secret="", process_before_response=True)
        line = Line(workspace, SocketMode(app, app_token, random=Random(1), ping_every=ping_every))  # noqa: S311 - jitter

        @app.command("/ask")
        async def ask(ack: AsyncAck, command: dict[str, str]) -> None:
            await ack()
            line.asked.append(command["text"])

        try:
            if opened:
                await line.socket_mode.open()
            yield line
        finally:
            await line.socket_mode.close()


@pytest_asyncio.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with a_workspace(now=clock) as workspace:
        yield workspace


@pytest_asyncio.fixture
async def line(workspace: Workspace) -> AsyncIterator[Line]:
    async with a_line(workspace) as line:
        yield line


@pytest.fixture(autouse=True)
def nothing_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """What happens to a line is told in our own words; an operator who sees an ERROR has something to mend."""
    caplog.set_level(logging.INFO)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_command_comes_through(line: Line) -> None:
    assert line.socket_mode.connected
    assert await line.works()


async def test_a_dead_ticket_at_the_start_is_not_tried_twice(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.socket_mode.issue_dead_tickets(1)

    async with a_line(workspace) as line:
        assert await line.works()
        assert line.tickets() == 2
    assert errors(caplog) == []


async def test_a_dead_ticket_after_a_refresh_is_not_tried_twice(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    line.workspace.socket_mode.issue_dead_tickets(1)

    await line.workspace.socket_mode.disconnect(line.app_id, "refresh_requested")

    await line.is_back()
    assert await line.works()
    assert errors(caplog) == []


@pytest.mark.parametrize("reason", ["refresh_requested", "warning", "link_disabled", "too_many_websockets"])
async def test_told_to_go_it_comes_back(line: Line, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    await line.workspace.socket_mode.disconnect(line.app_id, reason)

    await eventually(lambda: line.tickets() == 2, within=BACK_WITHIN)
    await line.is_back()
    await eventually(lambda: line.connections == 1)
    assert await line.works()
    assert errors(caplog) == []


async def test_a_warning_costs_no_command(line: Line) -> None:
    """The next connection stands before the old one goes."""
    await line.workspace.socket_mode.disconnect(line.app_id, "warning")

    for number in range(50):
        assert await line.works(str(number))


async def test_a_dropped_line_is_back_within_seconds(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    await line.workspace.socket_mode.drop(line.app_id)

    await eventually(lambda: not line.socket_mode.connected)
    await line.is_back()
    assert await line.works()
    assert errors(caplog) == []


async def test_a_line_that_drops_again_and_again_comes_back_each_time(line: Line) -> None:
    for number in range(2):
        await line.workspace.socket_mode.drop(line.app_id)
        await eventually(lambda: not line.socket_mode.connected)
        await line.is_back()
        assert await line.works(str(number))


async def test_a_line_that_nobody_answers_on_is_given_up(workspace: Workspace) -> None:
    """A network that swallows everything closes nothing; only missing pongs tell."""
    async with a_line(workspace, ping_every=0.2) as line:
        (connection,) = workspace.socket_mode.connections(line.app_id)
        assert connection.socket._reader is not None
        connection.socket._reader._protocol.pause_reading()

        await eventually(lambda: line.tickets() == 2)
        await line.is_back()
        assert await line.works()


async def test_slack_away_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    workspace = Workspace(a_seed(), now=clock)
    await workspace.start(port)
    async with a_line(workspace) as line:
        await workspace.close()
        await eventually(lambda: not line.socket_mode.connected)

        await asyncio.sleep(1.5)  # a while
        await workspace.start(port)

        await line.is_back()
        assert await line.works()
    await workspace.close()
    assert errors(caplog) == []


async def test_slack_away_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    workspace = Workspace(a_seed(), now=clock)
    workspace.url = f"http://127.0.0.1:{port}/"
    async with a_line(workspace, opened=False) as line:
        opening = asyncio.create_task(line.socket_mode.open())
        await eventually(lambda: any("could not connect" in record.getMessage() for record in caplog.records))
        assert not line.socket_mode.connected

        await workspace.start(port)

        await asyncio.wait_for(opening, BACK_WITHIN)
        assert await line.works()
    await workspace.close()


async def test_slack_s_own_trouble_at_the_start_is_waited_for(workspace: Workspace) -> None:
    workspace.inject("apps.connections.open", Fault(503), times=2)

    async with a_line(workspace) as line:
        assert await line.works()


async def test_a_token_that_slack_refuses_for_good_ends_the_opening(workspace: Workspace) -> None:
    with pytest.raises(SetupError, match="SLACK_APP_TOKEN"):
        async with a_line(workspace, app_token="xapp-wrong"):
            pass


async def test_a_proxy_of_the_environment_is_not_meant_for_this_machine(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async with a_line(workspace) as line:
        assert await line.works()


async def test_closed_while_opening_it_leaves_nothing(workspace: Workspace) -> None:
    workspace.inject("link", Fault(408, hang=0.2), times=100)
    before = asyncio.all_tasks()
    async with a_line(workspace, opened=False) as line:
        opening = asyncio.create_task(line.socket_mode.open())
        await eventually(lambda: line.tickets() > 0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_closed_it_leaves_no_task_and_no_complaint(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    async with a_line(workspace) as line:
        assert await line.works()
        closing = line.socket_mode
    assert not closing.connected
    await eventually(lambda: asyncio.all_tasks() <= before)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert workspace.complaints == []


async def test_what_came_before_the_end_is_acknowledged(workspace: Workspace) -> None:
    async with a_line(workspace) as line:
        asking = [asyncio.create_task(line.works(str(number))) for number in range(50)]
        await eventually(lambda: line.asked)
    results = await asyncio.gather(*asking)
    # Those that were taken were acknowledged; Slack tells the others' people that nobody listens.
    assert sum(results) == len(line.asked)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
