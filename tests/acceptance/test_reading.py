"""What people write, read for what it reports: who is taken for the reporter, what is cut out, edits, deletions, the shortcut."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.causes.finding import Cause
from bot.clock import clock
from bot.diagnosis.replies import Answered, Explained, HowToAsk, Joined, Nothing, SeesNoPictures
from bot.incidents.incident import Conversation
from bot.workspace.model import Message
from tests.postgres import Postgres
from tests.rooms import ELSEWHERE, HELP, SERVER_FULL, WITHOUT_US, Room, a_room, too_many
from tests.workspaces import BOT_TOKEN

PASSWORD = "hunter2hunter"


@pytest.fixture
async def room(postgres18: Postgres, migrated_sqlite_url: str) -> AsyncIterator[Room]:
    async with a_room(postgres18, migrated_sqlite_url) as room:
        yield room


async def test_an_owners_error_in_a_help_channel_opens_an_incident(room: Room) -> None:
    role = await room.full_role("alice")
    said = room.workspace.say("alice", HELP, f"help! ```{too_many(role)}```")

    heard, reply = await room.reply()

    assert isinstance(reply, Answered)
    assert (reply.reported.incident.scope.name, reply.facts and reply.facts.full) == (role, True)
    assert heard.conversation == Conversation(said.channel, said.ts)
    assert (heard.asked, heard.in_thread, heard.client) == (False, False, "psql")


async def test_a_direct_message_is_a_private_report(room: Room) -> None:
    role = await room.full_role("alice")
    room.workspace.say("alice", room.workspace.dm("alice"), too_many(role))

    heard, reply = await room.reply()

    assert isinstance(reply, Answered)
    assert reply.reported.incident.conversation.private
    assert heard.asked


async def test_a_mention_is_a_report_wherever_it_is(room: Room) -> None:
    room.workspace.say("bob", ELSEWHERE, f"@connbot {SERVER_FULL}")

    heard, reply = await room.reply()

    assert isinstance(reply, Answered)
    assert heard.asked


async def test_whoever_says_same_at_once_has_not_come_too_early(room: Room) -> None:
    """A report takes a look at the server, and “same” comes meanwhile."""
    room.workspace.say("alice", HELP, SERVER_FULL)
    for who in ("bob", "carol"):
        room.workspace.say(who, HELP, "same")

    (_, first), *others = await room.replies(3)

    assert isinstance(first, Answered)
    assert all(isinstance(reply, Joined) for _, reply in others)
    (incident,) = await room.open()
    assert {one.person for one in incident.people} == {room.id(who) for who in ("alice", "bob", "carol")}


async def test_same_that_came_before_the_report_is_heard_again(room: Room) -> None:
    """Slack promises no order, and another process may still be reading the report."""
    room.workspace.say("bob", HELP, "same")
    room.workspace.say("alice", HELP, SERVER_FULL)

    replies = {heard.person: reply for heard, reply in await room.replies(2)}

    assert isinstance(replies[room.id("bob")], Joined)


async def test_same_to_a_report_that_takes_long_to_be_read_is_heard_once_more(room: Room) -> None:
    """As one about a server that hangs, in another process."""
    room.workspace.say("bob", HELP, "same")
    await asyncio.sleep(0.5)
    room.workspace.say("alice", HELP, SERVER_FULL)

    replies = {heard.person: reply for heard, reply in await room.replies(2)}

    assert isinstance(replies[room.id("bob")], Joined)


async def test_same_to_nothing_is_nothing(room: Room) -> None:
    room.workspace.say("bob", HELP, "same")

    assert isinstance((await room.reply())[1], Nothing)


async def test_an_edit_that_adds_the_error_is_read(room: Room) -> None:
    first = room.workspace.say("alice", HELP, "what is this?")
    assert isinstance((await room.reply())[1], Nothing)

    room.workspace.edit("alice", first, f"what is this? {SERVER_FULL}")
    heard, reply = await room.reply()

    assert isinstance(reply, Answered)
    assert heard.ts == first.ts
    assert reply.reported.incident.people[0].ts == first.ts


async def test_an_edit_that_takes_it_out_withdraws(room: Room) -> None:
    first = room.workspace.say("alice", HELP, SERVER_FULL)
    await room.reply()

    room.workspace.edit("alice", first, "never mind, wrong channel")
    await room.workspace.wait_for(lambda: room.herald.kept)

    assert all(one.waiting == () for one in room.herald.kept)
    assert room.herald.replies == []


async def test_an_edit_of_nothing_that_matters_is_nothing(room: Room) -> None:
    first = room.workspace.say("alice", HELP, SERVER_FULL)
    await room.reply()

    room.workspace.edit("alice", first, f"{SERVER_FULL} thanks")
    room.workspace.say("bob", HELP, "hello")

    heard, _ = await room.reply()
    assert heard.person == room.id("bob")


@pytest.mark.parametrize("answered", [False, True])
async def test_a_deletion_withdraws(room: Room, answered: bool) -> None:  # noqa: FBT001 - pytest's
    first = room.workspace.say("alice", HELP, SERVER_FULL)
    await room.reply()
    if answered:
        room.workspace.say("bob", HELP, "have you tried turning it off?", first.ts)
        await room.reply()

    room.workspace.delete("alice", first)
    await room.workspace.wait_for(lambda: room.herald.kept)

    assert all(one.waiting == () for one in room.herald.kept)


async def test_a_report_that_is_deleted_at_once_does_not_stay(room: Room) -> None:
    first = room.workspace.say("alice", HELP, SERVER_FULL)
    room.workspace.delete("alice", first)
    await room.workspace.wait_for(lambda: room.herald.kept)

    assert not [one for incident in await room.open() for one in incident.waiting]


async def test_a_secret_is_cut_out_and_its_author_warned_once(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    first = room.workspace.say("alice", HELP, f"{SERVER_FULL}\npassword={PASSWORD}")
    _, reply = await room.reply()
    room.workspace.edit("alice", first, f"{SERVER_FULL}\npassword={PASSWORD} or so")
    room.workspace.edit("alice", first, f"{SERVER_FULL}\npassword={PASSWORD} token=xoxb-1234567890-abcdef")
    room.workspace.say("bob", HELP, "last")
    await room.reply()

    (warning,) = await room.told("alice")

    assert isinstance(reply, Answered)
    assert "a password" in warning
    assert "Edit message" in warning
    assert PASSWORD not in warning
    assert PASSWORD not in "".join(record.getMessage() + str(record.__dict__) for record in caplog.records if record.name.startswith("bot.") and not record.name.startswith("bot.workspace"))  # fmt: skip
    assert not [one for one in room.workspace.messages(HELP, "bob") if one.bot_id]


async def test_pasted_text_is_not_stored(room: Room) -> None:
    room.workspace.say("alice", HELP, f"{SERVER_FULL} in my homework about Frankenstein, password={PASSWORD}")
    await room.reply()

    async with room.db.read() as connection:
        for (table,) in (await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")).all():
            stored = str((await connection.exec_driver_sql(f'SELECT * FROM "{table}"')).all())
            assert "Frankenstein" not in stored
            assert PASSWORD not in stored


async def test_a_picture_is_asked_about(room: Room) -> None:
    room.workspace.upload("alice", HELP, b"PNG")

    assert isinstance((await room.reply())[1], SeesNoPictures)


async def test_staff_who_write_in_the_thread_have_seen_it(room: Room) -> None:
    first = room.workspace.say("alice", HELP, SERVER_FULL)
    await room.reply()
    room.workspace.say("carol", HELP, "what did you do?", first.ts)
    await room.reply()
    assert room.herald.kept == []

    await room.staff("bob")
    room.workspace.say("bob", HELP, "I am looking at it", first.ts)
    await room.reply()

    assert [one.human for one in room.herald.kept] == [room.id("bob")]


async def test_a_command_by_mention_is_no_report(room: Room) -> None:
    first = room.workspace.say("alice", HELP, SERVER_FULL)
    await room.reply()

    room.workspace.say("bob", HELP, "@connbot resolve", first.ts)
    await room.workspace.wait_for(lambda: room.mentions.commands)
    typo = room.workspace.say("bob", HELP, "@connbot reslove", first.ts)
    assert isinstance((await room.reply())[1], HowToAsk)
    room.workspace.edit("bob", typo, "@connbot resolve")
    await room.workspace.wait_for(lambda: len(room.mentions.commands) == 2)

    assert set(room.mentions.commands) == {("resolve", Conversation(first.channel, first.ts), room.id("bob"))}
    assert room.herald.replies == []


async def test_a_mention_that_an_edit_adds_is_heard_once(room: Room) -> None:
    said = room.workspace.say("bob", ELSEWHERE, "resolve")
    room.workspace.edit("bob", said, "@connbot resolve")
    await room.workspace.wait_for(lambda: room.mentions.commands)
    room.workspace.say("bob", ELSEWHERE, "@connbot and then?")
    await room.reply()

    assert len(room.mentions.commands) == 1


async def test_by_the_shortcut_the_author_reports(room: Room) -> None:
    role = await room.full_role("alice")
    await room.staff("bob")
    said = room.workspace.say("alice", HELP, "look at this")
    await room.reply()
    room.workspace.edit("alice", said, too_many(role))
    await room.reply()

    await room.report("bob", said)
    heard, reply = await room.reply()

    assert isinstance(reply, Answered)
    assert heard.person == room.id("alice")
    assert heard.asked
    (confirmed,) = await room.told("bob", HELP)
    assert f"the report of <@{room.id('alice')}>" in confirmed
    assert not [one for one in room.workspace.messages(HELP, "alice") if one.bot_id]
    (incident,) = await room.open()
    assert [one.person for one in incident.people] == [room.id("alice")]


async def test_after_the_shortcut_the_thread_is_heard_anywhere(room: Room) -> None:
    said = room.workspace.say("carol", ELSEWHERE, SERVER_FULL)
    await room.report("bob", said)
    await room.reply()

    room.workspace.say("bob", ELSEWHERE, "same", said.ts)

    assert isinstance((await room.reply())[1], Joined)


async def test_the_shortcut_on_a_message_without_an_error_does_nothing(room: Room) -> None:
    said = room.workspace.say("alice", HELP, "when is the exam?")
    await room.reply()

    await room.report("bob", said)

    (told,) = await room.told("bob", HELP)
    assert "no trouble with a connection" in told
    assert room.herald.replies == []


async def test_the_shortcut_where_we_are_not(room: Room) -> None:
    said = room.workspace.say("alice", WITHOUT_US, SERVER_FULL)

    await room.report("bob", said)

    (told,) = await room.told("bob", WITHOUT_US)
    assert "not in this conversation" in told
    assert await room.open() == []


async def test_the_shortcut_on_a_message_of_long_ago(room: Room) -> None:
    """Else anybody could have anybody's figures shown by what that person once wrote."""
    role = await room.full_role("alice")
    ts = f"{(clock() - timedelta(days=2)).timestamp():.6f}"
    old = Message(ts, room.workspace.state.find_channel(HELP).id, too_many(role), user=room.id("alice"))
    room.workspace.state.post(old, by_person=True, quiet=True)

    await room.report("bob", old)

    (told,) = await room.told("bob", HELP)
    assert "older than a day" in told
    assert await room.open() == []


async def test_the_shortcut_on_a_programs_message(room: Room) -> None:
    client = AsyncWebClient(BOT_TOKEN, base_url=room.workspace.api_url)
    posted = await client.chat_postMessage(channel=room.workspace.state.find_channel(HELP).id, text=SERVER_FULL)
    message = room.workspace.state.message(posted["channel"], posted["ts"])
    assert message is not None

    await room.report("bob", message)

    assert "not written by a person" in (await room.told("bob", HELP, count=2))[-1]
    assert await room.open() == []


async def test_another_failure_is_explained(room: Room) -> None:
    room.workspace.say("alice", HELP, 'FATAL:  password authentication failed for user "alice"')

    heard, reply = await room.reply()

    assert isinstance(reply, Explained)
    assert heard.finding.cause is Cause.OTHER


async def test_many_at_once_are_one_incident(room: Room) -> None:
    first = room.workspace.say("alice", HELP, SERVER_FULL)
    said: list[Any] = [room.workspace.say(who, HELP, "+1", first.ts) for who in ("bob", "carol")]

    replies = await room.replies(1 + len(said))

    assert [type(reply) for _, reply in replies] == [Answered, Joined, Joined]
    await asyncio.sleep(0)
    assert len(await room.open()) == 1


async def test_a_long_log_is_read_before_what_is_said_to_it(room: Room) -> None:
    log = "\n".join(f"2026-11-22 12:00:{line % 60:02} INFO request {line} served" for line in range(700))
    room.workspace.say("alice", HELP, f"{log}\n{SERVER_FULL}")
    room.workspace.say("bob", HELP, "same")

    replies = await room.replies(2)

    assert [type(reply) for _, reply in replies] == [Answered, Joined]


async def test_an_address_that_slack_made_a_link_is_read_as_it_was_typed(room: Room) -> None:
    text = f"{too_many('alice')} postgresql://alice:{PASSWORD}@db.example.edu/x"
    said = room.workspace.say("alice", HELP, text)
    heard, _ = await room.reply()

    assert "<mailto:" in said.text
    assert heard.finding.host == "db.example.edu"
    assert "a password" in (await room.told("alice"))[0]
