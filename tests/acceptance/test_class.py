"""A whole class before the deadline: forty students, one full server, sixty messages, and still one conversation."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.incidents.incident import Incident, Scope, ScopeKind
from bot.incidents.incidents import Incidents
from bot.storage.record import Record
from bot.workspace.limits import Limits
from bot.workspace.model import Message
from tests.courses import a_seed, served
from tests.error_texts import WITH_PREFIX, WITHOUT_PREFIX
from tests.help_channels import HURRIED, PSQL, Help, a_help_channel, mention, words
from tests.postgres import OpenBackend, Postgres

STUDENTS = [f"student{number:02}" for number in range(40)]
FULL = STUDENTS[10:13]
"""Those of the class whose own role is at its limit besides."""
LIMIT = 2
SAME = (
    "same",
    "+1",
    "same here",
    "igual",
    "me too",
    "Same!!",
    "same 😭",
    "+1",
    "moi aussi",
    "same",
    "ditto",
    "me too :(",
)
CHATTER = (
    "when is exercise 3 due?",
    "midnight",
    "does anybody have the slides of week 6",
    "How many connections may one role have?",
    "ERROR 1040 (HY000): Too many connections",
    "I love databases",
    "is the exam open book?",
    "my foreign key does not reference anything",
    "lol",
    "coffee?",
)
SENTENCES = (
    "sorry, too many clients already",
    "tut mir leid, schon zu viele Verbindungen",
    "remaining connection slots are reserved for roles with the SUPERUSER attribute",
)
PAUSE = 0.12
"""Seconds between two messages: the two minutes in a hurry."""


def errors() -> Iterator[str]:
    """What the class's programs print of a full server."""
    clients = itertools.cycle([*WITH_PREFIX.values(), *WITHOUT_PREFIX.values()])
    for client, sentence in zip(clients, itertools.cycle(SENTENCES), strict=False):
        yield client(PSQL.removeprefix("psql: error: ").removesuffix(" FATAL:  "), "FATAL", sentence)


def said_by_the_class() -> list[tuple[str, str, bool]]:
    """Who says what, and whether in the thread: sixty messages, the first a report."""
    reports = [(who, text, False) for who, text in zip(STUDENTS[13:33], errors(), strict=False)]
    same = [(who, text, number % 2 == 0) for number, (who, text) in enumerate(zip(STUDENTS[1:13], SAME, strict=True))]
    talk = [(STUDENTS[n % 40], CHATTER[n % 10], n % 3 == 0) for n in range(27)]
    mixed = itertools.chain.from_iterable(itertools.zip_longest(same, reports, talk))
    return [(STUDENTS[0], f"{PSQL}{SENTENCES[0]}", False), *(one for one in mixed if one is not None)]


async def saturate(channel: Help) -> tuple[dict[str, list[OpenBackend]], list[OpenBackend]]:
    """Give everybody a role, fill those of three, then the server."""
    course = channel.course
    roles = {who: course.make_student(LIMIT) for who in STUDENTS}
    for who, role in roles.items():
        await course.own(who, role)
    own = {who: await course.fill(roles[who], LIMIT) for who in FULL}
    return own, await course.postgres.fill(course.postgres.make_role("others"))


async def standing(channel: Help) -> tuple[Incident, ...]:
    async with channel.course.database() as database:
        return await Incidents(database, Record(None), str).standing(channel.course.team)


@pytest.mark.parametrize("bots", [1, 2])
async def test_a_class_is_one_conversation_of_four_incidents_each_over_by_itself(
    postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path, bots: int
) -> None:
    seed, calm = a_seed(STUDENTS), replace(HURRIED, free_for=timedelta(seconds=2))
    async with (
        a_help_channel(
            postgres18, migrated_postgresql_url, tmp_path, seed=seed, limits=Limits(), serving=False
        ) as channel,
        AsyncExitStack() as stack,
    ):
        await asyncio.gather(*(stack.enter_async_context(served(channel.course, patience=calm)) for _ in range(bots)))
        own, others = await saturate(channel)
        script = said_by_the_class()
        assert len(script) == 60

        first = channel.say(*script[0][:2])
        await channel.answer(first, within=2)
        said: list[tuple[str, Message, str]] = []
        for who, text, in_thread in script[1:]:
            said.append((who, channel.say(who, text, first if in_thread else None), text))
            await asyncio.sleep(PAUSE)
        for who, message, text in said:
            if text in SAME and who in STUDENTS[1:13]:
                await channel.seen(message)

        four = await channel.course.workspace.wait_for(lambda: len(channel.in_thread(first)) == 4, within=20)
        assert four
        found = await standing(channel)
        kinds = [incident.scope.kind for incident in found]
        assert sorted(kinds) == [*[ScopeKind.ROLE] * 3, ScopeKind.SERVER]
        (server,) = [incident for incident in found if incident.scope == Scope(ScopeKind.SERVER)]
        assert {incident.conversation for incident in found} == {server.conversation}
        # The first, nine of those who said "same", and twenty who pasted what their program printed.
        assert len(server.waiting) == 1 + 9 + 20
        assert all(len(incident.waiting) == 1 for incident in found if incident != server)

        # There is room on the server again; then for the three, one after another.
        await free(channel, *others[:10])
        await over(channel, first, 1)
        for number, who in enumerate(FULL, start=2):
            await free(channel, own[who][0])
            last = await over(channel, first, number)
            assert mention(who) in words(last)
        assert await standing(channel) == ()

        assert channel.outside() == []
        threads = {message.thread_ts for message in channel.posted()}
        assert threads == {first.ts}
        await asyncio.sleep(1)
        assert len(channel.in_thread(first)) == 8


async def free(channel: Help, *opened: OpenBackend) -> None:
    for one in opened:
        await channel.course.postgres.close_backend(one)


async def over(channel: Help, first: Message, count: int) -> Message:
    """Wait until so many incidents have been said to be over; the last message."""
    found = await channel.said(first, 4 + count, within=20)
    assert len(found) == 4 + count
    return found[-1]
