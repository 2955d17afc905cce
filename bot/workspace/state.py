"""The workspace as it stands, and everybody who watches it change."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from bot.workspace.model import App, Change, Channel, Kind, Message, Reaction, Team, User, What
from bot.workspace.seed import InstalledApp, Person, Room, Seed, make_id

Clock = Callable[[], datetime]
"""Returns the time, aware UTC."""


class State:
    """Users, conversations, messages and apps; every change is told to the watchers at once."""

    def __init__(self, seed: Seed, now: Clock) -> None:
        self.now = now
        self.url = ""
        """The workspace's own address, with a slash at its end; empty until it is started."""
        self.team = Team(seed.team_id or make_id("T", seed.domain), seed.team_name, seed.domain)
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.apps: dict[str, App] = {}
        self.watchers: list[Callable[[Change], None]] = []
        self._messages: dict[str, dict[str, Message]] = {}
        self._last_ts = 0
        for person in seed.people:
            self._admit(person)
        for installed in seed.apps:
            self._install(installed)
        for room in seed.rooms:
            self._open_room(room)
        for app in self.apps.values():
            for user in [user for user in self.users.values() if user.persona]:
                self.open_direct((app.bot_user_id, user.id))

    def _admit(self, person: Person) -> None:
        user = User(
            id=person.id or make_id("U", person.name),
            name=person.name,
            real_name=person.real_name or person.name,
            email=person.email,
            is_bot=person.is_bot,
            title=person.title,
            deleted=person.deleted,
            email_confirmed=person.email_confirmed,
            persona=person.persona and not person.is_bot,
        )
        self._add_user(user)

    def _add_user(self, user: User) -> None:
        if user.id in self.users or any(other.name == user.name for other in self.users.values()):
            raise ValueError(f"Two members of the workspace are called {user.name} ({user.id}).")
        self.users[user.id] = user

    def _install(self, installed: InstalledApp) -> None:
        app = App(
            id=installed.id or make_id("A", installed.name),
            name=installed.name,
            bot_user_id=make_id("U", f"{installed.name}BOT"),
            bot_id=make_id("B", installed.name),
            bot_token=installed.bot_token,
            app_token=installed.app_token,
            signing_secret=installed.signing_secret,
            verification_token=secrets.token_hex(12),
            scopes=installed.scopes,
            events=installed.events,
            commands=installed.commands,
            interactive=installed.interactive,
            socket_mode=installed.socket_mode,
            request_url=installed.request_url,
            shortcuts=installed.shortcuts,
            home=installed.home,
        )
        bot = User(
            id=app.bot_user_id,
            name=app.name,
            real_name=app.name,
            is_bot=True,
            bot_id=app.bot_id,
            app_id=app.id,
        )
        self._add_user(bot)
        self.apps[app.id] = app

    def _open_room(self, room: Room) -> None:
        people = [user.name for user in self.users.values() if not user.is_bot]
        names = [*(people if room.members is None else room.members), *room.apps]
        channel = Channel(
            id=room.id or make_id("C", room.name),
            name=room.name,
            kind=Kind.PRIVATE if room.private else Kind.CHANNEL,
            members=tuple(self.find_user(name).id for name in names),
            created=int(self.now().timestamp()),
            topic=room.topic,
        )
        if channel.id in self.channels:
            raise ValueError(f"Two channels have the id {channel.id}.")
        self.channels[channel.id] = channel
        self._messages[channel.id] = {}

    # People and apps

    def find_user(self, reference: str) -> User:
        """The user with this id or name; LookupError when there is none."""
        if reference in self.users:
            return self.users[reference]
        for user in self.users.values():
            if user.name == reference:
                return user
        raise LookupError(f"Nobody in the workspace is called {reference}.")

    def find_app(self, reference: str | None = None) -> App:
        """The app with this id or name, or the only one there is; LookupError else."""
        if reference is None:
            (only,) = self.apps.values()
            return only
        for app in self.apps.values():
            if reference in (app.id, app.name):
                return app
        raise LookupError(f"No app in the workspace is called {reference}.")

    def replace_app(self, app: App) -> None:
        """Put a changed app in the place of the one with its id."""
        self.apps[app.id] = app
        self.tell(Change(What.APP, app=app))

    def replace_user(self, user: User) -> None:
        """Put a changed user in the place of the one with their id."""
        self.users[user.id] = user

    # Conversations

    def find_channel(self, reference: str) -> Channel:
        """The conversation with this id or name (with or without #); LookupError when there is none."""
        if reference in self.channels:
            return self.channels[reference]
        for channel in self.channels.values():
            if not channel.direct and channel.name == reference.removeprefix("#"):
                return channel
        raise LookupError(f"No channel of the workspace is called {reference}.")

    def open_direct(self, members: Iterable[str]) -> tuple[Channel, bool]:
        """The direct conversation of exactly these users, and whether it was there already."""
        wanted = tuple(dict.fromkeys(members))
        for channel in self.channels.values():
            if channel.direct and set(channel.members) == set(wanted):
                return channel, True
        kind = Kind.IM if len(wanted) <= 2 else Kind.MPIM
        names = [self.users[user].name for user in wanted]
        channel = Channel(
            id=_direct_id("D" if kind is Kind.IM else "C", wanted),
            name="" if kind is Kind.IM else f"mpdm-{'--'.join(names)}-1",
            kind=kind,
            members=wanted,
            created=int(self.now().timestamp()),
        )
        self._messages[channel.id] = {}
        self.replace_channel(channel)
        return channel, False

    def replace_channel(self, channel: Channel) -> None:
        """Put a changed conversation in the place of the one with its id."""
        self.channels[channel.id] = channel
        self.tell(Change(What.CHANNEL, channel=channel))

    # Messages

    def next_ts(self) -> str:
        """A message's id: the time with microseconds, never the same twice."""
        moment = self.now()
        micros = int(moment.timestamp()) * 1_000_000 + moment.microsecond
        self._last_ts = max(micros, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, message: Message, *, by_person: bool = False, quiet: bool = False) -> Message:
        """Add a message; `quiet` keeps apps from being told."""
        self._messages[message.channel][message.ts] = message
        self.tell(Change(What.MESSAGE, message=message, by_person=by_person, quiet=quiet))
        return message

    def change(self, message: Message, *, quiet: bool = False, reaction: Reaction | None = None) -> None:
        """Put a changed message in the place of the one with its ts; `reaction` says what alone changed."""
        before = self._messages[message.channel][message.ts]
        self._messages[message.channel][message.ts] = message
        self.tell(Change(What.CHANGED, message=message, before=before, quiet=quiet, reaction=reaction))

    def delete(self, message: Message) -> None:
        """Take a message away."""
        del self._messages[message.channel][message.ts]
        self.tell(Change(What.DELETED, before=message))

    def message(self, channel: str, ts: str) -> Message | None:
        """The message with this ts, ephemeral or not."""
        return self._messages.get(channel, {}).get(ts)

    def messages(self, channel: str) -> list[Message]:
        """All messages of a conversation, oldest first, ephemeral ones and replies among them."""
        return list(self._messages[channel].values())

    def has_replies(self, parent: Message) -> bool:
        """Whether a thread hangs on this message."""
        return any(
            message.thread_ts == parent.ts and message.is_reply and not message.ephemeral
            for message in self._messages[parent.channel].values()
        )

    def visible(self, channel: str, user: str) -> list[Message]:
        """What one person sees there, oldest first."""
        return [message for message in self._messages[channel].values() if message.seen_by(user)]

    def react(self, message: Message, name: str, user: str) -> None:
        """Add a reaction."""
        reactions = {emoji: list(users) for emoji, users in message.reactions}
        reactions.setdefault(name, []).append(user)
        self._set_reactions(message, reactions, Reaction(name, user, added=True))

    def unreact(self, message: Message, name: str, user: str) -> None:
        """Take a reaction back."""
        reactions = {
            emoji: [who for who in users if (emoji, who) != (name, user)] for emoji, users in message.reactions
        }
        self._set_reactions(message, reactions, Reaction(name, user, added=False))

    def _set_reactions(self, message: Message, reactions: dict[str, list[str]], done: Reaction) -> None:
        kept = tuple((emoji, tuple(users)) for emoji, users in reactions.items() if users)
        self.change(replace(message, reactions=kept), reaction=done)

    def tell(self, change: Change) -> None:
        """Tell everybody who watches."""
        for watcher in tuple(self.watchers):
            watcher(change)


def _direct_id(prefix: str, members: Iterable[str]) -> str:
    digest = hashlib.sha256(" ".join(sorted(members)).encode()).digest()
    return f"{prefix}0{base64.b32encode(digest).decode()[:9]}"
