"""What was said in the help channels while nobody listened: read back, answered where it is still time, else listed to staff."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.desk import Desk
from bot.diagnosis.herald import Herald
from bot.errors import OwnDatabaseUnavailable
from bot.incidents.incident import Conversation
from bot.incidents.incidents import Incidents
from bot.incidents.posts import Posts
from bot.slack.api_errors import FAILED, is_passing, why
from bot.slack.hearing import Hearing, Utterance
from bot.slack.listeners.reports import understand
from bot.slack.marks import Marks
from bot.slack.messages import Rewritten, Us, Written, key_of, read_message

log = logging.getLogger(__name__)

AT_MOST = timedelta(hours=1)
"""So far is read back."""
ANSWERED_WITHIN = timedelta(minutes=15)
"""What is older is no help any more: staff get a list of it."""
SETTLES_WITHIN = timedelta(seconds=10)
"""A message claimed so long ago and not yet known as done: whoever claimed it is gone. Longer than between two calls of `tend`."""
AGAIN_AFTER = timedelta(seconds=5)
"""Between two attempts to catch up: Slack answers fifty such questions a minute."""
PAGE = 200
PAGES = 15
THREADS = 40
"""Threads with new replies that are read in one channel."""


@dataclass(frozen=True, slots=True)
class _Back:
    """What was said in a channel since it was read last."""

    channel: str
    since: str
    failures: int
    """What could not be answered before it was read."""
    written: Sequence[Written]
    changed: Sequence[Rewritten]
    """What was said before, and has other words since."""


class CatchingUp:
    """Reads back what was missed, and keeps how far each help channel was read; `tend` is called again and again."""

    def __init__(
        self,
        us: Us,
        client: AsyncWebClient,
        posts: Posts,
        incidents: Incidents,
        desk: Desk,
        hearing: Hearing,
        marks: Marks,
        herald: Herald,
        hear: Callable[[Utterance], Awaitable[bool]],
        servers: Sequence[str],
        clock: Callable[[], datetime],
        again_after: timedelta = AGAIN_AFTER,
    ) -> None:
        self._us = us
        self._client = client
        self._posts = posts
        self._incidents = incidents
        self._desk = desk
        self._hearing = hearing
        self._marks = marks
        self._herald = herald
        self._hear = hear
        self._servers = servers
        self._clock = clock
        self._claimed: dict[str, dict[str, datetime]] = {}
        """By channel, the messages that somebody else has claimed, and since when that is known."""
        self._cut_off = False
        self._again_after = again_after
        self._tried_at: datetime | None = None

    async def tend(self, *, connected: bool) -> None:
        """Catch up with the channels that are behind, and keep the marks; while Slack cannot reach us there is nothing to do."""
        if not connected:
            self._cut_off = True
            return
        if self._cut_off:
            self._cut_off = False
            self._marks.fall_behind()
        threads, now = await self._threads(), self._clock()
        if self._marks.behind() and (self._tried_at is None or now - self._tried_at >= self._again_after):
            self._tried_at = now
            await self._catch_up(threads, now)
        await self._keep()

    async def close(self) -> None:
        """Keep the marks for the last time."""
        try:
            await self._keep()
        except OwnDatabaseUnavailable:
            log.warning("marks are not kept", extra={"action": "catch up"})

    async def _catch_up(self, threads: Sequence[Conversation], now: datetime) -> None:
        read = [
            one for channel in self._marks.behind() if (one := await self._read_back(channel, threads, now)) is not None
        ]
        old = [one for back in read for one in back.written if one.ts < _ts(now - ANSWERED_WITHIN)]
        listed = await self._list(old, now)
        for back in read:
            young = [one for one in back.written if one.ts >= _ts(now - ANSWERED_WITHIN)]
            settled = await self._answer(back.channel, young, now)
            changed = [taken for one in back.changed if (taken := self._hearing.take(one, now)) is not None]
            await asyncio.gather(*map(self._hear, changed))
            if settled and listed:
                until = max(back.since, *(one.ts for one in back.written), "")
                self._marks.reached(back.channel, until, failures=back.failures)

    async def _keep(self) -> None:
        for channel, ts in self._marks.to_keep().items():
            await self._posts.read_until(self._us.team, channel, ts)
            self._marks.kept(channel, ts)

    async def _threads(self) -> Sequence[Conversation]:
        """The threads in which an incident is talked about that is not over; wherever they are, they are listened to."""
        standing = await self._incidents.standing(self._us.team)
        threads = tuple(dict.fromkeys(where for incident in standing for where in incident.conversations))
        for where in threads:
            self._hearing.listen_in(where)
        return threads

    async def _read_back(self, channel: str, threads: Sequence[Conversation], now: datetime) -> "_Back | None":
        """Read what was said since a channel was read last; None: there is nothing to do, or it cannot be done now."""
        last = (await self._posts.last_read(self._us.team)).get(channel)
        if last is None:
            # Never read before: what was said is past, and nobody waits for us.
            self._marks.reached(channel, _ts(now))
            return None
        since = max(last, _ts(now - AT_MOST))
        try:
            return await self._read(channel, since, threads, now)
        except FAILED as exc:
            log.warning("not read back", extra={"action": "catch up", "channel": channel, "why": why(exc)})
            if isinstance(exc, SlackApiError) and not is_passing(exc):
                # It will not be read later either; what is said from now on is heard, where we are at all.
                self._marks.reached(channel, _ts(now))
            return None

    async def _answer(self, channel: str, young: Sequence[Written], now: datetime) -> bool:
        """Have messages heard as if they came now, in their order; false: some are claimed, and not known as done yet."""
        claimed = self._claimed.pop(channel, {})
        waiting: dict[str, datetime] = {}
        taken: list[Utterance] = []
        for one in young:
            since = claimed.get(one.ts)
            if since is not None and now - since < SETTLES_WITHIN:
                waiting[one.ts] = since
            elif (utterance := self._hearing.take(one, now, again=since is not None)) is not None:
                taken.append(utterance)
        for utterance, first in zip(taken, await asyncio.gather(*map(self._hear, taken)), strict=True):
            if not first and utterance.spoken.ts not in claimed:
                waiting[utterance.spoken.ts] = now
        if waiting:
            self._claimed[channel] = waiting
        return not waiting

    async def _list(self, old: Sequence[Written], now: datetime) -> bool:
        """Tell staff what was reported too long ago and was not heard then; false: they could not be told yet."""
        if not old:
            return True
        unheard = await self._desk.unknown([(one.team, key_of(one.channel, one.ts)) for one in old])
        missed = [one for one in old if (one.team, key_of(one.channel, one.ts)) in unheard]
        understood = [understand(one, self._us.team, self._servers) for one in missed]
        reported = [one.heard for one in understood if one.reports]
        if reported and not await self._herald.missed(self._us.team, reported):
            return False
        for one in missed:
            # From now on it is known: what comes late by itself is not answered either.
            utterance = self._hearing.take(one, now)
            if utterance is not None:
                await self._desk.admit(utterance.call.actor, utterance.call.key)
                self._hearing.let_go(utterance, done=True)
        return True

    async def _read(self, channel: str, since: str, talked_about: Sequence[Conversation], now: datetime) -> _Back:
        """What people wrote there since then, replies too, in the order of time."""
        failures = self._marks.failures(channel)
        found: dict[str, Written] = {}
        changed: list[Rewritten] = []
        # A thread that an incident is talked about in may have begun long ago.
        threads = {where.thread: None for where in talked_about if where.channel == channel}
        async for message in self._pages(
            self._client.conversations_history, channel=channel, oldest=_ts(now - AT_MOST)
        ):
            written = read_message(message, channel, self._us)
            if written is not None and written.ts > since:
                found[written.ts] = written
            elif written is not None and (edited := _edited(message)) > max(since, _ts(now - ANSWERED_WITHIN)):
                changed.append(Rewritten(written, None, f"{channel}:{written.ts}:{edited}"))
            ts, latest = message.get("ts"), message.get("latest_reply")
            if isinstance(ts, str) and isinstance(latest, str):
                threads.pop(ts, None)
                if latest > since:
                    threads[ts] = None
        for thread in list(threads)[:THREADS]:
            async for message in self._pages(
                self._client.conversations_replies, channel=channel, ts=thread, oldest=since
            ):
                written = read_message(message, channel, self._us)
                if written is not None and written.ts > since:
                    found[written.ts] = written
        return _Back(channel, since, failures, [found[ts] for ts in sorted(found)], changed)

    async def _pages(self, method: Callable[..., Awaitable[Any]], **which: str) -> AsyncIterator[Mapping[str, Any]]:
        cursor = None
        for _ in range(PAGES):
            try:
                page = await method(limit=PAGE, cursor=cursor, **which)
            except SlackApiError as exc:
                if why(exc) != "thread_not_found":
                    raise
                return
            for message in page.get("messages") or ():
                if isinstance(message, Mapping):
                    yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return


def _edited(message: Mapping[str, Any]) -> str:
    """When a message got other words; '' for never."""
    edited = message.get("edited")
    at = edited.get("ts") if isinstance(edited, Mapping) else None
    return at if isinstance(at, str) else ""


def _ts(at: datetime) -> str:
    return f"{at.timestamp():.6f}"
