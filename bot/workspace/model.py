"""What a workspace holds: frozen values; a change makes a new value in its place."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class Kind(StrEnum):
    """Conversations, by the words of an event's `channel_type`."""

    CHANNEL = "channel"
    PRIVATE = "group"
    IM = "im"
    MPIM = "mpim"


@dataclass(frozen=True, slots=True)
class Team:
    """The workspace itself."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot user."""

    id: str
    name: str
    real_name: str
    email: str | None = None
    is_bot: bool = False
    title: str = ""
    persona: bool = False
    """One can be this person in the page."""
    deleted: bool = False
    email_confirmed: bool = True
    tz: str = "America/New_York"
    tz_offset: int = -18000
    bot_id: str | None = None
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation and who is in it."""

    id: str
    name: str
    kind: Kind
    members: tuple[str, ...]
    created: int
    topic: str = ""
    archived: bool = False

    @property
    def direct(self) -> bool:
        """It is between two or a few, and has no name of its own."""
        return self.kind in (Kind.IM, Kind.MPIM)

    def other(self, user: str) -> str | None:
        """Who else is in this direct conversation; oneself where one talks to oneself."""
        if self.kind is not Kind.IM:
            return None
        return next((member for member in self.members if member != user), user)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command as the manifest declares it."""

    command: str
    description: str
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut as the manifest declares it: in a message's menu, or (global) beside the message box."""

    callback_id: str
    name: str
    description: str
    on_messages: bool


@dataclass(frozen=True, slots=True)
class App:
    """An installed app: its tokens, its rights, and where it listens."""

    id: str
    name: str
    bot_user_id: str
    bot_id: str
    bot_token: str = field(repr=False)
    app_token: str | None = field(repr=False)
    signing_secret: str = field(repr=False)
    verification_token: str = field(repr=False)
    scopes: frozenset[str]
    events: frozenset[str]
    commands: tuple[SlashCommand, ...]
    interactive: bool
    socket_mode: bool
    request_url: str | None
    shortcuts: tuple[Shortcut, ...] = ()
    home: bool = False
    """It has a Home tab."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands now; `text` is kept as it was sent."""

    ts: str
    channel: str
    text: str
    user: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    blocks: tuple[Json, ...] | None = None
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    """A reply that is shown in the channel too."""
    ephemeral_to: str | None = None
    """The one person who sees it; None: everybody in the conversation."""
    edited: Json | None = None
    subtype: str | None = None
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Emoji name and who reacted with it, in order."""
    metadata: Json | None = None
    files: tuple[Json, ...] = ()
    link_names: bool = False
    """`@channel` written out in `text` is a mention too."""

    @property
    def ephemeral(self) -> bool:
        """Only one person sees it, and no history holds it."""
        return self.ephemeral_to is not None

    @property
    def is_reply(self) -> bool:
        """It stands in a thread and did not begin it."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def seen_by(self, user: str) -> bool:
        """Whether this member of the conversation sees it."""
        return self.ephemeral_to in (None, user)


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody's emoji on a message: given, or taken back."""

    name: str
    user: str
    added: bool


class What(StrEnum):
    """What a change was."""

    MESSAGE = "message"
    CHANGED = "changed"
    DELETED = "deleted"
    CHANNEL = "channel"
    APP = "app"
    VIEWS = "views"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the workspace, told to everyone who watches; the field that fits `what` is set."""

    what: What
    message: Message | None = None
    before: Message | None = None
    channel: Channel | None = None
    app: App | None = None
    reaction: Reaction | None = None
    person: str | None = None
    """Whose views changed."""
    by_person: bool = False
    quiet: bool = False
    """No app is told: it is a line that Slack itself shows."""
