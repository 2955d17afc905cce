"""How users, channels and messages look in Slack's JSON."""

from collections.abc import Iterable

from bot.workspace.model import App, Channel, Json, Kind, Message, User
from bot.workspace.state import State


def message_json(state: State, message: Message, *, metadata: bool = True, thread: bool = False) -> Json:
    """A message as the Web API and events hold it; `thread` adds what a parent says of its replies."""
    out: Json = {"type": "message", "ts": message.ts, "text": message.text, "team": state.team.id}
    out |= {name: value for name, value in (("user", message.user), ("subtype", message.subtype)) if value is not None}
    if message.bot_id is not None:
        out["bot_id"] = message.bot_id
        out["app_id"] = message.app_id
        out["bot_profile"] = bot_profile(state, state.apps[message.app_id or ""])
    if message.blocks is not None:
        out["blocks"] = list(message.blocks)
    if message.attachments:
        out["attachments"] = list(message.attachments)
    if message.files:
        out |= {"files": list(message.files), "upload": False, "display_as_bot": False}
    if message.thread_ts is not None:
        out |= _place_in_thread(state, message, message.thread_ts)
    if message.edited is not None:
        out["edited"] = message.edited
    if message.reactions:
        out["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions
        ]
    further = {"metadata": message.metadata if metadata else None, "hidden": message.subtype == "tombstone"}
    out |= {name: value for name, value in further.items() if value}
    return out | (_thread(replies(state, message)) if thread else {})


def _place_in_thread(state: State, message: Message, thread_ts: str) -> Json:
    parent = state.message(message.channel, thread_ts)
    if not message.is_reply or parent is None:
        return {"thread_ts": thread_ts}
    place: Json = {"thread_ts": thread_ts}
    if parent.user is not None:
        place["parent_user_id"] = parent.user
    if message.broadcast:
        place["root"] = message_json(state, parent, thread=True)
    return place


def replies(state: State, parent: Message) -> list[Message]:
    """The replies to a message, oldest first."""
    return [
        message
        for message in state.messages(parent.channel)
        if message.thread_ts == parent.ts and message.is_reply and not message.ephemeral
    ]


def _thread(answers: Iterable[Message]) -> Json:
    answers = list(answers)
    if not answers:
        return {}
    users = list(dict.fromkeys(answer.user for answer in answers if answer.user))
    return {
        "reply_count": len(answers),
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": answers[-1].ts,
    }


def bot_profile(state: State, app: App) -> Json:
    """The `bot_profile` of an app's messages."""
    return {
        "id": app.bot_id,
        "app_id": app.id,
        "user_id": app.bot_user_id,
        "name": app.name,
        "deleted": False,
        "team_id": state.team.id,
    }


def user_json(state: State, user: User, *, email: bool) -> Json:
    """A user; the address only where the scope for it is there."""
    profile: Json = {
        "real_name": user.real_name,
        "display_name": user.name,
        "real_name_normalized": user.real_name,
        "display_name_normalized": user.name,
        "title": user.title,
        "team": state.team.id,
    }
    if email and user.email is not None:
        profile["email"] = user.email
    if user.bot_id is not None:
        profile |= {"bot_id": user.bot_id, "api_app_id": user.app_id}
    return {
        "id": user.id,
        "team_id": state.team.id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "tz": user.tz,
        "tz_offset": user.tz_offset,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_email_confirmed": user.email is not None and user.email_confirmed,
        "updated": 0,
    }


def channel_json(channel: Channel, viewer: str, *, count: bool = False) -> Json:
    """A conversation as one user sees it."""
    out: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": channel.kind is Kind.IM,
        "is_mpim": channel.kind is Kind.MPIM,
        "is_channel": channel.kind is Kind.CHANNEL,
        "is_group": channel.kind is Kind.PRIVATE,
        "is_private": channel.kind is not Kind.CHANNEL,
        "is_org_shared": False,
    }
    if channel.kind is Kind.IM:
        out["user"] = channel.other(viewer)
        out["is_open"] = True
    else:
        out |= {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_member": viewer in channel.members,
            "topic": {"value": channel.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
    if count:
        out["num_members"] = len(channel.members)
    return out
