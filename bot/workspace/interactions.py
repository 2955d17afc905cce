"""What people do with apps: commands and actions, from the click to the answer."""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.workspace import payloads
from bot.workspace.block_kit.walk import elements
from bot.workspace.calls import Refused
from bot.workspace.delivery import Delivered, Delivery, Envelope
from bot.workspace.model import App, Channel, Json, Message, SlashCommand, User
from bot.workspace.response_urls import Occasion, ResponseUrls
from bot.workspace.state import State
from bot.workspace.text import command_text, said

TRIGGER_LIVES_FOR = timedelta(seconds=3)
TRIGGER_KEPT_FOR = timedelta(hours=1)

log = logging.getLogger(__name__)


class NotPossible(Exception):
    """A person cannot do this in Slack; the text is what they would be told."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did in a message: in which control, what was chosen there, and all that is chosen in the message."""

    block_id: str
    action_id: str
    chosen: Json
    """The fields of an action of the control's kind, `selected_options` and the like; options as dicts with their value."""
    values: Mapping[str, Any]
    """`state.values`."""


@dataclass(slots=True)
class _Trigger:
    app: str
    user: str
    issued_at: datetime
    used: bool = False


class Triggers:
    """Trigger ids: each opens something once, within three seconds."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._issued: dict[str, _Trigger] = {}

    def issue(self, app: App, user: User) -> str:
        """A new trigger id; those of long ago are forgotten."""
        now = self._state.now()
        while self._issued and now > next(iter(self._issued.values())).issued_at + TRIGGER_KEPT_FOR:
            del self._issued[next(iter(self._issued))]
        trigger = f"{int(now.timestamp() * 1000)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._issued[trigger] = _Trigger(app.id, user.id, now)
        return trigger

    def exchange(self, app: App, trigger: str) -> str:
        """Use a trigger id up and return whose it is; Refused as Slack refuses it."""
        issued = self._issued.get(trigger)
        if issued is None or issued.app != app.id:
            raise Refused("invalid_trigger_id")
        if issued.used:
            raise Refused("trigger_exchanged")
        if self._state.now() > issued.issued_at + TRIGGER_LIVES_FOR:
            raise Refused("trigger_expired")
        issued.used = True
        return issued.user


class Interactions:
    """Sends commands and actions to the apps they belong to."""

    def __init__(
        self,
        state: State,
        delivery: Delivery,
        response_urls: ResponseUrls,
        triggers: Triggers,
        complain: Callable[[str], None],
    ) -> None:
        self._state = state
        self._delivery = delivery
        self._response_urls = response_urls
        self._triggers = triggers
        self._complain = complain

    def say(self, user: User, channel: Channel, typed: str, thread_ts: str | None = None) -> Message:
        """Post what a person typed; NotPossible where Slack would not take it."""
        if user.id not in channel.members:
            raise NotPossible(f"{user.name} is not in this conversation.")
        if not typed.strip():
            raise NotPossible("There is nothing to send.")
        parent = None if thread_ts is None else self._state.message(channel.id, thread_ts)
        if thread_ts is not None and (parent is None or parent.ephemeral or parent.is_reply):
            raise NotPossible("There is no such thread in this conversation.")
        text = said(self._state, typed.strip())
        message = Message(self._state.next_ts(), channel.id, text, user=user.id, thread_ts=thread_ts)
        return self._state.post(message, by_person=True)

    async def command(self, user: User, channel: Channel, line: str, *, in_thread: bool = False) -> Delivered:
        """Send a typed command; NotPossible where Slack itself would refuse it."""
        word, *rest = line.split(maxsplit=1) or [""]
        app, asked = self._find(word)
        if in_thread:
            raise NotPossible(f"{word} cannot be used in a thread: Slack has no slash commands there. Use the channel.")
        if user.id not in channel.members:
            raise NotPossible(f"{user.name} is not in this conversation.")
        typed = "".join(rest).strip()
        text = command_text(self._state, typed) if asked.should_escape else typed
        occasion = Occasion(app, user.id, channel.id, self._state.now(), typed=line.strip())
        means = payloads.Means(app, user, self._response_urls.open(occasion), self._triggers.issue(app, user))
        payload = payloads.command(self._state, means, channel, asked, text)
        delivered = await self._delivery.send(app, Envelope.COMMAND, payload)
        if delivered.acknowledged and delivered.payload:
            return self._answered(occasion, delivered)
        return delivered

    def _find(self, word: str) -> tuple[App, SlashCommand]:
        # The app installed last wins a name.
        for app in reversed(self._state.apps.values()):
            for command in app.commands:
                if command.command == word:
                    return app, command
        raise NotPossible(
            f"{word} is not a valid command. In Slack, all messages that start with the “/” character are commands."
        )

    def _answered(self, occasion: Occasion, delivered: Delivered) -> Delivered:
        answer = delivered.payload
        try:
            self._response_urls.take(occasion, answer if isinstance(answer, dict) else {"text": str(answer)})
        except Refused as refusal:
            self._complain(f"A command's acknowledgement carried no valid message: {refusal.error}.")
            return replace(delivered, error="invalid_command_response")
        return delivered

    async def act(self, user: User, message: Message, done: Act) -> Delivered:
        """Send one action in a message; NotPossible when the message has no such element for this person."""
        channel = self._state.channels[message.channel]
        if user.id not in channel.members or not message.seen_by(user.id):
            raise NotPossible("This message is not there for this person.")
        element = find_element(message, done.block_id, done.action_id)
        app = self._state.apps.get(message.app_id or "")
        if app is None or not app.interactive:
            raise NotPossible("This message belongs to no app that takes actions.")
        try:
            action = payloads.chosen_action(element, done.block_id, done.chosen)
        except LookupError as missing:
            raise NotPossible(str(missing)) from missing
        occasion = Occasion(app, user.id, channel.id, self._state.now(), original=message)
        means = payloads.Means(app, user, self._response_urls.open(occasion), self._triggers.issue(app, user))
        payload = payloads.block_actions(self._state, means, message, action, dict(done.values))
        return await self._delivery.send(app, Envelope.INTERACTION, payload)


def find_element(message: Message, block_id: str, action_id: str) -> Json:
    """The interactive element with these ids; NotPossible when the message has none."""
    for place, element in elements(message.blocks):
        if place == block_id and element["action_id"] == action_id:
            return element
    raise NotPossible("The message has no such control any more.")


def sentence(what: str, delivered: Delivered) -> str | None:
    """What a person sees of a failed delivery, in Slack's manner; None when nothing failed."""
    if delivered.error is None:
        return None
    return f"{what} failed with the error “{delivered.error}”."
