"""What ended without its person's knowing: in one process's hands at a time, until it is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.access.ownership import Ownership
from bot.incidents.history import History
from bot.incidents.proposal import USUAL, Claimed, Outcome, Proposal
from bot.incidents.untold import UNTOLD_FOR, Untold, Whom
from bot.servers.server import Verdict
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from tests.builders import NOON, a_backend, a_proposal, a_role
from tests.own_database import AT_COMMAND_LINE

LEASE = USUAL.telling_holds_for


@pytest.fixture
async def history(own_database: OwnDatabase, record: Record) -> History:
    drafted = a_proposal()
    await Ownership(own_database, record).own(
        replace(AT_COMMAND_LINE, team=drafted.team), drafted.requester, server="class", role=a_role(), now=NOON
    )
    return History(own_database, record)


async def resolved(history: History, name: str = "p1") -> Proposal:
    """A proposal whose backends were terminated; nobody was told."""
    draft = replace(a_proposal(a_backend(1)), id=name)
    await history.propose(draft)
    claimed = await history.claim(draft.requester_actor, name, role=a_role(), server_now=NOON, now=NOON)
    assert isinstance(claimed, Claimed)
    outcomes = [Outcome(target.id, Verdict.TERMINATED, NOON) for target in draft.targets]
    return await history.resolve(claimed.proposal, outcomes)


async def stored(history: History, proposal: Proposal) -> Proposal:
    found = await history.get(proposal.team, proposal.id)
    assert found is not None
    return found


@pytest.fixture
async def later(migrated_url: str) -> AsyncIterator[Untold]:
    """Another process, when the time of the first one is over."""
    async with OwnDatabase(migrated_url, ahead=LEASE) as database:
        yield Untold(database)


async def test_whoever_resolved_has_its_time_to_tell_and_then_another_takes_it_up(
    history: History, own_database: OwnDatabase, later: Untold
) -> None:
    left = await resolved(history)
    assert await Untold(own_database).take() == ()
    (taken,) = await later.take()
    assert taken == await stored(history, left)
    assert taken.telling_until is not None
    assert left.telling_until is not None
    assert taken.telling_until >= left.telling_until + LEASE
    # It is in hand now.
    assert await later.take() == ()


async def test_of_several_replicas_one_takes_it_up(history: History, later: Untold, migrated_url: str) -> None:
    for number in range(3):
        await resolved(history, f"p{number}")
    async with OwnDatabase(migrated_url, ahead=LEASE) as other:
        replicas = [later, Untold(other)]
        taken = await asyncio.gather(*(replicas[n % 2].take() for n in range(6)))
    assert sorted(one.id for some in taken for one in some) == ["p0", "p1", "p2"]


async def test_what_was_told_is_not_taken_up(history: History, own_database: OwnDatabase, later: Untold) -> None:
    told = [await resolved(history, f"p{number}") for number in range(4)]
    untold = Untold(own_database)
    await asyncio.gather(*(untold.told(one, *Whom) for one in told[:3]))
    assert [one.id for one in await later.take()] == ["p3"]
    assert [(await stored(history, one)).told_at is not None for one in told] == [True, True, True, False]


async def test_the_requester_and_the_owners_are_told_apart(
    history: History, own_database: OwnDatabase, later: Untold
) -> None:
    first, second = await resolved(history, "p1"), await resolved(history, "p2")
    untold = Untold(own_database)
    await asyncio.gather(untold.told(first, Whom.REQUESTER), untold.told(second, Whom.OWNERS))
    told_at = (await stored(history, first)).told_at

    taken = {one.id: one for one in await later.take()}

    assert (taken["p1"].told_at, taken["p1"].owners_told_at) == (told_at, None)
    assert taken["p2"].told_at is None
    assert taken["p2"].owners_told_at is not None
    # Whoever was told was told then.
    await untold.told(first, *Whom)
    assert (await stored(history, first)).told_at == told_at


async def test_only_what_ended_is_told(history: History, own_database: OwnDatabase, later: Untold) -> None:
    standing = await history.propose(replace(a_proposal(), id="standing"))
    asked_again = await history.propose(replace(a_proposal(), id="asked again"))
    await history.withdraw(asked_again.requester_actor, asked_again.id, tell=False)
    cancelled = await history.propose(replace(a_proposal(), id="cancelled"))
    await history.withdraw(cancelled.requester_actor, cancelled.id)
    assert [one.id for one in await later.take()] == ["cancelled"]
    await Untold(own_database).told(standing, *Whom)
    assert (await stored(history, standing)).told_at is None


async def test_after_a_day_nobody_is_told_any_more(history: History, migrated_url: str) -> None:
    await resolved(history)
    async with OwnDatabase(migrated_url, ahead=UNTOLD_FOR) as database:
        assert await Untold(database).take() == ()
    async with OwnDatabase(migrated_url, ahead=UNTOLD_FOR - timedelta(minutes=1)) as database:
        assert len(await Untold(database).take()) == 1
