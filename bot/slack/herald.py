"""How incidents are talked about in Slack: one answer a conversation, kept up to date; one message that it is over; signs and private words."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from bot.access.member import Actor
from bot.diagnosis.consult import Heard
from bot.diagnosis.facts import Facts
from bot.diagnosis.openness import may_tell_figures
from bot.diagnosis.replies import (
    Answered,
    Explained,
    HasRoom,
    IsIn,
    Joined,
    Nothing,
    PictureTold,
    Reply,
    SeesNoPictures,
    WhatDoesItSay,
    WhichRole,
)
from bot.incidents.incident import Conversation, Incident, Waiting
from bot.incidents.incidents import Incidents
from bot.incidents.posts import Post, PostKind, Posts
from bot.slack.announcer import Announcer
from bot.slack.blocks import incident as answers
from bot.slack.blocks import incident_news as news
from bot.slack.blocks import replies
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.incident_payloads import Source
from bot.slack.posting import Posting, Render, Said, as_it_is

SEEN = "eyes"
DONE = "white_check_mark"
REMEMBERED = 500
"""Incidents of which this process knows what was last seen of them."""
PUBLIC = (Explained, SeesNoPictures, PictureTold, WhatDoesItSay)
"""Replies for everybody in the thread; the others are for the message's author."""


class Herald:
    """Says to people what `diagnosis` has decided; a `diagnosis.herald.Herald`. What could not be said is said at the next call."""

    def __init__(
        self,
        posting: Posting,
        announcer: Announcer,
        posts: Posts,
        incidents: Incidents,
        names: CommandNames,
        zone: tzinfo,
        staff_channel: str | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._posting = posting
        self._announcer = announcer
        self._posts = posts
        self._incidents = incidents
        self._names = names
        self._zone = zone
        self._staff_channel = staff_channel
        self._clock = clock
        self._seen: OrderedDict[str, Facts | None] = OrderedDict()

    async def reply(self, heard: Heard, reply: Reply) -> bool:
        """Say to one message what is to be said to it; a message without a ts is a click."""
        match reply:
            case Nothing():
                return True
            case Answered():
                return await self._answered(heard, reply.reported.incident, reply.facts)
            case Joined():
                await self._react(heard, SEEN)
                return await self.keep(reply.reported.incident, reply.facts)
            case IsIn():
                await self._react(heard, DONE)
                known = reply.incident.id in self._seen
                return not known or await self.keep(reply.incident, self._seen[reply.incident.id])
            case _:
                return await self._spoken(heard, reply)

    async def keep(self, incident: Incident, facts: Facts | None) -> bool:
        """Have an incident's answer, and the staff's card about it, say what is so now; in each conversation."""
        self._remember(incident, facts)
        now_is = await self._fresh(incident)
        posts = await self._posts.about(incident.team, incident.id, PostKind.ANSWER, PostKind.STAFF_CARD)
        answered = {_place(post.conversation): post for post in posts if post.kind is PostKind.ANSWER}
        cards = [post for post in posts if post.kind is PostKind.STAFF_CARD and post.occasion == str(now_is.occasion)]
        told = any(card.ts for card in cards)
        done = await asyncio.gather(
            *(self._keep_in(now_is, where, answered.get(_place(where)), told=told) for where in now_is.conversations),
            *(self._posting.revise(card, self._card(now_is)) for card in cards),
        )
        return all(done)

    async def _keep_in(self, incident: Incident, where: Conversation, answer: Post | None, *, told: bool) -> bool:
        if answer is not None:
            return await self._posting.revise(answer, self._answer(incident, where, staff_told=told))
        if not incident.open or not _is_spoken_of(incident, where):
            return True
        return await self._first_answer(incident, where) is not Said.LATER

    async def resolved(self, incident: Incident, facts: Facts | None) -> bool:
        """Say once an occasion, in each of its conversations, that an incident is over, to those who wait."""
        self._remember(incident, facts)
        over = await self._fresh(incident)
        if over.open or over.occasion != incident.occasion:
            return True
        done = []
        for where in over.conversations:
            if not _is_spoken_of(over, where):
                continue
            message = answers.render_resolution(self._shown(over, where))
            occasion = f"{over.occasion}:{where.channel}:{where.thread}"
            said = await self._posting.say(over.team, PostKind.RESOLUTION, over.id, where, message, occasion=occasion)
            if said is Said.NEVER:
                await self._tell_those_in(over, where, message)
            done.append(said.settled)
        return await self.keep(over, facts) and all(done)

    async def call_staff(self, incident: Incident, facts: Facts | None) -> bool:
        """Put one card about an incident, an occasion, into the staff channel, if there is one."""
        self._remember(incident, facts)
        if not self._staff_channel or not (await self._fresh(incident)).open:
            return True
        message = await self._card(incident)()
        where, occasion = Conversation(self._staff_channel, ""), str(incident.occasion)
        said = await self._posting.say(
            incident.team, PostKind.STAFF_CARD, incident.id, where, message, occasion=occasion
        )
        return said.settled

    async def missed(self, team: str, heard: Sequence[Heard]) -> bool:
        """List to staff, once, what was reported too long ago to be answered now."""
        if not self._staff_channel or not heard:
            return True
        newest = sorted(heard, key=lambda one: one.ts, reverse=True)
        listed = [
            news.Missed(
                one, await self._posting.address(one.conversation.channel, one.ts) if at < news.LISTED else None
            )
            for at, one in enumerate(newest)
        ]
        message = news.render_missed(listed, now=self._clock(), zone=self._zone)
        which = "\n".join(f"{one.conversation.channel}:{one.ts}" for one in newest)
        about = hashlib.sha256(which.encode()).hexdigest()
        said = await self._posting.say(team, PostKind.CATCH_UP, about, Conversation(self._staff_channel, ""), message)
        return said.settled

    async def _answered(self, heard: Heard, incident: Incident, facts: Facts | None) -> bool:
        """An incident's answer stands in the person's conversation; one who spoke elsewhere is shown the way there."""
        kept = await self.keep(incident, facts)
        theirs = incident.of(heard.person)
        place = theirs.conversation if theirs else incident.conversation
        if heard.ts and heard.ts != place.thread:
            await self._react(heard, SEEN)
        if heard.ts and _place(heard.conversation) != _place(place):
            return await self._show_way(heard, incident, place) and kept
        return kept

    async def _first_answer(self, incident: Incident, where: Conversation) -> Said:
        message = answers.render(self._shown(incident, where))
        occasion = f"{where.channel}:{where.thread}"
        said = await self._posting.say(incident.team, PostKind.ANSWER, incident.id, where, message, occasion=occasion)
        if said is Said.NEVER:
            await self._tell_those_in(incident, where, message)
        if said.settled and incident.answered_at is None:
            await self._incidents.answered(incident.team, incident.id)
        return said

    async def _tell_those_in(self, incident: Incident, where: Conversation, message: Message) -> None:
        """Tell by DM those who wait in a conversation that takes nothing from us: we are not there, or it is gone."""
        for one in incident.waiting:
            if one.conversation == where:
                await self._announcer.tell(Actor(incident.team, one.person), message)

    async def _show_way(self, heard: Heard, incident: Incident, place: Conversation) -> bool:
        url = await self._posting.address(place.channel, place.thread)
        facts, figures = self._seen.get(incident.id), may_tell_figures(incident, heard.conversation)
        message = news.render_pointer(incident, facts, url, figures=figures)
        return await self._whisper_once(heard, PostKind.POINTER, incident, message)

    async def _spoken(self, heard: Heard, reply: replies.Spoken) -> bool:
        source = Source(heard.person, heard.conversation, heard.ts)
        message = replies.render(reply, source, names=self._names, now=self._clock(), zone=self._zone)
        if isinstance(reply, WhichRole | HasRoom):
            await self._react(heard, SEEN)
        if isinstance(reply, WhichRole) and reply.incident is not None and heard.ts:
            return await self._whisper_once(heard, PostKind.QUESTION, reply.incident, message)
        if isinstance(reply, PUBLIC) or heard.conversation.private:
            return await self._explain(heard, message)
        return await self._whisper(heard, message)

    async def _explain(self, heard: Heard, message: Message) -> bool:
        """Say what a message means in its thread; where it was edited and means something else, in the same place."""
        where = heard.conversation
        about = f"message:{where.channel}:{heard.ts}"
        if not heard.ts:
            return await self._whisper(heard, message)
        said = await self._posting.say(heard.team, PostKind.EXPLANATION, about, where, message)
        if said is Said.BEFORE:
            done = [
                await self._posting.revise(post, as_it_is(message))
                for post in await self._posts.about(heard.team, about, PostKind.EXPLANATION)
            ]
            return all(done)
        if said is Said.NEVER:
            return await self._announcer.tell(Actor(heard.team, heard.person), message)
        return said is not Said.LATER

    async def _whisper_once(self, heard: Heard, kind: PostKind, incident: Incident, message: Message) -> bool:
        """Say something to one person alone, once an incident."""
        where = heard.conversation
        if where.private:
            said = await self._posting.say(heard.team, kind, incident.id, where, message, occasion=heard.person)
            return said is not Said.LATER
        post = await self._posts.claim(heard.team, kind, incident.id, where, occasion=heard.person)
        if post is None:
            return True
        told = await self._whisper(heard, message)
        if told:
            await self._posts.sent(post, "")
        return told

    async def _whisper(self, heard: Heard, message: Message) -> bool:
        """Say something to one person alone where they spoke: a thread that has no message yet would not show it to them."""
        where = heard.conversation if heard.in_thread else replace(heard.conversation, thread="")
        if await self._posting.whisper(heard.person, where, message):
            return True
        return await self._announcer.tell(Actor(heard.team, heard.person), message)

    async def _react(self, heard: Heard, emoji: str) -> None:
        if heard.ts:
            await self._posting.react(heard.conversation.channel, heard.ts, emoji)

    def _answer(self, incident: Incident, where: Conversation, *, staff_told: bool) -> Render:
        async def render() -> Message:
            now_is = await self._fresh(incident)
            return answers.render(self._shown(now_is, where, staff_told=staff_told))

        return render

    def _card(self, incident: Incident) -> Render:
        async def render() -> Message:
            now_is = await self._fresh(incident)
            where = now_is.conversation
            url = None if where.private else await self._posting.address(where.channel, where.thread)
            facts = self._seen.get(now_is.id)
            return news.render_staff_card(now_is, facts, url, now=self._clock(), zone=self._zone)

        return render

    def _shown(self, incident: Incident, where: Conversation, *, staff_told: bool = False) -> answers.Shown:
        facts = self._seen.get(incident.id)
        return answers.Shown(incident, facts, where, self._clock(), self._zone, staff_told)

    async def _fresh(self, incident: Incident) -> Incident:
        """The incident as it stands now: what somebody else knows meanwhile is not overwritten."""
        return await self._incidents.get(incident.team, incident.id) or incident

    def _remember(self, incident: Incident, facts: Facts | None) -> None:
        before = self._seen.get(incident.id)
        if before is None or facts is None or facts.at >= before.at:
            self._seen[incident.id] = facts
        self._seen.move_to_end(incident.id)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)


def _place(where: Conversation) -> tuple[str, str]:
    return where.channel, where.thread


def _is_spoken_of(incident: Incident, where: Conversation) -> bool:
    """Whether somebody speaks of it there still: who took a report back is left in peace."""
    there = [one for one in incident.people if one.conversation == where]
    return not there or any(one.state is not Waiting.WITHDRAWN for one in there)
