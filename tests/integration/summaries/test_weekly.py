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
from bot.slack.blocks.summary import render
from bot.storage.engine import OwnDatabase
from bot.storage.tables import incidents, sample_spans
from bot.summaries.posted import Posted
from bot.summaries.reading import Weeks
from bot.summaries.told import Told
from bot.summaries.week import Week, newest_due, week_of
from bot.summaries.weekly import Weekly
from tests.histories import an_incident, write

ZONE = ZoneInfo("America/New_York")
MONDAY_AT_8 = (0, 8, ZONE)
STAFF = Conversation("C0STAFF", "")
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

    async def recall(self, server: str, week: Week) -> bool:
        if (server, str(week)) in self.channel.weeks:
            post = await self.posts.claim("T1", PostKind.SUMMARY, server, STAFF, occasion=str(week))
            if post is None:
                return False
            await self.posts.sent(post, self.ts)
        return True

    async def tell(self, told: Told) -> bool:
        week = str(told.digest.week)
        post = await self.posts.claim("T1", PostKind.SUMMARY, told.digest.server, STAFF, occasion=week)
        if post is None:
            return False
        if self.dies_before != "posting":
            self.channel.told.append(told)
        if not self.dies_before:
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
async def test_what_a_process_posted_and_did_not_note_is_not_told_with_the_next(migrated_url: str) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-16T08:00:01-05:00", channel, dies_before="noting")
    await turn(migrated_url, "2026-11-23T08:00:01-05:00", channel, replicas=3)
    assert channel.weeks == [("class", "2026-W46"), ("class", "2026-W47")]
    assert channel.told[-1].missed == ()


@pytest.mark.usefixtures("history")
async def test_the_first_that_nobody_lived_to_post_is_told_with_the_next(migrated_url: str) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-11-09T08:00:01-05:00", channel, dies_before="posting")
    await turn(migrated_url, "2026-11-23T08:00:01-05:00", channel, replicas=3)
    assert channel.weeks == [("class", "2026-W47")]
    assert [str(one.week) for one in channel.told[-1].missed] == ["2026-W45", "2026-W46"]


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


async def test_its_first_days_are_told_however_long_it_was_away_since(
    migrated_url: str, own_database: OwnDatabase
) -> None:
    began = datetime(2026, 11, 4, 14, tzinfo=UTC)
    span = {"server": "class", "began_at": began, "ended_at": began + timedelta(minutes=9), "killed": 0}
    await write(own_database, sample_spans, span)
    channel = Channel()
    await turn(migrated_url, "2026-11-23T09:00-05:00", channel, replicas=3)
    (told,) = channel.told
    assert (str(told.digest.week), told.digest.watched) == ("2026-W47", timedelta(0))
    assert ([str(one.week) for one in told.missed], told.unseen) == (["2026-W45"], 1)


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("back", "week", "missed", "unseen"),
    [
        ("2026-10-21", "2026-W42", 0, 0),
        ("2026-11-04", "2026-W44", 2, 0),
        ("2027-12-16", "2027-W49", 8, 47),
    ],
    ids=["1 week", "3 weeks", "60 weeks"],
)
async def test_however_long_it_was_away_it_makes_one_message(
    migrated_url: str, back: str, week: str, missed: int, unseen: int
) -> None:
    channel = Channel()
    await turn(migrated_url, "2026-10-14T09:00-04:00", channel)
    await turn(migrated_url, f"{back}T09:00-05:00", channel, replicas=3)
    assert channel.weeks == [("class", "2026-W41"), ("class", week)]
    assert (len(channel.told[-1].missed), channel.told[-1].unseen) == (missed, unseen)
    # The last of the history is in the first week of the year with 53 before it.
    assert not unseen or (str(channel.told[-1].missed[-1].week), channel.told[-1].further) == ("2027-W01", 5)
    assert len(render(channel.told[-1], zone=ZONE, now=datetime(2027, 12, 16, tzinfo=UTC)).blocks) <= 12


@pytest.mark.usefixtures("history")
async def test_what_a_wrong_clock_told_keeps_no_week_from_being_told(migrated_url: str) -> None:
    channel = Channel()
    for at in ("2026-11-02", "2031-05-05", "2026-11-09", "2026-11-16"):
        await turn(migrated_url, f"{at}T09:00-05:00", channel)
    assert channel.weeks == [("class", f"{week}") for week in ("2026-W44", "2031-W18", "2026-W45", "2026-W46")]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("when", [(0, 8), (0, 20), (3, 0), (6, 23)])
async def test_another_day_or_hour_tells_no_week_twice_and_misses_none(
    migrated_url: str, when: tuple[int, int]
) -> None:
    channel = Channel()
    settings = [(0, 8, ZONE), (*when, ZONE)]
    for hour in range(0, 4 * 7 * 24, 5):
        at = datetime(2026, 10, 19, tzinfo=ZONE) + timedelta(hours=hour)
        await turn(migrated_url, at.isoformat(), channel, when=settings[hour // 60 % 2])
    weeks = [week for _, week in channel.weeks]
    assert weeks == sorted({*weeks})
    assert len(weeks) >= 4
    assert [int(week[-2:]) for week in weeks] == [*range(int(weeks[0][-2:]), int(weeks[-1][-2:]) + 1)]
    assert all(one.missed == () for one in channel.told)


@pytest.mark.parametrize(
    ("zone", "sunday"),
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("America/Santiago", "2026-04-05"),
        ("America/Santiago", "2026-09-06"),
        ("America/Havana", "2026-11-01"),
    ],
)
def test_every_hour_has_its_moment_on_days_on_which_clocks_change(zone: str, sunday: str) -> None:
    """Also one that does not come: then it is told when the clocks have moved on."""
    course = ZoneInfo(zone)
    day = datetime.fromisoformat(sunday).replace(tzinfo=course)
    week = week_of(day, course).after(-1)
    told = [week.told_at(6, hour, course) for hour in range(24)]
    assert told == sorted(told)
    for hour, at in enumerate(told):
        local = at.astimezone(course)
        assert local.hour >= hour
        assert local - local.replace(hour=hour, minute=0, fold=0) <= timedelta(hours=1)
        assert newest_due(at, 6, hour, course) == week
        assert newest_due(at - timedelta(seconds=1), 6, hour, course) == week.after(-1)
