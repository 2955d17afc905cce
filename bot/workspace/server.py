"""A Slack workspace on this machine: started, driven and looked at from here."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import TypeVar

from aiohttp import web

from bot.workspace.delivery import ACKNOWLEDGE_WITHIN, Delivery, Envelope
from bot.workspace.doings import Doings
from bot.workspace.events import RETRY_AFTER, Events
from bot.workspace.file_routes import FileRoutes
from bot.workspace.files import Files
from bot.workspace.homes import Homes
from bot.workspace.interactions import Interactions
from bot.workspace.limits import Fault, Faults, Limits, RateLimits
from bot.workspace.modals import Modals
from bot.workspace.model import App, Change, Message, User
from bot.workspace.page_acts import PageActs
from bot.workspace.pages import Pages
from bot.workspace.payloads import url_verification
from bot.workspace.response_urls import ResponseUrls
from bot.workspace.seed import Seed
from bot.workspace.socket_mode import SocketMode
from bot.workspace.speech import Speech
from bot.workspace.state import Clock, State
from bot.workspace.text import wide_mentions
from bot.workspace.triggers import Triggers
from bot.workspace.views import Views
from bot.workspace.web_api import ApiCall, WebApi

LOOK_EVERY = 0.05
BODY_AT_MOST = 6 << 20

Seen = TypeVar("Seen")


class AddressInUse(Exception):
    """Another program holds the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Port {port} on {host} is in use by another program: stop it, or choose another port.")
        self.port = port


class NotSeen(AssertionError):
    """What was waited for did not come in time; the text shows what the workspace holds."""


class Workspace(Doings):
    """The whole workspace; made from a seed, started once, closed once.

    `now` returns the aware UTC time by which messages are stamped and everything expires.
    """

    def __init__(
        self,
        seed: Seed,
        *,
        now: Clock,
        limits: Limits | None = None,
        acknowledge_within: float = ACKNOWLEDGE_WITHIN,
        retry_events_after: Sequence[float] = RETRY_AFTER,
    ) -> None:
        state = State(seed, now)
        self.faults = Faults()
        self.broadcasts: list[tuple[Message, tuple[str, ...]]] = []
        """Every message that held a live mention of a channel, of everyone or of a group, as it then was."""
        self.complaints: list[str] = []
        """What apps did against the protocol, in sentences without secrets."""
        complain = self.complaints.append
        self.socket_mode = SocketMode(state, self.faults, complain)
        self._delivery = Delivery(state, self.socket_mode, acknowledge_within)
        self._response_urls = ResponseUrls(state, self.faults, complain)
        self.triggers = Triggers(state)
        views = Views(state)
        interactions = Interactions(state, self._delivery, self._response_urls, self.triggers, complain)
        files = Files(state)
        modals = Modals(state, self._delivery, self.triggers, views, files, complain)
        self._events = Events(state, self._delivery, complain, retry_events_after)
        homes = Homes(state, views, self._events)
        super().__init__(state, interactions, modals, views, Speech(state, files), homes, files)
        self._web_api = WebApi(
            state,
            RateLimits(limits or Limits(), now),
            self.faults,
            self.socket_mode.open,
            triggers=self.triggers,
            views=views,
            files=files,
        )
        self._pages = Pages(state, self._delivery, views)
        self._page_acts = PageActs(state, interactions, modals, self._speech, homes, files)
        self._file_routes = FileRoutes(state, files)
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""
        """`http://host:port/`"""
        self.state.watchers.append(self._on_change)

    @property
    def api_url(self) -> str:
        """The Web API's base, as `SLACK_API_URL` and the SDKs' `base_url` take it."""
        return f"{self.url}api/"

    @property
    def calls(self) -> list[ApiCall]:
        """The Web API calls that came in, oldest first, without tokens."""
        return list(self._web_api.calls)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen; port 0 takes a free one. AddressInUse when the port is taken, ValueError for a host beyond this machine."""
        if host != "localhost" and not ip_address(host).is_loopback:
            raise ValueError(
                f"The workspace asks nobody for a password, so it listens on this machine only, not on {host}."
            )
        application = web.Application(client_max_size=BODY_AT_MOST)
        application.add_routes(
            [
                web.get("/api/{method}", self._web_api.answer),
                web.post("/api/{method}", self._web_api.answer),
                web.get("/link", self.socket_mode.accept),
                web.get("/link/", self.socket_mode.accept),
                web.post("/response/{id}", self._response_urls.answer),
                *self._pages.routes(),
                *self._page_acts.routes(),
                *self._file_routes.routes(),
            ]
        )
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port, reuse_address=True)
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise AddressInUse(host, port) from error
        self._runner = runner
        address, taken = runner.addresses[0][:2]
        place = f"[{address}]:{taken}" if ":" in address else f"{address}:{taken}"
        self.url = self.state.url = f"http://{place}/"
        self._response_urls.base = f"{self.url}response/"
        self.socket_mode.link = f"ws://{place}/link"

    async def close(self) -> None:
        """Stop listening, close every connection, leave nothing running."""
        await self._events.close()
        await self.socket_mode.close()
        await self._pages.close()
        await self._delivery.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _on_change(self, change: Change) -> None:
        if change.reaction is None and change.message is not None and (mentions := wide_mentions(change.message)):
            self.broadcasts.append((change.message, mentions))
        self._changed.set()

    # What is there

    def dm(self, user: str, app: str | None = None) -> str:
        """The id of a person's direct conversation with an app (the only one there is, where none is named)."""
        bot = self.state.find_app(app).bot_user_id
        channel, _ = self.state.open_direct((bot, self.state.find_user(user).id))
        return channel.id

    def messages(self, channel: str, as_user: str) -> list[Message]:
        """What a person sees in a conversation, oldest first; ephemeral messages and replies are among it."""
        return self.state.visible(self.state.find_channel(channel).id, self.state.find_user(as_user).id)

    async def wait_for(self, seen: Callable[[], Seen], *, within: float = 5.0) -> Seen:
        """Look until `seen()` is true, at every change and now and then; NotSeen after so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            self._changed.clear()
            if result := seen():
                return result
            if loop.time() >= deadline:
                raise NotSeen(f"Not seen within {within} s. The workspace holds:\n{self.transcript()}")
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def transcript(self, last: int = 20) -> str:
        """The last messages of every conversation as text, one a line."""
        lines = []
        for channel in self.state.channels.values():
            for message in self.state.messages(channel.id)[-last:]:
                author = self.state.users[message.user].name if message.user in self.state.users else message.user
                only = f" (only {self.state.users[message.ephemeral_to].name})" if message.ephemeral_to else ""
                lines.append(f"#{channel.name or channel.id} {author}{only}: {message.text}")
        return "\n".join(lines)

    # Apps, and what a test may let go wrong

    def app(self, reference: str | None = None) -> App:
        """The app with this id or name; the only one where none is named."""
        return self.state.find_app(reference)

    def deactivate(self, user: str) -> None:
        """Close a person's account, as an administrator of the workspace does."""
        self._change_user(replace(self.state.find_user(user), deleted=True))

    def reactivate(self, user: str) -> None:
        """Open a closed account again."""
        self._change_user(replace(self.state.find_user(user), deleted=False))

    def _change_user(self, user: User) -> None:
        self.state.replace_user(user)
        self._events.user_changed(user)

    def set_request_url(self, url: str | None, app: str | None = None) -> None:
        """Send an app its payloads over HTTP from now on; None goes back to Socket Mode."""
        self.state.replace_app(replace(self.state.find_app(app), request_url=url))

    async def verify_request_url(self, app: str | None = None) -> bool:
        """Ask the request URL to echo a challenge, as Slack does before it believes it."""
        asked = self.state.find_app(app)
        challenge = self.state.next_ts()
        delivered = await self._delivery.send(asked, Envelope.EVENT, url_verification(asked, challenge))
        said = delivered.payload
        return delivered.acknowledged and said in (challenge, {"challenge": challenge})

    def inject(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of a Web API method, `response_url` or `link` go wrong."""
        self.faults.order(method, fault, times)
