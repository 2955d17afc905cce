"""A week is told once, when its time has come by the own database's clock, whatever processes come, go and die."""

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.clock import clock
from bot.incidents.incident import Conversation
from bot.incidents.posts import PostKind, Posts
from bot.storage.engine import OwnDatabase
from bot.storage.tables import incidents, sample_spans
from bot.summaries.posted import Posted
from bot.summaries.reading import Weeks
from bot.summaries.told import Told
from bot.summaries.weekly import Weekly
from tests.histories import an_incident, write

ZONE = ZoneInfo("America/New_York")
MONDAY_AT_8 = (0, 8, ZONE)
NUMBERS = itertools.count()


@dataclass
class Channel:
    """What stands in the staff's channel, by whichever process."""

    told: list[Told] = field(default_factory=list)

    @property
    def weeks(self) -> list[tuple[str, str]]:
        return [(one.digest.server, str(one.digest.week)) for one in self.told]


@dataclass
class Teller:
    """One process's way to the channel: claims, posts, and writes that down, or dies before one of these."""

    posts: Posts
    channel: Channel
    dies_before: str = ""
    ts: str = "1.0"

    async def tell(self, told: Told) -> bool:
        where, week = Conversation("C0STAFF", ""), str(told.digest.week)
        post = await self.posts.claim("T1", PostKind.SUMMARY, told.digest.server, where, occasion=week)
        if post is None:
            return False
        if self.dies_before != "posting":
            self.channel.told.append(told)
            await self.posts.sent(post, self.ts)
        return True


async def turn(
    url: str,
    at: str,
    channel: Channel,
    *,
    replicas: int = 1,
    when: tuple[int, int, ZoneInfo] = MONDAY_AT_8,
    servers: tuple[str, ...] = ("class",),
    **given: str,
) -> None:
    """Let so many new processes have a turn at the same moment."""
    ahead = datetime.fromisoformat(at).astimezone(UTC) - clock()
    async with OwnDatabase(url, ahead=ahead) as db:
        posts = Posts(db, lambda: f"post {next(NUMBERS)}")
        weeklies = [
            Weekly("T1", servers, Weeks(db, ZONE), Posted(db), Teller(posts, channel, **given), when)
            for _ in range(replicas)
        ]
        await asyncio.gather(*(one.turn() for one in weeklies))
        await asyncio.gather(*(one.turn() for one in weeklies))


@pytest.fixture
async def history(own_database: OwnDatabase) -> None:
    """An incident on each day of the autumn, on both servers."""
    days = [datetime(2026, 9, 28, 12, tzinfo=UTC) + timedelta(days=day) for day in range(100)]
    for number, server in enumerate(("class", "lab")):
        rows = [an_incident(number * 1000 + at, day, server=server) for at, day in enumerate(days)]
        await write(own_database, incidents, *rows)


@pytest.mark.usefixtures("history")
async def test_three_processes_tell_it_once_and_not_before_its_hour(migrated_url: str) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-16T08:00-05:00", channel, replicas=3)
    assert channel.weeks == [("class", "2026-W46")]
    await turn(migrated_url, "2026-11-23T07:59:50-05:00", channel, replicas=3)
    assert len(channel.told) == 1
    for at in ("2026-11-23T08:00:01-05:00", "2026-11-23T08:05-05:00", "2026-11-26T00:00-05:00"):
        await turn(migrated_url, at, channel, replicas=3)
    assert channel.weeks == [("class", "2026-W46"), ("class", "2026-W47")]
    assert channel.told[-1].digest.incidents == 7
    assert channel.told[-1].missed == ()


@pytest.mark.usefixtures("history")
async def test_clocks_that_go_back_tell_nothing_again(migrated_url: str) -> None:
    channel = Channel()
    for at in ("2026-11-23T08:01-05:00", "2026-11-23T07:01-05:00", "2026-11-16T08:01-05:00", "2026-11-23T08:01-05:00"):
        await turn(migrated_url, at, channel)
    assert channel.weeks == [("class", "2026-W47")]


@pytest.mark.usefixtures("history")
async def test_the_hour_that_comes_twice_tells_once(migrated_url: str) -> None:
    """At 1 o'clock on the Sunday on which summer time ends."""
    channel = Channel()
    for at in ("00:59-04:00", "01:00:01-04:00", "01:59-04:00", "01:00:01-05:00", "02:00-05:00"):
        await turn(migrated_url, f"2026-11-01T{at}", channel, when=(6, 1, ZONE))
    assert channel.weeks == [("class", "2026-W42"), ("class", "2026-W43")]


@pytest.mark.usefixtures("history")
async def test_several_missed_weeks_make_one_message(migrated_url: str) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-02T09:00-05:00", channel)
    await turn(migrated_url, "2026-11-25T21:00-05:00", channel, replicas=3)
    assert channel.weeks == [("class", "2026-W44"), ("class", "2026-W47")]
    assert [str(one.week) for one in channel.told[-1].missed] == ["2026-W45", "2026-W46"]


@pytest.mark.usefixtures("history")
async def test_what_a_process_claimed_and_did_not_post_is_told_by_another(migrated_url: str) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-23T08:00:01-05:00", channel, dies_before="posting")
    await turn(migrated_url, "2026-11-23T08:00:30-05:00", channel, replicas=3)
    assert channel.weeks == []
    await turn(migrated_url, "2026-11-23T08:02-05:00", channel, replicas=3)
    assert channel.weeks == [("class", "2026-W47")]


@pytest.mark.usefixtures("history")
async def test_what_no_channel_took_is_told_with_the_next(migrated_url: str) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-09T09:00-05:00", channel)
    await turn(migrated_url, "2026-11-16T09:00-05:00", channel, ts="")
    await turn(migrated_url, "2026-11-23T09:00-05:00", channel)
    assert [str(one.week) for one in channel.told[-1].missed] == ["2026-W46"]


@pytest.mark.usefixtures("history")
async def test_each_server_has_its_own(migrated_url: str) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-23T09:00-05:00", channel, servers=("class", "lab"), replicas=3)
    assert sorted(channel.weeks) == [("class", "2026-W47"), ("lab", "2026-W47")]


async def test_of_the_time_before_the_bot_was_there_nothing_is_told(
    migrated_url: str, own_database: OwnDatabase
) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-18T09:00-05:00", channel)
    assert channel.weeks == []
    began = datetime(2026, 11, 18, 14, tzinfo=UTC)
    span = {"server": "class", "began_at": began, "ended_at": began + timedelta(minutes=9), "killed": 0}
    await write(own_database, sample_spans, span)
    await turn(migrated_url, "2026-11-23T09:00-05:00", channel)
    assert channel.weeks == [("class", "2026-W47")]
    # Then nobody was there for a whole week, which is told as what it is.
    await turn(migrated_url, "2026-11-30T09:00-05:00", channel)
    assert channel.told[-1].digest.watched == timedelta(0)
