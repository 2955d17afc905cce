"""The page in the browser: its files, and what one person sees."""

import asyncio
from importlib.resources import files

from aiohttp import web

from bot.workspace.delivery import Delivery
from bot.workspace.model import App, Change, Channel, Json, Kind, Message, User, What
from bot.workspace.page_requests import SECURITY, guarded
from bot.workspace.state import State
from bot.workspace.views import View, Views, view_json

ASSETS = {"index.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
PING_EVERY = 20.0


class Pages:
    """Serves the page and tells every open one of what its person sees."""

    def __init__(self, state: State, delivery: Delivery, views: Views) -> None:
        self._state = state
        self._delivery = delivery
        self._views = views
        self._open: dict[web.WebSocketResponse, tuple[str, asyncio.Queue[Json]]] = {}
        state.watchers.append(self._on_change)

    def routes(self) -> list[web.RouteDef]:
        """Every path of the page."""
        return [
            web.get("/", guarded(self._index)),
            web.get("/archives/{channel}/{message}", guarded(self._permalink)),
            web.get("/assets/{name}", guarded(self._asset)),
            web.get("/page/state", guarded(self._whole_state)),
            web.get("/page/events", guarded(self._events)),
        ]

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
            "views": [self._view(view) for view in self._views.of(me.id)],
            "homes": [self._view(view) for view in self._views.homes(me.id)],
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
        if change.what is What.VIEWS:
            views = [self._view(view) for view in self._views.of(me)]
            homes = [self._view(view) for view in self._views.homes(me)]
            return {"type": "views", "views": views, "homes": homes} if change.person == me else None
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
        shortcuts = [
            {"callback_id": each.callback_id, "name": each.name, "on_messages": each.on_messages}
            for each in app.shortcuts
        ]
        return {
            "id": app.id,
            "name": app.name,
            "bot_user_id": app.bot_user_id,
            "commands": commands,
            "shortcuts": shortcuts,
            "home": app.home,
            "online": self._delivery.online(app),
        }

    def _view(self, view: View) -> Json:
        shown = view_json(self._state, view)
        return shown | {"errors": dict(view.errors), "app": self._state.apps[view.app_id].name}

    def _channel(self, channel: Channel, me: str) -> Json:
        names = [self._state.users[member].name for member in channel.members if member != me]
        return {
            "id": channel.id,
            "name": ", ".join(names) if channel.direct else channel.name,
            "kind": "im" if channel.kind is Kind.IM else "channel",
            "topic": channel.topic,
            "user": channel.other(me),
        }

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
        "files": [
            {
                "id": file["id"],
                "name": file["name"],
                "picture": file["mimetype"].startswith("image/"),
                "url": f"/files/{file['id']}",
            }
            for file in message.files
        ],
        "reactions": [{"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions],
    }


async def _send_all(socket: web.WebSocketResponse, queue: "asyncio.Queue[Json]") -> None:
    while True:
        frame = await queue.get()
        try:
            await socket.send_json(frame)
        except ConnectionError:
            return


def _file(name: str) -> web.Response:
    if name not in ASSETS:
        raise web.HTTPNotFound
    found = files("bot.workspace").joinpath("page", "dist", name)
    if not found.is_file():
        raise web.HTTPNotFound(text="The page has not been built: run `make page`.")
    return web.Response(body=found.read_bytes(), content_type=ASSETS[name], charset="utf-8", headers=SECURITY)
