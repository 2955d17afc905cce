"""What people write, read out of Slack's events as plain values; whatever is odd, forged or a program's is nothing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.incidents.incident import Conversation
from bot.slack.bodies import part, text
from bot.slack.written_text import bare, pictures, text_of, unlinked

MESSAGE = "message"
MENTION = "app_mention"
TOMBSTONE = "tombstone"
PLAIN = frozenset({"", "file_share", "thread_broadcast"})
"""Subtypes of messages that a person wrote."""

_TS = re.compile(r"[0-9]{10}\.[0-9]{6}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,30}")
_PERSON = re.compile(r"[UW][A-Z0-9]{1,30}")
_SLACKBOT = "USLACKBOT"
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
LEADS_WITHIN = 40
"""Characters before a name in which it is looked for what leads to it."""

_LEADS_TO_A_SERVER = re.compile(
    r"(?:\A|\n|[(\[]|\b(?:on|onto|to|into|server|host|auf|zu|sur|sul|using|use)[ :]{1,3}(?:the |server ){0,2})[ ]{0,3}\Z",
    re.IGNORECASE,
)
_FOLLOWS_A_SERVER = re.compile(
    r"[ ]{0,3}(?:[)\]:]|(?:server|db|database|instance|is|ist|est|está|down|full|voll)\b)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Us:
    """Who we are: our workspace, and the user by whom people mention us."""

    team: str
    bot_user: str


@dataclass(frozen=True, slots=True)
class Written:
    """A person's message as it stands now."""

    channel: str
    ts: str
    team: str
    """The person's own workspace, which in a shared channel may be another one."""
    person: str
    text: str
    """As it was typed: without Slack's entities and links, with what stands in snippets and attachments."""
    thread: str | None = None
    """The message on which its thread hangs; None: it is in none, but may begin one."""
    picture: bool = False
    words: str | None = None
    """What follows where we are mentioned, with Slack's entities, as in a command; None: we are not."""

    @property
    def direct(self) -> bool:
        """It was written to us alone."""
        return is_direct(self.channel)

    @property
    def asked(self) -> bool:
        """It is meant for us."""
        return self.direct or self.words is not None

    @property
    def where(self) -> Conversation:
        """The thread that it is in, or begins."""
        return Conversation(self.channel, self.thread or self.ts, private=self.direct)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A person's message that they changed; `event` names the change."""

    now: Written
    before: Written | None
    """None: Slack does not say."""
    event: str

    @property
    def channel(self) -> str:
        """The conversation that it stands in."""
        return self.now.channel

    @property
    def ts(self) -> str:
        """The message's own, which no change changes."""
        return self.now.ts


@dataclass(frozen=True, slots=True)
class Removed:
    """A message that is gone, or of which only its place is left; `event` names that."""

    channel: str
    ts: str
    event: str
    before: Written | None
    """None: Slack does not say."""


Spoken = Written | Rewritten | Removed


def is_direct(channel: str) -> bool:
    """Say whether a conversation is between one person and us."""
    return channel.startswith("D")


def key_of(channel: str, ts: str) -> str:
    """Name the delivery of a message, the same whichever event brings it."""
    return f"message:{channel}:{ts}"


def read_event(body: Mapping[str, Any], us: Us) -> Spoken | None:
    """Read the payload of a `message` or `app_mention` event; None: it is nothing that a person wrote, or not to be understood."""
    if us.team not in (body.get("team_id"), body.get("context_team_id")):
        return None
    event = part(body, "event")
    kind, subtype, channel, name = (*_texts(event, "type", "subtype", "channel"), text(body, "event_id"))
    if kind not in (MESSAGE, MENTION) or (kind == MENTION and event.get("edited")):
        # Of a mention that was changed Slack tells twice; the other time it says what it was before.
        return None
    if subtype == "message_changed":
        return _changed(event, channel, name, us) if name else None
    if subtype == "message_deleted":
        return _deleted(event, channel, name, us) if name else None
    return read_message(event, channel, us)


def read_message(message: Mapping[str, Any], channel: str, us: Us) -> Written | None:
    """Read one message as events, shortcuts and the history hold it; None: no person wrote it."""
    ts, person, subtype, thread = _texts(message, "ts", "user", "subtype", "thread_ts")
    if subtype not in PLAIN or _is_of_a_program(message, us):
        return None
    if not (_TS.fullmatch(ts) and _CHANNEL.fullmatch(channel) and _PERSON.fullmatch(person)):
        return None
    return Written(
        channel=channel,
        ts=ts,
        team=next(filter(None, _texts(message, "user_team", "source_team", "team")), us.team),
        person=person,
        text=text_of(message, person),
        thread=thread if _TS.fullmatch(thread) and thread != ts else None,
        picture=pictures(message),
        words=_words(unlinked(text(message, "text")), us),
    )


def _words(text: str, us: Us) -> str | None:
    mention = re.search(rf"<@{re.escape(us.bot_user)}(?:\|[^<>]*)?>", text)
    return text[mention.end() :].lstrip(" ,:\u00a0").strip() if mention else None


def named(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return which of the servers' `names` somebody wrote: as a word of their own, not quoted, not in code, not as a part of an address.

    A name may be a word that means something else, as in “in class today”: then what stands around it decides.
    """
    prose = _CODE.sub(" ", text)
    return tuple(name for name in names if any(_is_meant(name, at, prose) for at in _words_of(name).finditer(prose)))


def _words_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\s(\[]){re.escape(name)}(?=[,.;:!?)\]]*(?:\s|\Z))", re.IGNORECASE)


def _is_meant(name: str, at: re.Match[str], prose: str) -> bool:
    if not name.isalpha():
        return True
    before = _LEADS_TO_A_SERVER.search(prose, max(0, at.start() - LEADS_WITHIN), at.start())
    return bool(before or _FOLLOWS_A_SERVER.match(prose, at.end()))


def _changed(event: Mapping[str, Any], channel: str, name: str, us: Us) -> Rewritten | Removed | None:
    message = part(event, "message")
    before = read_message(part(event, "previous_message"), channel, us)
    if text(message, "subtype") == TOMBSTONE:
        return _removed(channel, text(message, "ts"), name, before)
    now = read_message(message, channel, us)
    if now is None or (before is not None and bare(now.text) == bare(before.text)):
        # Slack changes messages too: it unfolds links, counts replies.
        return None
    return Rewritten(now, before, name)


def _deleted(event: Mapping[str, Any], channel: str, name: str, us: Us) -> Removed | None:
    previous = part(event, "previous_message")
    if previous and _is_of_a_program(previous, us):
        return None
    return _removed(channel, text(event, "deleted_ts"), name, read_message(previous, channel, us))


def _removed(channel: str, ts: str, name: str, before: Written | None) -> Removed | None:
    if not (_TS.fullmatch(ts) and _CHANNEL.fullmatch(channel)):
        return None
    return Removed(channel, ts, name, before)


def _is_of_a_program(message: Mapping[str, Any], us: Us) -> bool:
    return bool(message.get("bot_id") or message.get("bot_profile")) or message.get("user") in (us.bot_user, _SLACKBOT)


def _texts(body: Mapping[str, Any], *keys: str) -> Iterator[str]:
    return (text(body, key) for key in keys)
