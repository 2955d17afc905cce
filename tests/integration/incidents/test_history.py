"""Proposals and what becomes of them: one claim, by the right person in time, and everything on record."""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.access.allow_list import AllowList, Grant
from bot.access.desk import Desk
from bot.access.member import Action, Actor, Denied, Grade, Right
from bot.access.ownership import Ownership
from bot.incidents.history import Event, History, as_json
from bot.incidents.proposal import (
    CLAIM_HOLDS_FOR,
    LAPSES_AFTER,
    Claimed,
    Consent,
    NotClaimed,
    Outcome,
    Place,
    Proposal,
    State,
)
from bot.servers.server import Role, Target, Verdict
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from bot.storage.tables import proposal_backends
from bot.storage.tables import record as entries
from tests import builders
from tests.builders import NOON, ROLE_OID, a_backend, a_role
from tests.own_database import AT_COMMAND_LINE, AUDIT_KEY

ROOT = Path(__file__).parents[3]
SERVER_NOW = datetime(2026, 11, 22, 12, 0, 0, 654321, tzinfo=UTC)
"""A server's clock, which need not be anybody else's."""
ALICE, EVE, TA = Actor("T1", "UALICE"), Actor("T1", "UEVE"), Actor("T1", "UTA")


def a_proposal(
    name: str = "p1",
    *,
    requester: str = "UALICE",
    role: str = "alice",
    role_oid: int = ROLE_OID,
    server: str = "class",
    pids: tuple[int, ...] = (4711,),
    reason: str = "",
) -> Proposal:
    """A proposal as a use case drafts it."""
    return builders.a_proposal(
        *(a_backend(pid, server=server, role=role, role_oid=role_oid) for pid in pids),
        id=name,
        team="T1",
        requester=requester,
        role=role,
        role_oid=role_oid,
        server=server,
        reason=reason,
        right=Right.OWNER,
        place=builders.a_place(response_url="https://hooks.example/1"),
    )


def a_target(pid: int = 4711, *, server: str = "class", role_oid: int = ROLE_OID) -> Target:
    return builders.a_target(a_backend(pid, server=server, role_oid=role_oid))


def outcomes(proposal: Proposal, verdict: Verdict = Verdict.TERMINATED, detail: str = "") -> tuple[Outcome, ...]:
    """The same outcome for each backend."""
    return tuple(Outcome(target.id, verdict, SERVER_NOW, detail) for target in proposal.targets)


@pytest.fixture
async def history(own_database: OwnDatabase, record: Record) -> History:
    """alice owns her role; UTA is a responder."""
    await Ownership(own_database, record).own(AT_COMMAND_LINE, "UALICE", server="class", role=a_role(), now=NOON)
    await AllowList(own_database, record).allow(AT_COMMAND_LINE, Grant("UTA", Grade.RESPONDER, "class"), now=NOON)
    return History(own_database, record)


async def claim(
    history: History,
    actor: Actor = ALICE,
    proposal_id: str = "p1",
    role: Role | None = None,
    place: Place | None = None,
) -> Claimed | NotClaimed:
    role = role or a_role()
    return await history.claim(actor, proposal_id, role=role, server_now=SERVER_NOW, now=NOON, place=place)


async def claimed(history: History, proposal_id: str = "p1") -> Proposal:
    await history.propose(a_proposal(proposal_id, pids=(1, 2)))
    answer = await claim(history, proposal_id=proposal_id)
    assert isinstance(answer, Claimed)
    return answer.proposal


async def kinds(db: OwnDatabase, record: Record) -> list[str]:
    async with db.read() as connection:
        assert isinstance(await record.verify(connection), Verified)
        return list((await connection.execute(select(entries.c.kind).order_by(entries.c.seq).offset(2))).scalars())


async def last_payload(db: OwnDatabase) -> dict[str, object]:
    async with db.read() as connection:
        query = select(entries.c.payload).order_by(entries.c.seq.desc()).limit(1)
        said = json.loads((await connection.execute(query)).scalar_one())
        assert isinstance(said, dict)
        return said


async def test_a_proposal_is_kept_as_shown_and_lapses_by_the_own_databases_clock(
    history: History, own_database: OwnDatabase
) -> None:
    plain = a_target(2)
    exact = replace(plain.id, started_at=plain.id.started_at + timedelta(microseconds=1))
    hostile = replace(plain, id=exact, application_name="<!channel>\x00\ud800", database=None, client_address=None)
    draft = replace(a_proposal(), targets=(a_target(1), hostile), reason="it's mine")
    before = await own_database.now()
    stored = await history.propose(draft)
    assert before <= stored.created_at <= await own_database.now()
    assert stored == replace(draft, created_at=stored.created_at, lapses_at=stored.created_at + LAPSES_AFTER)
    clean = replace(hostile, application_name="<!channel>\ufffd\ufffd")
    assert await history.get("T1", "p1") == replace(stored, targets=(a_target(1), clean))


async def test_a_proposal_of_another_team_or_of_no_one_is_none(history: History) -> None:
    await history.propose(a_proposal())
    assert await history.get("T2", "p1") is None
    assert await history.get("T1", "p2") is None


@pytest.mark.parametrize(
    "targets", [(), (a_target(server="lab"),), (a_target(role_oid=1),)], ids=["none", "other server", "other role"]
)
async def test_a_proposal_is_about_backends_of_its_own_role(history: History, targets: tuple[Target, ...]) -> None:
    with pytest.raises(ValueError, match="one role"):
        await history.propose(replace(a_proposal(), targets=targets))
    assert await history.get("T1", "p1") is None


async def test_a_claim_is_stored_with_who_when_and_until_when(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    proposed = await history.propose(a_proposal(pids=(1, 2, 3)))
    place = Place("C2", None, "https://hooks.example/2", SERVER_NOW)
    answer = await claim(history, place=place)
    assert isinstance(answer, Claimed)
    assert answer.right is Right.OWNER
    got = answer.proposal
    assert (got.state, got.claimed_by, got.deadline) == (State.CLAIMED, "UALICE", SERVER_NOW + CLAIM_HOLDS_FOR)
    assert (got.targets, got.place) == (proposed.targets, place)
    assert await history.get("T1", "p1") == got
    assert await kinds(own_database, record) == ["claim"]
    said = await last_payload(own_database)
    assert (said["actor"], said["proposal"], said["right"], said["role"]) == ("UALICE", "p1", "owner", "alice")


async def test_of_ten_clicks_at_once_in_two_processes_one_wins_and_nine_learn_of_it(
    history: History, migrated_url: str, record: Record
) -> None:
    await history.propose(a_proposal())
    async with OwnDatabase(migrated_url) as other:
        histories = [history, History(other, record)]
        answers = await asyncio.gather(*(claim(histories[n % 2]) for n in range(10)))
    assert sum(isinstance(answer, Claimed) for answer in answers) == 1
    lost = [answer for answer in answers if isinstance(answer, NotClaimed)]
    assert {answer.why for answer in lost} == {"claimed"}
    assert all(answer.proposal and answer.proposal.claimed_by == "UALICE" for answer in lost)


CLAIMING = """
import asyncio, sys
from bot.access.member import Actor
from bot.incidents.history import History
from bot.incidents.proposal import Claimed
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from tests.builders import NOON, a_role

async def main(url, key):
    async with OwnDatabase(url) as db:
        history = History(db, Record(key))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        claim = lambda: history.claim(Actor("T1", "UALICE"), "p1", role=a_role(), server_now=NOON, now=NOON)
        answers = await asyncio.gather(*(claim() for _ in range(5)))
        print(sum(isinstance(answer, Claimed) for answer in answers))

asyncio.run(main(sys.argv[1], sys.argv[2].encode()))
"""


async def test_of_the_clicks_in_several_operating_system_processes_one_wins(
    history: History, own_database: OwnDatabase, migrated_url: str, record: Record
) -> None:
    await history.propose(a_proposal())
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-c", CLAIMING, migrated_url, AUDIT_KEY.decode()]
    processes = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert sum(int(out) for out, _ in told) == 1
    assert Counter(await kinds(own_database, record)) == {"claim": 1}


async def test_a_click_that_comes_too_late_finds_it_lapsed(history: History, migrated_url: str, record: Record) -> None:
    await history.propose(a_proposal())
    async with OwnDatabase(migrated_url, ahead=LAPSES_AFTER - timedelta(seconds=30)) as in_time:
        assert await History(in_time, record).lapse() == ()
    async with OwnDatabase(migrated_url, ahead=LAPSES_AFTER) as late:
        answer = await claim(History(late, record))
    assert isinstance(answer, NotClaimed)
    assert answer.why == "lapsed"
    stored = await history.get("T1", "p1")
    assert stored is not None
    assert stored == answer.proposal
    assert stored.state is State.LAPSED
    assert await claim(history) == NotClaimed("lapsed", stored)


async def test_a_delivery_of_a_click_is_claimed_with_its_proposal_and_once(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    desk = Desk(own_database)
    await history.propose(a_proposal())
    click = partial(history.claim, ALICE, role=a_role(), server_now=SERVER_NOW, now=NOON)
    assert isinstance(await click("p1", delivery="one"), Claimed)
    assert await click("p1", delivery="one") == NotClaimed("repeated")
    assert not (await desk.admit(ALICE, "one")).first
    # One that was refused is answered too, and on record once.
    assert (await desk.admit(ALICE, "two")).first
    for delivery, why in (("two", "repeated"), ("three", "unknown"), ("three", "repeated")):
        assert await click("nothing", delivery=delivery) == NotClaimed(why)
    assert await kinds(own_database, record) == ["claim", "refusal"]
    await desk.close()


async def test_a_click_in_time_by_the_own_databases_clock_counts_whatever_other_clocks_say(history: History) -> None:
    await history.propose(a_proposal())
    role, late = a_role(), NOON + timedelta(days=1)
    answer = await history.claim(ALICE, "p1", role=role, server_now=SERVER_NOW + timedelta(days=1), now=late)
    assert isinstance(answer, Claimed)


@pytest.mark.parametrize(
    ("actor", "proposal_id", "why"),
    [
        (EVE, "p1", "foreign"),
        (TA, "p1", "foreign"),
        (Actor("T2", "UALICE"), "p1", "unknown"),
        (ALICE, "p2", "unknown"),
        (ALICE, "<!channel>" * 1000, "unknown"),
        (ALICE, "\x00", "unknown"),
    ],
)
async def test_a_click_on_what_is_not_ones_own_is_refused_tells_nothing_and_is_on_record(
    history: History, own_database: OwnDatabase, record: Record, actor: Actor, proposal_id: str, why: str
) -> None:
    proposed = await history.propose(a_proposal())
    assert await claim(history, actor, proposal_id) == NotClaimed(why)
    assert await history.withdraw(actor, proposal_id) == NotClaimed(why)
    assert await history.get("T1", "p1") == proposed
    assert await kinds(own_database, record) == ["refusal", "refusal"]
    said = await last_payload(own_database)
    assert (said["why"], said["actor"]) == (why, actor.id)


async def test_a_click_after_the_right_is_lost_is_denied_and_the_proposal_still_stands(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    proposed = await history.propose(a_proposal())
    await Ownership(own_database, record).disown(AT_COMMAND_LINE, "UALICE", now=NOON)
    assert await claim(history) == NotClaimed("denied", proposed)
    assert await history.get("T1", "p1") == proposed
    said = await last_payload(own_database)
    assert (said["kind"], said["why"], said["proposal"]) == ("refusal", "nothing", "p1")


@pytest.mark.parametrize(
    ("role", "why"), [(a_role(oid=ROLE_OID + 1), "recreated"), (None, "nothing")], ids=["made anew", "dropped"]
)
async def test_a_click_for_a_role_that_is_not_the_one_shown_is_denied(
    history: History, own_database: OwnDatabase, role: Role | None, why: str
) -> None:
    await history.propose(a_proposal())
    answer = await history.claim(ALICE, "p1", role=role, server_now=SERVER_NOW, now=NOON)
    assert isinstance(answer, NotClaimed)
    assert (answer.why, (await last_payload(own_database))["why"]) == ("denied", why)


async def test_an_owner_no_more_who_is_staff_learns_that_a_reason_is_missing(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    unseen = builders.a_target(builders.an_unseen_backend())
    proposed = await history.propose(replace(a_proposal(), targets=(unseen,)))
    await Ownership(own_database, record).disown(AT_COMMAND_LINE, "UALICE", now=NOON)
    await AllowList(own_database, record).allow(AT_COMMAND_LINE, Grant("UALICE", Grade.RESPONDER, "class"), now=NOON)
    assert await claim(history) == NotClaimed("reason", proposed)
    assert (await last_payload(own_database))["why"] == "reason"


async def test_what_is_in_use_ends_for_staff_with_a_reason_which_the_click_may_give(
    history: History, own_database: OwnDatabase
) -> None:
    working = builders.a_target(builders.an_active_backend())
    by_staff = replace(a_proposal(requester="UTA"), targets=(working,), right=Right.RESPONDER)
    proposed = await history.propose(by_staff)
    assert await claim(history, TA) == NotClaimed("reason", proposed)

    answer = await history.claim(TA, "p1", role=a_role(), server_now=SERVER_NOW, now=NOON, reason="exam at 9")

    assert isinstance(answer, Claimed)
    found = await history.get(proposed.team, "p1")
    assert found is not None
    assert (found.reason, found.consent) == ("exam at 9", Consent.NONE)
    assert (await last_payload(own_database))["reason"] == "exam at 9"


async def test_one_of_several_owners_ends_alone_what_is_not_in_use_and_no_more(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    working = builders.a_target(builders.an_active_backend())
    shared = await history.propose(replace(a_proposal("p1"), targets=(working,)))
    await history.propose(a_proposal("p2"))
    await Ownership(own_database, record).own(AT_COMMAND_LINE, "UBOB", server="class", role=a_role(), now=NOON)

    assert await claim(history) == NotClaimed("shared", shared, ("UBOB",))
    answer = await claim(history, proposal_id="p2")

    assert isinstance(answer, Claimed)
    assert answer.proposal.consent is Consent.OWNER


async def test_a_role_made_anew_is_not_the_one_shown_even_to_those_who_may_end_both(
    history: History, own_database: OwnDatabase
) -> None:
    await history.propose(a_proposal(requester="UTA"))
    answer = await claim(history, TA, role=a_role(oid=ROLE_OID + 1))
    assert isinstance(answer, NotClaimed)
    assert (answer.why, (await last_payload(own_database))["why"]) == ("made_anew", "made_anew")


async def test_a_grant_that_ended_between_proposal_and_click_is_no_right(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    until = await own_database.now() + timedelta(minutes=1)
    await AllowList(own_database, record).allow(
        AT_COMMAND_LINE, Grant("UTA", Grade.RESPONDER, "class", until=until), now=NOON
    )
    await history.propose(replace(a_proposal(requester="UTA"), right=Right.RESPONDER))
    answer = await history.claim(TA, "p1", role=a_role(), server_now=SERVER_NOW, now=until)
    assert isinstance(answer, NotClaimed)
    assert answer.why == "denied"
    answer = await history.claim(TA, "p1", role=a_role(), server_now=SERVER_NOW, now=until - timedelta(seconds=1))
    assert isinstance(answer, Claimed)
    assert answer.right is Right.RESPONDER


async def test_a_withdrawn_proposal_is_not_claimed_and_a_claimed_one_not_withdrawn(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    await history.propose(a_proposal("p1"))
    withdrawn = await history.withdraw(ALICE, "p1", place=Place("C9"))
    assert isinstance(withdrawn, Proposal)
    assert (withdrawn.state, withdrawn.place) == (State.WITHDRAWN, Place("C9"))
    assert await history.get("T1", "p1") == withdrawn
    assert await claim(history) == NotClaimed("withdrawn", withdrawn)
    assert await history.withdraw(ALICE, "p1") == NotClaimed("withdrawn", withdrawn)
    taken = await claimed(history, "p2")
    assert await history.withdraw(ALICE, "p2") == NotClaimed("claimed", taken)
    assert await kinds(own_database, record) == ["withdrawal", "claim"]


async def test_a_withdrawal_and_a_claim_at_once_are_one_of_both(history: History) -> None:
    await history.propose(a_proposal())
    took, back = await asyncio.gather(claim(history), history.withdraw(ALICE, "p1"))
    assert isinstance(took, Claimed) != isinstance(back, Proposal)


async def test_what_became_of_each_backend_is_kept_and_on_record(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    taken = await claimed(history)
    first, second = outcomes(taken)
    ended = (first, replace(second, verdict=Verdict.REFUSED, detail="must be a superuser"))
    resolved = await history.resolve(taken, ended)
    assert (resolved.state, resolved.outcomes) == (State.RESOLVED, ended)
    assert await history.get("T1", "p1") == resolved
    assert await kinds(own_database, record) == ["claim", "termination"]
    said = await last_payload(own_database)
    assert said["actor"] == "UALICE"
    assert isinstance(said["outcomes"], list)
    assert [one["outcome"] for one in said["outcomes"]] == ["terminated", "refused"]
    assert await claim(history) == NotClaimed("resolved", resolved)


@pytest.mark.parametrize("wrong", ["too few", "twice", "another"])
async def test_a_proposal_is_resolved_whole_or_not_at_all(history: History, wrong: str) -> None:
    taken = await claimed(history)
    first, second = outcomes(taken)
    given = {"too few": (first,), "twice": (first, first), "another": (first, replace(second, backend=a_target(9).id))}
    with pytest.raises(ValueError, match="each of its backends"):
        await history.resolve(taken, given[wrong])
    assert await history.get("T1", "p1") == taken


async def test_what_was_not_claimed_is_not_resolved(history: History, own_database: OwnDatabase) -> None:
    proposed = await history.propose(a_proposal())
    assert await history.settle(proposed, outcomes(proposed)) is None
    assert await history.resolve(proposed, outcomes(proposed)) == proposed
    async with own_database.read() as connection:
        known = select(func.count()).select_from(proposal_backends).where(proposal_backends.c.outcome.is_not(None))
        assert (await connection.execute(known)).scalar_one() == 0


async def test_of_several_replicas_one_settles_and_the_late_process_tells_what_was_settled(
    history: History, migrated_url: str, own_database: OwnDatabase, record: Record
) -> None:
    taken = await claimed(history)
    await history.propose(a_proposal("p2"))
    assert await history.overdue() == (taken,)
    interrupted = outcomes(taken, Verdict.INTERRUPTED, "gone")
    async with OwnDatabase(migrated_url) as other:
        replicas = [history, History(other, record)]
        won = await asyncio.gather(*(replicas[n % 2].settle(taken, interrupted) for n in range(6)))
    (settled,) = [one for one in won if one is not None]
    assert settled.outcomes == interrupted
    assert await history.resolve(taken, outcomes(taken)) == settled
    assert await history.overdue() == ()
    assert await kinds(own_database, record) == ["claim", "termination"]
    assert (await last_payload(own_database))["actor"] == "settlement"


async def test_lapsing_takes_what_was_left_lying_and_tells_it_once(
    history: History, migrated_url: str, record: Record
) -> None:
    await history.propose(a_proposal("p1"))
    await history.propose(a_proposal("p2"))
    await claim(history, proposal_id="p2")
    async with OwnDatabase(migrated_url, ahead=LAPSES_AFTER) as later:
        lapsed = await History(later, record).lapse()
        assert [(one.id, one.state) for one in lapsed] == [("p1", State.LAPSED)]
        assert await History(later, record).lapse() == ()
    assert (await history.overdue())[0].id == "p2"


async def test_history_tells_everything_newest_first(
    history: History, own_database: OwnDatabase, record: Record
) -> None:
    taken = await claimed(history)
    await history.resolve(taken, outcomes(taken))
    allow_list = AllowList(own_database, record)
    await allow_list.refuse(EVE, Denied(Action.LIST, "nothing"), role="alice", server="class")
    # SQLite's clock tells milliseconds: what is proposed has one of its own.
    await asyncio.sleep(0.002)
    await history.propose(a_proposal("p2", role="bob", role_oid=5, reason="too many"))
    await allow_list.refuse(EVE, Denied(Action.HISTORY, "nothing"), server="lab")
    events = await history.read("T1")
    assert [(event.kind, event.role, event.state) for event in events] == [
        ("refusal", "", "denied"),
        ("termination", "bob", "proposed"),
        ("refusal", "alice", "denied"),
        ("termination", "alice", "resolved"),
        ("membership", "", "allowed"),
        ("ownership", "alice", "linked"),
    ]
    assert [event.id for event in await history.read("T1", limit=2)] == [event.id for event in events[:2]]
    assert await history.read(None) == events
    assert await history.read("T2") == ()


async def test_history_of_a_role_and_of_a_server(history: History, own_database: OwnDatabase, record: Record) -> None:
    await history.propose(a_proposal("p1"))
    await history.propose(a_proposal("p2", role="bob", role_oid=5, server="lab"))
    await AllowList(own_database, record).refuse(EVE, Denied(Action.LIST, "nothing"), role="bob", server="class")

    def told(events: tuple[Event, ...]) -> list[tuple[str, str, str]]:
        return [(event.kind, event.role, event.server) for event in events]

    bobs = await history.read("T1", role="bob")
    assert told(bobs) == [("refusal", "bob", "class"), ("termination", "bob", "lab")]
    assert told(await history.read("T1", role="bob", server="lab")) == [("termination", "bob", "lab")]
    assert await history.read("T1", role="Bob") == ()
    assert {event.server for event in await history.read("T1", server="class")} == {"class"}


async def test_history_as_json_is_what_the_command_line_promises(history: History) -> None:
    taken = await claimed(history)
    proposed, *_ = await history.read("T1")
    assert as_json(proposed)["backends"] == [
        {"pid": target.id.pid, "started_at": target.id.started_at.isoformat(), "outcome": None}
        for target in taken.targets
    ]
    await history.resolve(taken, outcomes(taken))
    told = as_json((await history.read("T1"))[0])
    assert list(told) == ["id", "kind", "server", "role", "state", "requester", "reason", "at", "backends"]
    assert (told["id"], told["kind"], told["state"], told["requester"]) == ("p1", "termination", "resolved", "UALICE")
    assert str(told["at"]).endswith("+00:00")
    assert json.loads(json.dumps(told))["backends"][1]["outcome"] == "terminated"


async def test_a_forgotten_entry_is_not_told(history: History, own_database: OwnDatabase, record: Record) -> None:
    async with own_database.write() as connection:
        await record.forget(connection, await own_database.now(connection), "cli:ada", [1])
    assert [event.kind for event in await history.read("T1")] == ["membership"]
    assert await history.read(None) == await history.read("T1")
