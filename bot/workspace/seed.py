"""What a workspace is made of before anybody says a word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bot.workspace.model import Shortcut, SlashCommand


@dataclass(frozen=True, slots=True)
class Person:
    """A member; `id` is made from the name where it is left out."""

    name: str
    real_name: str = ""
    email: str | None = None
    title: str = ""
    persona: bool = True
    """One can be this person in the page."""
    is_bot: bool = False
    deleted: bool = False
    """The account was deactivated."""
    email_confirmed: bool = True
    id: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """A channel; `members` are names of persons and of apps, None means every person."""

    name: str
    members: tuple[str, ...] | None = None
    apps: tuple[str, ...] = ()
    """Names of the apps whose bot user is in it from the start."""
    private: bool = False
    topic: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class InstalledApp:
    """An app with its tokens; without `request_url` it is reached over Socket Mode."""

    name: str
    bot_token: str = field(repr=False)
    app_token: str | None = field(default=None, repr=False)
    signing_secret: str = field(default="", repr=False)
    scopes: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    commands: tuple[SlashCommand, ...] = ()
    interactive: bool = True
    socket_mode: bool = True
    request_url: str | None = None
    shortcuts: tuple[Shortcut, ...] = ()
    home: bool = False
    """It has a Home tab."""
    id: str = ""

    @classmethod
    def from_manifest(
        cls,
        manifest: Mapping[str, Any],
        *,
        bot_token: str,
        app_token: str | None = None,
        signing_secret: str = "",
        request_url: str | None = None,
        app_id: str = "",
    ) -> Self:
        """Install what an app manifest (as loaded from YAML or JSON) declares; `request_url` overrides Socket Mode."""
        features = manifest.get("features", {})
        settings = manifest.get("settings", {})
        bot = features.get("bot_user", {})
        commands = tuple(
            SlashCommand(
                command=each["command"],
                description=each.get("description", ""),
                usage_hint=each.get("usage_hint", ""),
                should_escape=bool(each.get("should_escape", False)),
            )
            for each in features.get("slash_commands", ())
        )
        shortcuts = tuple(
            Shortcut(each["callback_id"], each["name"], each.get("description", ""), each["type"] == "message")
            for each in features.get("shortcuts", ())
        )
        return cls(
            name=bot.get("display_name") or manifest["display_information"]["name"],
            bot_token=bot_token,
            app_token=app_token,
            signing_secret=signing_secret,
            scopes=frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
            commands=commands,
            interactive=bool(settings.get("interactivity", {}).get("is_enabled", False)),
            socket_mode=bool(settings.get("socket_mode_enabled", False)),
            request_url=request_url,
            shortcuts=shortcuts,
            home=bool(features.get("app_home", {}).get("home_tab_enabled", False)),
            id=app_id,
        )


@dataclass(frozen=True, slots=True)
class Seed:
    """The whole: names are unique among people and apps, and among channels."""

    people: tuple[Person, ...]
    rooms: tuple[Room, ...]
    apps: tuple[InstalledApp, ...] = ()
    team_name: str = "Course"
    domain: str = "course"
    team_id: str = ""


def make_id(prefix: str, name: str) -> str:
    """Slack's form of an id, the same for the same name: the prefix, then at least eight of A-Z and 0-9."""
    return f"{prefix}0{re.sub('[^A-Z0-9]', '', name.upper()):0<8}"
