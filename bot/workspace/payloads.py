"""The payloads that apps are sent, field by field as documented."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.workspace.block_kit.walk import CHOICES, elements, option_list
from bot.workspace.model import App, Change, Channel, Json, Kind, Message, Reaction, Shortcut, SlashCommand, User, What
from bot.workspace.refusals import NotPossible
from bot.workspace.shapes import message_json, user_json
from bot.workspace.state import State

# How a command's payload names conversations that have no public name.
CHANNEL_NAMES = {Kind.IM: "directmessage", Kind.PRIVATE: "privategroup", Kind.MPIM: "mpdm"}


@dataclass(frozen=True, slots=True)
class Means:
    """Who does something with which app, and the two means that the app gets to answer."""

    app: App
    user: User
    response_url: str
    trigger_id: str


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did in a message or modal: in which control, what was chosen there, and all that is chosen around it."""

    block_id: str
    action_id: str
    chosen: Json
    """The fields of an action of the control's kind, `selected_options` and the like; options as dicts with their value."""
    values: Mapping[str, Any]
    """`state.values`."""


def find_element(blocks: Iterable[Json] | None, block_id: str, action_id: str) -> Json:
    """The interactive element with these ids; NotPossible when there is none."""
    for place, element in elements(blocks):
        if place == block_id and element["action_id"] == action_id:
            return element
    raise NotPossible("There is no such control here any more.")


def command(state: State, means: Means, channel: Channel, asked: SlashCommand, text: str) -> Json:
    """A slash command; every field is text, as in a form."""
    return {
        "token": means.app.verification_token,
        "team_id": state.team.id,
        "team_domain": state.team.domain,
        "channel_id": channel.id,
        "channel_name": CHANNEL_NAMES.get(channel.kind, channel.name),
        "user_id": means.user.id,
        "user_name": means.user.name,
        "command": asked.command,
        "text": text,
        "api_app_id": means.app.id,
        "is_enterprise_install": "false",
        "response_url": means.response_url,
        "trigger_id": means.trigger_id,
    }


def block_actions(state: State, means: Means, message: Message, action: Json, values: Json) -> Json:
    """One action in a message; the message itself is left out where it is ephemeral."""
    channel = state.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    payload: Json = _interaction(state, means, "block_actions") | {
        "container": container,
        "trigger_id": means.trigger_id,
        "channel": {"id": channel.id, "name": CHANNEL_NAMES.get(channel.kind, channel.name)},
        "state": {"values": values},
        "response_url": means.response_url,
        "actions": [action | {"action_ts": state.next_ts()}],
    }
    if not message.ephemeral:
        payload["message"] = message_json(state, message)
    return payload


def _interaction(state: State, means: Means, kind: str) -> Json:
    """What every interaction says of who did it, where."""
    return {
        "type": kind,
        "user": {"id": means.user.id, "username": means.user.name, "name": means.user.name, "team_id": state.team.id},
        "api_app_id": means.app.id,
        "token": means.app.verification_token,
        "team": {"id": state.team.id, "domain": state.team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def shortcut(state: State, means: Means, asked: Shortcut) -> Json:
    """A global shortcut; there is no response_url, for it has no place."""
    return _interaction(state, means, "shortcut") | {
        "action_ts": state.next_ts(),
        "callback_id": asked.callback_id,
        "trigger_id": means.trigger_id,
    }


def message_action(state: State, means: Means, asked: Shortcut, message: Message) -> Json:
    """A shortcut out of a message's menu."""
    channel = state.channels[message.channel]
    return _interaction(state, means, "message_action") | {
        "action_ts": state.next_ts(),
        "callback_id": asked.callback_id,
        "trigger_id": means.trigger_id,
        "response_url": means.response_url,
        "channel": {"id": channel.id, "name": CHANNEL_NAMES.get(channel.kind, channel.name)},
        "message_ts": message.ts,
        "message": message_json(state, message),
    }


def view_submission(state: State, means: Means, view: Json) -> Json:
    """A modal that was submitted; `view` holds what is in its fields."""
    return _interaction(state, means, "view_submission") | {
        "trigger_id": means.trigger_id,
        "view": view,
        "response_urls": [],
    }


def view_closed(state: State, means: Means, view: Json, *, cleared: bool) -> Json:
    """A modal that was closed; `cleared` with all that lay under it."""
    return _interaction(state, means, "view_closed") | {"view": view, "is_cleared": cleared}


def view_actions(state: State, means: Means, view: Json, action: Json) -> Json:
    """One action in a modal or a Home tab; it has neither a message nor a response_url."""
    return _interaction(state, means, "block_actions") | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": means.trigger_id,
        "view": view,
        "actions": [action | {"action_ts": state.next_ts()}],
    }


def message_event(state: State, change: Change, ts: str) -> Json:
    """The `message` event of a message that came, changed or went; `ts` is the event's own time."""
    message = change.message or change.before
    if message is None:
        raise ValueError("Only changes of messages are message events.")
    channel = state.channels[message.channel]
    place: Json = {"channel": channel.id, "channel_type": channel.kind.value, "event_ts": ts}
    if change.what is What.MESSAGE:
        kept = message_json(state, message)
        if change.by_person:
            kept["client_msg_id"] = secrets.token_hex(16)
        return kept | place | {"event_ts": message.ts}
    changed: Json = {"type": "message", "hidden": True, "ts": ts}
    if change.before is not None:
        changed["previous_message"] = message_json(state, change.before)
    if change.message is not None:
        return changed | {"subtype": "message_changed", "message": message_json(state, change.message)} | place
    return changed | {"subtype": "message_deleted", "deleted_ts": message.ts} | place


def reaction_event(message: Message, reaction: Reaction, ts: str) -> Json:
    """The `reaction_added` or `reaction_removed` event; `ts` is its own time."""
    return {
        "type": "reaction_added" if reaction.added else "reaction_removed",
        "user": reaction.user,
        "reaction": reaction.name,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        **({} if message.user is None else {"item_user": message.user}),
        "event_ts": ts,
    }


def home_opened_event(user: User, channel: Channel, tab: str, view: Json | None, ts: str) -> Json:
    """The `app_home_opened` event: a person looks at an app's Home or Messages tab; `channel` is their conversation."""
    event: Json = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab, "event_ts": ts}
    return event if view is None else event | {"view": view}


def user_change_event(state: State, user: User, ts: str, *, email: bool) -> Json:
    """The `user_change` event: something about a person is different now."""
    return {"type": "user_change", "user": user_json(state, user, email=email), "cache_ts": 0, "event_ts": ts}


def mention_event(state: State, message: Message) -> Json:
    """The `app_mention` event of a message."""
    kept = message_json(state, message)
    kept |= {"type": "app_mention", "channel": message.channel, "event_ts": message.ts}
    return kept


def event_callback(state: State, app: App, event: Json) -> Json:
    """The envelope of an event; its `event_id` is the same however often it is sent."""
    return {
        "token": app.verification_token,
        "team_id": state.team.id,
        "context_team_id": state.team.id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev0{secrets.token_hex(5).upper()}",
        "event_time": int(state.now().timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": state.team.id,
                "user_id": app.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_urlsafe(24)}",
    }


def url_verification(app: App, challenge: str) -> Json:
    """What a request URL is asked before Slack believes it."""
    return {"token": app.verification_token, "challenge": challenge, "type": "url_verification"}


def chosen_action(element: Json, block_id: str, chosen: Json) -> Json:
    """An entry of `actions`: the element as the message has it, with what the person chose in it.

    Of `chosen` only the field of the element's kind counts (`selected_options`, `selected_user` …); LookupError when it
    names an option that the element does not offer.
    """
    action: Json = {"type": element["type"], "block_id": block_id, "action_id": element["action_id"]}
    for name in ("text", "value", "style", "placeholder", "confirm", "url"):
        if name in element:
            action[name] = element[name]
    field = "selected_option" if element["type"] == "overflow" else CHOICES.get(element["type"], ("", ""))[1]
    if field:
        action[field] = _offered(element, field, chosen.get(field))
    return action


def _offered(element: Json, field: str, value: Any) -> Any:
    if field == "selected_options":
        return [_option(element, each) for each in value or ()]
    if field == "selected_option" and value is not None:
        return _option(element, value)
    return value


def _option(element: Json, wanted: Any) -> Any:
    # The options of an external menu come from the app, and are not in the message.
    if element["type"] in ("external_select", "multi_external_select"):
        return wanted
    value = wanted.get("value") if isinstance(wanted, dict) else None
    for option in option_list(element):
        if option["value"] == value:
            return option
    raise LookupError(f"The message offers no option {value!r}.")
