"""Owners are asked first, or told afterwards: nothing ends that was not asked for, and each is told once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.access.member import Actor, Grade
from bot.access.ownership import Ownership
from bot.clock import clock
from bot.incidents.patience import USUAL, Patience
from bot.incidents.proposal import USUAL as USUAL_WAITS
from bot.slack import ids
from bot.storage.record import Record
from bot.storage.tables import posts, proposals
from bot.workspace.block_kit.walk import elements
from bot.workspace.controls import find_control
from bot.workspace.limits import Fault
from bot.workspace.model import Message
from bot.workspace.payloads import Act
from tests.courses import CHANNEL, Course, Doing, a_course, served, slack_id
from tests.eventually import eventually
from tests.postgres import OpenBackend, Postgres
from tests.processes import serving

SOON = replace(USUAL, look_every=timedelta(seconds=0.1))
AT_ONCE = replace(SOON, consent_waits=timedelta(seconds=0.3))
QUICK = replace(USUAL_WAITS, look_every=timedelta(seconds=0.1), telling_holds_for=timedelta(seconds=1))


@asynccontextmanager
async def a_class(
    postgres: Postgres, url: str, folder: Path, consent: str = "ask", patience: Patience = SOON, **rest: Any
) -> AsyncIterator[Course]:
    async with a_course(postgres, url, folder, top=f'consent = "{consent}"', patience=patience, **rest) as course:
        await course.grant("tom")
        yield course


async def owned(course: Course, *owners: str, doing: Doing = Doing.IDLE) -> tuple[str, OpenBackend]:
    """A role of these people, and its one session."""
    role = course.make_student()
    one = await course.postgres.open_backend(role, doing, application_name="psql")
    for owner in owners:
        await course.own(owner, role)
    return role, one


def dms(course: Course, who: str) -> list[Message]:
    """What they were written by direct message; not that somebody else owns their role too."""
    found = course.workspace.messages(course.workspace.dm(who), who)
    return [one for one in found if " owns the role " not in one.text]


async def dm(course: Course, who: str, number: int = 1) -> Message:
    """Wait for the so manieth direct message."""
    found = await course.workspace.wait_for(lambda: dms(course, who)[number - 1 :], within=10)
    return found[0]


async def answer(course: Course, who: str, action_id: str) -> Message:
    """Click a button of the last direct message, and return what stands there then."""
    asked = dms(course, who)[-1]
    delivered = await course.workspace.click(who, asked.channel, asked.ts, action_id=action_id)
    assert delivered.acknowledged, delivered.error
    await course.workspace.wait_for(lambda: dms(course, who)[-1].text != asked.text, within=10)
    return dms(course, who)[-1]


def buttons(message: Message) -> list[str]:
    return [element["action_id"] for _, element in elements(message.blocks)]


async def state(course: Course, role: str) -> str:
    entries = [entry for entry in await course.history(role) if entry["kind"] == "termination"]
    return str(entries[0]["state"])


async def forge(course: Course, who: str, message: Message, action_id: str) -> None:
    """Send the click of somebody who does not see the message."""
    block_id, element = find_control(message, action_id=action_id)
    # Into the channel where they are: else they would be answered where they are not.
    channel = course.workspace.state.find_channel(CHANNEL).id
    theirs = replace(message, channel=channel, ephemeral_to=slack_id(who))
    act = Act(block_id, element["action_id"], {}, {})
    await course.workspace._interactions.act(course.workspace.state.find_user(who), theirs, act)


async def test_the_owner_is_asked_and_what_they_use_stays(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path) as course:
        alice, one = await owned(course, "alice")

        waiting = await course.ask("tom", f"/kill {alice} {one.pid} because exam at 9")
        question = await dm(course, "alice")

        assert waiting.text.startswith("Waiting for the owner, until ")
        assert buttons(waiting) == [ids.OVERRIDE, ids.WITHDRAW]
        assert f"<@{slack_id('tom')}> asks: End 1 connection of {alice} on class?" in question.text
        assert "`exam at 9`" in question.text
        kept = await answer(course, "alice", ids.IN_USE)
        assert "It stays: nothing was ended" in kept.text
        told = await dm(course, "tom")
        assert f"<@{slack_id('alice')}> is using it, so nothing was ended" in told.text
        assert postgres18.is_open(one)
        assert await state(course, alice) == "withdrawn"
        assert len(dms(course, "alice")) == len(dms(course, "tom")) == 1
        assert course.workspace.complaints == []


async def test_an_owner_who_closes_it_is_the_requester_and_the_first_asker_is_told(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path, waits=QUICK) as course:
        alice, one = await owned(course, "alice", doing=Doing.IN_TRANSACTION)
        await course.ask("tom", f"/kill {alice} {one.pid} because exam at 9")
        await dm(course, "alice")

        asked_once_more = await answer(course, "alice", ids.CLOSE_IT)
        assert postgres18.is_open(one)
        assert buttons(asked_once_more) == [ids.TERMINATE, ids.WITHDRAW]
        assert "wants to close it" in (await dm(course, "tom")).text
        ended = await answer(course, "alice", ids.TERMINATE)

        assert not postgres18.is_open(one)
        assert "ended 1 connection" in ended.text
        assert f"<@{slack_id('alice')}> ended 1 connection of {alice}" in (await dm(course, "tom", 2)).text
        entries = await course.history(alice)
        assert [(one["kind"], one["state"]) for one in entries[:2]] == [
            ("consent", "close"),
            ("termination", "resolved"),
        ]
        assert entries[1]["requester"] == slack_id("alice")
        # Whoever ended it needs no notice of that.
        assert len(dms(course, "alice")) == 1


async def test_without_an_answer_the_asker_decides_on_fresh_facts(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path, patience=AT_ONCE, waits=QUICK) as course:
        alice, one = await owned(course, "alice")

        await course.ask("tom", f"/kill {alice} {one.pid}")
        over = await dm(course, "tom")

        assert over.text.startswith("No owner answered. End 1 connection")
        assert postgres18.is_open(one)
        ended = await answer(course, "tom", ids.TERMINATE)
        assert "ended 1 connection" in ended.text
        assert not postgres18.is_open(one)
        notice = await dm(course, "alice", 2)
        assert "You had been asked, and nobody answered in time." in notice.text
        await asyncio.sleep(0.5)
        assert (len(dms(course, "alice")), len(dms(course, "tom"))) == (2, 1)


async def test_the_facts_are_fresh_and_a_late_no_still_counts(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, patience=AT_ONCE) as course:
        alice, one = await owned(course, "alice")
        await course.ask("tom", f"/kill {alice} {one.pid}")
        await dm(course, "alice")
        await one.connection.execute("BEGIN")
        await one.connection.execute("SELECT 1")

        over = await dm(course, "tom")

        # Somebody works there now, and nobody has given a reason.
        assert "idle in transaction" in over.text
        assert buttons(over) == [ids.TERMINATE_BECAUSE, ids.WITHDRAW]
        await answer(course, "alice", ids.IN_USE)
        assert "is using it" in (await dm(course, "tom", 2)).text
        assert postgres18.is_open(one)


async def test_what_ended_by_itself_meanwhile_is_told_as_that(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, patience=AT_ONCE) as course:
        alice, one = await owned(course, "alice")
        await course.ask("tom", f"/kill {alice} {one.pid}")
        question = await dm(course, "alice")
        await course.postgres.close_backend(one)

        assert "is not there any more" in (await dm(course, "tom")).text
        await course.workspace.wait_for(lambda: dms(course, "alice")[0].text != question.text)
        assert await state(course, alice) == "lapsed"


async def test_staff_may_override_for_a_reason_that_is_kept(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path) as course:
        alice, one = await owned(course, "alice")
        waiting = await course.ask("tom", f"/kill {alice} {one.pid}")
        question = await dm(course, "alice")

        view = await course.modal("tom", waiting, ids.OVERRIDE)
        empty = await course.workspace.submit("tom", view, {ids.REASON: " "})
        assert ids.REASON in str(empty.payload)
        asked = await course.give_reason("tom", waiting, ids.OVERRIDE, "the exam begins now")
        assert buttons(asked) == [ids.TERMINATE, ids.WITHDRAW]
        await course.workspace.wait_for(lambda: dms(course, "alice")[0].text != question.text)
        assert "did not wait for the answer (`the exam begins now`)" in dms(course, "alice")[0].text
        assert postgres18.is_open(one)
        await course.press("tom", asked, ids.TERMINATE)

        assert not postgres18.is_open(one)
        notice = await dm(course, "alice", 2)
        assert "Why: `the exam begins now`." in notice.text
        assert "did not wait for the answer" in notice.text
        entries = await course.history(alice)
        assert ("consent", "overridden", "the exam begins now") in [
            (one["kind"], one["state"], one["reason"]) for one in entries
        ]


async def test_of_two_owners_who_answer_at_once_the_one_who_uses_it_wins(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path) as course:
        role, one = await owned(course, "alice", "bob")
        await course.ask("tom", f"/kill {role} {one.pid}")
        to_close, to_keep = await dm(course, "alice"), await dm(course, "bob")

        await asyncio.gather(
            course.workspace.click("alice", to_close.channel, to_close.ts, action_id=ids.CLOSE_IT),
            course.workspace.click("bob", to_keep.channel, to_keep.ts, action_id=ids.IN_USE),
        )

        await eventually(lambda: is_in(course, role, "withdrawn"))
        await course.workspace.wait_for(lambda: "It stays" in dms(course, "bob")[0].text)
        assert postgres18.is_open(one)


async def is_in(course: Course, role: str, wanted: str) -> bool:
    return await state(course, role) == wanted


async def test_nobody_but_the_owners_of_now_answers(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path) as course:
        await course.grant("priya", Grade.ADMIN)
        alice, one = await owned(course, "alice")
        waiting = await course.ask("tom", f"/kill {alice} {one.pid}")
        question = await dm(course, "alice")
        async with course.database() as database:
            owners = Ownership(database, Record(None))
            await owners.disown(Actor(course.team, "cli:tests"), slack_id("alice"), now=clock())

        for stranger, message, action in (
            ("mallory", question, ids.IN_USE),
            ("mallory", question, ids.CLOSE_IT),
            ("priya", question, ids.IN_USE),
            ("priya", waiting, ids.OVERRIDE),
            ("mallory", waiting, ids.OVERRIDE),
            ("tom", question, ids.CLOSE_IT),
        ):
            course.look(stranger)
            await forge(course, stranger, message, action)
            told = await course.next(stranger)
            assert "nothing was" in told.text.lower() or "does not work" in told.text
            assert alice not in told.text or stranger == "tom"
        refused = await answer(course, "alice", ids.CLOSE_IT)

        assert "not known any more" in refused.text
        assert postgres18.is_open(one)
        assert await state(course, alice) == "waiting"
        assert "refusal" in {entry["kind"] for entry in await course.history()}


async def test_a_role_made_anew_is_not_the_one_that_was_asked_about(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, patience=AT_ONCE) as course:
        alice, one = await owned(course, "alice")
        await course.ask("tom", f"/kill {alice} {one.pid}")
        course.postgres.run("DROP ROLE {}", alice)
        course.postgres.run("CREATE ROLE {} LOGIN IN ROLE {}", alice, course.students)
        namesake = await course.postgres.open_backend(alice)

        await dm(course, "tom")

        assert await state(course, alice) == "lapsed"
        assert postgres18.is_open(one)
        assert postgres18.is_open(namesake)


async def test_a_restart_asks_whoever_was_not_asked_and_goes_on_when_time_is_over(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    """The first process is as one that was killed between the proposal and its questions."""
    async with a_class(postgres18, migrated_url, tmp_path, serving=False) as course:
        async with served(course, patience=replace(AT_ONCE, look_every=timedelta(hours=1))):
            alice, one = await owned(course, "alice")
            await course.ask("tom", f"/kill {alice} {one.pid}")
            await dm(course, "alice")

        async with served(course, patience=AT_ONCE):
            assert "No owner answered" in (await dm(course, "tom")).text
            await answer(course, "tom", ids.WITHDRAW)

        assert postgres18.is_open(one)
        assert len(dms(course, "alice")) == 1


async def test_two_replicas_ask_once_and_go_on_once(
    postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    async with (
        a_class(postgres18, migrated_postgresql_url, tmp_path, patience=AT_ONCE) as course,
        served(course, patience=AT_ONCE),
    ):
        alice, one = await owned(course, "alice", "bob")
        await course.ask("tom", f"/kill {alice} {one.pid}")

        await dm(course, "tom")
        await asyncio.sleep(0.5)

        assert [len(dms(course, who)) for who in ("alice", "bob", "tom")] == [1, 1, 1]
        await answer(course, "tom", ids.TERMINATE)
        assert not postgres18.is_open(one)


async def test_the_asker_may_take_it_back_and_the_question_goes(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path) as course:
        alice, one = await owned(course, "alice")
        waiting = await course.ask("tom", f"/kill {alice} {one.pid}")
        question = await dm(course, "alice")

        told = await course.press("tom", waiting, ids.WITHDRAW)

        assert told.text.startswith("Cancelled: nothing was ended.")
        await course.workspace.wait_for(lambda: dms(course, "alice")[0].text != question.text)
        assert "took it back" in dms(course, "alice")[0].text
        assert postgres18.is_open(one)


async def test_what_is_in_use_is_asked_about_with_a_reason(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path) as course:
        alice, one = await owned(course, "alice", doing=Doing.WRITTEN)

        refused = await course.ask("tom", f"/kill {alice} {one.pid}")

        assert f"Type `/kill {alice} {one.pid} on class because` and then why." in refused.text
        assert dms(course, "alice") == []


@pytest.mark.parametrize("consent", ["ask", "inform", "off"])
async def test_without_owners_all_is_as_ever(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, consent: str
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, consent) as course:
        alice, one = await owned(course)

        asked = await course.ask("tom", f"/kill {alice} {one.pid}")
        await course.press("tom", asked, ids.TERMINATE)

        assert not postgres18.is_open(one)


async def test_owners_are_told_what_ended_by_whom_why_and_how_to_stop_it(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path, "inform", waits=QUICK) as course:
        role, one = await owned(course, "alice", "bob")

        asked = await course.ask("tom", f"/kill {role} {one.pid} because exam at 9")
        await course.press("tom", asked, ids.TERMINATE)

        for owner in ("alice", "bob"):
            notice = await dm(course, owner)
            assert f"<@{slack_id('tom')}> ended 1 connection of {role} on class" in notice.text
            assert "Why: `exam at 9`." in notice.text
            assert "Each psql in each window holds one connection until it ends." in notice.text
            assert "127.0.0.1" not in str(notice.blocks)
        await asyncio.sleep(0.5)
        assert [len(dms(course, who)) for who in ("alice", "bob", "tom")] == [1, 1, 0]


@pytest.mark.parametrize(("consent", "notices"), [("inform", 1), ("off", 0)])
async def test_owners_are_told_though_the_process_was_killed_between_the_end_and_the_telling(
    postgres18: Postgres, migrated_url: str, tmp_path: Path, consent: str, notices: int
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path, consent, serving=False) as course:
        async with serving(course.environment, tmp_path / "first.err") as process:
            alice, one = await owned(course, "alice")
            asked = await course.ask("tom", f"/kill {alice} {one.pid}")
            course.workspace.inject("chat.postMessage", Fault(hang=60))
            told = await course.press("tom", asked, ids.TERMINATE)
            assert "ended 1 connection" in told.text
            await eventually(lambda: has_posts(course, notices))
            process.signal(signal.SIGKILL)
            await process.end()
        assert dms(course, "alice") == []
        course.workspace.faults.take("chat.postMessage")
        await left_unsaid(course)

        async with served(course, QUICK):
            await eventually(lambda: is_told(course), within=10)

        assert len(dms(course, "alice")) == notices


async def test_an_owner_who_cannot_be_told_yet_costs_whoever_asked_nothing(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path, "inform", waits=QUICK, patience=USUAL) as course:
        alice, one = await owned(course, "alice")
        asked = await course.ask("tom", f"/kill {alice} {one.pid}")
        course.workspace.inject("conversations.open", Fault(503), times=7)
        await course.press("tom", asked, ids.TERMINATE)

        await dm(course, "alice")

        assert len(dms(course, "alice")) == 1
        assert dms(course, "tom") == []
        assert course.new("tom") == []


async def test_a_notice_that_was_sent_and_not_written_down_is_not_sent_again(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path, "inform", serving=False) as course:
        async with served(course):
            alice, one = await owned(course, "alice")
            asked = await course.ask("tom", f"/kill {alice} {one.pid}")
            await course.press("tom", asked, ids.TERMINATE)
            await dm(course, "alice")
            await eventually(lambda: is_told(course))
        await left_unsaid(course)

        async with served(course, QUICK):
            await eventually(lambda: is_told(course), within=10)

        assert len(dms(course, "alice")) == 1


async def left_unsaid(course: Course) -> None:
    """Let it be as if the process had been killed minutes ago, before it could write down whom it told."""
    async with course.database() as database, database.write() as connection:
        long_ago = clock() - timedelta(minutes=2)
        await connection.execute(update(proposals).values(told_at=None, owners_told_at=None, telling_until=long_ago))
        await connection.execute(update(posts).values(ts=None, sent_at=None, claimed_at=long_ago))


async def has_posts(course: Course, count: int) -> bool:
    async with course.database() as database, database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(posts))).scalar_one() == count


async def is_told(course: Course) -> bool:
    async with course.database() as database, database.read() as connection:
        return (await connection.execute(select(proposals.c.owners_told_at))).scalar_one() is not None


async def test_an_owner_is_not_told_of_what_they_ended_themselves(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, "inform", waits=QUICK) as course:
        alice, one = await owned(course, "alice", doing=Doing.WRITTEN)

        asked = await course.ask("alice", f"/kill {alice} {one.pid}")
        assert buttons(asked) == [ids.TERMINATE, ids.WITHDRAW]
        await course.press("alice", asked, ids.TERMINATE)
        await asyncio.sleep(0.3)

        assert not postgres18.is_open(one)
        assert dms(course, "alice") == []


async def test_one_of_several_owners_closes_what_is_not_in_use_and_the_others_are_told(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, "off") as course:
        role, idle = await owned(course, "alice", "bob")
        working = await course.postgres.open_backend(role, Doing.WRITTEN, application_name="DBeaver")

        listed = await course.ask("alice", "/conns")
        assert "`address A`" in str(listed.blocks)
        assert "127.0.0.1" not in str(listed.blocks)
        asked = await course.ask("alice", f"/kill {role} all")
        assert "End 1 connection" in asked.text
        assert f"pid {working.pid}: somebody works in it" in asked.text
        assert f"It is <@{slack_id('bob')}>'s role too" in asked.text
        assert "127.0.0.1" not in str(asked.blocks)
        await course.press("alice", asked, ids.TERMINATE)

        assert (postgres18.is_open(idle), postgres18.is_open(working)) == (False, True)
        assert f"<@{slack_id('alice')}> owns {role} too." in (await dm(course, "bob")).text
        refused = await course.ask("alice", f"/kill {role} {working.pid}")
        assert "Nothing to end." in refused.text
        staffs = await course.ask("tom", f"/conns {role}")
        assert "127.0.0.1" in str(staffs.blocks)


async def test_an_owner_who_came_between_show_and_click_has_a_say(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, "inform") as course:
        role, one = await owned(course, "alice", doing=Doing.WRITTEN)
        asked = await course.ask("alice", f"/kill {role} {one.pid}")
        await course.own("bob", role)

        refused = await course.press("alice", asked, ids.TERMINATE)

        assert f"{role} is <@{slack_id('bob')}>'s too" in refused.text
        assert postgres18.is_open(one)


async def test_staff_give_a_reason_for_what_is_in_use_in_a_modal(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, "inform") as course:
        alice, one = await owned(course, doing=Doing.WRITTEN)
        asked = await course.ask("tom", f"/kill {alice} {one.pid}")
        assert buttons(asked) == [ids.TERMINATE_BECAUSE, ids.WITHDRAW]

        told = await course.give_reason("tom", asked, ids.TERMINATE_BECAUSE, "exam at 9")

        assert "ended 1 connection" in told.text
        assert not postgres18.is_open(one)
        assert (await course.history(alice))[0]["reason"] == "exam at 9"
        # What was clicked is what says so now.
        assert [message.ts for message in course.workspace.messages(CHANNEL, "tom")].count(asked.ts) == 1
        assert told.ts == asked.ts


async def test_an_answer_after_the_end_changes_nothing_and_says_what_became_of_it(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, waits=QUICK) as course:
        role, one = await owned(course, "alice", "bob")
        await course.ask("tom", f"/kill {role} {one.pid}")
        question = await dm(course, "bob")
        await dm(course, "alice")
        await answer(course, "alice", ids.CLOSE_IT)
        await answer(course, "alice", ids.TERMINATE)
        await course.workspace.wait_for(lambda: dms(course, "bob")[0].text != question.text)
        assert f"<@{slack_id('alice')}> ended 1 connection" in dms(course, "bob")[0].text

        course.look("bob")
        await forge(course, "bob", question, ids.IN_USE)

        told = await course.next("bob")
        assert told.text.startswith(f"This click did nothing. <@{slack_id('alice')}> ended 1 connection of {role}")
        assert await state(course, role) == "resolved"


async def test_whoever_could_not_be_told_that_time_is_over_is_told_later_and_once(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_url, tmp_path, patience=AT_ONCE) as course:
        alice, one = await owned(course, "alice")
        await course.ask("tom", f"/kill {alice} {one.pid}")
        await dm(course, "alice")
        course.workspace.inject("conversations.open", Fault(503), times=3)

        assert "No owner answered" in (await dm(course, "tom")).text
        await asyncio.sleep(0.5)

        assert len(dms(course, "tom")) == 1
        assert postgres18.is_open(one)


async def test_what_lapses_unanswered_is_asked_again_without_asking_the_owners_twice(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with a_class(postgres18, migrated_sqlite_url, tmp_path, patience=AT_ONCE, waits=QUICK) as course:
        alice, one = await owned(course, "alice")
        await course.ask("tom", f"/kill {alice} {one.pid}")
        await dm(course, "tom")
        async with course.database() as database, database.write() as connection:
            now = clock()
            times = {"created_at": now - timedelta(minutes=20), "lapses_at": now - timedelta(minutes=1)}
            await connection.execute(update(proposals).values(times))

        lapsed = await answer(course, "tom", ids.TERMINATE)
        assert buttons(lapsed) == [ids.ASK_AGAIN]
        again = await answer(course, "tom", ids.ASK_AGAIN)
        assert buttons(again) == [ids.TERMINATE, ids.WITHDRAW]
        await answer(course, "tom", ids.TERMINATE)

        assert not postgres18.is_open(one)
        await dm(course, "alice", 2)
        # The question, and what became of it.
        assert len(dms(course, "alice")) == 2
