"""Getting a payload to an app, over Socket Mode or HTTP, and what the app said within three seconds."""

import asyncio
import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.workspace.model import App, Json
from bot.workspace.socket_mode import NotConnected, SocketMode
from bot.workspace.state import State

ACKNOWLEDGE_WITHIN = 3.0

log = logging.getLogger(__name__)


class Envelope(Enum):
    """Kinds of payloads, by their names in Socket Mode."""

    EVENT = "events_api"
    COMMAND = "slash_commands"
    INTERACTION = "interactive"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a payload: `error` is Slack's word for what the person sees, None when it was acknowledged."""

    acknowledged: bool
    after: float
    """Seconds until the acknowledgement, or until it was given up."""
    error: str | None = None
    payload: Any = None
    """What the acknowledgement carried."""
    retry: bool = True
    """The app did not ask for no further attempt."""
    reason: str = ""
    """Slack's word for why an event is sent again."""


class Delivery:
    """Sends payloads; the answer is always a Delivered."""

    def __init__(self, state: State, socket_mode: SocketMode, within: float = ACKNOWLEDGE_WITHIN) -> None:
        self._state = state
        self._socket_mode = socket_mode
        self._within = within
        self._http: aiohttp.ClientSession | None = None

    def online(self, app: App) -> bool:
        """A payload would find the app: it has a request URL or a connection."""
        return app.request_url is not None or bool(self._socket_mode.connections(app.id))

    async def send(self, app: App, kind: Envelope, payload: Json, *, attempt: int = 0, reason: str = "") -> Delivered:
        """Deliver once and wait for the acknowledgement; `attempt` and `reason` tell of an event sent again."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            if app.request_url is None:
                further = {"retry_attempt": attempt, "retry_reason": reason} if kind is Envelope.EVENT else {}
                answer = await self._socket_mode.send(
                    app,
                    kind.value,
                    payload,
                    accepts_payload=kind is Envelope.COMMAND or payload.get("type") == "view_submission",
                    within=self._within,
                    further=further,
                )
            else:
                again = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
                return await self._post(app, kind, payload, again)
        except NotConnected:
            return Delivered(False, loop.time() - began, "dispatch_failed", reason="connection_failed")
        except TimeoutError:
            return Delivered(False, loop.time() - began, "operation_timeout", reason="timeout")
        return Delivered(True, loop.time() - began, payload=answer)

    async def _post(self, app: App, kind: Envelope, payload: Json, again: dict[str, str]) -> Delivered:
        body, content_type = _body(kind, payload)
        headers = sign(app.signing_secret, int(self._state.now().timestamp()), body) | {"Content-Type": content_type}
        headers |= again | {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with (
                asyncio.timeout(self._within),
                self._session().post(
                    app.request_url or "", data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                text = await response.text()
                after = loop.time() - began
                if not 200 <= response.status < 300:
                    retry = response.headers.get("X-Slack-No-Retry") != "1"
                    return Delivered(False, after, "dispatch_failed", retry=retry, reason="http_error")
                return Delivered(True, after, payload=_answer(response.content_type, text))
        except TimeoutError:
            return Delivered(False, loop.time() - began, "operation_timeout", reason="http_timeout")
        except aiohttp.ClientError:
            return Delivered(False, loop.time() - began, "dispatch_failed", reason="connection_failed")

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    async def close(self) -> None:
        """Let go of HTTP connections."""
        if self._http is not None:
            await self._http.close()


def sign(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The two headers by which an app knows that Slack sent this body."""
    base = b"v0:%d:%s" % (timestamp, body)
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}


def _body(kind: Envelope, payload: Json) -> tuple[bytes, str]:
    if kind is Envelope.EVENT:
        return json.dumps(payload).encode(), "application/json"
    fields = {"payload": json.dumps(payload)} if kind is Envelope.INTERACTION else payload
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _answer(content_type: str, text: str) -> Any:
    if content_type == "application/json" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text or None
