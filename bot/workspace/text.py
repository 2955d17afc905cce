"""Text as people type it, as Slack sends it on, and the mentions that live in it."""

import re
from collections.abc import Iterator
from typing import Any

from bot.workspace.model import Json, Kind, Message
from bot.workspace.state import State

WIDE = ("channel", "here", "everyone")

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:com|org|net|edu|io|dev|gov|de|es|fr|it|uk|us|ca|ch|at|pl|br|jp|kr|cn|ru|se|ua)"
_TYPED = re.compile(
    r"(?P<url>https?://[^\s<>|]+)"
    rf"|(?<![\w.+-])(?P<mail>[\w.+-]+@{_DOMAIN})(?![\w-])"
    rf"|(?<![\w.@/-])(?P<domain>{_DOMAIN}(?::[0-9]+)?(?:/[^\s<>|\"']*)?)(?![\w@-])"
    r"|(?<![\w&])@(?P<at>[\w.-]*\w)|(?<![\w&])#(?P<hash>[\w-]*\w)"
)
_COMMAND_TYPED = re.compile(r"(?<![\w&])@(?P<at>[\w.-]*\w)|(?<![\w&])#(?P<hash>[\w-]*\w)")
_LIVE = re.compile(r"<!(?:channel|here|everyone|group|subteam\^[A-Z0-9]+)(?:\|[^>]*)?>")
_BARE = re.compile(r"(?<![\w&/.@])@(?:channel|here|everyone)\b")


def escape(text: str) -> str:
    """The three characters that mean something to Slack, as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The inverse of `escape`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def said(state: State, typed: str) -> str:
    """What a person typed, as the message holds it: entities, and mentions, channels and addresses made live, but not in code."""
    parts = _CODE.split(escape(typed))
    return "".join(
        part if _CODE.fullmatch(part) else _TYPED.sub(lambda match: _spoken(state, match), part) for part in parts
    )


def _spoken(state: State, match: re.Match[str]) -> str:
    if match["url"]:
        return f"<{match['url']}>"
    if match["mail"]:
        return f"<mailto:{match['mail']}|{match['mail']}>"
    if match["domain"]:
        return f"<http://{match['domain']}|{match['domain']}>"
    if match["at"] in WIDE:
        return f"<!{match['at']}>"
    return _linked(state, match, named_users=False)


def command_text(state: State, typed: str) -> str:
    """The text of a command whose manifest has `should_escape`: entities, and mentions by id and name."""
    return _COMMAND_TYPED.sub(lambda match: _linked(state, match, named_users=True), escape(typed))


def _linked(state: State, match: re.Match[str], *, named_users: bool) -> str:
    if match["at"]:
        for user in state.users.values():
            if user.name == match["at"]:
                return f"<@{user.id}|{user.name}>" if named_users else f"<@{user.id}>"
        return match[0]
    for channel in state.channels.values():
        if not channel.direct and channel.name == match["hash"]:
            name = "" if channel.kind is Kind.PRIVATE else channel.name
            return f"<#{channel.id}|{name}>"
    return match[0]


def wide_mentions(message: Message) -> tuple[str, ...]:
    """Every live mention of a channel, of everyone, or of a user group in a message; they ring many phones."""
    found = list(_in_text(message.text, bare=message.link_names))
    for part in (*(message.blocks or ()), *message.attachments):
        found += _in_part(part)
    return tuple(found)


def _in_part(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _in_part(each)
    elif isinstance(value, dict):
        yield from _in_object(value)


def _in_object(value: Json) -> Iterator[str]:
    kind = value.get("type")
    if kind in ("plain_text", "raw_text"):
        return
    if kind in ("mrkdwn", "markdown"):
        yield from _in_text(str(value.get("text", "")), bare=kind == "mrkdwn" and not value.get("verbatim"))
        return
    if kind == "broadcast":
        yield f"<!{value.get('range', '')}>"
    elif kind == "usergroup":
        yield f"<!subteam^{value.get('usergroup_id', '')}>"
    elif kind is None:
        # An attachment, or one of its fields.
        for name in ("text", "pretext", "value", "title", "fallback"):
            if isinstance(value.get(name), str):
                yield from _in_text(value[name], bare=False)
    for inner in value.values():
        yield from _in_part(inner)


def _in_text(text: str, *, bare: bool) -> Iterator[str]:
    """Live mentions; `bare`, the text is looked through for names too, as one that is not verbatim."""
    yield from (match[0] for match in _LIVE.finditer(text))
    if bare:
        yield from (match[0] for match in _BARE.finditer(text))
