"""What people say, and what they do to what was said."""

import base64
import binascii
import re
from dataclasses import replace

from bot.workspace.files import Files
from bot.workspace.model import Channel, Message, User
from bot.workspace.refusals import NotPossible
from bot.workspace.state import State
from bot.workspace.text import said

SLACKBOT = "USLACKBOT"
GONE = "This message was deleted."
PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
"""The kinds of files that can be uploaded here, and how Slack calls each."""


class Speech:
    """Posts, edits, deletes and reacts for people; NotPossible where Slack would not take it."""

    def __init__(self, state: State, files: Files) -> None:
        self._state = state
        self._files = files

    def say(
        self, user: User, channel: Channel, typed: str, thread_ts: str | None = None, *, broadcast: bool = False
    ) -> Message:
        """Post what a person typed; `broadcast` shows a reply in the channel too."""
        self._refuse_strangers(user, channel)
        if not typed.strip():
            raise NotPossible("There is nothing to send.")
        self._refuse_missing(channel, thread_ts)
        message = Message(
            ts=self._state.next_ts(),
            channel=channel.id,
            text=said(self._state, typed.strip()),
            user=user.id,
            thread_ts=thread_ts,
            broadcast=broadcast and thread_ts is not None,
            subtype="thread_broadcast" if broadcast and thread_ts is not None else None,
        )
        return self._state.post(message, by_person=True)

    def edit(self, user: User, message: Message, typed: str) -> Message:
        """Put other words in the place of a person's own; the same words again change nothing."""
        self._refuse_others(user, message, "edit")
        if not typed.strip() and not message.files:
            raise NotPossible("There is nothing left to say: delete the message instead.")
        text = said(self._state, typed.strip())
        if text == message.text:
            return message
        changed = replace(message, text=text, edited={"user": user.id, "ts": self._state.next_ts()})
        self._state.change(changed)
        return changed

    def delete(self, user: User, message: Message) -> None:
        """Take a person's own message away; of one that has replies, Slack leaves a tombstone until the last is gone."""
        self._refuse_others(user, message, "delete")
        for file in message.files:
            self._files.drop(file["id"])
        if self._state.has_replies(message):
            self._state.change(
                Message(
                    message.ts, message.channel, GONE, user=SLACKBOT, subtype="tombstone", thread_ts=message.thread_ts
                )
            )
            return
        self._state.delete(message)
        parent = self._state.message(message.channel, message.thread_ts or "")
        if parent is not None and parent.subtype == "tombstone" and not self._state.has_replies(parent):
            self._state.delete(parent)

    def react(self, user: User, message: Message, name: str) -> None:
        """React with an emoji, or take the reaction back where it is there."""
        self._refuse_strangers(user, self._state.channels[message.channel])
        if message.ephemeral or message.subtype == "tombstone" or not re.fullmatch(r"[a-z0-9_+'-]+", name):
            raise NotPossible("One cannot react with this to this message.")
        if user.id in dict(message.reactions).get(name, ()):
            self._state.unreact(message, name, user.id)
        else:
            self._state.react(message, name, user.id)

    def upload(
        self,
        user: User,
        channel: Channel,
        content: bytes,
        *,
        name: str,
        mimetype: str,
        typed: str = "",
        thread_ts: str | None = None,
    ) -> Message:
        """Post a picture; it is kept as long as its message, and shown by the page alone."""
        self._refuse_strangers(user, channel)
        self._refuse_missing(channel, thread_ts)
        if mimetype not in PICTURES:
            raise NotPossible("Only pictures (PNG, JPEG, GIF, WebP) can be uploaded here.")
        file = self._files.keep(user, content, name=name or f"image.{PICTURES[mimetype]}", mimetype=mimetype)
        text = said(self._state, typed.strip())
        message = Message(
            self._state.next_ts(),
            channel.id,
            text,
            user=user.id,
            thread_ts=thread_ts,
            subtype="file_share",
            files=(file,),
        )
        return self._state.post(message, by_person=True)

    def _refuse_strangers(self, user: User, channel: Channel) -> None:
        if user.id not in channel.members:
            raise NotPossible(f"{user.name} is not in this conversation.")

    def _refuse_missing(self, channel: Channel, thread_ts: str | None) -> None:
        parent = None if thread_ts is None else self._state.message(channel.id, thread_ts)
        if thread_ts is not None and (parent is None or parent.ephemeral or parent.is_reply):
            raise NotPossible("There is no such thread in this conversation.")

    def _refuse_others(self, user: User, message: Message, what: str) -> None:
        self._refuse_strangers(user, self._state.channels[message.channel])
        if message.user != user.id or message.ephemeral:
            raise NotPossible(f"{user.name} can {what} their own messages only.")


def decoded(text: str) -> bytes:
    """The bytes of base64; NotPossible where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotPossible("The file did not arrive whole: choose it again.") from None
