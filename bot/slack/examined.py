"""What one look at Slack shows."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """What Slack says of a configured channel; `problem` is '' or its word for why it says nothing."""

    id: str
    name: str = ""
    joined: bool = False
    archived: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AppTokenSeen:
    """What Slack says of the app-level token: its word against it, or why it could not be asked; both '' for a good one."""

    problem: str = ""
    untested: str = ""


@dataclass(frozen=True, slots=True)
class SlackSeen:
    """What Slack says; what could not be asked is None or ()."""

    unreachable: str = ""
    """Why Slack could not be asked at all."""
    bot_fault: str = ""
    """Why it refuses the bot's token, a whole sentence."""
    team: str = ""
    """The workspace the bot's token is good for."""
    team_name: str = ""
    scopes: frozenset[str] | None = None
    app_id: str = ""
    """Of the app that the bot's token belongs to."""
    app_token: AppTokenSeen | None = None
    channels: tuple[ChannelSeen, ...] = ()
    off: timedelta | None = None
    """Slack's clock, which tells whole seconds, seen from this machine's."""
