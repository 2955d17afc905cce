"""The bot's scopes, each with what it is for, and its events; the manifest asks for exactly these."""

from collections.abc import Mapping
from types import MappingProxyType

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "commands": "the slash commands",
        "chat:write": "answers that only the person who asked can see, and direct messages",
        "reactions:write": "marking messages that were heard, instead of writing one more",
        "im:write": "opening the direct message by which a person is told when nothing else reaches them",
        "im:history": "reading what people write to the bot, and looking whether it told them something before it was interrupted",
        "channels:history": "reading reports in public channels that the bot is in, those of an interruption too",
        "groups:history": "the same in private channels that the bot is in",
        "app_mentions:read": "hearing it when somebody mentions the bot",
        "files:read": "the Home tab: reading the class list that an instructor chooses there",
        "users:read": "`connbot roster import`: finding the course's members in the workspace; `/connbot link`: who asks, and whose account is closed",
        "users:read.email": "`connbot roster import` and `/connbot link`: matching and showing people by the e-mail of their confirmed profile",
        "channels:read": "`connbot doctor`: whether the configured public channels exist and have the bot in them",
        "groups:read": "`connbot doctor`: the same for private channels that the bot is in",
    }
)
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "message.channels": "channels:history",
        "message.groups": "groups:history",
        "message.im": "im:history",
        "app_mention": "app_mentions:read",
        "app_home_opened": "",
        "user_change": "users:read",
    }
)
"""The events that the manifest subscribes to, each with the scope that it takes; '' for none."""
APP_SCOPE = "connections:write"
"""What the app-level token has, for Socket Mode."""
