"""Owners are asked: each answer is one conditional update, and of several at once one counts."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Actor, Grade, Right
from bot.access.ownership import Ownership
from bot.incidents.asking import Asking
from bot.incidents.history import History
from bot.incidents.proposal import Claimed, Consent, NotClaimed, Proposal, State
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from tests import builders
from tests.builders import NOON, a_backend, a_place, a_role, a_target
from tests.own_database import AT_COMMAND_LINE

TA, ALICE, BOB, MALLORY = (Actor("T1", name) for name in ("UTA", "UALICE", "UBOB", "UMALLORY"))
FRESH = (a_target(a_backend(1, since=1)),)
"""One of two is left, and did something since."""


@pytest.fixture
async def asking(own_database: OwnDatabase, record: Record) -> Asking:
    """alice and bob own one role; UTA is a responder."""
    for owner in (ALICE, BOB):
        await Ownership(own_database, record).own(AT_COMMAND_LINE, owner.id, server="class", role=a_role(), now=NOON)
    await AllowList(own_database, record).allow(AT_COMMAND_LINE, Grant("UTA", Grade.RESPONDER, "class"), now=NOON)
    return Asking(own_database, record)


@pytest.fixture
def history(own_database: OwnDatabase, record: Record) -> History:
    return History(own_database, record)


async def waiting(history: History, *, wait: timedelta = timedelta(minutes=15)) -> Proposal:
    draft = builders.a_proposal(a_backend(1), a_backend(2), team="T1", requester="UTA", state=State.WAITING)
    return await history.propose(replace(draft, consent=Consent.ASKED, lapses_at=NOON + wait))


async def test_what_waits_is_not_claimed_and_does_not_lapse_by_itself(asking: Asking, history: History) -> None:
    proposal = await waiting(history, wait=timedelta(microseconds=1))
    answer = await history.claim(TA, proposal.id, role=a_role(), server_now=NOON, now=NOON)
    assert answer == NotClaimed("waiting", proposal)
    assert await history.lapse() == ()
    (found,), now = await asking.standing()
    assert found == proposal
    assert now > proposal.lapses_at


async def test_an_owner_who_uses_it_takes_it_back(asking: Asking, history: History) -> None:
    proposal = await waiting(history)

    answer = await asking.in_use(ALICE, proposal.id)

    assert isinstance(answer, Proposal)
    assert (answer.state, answer.answered_by) == (State.WITHDRAWN, "UALICE")
    assert await history.get("T1", proposal.id) == answer
    late = await asking.in_use(BOB, proposal.id)
    assert late == NotClaimed("over", answer)
    assert (await asking.standing())[0] == ()


async def test_an_owner_who_closes_it_is_the_requester_on_fresh_facts(asking: Asking, history: History) -> None:
    proposal = await waiting(history)

    taken = await asking.take_over(ALICE, proposal.id, FRESH, a_place("DALICE"))

    assert isinstance(taken, Proposal)
    assert (taken.state, taken.requester, taken.right) == (State.PROPOSED, "UALICE", Right.OWNER)
    assert (taken.consent, taken.asked_by, taken.targets) == (Consent.OWNER, "UTA", FRESH)
    assert await history.get("T1", proposal.id) == taken
    assert await asking.take_over(BOB, proposal.id, FRESH, a_place("DBOB")) == NotClaimed("taken", taken)
    foreign = await history.claim(TA, proposal.id, role=a_role(), server_now=NOON, now=NOON)
    assert isinstance(foreign, NotClaimed)
    claimed = await history.claim(ALICE, proposal.id, role=a_role(), server_now=NOON, now=NOON)
    assert isinstance(claimed, Claimed)


async def test_any_owners_no_counts_until_the_claim_and_not_after(asking: Asking, history: History) -> None:
    proposal = await waiting(history)
    await asking.take_over(ALICE, proposal.id, FRESH, a_place())

    async def claim() -> bool:
        answer = await history.claim(ALICE, proposal.id, role=a_role(), server_now=NOON, now=NOON)
        return isinstance(answer, Claimed)

    async def keep() -> bool:
        return isinstance(await asking.in_use(BOB, proposal.id), Proposal)

    ended, kept = await asyncio.gather(claim(), keep())

    assert ended is not kept
    found = await history.get("T1", proposal.id)
    assert found is not None
    assert found.state is (State.CLAIMED if ended else State.WITHDRAWN)


async def test_nobody_else_answers_and_it_is_on_record(asking: Asking, history: History) -> None:
    proposal = await waiting(history)

    for stranger in (MALLORY, TA, Actor("T2", "UALICE")):
        assert await asking.in_use(stranger, proposal.id) == NotClaimed("unknown")
        assert await asking.take_over(stranger, proposal.id, FRESH, a_place()) == NotClaimed("unknown")
    for stranger in (MALLORY, ALICE):
        answer = await asking.override(stranger, proposal.id, "exam", role=a_role(), targets=FRESH, now=NOON)
        assert answer == NotClaimed("foreign")
        assert await asking.comes_from(stranger, proposal.id, a_place("C1")) is None

    assert await history.get("T1", proposal.id) == proposal
    assert [event.kind for event in await history.read(None)].count("refusal") == 8


async def test_whoever_asks_is_not_asked_though_an_owner(
    asking: Asking, history: History, own_database: OwnDatabase, record: Record
) -> None:
    await Ownership(own_database, record).own(AT_COMMAND_LINE, "UTA", server="class", role=a_role(), now=NOON)
    proposal = await waiting(history)
    assert await asking.take_over(TA, proposal.id, FRESH, a_place()) == NotClaimed("unknown")
    assert await asking.in_use(TA, proposal.id) == NotClaimed("unknown")
    await asking.take_over(ALICE, proposal.id, FRESH, a_place())
    assert await asking.in_use(TA, proposal.id) == NotClaimed("unknown")


async def test_an_owner_no_more_has_no_say(
    asking: Asking, history: History, own_database: OwnDatabase, record: Record
) -> None:
    proposal = await waiting(history)
    await Ownership(own_database, record).disown(AT_COMMAND_LINE, "UALICE", now=NOON)
    assert await asking.in_use(ALICE, proposal.id) == NotClaimed("unknown")


async def test_what_nobody_is_asked_about_no_owner_answers(asking: Asking, history: History) -> None:
    proposal = await history.propose(builders.a_proposal(team="T1", requester="UTA"))
    assert await asking.in_use(ALICE, proposal.id) == NotClaimed("unknown")


async def test_staff_go_on_for_a_reason_with_their_right_of_now(
    asking: Asking, history: History, own_database: OwnDatabase, record: Record
) -> None:
    proposal = await waiting(history)
    assert await asking.override(TA, proposal.id, "", role=a_role(), targets=FRESH, now=NOON) == NotClaimed(
        "reason", proposal
    )
    async with own_database.write() as connection:
        assert isinstance(await record.verify(connection), Verified)

    moved = await asking.override(TA, proposal.id, "exam", role=a_role(), targets=FRESH, now=NOON)

    assert isinstance(moved, Proposal)
    assert (moved.state, moved.consent, moved.reason) == (State.PROPOSED, Consent.OVERRIDDEN, "exam")
    assert (moved.answered_by, moved.targets) == ("UTA", FRESH)
    # Their answer is not waited for, and comes too late.
    assert await asking.in_use(ALICE, proposal.id) == NotClaimed("over", moved)
    events = [(event.kind, event.state, event.reason) for event in await history.read(None)]
    assert ("consent", "overridden", "exam") in events


async def test_a_right_lost_meanwhile_overrides_nothing(
    asking: Asking, history: History, own_database: OwnDatabase, record: Record
) -> None:
    proposal = await waiting(history)
    await AllowList(own_database, record).disallow(AT_COMMAND_LINE, "UTA", now=NOON)
    answer = await asking.override(TA, proposal.id, "exam", role=a_role(), targets=FRESH, now=NOON)
    assert answer == NotClaimed("denied", proposal)


async def test_of_several_replicas_one_goes_on_when_the_time_is_over(
    asking: Asking, history: History, own_database: OwnDatabase
) -> None:
    early = await waiting(history)
    assert await asking.unanswered(early, FRESH) is None
    await asking.in_use(ALICE, early.id)

    draft = builders.a_proposal(a_backend(1), a_backend(2), id="p2", team="T1", requester="UTA", state=State.WAITING)
    late = await history.propose(replace(draft, consent=Consent.ASKED, lapses_at=NOON + timedelta(microseconds=1)))
    moved = [one for one in await asyncio.gather(*(asking.unanswered(late, FRESH) for _ in range(5))) if one]

    assert len(moved) == 1
    assert (moved[0].state, moved[0].consent, moved[0].targets) == (State.PROPOSED, Consent.ASKED, FRESH)
    assert moved[0].lapses_at > await own_database.now()
    assert await history.get("T1", late.id) == moved[0]
    answer = await history.claim(TA, late.id, role=a_role(), server_now=NOON, now=NOON)
    assert isinstance(answer, Claimed)
    assert answer.proposal.consent is Consent.ASKED


async def test_what_is_let_go_is_let_go_once(asking: Asking, history: History) -> None:
    proposal = await waiting(history)
    answers = await asyncio.gather(*(asking.let_go(proposal) for _ in range(3)))
    assert [one.state for one in answers if one] == [State.LAPSED]


async def test_a_click_that_moves_the_place_writes_over_no_answer(asking: Asking, history: History) -> None:
    proposal = await waiting(history, wait=timedelta(microseconds=1))
    await asking.unanswered(proposal, FRESH)
    here = a_place("C0STAFF", response_url="https://hooks.example/1")

    taken, *_ = await asyncio.gather(
        asking.take_over(ALICE, proposal.id, FRESH, a_place("DALICE")),
        *(asking.comes_from(TA, proposal.id, here) for _ in range(5)),
    )

    assert isinstance(taken, Proposal)
    assert await history.get("T1", proposal.id) == taken


async def test_what_is_let_go_by_an_old_look_keeps_what_was_answered_since(asking: Asking, history: History) -> None:
    proposal = await waiting(history)
    taken = await asking.take_over(ALICE, proposal.id, FRESH, a_place("DALICE"))
    assert isinstance(taken, Proposal)
    assert await asking.unanswered(proposal, FRESH) is None
    assert await asking.let_go(proposal) == replace(taken, state=State.LAPSED)


async def test_where_it_is_answered_moves_with_its_person(asking: Asking, history: History) -> None:
    proposal = await waiting(history)
    here = a_place("C0STAFF", response_url="https://hooks.example/1")

    placed = await asking.comes_from(TA, proposal.id, here)

    assert placed == replace(proposal, place=here) == await history.get("T1", proposal.id)
    await asking.in_use(ALICE, proposal.id)
    assert await asking.comes_from(TA, proposal.id, here) is None
