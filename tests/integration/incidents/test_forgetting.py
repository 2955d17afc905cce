"""Forgetting a person: nothing that names them stays, what followed upon them does, and the chain holds."""

import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.access.allow_list import AllowList, Grant
from bot.access.link import LinkRequest
from bot.access.links import Links
from bot.access.member import Actor, Grade, Right
from bot.access.ownership import Ownership
from bot.incidents.forgetting import FORGOTTEN, Forgetting, Forgotten, StillOpen
from bot.incidents.history import History
from bot.incidents.incident import Affected, Conversation, Report, Scope, ScopeKind
from bot.incidents.incidents import Incidents
from bot.incidents.posts import PostKind, Posts
from bot.incidents.proposal import Claimed, Outcome, Proposal
from bot.servers.server import Verdict
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from bot.storage.tables import metadata
from tests import builders
from tests.builders import NOON, ROLE_OID, a_backend, a_role
from tests.own_database import AT_COMMAND_LINE, AUDIT_KEY

ANN, BOB = "U0ANN", "U0ANN2"
"""One name begins as the other does."""
ADDRESS, PROGRAM = "198.51.100.77", "anns_program"


def a_proposal(name: str, requester: str, *, role: str = "alice", role_oid: int = ROLE_OID) -> Proposal:
    backend = replace(a_backend(4711, role=role, role_oid=role_oid), client_address=ADDRESS, application_name=PROGRAM)
    return builders.a_proposal(
        backend, id=name, team="T1", requester=requester, role=role, role_oid=role_oid, reason=f"{requester} asked",
        right=Right.OWNER, place=builders.a_place(f"D{requester}", response_url=f"https://hooks.example/{requester}"),
    )  # fmt: skip


async def everything(db: OwnDatabase) -> str:
    async with db.read() as connection:
        rows = [(await connection.execute(table.select())).all() for table in metadata.sorted_tables]
    return repr(rows)


async def stored(db: OwnDatabase, record: Record) -> tuple[History, Forgetting]:
    """ann owns alice and helps; bob owns bob and was let in by ann; a termination and an incident each."""
    incidents = Incidents(db, record, lambda: secrets.token_hex(4))
    ownership, allow_list, history = Ownership(db, record), AllowList(db, record), History(db, record)
    await allow_list.allow(AT_COMMAND_LINE, Grant(ANN, Grade.ADMIN), now=NOON)
    await ownership.own(AT_COMMAND_LINE, ANN, server="class", role=a_role(), now=NOON)
    bobs = replace(a_role(), name="bob", oid=ROLE_OID + 1)
    await ownership.own(Actor("T1", ANN), BOB, server="class", role=bobs, now=NOON)
    await allow_list.allow(Actor("T1", ANN), Grant(BOB, Grade.RESPONDER), now=NOON)
    for person, role in ((ANN, a_role()), (BOB, bobs)):
        await history.propose(a_proposal(f"p-{role.name}", person, role=role.name, role_oid=role.oid))
        actor = Actor("T1", person)
        answer = await history.claim(actor, f"p-{role.name}", role=role, server_now=NOON, now=NOON)
        assert isinstance(answer, Claimed)
        ended = [Outcome(target.id, Verdict.TERMINATED, NOON) for target in answer.proposal.targets]
        await history.resolve(answer.proposal, ended)
        theirs = Affected(person, Conversation("C0HELP", f"{role.oid}.0"), NOON, role.name, f"{role.oid}.0")
        scope = Scope(ScopeKind.ROLE, role.name)
        reported = await incidents.report(Report("T1", "class", scope, "role_limit", theirs))
        await incidents.acted("T1", reported.incident.id, ANN)
        await incidents.resolve("T1", reported.incident.id, person)
    return history, Forgetting(db, record)


async def test_what_a_person_asked_to_own_is_gone_and_what_they_decided_stays(
    own_database: OwnDatabase, record: Record
) -> None:
    _, forgetting = await stored(own_database, record)
    links = Links(own_database, record, Ownership(own_database, record))
    posts = Posts(own_database, lambda: secrets.token_hex(4))
    for person in (ANN, BOB):
        asked = await links.ask(
            Actor("T1", person),
            server="class",
            asked_for="alice",
            role=a_role(),
            shown=person,
            waits=timedelta(minutes=10),
        )
        assert isinstance(asked, LinkRequest)
        await links.ask_to_vouch(Actor("T1", person), asked.id)
        await links.decide(Actor("T1", ANN), asked.id, None, theirs=False, now=NOON)
        await posts.claim("T1", PostKind.QUESTION, asked.id, Conversation("C0STAFF", ""))
        await posts.claim("T1", PostKind.NOTICE, "news", Conversation("D1", ""), occasion=person)

    await forgetting.forget("cli:ada", ANN)

    left = await everything(own_database)
    assert ANN not in left.replace(BOB, "")
    (bobs,) = await links.cards_due("T1")
    assert (bobs.slack_id, bobs.decided_by) == (BOB, FORGOTTEN)
    assert await posts.claim("T1", PostKind.QUESTION, bobs.id, Conversation("C0STAFF", "")) is None


async def test_a_person_is_gone_and_the_chain_holds(own_database: OwnDatabase, record: Record) -> None:
    history, forgetting = await stored(own_database, record)
    before = await everything(own_database)
    assert all(word in before for word in (f"'{ANN}'", ADDRESS, PROGRAM))

    found = await forgetting.forget("cli:ada", ANN)

    # What names her: both of her own rights, the two that she gave, her claim and her termination, her incident's beginning and end.
    assert found == Forgotten(grants=1, links=1, entries=8, proposals=1)
    left = await everything(own_database)
    assert ANN not in left.replace(BOB, "")
    assert ADDRESS in left, "bob's connection is his"
    told = {event.id: event for event in await history.read("T1")}
    assert (told["p-alice"].requester, told["p-alice"].reason) == (FORGOTTEN, "")
    assert told["p-alice"].backends[0].outcome == "terminated"
    assert (told["p-bob"].requester, told["p-bob"].reason) == (BOB, f"{BOB} asked")
    async with own_database.read() as connection:
        verified = await record.verify(connection)
    assert isinstance(verified, Verified)
    assert verified.forgotten == 8
    assert await forgetting.forget("cli:ada", ANN) == Forgotten(0, 0, 0, 0)


async def test_program_and_address_of_her_connections_go_though_somebody_else_asked(
    own_database: OwnDatabase, record: Record
) -> None:
    history, forgetting = await stored(own_database, record)
    await AllowList(own_database, record).allow(AT_COMMAND_LINE, Grant("U0TOM", Grade.RESPONDER), now=NOON)
    await history.propose(a_proposal("p-tom", "U0TOM"))

    await forgetting.forget("cli:ada", ANN)

    kept = await history.get("T1", "p-tom")
    assert kept is not None
    assert kept.requester == "U0TOM"
    assert (kept.targets[0].client_address, kept.targets[0].application_name) == (None, "")


async def test_what_others_said_of_her_goes_and_what_they_said_of_others_stays(
    own_database: OwnDatabase, record: Record
) -> None:
    history, forgetting = await stored(own_database, record)
    await AllowList(own_database, record).allow(AT_COMMAND_LINE, Grant("U0TOM", Grade.RESPONDER), now=NOON)
    for name, reason in (("p-of-ann", f"<@{ANN}> is away"), ("p-of-bob", f"<@{BOB}> is away")):
        proposal = replace(a_proposal(name, "U0TOM", role="carol", role_oid=ROLE_OID + 2), reason=reason)
        await history.propose(proposal)

    await forgetting.forget("cli:ada", ANN)

    assert ANN not in (await everything(own_database)).replace(BOB, "")
    said = {event.id: event.reason for event in await history.read("T1")}
    assert (said["p-of-ann"], said["p-of-bob"]) == ("", f"<@{BOB}> is away")


async def test_her_direct_messages_go_with_what_was_posted_there(own_database: OwnDatabase, record: Record) -> None:
    _history, forgetting = await stored(own_database, record)
    incidents = Incidents(own_database, record, lambda: "private")
    posts = Posts(own_database, lambda: secrets.token_hex(4))
    where = Conversation("D0HERS", "5.0", private=True)
    theirs = Affected(ANN, where, NOON, None, "5.0")
    await incidents.report(Report("T1", "class", Scope(ScopeKind.SERVER), "server_limit", theirs))
    post = await posts.claim("T1", PostKind.ANSWER, "private", where)
    assert post is not None
    await posts.sent(post, "6.0")

    await forgetting.forget("cli:ada", ANN)

    assert "D0HERS" not in await everything(own_database)
    kept = await incidents.get("T1", "private")
    assert kept is not None
    assert (kept.open, kept.reporter, kept.people) == (True, FORGOTTEN, ())


async def test_while_something_of_theirs_is_open_nothing_is_forgotten(
    own_database: OwnDatabase, record: Record
) -> None:
    history, forgetting = await stored(own_database, record)
    await history.propose(a_proposal("p-open", ANN))
    before = await everything(own_database)

    assert await forgetting.forget("cli:ada", ANN) == StillOpen(1)
    assert await everything(own_database) == before


async def test_nothing_stays_behind_in_the_file(migrated_sqlite_url: str, tmp_path: Path) -> None:
    record = Record(AUDIT_KEY)
    async with OwnDatabase(migrated_sqlite_url) as db:
        _history, forgetting = await stored(db, record)
        await forgetting.forget("cli:ada", ANN)
    async with OwnDatabase(migrated_sqlite_url) as db, db.write() as connection:
        assert (await connection.execute(text("PRAGMA secure_delete"))).scalar_one() == 1

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("own.db*"))
    assert ANN.encode() not in kept.replace(BOB.encode(), b"")
    assert BOB.encode() in kept


@pytest.mark.parametrize("person", ["U0%", "U0_NN", "U0", "forgotten"])
async def test_only_the_very_person_is_meant(own_database: OwnDatabase, record: Record, person: str) -> None:
    _history, forgetting = await stored(own_database, record)
    before = await everything(own_database)

    assert await forgetting.forget("cli:ada", person) == Forgotten(0, 0, 0, 0)
    assert await everything(own_database) == before
