"""What people do in a workspace, by their names: typing, pressing, choosing, and filling in what apps ask."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.workspace.block_kit.walk import CHOICES, MANY
from bot.workspace.controls import choose_options, filled, find_control, values_at_first
from bot.workspace.delivery import Delivered
from bot.workspace.files import Files
from bot.workspace.homes import Homes
from bot.workspace.interactions import Interactions
from bot.workspace.modals import Modals
from bot.workspace.model import Json, Message
from bot.workspace.payloads import Act
from bot.workspace.refusals import NotPossible
from bot.workspace.speech import Speech
from bot.workspace.state import State
from bot.workspace.views import View, Views


class Doings:
    """People's hands; `user` and `channel` are ids or names, NotPossible is raised where Slack would refuse."""

    def __init__(
        self,
        state: State,
        interactions: Interactions,
        modals: Modals,
        views: Views,
        speech: Speech,
        homes: Homes,
        files: Files,
    ) -> None:
        self.state = state
        self._interactions = interactions
        self._modals = modals
        self._views = views
        self._speech = speech
        self._homes = homes
        self._files = files
        self._chosen: dict[tuple[str, ...], dict[str, dict[str, Json]]] = {}

    # What they say

    def say(
        self, user: str, channel: str, text: str, thread_ts: str | None = None, *, broadcast: bool = False
    ) -> Message:
        """Post what a person types; `broadcast` shows a reply in the channel too."""
        who = self.state.find_user(user)
        return self._speech.say(who, self.state.find_channel(channel), text, thread_ts, broadcast=broadcast)

    def edit(self, user: str, message: Message, text: str) -> Message:
        """Change the words of a person's own message."""
        return self._speech.edit(self.state.find_user(user), self._as_it_is(message), text)

    def delete(self, user: str, message: Message) -> None:
        """Delete a person's own message."""
        self._speech.delete(self.state.find_user(user), self._as_it_is(message))

    def react(self, user: str, message: Message, name: str) -> None:
        """React with an emoji (its name without colons); the second time takes it back."""
        self._speech.react(self.state.find_user(user), self._as_it_is(message), name)

    def upload(
        self,
        user: str,
        channel: str,
        content: bytes,
        *,
        name: str = "image.png",
        mimetype: str = "image/png",
        text: str = "",
        thread_ts: str | None = None,
    ) -> Message:
        """Post a picture, with words where there are any."""
        who, where = self.state.find_user(user), self.state.find_channel(channel)
        return self._speech.upload(who, where, content, name=name, mimetype=mimetype, typed=text, thread_ts=thread_ts)

    # What they do with apps

    async def command(self, user: str, channel: str, line: str, *, in_thread: bool = False) -> Delivered:
        """Type a slash command and wait for its acknowledgement."""
        who = self.state.find_user(user)
        return await self._interactions.command(who, self.state.find_channel(channel), line, in_thread=in_thread)

    async def click(
        self, user: str, channel: str, ts: str, *, action_id: str | None = None, label: str | None = None
    ) -> Delivered:
        """Press the button with this action id or label, confirming where it asks."""
        message = self._message(user, channel, ts)
        block_id, element = find_control(message, action_id=action_id, words=label)
        act = Act(block_id, element["action_id"], {}, self._values(user, message))
        return await self._interactions.act(self.state.find_user(user), message, act)

    async def check(
        self, user: str, channel: str, ts: str, options: Iterable[str], *, action_id: str | None = None
    ) -> Delivered:
        """Leave exactly these options (values or words) checked in the message's checkboxes; `[]` unchecks all."""
        return await self.choose(user, channel, ts, options, action_id=action_id, kinds=("checkboxes",))

    async def choose(
        self,
        user: str,
        channel: str,
        ts: str,
        options: Iterable[str],
        *,
        action_id: str | None = None,
        kinds: Sequence[str] = (),
    ) -> Delivered:
        """Choose options in a menu, radio buttons or checkboxes; later actions in the message carry the choice."""
        message = self._message(user, channel, ts)
        block_id, element = find_control(message, action_id=action_id, kinds=kinds)
        field = CHOICES[element["type"]][1]
        picked = choose_options(element, options)
        chosen: Json = {field: picked if element["type"] in MANY else picked[0]}
        values = self._values(user, message)
        values.setdefault(block_id, {})[element["action_id"]] = {"type": element["type"], **chosen}
        act = Act(block_id, element["action_id"], chosen, values)
        return await self._interactions.act(self.state.find_user(user), message, act)

    async def shortcut(self, user: str, message: Message | None, callback_id: str) -> Delivered:
        """Choose a shortcut in the menu of a message, or a global one where no message is given."""
        who = self.state.find_user(user)
        return await self._interactions.shortcut(who, callback_id, None if message is None else self._as_it_is(message))

    # Modals

    def put_file(self, user: str, content: bytes, *, name: str, mimetype: str = "") -> dict[str, Any]:
        """Choose a file for a field of a modal; what stands in the field then, in a list."""
        return self._files.keep(self.state.find_user(user), content, name=name, mimetype=mimetype)

    def home(self, user: str, app: str | None = None) -> View | None:
        """What an app's Home tab shows a person; None: nothing yet."""
        return self._homes.of(self.state.find_user(user), self.state.find_app(app))

    def open_home(self, user: str, app: str | None = None) -> None:
        """Look at an app's Home tab; the app is told."""
        self._homes.open(self.state.find_user(user), self.state.find_app(app))

    def views(self, user: str) -> tuple[View, ...]:
        """The modals open before a person, the one in sight last."""
        return self._views.of(self.state.find_user(user).id)

    async def submit(self, user: str, view: View, values: Mapping[str, Any] | None = None) -> Delivered:
        """Fill in a modal and submit it; NotPossible while a field is not filled in.

        `values`: action id, block id or label → a text, a date as YYYY-MM-DD, an option's value or words (several in a
        list), a person's name; None empties a field.
        """
        held = self._values(user, view)
        for field, value in (values or {}).items():
            block_id, element = find_control(view, field=field)
            held.setdefault(block_id, {})[element["action_id"]] = {
                "type": element["type"],
                **filled(self.state, element, value),
            }
        return await self._modals.submit(self.state.find_user(user), view.id, held)

    async def close_view(self, user: str, view: View, *, whole: bool = False) -> list[Delivered]:
        """Close a modal, or (`whole`) all that are open; what the apps said that are told of it."""
        return await self._modals.close(self.state.find_user(user), view.id, whole=whole)

    async def click_view(
        self, user: str, view: View, *, action_id: str | None = None, label: str | None = None
    ) -> Delivered:
        """Press a button in a modal."""
        block_id, element = find_control(view, action_id=action_id, words=label)
        act = Act(block_id, element["action_id"], {}, self._values(user, view))
        return await self._modals.act(self.state.find_user(user), view.id, act)

    async def choose_view(self, user: str, view: View, field: str, value: Any) -> Delivered:
        """Choose in a modal's control that tells the app at once; `value` as in `submit`."""
        block_id, element = find_control(view, field=field)
        chosen = filled(self.state, element, value)
        values = self._values(user, view)
        values.setdefault(block_id, {})[element["action_id"]] = {"type": element["type"], **chosen}
        act = Act(block_id, element["action_id"], chosen, values)
        return await self._modals.act(self.state.find_user(user), view.id, act)

    def _as_it_is(self, message: Message) -> Message:
        now = self.state.message(message.channel, message.ts)
        if now is None:
            raise NotPossible("This message is not there any more.")
        return now

    def _values(self, user: str, surface: Message | View) -> dict[str, dict[str, Json]]:
        """What this person has chosen in this message or modal; what is no longer in it is forgotten."""
        place = (surface.id,) if isinstance(surface, View) else (surface.channel, surface.ts)
        key = (self.state.find_user(user).id, *place)
        fresh = values_at_first(surface)
        kept = self._chosen.get(key, {})
        for block_id, entries in fresh.items():
            for action_id in entries:
                if action_id in kept.get(block_id, {}):
                    entries[action_id] = kept[block_id][action_id]
        self._chosen[key] = fresh
        return fresh

    def _message(self, user: str, channel: str, ts: str) -> Message:
        message = self.state.message(self.state.find_channel(channel).id, ts)
        if message is None or not message.seen_by(self.state.find_user(user).id):
            raise NotPossible(f"{user} sees no message {ts} in {channel}.")
        return message
