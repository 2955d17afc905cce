"""Messages that are posted once, whichever process does it, and then kept up to date; and the lesser signs beside them."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import stopwatch
from bot.incidents.incident import Conversation
from bot.incidents.posts import Post, PostKind, Posts
from bot.slack.api_errors import FAILED, is_final, is_passing, why
from bot.slack.blocks.text import Message
from bot.slack.sent_posts import SentPosts, content

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two changes of one message: who comes to it meanwhile is in the next."""
WITHIN = 45.0
"""Seconds in which a claimed post is sent, or is left to whoever takes it over; less than `SENDING_TAKES`."""
AGAIN_AFTER = (0.3, 2.0)
"""Seconds between the tries, before each of which it is looked whether the last came through for all that."""
NOWHERE = ""
"""In the place of a message's ts: Slack will never take it, and nobody tries again."""
REMEMBERED = 2000
"""Messages of which this process knows the address, or when it changed them."""
NO_MATTER = frozenset(
    {"already_reacted", "message_not_found", "thread_not_found", "channel_not_found", "not_in_channel"}
)

Render = Callable[[], Awaitable[Message]]
"""Makes a message as it is to be read when it is called."""


class Said(Enum):
    """What became of something that is to be posted once."""

    NOW = auto()
    """It was posted by this call."""
    BEFORE = auto()
    IN_HAND = auto()
    """Somebody else is at it, or died at it: then it is taken over in a minute."""
    NEVER = auto()
    """Its place takes nothing from us."""
    LATER = auto()
    """Slack did not take it; it may later."""
    REFUSED = auto()
    """Slack does not take it as it is; said in another way it may."""
    SHUT = auto()
    """Its place takes nothing from us now; it may later, and then this is to be there."""

    @property
    def settled(self) -> bool:
        """Nobody needs to try again."""
        return self in (Said.NOW, Said.BEFORE, Said.NEVER)


@dataclass(slots=True)
class _Pen:
    """How one message is changed by this process: by one task at a time, and seldom."""

    rests_until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Sent:
    """Which message a post is, and whether it was there before."""

    ts: str
    channel: str
    found: bool


@dataclass(frozen=True, slots=True)
class _Change:
    """A message, as it was read to say, and what it is to say."""

    post: Post
    message: Message
    digest: str


class Posting:
    """Posts, changes and marks messages in Slack; what Slack refuses is logged, and never raised."""

    def __init__(
        self,
        client: AsyncWebClient,
        posts: Posts,
        *,
        every: float = EVERY,
        again_after: Sequence[float] = AGAIN_AFTER,
        elapsed: Callable[[], float] = stopwatch,
    ) -> None:
        self._client = client
        self._sent = SentPosts(client)
        self._posts = posts
        self._every = every
        self._again_after = tuple(again_after)
        self._elapsed = elapsed
        self._refused: dict[tuple[str, str, str], str] = {}
        self._pens: OrderedDict[str, _Pen] = OrderedDict()
        self._addresses: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def say(
        self,
        team: str,
        kind: PostKind,
        about: str,
        where: Conversation,
        message: Message,
        *,
        occasion: str = "",
        insist: bool = False,
    ) -> Said:
        """Post a message in a thread (in the channel itself where `where` has none), unless it was posted already.

        With `insist` it is still to come when its place takes nothing from us: whoever asks again tries again.
        """
        began = self._elapsed()
        post = await self._posts.claim(team, kind, about, where, occasion=occasion)
        if post is None:
            sent = await self._posts.is_sent(team, kind, about, occasion=occasion)
            return Said.BEFORE if sent else Said.IN_HAND
        try:
            # Later somebody takes the claim over, and what is sent then would be there twice: this process may have been
            # stopped since it claimed.
            left = WITHIN - (self._elapsed() - began)
            if left <= 0:
                raise TimeoutError
            async with asyncio.timeout(left):
                sending = await self._send(post, where, message, self._again_after)
        except FAILED as exc:
            if insist and isinstance(exc, SlackApiError) and not is_passing(exc):
                self._note_refusal((kind, about, occasion), why(exc))
                return Said.SHUT if is_final(exc) else Said.REFUSED
            if not is_final(exc):
                log.warning("not posted yet", extra={"action": kind, "about": about, "why": why(exc)})
                return Said.LATER
            log.warning("cannot be posted", extra={"action": kind, "about": about, "why": why(exc)})
            await self._posts.sent(post, NOWHERE)
            return Said.NEVER
        # What a message says that was found, nobody knows.
        shown = None if sending.found else _digest(message)
        await self._posts.sent(post, sending.ts, sending.channel, shown=shown)
        return Said.BEFORE if sending.found else Said.NOW

    async def recall(self, team: str, kind: PostKind, about: str, where: Conversation, *, occasion: str) -> bool:
        """Look whether this, which somebody had in hand, was sent after all, and keep that; false: nobody can tell now."""
        post = await self._posts.claim(team, kind, about, where, occasion=occasion)
        if post is None:
            return await self._posts.is_sent(team, kind, about, occasion=occasion)
        try:
            async with asyncio.timeout(WITHIN):
                ts = await self._sent.find(post)
        except FAILED as exc:
            log.warning("not looked for yet", extra={"action": kind, "about": about, "why": why(exc)})
            return False
        if ts is not None:
            await self._posts.sent(post, ts)
        return True

    async def write(
        self, team: str, kind: PostKind, about: str, person: str, message: Message, *, occasion: str
    ) -> bool:
        """Post a message to one person directly, unless it was posted already; false: not yet, try again later.

        Whoever can never be reached need not be tried again.
        """
        try:
            opened = await self._client.conversations_open(users=[person])
        except FAILED as exc:
            log.warning("a person could not be told", extra={"action": kind, "actor": person, "why": why(exc)})
            return isinstance(exc, SlackApiError) and not is_passing(exc)
        where = Conversation(str(opened["channel"]["id"]), "")
        return (await self.say(team, kind, about, where, message, occasion=occasion)).settled

    async def _send(self, post: Post, where: Conversation, message: Message, pauses: Sequence[float]) -> _Sent:
        # Of what stands in a channel, another may be meant by now than when it was claimed.
        moved = not (where.thread or post.conversation.thread)
        here = replace(post, conversation=where) if moved else post
        try:
            for place in {post.conversation, here.conversation} if post.taken_over else ():
                if (found := await self._sent.find(replace(post, conversation=place))) is not None:
                    return _Sent(found, place.channel, found=True)
            return _Sent(await self._sent.send(here, message), here.conversation.channel, found=False)
        except FAILED as exc:
            if not pauses or (isinstance(exc, SlackApiError) and not is_passing(exc)):
                raise
        await asyncio.sleep(pauses[0])
        return await self._send(replace(post, taken_over=True), where, message, pauses[1:])

    def _note_refusal(self, which: tuple[str, str, str], reason: str) -> None:
        """Log it once, however often it is tried."""
        if self._refused.get(which) != reason:
            self._refused[which] = reason
            log.warning("cannot be posted yet", extra={"action": which[0], "about": which[1], "why": reason})

    async def revise(self, post: Post, render: Render) -> bool:
        """Have a message that was posted say what `render` makes, if it says something else; the last of several counts.

        False: it does not say so yet.
        """
        if not post.ts:
            return True
        pen = self._pen(post.id)
        async with pen.lock:
            change = await self._change(post, render)
            rest = pen.rests_until - asyncio.get_running_loop().time()
            if change is not None and rest > 0:
                await asyncio.sleep(rest)
                change = await self._change(post, render)
            if change is None:
                return True
            done = await self._update(change)
            pen.rests_until = asyncio.get_running_loop().time() + self._every
            return done

    async def react(self, channel: str, ts: str, emoji: str) -> None:
        """Put an emoji under a message."""
        try:
            await self._client.reactions_add(channel=channel, timestamp=ts, name=emoji)
        except FAILED as exc:
            if why(exc) not in NO_MATTER:
                log.warning("no reaction", extra={"action": "react", "why": why(exc)})

    async def whisper(self, person: str, where: Conversation, message: Message) -> bool:
        """Show a message to one person alone, in a thread, or in the channel itself where `where` has none; false: it cannot be."""
        try:
            await self._client.chat_postEphemeral(
                channel=where.channel, user=person, thread_ts=where.thread or None, **content(message)
            )
        except FAILED as exc:
            log.info("no private answer", extra={"action": "whisper", "actor": person, "why": why(exc)})
            return False
        return True

    async def address(self, channel: str, ts: str) -> str | None:
        """Return the address of a message; None: Slack does not tell it."""
        key = channel, ts
        if key not in self._addresses:
            try:
                answer = await self._client.chat_getPermalink(channel=channel, message_ts=ts)
            except FAILED as exc:
                log.info("no address", extra={"action": "permalink", "why": why(exc)})
                return None
            self._addresses[key] = str(answer["permalink"])
            if len(self._addresses) > REMEMBERED:
                self._addresses.popitem(last=False)
        return self._addresses[key]

    async def _change(self, post: Post, render: Render) -> _Change | None:
        """What is to become of a message; None: it says that already."""
        message = await render()
        kept = await self._posts.about(post.team, post.about, post.kind)
        change = _Change(next((one for one in kept if one.id == post.id), post), message, _digest(message))
        return None if change.post.shown == change.digest else change

    async def _update(self, change: _Change) -> bool:
        post = change.post
        try:
            await self._sent.change(post, change.message)
        except FAILED as exc:
            log.warning("not up to date", extra={"action": post.kind, "about": post.about, "why": why(exc)})
            if not is_final(exc):
                return False
        # Of one that is gone too: it is not posted again, nor changed before there is something new to say.
        return await self._posts.showed(post, change.digest)

    def _pen(self, post_id: str) -> _Pen:
        pen = self._pens.setdefault(post_id, _Pen())
        self._pens.move_to_end(post_id)
        while len(self._pens) > REMEMBERED and not next(iter(self._pens.values())).lock.locked():
            self._pens.popitem(last=False)
        return pen


def as_it_is(message: Message) -> Render:
    """Render a message that does not change any more."""

    async def render() -> Message:
        return message

    return render


def _digest(message: Message) -> str:
    whole = f"{message.text}\n{message.drawn}".encode("utf-8", "backslashreplace")
    return hashlib.sha256(whole).hexdigest()[:32]
