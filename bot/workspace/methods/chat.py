"""The methods of the `chat` family."""

from dataclasses import replace

from bot.workspace.calls import Call, Method, Refused, Tier, Token
from bot.workspace.content import UPDATE_TEXT_AT_MOST, Content, read_changes, read_content, refuse_long
from bot.workspace.model import Channel, Json, Kind, Message
from bot.workspace.shapes import message_json


def post_message(call: Call) -> Json:
    """Post to a conversation; a user's id means the direct conversation with that user."""
    channel = _addressed(call)
    if channel.archived:
        raise Refused("is_archived")
    if call.app.bot_user_id not in channel.members and "chat:write.public" not in call.app.scopes:
        raise Refused("not_in_channel")
    content = read_content(call.arguments)
    refuse_long(content)
    thread_ts = _thread(call, channel)
    message = _from_app(call, channel, content)
    if thread_ts and call.arguments.flag("reply_broadcast"):
        message = replace(message, broadcast=True, subtype="thread_broadcast")
    message = replace(message, thread_ts=thread_ts)
    call.state.post(message)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(call.state, message)}


def post_ephemeral(call: Call) -> Json:
    """Show one member of a conversation a message that no history holds."""
    channel = call.channel()
    user = call.user()
    if call.app.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    if user.id not in channel.members:
        raise Refused("user_not_in_channel")
    content = read_content(call.arguments)
    refuse_long(content)
    message = replace(
        _from_app(call, channel, content), thread_ts=_thread(call, channel), ephemeral_to=user.id, metadata=None
    )
    call.state.post(message)
    return {"message_ts": message.ts}


def update(call: Call) -> Json:
    """Change one of the app's own messages; what the call does not name stays, blocks too."""
    message = _own(call, "cant_update_message")
    content = read_changes(call.arguments)
    refuse_long(content)
    if content.text is None and content.blocks is None and content.attachments is None:
        raise Refused("no_text")
    if content.text is not None and len(content.text) > UPDATE_TEXT_AT_MOST:
        raise Refused("msg_too_long")
    ts = call.state.next_ts()
    changed = replace(
        message,
        text=message.text if content.text is None else content.text,
        blocks=message.blocks if content.blocks is None else content.blocks or None,
        attachments=message.attachments if content.attachments is None else content.attachments,
        metadata=message.metadata if content.metadata is None else content.metadata or None,
        edited={"user": call.app.bot_user_id, "ts": ts},
        link_names=content.link_names,
    )
    if not (changed.text or changed.blocks or changed.attachments):
        raise Refused("no_text")
    call.state.change(changed)
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": changed.text,
        "message": message_json(call.state, changed),
    }


def delete(call: Call) -> Json:
    """Delete one of the app's own messages."""
    message = _own(call, "cant_delete_message")
    call.state.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(call: Call) -> Json:
    """The address of a message in this workspace's page."""
    channel = call.channel()
    message = call.state.message(channel.id, call.arguments.text("message_ts"))
    if message is None or message.ephemeral:
        raise Refused("message_not_found")
    link = f"{call.url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _addressed(call: Call) -> Channel:
    reference = call.arguments.text("channel")
    if reference in call.state.users:
        if call.state.users[reference].is_bot:
            raise Refused("channel_not_found")
        channel, _ = call.state.open_direct((call.app.bot_user_id, reference))
        return channel
    if reference in call.state.channels:
        return call.channel()
    try:
        channel = call.state.find_channel(reference)
    except LookupError:
        raise Refused("channel_not_found") from None
    if channel.kind is not Kind.CHANNEL and call.app.bot_user_id not in channel.members:
        raise Refused("channel_not_found")
    return channel


def _thread(call: Call, channel: Channel) -> str | None:
    thread_ts = call.arguments.optional_text("thread_ts") or None
    if thread_ts is None:
        return None
    parent = call.state.message(channel.id, thread_ts)
    if parent is None or parent.ephemeral:
        raise Refused("thread_not_found")
    if parent.is_reply:
        raise Refused("cannot_reply_to_message")
    return thread_ts


def _from_app(call: Call, channel: Channel, content: Content) -> Message:
    return Message(
        ts=call.state.next_ts(),
        channel=channel.id,
        text=content.text or "",
        user=call.app.bot_user_id,
        bot_id=call.app.bot_id,
        app_id=call.app.id,
        blocks=content.blocks or None,
        attachments=content.attachments or (),
        metadata=content.metadata or None,
        link_names=content.link_names,
    )


def _own(call: Call, refusal: str) -> Message:
    channel = call.channel()
    message = call.state.message(channel.id, call.arguments.text("ts"))
    if message is None or message.ephemeral:
        raise Refused("message_not_found")
    if message.bot_id != call.app.bot_id:
        raise Refused(refusal)
    return message


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",), Tier.POSTING),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",), Tier.FOUR),
    "chat.update": Method(update, ("chat:write",), Tier.THREE),
    "chat.delete": Method(delete, ("chat:write",), Tier.THREE),
    "chat.getPermalink": Method(get_permalink, (), Tier.SPECIAL, Token.BOT),
}
