"""A pasted error becomes one incident in its thread, and the thread says once that it is over."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from bot.incidents.posts import PostKind
from bot.slack import ids
from bot.storage.record import Record, Verified
from bot.storage.tables import posts
from bot.workspace.limits import Fault
from bot.workspace.model import Message
from tests.courses import served
from tests.eventually import eventually
from tests.help_channels import HURRIED, STAFF, TOP, Help, a_help_channel, mention, refused, words
from tests.postgres import OpenBackend, Postgres
from tests.processes import serving

AT_ONCE = 1.0
"""Seconds within which the first answer is there."""


@pytest_asyncio.fixture
async def channel(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Help]:
    async with a_help_channel(postgres18, migrated_sqlite_url, tmp_path) as channel:
        yield channel


async def full(channel: Help, *owners: str, limit: int = 5) -> tuple[str, list[OpenBackend]]:
    """A role of these people that is at its limit."""
    role = channel.course.make_student(limit)
    for owner in owners:
        await channel.course.own(owner, role)
    return role, await channel.course.fill(role, limit)


async def leave(channel: Help, *opened: OpenBackend) -> None:
    for one in opened:
        await channel.course.postgres.close_backend(one)


async def nothing_more(channel: Help, root: Message, count: int) -> None:
    """Let the bot look several times more; it has said so many things in the thread, and none outside of it."""
    await asyncio.sleep(10 * HURRIED.look_every.total_seconds())
    assert [message.text for message in channel.in_thread(root)][count:] == []
    assert channel.outside() == []


async def test_a_pasted_error_is_answered_in_its_thread_at_once_with_the_owners_figures(channel: Help) -> None:
    role, _ = await full(channel, "alice")

    pasted = channel.say("alice", refused(role))
    answer = await channel.answer(pasted, within=AT_ONCE)

    assert "5 of 5" in words(answer)
    await nothing_more(channel, pasted, 1)
    assert await channel.states() == ["opened"]


async def test_what_is_said_in_chat_without_an_error_is_left_alone(channel: Help) -> None:
    await full(channel, "alice")
    said = [
        channel.say("alice", text)
        for text in ("same", "How many connections may a role have?", "ERROR 1040 (HY000): Too many connections")
    ]
    answer = await channel.answer(channel.say("bob", refused((await full(channel, "bob"))[0])))
    assert "5 of 5" in words(answer)
    assert [channel.in_thread(one) for one in said] == [[], [], []]


async def test_from_the_report_to_the_end_it_is_one_conversation(channel: Help) -> None:
    role, _ = await full(channel, "alice", "bob", "mallory")
    pasted = channel.say("alice", refused(role))
    await channel.answer(pasted)
    here = channel.say("bob", "same", pasted)
    there = channel.say("mallory", "same here")
    await channel.seen(here)
    await channel.seen(there)
    await nothing_more(channel, pasted, 1)
    assert channel.in_thread(there) == []

    asked = await channel.course.ask("alice", f"/kill {role} strays")
    await channel.course.press("alice", asked, ids.TERMINATE)
    _, over = await channel.said(pasted, 2)

    assert all(mention(who) in words(over) for who in ("alice", "bob", "mallory"))
    await nothing_more(channel, pasted, 2)
    assert await channel.states() == ["opened", "joined", "joined", "resolved"]
    (by,) = {one["requester"] for one in await channel.incidents() if one["state"] == "resolved"}
    assert by == "connbot"


async def test_an_answer_is_kept_true(channel: Help) -> None:
    role, opened = await full(channel, "alice", "bob")
    pasted = channel.say("alice", refused(role))
    first = await channel.answer(pasted)
    await leave(channel, opened[0])

    await eventually(lambda: "5 of 5" not in words(channel.now(first)), within=10)
    await channel.said(pasted, 2)
    await eventually(lambda: ids.HAVE_THIS_TOO not in words(channel.now(first)), within=10)


async def test_while_it_is_full_or_full_again_nothing_is_over(channel: Help) -> None:
    role, opened = await full(channel, "alice")
    pasted = channel.say("alice", refused(role))
    await channel.answer(pasted)
    await leave(channel, opened.pop())
    await asyncio.sleep(HURRIED.free_for.total_seconds() / 3)
    await channel.course.postgres.open_backend(role)
    await nothing_more(channel, pasted, 1)
    assert await channel.states() == ["opened"]


async def test_still_stuck_opens_it_again_and_in_ends_it_for_one(channel: Help) -> None:
    role, opened = await full(channel, "alice", "bob")
    pasted = channel.say("alice", refused(role))
    await channel.answer(pasted)
    await channel.seen(channel.say("bob", "+1", pasted))
    await leave(channel, opened[0])
    _, over = await channel.said(pasted, 2)
    again = await channel.course.postgres.open_backend(role)

    await channel.press("alice", over, ids.STILL_STUCK)
    await eventually(lambda: is_(channel, "reopened"))
    await channel.press("bob", over, ids.IM_IN)
    await nothing_more(channel, pasted, 2)
    await leave(channel, again)
    _, _, over = await channel.said(pasted, 3)

    assert mention("alice") in words(over)
    assert mention("bob") not in words(over)
    await nothing_more(channel, pasted, 3)


async def is_(channel: Help, state: str) -> bool:
    return (await channel.states())[-1] == state


async def test_an_error_that_an_edit_adds_is_answered_and_a_deletion_takes_it_back(channel: Help) -> None:
    role, _ = await full(channel, "alice", "bob")
    written = channel.say("alice", "help, nothing works in exercise 3")
    channel.course.workspace.edit("alice", written, f"help, nothing works in exercise 3: {refused(role)}")
    await channel.answer(written)
    same = channel.say("bob", "same", written)
    await channel.seen(same)

    channel.course.workspace.delete("alice", written)
    await eventually(lambda: is_(channel, "withdrawn"))
    channel.course.workspace.delete("bob", same)
    await eventually(lambda: is_(channel, "resolved"))

    assert await channel.states() == ["opened", "joined", "withdrawn", "withdrawn", "resolved"]
    assert channel.outside() == []


async def test_a_direct_message_is_a_private_report(channel: Help) -> None:
    role, opened = await full(channel, "alice")
    pasted = channel.say("alice", refused(role), channel=channel.course.workspace.dm("alice"))
    answer = await channel.answer(pasted)
    assert "5 of 5" in words(answer)
    await leave(channel, opened[0])
    await channel.said(pasted, 2)
    assert channel.posted() == []


async def test_somebody_elses_role_is_explained_in_the_same_words_whether_or_not_it_exists(channel: Help) -> None:
    role = channel.course.make_student()
    await channel.course.fill(role, 3)
    free, missing = channel.say("mallory", refused(role)), channel.say("bob", refused(f"{role}_x"))
    answers = [await channel.answer(free), await channel.answer(missing)]

    assert words(answers[0]).replace(role, "R") == words(answers[1]).replace(f"{role}_x", "R")
    assert await channel.states() == []


async def test_somebody_elses_full_role_opens_an_incident_without_figures(channel: Help) -> None:
    role, opened = await full(channel, "alice")
    pasted = channel.say("mallory", refused(role))
    answer = await channel.answer(pasted)

    assert "of 5" not in words(answer)
    assert all(str(one.pid) not in words(answer) for one in opened)
    # Its owner's own report shows them, in the conversation that there is.
    own = channel.say("alice", refused(role))
    await channel.seen(own)
    await eventually(lambda: "5 of 5" in words(channel.now(answer)), within=10)
    assert channel.in_thread(own) == []
    await nothing_more(channel, pasted, 1)


@pytest.mark.parametrize("spoken", [False, True], ids=["nobody of the staff speaks", "somebody of the staff speaks"])
async def test_staff_get_one_card_where_none_of_them_comes(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, *, spoken: bool
) -> None:
    soon = replace(HURRIED, staff_after=timedelta(seconds=1.5))
    async with a_help_channel(postgres18, migrated_sqlite_url, tmp_path, patience=soon) as channel:
        await channel.course.grant("tom")
        role, opened = await full(channel, "alice")
        pasted = channel.say("alice", refused(role))
        await channel.answer(pasted)
        if spoken:
            channel.say("tom", "I am looking into it", pasted)
        else:
            await channel.course.workspace.wait_for(lambda: channel.posted(STAFF), within=10)
        await asyncio.sleep(2)

        cards = channel.posted(STAFF)
        assert len(cards) == (0 if spoken else 1)
        for card in cards:
            assert role in words(card)
            assert "5 of 5" in words(card)
            # Who resolves it is a human too; it is said at once in the thread.
            await channel.press("tom", card, ids.RESOLVE_INCIDENT)
            await channel.said(pasted, 2)
            assert mention("alice") in words(channel.in_thread(pasted)[1])
            assert postgres18.is_open(opened[0])


async def test_over_a_restart_it_goes_on(postgres18: Postgres, migrated_url: str, tmp_path: Path) -> None:
    async with a_help_channel(postgres18, migrated_url, tmp_path, serving=False) as channel:
        async with served(channel.course, patience=HURRIED):
            role, opened = await full(channel, "alice", "bob")
            pasted = channel.say("alice", refused(role))
            answer = await channel.answer(pasted)
        missed = channel.say("bob", "same", pasted)
        async with served(channel.course, patience=HURRIED):
            await channel.seen(missed)
            await leave(channel, opened[0])
            _, over = await channel.said(pasted, 2, within=10)
            await nothing_more(channel, pasted, 2)

        assert channel.in_thread(pasted)[0].ts == answer.ts
        assert all(mention(who) in words(over) for who in ("alice", "bob"))


async def test_what_came_free_while_nobody_looked_is_over_after_the_restart(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_help_channel(postgres18, migrated_sqlite_url, tmp_path, serving=False) as channel:
        async with served(channel.course, patience=HURRIED):
            role, opened = await full(channel, "alice")
            pasted = channel.say("alice", refused(role))
            await channel.answer(pasted)
        await leave(channel, opened[0])
        async with served(channel.course, patience=HURRIED):
            _, over = await channel.said(pasted, 2, within=10)
        assert mention("alice") in words(over)


async def test_two_bots_say_everything_once(postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path) -> None:
    soon = replace(HURRIED, staff_after=timedelta(seconds=1))
    async with (
        a_help_channel(postgres18, migrated_postgresql_url, tmp_path, serving=False) as channel,
        AsyncExitStack() as stack,
    ):
        both = (served(channel.course, patience=soon) for _ in range(2))
        await asyncio.gather(*map(stack.enter_async_context, both))
        role, opened = await full(channel, "alice", "bob", "mallory")
        pasted = channel.say("alice", refused(role))
        said = [channel.say(who, text, pasted) for who, text in (("bob", "same"), ("mallory", refused(role)))]
        for one in said:
            await channel.seen(one, within=15)
        await channel.course.workspace.wait_for(lambda: channel.posted(STAFF), within=10)
        await nothing_more(channel, pasted, 1)
        await leave(channel, opened[0])
        await channel.said(pasted, 2)
        await nothing_more(channel, pasted, 2)

        assert len(channel.posted(STAFF)) == 1
        assert await channel.states() == ["opened", "joined", "joined", "resolved"]
        async with channel.course.database() as database, database.read() as connection:
            assert isinstance(await Record(None).verify(connection), Verified)


async def long_ago(channel: Help, kind: PostKind, **values: object) -> None:
    """Let every post of a kind have been claimed long ago; `values` besides."""
    async with channel.course.database() as database, database.write() as connection:
        past = await database.now(connection) - timedelta(minutes=2)
        await connection.execute(update(posts).where(posts.c.kind == kind).values(claimed_at=past, **values))


async def test_killed_between_claim_and_post_it_is_said_by_the_next(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    top = f"{TOP}\n[incidents]\nfree_for = 1"
    async with a_help_channel(postgres18, migrated_url, tmp_path, serving=False, top=top) as channel:
        async with serving(channel.course.environment, tmp_path / "first.err") as process:
            role, opened = await full(channel, "alice")
            pasted = channel.say("alice", refused(role))
            await channel.answer(pasted)
            channel.course.workspace.inject("chat.postMessage", Fault(status=None, hang=60))
            await leave(channel, opened[0])
            await eventually(lambda: is_(channel, "resolved"), within=10)
            await eventually(lambda: in_hand(channel))
            process.signal(signal.SIGKILL)
            await process.end()
        assert len(channel.in_thread(pasted)) == 1
        await long_ago(channel, PostKind.RESOLUTION)

        async with served(channel.course):
            await channel.said(pasted, 2, within=10)
            await nothing_more(channel, pasted, 2)


async def in_hand(channel: Help) -> bool:
    """Whether a resolution is claimed and not sent."""
    return None in await sent(channel, PostKind.RESOLUTION)


async def sent(channel: Help, kind: PostKind) -> list[str | None]:
    """As which messages the posts of a kind were sent."""
    async with channel.course.database() as database, database.read() as connection:
        rows = await connection.execute(select(posts.c.ts).where(posts.c.kind == kind))
        return list(rows.scalars())


@pytest.mark.parametrize("kind", [PostKind.ANSWER, PostKind.RESOLUTION])
async def test_what_was_sent_and_not_noted_is_not_said_again(
    postgres18: Postgres, migrated_url: str, tmp_path: Path, kind: PostKind
) -> None:
    """As when the process was killed right after Slack took the message."""
    count = 1 if kind is PostKind.ANSWER else 2
    async with a_help_channel(postgres18, migrated_url, tmp_path, serving=False) as channel:
        async with served(channel.course, patience=HURRIED):
            role, opened = await full(channel, "alice")
            pasted = channel.say("alice", refused(role))
            await channel.answer(pasted)
            if kind is PostKind.RESOLUTION:
                await leave(channel, opened[0])
                await channel.said(pasted, count)
        await long_ago(channel, kind, ts=None, sent_at=None)

        async with served(channel.course, patience=HURRIED):
            await eventually(lambda: noted(channel, kind), within=10)
            await nothing_more(channel, pasted, count)
        assert await sent(channel, kind) == [channel.in_thread(pasted)[-1].ts]


async def noted(channel: Help, kind: PostKind) -> bool:
    return None not in await sent(channel, kind)


async def test_without_its_own_database_it_goes_on_when_that_is_back(
    postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    async with a_help_channel(postgres18, migrated_postgresql_url, tmp_path) as channel:
        role, opened = await full(channel, "alice")
        pasted = channel.say("alice", refused(role))
        await channel.answer(pasted)
        name = migrated_postgresql_url.rpartition("/")[2]
        postgres18.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        postgres18.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        await leave(channel, opened[0])
        await nothing_more(channel, pasted, 1)
        postgres18.run("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)
        await channel.said(pasted, 2, within=20)
