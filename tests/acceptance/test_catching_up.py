"""What was said while the bot was away: answered where it is still time, listed where it is not, and nothing of it twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.access.desk import Desk
from bot.access.member import Actor
from bot.clock import clock
from bot.composition.parts import new_id
from bot.diagnosis.replies import Answered, Joined
from bot.incidents.posts import Posts
from bot.slack.catching_up import AGAIN_AFTER, PAGE, SETTLES_WITHIN
from bot.slack.messages import key_of
from bot.workspace.limits import Fault
from bot.workspace.model import Message
from tests.postgres import Postgres
from tests.rooms import ELSEWHERE, HELP, SERVER_FULL, Room, a_room

MOMENT = timedelta(seconds=1)


@pytest.fixture
async def room(postgres18: Postgres, migrated_url: str) -> AsyncIterator[Room]:
    """A room whose bot has been there, and is away now."""
    async with a_room(postgres18, migrated_url, listening=False) as room:
        async with room.listening():
            await room.catching_up.tend(connected=True)
        yield room


def unheard(room: Room, who: str, text: str, *, thread: str | None = None, ago: timedelta = timedelta()) -> Message:
    """What somebody says of which Slack tells nobody."""
    ts = f"{(clock() - ago).timestamp():.6f}" if ago else room.workspace.state.next_ts()
    channel = room.workspace.state.find_channel(HELP)
    message = Message(ts, channel.id, text, user=room.id(who), thread_ts=thread)
    return room.workspace.state.post(message, by_person=True, quiet=True)


async def mark(room: Room) -> str:
    return (await Posts(room.db, new_id).last_read(room.team))[room.workspace.state.find_channel(HELP).id]


async def test_at_the_first_start_nothing_is_read_back(postgres18: Postgres, migrated_sqlite_url: str) -> None:
    async with a_room(postgres18, migrated_sqlite_url, listening=False) as room:
        unheard(room, "alice", SERVER_FULL)
        async with room.listening():
            await room.catching_up.tend(connected=True)
            await room.catching_up.tend(connected=True)

        assert room.herald.replies == []
        assert await mark(room) > room.workspace.messages(HELP, "alice")[0].ts


async def test_a_report_of_meanwhile_is_answered_once(room: Room) -> None:
    said = unheard(room, "alice", SERVER_FULL)
    unheard(room, "bob", "same", thread=said.ts)
    for _ in range(2):
        async with room.listening():
            await room.catching_up.tend(connected=True)
            await room.catching_up.tend(connected=True)

    (_, report), (_, same) = room.herald.replies
    assert isinstance(report, Answered)
    assert isinstance(same, Joined)
    assert room.herald.listed == []


async def test_what_slack_brings_too_is_answered_once(room: Room) -> None:
    """Slack sends again what nobody acknowledged."""
    room.workspace.say("alice", HELP, SERVER_FULL)
    async with room.listening():
        await room.catching_up.tend(connected=True)
        room.workspace.say("bob", HELP, "hello")
        await room.replies(2)

    assert len(room.herald.replies) == 2


async def test_before_slack_can_reach_us_nothing_is_read(room: Room) -> None:
    """What is said between the reading and the connection would be lost."""
    unheard(room, "alice", SERVER_FULL)
    async with room.listening():
        await room.catching_up.tend(connected=False)
        assert room.herald.replies == []
        await room.catching_up.tend(connected=True)

    assert len(room.herald.replies) == 1


async def test_what_was_missed_while_slack_could_not_reach_us_is_read_back(room: Room) -> None:
    async with room.listening():
        await room.catching_up.tend(connected=True)
        unheard(room, "alice", SERVER_FULL)
        await room.catching_up.tend(connected=True)
        assert room.herald.replies == []

        await room.catching_up.tend(connected=False)
        await room.catching_up.tend(connected=True)

    assert len(room.herald.replies) == 1


async def test_what_is_too_old_to_be_answered_is_listed_once(room: Room) -> None:
    report = unheard(room, "alice", SERVER_FULL)
    down = unheard(room, "bob", "is the database down?")
    unheard(room, "bob", "when is the exam?")
    unheard(room, "carol", "same", thread=report.ts)
    room.later = timedelta(minutes=20)
    for _ in range(2):
        async with room.listening():
            await room.catching_up.tend(connected=True)
            await room.catching_up.tend(connected=True)

    assert room.herald.listed == [[report.ts, down.ts]]
    assert room.herald.replies == []


async def test_what_was_heard_then_is_not_listed(room: Room) -> None:
    """The bot may die before it has kept how far it was."""
    async with room.listening():
        room.workspace.say("alice", HELP, SERVER_FULL)
        await room.reply()
    room.later = timedelta(minutes=20)
    async with room.listening():
        await room.catching_up.tend(connected=True)

    assert room.herald.listed == []


async def test_what_staff_could_not_be_told_is_listed_later(room: Room) -> None:
    said = unheard(room, "alice", SERVER_FULL)
    room.later = timedelta(minutes=20)
    room.herald.staff_channel_is_there = False
    async with room.listening():
        await room.catching_up.tend(connected=True)
        assert await mark(room) < said.ts
        room.herald.staff_channel_is_there = True
        await room.catching_up.tend(connected=True)
        await room.catching_up.tend(connected=True)

    assert room.herald.listed == [[said.ts]]
    assert await mark(room) >= said.ts


async def test_what_is_older_than_an_hour_is_past(room: Room) -> None:
    unheard(room, "alice", SERVER_FULL)
    room.later = timedelta(minutes=61)
    async with room.listening():
        await room.catching_up.tend(connected=True)

    assert (room.herald.listed, room.herald.replies) == ([], [])


async def test_a_reply_in_a_thread_that_began_before_is_read(room: Room) -> None:
    async with room.listening():
        await room.catching_up.tend(connected=True)
        first = room.workspace.say("alice", HELP, SERVER_FULL)
        await room.reply()
    unheard(room, "bob", "same", thread=first.ts)
    async with room.listening():
        await room.catching_up.tend(connected=True)

    ((_, reply),) = room.herald.replies
    assert isinstance(reply, Joined)


async def test_a_reply_in_an_incidents_thread_is_read_however_old_that_is(room: Room) -> None:
    """Its first message is so old that the channel's history of an hour does not hold it."""
    first = unheard(room, "alice", SERVER_FULL, ago=timedelta(hours=2))
    other = unheard(room, "alice", "when is the exam?", ago=timedelta(hours=2))
    async with room.listening():
        await room.report("bob", first)
        await room.reply()
    for thread in (first, other):
        unheard(room, "carol", "same", thread=thread.ts)
    async with room.listening():
        await room.catching_up.tend(connected=True)

    ((heard, reply),) = room.herald.replies
    assert isinstance(reply, Joined)
    assert heard.conversation.thread == first.ts


async def test_many_messages_are_all_read(room: Room) -> None:
    report = unheard(room, "alice", SERVER_FULL)
    for number in range(PAGE + 5):
        unheard(room, "bob", f"talk {number}")
    async with room.listening():
        await room.catching_up.tend(connected=True)

    assert len(room.herald.replies) == PAGE + 6
    assert report.ts in {heard.ts for heard, _ in room.herald.replies}


async def test_a_message_whose_process_died_over_it_is_answered_after_a_while(room: Room) -> None:
    said = unheard(room, "alice", SERVER_FULL)
    claims = Desk(room.db)
    await claims.admit(Actor(room.team, room.id("alice")), key_of(said.channel, said.ts))
    async with room.listening():
        await room.catching_up.tend(connected=True)
        assert room.herald.replies == []
        room.later = SETTLES_WITHIN + MOMENT
        for _ in range(2):
            await room.catching_up.tend(connected=True)
    async with room.listening():
        await room.catching_up.tend(connected=True)

    assert len(room.herald.replies) == 1
    assert await mark(room) >= said.ts


async def test_a_message_that_another_process_is_done_with_is_left_to_it(room: Room) -> None:
    said = unheard(room, "alice", SERVER_FULL)
    await Desk(room.db).admit(Actor(room.team, room.id("alice")), key_of(said.channel, said.ts))
    async with room.listening():
        await room.catching_up.tend(connected=True)
        await Posts(room.db, new_id).read_until(room.team, said.channel, said.ts)
        room.later = SETTLES_WITHIN + MOMENT
        await room.catching_up.tend(connected=True)

    assert room.herald.replies == []


@pytest.mark.parametrize("fault", [Fault(status=429, retry_after=1), Fault(status=503)])
async def test_trouble_of_slacks_passes(room: Room, fault: Fault) -> None:
    unheard(room, "alice", SERVER_FULL)
    room.workspace.inject("conversations.history", fault)
    async with room.listening():
        await room.catching_up.tend(connected=True)
        assert room.herald.replies == []
        await room.catching_up.tend(connected=True)

    assert len(room.herald.replies) == 1


async def test_slack_is_not_asked_without_pause(room: Room) -> None:
    room.again_after = AGAIN_AFTER
    unheard(room, "alice", SERVER_FULL)
    room.workspace.inject("conversations.history", Fault(status=503))
    async with room.listening():
        for _ in range(3):
            await room.catching_up.tend(connected=True)
        assert room.herald.replies == []
        room.later = AGAIN_AFTER
        await room.catching_up.tend(connected=True)

    assert len(room.herald.replies) == 1


async def test_what_may_not_be_read_is_given_up(room: Room) -> None:
    app = room.workspace.app()
    unheard(room, "alice", SERVER_FULL)
    room.workspace.state.replace_app(replace(app, scopes=app.scopes - {"channels:history"}))
    async with room.listening():
        await room.catching_up.tend(connected=True)
        await room.catching_up.tend(connected=True)

    assert room.herald.replies == []
    assert [call.error for call in room.workspace.calls if call.method == "conversations.history"] == ["missing_scope"]


async def test_how_far_it_was_is_kept_at_the_end(room: Room) -> None:
    async with room.listening():
        await room.catching_up.tend(connected=True)
        said = room.workspace.say("alice", HELP, "hello")
        await room.reply()

    assert await mark(room) == said.ts


async def test_a_message_that_was_deleted_or_changed_meanwhile_counts_as_it_is(room: Room) -> None:
    gone, changed = unheard(room, "alice", SERVER_FULL), unheard(room, "bob", "it works now")
    room.workspace.delete("alice", gone)
    room.workspace.edit("bob", changed, SERVER_FULL)
    async with room.listening():
        await room.catching_up.tend(connected=True)

    # Slack brings the change too, which is of the same message.
    assert {heard.ts for heard, _ in room.herald.replies} == {changed.ts}
    assert all(isinstance(reply, Answered) for _, reply in room.herald.replies)
    assert len(await room.open()) == 1


async def test_what_got_the_error_meanwhile_is_read(room: Room) -> None:
    async with room.listening():
        await room.catching_up.tend(connected=True)
        said = [room.workspace.say(who, HELP, "it does not work") for who in ("alice", "bob")]
        await room.replies(2)
    room.herald.replies.clear()
    edited = {"user": said[0].user, "ts": room.workspace.state.next_ts()}
    room.workspace.state.change(replace(said[0], text=SERVER_FULL, edited=edited), quiet=True)
    for _ in range(2):
        async with room.listening():
            await room.catching_up.tend(connected=True)
            await room.catching_up.tend(connected=True)

    ((heard, reply),) = room.herald.replies
    assert heard.ts == said[0].ts
    assert isinstance(reply, Answered)


async def test_an_incidents_thread_is_listened_to_wherever_it_is(room: Room) -> None:
    """Another process was asked there, or this one before it was started anew."""
    async with room.listening():
        said = room.workspace.say("carol", ELSEWHERE, f"@connbot {SERVER_FULL}")
        await room.reply()
    async with room.listening():
        await room.catching_up.tend(connected=True)
        room.workspace.say("bob", ELSEWHERE, "same", said.ts)

        assert isinstance((await room.reply())[1], Joined)
