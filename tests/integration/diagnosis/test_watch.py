"""The watch ends what is over once, whichever process sees it, and has said what nobody lived to say."""

import asyncio
import itertools
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from bot.diagnosis.consult import Heard
from bot.diagnosis.facts import Facts
from bot.diagnosis.replies import Reply
from bot.diagnosis.watch import Look, Watch
from bot.errors import OwnDatabaseUnavailable
from bot.incidents.incident import (
    BY_ITSELF,
    Affected,
    Conversation,
    Incident,
    Report,
    Scope,
    ScopeKind,
    Waiting,
    Watched,
)
from bot.incidents.incidents import Incidents
from bot.incidents.patience import Patience
from bot.servers.capacity import Limit, LimitKind
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.tables import incident_people
from bot.storage.tables import incidents as rows
from tests.builders import NOON
from tests.eventually import eventually

TEAM = "T1"
ALICE, BOB = Scope(ScopeKind.ROLE, "alice"), Scope(ScopeKind.ROLE, "bob")
PATIENCE = Patience(free_for=timedelta(seconds=60), staff_after=timedelta(minutes=5))
LOOKS_TO_A_MINUTE = 5


@dataclass
class Ledger:
    """A herald that keeps what it is to say; of what it can say once it says whether that is done."""

    kept: list[tuple[str, bool]] = field(default_factory=list)
    resolved_: list[tuple[str, int]] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    facts: list[Facts | None] = field(default_factory=list)
    """With which each of these was to be said."""
    reachable: bool = True

    async def reply(self, heard: Heard, reply: Reply) -> bool:
        raise NotImplementedError

    async def keep(self, incident: Incident, facts: Facts | None) -> bool:
        self.kept.append((incident.id, incident.open))
        self.facts.append(facts)
        return self.reachable

    async def resolved(self, incident: Incident, facts: Facts | None) -> bool:
        self.resolved_.append((incident.id, incident.occasion))
        self.facts.append(facts)
        return self.reachable

    async def call_staff(self, incident: Incident, facts: Facts | None) -> bool:
        self.called.append(incident.id)
        self.facts.append(facts)
        return self.reachable

    async def missed(self, team: str, heard: Sequence[Heard]) -> bool:
        raise NotImplementedError


@dataclass
class Servers:
    """Servers on whose clock a quarter of a minute passes between two looks; what is full is in `full`, what is gone in `gone`."""

    full: set[Scope] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    looks: list[tuple[str, Scope]] = field(default_factory=list)
    at: datetime = NOON

    async def look(self, server: str, scope: Scope) -> Facts | None:
        self.looks.append((server, scope))
        await asyncio.sleep(0)
        if server in self.gone:
            return None
        return Facts(self.at, Limit(LimitKind.ROLE, scope.name, 5 if scope in self.full else 4, 5))

    def pass_on(self) -> None:
        self.at += timedelta(seconds=15)


class Sayings:
    """What is being said."""

    def __init__(self) -> None:
        self.under_way: list[asyncio.Task[None]] = []

    def start(self, saying: Coroutine[object, object, None], name: str) -> None:
        assert name == "incident"
        self.under_way.append(asyncio.create_task(saying))

    async def done(self) -> None:
        """Wait until all of it is said."""
        under_way, self.under_way = self.under_way, []
        await asyncio.gather(*under_way)


class Watching(Watch):
    """A watch whose looks are over when what they had said is said."""

    def __init__(self, look: Look, incidents: Incidents, herald: Ledger) -> None:
        self.sayings = Sayings()
        super().__init__(TEAM, look, incidents, herald, self.sayings.start, PATIENCE)

    async def look_after(self) -> None:
        await super().look_after()
        await self.sayings.done()


@pytest.fixture
def incidents(own_database: OwnDatabase, record: Record) -> Incidents:
    numbers = itertools.count(1)
    return Incidents(own_database, record, lambda: f"i{next(numbers)}")


@pytest.fixture
def seen() -> Servers:
    return Servers({ALICE, BOB})


@pytest.fixture
def herald() -> Ledger:
    return Ledger()


@pytest.fixture
def watch(incidents: Incidents, seen: Servers, herald: Ledger) -> Watch:
    return Watching(seen.look, incidents, herald)


async def opened(
    incidents: Incidents,
    scope: Scope = ALICE,
    *,
    person: str = "U0ANN",
    server: str = "class",
    team: str = TEAM,
    cause: str = "role_limit",
) -> Incident:
    affected = Affected(person, Conversation("C0HELP", "1.0"), NOON, scope.name, f"{person}.0")
    return (await incidents.report(Report(team, server, scope, cause, affected))).incident


async def turns(watch: Watch, seen: Servers, count: int = LOOKS_TO_A_MINUTE) -> None:
    for _ in range(count):
        await watch.look_after()
        seen.pass_on()


async def age(db: OwnDatabase, by: timedelta) -> None:
    """Let everything have been opened, and everybody come, a while earlier."""
    async with db.write() as connection:
        past = await db.now(connection) - by
        await connection.execute(update(rows).values(opened_at=past, occasion_at=past))
        await connection.execute(update(incident_people).values(since=past))


async def test_what_has_room_for_a_minute_is_over_and_said_once(
    watch: Watch, incidents: Incidents, seen: Servers, herald: Ledger
) -> None:
    alice, bob = await opened(incidents), await opened(incidents, BOB, person="U0BOB")
    await turns(watch, seen)
    assert {one.id for one in await incidents.standing(TEAM)} == {alice.id, bob.id}
    seen.full.remove(ALICE)

    await turns(watch, seen, LOOKS_TO_A_MINUTE - 1)
    assert herald.resolved_ == []
    await turns(watch, seen)

    over = await incidents.get(TEAM, alice.id)
    assert over is not None
    assert (over.open, over.resolved_by, over.given_up) == (False, "", False)
    assert herald.resolved_ == [(alice.id, 1)]
    assert [kept for kept in herald.kept if not kept[1]] == [(alice.id, False)]
    assert [one.id for one in await incidents.standing(TEAM)] == [bob.id]


async def test_answers_are_kept_true_at_each_look_and_each_scope_is_looked_at_once(
    watch: Watch, incidents: Incidents, seen: Servers, herald: Ledger
) -> None:
    first = await opened(incidents)
    await opened(incidents, person="U0BOB")
    other = await opened(incidents, BOB)
    lab = await opened(incidents, BOB, server="lab")
    await opened(incidents, BOB, team="T2")

    await watch.look_after()

    assert sorted(herald.kept) == [(one.id, True) for one in (first, other, lab)]
    assert sorted(seen.looks, key=str) == [("class", ALICE), ("class", BOB), ("lab", BOB)]
    assert sorted(one.limit.name for one in herald.facts if one and one.limit) == ["alice", "bob", "bob"]


async def test_a_server_that_is_gone_is_asked_once_and_no_room_is_counted_over_it(
    watch: Watch, incidents: Incidents, seen: Servers, herald: Ledger
) -> None:
    await opened(incidents)
    await opened(incidents, BOB)
    seen.full.clear()
    await turns(watch, seen, LOOKS_TO_A_MINUTE - 1)
    seen.gone.add("class")
    seen.looks.clear()
    await turns(watch, seen, 1)
    assert len(seen.looks) == 1
    seen.gone.clear()

    await turns(watch, seen, LOOKS_TO_A_MINUTE - 1)

    assert len(await incidents.standing(TEAM)) == 2
    assert herald.resolved_ == []
    await turns(watch, seen, 1)
    assert await incidents.standing(TEAM) == ()


async def test_a_poolers_limit_is_not_told_by_the_server(
    watch: Watch, incidents: Incidents, seen: Servers, herald: Ledger
) -> None:
    await opened(incidents, Scope(ScopeKind.SERVER), cause="pooler_limit")
    await turns(watch, seen, 2 * LOOKS_TO_A_MINUTE)
    assert len(await incidents.standing(TEAM)) == 1
    assert herald.resolved_ == []


async def test_what_everybody_is_in_again_is_over(watch: Watch, incidents: Incidents, herald: Ledger) -> None:
    incident = await opened(incidents)
    await incidents.stands(TEAM, incident.id, "U0ANN", Waiting.IN)
    await watch.look_after()
    assert await incidents.standing(TEAM) == ()
    assert herald.resolved_ == [(incident.id, 1)]


async def test_who_comes_while_it_is_looked_at_is_looked_after_first(
    incidents: Incidents, seen: Servers, herald: Ledger
) -> None:
    incident = await opened(incidents)
    await incidents.stands(TEAM, incident.id, "U0ANN", Waiting.IN)

    async def look(server: str, scope: Scope) -> Facts | None:
        if len(seen.looks) == 0:
            await opened(incidents, person="U0BOB")
        return await seen.look(server, scope)

    watch = Watching(look, incidents, herald)
    await watch.look_after()
    await watch.look_after()
    assert [one.id for one in await incidents.standing(TEAM)] == [incident.id]
    assert herald.resolved_ == []


async def test_a_minute_that_began_on_an_earlier_occasion_does_not_count(
    watch: Watch, incidents: Incidents, seen: Servers, herald: Ledger
) -> None:
    incident = await opened(incidents)
    seen.full.clear()
    await turns(watch, seen, LOOKS_TO_A_MINUTE - 1)
    await incidents.resolve(TEAM, incident.id, "U0TOM")
    await incidents.reopen(TEAM, incident.id, "U0ANN")
    await turns(watch, seen, 1)
    assert [one.occasion for one in await incidents.standing(TEAM)] == [2]
    await turns(watch, seen)
    assert herald.resolved_ == [(incident.id, 2)]


async def test_staff_are_called_until_they_know(
    watch: Watch, incidents: Incidents, own_database: OwnDatabase, seen: Servers, herald: Ledger
) -> None:
    incident = await opened(incidents)
    await turns(watch, seen, 1)
    assert herald.called == []
    await age(own_database, timedelta(minutes=5))
    herald.reachable = False
    await turns(watch, seen, 2)
    assert herald.called == [incident.id] * 2
    herald.reachable = True
    await turns(watch, seen, 3)
    assert herald.called == [incident.id] * 3
    # Again on the next occasion.
    await incidents.resolve(TEAM, incident.id, "U0TOM")
    await incidents.reopen(TEAM, incident.id, "U0ANN")
    await age(own_database, timedelta(minutes=5))
    await turns(watch, seen, 2)
    assert herald.called == [incident.id] * 4


async def test_with_a_human_there_staff_are_not_called(
    watch: Watch, incidents: Incidents, own_database: OwnDatabase, herald: Ledger
) -> None:
    incident = await opened(incidents)
    await incidents.acted(TEAM, incident.id, "U0TOM")
    await age(own_database, timedelta(hours=1))
    await watch.look_after()
    assert herald.called == []


async def test_what_another_process_ended_and_did_not_live_to_say_is_said(
    watch: Watch, incidents: Incidents, own_database: OwnDatabase, seen: Servers, herald: Ledger
) -> None:
    said, late = await opened(incidents), await opened(incidents, BOB)
    await incidents.resolve(TEAM, late.id, "U0TOM")
    await age_resolved(own_database, timedelta(minutes=31))
    await incidents.resolve(TEAM, said.id, "U0TOM")
    herald.reachable = False
    await turns(watch, seen, 1)
    herald.reachable = True

    await turns(watch, seen, 3)

    assert herald.resolved_ == [(said.id, 1)] * 2


async def age_resolved(db: OwnDatabase, by: timedelta) -> None:
    async with db.write() as connection:
        past = await db.now(connection) - by
        over = update(rows).where(rows.c.state == "resolved")
        await connection.execute(over.values(opened_at=past, occasion_at=past, resolved_at=past))


class Later(Incidents):
    """Incidents of a database whose clock is ahead."""

    by = timedelta(0)

    async def watched(self, team: str) -> Watched:
        watched = await super().watched(team)
        return replace(watched, at=watched.at + self.by)


async def test_what_nobody_can_tell_or_speaks_of_ends_without_a_word(
    incidents: Incidents, own_database: OwnDatabase, record: Record, seen: Servers, herald: Ledger
) -> None:
    incident = await opened(incidents, Scope(ScopeKind.SERVER), cause="pooler_limit")
    await age(own_database, timedelta(hours=13))
    shifted = Later(own_database, record, lambda: "x")
    watch = Watching(seen.look, shifted, herald)
    for _ in range(2 * 60 * 3):
        await watch.look_after()
        shifted.by += timedelta(seconds=20)
        if not await incidents.standing(TEAM):
            break

    over = await incidents.get(TEAM, incident.id)
    assert over is not None
    assert (over.open, over.resolved_by, over.given_up) == (False, BY_ITSELF, True)
    assert timedelta(hours=1) <= shifted.by < timedelta(hours=1, minutes=1)
    assert herald.resolved_ == []
    assert herald.kept[-1] == (incident.id, False)
    # Nor by a process that begins now.
    await Watching(seen.look, incidents, herald).look_after()
    assert herald.resolved_ == []


async def test_two_processes_end_it_once(
    incidents: Incidents, seen: Servers, record: Record, migrated_url: str
) -> None:
    await opened(incidents)
    seen.full.clear()
    async with OwnDatabase(migrated_url) as second:
        heralds = Ledger(), Ledger()
        both = [
            Watching(seen.look, store, herald)
            for store, herald in zip((incidents, Incidents(second, record, lambda: "x")), heralds, strict=True)
        ]
        for _ in range(LOOKS_TO_A_MINUTE):
            await asyncio.gather(*(watch.look_after() for watch in both))
            seen.pass_on()
        (over,) = (await incidents.watched(TEAM)).over
        await asyncio.gather(*(watch.look_after() for watch in both))

    # Each asks once to have it said; the posts see to it that it is said once.
    assert [herald.resolved_ for herald in heralds] == [[(over.id, 1)]] * 2
    assert over.occasion == 1


async def test_one_that_fails_holds_up_no_other(incidents: Incidents, seen: Servers) -> None:
    class Broken(Ledger):
        async def keep(self, incident: Incident, facts: Facts | None) -> bool:
            if incident.scope == ALICE:
                raise OwnDatabaseUnavailable("gone")
            return await super().keep(incident, facts)

    await opened(incidents)
    bob = await opened(incidents, BOB)
    lab = await opened(incidents, BOB, server="lab")
    broken = Broken()
    await Watching(seen.look, incidents, broken).look_after()
    assert sorted(broken.kept) == [(bob.id, True), (lab.id, True)]


async def test_no_look_waits_for_what_is_being_said(incidents: Incidents, seen: Servers) -> None:
    class Slow(Ledger):
        slack = asyncio.Event()

        async def keep(self, incident: Incident, facts: Facts | None) -> bool:
            await super().keep(incident, facts)
            await self.slack.wait()
            return True

    incident = await opened(incidents)
    seen.full.clear()
    herald, sayings = Slow(), Sayings()
    watch = Watch(TEAM, seen.look, incidents, herald, sayings.start, PATIENCE)
    await turns(watch, seen)

    # It is over in time, and said, although its answer is still being changed; that was begun once.
    over = (await incidents.watched(TEAM)).over
    assert [one.id for one in over] == [incident.id]
    await eventually(lambda: herald.resolved_ == [(incident.id, 1)])
    herald.slack.set()
    await sayings.done()
    assert herald.kept == [(incident.id, True), (incident.id, False)]
