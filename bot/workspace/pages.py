"""The page in the browser: its files, what one person sees, and what that person does there."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.workspace.delivery import Delivery
from bot.workspace.interactions import Act, Interactions, NotPossible, sentence
from bot.workspace.model import App, Change, Channel, Json, Kind, Message, User, What
from bot.workspace.state import State

ASSETS = {"index.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
NAMES_OF_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
PING_EVERY = 20.0
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
        "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Pages:
    """Serves the page and tells every open one of what its person sees."""

    def __init__(self, state: State, delivery: Delivery, interactions: Interactions) -> None:
        self._state = state
        self._delivery = delivery
        self._interactions = interactions
        self._open: dict[web.WebSocketResponse, tuple[str, asyncio.Queue[Json]]] = {}
        state.watchers.append(self._on_change)

    def routes(self) -> list[web.RouteDef]:
        """Every path of the page."""
        return [
            web.get("/", self._guarded(self._index)),
            web.get("/archives/{channel}/{message}", self._guarded(self._permalink)),
            web.get("/assets/{name}", self._guarded(self._asset)),
            web.get("/page/state", self._guarded(self._whole_state)),
            web.get("/page/events", self._guarded(self._events)),
            web.post("/page/say", self._guarded(self._say)),
            web.post("/page/act", self._guarded(self._act)),
        ]

    def _guarded(
        self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            refuse_foreign(request)
            return await answer(request)

        return guarded

    async def _index(self, _request: web.Request) -> web.Response:
        return _file("index.html")

    async def _asset(self, request: web.Request) -> web.Response:
        return _file(request.match_info["name"])

    async def _permalink(self, request: web.Request) -> web.Response:
        """A permalink leads to the page, which finds channel and message in the fragment."""
        digits = request.match_info["message"].removeprefix("p")
        raise web.HTTPFound(f"/#/{request.match_info['channel']}/{digits[:-6]}.{digits[-6:]}")

    # What one person sees

    async def _whole_state(self, request: web.Request) -> web.Response:
        me = self._person(request)
        state = self._state
        mine = [channel for channel in state.channels.values() if me.id in channel.members]
        body = {
            "team": {"id": state.team.id, "name": state.team.name, "domain": state.team.domain},
            "me": me.id,
            "personas": [
                {"id": user.id, "name": user.name, "real_name": user.real_name, "title": user.title}
                for user in state.users.values()
                if user.persona
            ],
            "users": [
                {"id": user.id, "name": user.name, "real_name": user.real_name, "is_bot": user.is_bot}
                for user in state.users.values()
            ],
            "apps": [self._app(app) for app in state.apps.values()],
            "channels": [self._channel(channel, me.id) for channel in mine],
            "messages": {
                channel.id: [page_message(message) for message in state.visible(channel.id, me.id)] for channel in mine
            },
        }
        return web.json_response(body, headers=SECURITY)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        me = self._person(request)
        socket = web.WebSocketResponse(heartbeat=PING_EVERY)
        queue: asyncio.Queue[Json] = asyncio.Queue()
        await socket.prepare(request)
        self._open[socket] = (me.id, queue)
        sending = asyncio.get_running_loop().create_task(_send_all(socket, queue))
        try:
            async for _ in socket:
                pass
        finally:
            del self._open[socket]
            sending.cancel()
        return socket

    def _on_change(self, change: Change) -> None:
        for me, queue in self._open.values():
            frame = self._frame(change, me)
            if frame is not None:
                queue.put_nowait(frame)

    def _frame(self, change: Change, me: str) -> Json | None:
        if change.app is not None:
            return {"type": "app", "app": self._app(change.app)}
        if change.channel is not None:
            shown = me in change.channel.members
            return {"type": "channel", "channel": self._channel(change.channel, me)} if shown else None
        message = change.message or change.before
        if message is None or not message.seen_by(me) or me not in self._state.channels[message.channel].members:
            return None
        if change.what is What.DELETED:
            return {"type": "deleted", "channel": message.channel, "ts": message.ts}
        return {"type": change.what.value, "message": page_message(message)}

    def _app(self, app: App) -> Json:
        commands = [
            {"command": each.command, "description": each.description, "usage_hint": each.usage_hint}
            for each in app.commands
        ]
        online = self._delivery.online(app)
        return {"id": app.id, "name": app.name, "bot_user_id": app.bot_user_id, "commands": commands, "online": online}

    def _channel(self, channel: Channel, me: str) -> Json:
        names = [self._state.users[member].name for member in channel.members if member != me]
        return {
            "id": channel.id,
            "name": ", ".join(names) if channel.direct else channel.name,
            "kind": "im" if channel.kind is Kind.IM else "channel",
            "topic": channel.topic,
            "user": channel.other(me),
        }

    # What that person does

    async def _say(self, request: web.Request) -> web.Response:
        said = await _read(request)
        try:
            user, channel = self._who_and_where(said)
            text, thread_ts = str(said.get("text", "")), said.get("thread_ts") or None
            if text.startswith("/"):
                delivered = await self._interactions.command(user, channel, text, in_thread=thread_ts is not None)
                return _told(sentence(text.split(maxsplit=1)[0], delivered))
            self._interactions.say(user, channel, text, thread_ts)
        except NotPossible as why:
            return _told(str(why))
        return _told(None)

    async def _act(self, request: web.Request) -> web.Response:
        done = await _read(request)
        try:
            user, channel = self._who_and_where(done)
            message = self._state.message(channel.id, str(done.get("ts")))
            if message is None:
                raise NotPossible("This message is not there any more.")
            chosen = done.get("action") or {}
            values = (done.get("state") or {}).get("values") or {}
            act = Act(str(done.get("block_id")), str(done.get("action_id")), chosen, values)
            delivered = await self._interactions.act(user, message, act)
        except NotPossible as why:
            return _told(str(why))
        return _told(sentence("The app's answer", delivered))

    def _who_and_where(self, said: Json) -> tuple[User, Channel]:
        user = self._state.users.get(str(said.get("as")))
        channel = self._state.channels.get(str(said.get("channel")))
        if user is None or not user.persona or channel is None:
            raise NotPossible("There is no such person or conversation here.")
        return user, channel

    def _person(self, request: web.Request) -> User:
        user = self._state.users.get(request.query.get("as", ""))
        if user is None and "as" not in request.query:
            user = next((each for each in self._state.users.values() if each.persona), None)
        if user is None or not user.persona:
            raise web.HTTPNotFound(text="There is no such person here.")
        return user

    async def close(self) -> None:
        """Close every open page's connection."""
        for socket in list(self._open):
            await socket.close()


def page_message(message: Message) -> Json:
    """A message as the page is told of it."""
    return {
        "ts": message.ts,
        "channel": message.channel,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "text": message.text,
        "blocks": None if message.blocks is None else list(message.blocks),
        "ephemeral": message.ephemeral,
        "edited": message.edited is not None,
        "subtype": message.subtype,
        "reactions": [{"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions],
    }


def refuse_foreign(request: web.Request) -> None:
    """Let only pages of this machine in: a name that was pointed here from elsewhere gets 403."""
    if urlsplit(f"//{request.host}").hostname not in NAMES_OF_THIS_MACHINE:
        raise web.HTTPForbidden(text="This workspace answers to 127.0.0.1 and localhost only.")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="This workspace answers its own page only.")


async def _send_all(socket: web.WebSocketResponse, queue: "asyncio.Queue[Json]") -> None:
    while True:
        frame = await queue.get()
        try:
            await socket.send_json(frame)
        except ConnectionError:
            return


async def _read(request: web.Request) -> Json:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        body: Any = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body must be a JSON object.")
    return body


def _told(error: str | None) -> web.Response:
    return web.json_response({"ok": True} if error is None else {"ok": False, "error": error}, headers=SECURITY)


def _file(name: str) -> web.Response:
    if name not in ASSETS:
        raise web.HTTPNotFound
    found = files("bot.workspace").joinpath("page", "dist", name)
    if not found.is_file():
        raise web.HTTPNotFound(text="The page has not been built: run `make page`.")
    return web.Response(body=found.read_bytes(), content_type=ASSETS[name], charset="utf-8", headers=SECURITY)
