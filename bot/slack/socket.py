"""Socket Mode over the `websockets` client: one line to Slack, and its keeper.

Bolt's adapters leave an acknowledgement behind when they close, retry a ticket that Slack refused, and call every drop an
error; so the line is ours. A ticket serves one handshake. What was taken from a line is acknowledged before the line
closes, and on a refresh the next line stands before the old one goes.
"""

import asyncio
import json
import logging
from random import Random
from typing import Any

from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.request import SocketModeRequest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State

from bot.errors import SetupError
from bot.slack.api_errors import UNREACHABLE, why
from bot.slack.work import Work

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
STEADY_AFTER = 10.0
"""Seconds; after a line that lasted so long the next one is tried at once."""
PING_EVERY = 5.0
"""Seconds; a line without a pong for two such times is lost."""
ACKNOWLEDGE_WITHIN = 3.0
CLOSE_WITHIN = 2.0
HOPELESS = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "not_allowed_token_type",
    "missing_scope",
}


class Line:
    """One open connection: each envelope goes to Bolt in a task of its own, its acknowledgement back on the same way."""

    def __init__(self, app: AsyncApp, connection: ClientConnection) -> None:
        self._app = app
        self._connection = connection
        self._deliveries = Work()
        self._since = asyncio.get_running_loop().time()
        self._reader = asyncio.create_task(self._read(), name="socket mode")
        self.over = asyncio.Event()
        """Slack wants it replaced, or it broke."""

    @property
    def is_open(self) -> bool:
        """Whether it still carries anything."""
        return self._connection.state is State.OPEN

    @property
    def was_steady(self) -> bool:
        """Whether it lasted long enough to expect the same of the next."""
        return asyncio.get_running_loop().time() - self._since >= STEADY_AFTER

    async def close(self) -> None:
        """Take nothing more, acknowledge what was taken, and hang up."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._deliveries.drain(ACKNOWLEDGE_WITHIN)
        await self._connection.close()

    async def _read(self) -> None:
        try:
            async for frame in self._connection:
                self._take(frame)
        except ConnectionClosed as exc:
            log.info("the line broke", extra={"action": "socket mode", "why": str(exc)})
        finally:
            self.over.set()

    def _take(self, frame: str | bytes) -> None:
        try:
            said = json.loads(frame)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            log.warning("a frame that is none of Slack's", extra={"action": "socket mode"})
        elif said.get("type") == "disconnect":
            log.info("Slack wants another line", extra={"action": "socket mode", "why": str(said.get("reason"))})
            self.over.set()
        elif (request := SocketModeRequest.from_dict(said)) is not None:
            self._deliveries.start(self._deliver(request), "delivery")

    async def _deliver(self, request: SocketModeRequest) -> None:
        acknowledgement: dict[str, Any] = {"envelope_id": request.envelope_id}
        try:
            response = await run_async_bolt_app(self._app, request)
            if response.status == 200 and response.body.startswith("{"):
                acknowledgement["payload"] = json.loads(response.body)
        finally:
            # What nobody here understands is acknowledged too: Slack would only send it again.
            try:
                await self._connection.send(json.dumps(acknowledgement))
            except ConnectionClosed as exc:
                log.warning("an acknowledgement was lost", extra={"action": "socket mode", "why": str(exc)})


class SocketMode:
    """Keeps one line to Slack open until it is closed."""

    def __init__(self, app: AsyncApp, app_token: str, *, random: Random, ping_every: float = PING_EVERY) -> None:
        self._app = app
        self._app_token = app_token
        self._random = random
        self._ping_every = ping_every
        self._line: Line | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._pause = 0.0

    @property
    def connected(self) -> bool:
        """Whether Slack can reach us now."""
        return self._line is not None and self._line.is_open

    async def open(self) -> None:
        """Connect, trying again until it works; raises `SetupError` for a token that Slack refuses for good."""
        self._line = await self._connect_patiently()
        self._pause = 0.0
        self._keeper = asyncio.create_task(self._keep(self._line), name="socket mode keeper")

    async def close(self) -> None:
        """Take no more deliveries; those taken are acknowledged first."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._line is not None:
            await self._line.close()

    async def _keep(self, line: Line) -> None:
        while True:
            await line.over.wait()
            if not line.is_open:
                log.warning("Socket Mode is down")
            if line.was_steady:
                self._pause = 0.0
            old, self._line = line, await self._connect_patiently()
            line = self._line
            log.info("Socket Mode is up")
            await old.close()

    async def _connect_patiently(self) -> Line:
        while True:
            await asyncio.sleep(self._pause * self._random.uniform(0.5, 1.0))
            self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            try:
                return await self._connect()
            except SlackApiError as exc:
                if why(exc) in HOPELESS and self._line is None:
                    raise SetupError((_hopeless(why(exc)),)) from exc
                reason = why(exc)
            except (WebSocketException, ValueError, *UNREACHABLE) as exc:
                reason = str(exc) or why(exc)
            log.warning("Socket Mode could not connect", extra={"action": "connect", "why": reason})

    async def _connect(self) -> Line:
        opened = await self._app.client.apps_connections_open(app_token=self._app_token)
        connection = await connect(
            str(opened["url"]),
            ping_interval=self._ping_every,
            ping_timeout=self._ping_every,
            close_timeout=CLOSE_WITHIN,
            # Frames are small, and to press and stretch each takes longer than to send it.
            compression=None,
            # Whatever stands between us and the Web API stands before this address too.
            proxy=self._app.client.proxy,
        )
        return Line(self._app, connection)


def _hopeless(word: str) -> str:
    return f"Slack refuses SLACK_APP_TOKEN ({word}): make a new app-level token with the scope connections:write."
