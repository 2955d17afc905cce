"""The Web API: who calls, with which right, how often, and what the method says."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.workspace.calls import Arguments, Call, Method, Refused, Tier, Token
from bot.workspace.files import Files
from bot.workspace.limits import Fault, Faults, RateLimits
from bot.workspace.methods import chat, conversations, people, views
from bot.workspace.methods import files as file_methods
from bot.workspace.model import App, Json
from bot.workspace.state import State
from bot.workspace.triggers import Triggers
from bot.workspace.views import Views

METHODS: Mapping[str, Method] = {
    **chat.METHODS,
    **conversations.METHODS,
    **file_methods.METHODS,
    **people.METHODS,
    **views.METHODS,
}
CALLS_KEPT = 10_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call that came in, without its token; `error` None means it was done."""

    method: str
    arguments: Json
    error: str | None
    at: datetime


class RateLimited(Exception):
    """Too many calls; the next may come after so many seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


class WebApi:
    """Answers `/api/{method}`; keeps what was called."""

    def __init__(
        self,
        state: State,
        rates: RateLimits,
        faults: Faults,
        open_connection: Callable[[App], str],
        *,
        triggers: Triggers,
        views: Views,
        files: Files,
    ) -> None:
        self.calls: deque[ApiCall] = deque(maxlen=CALLS_KEPT)
        self._state = state
        self._rates = rates
        self._faults = faults
        self._open_connection = open_connection
        self._triggers = triggers
        self._views = views
        self._files = files

    async def answer(self, request: web.Request) -> web.Response:
        """One call over HTTP."""
        name = request.match_info["method"]
        fault = self._faults.take(name)
        if fault is not None:
            await asyncio.sleep(fault.hang)
            if fault.status is not None:
                return faulty(fault)
        arguments: Json = {}
        headers: dict[str, str] = {}
        try:
            arguments, token = await _read(request)
            body: Json = {"ok": True} | self._run(name, Arguments(arguments), token, headers)
        except RateLimited as limited:
            self._keep(name, arguments, "ratelimited")
            return faulty(Fault(status=429, retry_after=limited.retry_after))
        except Refused as refusal:
            body = {"ok": False, "error": refusal.error} | refusal.details
        self._keep(name, arguments, body.get("error"))
        return web.json_response(body, headers=headers)

    def _keep(self, name: str, arguments: Json, error: str | None) -> None:
        self.calls.append(ApiCall(name, arguments, error, self._state.now()))
        log.debug("%s: %s", name, error or "ok")

    def _run(self, name: str, arguments: Arguments, token: str | None, headers: dict[str, str]) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        app = self._caller(method, token)
        if method.token is not Token.NONE:
            headers["x-oauth-scopes"] = ",".join(sorted(app.scopes))
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        call = Call(
            name,
            self._state,
            app,
            arguments,
            self._state.url,
            self._open_connection,
            triggers=self._triggers,
            views=self._views,
            files=self._files,
        )
        if method.scopes:
            call.demand(*method.scopes)
        wait = self._rates.wait_for_call(app.id, name, method.tier)
        if wait is None and method.tier is Tier.POSTING:
            wait = self._rates.wait_for_post(app.id, arguments.text("channel"))
        if wait is not None:
            raise RateLimited(wait)
        return method.run(call)

    def _caller(self, method: Method, token: str | None) -> App:
        if method.token is Token.NONE:
            return NOBODY
        if not token:
            raise Refused("not_authed")
        for app in self._state.apps.values():
            if token == app.bot_token:
                if method.token is Token.APP:
                    raise Refused("not_allowed_token_type")
                return app
            if token == app.app_token:
                if method.token is Token.BOT:
                    raise Refused("not_allowed_token_type")
                return app
        raise Refused("invalid_auth")


NOBODY = App(
    id="",
    name="",
    bot_user_id="",
    bot_id="",
    bot_token="",
    app_token=None,
    signing_secret="",
    verification_token="",
    scopes=frozenset(),
    events=frozenset(),
    commands=(),
    interactive=False,
    socket_mode=False,
    request_url=None,
)
"""The caller of a method that takes no token."""


def faulty(fault: Fault) -> web.Response:
    """The answer of a fault that has a status."""
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    error = "ratelimited" if fault.status == 429 else "internal_error"
    return web.json_response({"ok": False, "error": error}, status=fault.status or 500, headers=headers)


async def _read(request: web.Request) -> tuple[Json, str | None]:
    """A call's arguments, and its token from the header or, for forms alone, from a field."""
    given: Json = dict(request.query)
    kind = request.content_type
    if request.method == "POST" and request.can_read_body:
        if kind == "application/json":
            given |= _object(await request.text())
        elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            given |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        else:
            raise Refused("invalid_post_type")
    field = given.pop("token", None)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given, bearer.strip()
    return given, field if kind != "application/json" and isinstance(field, str) else None


def _object(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(value, dict):
        raise Refused("json_not_object")
    return value
