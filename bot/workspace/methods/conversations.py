"""The methods of the `conversations` family, and reactions."""

import re
from dataclasses import replace

from bot.workspace.calls import Call, Method, Refused, Tier, invalid_arguments
from bot.workspace.model import Channel, Json, Kind, Message
from bot.workspace.shapes import channel_json, message_json, replies

TYPES = {"public_channel": Kind.CHANNEL, "private_channel": Kind.PRIVATE, "im": Kind.IM, "mpim": Kind.MPIM}
FAMILY = {Kind.CHANNEL: "channels", Kind.PRIVATE: "groups", Kind.IM: "im", Kind.MPIM: "mpim"}
USERS_OF_A_GROUP_AT_MOST = 8


def open_conversation(call: Call) -> Json:
    """The direct conversation with one user or a few, opened where there is none."""
    names = call.arguments.names("users")
    if "channel" in call.arguments:
        channel, was_there = call.channel(), True
        if not channel.direct:
            raise Refused("channel_not_found")
    elif not names:
        raise Refused("users_list_not_supplied")
    else:
        call.demand("im:write" if len(names) == 1 else "mpim:write")
        channel, was_there = _open_with(call, names)
    full = channel_json(channel, call.app.bot_user_id) if call.arguments.flag("return_im") else {"id": channel.id}
    return {"channel": full} | ({"no_op": True, "already_open": True} if was_there else {})


def _open_with(call: Call, names: list[str]) -> tuple[Channel, bool]:
    if len(names) > USERS_OF_A_GROUP_AT_MOST:
        raise Refused("too_many_users")
    for name in names:
        user = call.state.users.get(name)
        if user is None:
            raise Refused("user_not_found")
        if user.is_bot:
            raise Refused("cannot_dm_bot")
        if user.deleted:
            raise Refused("user_disabled")
    return call.state.open_direct((call.app.bot_user_id, *names))


def list_conversations(call: Call) -> Json:
    """The conversations of the named types that the app may know of."""
    bot = call.app.bot_user_id
    shown = [each for each in _typed(call) if each.kind is Kind.CHANNEL or bot in each.members]
    page, metadata = call.page(shown, "channels")
    return {"channels": [channel_json(each, bot, count=True) for each in page], "response_metadata": metadata}


def users_conversations(call: Call) -> Json:
    """The conversations that a user, or the app itself, is in; as far as the app may know of them."""
    bot = call.app.bot_user_id
    whose = call.user().id if "user" in call.arguments else bot
    shown = [
        each for each in _typed(call) if whose in each.members and (each.kind is Kind.CHANNEL or bot in each.members)
    ]
    page, metadata = call.page(shown, "channels")
    return {"channels": [channel_json(each, bot) for each in page], "response_metadata": metadata}


def _typed(call: Call) -> list[Channel]:
    names = call.arguments.names("types") or ["public_channel"]
    if unknown := [name for name in names if name not in TYPES]:
        raise Refused("invalid_types", types=unknown)
    kinds = [TYPES[name] for name in names]
    for kind in kinds:
        call.demand(f"{FAMILY[kind]}:read")
    hide = call.arguments.flag("exclude_archived")
    return [each for each in call.state.channels.values() if each.kind in kinds and not (hide and each.archived)]


def info(call: Call) -> Json:
    """One conversation."""
    channel = call.channel()
    call.demand(f"{FAMILY[channel.kind]}:read")
    count = call.arguments.flag("include_num_members")
    return {"channel": channel_json(channel, call.app.bot_user_id, count=count)}


def members(call: Call) -> Json:
    """The ids of everybody in a conversation."""
    channel = call.channel()
    call.demand(f"{FAMILY[channel.kind]}:read")
    page, metadata = call.page(channel.members, "members")
    return {"members": page, "response_metadata": metadata}


def join(call: Call) -> Json:
    """Enter a public channel."""
    channel = call.channel()
    if channel.kind is not Kind.CHANNEL:
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    bot = call.app.bot_user_id
    if bot in channel.members:
        note = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": channel_json(channel, bot)} | note
    channel = replace(channel, members=(*channel.members, bot))
    call.state.replace_channel(channel)
    return {"channel": channel_json(channel, bot)}


def history(call: Call) -> Json:
    """A conversation's messages, newest first, without replies and without what only one person saw."""
    channel = _readable(call)
    kept = [
        message
        for message in reversed(_between(call, call.state.messages(channel.id)))
        if not message.ephemeral and (not message.is_reply or message.broadcast)
    ]
    page, metadata = call.page(kept, "history")
    return _messages(call, page, metadata)


def conversation_replies(call: Call) -> Json:
    """A thread: its parent, then its replies, oldest first."""
    channel = _readable(call)
    parent = call.state.message(channel.id, call.arguments.text("ts"))
    if parent is not None and parent.is_reply:
        parent = call.state.message(channel.id, parent.thread_ts or "")
    if parent is None or parent.ephemeral:
        raise Refused("thread_not_found")
    page, metadata = call.page([parent, *_between(call, replies(call.state, parent))], "replies")
    return _messages(call, page, metadata)


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.demand(f"{FAMILY[channel.kind]}:history")
    if call.app.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _between(call: Call, messages: list[Message]) -> list[Message]:
    bounds = []
    for name, default in (("oldest", "0"), ("latest", "9999999999.999999")):
        value = call.arguments.optional_text(name) or default
        if not re.fullmatch(r"\d+(\.\d{1,6})?", value):
            raise Refused(f"invalid_ts_{name}")
        seconds, _, micros = value.partition(".")
        bounds.append(f"{seconds}.{micros:0<6}".rjust(17, "0"))
    oldest, latest = bounds
    inclusive = call.arguments.flag("inclusive")
    return [
        message
        for message in messages
        if oldest < (at := message.ts.rjust(17, "0")) < latest or (inclusive and at in (oldest, latest))
    ]


def _messages(call: Call, page: list[Message], metadata: Json) -> Json:
    told = call.arguments.flag("include_all_metadata")
    shown = [message_json(call.state, each, metadata=told, thread=not each.is_reply) for each in page]
    more = bool(metadata["next_cursor"])
    return {"messages": shown, "has_more": more} | ({"response_metadata": metadata} if more else {})


def add_reaction(call: Call) -> Json:
    """React to a message with an emoji."""
    message, name = _reacted(call)
    if call.app.bot_user_id in dict(message.reactions).get(name, ()):
        raise Refused("already_reacted")
    call.state.react(message, name, call.app.bot_user_id)
    return {}


def remove_reaction(call: Call) -> Json:
    """Take the app's own reaction back."""
    message, name = _reacted(call)
    if call.app.bot_user_id not in dict(message.reactions).get(name, ()):
        raise Refused("no_reaction")
    call.state.unreact(message, name, call.app.bot_user_id)
    return {}


def _reacted(call: Call) -> tuple[Message, str]:
    name = call.arguments.text("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise Refused("invalid_name")
    if "timestamp" not in call.arguments:
        raise (
            Refused("no_item_specified")
            if "channel" in call.arguments
            else invalid_arguments("missing required field: channel", "missing required field: timestamp")
        )
    channel = call.channel()
    message = call.state.message(channel.id, call.arguments.text("timestamp"))
    if message is None or message.ephemeral:
        raise Refused("message_not_found")
    return message, name


_READ = tuple(f"{family}:read" for family in FAMILY.values())
_HISTORY = tuple(f"{family}:history" for family in FAMILY.values())
_OPEN = ("im:write", "mpim:write", "channels:manage", "groups:write")
METHODS = {
    "conversations.open": Method(open_conversation, _OPEN, Tier.THREE),
    "conversations.list": Method(list_conversations, _READ, Tier.TWO),
    "conversations.info": Method(info, _READ, Tier.THREE),
    "conversations.members": Method(members, _READ, Tier.FOUR),
    "conversations.join": Method(join, ("channels:join",), Tier.THREE),
    "conversations.history": Method(history, _HISTORY, Tier.THREE),
    "conversations.replies": Method(conversation_replies, _HISTORY, Tier.THREE),
    "users.conversations": Method(users_conversations, _READ, Tier.THREE),
    "reactions.add": Method(add_reaction, ("reactions:write",), Tier.THREE),
    "reactions.remove": Method(remove_reaction, ("reactions:write",), Tier.TWO),
}
