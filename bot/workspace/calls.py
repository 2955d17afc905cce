"""What a method is given, and how it refuses."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bot.workspace.files import Files
from bot.workspace.model import App, Channel, Json, Kind, User
from bot.workspace.state import State
from bot.workspace.triggers import Triggers
from bot.workspace.views import Views

PAGE_SIZE = 100
PAGE_SIZE_AT_MOST = 1000


class Refused(Exception):
    """The method answers `ok: false` with this error and these further fields."""

    def __init__(self, error: str, **details: Any) -> None:
        super().__init__(error)
        self.error = error
        self.details = details


def invalid_arguments(*messages: str) -> Refused:
    """The error of arguments that are missing or of a wrong type."""
    return Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}" for message in messages]})


class Arguments:
    """A call's arguments: form fields are text, those of a JSON body have their types; both read the same."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = {name: value for name, value in given.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def text(self, name: str) -> str:
        """A required text that is not empty."""
        value = self.optional_text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def optional_text(self, name: str) -> str | None:
        """A text or None; numbers stand for their digits."""
        value = self.given.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise invalid_arguments(f"must be a string [json-pointer:/{name}]")
        return None if value is None else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean, also as the texts true, false, 1, 0."""
        value = self.given.get(name, default)
        if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
            return value.lower() in ("true", "1")
        if value in (0, 1):
            return bool(value)
        raise invalid_arguments(f"must be a boolean [json-pointer:/{name}]")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise invalid_arguments(f"must be a number [json-pointer:/{name}]") from None

    def names(self, name: str) -> list[str]:
        """A list of texts, or one text with commas."""
        value = self.given.get(name) or []
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise invalid_arguments(f"must be a list of strings [json-pointer:/{name}]")
        return [part.strip() for part in parts if part.strip()]

    def json(self, name: str, unreadable: str) -> Any:
        """A JSON value, as such or as text; refused as `unreadable` when the text is no JSON."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(unreadable) from None


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call; `app` is the caller, with the rights its token has."""

    method: str
    state: State
    app: App
    arguments: Arguments
    url: str
    """The workspace's own address, with a slash at its end."""
    open_connection: Callable[[App], str]
    """Makes the address of one Socket Mode connection."""
    triggers: Triggers
    views: Views
    files: Files

    def demand(self, *scopes: str) -> None:
        """Refuse unless the app has one of these scopes."""
        if not self.app.scopes.intersection(scopes):
            raise Refused("missing_scope", needed=",".join(scopes), provided=",".join(sorted(self.app.scopes)))

    def channel(self, name: str = "channel") -> Channel:
        """The conversation of an argument, by id; a private one that the app is not in does not exist for it."""
        channel = self.state.channels.get(self.arguments.text(name))
        if channel is None or (channel.kind is not Kind.CHANNEL and self.app.bot_user_id not in channel.members):
            raise Refused("channel_not_found")
        return channel

    def user(self, name: str = "user") -> User:
        """The user of an argument, by id."""
        user = self.state.users.get(self.arguments.text(name))
        if user is None:
            raise Refused("user_not_found")
        return user

    def page(self, values: Sequence[Any], key: str, size: int = PAGE_SIZE) -> tuple[list[Any], Json]:
        """One page of values by `limit` and `cursor`, and the metadata that leads to the next."""
        limit = self.arguments.number("limit", size) or size
        if not 1 <= limit <= PAGE_SIZE_AT_MOST:
            raise Refused("invalid_limit")
        cursor = self.arguments.optional_text("cursor") or f"{key}:0"
        kind, _, place = cursor.rpartition(":")
        if kind != key or not place.isdecimal():
            raise Refused("invalid_cursor")
        start = int(place)
        following = f"{key}:{start + limit}" if start + limit < len(values) else ""
        return list(values[start : start + limit]), {"next_cursor": following}


class Tier(Enum):
    """Calls a minute that Slack grants an app for each method."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    POSTING = 0
    """One a second for each channel, with bursts."""
    SPECIAL = 600


class Token(Enum):
    """Which token a method takes."""

    NONE = "none"
    BOT = "bot"
    APP = "app"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API; `scopes` are alternatives, none needs none."""

    run: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
    tier: Tier = Tier.THREE
    token: Token = Token.BOT
