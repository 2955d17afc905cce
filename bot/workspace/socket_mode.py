"""Socket Mode: one-time tickets, up to ten connections an app, envelopes and their acknowledgements."""

import asyncio
import json
import logging
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import WSMsgType, web

from bot.workspace.limits import Faults
from bot.workspace.model import App, Change, Json, What
from bot.workspace.state import State

CONNECTIONS_AT_MOST = 10
TICKET_LIVES_FOR = timedelta(seconds=30)
PING_EVERY = 20.0
APPROXIMATE_CONNECTION_TIME = 18_060
DEBUG_CONNECTION_TIME = 360

log = logging.getLogger(__name__)


class NotConnected(Exception):
    """The app has no Socket Mode connection."""


@dataclass(slots=True)
class Connection:
    """One open websocket of an app."""

    app: str
    socket: web.WebSocketResponse
    leaving: bool = False
    """It was told to go: nothing new is sent on it while there is another."""
    envelopes: int = 0


@dataclass(slots=True)
class _Ticket:
    app: str
    until: datetime
    dead: bool


@dataclass(slots=True)
class _Waiting:
    app: str
    accepts_payload: bool
    answered: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SocketMode:
    """The workspace's end of every Socket Mode connection; protocol faults of apps go to `complain`."""

    def __init__(self, state: State, faults: Faults, complain: Callable[[str], None]) -> None:
        self.link = ""
        """Where connections are opened: `ws://host:port/link`."""
        self._state = state
        self._faults = faults
        self._complain = complain
        self._tickets: dict[str, _Ticket] = {}
        self._connections: dict[str, list[Connection]] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._turn = 0
        self._dead_tickets = 0

    def connections(self, app: str) -> list[Connection]:
        """The open connections of an app."""
        return [each for each in self._connections.get(app, ()) if not each.socket.closed]

    def issue_dead_tickets(self, number: int) -> None:
        """Let the next tickets be ones that every handshake is refused with."""
        self._dead_tickets = number

    def open(self, app: App) -> str:
        """The address of one new connection; its ticket works once and not for long."""
        now = self._state.now()
        self._tickets = {key: kept for key, kept in self._tickets.items() if now <= kept.until}
        ticket = secrets.token_hex(16)
        dead = self._dead_tickets > 0
        self._dead_tickets -= dead
        self._tickets[ticket] = _Ticket(app.id, now + TICKET_LIVES_FOR, dead)
        return f"{self.link}?ticket={ticket}&app_id={app.id}"

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """The handshake and the life of one connection; a ticket that is unknown, used, old or dead gets 408."""
        fault = self._faults.take("link")
        if fault is not None:
            await asyncio.sleep(fault.hang)
            return web.Response(status=fault.status or 408)
        ticket = self._tickets.get(request.query.get("ticket", ""))
        if ticket is None or ticket.dead or ticket.until < self._state.now():
            return web.Response(status=408, text="Request Timeout")
        del self._tickets[request.query["ticket"]]
        socket = web.WebSocketResponse(heartbeat=PING_EVERY, max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(ticket.app, socket)
        if len(self.connections(ticket.app)) >= CONNECTIONS_AT_MOST:
            await _disconnect(connection, "too_many_websockets")
            return socket
        await self._live(connection, debug=request.query.get("debug_reconnects") == "true")
        return socket

    async def _live(self, connection: Connection, *, debug: bool) -> None:
        held = self._connections.setdefault(connection.app, [])
        held.append(connection)
        lives_for = DEBUG_CONNECTION_TIME if debug else APPROXIMATE_CONNECTION_TIME
        try:
            await connection.socket.send_json(self._hello(connection, lives_for))
            self._told(connection.app)
            async with asyncio.timeout(lives_for):
                async for frame in connection.socket:
                    if frame.type is WSMsgType.TEXT:
                        self._acknowledge(connection, frame.data)
        except TimeoutError:
            await _disconnect(connection, "refresh_requested")
        except ConnectionError:
            log.debug("A connection broke.")
        finally:
            held.remove(connection)
            self._told(connection.app)

    def _hello(self, connection: Connection, lives_for: int) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections(connection.app)),
            "debug_info": {
                "host": "applink-workspace",
                "build_number": 1,
                "approximate_connection_time": lives_for,
            },
            "connection_info": {"app_id": connection.app},
        }

    def _told(self, app: str) -> None:
        self._state.tell(Change(What.APP, app=self._state.apps[app]))

    def _acknowledge(self, connection: Connection, data: str) -> None:
        try:
            frame = json.loads(data)
        except ValueError:
            frame = None
        if not isinstance(frame, dict) or not isinstance(frame.get("envelope_id"), str):
            self._complain("A frame that is no acknowledgement came over Socket Mode.")
            return
        waiting = self._waiting.pop(frame["envelope_id"], None)
        if waiting is None or waiting.app != connection.app:
            self._complain("An envelope was acknowledged late, twice, or without having been sent.")
            return
        payload = frame.get("payload")
        if payload and not waiting.accepts_payload:
            self._complain("An acknowledgement carried a payload where none is accepted.")
            payload = None
        if not waiting.answered.done():
            waiting.answered.set_result(payload or None)

    async def send(
        self, app: App, kind: str, payload: Json, *, accepts_payload: bool, within: float, further: Json
    ) -> Any:
        """Send one envelope to any one connection and return what its acknowledgement carries.

        NotConnected when there is no connection, TimeoutError when it is not acknowledged in time.
        """
        connection = self._choose(app)
        envelope_id = str(uuid.uuid4())
        waiting = self._waiting[envelope_id] = _Waiting(app.id, accepts_payload)
        envelope = {
            "envelope_id": envelope_id,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": accepts_payload,
        }
        try:
            async with asyncio.timeout(within):
                await connection.socket.send_json(envelope | further)
                return await waiting.answered
        except ConnectionError as lost:
            raise NotConnected from lost
        finally:
            self._waiting.pop(envelope_id, None)

    def _choose(self, app: App) -> Connection:
        open_ones = self.connections(app.id)
        staying = [each for each in open_ones if not each.leaving] or open_ones
        if not staying:
            raise NotConnected
        self._turn += 1
        chosen = staying[self._turn % len(staying)]
        chosen.envelopes += 1
        return chosen

    async def disconnect(self, app: str, reason: str) -> None:
        """Tell every connection of an app to go: `warning` leaves it open for a while, anything else closes it."""
        for connection in self.connections(app):
            await _disconnect(connection, reason)

    async def drop(self, app: str) -> None:
        """Close every connection of an app without a word, as a broken network does."""
        for connection in self.connections(app):
            await connection.socket.close(code=1011)

    async def close(self) -> None:
        """Close every connection."""
        for held in list(self._connections.values()):
            for connection in list(held):
                await connection.socket.close()


async def _disconnect(connection: Connection, reason: str) -> None:
    connection.leaving = True
    await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "workspace"}})
    if reason != "warning":
        await connection.socket.close()
