"""Where an incident is talked about, what edits and deletions change, and what happens at once."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from bot.clock import clock
from bot.diagnosis.replies import (
    Answered,
    Joined,
    Nothing,
    SeesNoPictures,
    TooMany,
    WhichRole,
)
from bot.diagnosis.reports import REPORTS
from bot.incidents.incident import How, Waiting
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Verified
from bot.storage.tables import incident_people, incidents
from bot.storage.tables import record as entries
from tests.integration.diagnosis.conftest import OTHER_HELP, SERVER_FULL, Help, incident_of, role_full

SAME = "same"


# Where it is talked about.


async def test_there_is_one_conversation_a_channel(help_desk: Help) -> None:
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    second = incident_of(await help_desk.say("UBOB", SERVER_FULL))
    other = incident_of(await help_desk.say("UCAROL", SERVER_FULL, channel=OTHER_HELP))
    private = incident_of(await help_desk.say("UDAVE", SERVER_FULL, channel="D0DAVE", private=True))

    assert second.conversations == (first.conversation,)
    assert [one.channel for one in other.conversations] == [first.conversation.channel, OTHER_HELP]
    assert [one.private for one in private.conversations] == [False, False, True]
    assert private.conversation == first.conversation


async def test_what_begins_in_private_is_talked_about_in_public_once_somebody_does(help_desk: Help) -> None:
    private = incident_of(await help_desk.say("UALICE", SERVER_FULL, channel="D0ALICE", private=True))
    assert private.conversation.private
    public = incident_of(await help_desk.say("UBOB", SERVER_FULL))
    assert not public.conversation.private
    assert [one.private for one in public.conversations] == [False, True]


async def test_a_plus_one_in_the_channel_is_about_what_was_reported_there_a_while_ago(
    help_desk: Help, own_database: OwnDatabase
) -> None:
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    joined = incident_of(await help_desk.say("UBOB", "+1"))
    assert joined.of("UBOB") is not None
    assert joined.conversations == (first.conversation,)
    assert isinstance(await help_desk.say("UCAROL", "+1", channel=OTHER_HELP), Nothing)
    async with own_database.write() as connection:
        early = await own_database.now(connection) - timedelta(minutes=16)
        await connection.execute(update(incident_people).values(since=early))
        await connection.execute(update(incidents).values(opened_at=early, occasion_at=early))
    assert isinstance(await help_desk.say("UCAROL", "+1"), Nothing)


async def test_a_plus_one_that_is_read_late_is_about_what_was_reported_before_it(
    help_desk: Help, own_database: OwnDatabase
) -> None:
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    async with own_database.write() as connection:
        early = await own_database.now(connection) - timedelta(minutes=20)
        await connection.execute(update(incident_people).values(since=early))
        await connection.execute(update(incidents).values(opened_at=early, occasion_at=early))
    ten_minutes_ago = f"{clock().timestamp() - 600:.6f}"
    assert incident_of(await help_desk.say("UBOB", "+1", ts=ten_minutes_ago)).id == first.id


async def test_a_plus_one_is_about_what_was_opened_again_a_while_ago(
    help_desk: Help, own_database: OwnDatabase
) -> None:
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    async with own_database.write() as connection:
        early = await own_database.now(connection) - timedelta(minutes=20)
        await connection.execute(update(incident_people).values(since=early))
        await connection.execute(update(incidents).values(opened_at=early, occasion_at=early))
    assert isinstance(await help_desk.say("UBOB", "+1"), Nothing)
    await help_desk.incidents.resolve("T1", first.id, "")
    await help_desk.incidents.reopen("T1", first.id, "UALICE")
    assert incident_of(await help_desk.say("UBOB", "+1")).id == first.id


# Edits, deletions, and too much.


async def test_what_a_message_said_before_it_was_edited_is_taken_back(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")
    ts = help_desk.a_ts()
    assert isinstance(await help_desk.say("UALICE", "it does that thing again", ts=ts), Nothing)
    incident_of(await help_desk.say("UALICE", SERVER_FULL, ts=ts))
    assert list(await help_desk.open()) == [("class", "server", "")]
    again = await help_desk.say("UALICE", f"{SERVER_FULL} :(", ts=ts)
    assert isinstance(again, Answered)
    assert again.reported.how is How.KNOWN

    incident_of(await help_desk.say("UALICE", role_full(role), ts=ts))
    assert list(await help_desk.open()) == [("class", "role", role)]
    assert isinstance(await help_desk.say("UALICE", "never mind", ts=ts), Nothing)
    assert await help_desk.open() == {}


async def test_a_plus_one_that_becomes_a_report_counts_as_that(help_desk: Help) -> None:
    role = await help_desk.owned("UBOB", full=False)
    server = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    ts = help_desk.a_ts()
    await help_desk.say("UBOB", SAME, thread=server.conversation.thread, ts=ts)
    own = incident_of(await help_desk.say("UBOB", role_full(role), thread=server.conversation.thread, ts=ts))
    assert own.conversation == server.conversation
    left = await help_desk.incidents.get("T1", server.id)
    assert left is not None
    assert [one.person for one in left.waiting] == ["UALICE"]


async def test_a_report_that_becomes_the_word_that_all_is_well_is_no_deleted_one(help_desk: Help) -> None:
    opened = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    ts = help_desk.a_ts()
    await help_desk.say("UBOB", SAME, thread=opened.conversation.thread, ts=ts)
    await help_desk.say("UBOB", "works now", thread=opened.conversation.thread, ts=ts)
    kept = await help_desk.incidents.get("T1", opened.id)
    assert kept is not None
    assert [one.state for one in kept.people] == [Waiting.WAITING, Waiting.IN]


async def test_what_is_not_read_any_more_takes_nothing_back(help_desk: Help) -> None:
    ts = help_desk.a_ts()
    await help_desk.say("UALICE", SERVER_FULL, ts=ts)
    for _ in range(REPORTS):
        await help_desk.say("UALICE", SERVER_FULL, later=timedelta(minutes=11))
    assert isinstance(await help_desk.say("UALICE", SERVER_FULL, ts=ts, later=timedelta(minutes=11)), TooMany)
    (kept,) = (await help_desk.open()).values()
    assert [one.state for one in kept.people] == [Waiting.WAITING]


async def test_a_click_is_no_message_that_could_be_deleted(help_desk: Help) -> None:
    opened = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    bob = await help_desk.standing("UBOB")
    incident_of(await help_desk.reports.me_too(bob, opened.id, opened.conversation, now=clock()))
    assert await help_desk.reports.withdraw("T1", "C0HELP", "") is None


async def test_nobody_joins_what_is_over_because_something_else_is_open_there(help_desk: Help) -> None:
    server = incident_of(await help_desk.say("UBOB", SERVER_FULL))
    thread = server.conversation.thread
    role = await help_desk.owned("UALICE")
    await help_desk.say("UALICE", role_full(role), thread=thread)
    await help_desk.incidents.resolve("T1", server.id, "")
    assert isinstance(await help_desk.say("UEVE", SAME, thread=thread), WhichRole)
    assert list(await help_desk.open()) == [("class", "role", role)]


async def test_a_deleted_report_is_withdrawn_and_with_the_last_one_it_is_over(help_desk: Help) -> None:
    opened = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    ts = help_desk.a_ts()
    await help_desk.say("UBOB", SAME, thread=opened.conversation.thread, ts=ts)

    left = await help_desk.reports.withdraw("T1", "C0HELP", ts)
    assert left is not None
    assert [one.person for one in left.waiting] == ["UALICE"]
    assert await help_desk.reports.withdraw("T1", "C0HELP", ts) is None
    assert await help_desk.reports.withdraw("T1", "C0HELP", "9.9") is None
    over = await help_desk.reports.withdraw("T1", "C0HELP", opened.conversation.thread)
    assert over is not None
    assert not over.open
    # Whoever reports it next is not sent to a thread whose beginning is gone.
    next_one = incident_of(await help_desk.say("UCAROL", SERVER_FULL))
    assert next_one.occasion == 2
    assert next_one.conversation.thread != opened.conversation.thread


async def test_three_reports_are_read_then_one_notice_then_silence(help_desk: Help) -> None:
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    for _ in range(REPORTS - 1):
        incident_of(await help_desk.say("UALICE", SERVER_FULL))
    assert isinstance(await help_desk.say("UALICE", SERVER_FULL), TooMany)
    assert isinstance(await help_desk.say("UALICE", SERVER_FULL), Nothing)
    # “+1” and edits do not count, others are read, and after ten minutes so is she.
    assert isinstance(await help_desk.say("UALICE", SAME, thread=first.conversation.thread), Joined)
    assert isinstance(await help_desk.say("UALICE", SERVER_FULL, ts=first.conversation.thread), Answered)
    assert isinstance(await help_desk.say("UBOB", SERVER_FULL), Answered)
    later = await help_desk.say("UALICE", SERVER_FULL, later=timedelta(minutes=11))
    assert isinstance(later, Answered)


async def test_the_bot_asks_one_person_only_so_often(help_desk: Help) -> None:
    asked = [await help_desk.say("UALICE", "", picture=True) for _ in range(5)]
    assert [type(one) for one in asked] == [SeesNoPictures] * 3 + [Nothing] * 2
    assert isinstance(await help_desk.say("UALICE", SERVER_FULL), Answered), "reports are counted apart"


# At once.


async def test_reports_of_twenty_at_once_over_two_processes_are_one_incident(
    help_desk: Help, migrated_url: str
) -> None:
    async with OwnDatabase(migrated_url) as second:
        processes = [help_desk.reports, help_desk.another_process(second)]
        said = (help_desk.say(f"U{n:02}", SERVER_FULL, process=processes[n % 2]) for n in range(20))
        replies = await asyncio.gather(*said)
    assert {incident_of(one).id for one in replies} == {incident_of(replies[0]).id}
    (only,) = (await help_desk.open()).values()
    assert len(only.waiting) == 20
    assert len(only.conversations) == 1


async def test_of_strangers_at_once_one_opens_and_the_others_are_none_of_its_people(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")
    replies = await asyncio.gather(*(help_desk.say(f"UEVE{n}", role_full(role)) for n in range(6)))
    assert sorted(type(one).__name__ for one in replies) == ["Answered"] + ["Explained"] * 5
    (only,) = (await help_desk.open()).values()
    assert len(only.people) == 1


async def test_all_that_happens_is_on_record(help_desk: Help, own_database: OwnDatabase, record: Record) -> None:
    opened = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    ts = help_desk.a_ts()
    await help_desk.say("UBOB", SAME, thread=opened.conversation.thread, ts=ts)
    await help_desk.reports.withdraw("T1", "C0HELP", ts)
    async with own_database.read() as connection:
        assert isinstance(await record.verify(connection), Verified)
        payloads = (await connection.execute(select(entries.c.payload).where(entries.c.kind == "incident"))).scalars()
        states = [payload.partition('"state":"')[2].partition('"')[0] for payload in payloads]
    assert states == ["opened", "joined", "withdrawn"]


async def test_who_is_in_again_says_so(help_desk: Help) -> None:
    opened = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    await help_desk.say("UALICE", "works now", thread=opened.conversation.thread)
    kept = await help_desk.incidents.get("T1", opened.id)
    assert kept is not None
    assert [one.state for one in kept.people] == [Waiting.IN]
