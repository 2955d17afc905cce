"""The bot is interrupted while students write: nothing is lost that can still be answered, and nothing is said twice."""

import asyncio
import re
import signal
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from bot.access.desk import Desk
from bot.clock import clock
from bot.composition.parts import new_id
from bot.composition.program import CATCH_UP_EVERY
from bot.incidents.posts import Posts
from bot.slack.messages import key_of
from bot.workspace.limits import Fault
from bot.workspace.model import Message
from tests.courses import CHANNEL, SECRET, channel_id, served, slack_id
from tests.eventually import eventually
from tests.help_channels import HURRIED, STAFF, Help, a_help_channel, refused, words
from tests.postgres import OpenBackend, Postgres
from tests.processes import serving


async def full(channel: Help, owner: str) -> tuple[str, list[OpenBackend]]:
    role = channel.course.make_student(1)
    await channel.course.own(owner, role)
    return role, await channel.course.fill(role, 1)


def unheard(channel: Help, who: str, text: str, ago: timedelta) -> Message:
    """What somebody wrote a while ago, of which Slack tells nobody any more."""
    ts = f"{(clock() - ago).timestamp():.6f}"
    return channel.course.workspace.state.post(
        Message(ts, channel_id(CHANNEL), text, user=slack_id(who)), by_person=True, quiet=True
    )


async def read_until(channel: Help, ago: timedelta) -> None:
    """Let the channel have been read a while ago."""
    async with channel.course.database() as database:
        ts = f"{(clock() - ago).timestamp():.6f}"
        await Posts(database, new_id).read_until(channel.course.team, channel_id(CHANNEL), ts)


async def mark(channel: Help) -> str:
    async with channel.course.database() as database:
        return (await Posts(database, new_id).last_read(channel.course.team)).get(channel_id(CHANNEL), "")


async def test_what_was_written_meanwhile_is_answered_and_what_is_too_old_listed_to_staff(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_help_channel(postgres18, migrated_url, tmp_path, serving=False) as channel:
        role, _ = await full(channel, "alice")
        await read_until(channel, timedelta(minutes=50))
        before = unheard(channel, "bob", refused("bob"), timedelta(minutes=55))
        old = unheard(channel, "alice", refused(role), timedelta(minutes=20))
        young = unheard(channel, "alice", refused(role), timedelta(minutes=10))
        for _ in range(2):
            async with served(channel.course, patience=HURRIED):
                await channel.answer(young)
                await channel.course.workspace.wait_for(lambda: channel.posted(STAFF), within=10)
                await eventually(lambda: has_read(channel, young))

        (listed,) = channel.posted(STAFF)
        assert len(channel.in_thread(young)) == 1
        assert channel.in_thread(before) == channel.in_thread(old) == []
        assert f"p{old.ts.replace('.', '')}" in words(listed)
        assert f"p{young.ts.replace('.', '')}" not in words(listed)
        assert channel.outside() == []


async def test_two_that_start_at_once_answer_and_list_once(
    postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    async with (
        a_help_channel(postgres18, migrated_postgresql_url, tmp_path, serving=False) as channel,
        AsyncExitStack() as stack,
    ):
        role, _ = await full(channel, "alice")
        await read_until(channel, timedelta(minutes=50))
        unheard(channel, "alice", refused(role), timedelta(minutes=20))
        young = unheard(channel, "alice", refused(role), timedelta(minutes=10))
        both = (served(channel.course, patience=HURRIED) for _ in range(2))
        await asyncio.gather(*map(stack.enter_async_context, both))
        await channel.answer(young)
        await channel.course.workspace.wait_for(lambda: channel.posted(STAFF), within=10)
        await eventually(lambda: has_read(channel, young))
        # The other one sees by the mark that it is done.
        await asyncio.sleep(3 * CATCH_UP_EVERY.total_seconds())

        assert len(channel.in_thread(young)) == 1
        assert len(channel.posted(STAFF)) == 1
        assert len(channel.privately("alice")) == 0


async def has_read(channel: Help, message: Message) -> bool:
    return await mark(channel) >= message.ts


async def test_killed_before_a_report_was_looked_at_it_is_answered_by_the_next(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_help_channel(postgres18, migrated_sqlite_url, tmp_path, serving=False) as channel:
        role, _ = await full(channel, "alice")
        async with serving(channel.course.environment, tmp_path / "first.err") as process:
            await eventually(lambda: has_begun(channel))
            for pid in (postgres18.server.pid, *bot_backends(channel)):
                postgres18.freeze(pid)
            pasted = channel.say("alice", refused(role))
            await eventually(lambda: is_claimed(channel, pasted))
            process.signal(signal.SIGKILL)
            await process.end()
        postgres18.server.resume()
        assert channel.in_thread(pasted) == []

        async with served(channel.course, patience=HURRIED):
            await channel.answer(pasted, within=25)
        assert len(channel.in_thread(pasted)) == 1


def bot_backends(channel: Help) -> list[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'connbot'"
    return [pid for (pid,) in channel.course.postgres.admin.execute(query)]


async def has_begun(channel: Help) -> bool:
    return bool(await mark(channel))


async def is_claimed(channel: Help, message: Message) -> bool:
    async with channel.course.database() as database:
        return not await Desk(database).unknown([(channel.course.team, key_of(message.channel, message.ts))])


async def test_while_slack_will_not_be_asked_it_hears_on(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_help_channel(postgres18, migrated_sqlite_url, tmp_path, serving=False) as channel:
        role, _ = await full(channel, "alice")
        await read_until(channel, timedelta(minutes=5))
        channel.course.workspace.inject("conversations.history", Fault(status=429, retry_after=1), times=6)
        async with served(channel.course, patience=HURRIED):
            pasted = channel.say("alice", refused(role))
            await channel.answer(pasted)


async def test_over_http_it_hears_the_same(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> None:
    async with a_help_channel(
        postgres18,
        migrated_sqlite_url,
        tmp_path,
        SLACK_APP_TOKEN="",
        SLACK_SIGNING_SECRET=SECRET,
        CONNBOT_HTTP="127.0.0.1:0",
    ) as channel:
        found = re.search(r"HTTP on (\S+:\d+)", channel.course.ready)
        assert found is not None
        channel.course.workspace.set_request_url(f"http://{found[1]}/slack/events")
        role, _ = await full(channel, "alice")
        pasted = channel.say("alice", refused(role))

        await channel.answer(pasted)


async def test_the_author_of_a_password_is_warned_with_the_way_to_the_message(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_help_channel(postgres18, migrated_sqlite_url, tmp_path) as channel:
        role, _ = await full(channel, "alice")
        pasted = channel.say("alice", f"{refused(role)}\npostgresql://{role}:hunter2hunter@db.example.edu/shop")
        answer = await channel.answer(pasted)
        (warning,) = await channel.course.workspace.wait_for(lambda: channel.direct("alice"))

    assert "There is a password in <http" in warning.text
    assert f"p{pasted.ts.replace('.', '')}|your message>" in warning.text
    assert "hunter2" not in words(warning) + words(answer)


async def test_what_is_written_while_the_own_database_is_away_is_answered_when_it_is_back(
    postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    async with a_help_channel(postgres18, migrated_postgresql_url, tmp_path) as channel:
        role, _ = await full(channel, "alice")
        await eventually(lambda: has_begun(channel))
        name = migrated_postgresql_url.rpartition("/")[2]
        postgres18.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        postgres18.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        pasted = channel.say("alice", refused(role))
        asked = channel.say("bob", "@connbot is anybody there?")
        await channel.course.workspace.wait_for(lambda: channel.privately("bob"), within=20)
        assert channel.in_thread(pasted) == channel.in_thread(asked) == channel.privately("alice") == []
        postgres18.run("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)

        await channel.answer(pasted, within=30)
        assert len(channel.in_thread(pasted)) == 1
        assert channel.outside() == []
