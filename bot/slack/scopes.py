"""The bot's scopes, each with what it is for; the manifest asks for exactly these."""

from collections.abc import Mapping
from types import MappingProxyType

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "commands": "the slash commands",
        "chat:write": "answers that only the person who asked can see, and direct messages",
        "im:write": "opening the direct message by which a person is told when nothing else reaches them",
        "im:history": "looking whether that message was sent already when the bot was interrupted, so that nobody is told twice",
        "users:read": "`connbot roster import`: finding the course's members in the workspace",
        "users:read.email": "`connbot roster import`: matching them by the e-mail of their confirmed profile",
        "channels:read": "`connbot doctor`: whether the configured public channels exist and have the bot in them",
        "groups:read": "`connbot doctor`: the same for private channels that the bot is in",
    }
)
APP_SCOPE = "connections:write"
"""What the app-level token has, for Socket Mode."""
