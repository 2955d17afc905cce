"""Incidents are talked about once, in one place, and truly: whichever process speaks, dies, or meets Slack's refusals."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.diagnosis.replies import Answered, Joined
from bot.incidents.incident import How, Reported, Waiting
from bot.incidents.posts import PostKind
from bot.storage.engine import OwnDatabase
from bot.workspace.limits import Fault
from tests.heralds import Stage, a_herald, a_stage
from tests.trouble import SERVER, facts

FULL = facts()
FULL_SERVER = facts(97, 97, scope=SERVER)


@pytest_asyncio.fixture
async def stage(own_database: OwnDatabase) -> AsyncIterator[Stage]:
    async with a_stage(own_database) as stage:
        yield stage


async def test_the_first_answer_stands_in_the_thread_and_nowhere_else(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)

    assert await stage.herald.reply(stage.heard("alice", where), Answered(Reported(incident, How.OPENED), FULL))

    (answer,) = stage.shown()
    assert answer.thread_ts == where.thread
    assert "5 of 5 connections" in answer.text
    assert stage.called("reactions.add") == 0
    kept = await stage.incidents.get(stage.team, incident.id)
    assert kept is not None
    assert kept.answered_at is not None


async def test_two_processes_post_one_answer(migrated_url: str, stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    async with OwnDatabase(migrated_url) as db, a_herald(stage.workspace, db, clock=stage.clock) as other:
        await asyncio.gather(*(one.herald.keep(incident, FULL) for one in (stage, other) * 5))
        assert await other.herald.keep(incident, FULL)

    assert len(stage.shown()) == 1
    assert stage.called("chat.postMessage") == 1


async def test_what_a_process_sent_that_died_is_found_and_kept_up_to_date(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    post = await stage.posts.claim(
        stage.team, PostKind.ANSWER, incident.id, where, occasion=f"{where.channel}:{where.thread}"
    )
    assert post is not None
    await stage.sends(where, "as it was", post.id)
    assert await stage.herald.keep(incident, FULL)
    assert [one.text for one in stage.shown()] == ["as it was"]

    await stage.let_claims_age()
    assert await stage.herald.keep(incident, FULL)
    assert await stage.herald.keep(incident, FULL)

    (answer,) = stage.shown()
    assert "5 of 5 connections" in answer.text
    assert stage.called("chat.postMessage") == 1


async def test_what_a_process_did_not_send_that_died_is_sent(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    await stage.posts.claim(stage.team, PostKind.ANSWER, incident.id, where, occasion=f"{where.channel}:{where.thread}")
    await stage.let_claims_age()

    assert await stage.herald.keep(incident, FULL)

    assert len(stage.shown()) == 1


async def test_what_becomes_of_it_is_told_in_the_same_message(stage: Stage) -> None:
    where = stage.says("alice", "the server is full")
    incident = await stage.report("alice", where, scope=SERVER, role=None)
    await stage.herald.keep(incident, FULL_SERVER)
    said = stage.talk("bob", "same", thread=where.thread)
    joined = await stage.report("bob", where, scope=SERVER, role=None, ts=said.ts)

    assert await stage.herald.reply(said, Joined(Reported(joined, How.JOINED), FULL_SERVER))
    assert await stage.herald.keep(joined, FULL_SERVER)

    (answer,) = stage.shown()
    assert "2 people wait" in answer.text
    assert stage.called("chat.update") == 1
    marked = stage.workspace.state.message(where.channel, said.ts)
    assert marked is not None
    assert [name for name, _ in marked.reactions] == ["eyes"]


async def test_a_class_that_joins_at_once_changes_the_message_seldom_and_the_last_counts(
    own_database: OwnDatabase,
) -> None:
    async with a_stage(own_database, every=0.5, students=33) as stage:
        where = stage.says("alice", "the server is full")
        incident = await stage.report("alice", where, scope=SERVER, role=None)
        await stage.herald.keep(incident, FULL_SERVER)

        async def join(number: int) -> bool:
            said = stage.talk(f"student{number}", "same", thread=where.thread)
            joined = await stage.report(f"student{number}", where, scope=SERVER, role=None, ts=said.ts)
            return await stage.herald.reply(said, Joined(Reported(joined, How.JOINED), FULL_SERVER))

        assert all(await asyncio.gather(*(join(number) for number in range(30))))

        (answer,) = stage.shown()
        assert "31 people wait" in answer.text
        assert stage.called("chat.update") <= 3


async def test_two_changes_of_one_message_are_apart(own_database: OwnDatabase) -> None:
    async with a_stage(own_database, every=0.5) as stage:
        where = stage.says("alice", "too many connections for role alice")
        incident = await stage.report("alice", where)
        await stage.herald.keep(incident, FULL)
        await stage.herald.keep(incident, facts(4))
        began = asyncio.get_running_loop().time()

        assert await stage.herald.keep(incident, facts(4))
        assert asyncio.get_running_loop().time() - began < 0.4
        assert await stage.herald.keep(incident, facts(3))
        assert asyncio.get_running_loop().time() - began >= 0.4
        assert "3 of 5 connections" in stage.shown()[0].text


async def test_who_knows_less_changes_nothing_back(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    await stage.herald.keep(incident, FULL)
    over = await stage.incidents.resolve(stage.team, incident.id, "")
    assert over is not None
    assert await stage.herald.resolved(over, facts(3))

    assert await stage.herald.keep(incident, FULL)

    answer, news = stage.in_thread(where)
    assert "Over at" in answer.text
    assert f"<@{stage.user('alice')}>" in news.text


async def test_an_answer_that_somebody_deleted_is_left_at_that(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    await stage.herald.keep(incident, FULL)
    stage.workspace.state.delete(stage.shown()[0])

    assert await stage.herald.keep(incident, facts(4))
    assert await stage.herald.keep(incident, facts(4))

    assert stage.shown() == []
    assert stage.called("chat.update") == 1


async def test_a_message_that_is_gone_is_answered_to_its_author_alone(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    stage.workspace.state.delete(stage.workspace.messages("help", "alice")[0])

    assert await stage.herald.keep(incident, FULL)
    assert await stage.herald.keep(incident, facts(4))

    assert stage.shown() == []
    (told,) = stage.dms()
    assert "5 of 5 connections" in told.text


async def test_in_a_channel_that_we_are_not_in_the_author_is_answered_alone(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice", "elsewhere")
    incident = await stage.report("alice", where)

    assert await stage.herald.keep(incident, FULL)

    assert stage.shown("elsewhere") == []
    assert len(stage.dms()) == 1
    over = await stage.incidents.resolve(stage.team, incident.id, "")
    assert over is not None
    assert await stage.herald.resolved(over, facts(3))
    assert await stage.herald.resolved(over, facts(3))
    _, told = stage.dms()
    assert "has room again" in told.text


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.replies"])
async def test_passing_trouble_is_met_by_the_next_look(stage: Stage, method: str) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    stage.workspace.inject("chat.postMessage", Fault(503))
    await stage.herald.keep(incident, FULL)
    assert stage.shown() == []
    if method == "conversations.replies":
        await stage.let_claims_age()
        stage.workspace.inject(method, Fault(503), times=2)
        await stage.herald.keep(incident, FULL)
        assert stage.shown() == []

    await stage.let_claims_age()
    assert await stage.herald.keep(incident, FULL)

    assert len(stage.shown()) == 1


async def test_a_change_that_slack_did_not_take_is_made_at_the_next_look(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    await stage.herald.keep(incident, FULL)
    stage.workspace.inject("chat.update", Fault(503), times=2)

    assert not await stage.herald.keep(incident, facts(4))
    assert await stage.herald.keep(incident, facts(4))

    assert "4 of 5 connections" in stage.shown()[0].text


async def test_that_it_is_over_is_said_once_an_occasion_and_conversation(stage: Stage, migrated_url: str) -> None:
    here, there = stage.says("alice", "the server is full"), stage.says("bob", "full", "help2")
    await stage.report("alice", here, scope=SERVER, role=None)
    incident = await stage.report("bob", there, scope=SERVER, role=None)
    await stage.herald.keep(incident, FULL_SERVER)
    over = await stage.incidents.resolve(stage.team, incident.id, "")
    assert over is not None
    async with OwnDatabase(migrated_url) as db, a_herald(stage.workspace, db, clock=stage.clock) as other:
        await asyncio.gather(*(one.herald.resolved(over, facts(90, 97, scope=SERVER)) for one in (stage, other) * 3))
    assert await stage.herald.resolved(over, facts(90, 97, scope=SERVER))

    for where, who in ((here, "alice"), (there, "bob")):
        answer, news = stage.in_thread(where)
        assert "Over at" in answer.text
        assert news.text.startswith(f"\u2705 <@{stage.user(who)}>: the server class has room again.")

    again = await stage.incidents.reopen(stage.team, incident.id, stage.user("bob"))
    assert again is not None
    assert await stage.herald.resolved(over, FULL_SERVER)
    assert await stage.herald.keep(again, FULL_SERVER)
    assert "Open again" in stage.in_thread(here)[0].text
    over = await stage.incidents.resolve(stage.team, incident.id, "")
    assert over is not None
    assert await stage.herald.resolved(over, None)
    assert len(stage.in_thread(here)) == len(stage.in_thread(there)) == 3


async def test_it_is_not_said_to_be_said_while_it_is_in_somebody_else_s_hand(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    over = await stage.incidents.resolve(stage.team, incident.id, "")
    assert over is not None
    occasion = f"1:{where.channel}:{where.thread}"
    assert await stage.posts.claim(stage.team, PostKind.RESOLUTION, incident.id, where, occasion=occasion)

    assert not await stage.herald.resolved(over, None)
    await stage.let_claims_age()
    assert await stage.herald.resolved(over, None)

    assert len(stage.in_thread(where)) == 1


async def test_who_took_a_report_back_is_left_in_peace(stage: Stage) -> None:
    here, there = stage.says("alice", "the server is full"), stage.says("bob", "full", "help2")
    await stage.report("alice", here, scope=SERVER, role=None)
    incident = await stage.report("bob", there, scope=SERVER, role=None)
    await stage.incidents.stands(stage.team, incident.id, stage.user("bob"), Waiting.WITHDRAWN)
    await stage.herald.keep(incident, FULL_SERVER)
    over = await stage.incidents.resolve(stage.team, incident.id, "")
    assert over is not None

    assert await stage.herald.resolved(over, None)

    assert stage.in_thread(there) == []
    assert len(stage.in_thread(here)) == 2


async def test_staff_get_one_card_an_occasion_with_the_way_there_which_follows_what_becomes_of_it(
    stage: Stage, migrated_url: str
) -> None:
    where = stage.says("alice", "too many connections for role alice")
    incident = await stage.report("alice", where)
    await stage.herald.keep(incident, FULL)
    async with OwnDatabase(migrated_url) as db, a_herald(stage.workspace, db, clock=stage.clock) as other:
        strays = facts(strays=2)
        await asyncio.gather(*(one.herald.call_staff(incident, strays) for one in (stage, other) * 2))
    assert await stage.herald.call_staff(incident, facts(strays=2))
    await stage.herald.keep(incident, facts(strays=2))

    (card,) = stage.shown("staff", "carol")
    assert "2 connections of it look stray." in card.text
    assert card.blocks is not None
    assert any(f"/p{where.thread.replace('.', '')}" in str(block) for block in card.blocks)
    assert "they have been told" in stage.shown()[0].text
    assert "stray" not in stage.shown()[0].text

    over = await stage.incidents.resolve(stage.team, incident.id, stage.user("carol"))
    assert over is not None
    await stage.herald.resolved(over, None)
    (card,) = stage.shown("staff", "carol")
    assert "Over at" in card.text
    assert "button" not in str(card.blocks)
    assert await stage.herald.call_staff(incident, FULL)
    assert len(stage.shown("staff", "carol")) == 1


async def test_staff_who_cannot_be_told_are_not_said_to_be(own_database: OwnDatabase) -> None:
    async with a_stage(own_database, staff="elsewhere") as stage:
        where = stage.says("alice", "too many connections for role alice")
        incident = await stage.report("alice", where)
        assert await stage.herald.call_staff(incident, FULL)
        assert await stage.herald.keep(incident, FULL)
        assert "they have been told" not in stage.shown()[0].text


async def test_without_a_channel_of_the_staff_s_there_is_nothing_to_say_there(own_database: OwnDatabase) -> None:
    async with a_stage(own_database, staff=None) as stage:
        where = stage.says("alice", "too many connections for role alice")
        incident = await stage.report("alice", where)
        assert await stage.herald.call_staff(incident, FULL)
        assert await stage.herald.missed(stage.team, [stage.heard("alice", where)])
        assert stage.called("chat.postMessage") == 0


async def test_what_was_missed_is_listed_once_to_staff(stage: Stage) -> None:
    missed = [stage.heard(who, stage.says(who, "too many connections")) for who in ("alice", "bob")]

    assert await stage.herald.missed(stage.team, missed)
    assert await stage.herald.missed(stage.team, list(reversed(missed)))
    assert await stage.herald.missed(stage.team, [])

    (listed,) = stage.shown("staff", "carol")
    assert listed.thread_ts is None
    assert "2 reports came" in listed.text
    assert listed.text.count("|open>") == 2


async def test_a_private_report_is_answered_in_private(stage: Stage) -> None:
    where = stage.says("alice", "too many connections for role alice", stage.workspace.dm("alice"))
    assert where.private
    incident = await stage.report("alice", where)

    assert await stage.herald.reply(stage.heard("alice", where), Answered(Reported(incident, How.OPENED), FULL))
    over = await stage.incidents.resolve(stage.team, incident.id, "")
    assert over is not None
    assert await stage.herald.resolved(over, facts(3))

    assert [one.thread_ts for one in stage.dms()] == [where.thread] * 2
    assert stage.shown("help") == stage.shown("help2") == []


async def test_an_incident_in_two_conversations_tells_figures_where_they_may_be_told(stage: Stage) -> None:
    private = stage.says("alice", "too many connections for role alice", stage.workspace.dm("alice"))
    public = stage.says("bob", "too many connections for role alice")
    await stage.report("alice", private)
    incident = await stage.report("bob", public, role=None)

    assert await stage.herald.keep(incident, FULL)

    assert "5 of 5" in stage.dms()[0].text
    (answer,) = stage.in_thread(public)
    assert "5 of 5" not in answer.text
    assert answer.text.startswith("The role alice on class is full.")
