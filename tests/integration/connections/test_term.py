"""The end of a term comes once, by the own database's clock, whatever processes come, go and die; on both own databases."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Grade, Lapsing, Member, Origin, Owner
from bot.access.ownership import Ownership
from bot.access.term import Terms
from bot.clock import clock
from bot.connections.term import TermEnd, ends_at
from bot.incidents.history import History
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from tests.builders import NOON, ROLE_OID, a_role
from tests.own_database import AT_COMMAND_LINE

ZONE = ZoneInfo("America/New_York")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
ENDS = clock().astimezone(ZONE).date() + 30 * DAY
END = ends_at(ENDS, ZONE)
ANN, BOB, TOM, TIM, PIA = "U0ANN", "U0BOB", "U0TOM", "U0TIM", "U0PIA"


@dataclass
class Teller:
    """Slack, as far as a term needs it; `takes` false: it takes nothing."""

    told: list[tuple[str, date, Lapsing]] = field(default_factory=list)
    takes: bool = True

    async def warn(self, ends: date, lapsing: Lapsing) -> bool:
        return self._say("before", ends, lapsing)

    async def over(self, ends: date, lapsed: Lapsing) -> bool:
        return self._say("over", ends, lapsed)

    def _say(self, what: str, ends: date, lapsing: Lapsing) -> bool:
        if self.takes:
            self.told.append((what, ends, lapsing))
        return self.takes


@dataclass
class Stored:
    """The own database at a time, and what is stored there."""

    url: str
    record: Record
    teller: Teller = field(default_factory=Teller)

    async def turn(self, at: datetime, ends: date = ENDS, teller: Teller | None = None) -> None:
        """A process that begins at that time looks twice."""
        async with OwnDatabase(self.url, ahead=at - clock()) as db:
            term = TermEnd("T1", ends, ZONE, Terms(db, self.record), teller or self.teller)
            await term.turn()
            await term.turn()

    async def own(self, person: str, oid: int, at: datetime, origin: Origin = Origin.ROSTER) -> None:
        async with OwnDatabase(self.url, ahead=at - clock()) as db:
            role = replace(a_role(), name=f"role{oid}", oid=oid)
            owned = await Ownership(db, self.record).own(
                AT_COMMAND_LINE, person, server="class", role=role, origin=origin, now=NOON
            )
            assert isinstance(owned, Owner)

    async def allow(self, person: str, grade: Grade, until: datetime | None = None) -> None:
        async with OwnDatabase(self.url) as db:
            given = await AllowList(db, self.record).allow(AT_COMMAND_LINE, Grant(person, grade, until=until), now=NOON)
            assert isinstance(given, Member)

    async def rights(self) -> tuple[set[str], set[str]]:
        """Who owns something, and who is on the allow-list."""
        async with OwnDatabase(self.url) as db:
            links = await Ownership(db, self.record).all_of("T1")
            grants = await AllowList(db, self.record).members("T1")
        return {link.slack_id for link in links}, {grant.slack_id for grant in grants}


@pytest.fixture
async def stored(migrated_url: str, record: Record) -> Stored:
    """Two links of different origins, an admin, an instructor, a responder, and one who stays for longer."""
    there = Stored(migrated_url, record)
    await there.own(ANN, ROLE_OID, clock())
    await there.own(BOB, ROLE_OID + 1, clock(), Origin.POSSESSION)
    for person, grade in ((PIA, Grade.INSTRUCTOR), (TOM, Grade.RESPONDER)):
        await there.allow(person, grade)
    await there.allow(TIM, Grade.RESPONDER, END + DAY)
    return there


async def test_staff_hear_of_it_a_week_before(stored: Stored) -> None:
    await stored.turn(END - 9 * DAY)
    assert stored.teller.told == []
    stored.teller.takes = False
    await stored.turn(END - 7 * DAY)
    stored.teller.takes = True
    await stored.turn(END - 7 * DAY)
    assert stored.teller.told == [("before", ENDS, Lapsing(2, 1))]
    await stored.turn(END - MINUTE)
    assert await stored.rights() == ({ANN, BOB}, {PIA, TOM, TIM})


async def test_what_was_given_for_it_lapses_at_its_end_once_and_on_record(stored: Stored) -> None:
    await stored.turn(END + MINUTE)
    await stored.turn(END + 2 * MINUTE)

    assert await stored.rights() == (set(), {PIA, TIM})
    assert set(stored.teller.told) == {("over", ENDS, Lapsing(2, 1))}
    async with OwnDatabase(stored.url) as db:
        told = await History(db, stored.record).read("T1")
        lapsed = [(one.kind, one.state) for one in told if one.requester == "connbot"]
        assert sorted(lapsed) == [("membership", "removed"), *[("ownership", "unlinked")] * 2, ("term", "ended")]
        async with db.read() as connection:
            assert isinstance(await stored.record.verify(connection), Verified)


async def test_what_is_given_after_the_end_is_the_next_term_s(stored: Stored) -> None:
    await stored.turn(END + MINUTE)
    await stored.own(ANN, ROLE_OID, END + DAY)
    for later in (2 * DAY, 200 * DAY):
        await stored.turn(END + later)
    assert await stored.rights() == ({ANN}, {PIA, TIM})

    following = ENDS + 120 * DAY
    await stored.turn(ends_at(following, ZONE) - 5 * DAY, following)
    await stored.turn(ends_at(following, ZONE) + MINUTE, following)
    assert await stored.rights() == (set(), {PIA, TIM})
    assert stored.teller.told[-2:] == [("before", following, Lapsing(1, 0)), ("over", following, Lapsing(1, 0))]


async def test_what_lapsed_and_was_not_told_is_told_by_another_process(stored: Stored) -> None:
    await stored.turn(END + MINUTE, teller=Teller(takes=False))
    assert await stored.rights() == (set(), {PIA, TIM})
    await stored.turn(END + DAY)
    assert stored.teller.told == [("over", ENDS, Lapsing(2, 1))]


async def test_after_a_week_nobody_needs_to_hear_of_it(stored: Stored) -> None:
    await stored.turn(END + 8 * DAY)
    assert await stored.rights() == (set(), {PIA, TIM})
    assert stored.teller.told == []


async def test_a_date_that_is_over_takes_nothing(stored: Stored) -> None:
    await stored.turn(clock(), ENDS - 31 * DAY)
    assert await stored.rights() == ({ANN, BOB}, {PIA, TOM, TIM})
    assert stored.teller.told == []


async def test_nobody_is_told_where_there_is_no_staff_channel(stored: Stored) -> None:
    async with OwnDatabase(stored.url, ahead=END + MINUTE - clock()) as db:
        await TermEnd("T1", ENDS, ZONE, Terms(db, stored.record), None).turn()
    assert await stored.rights() == (set(), {PIA, TIM})


async def test_another_workspace_s_are_not_taken(stored: Stored, record: Record) -> None:
    async with OwnDatabase(stored.url, ahead=END + MINUTE - clock()) as db:
        await TermEnd("T2", ENDS, ZONE, Terms(db, record), stored.teller).turn()
    assert await stored.rights() == ({ANN, BOB}, {PIA, TOM, TIM})
