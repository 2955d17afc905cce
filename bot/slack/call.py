"""One delivery of Slack's, as plain values: who, where, what was typed or clicked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.access.member import Actor
from bot.incidents.proposal import RESPONSE_URL_LIVES_FOR, Place
from bot.slack import payloads
from bot.slack.bodies import part, text


@dataclass(frozen=True, slots=True)
class Window:
    """An open modal, as it was shown last; `hash` is another after each change."""

    id: str
    hash: str


@dataclass(frozen=True, slots=True)
class Call:
    """A slash command, a shortcut, a click or a submitted modal; `key` names the delivery, so that a second one of the same is known."""

    actor: Actor
    place: Place
    key: str
    at: datetime
    name: str
    """The command, the action's id, or the callback id of the shortcut or modal."""
    text: str
    """What follows the command, the value that was clicked or chosen, or what the submitted modal is about."""
    body: Mapping[str, Any]
    replaces: bool = False
    """The message that was clicked is ours to replace."""
    trigger: str = ""
    """Opens one modal, within three seconds."""
    window: Window | None = None
    """The modal in which it was clicked, which is still there: an answer elsewhere lies behind it."""
    in_home: bool = False
    """What was clicked stands in the Home tab, where nothing can be answered."""
    before_home: bool = False
    """What was clicked or submitted stands in the Home tab, or in a modal, which may have been opened from there."""


def of_command(body: Mapping[str, Any], at: datetime) -> Call:
    """Read a slash command's payload."""
    return Call(
        actor=Actor(text(body, "team_id"), text(body, "user_id")),
        place=_place(text(body, "channel_id"), None, text(body, "response_url"), at),
        key=f"command:{text(body, 'trigger_id')}",
        at=at,
        name=text(body, "command"),
        text=text(body, "text"),
        body=body,
        trigger=text(body, "trigger_id"),
    )


def of_action(body: Mapping[str, Any], at: datetime) -> Call:
    """Read a `block_actions` payload's first action; a person of another workspace acts as one of that workspace."""
    action, container = _first_action(body), part(body, "container")
    view = part(body, "view")
    in_home = view.get("type") == "home"
    channel = text(container, "channel_id") or text(part(body, "channel"), "id")
    thread = text(container, "thread_ts") or text(part(body, "message"), "thread_ts")
    place = _place(channel, thread or None, text(body, "response_url"), at)
    return Call(
        actor=_actor(body),
        place=_behind(body) if view else place,
        key=f"action:{text(body, 'trigger_id')}",
        at=at,
        name=text(action, "action_id"),
        text=text(action, "value") or text(part(action, "selected_option"), "value"),
        body=body,
        replaces=not view,
        trigger=text(body, "trigger_id"),
        window=Window(text(view, "id"), text(view, "hash")) if view and not in_home else None,
        in_home=in_home,
        before_home=bool(view) and is_button(body),
    )


def of_home(body: Mapping[str, Any], at: datetime) -> Call:
    """Read an `app_home_opened` event; the place is the conversation of that person with us."""
    event = part(body, "event")
    return Call(
        actor=Actor(text(body, "team_id"), text(event, "user")),
        place=Place(text(event, "channel")),
        key=f"event:{text(body, 'event_id')}",
        at=at,
        name=text(event, "type"),
        text=text(event, "tab"),
        body=body,
    )


def of_user_change(body: Mapping[str, Any], at: datetime) -> Call:
    """Read a `user_change` event, as of the person whom it is about; the text is deleted where their account is closed."""
    event = part(body, "event")
    user = part(event, "user")
    return Call(
        actor=Actor(text(body, "team_id"), text(user, "id")),
        place=Place(""),
        key=f"event:{text(body, 'event_id')}",
        at=at,
        name=text(event, "type"),
        text="deleted" if user.get("deleted") is True else "",
        body=body,
    )


def of_shortcut(body: Mapping[str, Any], at: datetime) -> Call:
    """Read the payload of a shortcut, of a message's menu or for all; `body["message"]` is the message, which has its `thread_ts` in a thread."""
    thread = text(part(body, "message"), "thread_ts") or None
    return Call(
        actor=_actor(body),
        place=_place(text(part(body, "channel"), "id"), thread, text(body, "response_url"), at),
        key=f"shortcut:{text(body, 'trigger_id')}",
        at=at,
        name=text(body, "callback_id"),
        text="",
        body=body,
        trigger=text(body, "trigger_id"),
    )


def of_view(body: Mapping[str, Any], at: datetime) -> Call:
    """Read a `view_submission` payload; the place is the one that the modal was opened in."""
    view = part(body, "view")
    # One view is submitted once: its hash is another after each change.
    version = f"{text(view, 'id')}:{text(view, 'hash')}"
    return Call(
        actor=_actor(body),
        place=_behind(body),
        key=f"view:{text(body, 'trigger_id') or version}",
        at=at,
        name=text(view, "callback_id"),
        text=payloads.read_behind(view.get("private_metadata")).about,
        body=body,
        trigger=text(body, "trigger_id"),
        before_home=True,
    )


def is_button(body: Mapping[str, Any]) -> bool:
    """Say whether a `block_actions` payload is of a click on a button that does something with us; one with a link opens that."""
    action = _first_action(body)
    return action.get("type") == "button" and not action.get("url")


def _first_action(body: Mapping[str, Any]) -> Mapping[str, Any]:
    actions = body.get("actions")
    return actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}


def _actor(body: Mapping[str, Any]) -> Actor:
    user = part(body, "user")
    return Actor(text(user, "team_id") or text(part(body, "team"), "id"), text(user, "id"))


def _behind(body: Mapping[str, Any]) -> Place:
    behind = payloads.read_behind(part(body, "view").get("private_metadata"))
    return Place(behind.channel, behind.thread)


def _place(channel: str, thread: str | None, response_url: str, at: datetime) -> Place:
    return Place(channel, thread, response_url or None, at + RESPONSE_URL_LIVES_FOR if response_url else None)
