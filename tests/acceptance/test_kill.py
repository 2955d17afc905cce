"""`/kill`: nothing ends before its click, by the wrong person, twice, or with another's identity."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from bot.access.member import Grade
from bot.clock import clock
from bot.incidents.proposal import LAPSES_AFTER
from bot.slack import ids
from bot.storage.tables import proposals
from bot.workspace.block_kit.walk import elements
from bot.workspace.controls import find_control
from bot.workspace.model import Message
from bot.workspace.payloads import Act
from tests.courses import Course, Doing, slack_id


def button_value(message: Message, action_id: str) -> str:
    """What a button carries."""
    value: str = find_control(message, action_id=action_id)[1]["value"]
    return value


async def forge(course: Course, who: str, message: Message, action_id: str, **changes: Any) -> None:
    """Send the click of somebody who does not see the message."""
    block_id, element = find_control(message, action_id=action_id)
    act = Act(block_id, element["action_id"], changes, {})
    # The workspace, as Slack, lets nobody click what they do not see: the payload is one that a thief of tokens sends.
    theirs = replace(message, ephemeral_to=slack_id(who))
    await course.workspace._interactions.act(course.workspace.state.find_user(who), theirs, act)


async def ready(course: Course, count: int = 2) -> tuple[str, list[Any]]:
    """A student with open connections and a responder."""
    alice = course.make_student()
    opened = await course.fill(alice, count)
    await course.grant("tom")
    return alice, opened


async def test_a_click_ends_exactly_what_was_shown_and_it_is_on_record(course: Course) -> None:
    alice, (one, other) = await ready(course)

    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    assert course.postgres.is_open(one)
    told = await course.press("tom", asked, ids.TERMINATE)

    assert not course.postgres.is_open(one)
    assert course.postgres.is_open(other)
    assert "1 of 5" in told.text
    assert not any(block["type"] == "actions" for block in told.blocks or ())
    entry = (await course.history(alice))[0]
    assert (entry["kind"], entry["state"], entry["requester"]) == ("termination", "resolved", slack_id("tom"))
    assert [(b["pid"], b["outcome"]) for b in entry["backends"]] == [(one.pid, "terminated")]


async def test_the_button_carries_an_opaque_id_only(course: Course) -> None:
    alice, (one, _) = await ready(course)

    asked = await course.ask("tom", f"/kill {alice} {one.pid}")

    for action in (ids.TERMINATE, ids.WITHDRAW):
        value = button_value(asked, action)
        assert str(one.pid) not in value
        assert alice not in value


async def test_cancel_ends_nothing(course: Course) -> None:
    alice, (one, _) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")

    told = await course.press("tom", asked, ids.WITHDRAW)

    assert course.postgres.is_open(one)
    assert not any(block["type"] == "actions" for block in told.blocks or ())
    assert (await course.history(alice))[0]["state"] == "withdrawn"


async def test_ten_clicks_at_once_have_one_effect_and_ten_answers(course: Course) -> None:
    alice, (one, other) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    course.look("tom")

    await asyncio.gather(*(forge(course, "tom", asked, ids.TERMINATE) for _ in range(10)))

    await course.workspace.wait_for(lambda: len(course.new("tom")) == 10, within=10)
    assert course.postgres.is_open(other)
    ended = [entry for entry in await course.history(alice) if entry["kind"] == "termination"]
    assert [entry["state"] for entry in ended] == ["resolved"]


async def test_another_responder_cannot_click_it(course: Course) -> None:
    alice, (one, _) = await ready(course)
    await course.grant("tina", Grade.ADMIN)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")

    for stranger in ("tina", "mallory"):
        course.look(stranger)
        await forge(course, stranger, asked, ids.TERMINATE)
        await course.next(stranger)

    assert course.postgres.is_open(one)


async def test_a_right_lost_before_the_click_is_lost(course: Course) -> None:
    alice, (one, _) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    await course.revoke("tom")

    await course.press("tom", asked, ids.TERMINATE)

    assert course.postgres.is_open(one)
    assert "refusal" in {entry["kind"] for entry in await course.history()}


async def test_a_click_after_two_minutes_offers_to_ask_again(course: Course) -> None:
    alice, (one, _) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    async with course.database() as database, database.write() as connection:
        long_ago = clock() - timedelta(minutes=3)
        await connection.execute(update(proposals).values(created_at=long_ago, lapses_at=long_ago + LAPSES_AFTER))

    lapsed = await course.press("tom", asked, ids.TERMINATE)
    assert course.postgres.is_open(one)
    again = await course.press("tom", lapsed, ids.ASK_AGAIN)
    await course.press("tom", again, ids.TERMINATE)

    assert not course.postgres.is_open(one)


async def test_a_session_that_began_to_work_since_is_not_ended(course: Course) -> None:
    alice, (one, _) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    await one.connection.execute("BEGIN")
    await one.connection.execute("SELECT 1")

    told = await course.press("tom", asked, ids.TERMINATE)

    assert course.postgres.is_open(one)
    assert "changed" in str(told.text).lower()
    assert (await course.history(alice))[0]["backends"][0]["outcome"] == "changed"


async def test_uncommitted_writes_are_warned_of(course: Course) -> None:
    alice = course.make_student()
    one = await course.postgres.open_backend(alice, Doing.WRITTEN)
    await course.grant("tom")

    asked = await course.ask("tom", f"/kill {alice} {one.pid}")

    assert "uncommitted" in asked.text.lower()


async def test_a_service_is_refused_and_whom_to_ask_is_named(course: Course) -> None:
    one = await course.postgres.open_backend(course.service)
    await course.grant("priya", Grade.ADMIN)

    told = await course.ask("priya", f"/kill {course.service} {one.pid}")

    assert "dba@example.edu" in told.text
    assert course.postgres.is_open(one)


async def test_an_owner_closes_an_own_connection_with_a_button(course: Course) -> None:
    alice = course.make_student()
    one, other = await course.fill(alice, 2)
    await course.own("alice", alice)
    listed = await course.ask("alice", "/conns")
    buttons = [(block, e) for block, e in elements(listed.blocks) if e["action_id"] == ids.CLOSE]
    spoken = [element["accessibility_label"] for _, element in buttons]
    assert len(set(spoken)) == 2
    block_id, close = next((block, e) for block, e in buttons if str(one.pid) in e["value"])
    course.look("alice")
    alice_herself = course.workspace.state.find_user("alice")
    await course.workspace._interactions.act(
        alice_herself, listed, Act(block_id, ids.CLOSE, {"value": close["value"]}, {})
    )
    asked = await course.next("alice")
    assert course.postgres.is_open(one)

    await course.press("alice", asked, ids.TERMINATE)

    assert not course.postgres.is_open(one)
    assert course.postgres.is_open(other)


async def test_kill_works_when_every_slot_of_the_server_is_taken(course: Course) -> None:
    alice = course.make_student(limit=-1)
    await course.grant("tom")
    opened = await course.postgres.fill(alice)

    asked = await course.ask("tom", f"/kill {alice} {opened[0].pid}")
    await course.press("tom", asked, ids.TERMINATE)

    assert not course.postgres.is_open(opened[0])


async def test_a_client_that_comes_back_is_told_of(course: Course) -> None:
    alice, (one, _) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    await course.press("tom", asked, ids.TERMINATE)
    await course.postgres.open_backend(alice, application_name="psql")

    told = await course.next("tom")

    assert "reconnect" in told.text


async def test_wrong_input_gets_the_usage(course: Course) -> None:
    await course.grant("tom")
    for line in ("/kill", "/kill alice", "/kill alice abc", "/kill alice -5", "/conns a b c", "/connbot frobnicate"):
        answer = await course.ask("tom", line)
        assert line.split()[0] in answer.text


async def test_the_server_gone_is_said_and_nothing_is_claimed(course: Course) -> None:
    alice, (one, _) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    course.postgres.halt()

    await course.press("tom", asked, ids.TERMINATE)

    assert (await course.history(alice))[0]["state"] in ("proposed", "lapsed")


async def test_a_server_that_takes_its_time_is_said_to_be_at_it_and_then_how_it_went(course: Course) -> None:
    alice, (one, _) = await ready(course)
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    course.postgres.freeze(one.pid)

    waiting = await course.press("tom", asked, ids.TERMINATE)
    course.postgres.thaw(one.pid)
    told = await course.next("tom")

    assert "still at it" in waiting.text
    assert "terminated" in told.text
    # One message all along: asked, at work, done.
    assert told.ts == waiting.ts == asked.ts
