"""What is said to one message: in the thread for everybody, or to its author alone, wherever that can be seen."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.causes.finding import Cause, Finding, Kind
from bot.diagnosis.replies import (
    Answered,
    Explained,
    HasRoom,
    HowToAsk,
    IsIn,
    Joined,
    Nothing,
    Reply,
    SeesNoPictures,
    TooMany,
    WasClosed,
    WhatDoesItSay,
    WhichRole,
    WhichServer,
)
from bot.incidents.incident import Conversation, How, Incident, Reported, Waiting
from bot.storage.engine import OwnDatabase
from bot.workspace.limits import Fault
from tests.builders import NOON
from tests.heralds import Stage, a_herald, a_stage
from tests.trouble import SERVER, facts

FULL = facts()
LIMIT = Finding(Cause.SERVER_LIMIT, confidence=0.99)
PASSWORD = Finding(Cause.OTHER, Kind.PASSWORD, confidence=0.99)
IN_PUBLIC: list[Reply] = [Explained(PASSWORD), SeesNoPictures(), WhatDoesItSay(("class",))]
TO_ONE: list[Reply] = [
    HasRoom("alice", "class", facts(3)),
    WhichRole(None, None),
    WhichRole(None, None, [("class", "alice"), ("class", "al")]),
    WhichServer(LIMIT, ("class", "lab")),
    WasClosed("alice", "class", "", NOON),
    HowToAsk(),
    TooMany(),
]


@pytest_asyncio.fixture
async def stage(own_database: OwnDatabase) -> AsyncIterator[Stage]:
    async with a_stage(own_database) as stage:
        yield stage


async def an_answered(stage: Stage) -> tuple[Conversation, Incident]:
    """Alice's incident about the server, answered in its thread."""
    where = stage.says("alice", "the server is full")
    incident = await stage.report("alice", where, scope=SERVER, role=None)
    await stage.herald.keep(incident, facts(97, 97, scope=SERVER))
    return where, incident


async def reactions(stage: Stage, where: Conversation, ts: str) -> list[str]:
    message = stage.workspace.state.message(where.channel, ts)
    assert message is not None
    return [name for name, _ in message.reactions]


async def test_nothing_is_nothing(stage: Stage) -> None:
    where = stage.says("alice", "what time is the lecture?")
    assert await stage.herald.reply(stage.heard("alice", where), Nothing())
    assert stage.workspace.calls == []


@pytest.mark.parametrize("reply", IN_PUBLIC, ids=lambda reply: type(reply).__name__)
async def test_what_helps_everybody_stands_in_the_thread_once(stage: Stage, reply: Reply, migrated_url: str) -> None:
    heard = stage.heard("alice", stage.says("alice", "it does not work"))
    async with OwnDatabase(migrated_url) as db, a_herald(stage.workspace, db, clock=stage.clock) as other:
        assert all(await asyncio.gather(*(one.herald.reply(heard, reply) for one in (stage, other) * 2)))
    assert await stage.herald.reply(heard, reply)

    (said,) = stage.shown()
    assert (said.thread_ts, said.ephemeral_to) == (heard.ts, None)
    assert stage.called("chat.postMessage") == 1
    assert stage.called("chat.update") == 0


async def test_what_an_edit_made_of_a_message_is_said_in_the_same_place(stage: Stage) -> None:
    heard = stage.heard("alice", stage.says("alice", "the database is down"))
    await stage.herald.reply(heard, WhatDoesItSay())

    assert await stage.herald.reply(heard, Explained(PASSWORD))

    (said,) = stage.shown()
    assert "password" in said.text


@pytest.mark.parametrize("reply", TO_ONE, ids=lambda reply: type(reply).__name__)
async def test_what_concerns_its_author_is_said_to_them_alone_where_they_look(stage: Stage, reply: Reply) -> None:
    heard = stage.heard("alice", stage.says("alice", "too many connections"))
    assert await stage.herald.reply(heard, reply)
    await stage.herald.reply(replace(heard, in_thread=True), reply)

    first, second = stage.shown()
    assert first.ephemeral_to == second.ephemeral_to == stage.user("alice")
    assert first.thread_ts is None
    assert second.thread_ts == heard.ts
    assert stage.shown(who="bob") == []


@pytest.mark.parametrize("reply", [*IN_PUBLIC, *TO_ONE], ids=lambda reply: type(reply).__name__)
async def test_in_private_all_is_said_in_the_conversation_once(stage: Stage, reply: Reply) -> None:
    where = stage.says("alice", "too many connections", stage.workspace.dm("alice"))
    heard = stage.heard("alice", where)

    assert await stage.herald.reply(heard, reply)
    assert await stage.herald.reply(heard, reply)

    (said,) = stage.dms()
    assert (said.thread_ts, said.ephemeral_to) == (where.thread, None)


async def test_where_somebody_cannot_be_spoken_to_alone_they_are_told_by_dm(stage: Stage) -> None:
    heard = stage.heard("alice", stage.says("alice", "too many connections", "elsewhere"))
    assert await stage.herald.reply(heard, TooMany())
    assert await stage.herald.reply(heard, Explained(PASSWORD))
    assert stage.shown("elsewhere") == []
    assert len(stage.dms()) == 2


async def test_slack_s_trouble_leaves_it_to_be_said_later(stage: Stage) -> None:
    heard = stage.heard("alice", stage.says("alice", "too many connections"))
    for method, times in (("chat.postEphemeral", 2), ("chat.postMessage", 1), ("conversations.open", 2)):
        stage.workspace.inject(method, Fault(503), times=times)
    assert not await stage.herald.reply(heard, TooMany())
    assert not await stage.herald.reply(heard, Explained(PASSWORD))
    await stage.let_claims_age()
    assert await stage.herald.reply(heard, TooMany())
    assert await stage.herald.reply(heard, Explained(PASSWORD))
    assert len(stage.shown()) == 2


async def test_what_slack_did_not_take_is_tried_again_at_once(own_database: OwnDatabase) -> None:
    async with a_stage(own_database, again_after=(0.01, 0.01, 0.01)) as stage:
        heard = stage.heard("alice", stage.says("alice", "password authentication failed"))
        stage.workspace.inject("chat.postMessage", Fault(503), times=2)
        stage.workspace.inject("conversations.replies", Fault(503), times=2)
        assert await stage.herald.reply(heard, Explained(PASSWORD))
        assert len(stage.shown()) == 1


async def test_what_came_through_although_slack_did_not_say_so_is_not_said_twice(own_database: OwnDatabase) -> None:
    async with a_stage(own_database, again_after=(0.01,)) as stage:
        heard = stage.heard("alice", stage.says("alice", "password authentication failed"))
        # The call is done, and its answer comes too late.
        stage.workspace.inject("chat.postMessage", Fault(None, hang=2.5))
        assert await stage.herald.reply(heard, Explained(PASSWORD))
        assert len(stage.shown()) == 1


async def test_who_reports_beside_the_thread_is_shown_the_way_there_once(stage: Stage, migrated_url: str) -> None:
    where, _ = await an_answered(stage)
    full = facts(97, 97, scope=SERVER)
    async with OwnDatabase(migrated_url) as db, a_herald(stage.workspace, db, clock=stage.clock) as other:
        for one in (stage, other):
            theirs = stage.says("bob", "the server is full for me")
            joined = await stage.report("bob", theirs, scope=SERVER, role=None)
            heard = stage.heard("bob", theirs)
            assert await one.herald.reply(heard, Answered(Reported(joined, How.JOINED), full))
            assert await reactions(stage, theirs, heard.ts) == ["eyes"]

    (pointer,) = [one for one in stage.shown(who="bob") if one.ephemeral]
    assert f"/p{where.thread.replace('.', '')}" in pointer.text
    assert pointer.thread_ts is None
    (answer,) = [one for one in stage.shown() if not one.ephemeral]
    assert "2 people wait" in answer.text


async def test_who_reports_in_the_thread_is_marked_and_needs_no_way_there(stage: Stage) -> None:
    where, _ = await an_answered(stage)
    said = stage.talk("bob", "the server is full", thread=where.thread)
    joined = await stage.report("bob", where, scope=SERVER, role=None, ts=said.ts)

    assert await stage.herald.reply(said, Answered(Reported(joined, How.JOINED), facts(97, 97, scope=SERVER)))
    assert await stage.herald.reply(said, Answered(Reported(joined, How.KNOWN), facts(97, 97, scope=SERVER)))

    assert await reactions(stage, where, said.ts) == ["eyes"]
    assert len(stage.shown(who="bob")) == 1


async def test_another_full_role_has_its_own_answer_in_the_same_thread(stage: Stage) -> None:
    where, _ = await an_answered(stage)
    said = stage.talk("bob", "same", thread=where.thread)
    other = await stage.report("bob", where, role="bob", ts=said.ts)

    assert await stage.herald.reply(said, Answered(Reported(other, How.OPENED), FULL))

    assert len(stage.in_thread(where)) == 2


async def test_which_role_is_asked_once_an_incident_and_marked(stage: Stage) -> None:
    where, incident = await an_answered(stage)
    for _ in range(2):
        said = stage.talk("bob", "+1", thread=where.thread)
        assert await stage.herald.reply(said, WhichRole(incident, None, [("class", "bob")]))
        assert await reactions(stage, where, said.ts) == ["eyes"]

    (asked,) = [one for one in stage.shown(who="bob") if one.ephemeral]
    assert asked.thread_ts == where.thread
    # A click is answered each time.
    assert await stage.herald.reply(replace(said, ts=""), WhichRole(incident, None, [("class", "bob")]))
    assert len([one for one in stage.shown(who="bob") if one.ephemeral]) == 2


async def test_who_is_in_again_is_marked_and_the_answer_says_so(stage: Stage) -> None:
    where, incident = await an_answered(stage)
    said = stage.talk("alice", "works now", thread=where.thread)
    left = await stage.incidents.stands(stage.team, incident.id, stage.user("alice"), Waiting.IN)
    assert left is not None

    assert await stage.herald.reply(said, IsIn(left))

    assert await reactions(stage, where, said.ts) == ["white_check_mark"]
    (answer,) = stage.in_thread(where)
    assert "nobody waits any more" in answer.text
    assert "97 of 97" in answer.text


async def test_a_click_leaves_no_mark(stage: Stage) -> None:
    where, incident = await an_answered(stage)
    joined = await stage.report("bob", where, scope=SERVER, role=None, ts="")
    click = replace(stage.heard("bob", where), ts="", in_thread=True)
    full = facts(97, 97, scope=SERVER)

    assert await stage.herald.reply(click, Joined(Reported(joined, How.JOINED), full))
    assert await stage.herald.reply(click, Answered(Reported(joined, How.KNOWN), full))
    assert await stage.herald.reply(click, IsIn(incident))
    assert await stage.herald.reply(click, Explained(PASSWORD))

    assert stage.called("reactions.add") == 0
    answer, told = stage.in_thread(where, "bob")
    assert "2 people wait" in answer.text
    assert told.ephemeral_to == stage.user("bob")


async def test_a_mark_that_slack_refuses_stops_nothing(stage: Stage) -> None:
    where, incident = await an_answered(stage)
    said = stage.talk("bob", "same", thread=where.thread)
    stage.workspace.inject("reactions.add", Fault(503), times=2)
    joined = await stage.report("bob", where, scope=SERVER, role=None, ts=said.ts)
    assert await stage.herald.reply(said, Joined(Reported(joined, How.JOINED), facts(97, 97, scope=SERVER)))
    assert "2 people wait" in stage.in_thread(where)[0].text
    gone = replace(said, ts="1.000001")
    assert await stage.herald.reply(gone, IsIn(incident))
