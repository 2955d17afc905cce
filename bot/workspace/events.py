"""Events: which app is told of what, and again when it did not hear."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.workspace import payloads
from bot.workspace.delivery import Delivered, Delivery, Envelope
from bot.workspace.model import App, Change, Channel, Json, Kind, Message, User, What
from bot.workspace.state import State

RETRY_AFTER = (0.0, 60.0, 300.0)
"""Seconds before the first, second and third attempt after a failed one."""

SUBSCRIPTIONS = {
    Kind.CHANNEL: ("message.channels", "channels:history"),
    Kind.PRIVATE: ("message.groups", "groups:history"),
    Kind.IM: ("message.im", "im:history"),
    Kind.MPIM: ("message.mpim", "mpim:history"),
}

log = logging.getLogger(__name__)


class Events:
    """Watches the workspace and tells the apps that subscribed, have the scope and are there."""

    def __init__(
        self,
        state: State,
        delivery: Delivery,
        complain: Callable[[str], None],
        retry_after: Sequence[float] = RETRY_AFTER,
    ) -> None:
        self._state = state
        self._complain = complain
        self._delivery = delivery
        self._retry_after = tuple(retry_after)
        self._tasks: set[asyncio.Task[None]] = set()
        state.watchers.append(self._on_change)

    def home_opened(self, app: App, user: User, tab: str, view: Json | None) -> None:
        """Tell an app that subscribed to it that a person looks at its Home or Messages tab."""
        if "app_home_opened" in app.events:
            channel, _ = self._state.open_direct((app.bot_user_id, user.id))
            self._begin(app, payloads.home_opened_event(user, channel, tab, view, self._state.next_ts()))

    def user_changed(self, user: User) -> None:
        """Tell the apps that subscribed to it that something about a person is different now."""
        for app in self._state.apps.values():
            if _hears(app, "user_change", "users:read"):
                email = "users:read.email" in app.scopes
                self._begin(app, payloads.user_change_event(self._state, user, self._state.next_ts(), email=email))

    def _on_change(self, change: Change) -> None:
        message = change.message or change.before
        if message is None or message.ephemeral or change.quiet:
            return
        for app in self._state.apps.values():
            for event in self._events_for(app, change, message):
                self._begin(app, event)

    def _begin(self, app: App, event: Json) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(app, event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _events_for(self, app: App, change: Change, message: Message) -> list[Json]:
        channel = self._state.channels[message.channel]
        if app.bot_user_id not in channel.members:
            return []
        if change.reaction is not None:
            event = payloads.reaction_event(message, change.reaction, self._state.next_ts())
            return [event] if _hears(app, event["type"], "reactions:read") else []
        told = []
        if _hears(app, *SUBSCRIPTIONS[channel.kind]):
            told.append(payloads.message_event(self._state, change, self._state.next_ts()))
        if _is_said(change) and _mentions(message, app, channel):
            told.append(payloads.mention_event(self._state, message))
        return told

    async def _tell(self, app: App, event: Json) -> None:
        payload = payloads.event_callback(self._state, app, event)
        delivered = await self._once(app, payload, 0, "")
        for attempt, pause in enumerate(self._retry_after, start=1):
            if delivered.acknowledged or not delivered.retry:
                return
            await asyncio.sleep(pause)
            delivered = await self._once(app, payload, attempt, delivered.reason)

    async def _once(self, app: App, payload: Json, attempt: int, reason: str) -> Delivered:
        delivered = await self._delivery.send(app, Envelope.EVENT, payload, attempt=attempt, reason=reason)
        # An app that is away hears of it when it is back; one that is there has to acknowledge.
        if not delivered.acknowledged and delivered.reason != "connection_failed":
            self._complain(f"A {payload['event']['type']} event was not acknowledged: {delivered.reason}.")
        return delivered

    async def close(self) -> None:
        """Give up what is still to be told."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _hears(app: App, event: str, scope: str) -> bool:
    return event in app.events and scope in app.scopes


def _is_said(change: Change) -> bool:
    """A message came, or got other words: Slack tells again of a mention then, as of an edited one."""
    if change.what is What.MESSAGE:
        return True
    before, now = change.before, change.message
    return before is not None and now is not None and now.edited is not None and now.text != before.text


def _mentions(message: Message, app: App, channel: Channel) -> bool:
    if channel.kind is Kind.IM or message.bot_id == app.bot_id or not _hears(app, "app_mention", "app_mentions:read"):
        return False
    return f"<@{app.bot_user_id}>" in message.text or f"<@{app.bot_user_id}|" in message.text
