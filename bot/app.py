"""What `connbot serve` runs: opens the doors to Slack and to both kinds of databases, and closes them in order."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from typing import TypeVar

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize

from bot.composition.parts import Loop, Reach
from bot.composition.program import build
from bot.incidents.proposal import USUAL, Waits
from bot.loops import every
from bot.servers.fleet import Fleet
from bot.servers.postgres import note
from bot.servers.rights import Missing
from bot.settings import Course, Environment, SlackSettings
from bot.slack.blocks import lacking
from bot.slack.front import Front
from bot.slack.identity import API_TIMEOUT, Workspace, meet_patiently, web_client
from bot.slack.socket import SocketMode
from bot.slack.web import Web
from bot.slack.work import Work
from bot.storage import migrate
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.serving import serve_lock

log = logging.getLogger(__name__)

T = TypeVar("T")

DRAIN_WITHIN = 10.0
"""Seconds that work in flight gets at shutdown; a termination lasts at most about six."""
SWITCH_EVERY = 0.0002
"""Seconds after which a thread that waits for the interpreter gets it."""


class OneWorkspace(AsyncAuthorize):
    """Bolt's question for each request which token serves it; there is one, and it was tested at the start."""

    def __init__(self, workspace: Workspace, bot_token: str) -> None:
        self._result = AuthorizeResult(
            enterprise_id=None,
            team_id=workspace.team,
            bot_user_id=workspace.bot_user,
            bot_id=workspace.bot_id,
            bot_token=bot_token,
        )

    async def __call__(self, **_: object) -> AuthorizeResult:
        """Return the one answer."""
        return self._result


async def serve(
    environment: Environment,
    course: Course,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    waits: Waits = USUAL,
) -> None:
    """Run until `stop` is set; `ready` gets one sentence when everything listens. Raises `SetupError`."""
    slack = environment.slack()
    # SQLite's thread must get its turn at once: while the loop is busy, each hop would else wait for Python's usual 5 ms.
    sys.setswitchinterval(SWITCH_EVERY)
    async with AsyncExitStack() as stack:
        # The bot's own database first: what is not on record does not happen.
        stack.enter_context(serve_lock(environment.database_url))
        database = await stack.enter_async_context(OwnDatabase(environment.database_url))
        await migrate.prepare(database)
        session = await stack.enter_async_context(
            # Slack's cookies mean nothing to an app: none are kept, or looked for at each request.
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=API_TIMEOUT), cookie_jar=aiohttp.DummyCookieJar())
        )
        client = web_client(slack.api_url, session, slack.bot_token)
        workspace = await _unless(stop, meet_patiently(client))
        if workspace is None:
            return
        fleet = await stack.enter_async_context(Fleet(course.servers, course.default, tell=_tell))
        record = Record(environment.audit_key)
        program = build(database, record, fleet, Reach(client, session, workspace), course, waits)
        await program.allow_list.adopt_team(workspace.team, workspace.name)
        stack.push_async_callback(program.desk.close)
        stack.push_async_callback(program.catching_up.close)
        app = AsyncApp(
            client=web_client(slack.api_url, session, None),
            authorize=OneWorkspace(workspace, slack.bot_token),
            signing_secret=slack.signing_secret or "",
            # The work runs in tasks of our own, so no answer waits for Bolt's look at the acknowledgement every 10 ms.
            process_before_response=True,
        )
        program.bind(app)
        # Chance spreads its attempts to connect.
        socket = SocketMode(app, slack.app_token, random=Random()) if slack.app_token else None  # noqa: S311
        connected = partial(_connected, socket)
        stack.push_async_callback(program.work.drain, DRAIN_WITHIN)
        # They have work begun too, and end before the last of it is waited for.
        stack.push_async_callback(_cancel, [_run(loop) for loop in program.loops])
        figures = partial(_figures, program.front, program.work, fleet)
        web = Web(app, slack.signing_secret, ready=connected, figures=figures)
        ways = await _listen(stack, environment, slack, web, socket, stop)
        # Once we are reached: what came before has to be read back.
        stack.push_async_callback(_cancel, [_run(program.catch_up(connected))])
        if not stop.is_set():
            names = ", ".join(fleet.names)
            ready(f"connbot serves {workspace.name or workspace.team} over {' and '.join(ways)}; servers: {names}.")
            await stop.wait()
        log.info("stopping")


async def _listen(
    stack: AsyncExitStack,
    environment: Environment,
    slack: SlackSettings,
    web: Web,
    socket: SocketMode | None,
    stop: asyncio.Event,
) -> list[str]:
    """Open the doors to Slack, last of all, so that they close first; return how Slack reaches us, in words."""
    ways = []
    if environment.http is not None:
        stack.push_async_callback(web.close)
        await web.open(environment.http.host, environment.http.port)
        only = "" if slack.signing_secret else " (health and figures only)"
        ways.append(f"HTTP on {environment.http.host}:{web.port}{only}")
    if socket is not None:
        stack.push_async_callback(socket.close)
        await _unless(stop, socket.open())
        ways.append("Socket Mode")
    return ways


def _connected(socket: SocketMode | None) -> bool:
    """Say whether Slack can reach us, as far as that shows: over HTTP nothing does."""
    return socket is None or socket.connected


def _tell(server: str, lack: Missing) -> None:
    note(server, lack, lacking.sentence(server, lack))


def _figures(front: Front, work: Work, fleet: Fleet) -> dict[str, float]:
    return {
        "deliveries_total": front.deliveries,
        "failures_total": front.failures,
        "in_flight": len(work),
        "servers": len(fleet.names),
        "servers_connected": sum(fleet.choose(name).failure is None for name in fleet.names),
    }


async def _unless(stop: asyncio.Event, doing: Coroutine[object, object, T]) -> T | None:
    """Wait for `doing`, or give it up when `stop` is set first."""
    task, stopped = asyncio.ensure_future(doing), asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return None


def _run(loop: Loop) -> asyncio.Task[None]:
    return asyncio.create_task(every(loop.interval, loop.do, loop.name))


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
