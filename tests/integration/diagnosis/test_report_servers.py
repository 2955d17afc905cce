"""Which of several servers is meant: the one named, else by its host, else where the facts agree, else the person is asked."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from bot.clock import clock
from bot.diagnosis.replies import Answered, Explained, HasRoom, Joined, WhatDoesItSay, WhichRole, WhichServer
from bot.incidents.incident import Conversation
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from tests.integration.diagnosis.conftest import SERVER_FULL, Help, a_help_desk, database_full, incident_of, role_full
from tests.postgres import Postgres


@pytest.fixture
async def both(postgres18: Postgres, lab: Postgres, own_database: OwnDatabase, record: Record) -> AsyncIterator[Help]:
    """`class` and `lab`, with students of their own."""
    async with AsyncExitStack() as stack:
        yield await a_help_desk(stack, {"class": postgres18, "lab": lab}, own_database, record)


async def fill(postgres: Postgres) -> None:
    await postgres.fill(postgres.make_role("filler"))


async def test_the_server_is_the_one_that_is_named_or_whose_host_it_is(both: Help) -> None:
    named = await both.say("UALICE", SERVER_FULL, names=("lab",))
    hosted = await both.say("UBOB", f'connection to server at "lab.example.edu", port 5432 failed: {SERVER_FULL}')
    assert {incident_of(named).id} == {incident_of(hosted).id}
    assert list(await both.open()) == [("lab", "server", "")]


async def test_else_it_is_the_only_full_one_else_the_person_is_asked(both: Help, lab: Postgres) -> None:
    asked = await both.say("UALICE", SERVER_FULL)
    assert isinstance(asked, WhichServer)
    assert asked.servers == ["class", "lab"]
    assert await both.open() == {}
    await fill(lab)
    assert incident_of(await both.say("UALICE", SERVER_FULL)).server == "lab"


async def test_the_answer_to_which_server_opens_the_incident_there(both: Help) -> None:
    asked = await both.say("UALICE", SERVER_FULL)
    assert isinstance(asked, WhichServer)
    answered = await both.reports.server_is(
        await both.standing("UALICE"), asked.finding, asked.client, "lab", Conversation("C0HELP", "1.0"), "1.0",
        now=clock(),
    )  # fmt: skip
    assert incident_of(answered).server == "lab"


async def test_in_a_thread_about_one_server_that_one_is_meant(both: Help) -> None:
    first = incident_of(await both.say("UALICE", SERVER_FULL, names=("lab",)))
    there = await both.say("UBOB", SERVER_FULL, thread=first.conversation.thread)
    assert incident_of(there).id == first.id


async def test_a_host_that_no_server_is_known_by_is_somebody_else_s(both: Help, lab: Postgres) -> None:
    await fill(lab)
    text = f'connection to server at "db.elsewhere.org", port 5432 failed: {SERVER_FULL}'
    assert isinstance(await both.say("UALICE", text), Explained)
    role = await both.owned("UALICE")
    assert incident_of(await both.say("UALICE", role_full(role, "10.9.8.7"))).scope.name == role
    assert isinstance(await both.say("UEVE", role_full(role, "10.9.8.7")), Explained)


async def test_a_database_is_the_one_server_s_that_has_it(both: Help, lab: Postgres) -> None:
    database = lab.make_database(limit=1)
    assert incident_of(await both.say("UALICE", database_full(database))).server == "lab"


async def test_a_role_of_one_name_on_both_is_the_person_s_own_and_no_other_s(both: Help, lab: Postgres) -> None:
    name = both.make_student()
    lab.make_role(name=name, limit=1)
    await both.own("UBOB", name)
    await both.postgres.open_backend(name)
    text = f'FATAL:  too many connections for role "{name}"'
    carols = await both.owned("UCAROL", name=name + "_c", full=False)

    # bob's is the one of class; a stranger's word is taken for where it is full.
    assert incident_of(await both.say("UBOB", text)).server == "class"
    assert isinstance(await both.say("UEVE", text), Explained)
    assert list(await both.open()) == [("class", "role", name)]
    assert isinstance(await both.say("UCAROL", "same"), HasRoom), carols


async def test_own_roles_count_on_the_incident_s_server_alone(both: Help, lab: Postgres) -> None:
    role = lab.make_role(limit=1)
    row = lab.admin.execute("SELECT oid FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    assert row is not None
    await both.link("UBOB", role, row[0], "lab")
    await lab.open_backend(role)
    alices = await both.owned("UALICE")
    first = incident_of(await both.say("UALICE", role_full(alices)))
    assert isinstance(await both.say("UBOB", "same", thread=first.conversation.thread), WhichRole)
    assert incident_of(await both.say("UBOB", "the database is down")).server == "lab"


async def test_one_server_that_is_gone_keeps_nobody_from_the_other(both: Help, lab: Postgres) -> None:
    lab.halt()
    try:
        asked = await both.say("UALICE", "the database is down")
        assert asked == WhatDoesItSay(("class",), ("lab",))
        await fill(both.postgres)
        answered = await both.say("UALICE", SERVER_FULL)
        assert isinstance(answered, Answered)
        assert answered.reported.incident.server == "class"
    finally:
        lab.start()


async def test_a_server_that_has_no_slot_for_the_bot_either_is_full(
    lab: Postgres, own_database: OwnDatabase, record: Record
) -> None:
    await fill(lab)
    async with AsyncExitStack() as stack:
        shut = await a_help_desk(stack, {"class": lab}, own_database, record)
        role = shut.make_student()
        await shut.own("UBOB", role)
        opened = await shut.say("UALICE", "the database is down")
        assert isinstance(opened, Answered)
        assert opened.facts is None
        assert str(opened.reported.incident.scope.kind) == "server"
        # Somebody's role is all that bob's words are about, but nobody gets in at all.
        theirs = incident_of(await shut.say("UBOB", f'FATAL:  too many connections for role "{role}"'))
        said = await shut.say("UCAROL", "same", thread=theirs.conversation.thread)
        assert incident_of(said).id == opened.reported.incident.id


async def test_a_pooler_s_limit_is_that_of_the_only_server_with_a_pooler_and_no_facts_tell_its_end(
    postgres18: Postgres, lab: Postgres, own_database: OwnDatabase, record: Record
) -> None:
    pooled = "FATAL: no more connections allowed (max_client_conn)"
    async with AsyncExitStack() as stack:
        servers = {"class": postgres18, "lab": lab}
        neither = await a_help_desk(stack, servers, own_database, record)
        assert isinstance(await neither.say("UALICE", pooled), WhichServer)
        one = await a_help_desk(stack, servers, own_database, record, poolers={"lab": ("10.0.0.9",)})
        reply = await one.say("UALICE", pooled)
        assert isinstance(reply, Answered)
        assert (reply.facts, reply.reported.incident.server) == (None, "lab")
        thread = reply.reported.incident.conversation.thread
        joined = await one.say("UBOB", "same", thread=thread)
        assert isinstance(joined, Joined)
        assert joined.facts is None
        # Once somebody meets the server's own limit, its facts do.
        server = await one.say("UCAROL", SERVER_FULL, thread=thread)
        assert incident_of(server).id == reply.reported.incident.id
        assert incident_of(server).cause == "server_limit"
        kept = await one.incidents.get("T1", reply.reported.incident.id)
        assert kept is not None
        assert kept.cause == "server_limit"
