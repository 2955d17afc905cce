"""The methods of the `files` family."""

from dataclasses import replace

from bot.workspace.calls import Call, Method, Refused, Tier, invalid_arguments
from bot.workspace.files import FILE_AT_MOST, FileRefused
from bot.workspace.model import Json, Message


def get_upload_url(call: Call) -> Json:
    """Make an address to which the bytes of one file can be sent."""
    length = call.arguments.number("length", 0)
    if length <= 0:
        raise invalid_arguments("length must be more than 0 [json-pointer:/length]")
    if length > FILE_AT_MOST:
        raise Refused("file_upload_size_restricted")
    token, identity = call.files.begin(call.app, call.arguments.text("filename"), length)
    return {"upload_url": f"{call.url}upload/{token}", "file_id": identity}


def complete_upload(call: Call) -> Json:
    """Make what was uploaded files, and post them where a channel is named."""
    wanted = call.arguments.json("files", "invalid_arguments")
    if (
        not isinstance(wanted, list)
        or not wanted
        or not all(isinstance(each, dict) and each.get("id") for each in wanted)
    ):
        raise invalid_arguments("files must be a list of objects with an id [json-pointer:/files]")
    channel = call.channel("channel_id") if "channel_id" in call.arguments else None
    if channel is not None and call.app.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    try:
        files = call.files.complete(call.app, [(str(each["id"]), each.get("title")) for each in wanted])
    except FileRefused as refusal:
        raise Refused(str(refusal)) from None
    if channel is not None:
        message = Message(
            ts=call.state.next_ts(),
            channel=channel.id,
            text=call.arguments.optional_text("initial_comment") or "",
            user=call.app.bot_user_id,
            bot_id=call.app.bot_id,
            app_id=call.app.id,
            subtype="file_share",
            files=tuple(files),
        )
        call.state.post(replace(message, thread_ts=call.arguments.optional_text("thread_ts")))
    return {"files": files}


def info(call: Call) -> Json:
    """What there is to say of one file."""
    found = call.files.find(call.arguments.text("file"))
    if found is None:
        raise Refused("file_not_found")
    return {"file": found.about, "comments": []}


METHODS = {
    "files.completeUploadExternal": Method(complete_upload, ("files:write",), Tier.FOUR),
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",), Tier.FOUR),
    "files.info": Method(info, ("files:read",), Tier.FOUR),
}
