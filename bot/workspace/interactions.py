"""What people do with apps: commands and actions, from the click to the answer."""

from collections.abc import Callable
from dataclasses import replace

from bot.workspace import payloads
from bot.workspace.calls import Refused
from bot.workspace.delivery import Delivered, Delivery, Envelope
from bot.workspace.model import App, Channel, Message, Shortcut, SlashCommand, User
from bot.workspace.refusals import NotPossible
from bot.workspace.response_urls import Occasion, ResponseUrls
from bot.workspace.state import State
from bot.workspace.text import command_text
from bot.workspace.triggers import Triggers


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

    async def act(self, user: User, message: Message, done: payloads.Act) -> Delivered:
        """Send one action in a message; NotPossible when the message has no such element for this person."""
        channel = self._state.channels[message.channel]
        if user.id not in channel.members or not message.seen_by(user.id):
            raise NotPossible("This message is not there for this person.")
        element = payloads.find_element(message.blocks, done.block_id, done.action_id)
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

    async def shortcut(self, user: User, callback_id: str, message: Message | None) -> Delivered:
        """Choose a shortcut in a message's menu, or (without a message) a global one."""
        app, asked = self._find_shortcut(callback_id, on_messages=message is not None)
        if message is None:
            means = payloads.Means(app, user, "", self._triggers.issue(app, user))
            payload = payloads.shortcut(self._state, means, asked)
            return await self._delivery.send(app, Envelope.INTERACTION, payload)
        channel = self._state.channels[message.channel]
        if user.id not in channel.members or message.ephemeral or message.subtype == "tombstone":
            raise NotPossible("This message has no such menu for this person.")
        occasion = Occasion(app, user.id, channel.id, self._state.now())
        means = payloads.Means(app, user, self._response_urls.open(occasion), self._triggers.issue(app, user))
        payload = payloads.message_action(self._state, means, asked, message)
        return await self._delivery.send(app, Envelope.INTERACTION, payload)

    def _find_shortcut(self, callback_id: str, *, on_messages: bool) -> tuple[App, Shortcut]:
        for app in self._state.apps.values():
            for shortcut in app.shortcuts:
                if (shortcut.callback_id, shortcut.on_messages) == (callback_id, on_messages) and app.interactive:
                    return app, shortcut
        raise NotPossible(f"No app here has a shortcut {callback_id!r} {'for messages' if on_messages else 'for all'}.")


def sentence(what: str, delivered: Delivered) -> str | None:
    """What a person sees of a failed delivery, in Slack's manner; None when nothing failed."""
    if delivered.error is None:
        return None
    return f"{what} failed with the error “{delivered.error}”."
