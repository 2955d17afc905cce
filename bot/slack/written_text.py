"""The words of a message of Slack's: its text as it was typed, and whatever stands beside it in blocks, attachments and snippets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 100_000
"""Characters that are read of one message."""
DEEPEST = 12
"""Blocks within blocks; Slack's own go no deeper than five."""

# What Slack makes of an address that is typed; an address without a label is its own.
_LINK = re.compile(r"<([a-z][a-z0-9+.-]{1,20}:[^<>|]{1,3000})(?:\|([^<>]{1,3000}))?>", re.IGNORECASE)
_SCHEME_OF_MAIL = "mailto:"
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_LINES = frozenset(
    {
        "rich_text_section",
        "rich_text_preformatted",
        "rich_text_quote",
        "rich_text_list",
        "section",
        "header",
        "markdown",
    }
)
"""Parts of a message that end a line."""
_WITHIN = ("text", "fields", "elements", "rows", "blocks")
_GONE = frozenset({"tombstone", "hidden_by_limit"})
_TEXTS = ("text/", "application/json", "application/sql", "application/x-sh")


def text_of(message: Mapping[str, Any], person: str) -> str:
    """Return all that `person` wrote in a message, as it was typed; what stands there twice is told once."""
    told = typed(_string(message.get("text")))
    for more in _beside(message, person):
        if bare(more) not in bare(told):
            told = f"{told}\n{more}" if told else more
    return told[:LONGEST]


def typed(text: str) -> str:
    """Undo what Slack makes of typed text: entities, and addresses made links; mentions stay."""
    text = unlinked(text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def unlinked(text: str) -> str:
    """Undo the links alone, as in a command, where Slack makes none; entities stay."""
    return _LINK.sub(_as_typed, text[:LONGEST])


def bare(text: str) -> str:
    """Return the letters and digits alone, in which no formatting makes a difference."""
    return "".join(filter(str.isalnum, text.casefold()))


def pictures(message: Mapping[str, Any]) -> bool:
    """Say whether a message shows a picture."""
    return any(_string(file.get("mimetype")).startswith("image/") for file in _files(message))


def _beside(message: Mapping[str, Any], person: str) -> Iterator[str]:
    yield from _told("".join(_blocks(message.get("blocks"), 0)))
    for file in _files(message):
        if _string(file.get("mimetype")).startswith(_TEXTS) or file.get("mode") == "snippet":
            yield from _told(_string(file.get("preview")))
    for attachment in _objects(message.get("attachments")):
        if _is_theirs(attachment, person):
            yield from _attached(attachment)


def _is_theirs(attachment: Mapping[str, Any], person: str) -> bool:
    """Whether they say it; what Slack unfolds of a link, others may have said, in another matter."""
    if attachment.get("is_share"):
        return attachment.get("author_id") == person
    return not any(attachment.get(key) for key in ("from_url", "original_url", "is_msg_unfurl", "is_app_unfurl"))


def _attached(attachment: Mapping[str, Any]) -> Iterator[str]:
    parts = [typed(_string(attachment.get(key))) for key in ("pretext", "title", "text")]
    parts += [typed(_string(field.get("value"))) for field in _objects(attachment.get("fields"))]
    parts += ["".join(_blocks(attachment.get("blocks"), 0))]
    if not any(parts):
        parts = [typed(_string(attachment.get("fallback")))]
    for part in parts:
        yield from _told(part)


def _blocks(value: object, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _blocks(each, depth + 1)
    elif isinstance(value, Mapping):
        yield from _block(value, depth)


def _block(block: Mapping[str, Any], depth: int) -> Iterator[str]:
    match block.get("type"), block:
        case "text" | "plain_text" | "raw_text", {"text": str(text)}:
            yield text
        case "mrkdwn" | "markdown", {"text": str(text)}:
            yield typed(text)
        case "link", {"url": str(url)}:
            yield _string(block.get("text")) or url.removeprefix(_SCHEME_OF_MAIL)
        case "user", {"user_id": str(person)}:
            yield f"<@{person}>"
        case "emoji", {"name": str(name)}:
            yield f":{name}:"
        case _:
            for key in _WITHIN:
                yield from _blocks(block.get(key), depth + 1)
    if block.get("type") in _LINES:
        yield "\n"


def _told(text: str) -> Iterator[str]:
    if text.strip():
        yield text.strip("\n")


def _as_typed(link: re.Match[str]) -> str:
    return link[2] or link[1].removeprefix(_SCHEME_OF_MAIL)


def _files(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (file for file in _objects(message.get("files")) if file.get("mode") not in _GONE)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    return (each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else iter(())


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
