"""What the bot posts by itself is posted once, over several processes, and what a lost one had in hand is taken over."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.incidents.incident import Conversation
from bot.incidents.posts import SENDING_TAKES, Post, PostKind, Posts
from bot.storage.engine import OwnDatabase
from bot.storage.tables import posts as rows

THREAD = Conversation("C0HELP", "1763812800.000100")


@pytest.fixture
def posts(own_database: OwnDatabase) -> Posts:
    numbers = itertools.count(1)
    return Posts(own_database, lambda: f"m{next(numbers)}")


async def test_one_of_many_posts_it(own_database: OwnDatabase, migrated_url: str) -> None:
    async with OwnDatabase(migrated_url) as second:
        numbers = itertools.count()
        both = [Posts(db, lambda: f"m{next(numbers)}") for db in (own_database, second)]
        claims = await asyncio.gather(*(both[n % 2].claim("T1", PostKind.ANSWER, "i1", THREAD) for n in range(10)))
    (won,) = [one for one in claims if one is not None]
    assert not won.taken_over


async def test_another_kind_thing_occasion_or_workspace_is_another_post(posts: Posts) -> None:
    for team, kind, about, occasion in itertools.product(
        ("T1", "T2"), (PostKind.ANSWER, PostKind.RESOLUTION), ("i1", "i2"), ("", "2")
    ):
        assert await posts.claim(team, kind, about, THREAD, occasion=occasion) is not None
        assert await posts.claim(team, kind, about, THREAD, occasion=occasion) is None


async def test_what_a_lost_process_had_in_hand_is_taken_over_once(posts: Posts, own_database: OwnDatabase) -> None:
    claimed = await posts.claim("T1", PostKind.RESOLUTION, "i1", THREAD, occasion="1")
    assert claimed is not None
    async with own_database.write() as connection:
        past = await own_database.now(connection) - SENDING_TAKES - timedelta(seconds=1)
        await connection.execute(update(rows).values(claimed_at=past))

    claims = await asyncio.gather(
        *(posts.claim("T1", PostKind.RESOLUTION, "i1", THREAD, occasion="1") for _ in range(5))
    )
    (taken,) = [one for one in claims if one is not None]
    assert (taken.id, taken.taken_over, taken.conversation) == (claimed.id, True, THREAD)


async def test_what_is_sent_is_never_claimed_again_and_is_found(posts: Posts, own_database: OwnDatabase) -> None:
    answer = await posts.claim("T1", PostKind.ANSWER, "i1", THREAD)
    card = await posts.claim("T1", PostKind.STAFF_CARD, "i1", Conversation("C0STAFF", ""))
    assert answer is not None
    assert card is not None
    await posts.sent(answer, "1763812801.000200")
    async with own_database.write() as connection:
        past = await own_database.now(connection) - timedelta(days=1)
        await connection.execute(update(rows).values(claimed_at=past))

    assert await posts.claim("T1", PostKind.ANSWER, "i1", THREAD) is None
    (found,) = await posts.about("T1", "i1", *PostKind)
    assert (found.id, found.ts, found.conversation) == (answer.id, "1763812801.000200", THREAD)
    assert await posts.about("T1", "i1", PostKind.STAFF_CARD) == ()
    assert await posts.about("T2", "i1", *PostKind) == ()
    await posts.sent(card, "5.0", channel="C0STAFF2")
    (moved,) = await posts.about("T1", "i1", PostKind.STAFF_CARD)
    assert moved.conversation.channel == "C0STAFF2"


async def test_how_far_a_channel_was_read_only_moves_on(posts: Posts) -> None:
    assert await posts.last_read("T1") == {}
    for ts in ("1763812800.000100", "1763812800.000300", "1763812800.000200"):
        await posts.read_until("T1", "C0HELP", ts)
    await posts.read_until("T1", "C0OTHER", "1.0")
    await posts.read_until("T2", "C0HELP", "2.0")
    assert await posts.last_read("T1") == {"C0HELP": "1763812800.000300", "C0OTHER": "1.0"}


async def test_whether_something_is_posted_is_known_of_its_kind_and_occasion(posts: Posts) -> None:
    card = await posts.claim("T1", PostKind.STAFF_CARD, "i1", THREAD, occasion="1")
    assert card is not None
    assert not await posts.is_sent("T1", PostKind.STAFF_CARD, "i1", occasion="1")
    await posts.sent(card, "5.0")
    assert await posts.is_sent("T1", PostKind.STAFF_CARD, "i1", occasion="1")
    assert not await posts.is_sent("T1", PostKind.STAFF_CARD, "i1", occasion="2")
    assert not await posts.is_sent("T1", PostKind.ANSWER, "i1", occasion="1")
    assert not await posts.is_sent("T2", PostKind.STAFF_CARD, "i1", occasion="1")


async def test_what_two_processes_changed_at_once_is_said_again_by_whoever_comes_next(posts: Posts) -> None:
    claimed = await posts.claim("T1", PostKind.ANSWER, "i1", THREAD)
    assert claimed is not None
    await posts.sent(claimed, "5.0")

    async def now() -> Post:
        (post,) = await posts.about("T1", "i1", PostKind.ANSWER)
        return post

    first = second = await now()
    assert first.shown is None
    assert await posts.showed(first, "full")
    assert await posts.showed(second, "full")
    assert (await now()).shown == "full"
    first = second = await now()
    assert await posts.showed(first, "one waits")
    assert not await posts.showed(second, "two wait")
    assert (await now()).shown is None
    assert await posts.showed(await now(), "two wait")
    assert (await now()).shown == "two wait"


async def test_a_claim_that_is_yet_to_come_is_taken_over(posts: Posts, own_database: OwnDatabase) -> None:
    """Its process died with it, and the clock was set back since."""
    assert await posts.claim("T1", PostKind.SUMMARY, "class", THREAD, occasion="2026-W47") is not None
    async with own_database.write() as connection:
        ahead = await own_database.now(connection) + timedelta(days=7)
        await connection.execute(update(rows).values(claimed_at=ahead))
    taken = await posts.claim("T1", PostKind.SUMMARY, "class", THREAD, occasion="2026-W47")
    assert taken is not None
    assert taken.taken_over
