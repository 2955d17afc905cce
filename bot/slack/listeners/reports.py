"""What people write: read for what it reports, without its secrets; what it comes to is said by the herald."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.desk import Desk
from bot.access.member import Actor, Standing
from bot.causes.finding import Cause
from bot.causes.recognise import recognise
from bot.causes.redaction import SecretKind, redact
from bot.diagnosis.advice import for_text
from bot.diagnosis.consult import SURE_ENOUGH, Heard
from bot.diagnosis.herald import Herald
from bot.diagnosis.looking import look_into
from bot.diagnosis.replies import Nothing, Reply
from bot.diagnosis.reports import Reports
from bot.diagnosis.small_talk import Said, said
from bot.incidents.incident import Conversation, Incident
from bot.servers.fleet import Fleet
from bot.slack.announcer import Announcer
from bot.slack.api_errors import FAILED, is_passing
from bot.slack.blocks import hearing as blocks
from bot.slack.bodies import part
from bot.slack.call import Call
from bot.slack.hearing import Hearing
from bot.slack.messages import Removed, Rewritten, Spoken, Us, Written, named, read_message
from bot.slack.posting import Posting
from bot.slack.turns import Turns
from bot.slack.work import Work

REPORTS_WITHIN = timedelta(days=1)
"""An older message reports nothing any more: not when it is changed, nor when somebody points to it."""
HEARD_AGAIN_AFTER = (2.0, 6.0)
"""Seconds, one after the other; by then another process has read what somebody says “same” to, and asked a slow server."""
SHORT = 4000
"""Characters that are read in no time; longer texts are read beside whatever else goes on."""


class MentionCommands(Protocol):
    """What does the commands that are given by mention; `slack.listeners.mentions` is one."""

    async def on_mention(self, call: Call, standing: Standing, words: str, where: Conversation) -> bool:
        """Do what the words behind our name ask for; false: they are no command."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A message, and what was cut out of it before it was looked at."""

    heard: Heard
    secrets: tuple[SecretKind, ...]

    @property
    def reports(self) -> bool:
        """Somebody asks for help with it, as far as can be told without looking anywhere."""
        heard = self.heard
        asks = heard.said is Said.DOWN or heard.picture
        failed = heard.finding.cause is not Cause.NONE and heard.finding.confidence >= SURE_ENOUGH
        return failed or (asks and not heard.in_thread)

    @property
    def is_about_others(self) -> bool:
        """It makes sense only after what others have said."""
        heard = self.heard
        return heard.finding.cause is Cause.NONE and heard.said in (Said.ME_TOO, Said.IN_AGAIN)

    @property
    def says_something(self) -> bool:
        """It reports a failure, speaks of one, or may show one."""
        heard = self.heard
        return heard.finding.cause is not Cause.NONE or heard.said is not Said.NOTHING or heard.picture


def understand(written: Written, team: str, servers: Iterable[str]) -> Understood:
    """Read what a message says, secrets first; what is returned holds no pasted text."""
    redacted = redact(written.text)
    advice = for_text(redacted.text)
    heard = Heard(
        team=team,
        person=written.person,
        conversation=written.where,
        ts=written.ts,
        finding=recognise(redacted.text),
        said=said(redacted.text),
        in_thread=written.thread is not None,
        picture=written.picture,
        asked=written.asked,
        names=named(redacted.text, servers),
        client=advice.client if advice else "",
    )
    return Understood(heard, redacted.kinds)


class ReportsListener:
    """Reads messages, and the message that the shortcut **Report connection trouble** was chosen on."""

    def __init__(
        self,
        us: Us,
        fleet: Fleet,
        reports: Reports,
        herald: Herald,
        mentions: MentionCommands,
        hearing: Hearing,
        desk: Desk,
        announcer: Announcer,
        posting: Posting,
        client: AsyncWebClient,
        work: Work,
        heard_again_after: Sequence[float] = HEARD_AGAIN_AFTER,
    ) -> None:
        self._us = us
        self._fleet = fleet
        self._reports = reports
        self._herald = herald
        self._mentions = mentions
        self._hearing = hearing
        self._desk = desk
        self._announcer = announcer
        self._posting = posting
        self._client = client
        self._work = work
        self._heard_again_after = heard_again_after
        self._turns = Turns()

    async def on_spoken(self, call: Call, standing: Standing, spoken: Spoken) -> None:
        """A message was written, changed or removed."""
        match spoken:
            case Written():
                await self._on_written(call, standing, spoken)
            case Rewritten():
                await self._on_rewritten(call, standing, spoken)
            case Removed():
                await self._withdraw(spoken.channel, spoken.ts)

    async def on_report_trouble(self, call: Call, standing: Standing) -> None:
        """**Report connection error**, in the menu of a message: its author reports, whoever chose it."""
        del standing
        written = read_message(part(call.body, "message"), call.place.channel, self._us)
        if written is None:
            await self._announcer.answer(call.place, call.actor, blocks.render_of_no_person())
            return
        if not await self._is_in(written, call.actor):
            await self._announcer.answer(call.place, call.actor, blocks.render_not_there())
            return
        if _age(written, call.at) >= REPORTS_WITHIN:
            await self._announcer.answer(call.place, call.actor, blocks.render_too_old())
            return
        understood = await self._understand(written)
        self._warn(written, understood.secrets)
        if not understood.says_something:
            await self._announcer.answer(call.place, call.actor, blocks.render_says_nothing())
            return
        self._hearing.listen_in(written.where)
        author = (await self._desk.admit(Actor(written.team, written.person), "")).standing
        understood = replace(understood, heard=replace(understood.heard, asked=True))
        async with self._turns.turn(written.channel) as after_those_before:
            reply = await self._hear(understood, author, call.at, after_those_before)
        await self._say(understood, author, call.at, reply)
        read = blocks.render_report_read(written.person, call.actor.id)
        await self._announcer.answer(call.place, call.actor, read)

    async def _on_written(self, call: Call, standing: Standing, written: Written) -> None:
        if await self._commanded(call, standing, written):
            return
        async with self._turns.turn(written.channel) as after_those_before:
            understood = await self._understand(written)
            self._warn(written, understood.secrets)
            reply = await self._hear(understood, standing, call.at, after_those_before)
        if written.thread is not None and standing.members:
            for incident in await self._reports.staff_spoke(standing, written.where, now=call.at):
                await self._bring_up_to_date(incident)
        await self._say(understood, standing, call.at, reply)

    async def _on_rewritten(self, call: Call, standing: Standing, changed: Rewritten) -> None:
        if await self._commanded(call, standing, changed.now, changed.before):
            return
        async with self._turns.turn(changed.channel) as after_those_before:
            before = None if changed.before is None else await self._understand(changed.before)
            understood = await self._understand(changed.now)
            known = () if before is None else before.secrets
            self._warn(changed.now, tuple(kind for kind in understood.secrets if kind not in known))
            if before is not None and understood.heard == before.heard:
                return
            await after_those_before()
            reply: Reply | None = None
            if understood.says_something and _age(changed.now, call.at) < REPORTS_WITHIN:
                reply = await self._hear(understood, standing, call.at, after_those_before)
        if reply is not None:
            await self._say(understood, standing, call.at, reply)
        elif not understood.says_something and (before is None or before.says_something):
            await self._withdraw(changed.channel, changed.ts)

    async def _commanded(self, call: Call, standing: Standing, written: Written, before: Written | None = None) -> bool:
        """Do what is asked of us by our name, once however often the message is changed elsewhere; false: it is no command."""
        words = written.words
        if words is None or (before is not None and words == before.words):
            return False
        return await self._mentions.on_mention(call, standing, words, written.where)

    async def _hear(
        self,
        understood: Understood,
        standing: Standing,
        now: datetime,
        after_those_before: Callable[[], Awaitable[None]],
    ) -> Reply:
        if understood.is_about_others:
            await after_those_before()
        return await self._reports.hear(understood.heard, standing, now=now)

    async def _say(self, understood: Understood, standing: Standing, now: datetime, reply: Reply) -> None:
        """Say what it comes to; what is about others' messages, and came to nothing, may have come before those."""
        for pause in self._heard_again_after if understood.is_about_others else ():
            if not isinstance(reply, Nothing):
                break
            await asyncio.sleep(pause)
            reply = await self._reports.hear(understood.heard, standing, now=now)
        await self._herald.reply(understood.heard, reply)

    async def _withdraw(self, channel: str, ts: str) -> None:
        async with self._turns.turn(channel) as after_those_before:
            await after_those_before()
            incident = await self._reports.withdraw(self._us.team, channel, ts)
        if incident is not None:
            await self._bring_up_to_date(incident)

    async def _bring_up_to_date(self, incident: Incident) -> None:
        facts = await look_into(self._fleet, incident)
        if not incident.open:
            await self._herald.resolved(incident, facts)
        await self._herald.keep(incident, facts)

    async def _understand(self, written: Written) -> Understood:
        if len(written.text) <= SHORT:
            return understand(written, self._us.team, self._fleet.names)
        return await asyncio.to_thread(understand, written, self._us.team, self._fleet.names)

    def _warn(self, written: Written, secrets: tuple[SecretKind, ...]) -> None:
        if secrets:
            self._work.start(self._tell_of(written, secrets), "secrets")

    async def _tell_of(self, written: Written, secrets: tuple[SecretKind, ...]) -> None:
        """Warn the author, once a message, whichever process reads it how often."""
        author = Actor(written.team, written.person)
        if (await self._desk.admit(author, f"secrets:{written.channel}:{written.ts}")).first:
            direct = written.direct
            address = None if direct else await self._posting.address(written.channel, written.ts)
            await self._announcer.tell(author, blocks.render_secrets(secrets, direct=direct, address=address))

    async def _is_in(self, written: Written, actor: Actor) -> bool:
        """Whether we can answer where a message stands; people find the shortcut wherever they are."""
        try:
            if written.direct:
                opened = await self._client.conversations_open(users=[actor.id])
                return bool(opened["channel"]["id"] == written.channel)
            return (await self._client.conversations_info(channel=written.channel))["channel"].get("is_member") is True
        except FAILED as exc:
            return not isinstance(exc, SlackApiError) or is_passing(exc)


def _age(written: Written, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - float(written.ts))
