"""One delivery of Slack's, as plain values: who, where, what was typed or clicked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.access.member import Actor
from bot.incidents.proposal import RESPONSE_URL_LIVES_FOR, Place


@dataclass(frozen=True, slots=True)
class Call:
    """A slash command or a click; `key` names the delivery, so that a second one of the same is known."""

    actor: Actor
    place: Place
    key: str
    at: datetime
    name: str
    """The command, or the action's id."""
    text: str
    """What follows the command, or the clicked element's value."""
    body: Mapping[str, Any]
    replaces: bool = False
    """The message that was clicked is ours to replace."""


def of_command(body: Mapping[str, Any], at: datetime) -> Call:
    """Read a slash command's payload."""
    return Call(
        actor=Actor(_text(body, "team_id"), _text(body, "user_id")),
        place=_place(_text(body, "channel_id"), None, _text(body, "response_url"), at),
        key=f"command:{_text(body, 'trigger_id')}",
        at=at,
        name=_text(body, "command"),
        text=_text(body, "text"),
        body=body,
    )


def of_action(body: Mapping[str, Any], at: datetime) -> Call:
    """Read a `block_actions` payload's first action; a person of another workspace acts as one of that workspace."""
    action = _first_action(body)
    container, user, team = _part(body, "container"), _part(body, "user"), _part(body, "team")
    channel = _text(container, "channel_id") or _text(_part(body, "channel"), "id")
    return Call(
        actor=Actor(_text(user, "team_id") or _text(team, "id"), _text(user, "id")),
        place=_place(channel, _text(container, "thread_ts") or None, _text(body, "response_url"), at),
        key=f"action:{_text(body, 'trigger_id')}",
        at=at,
        name=_text(action, "action_id"),
        text=_text(action, "value"),
        body=body,
        replaces=True,
    )


def is_button(body: Mapping[str, Any]) -> bool:
    """Say whether a `block_actions` payload is of a click on a button that does something with us; one with a link opens that."""
    action = _first_action(body)
    return action.get("type") == "button" and not action.get("url")


def _first_action(body: Mapping[str, Any]) -> Mapping[str, Any]:
    actions = body.get("actions")
    return actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}


def _place(channel: str, thread: str | None, response_url: str, at: datetime) -> Place:
    return Place(channel, thread, response_url or None, at + RESPONSE_URL_LIVES_FOR if response_url else None)


def _part(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = body.get(key)
    return part if isinstance(part, Mapping) else {}


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""
