"""The least of Slack that a load needs: it hands out payloads over Socket Mode and times what comes back."""

import asyncio
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TEAM, BOT, CHANNEL = "T0BENCH", "U0BENCHBOT", "C0BENCH"
# A trigger id is given once, whichever app gets it: a second delivery of one is not answered.
_NUMBERS = itertools.count()


@dataclass
class Timed:
    """One delivery; times are seconds since it was sent."""

    sent: float
    acknowledged: asyncio.Future[float]
    answered: asyncio.Future[tuple[float, bytes]]


@dataclass
class Slack:
    """A workspace without people; one app connects to it."""

    _deliveries: dict[str, Timed] = field(default_factory=dict)
    _socket: web.WebSocketResponse | None = None
    _connected: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None
    url: str = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen on a free port."""
        application = web.Application()
        application.add_routes(
            [
                web.post("/api/{method}", self._api),
                web.get("/link", self._link),
                web.post("/response/{id}", self._response),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            await self._socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def connected(self, within: float = 30.0) -> None:
        """Wait for the app."""
        await asyncio.wait_for(self._connected.wait(), within)

    async def command(self, user: str, command: str, text: str) -> Timed:
        """Send a slash command."""
        body = {"command": command, "text": text, "user_id": user, "channel_id": CHANNEL, "token": "-"}
        return await self._send("slash_commands", body)

    async def click(self, user: str, action_id: str, value: str) -> Timed:
        """Send the click on a button of an ephemeral message."""
        body = {
            "type": "block_actions",
            "user": {"id": user, "team_id": TEAM},
            "container": {"type": "message", "message_ts": "1.0", "channel_id": CHANNEL, "is_ephemeral": True},
            "channel": {"id": CHANNEL},
            "actions": [
                {"type": "button", "action_id": action_id, "block_id": "b", "value": value, "action_ts": "1.0"}
            ],
        }
        return await self._send("interactive", body)

    async def _send(self, kind: str, body: dict[str, Any]) -> Timed:
        number = str(next(_NUMBERS))
        loop = asyncio.get_running_loop()
        timed = Timed(0.0, loop.create_future(), loop.create_future())
        self._deliveries[number] = timed
        payload = {
            **body,
            "team_id": TEAM,
            "team": {"id": TEAM, "domain": "bench"},
            "api_app_id": "A0BENCH",
            "trigger_id": f"1.2.{number}",
            "response_url": f"{self.url}response/{number}",
        }
        envelope = {"envelope_id": number, "type": kind, "payload": payload, "accepts_response_payload": True}
        assert self._socket is not None
        timed.sent = time.perf_counter()
        await self._socket.send_str(json.dumps(envelope))
        return timed

    async def _api(self, request: web.Request) -> web.Response:
        answers: dict[str, dict[str, Any]] = {
            "auth.test": {"team_id": TEAM, "team": "Bench", "user_id": BOT, "bot_id": "B0BENCH", "user": "bench"},
            "apps.connections.open": {"url": f"{self.url.replace('http', 'ws')}link"},
        }
        return web.json_response({"ok": True, **answers.get(request.match_info["method"], {})})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0BENCH"}})
        self._socket = socket
        self._connected.set()
        async for message in socket:
            number = json.loads(message.data).get("envelope_id")
            if (timed := self._deliveries.get(number)) and not timed.acknowledged.done():
                timed.acknowledged.set_result(time.perf_counter() - timed.sent)
        return socket

    async def _response(self, request: web.Request) -> web.Response:
        # Read as it is: what an answer costs its reader is no part of what is measured.
        body = await request.read()
        timed = self._deliveries[request.match_info["id"]]
        if not timed.answered.done():
            timed.answered.set_result((time.perf_counter() - timed.sent, body))
        return web.json_response({"ok": True})
