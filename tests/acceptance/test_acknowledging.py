"""Every delivery is acknowledged at once, whatever else stands still, and each person hears of it once."""

import asyncio
import contextlib
import itertools
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from bot.clock import clock
from bot.slack import ids
from bot.slack.front import Front
from bot.slack.windows import Windows
from bot.workspace.delivery import Delivered, Envelope
from tests.clicks import a_click, answerable
from tests.courses import CHANNEL, Course, a_course, a_seed, slack_id
from tests.fronts import a_front
from tests.postgres import Postgres
from tests.workspaces import a_workspace

IN_TIME = 3.0
"""Slack's limit, in seconds."""
SOON = 1.0
"""What it should be even on a loaded machine, in seconds."""
CROWD = [f"person{number:03}x" for number in range(200)]


@asynccontextmanager
async def crowded(postgres: Postgres, url: str, folder: Path) -> AsyncIterator[tuple[Course, str]]:
    """A course with two hundred students, each the owner of one role, and two sessions of it."""
    async with a_course(postgres, url, folder, seed=a_seed(CROWD)) as course:
        alice = course.make_student()
        await course.fill(alice, 2)
        await course.grant("tom")
        yield course, alice


async def everybody(course: Course, line: str) -> list[Delivered]:
    """Let everybody type the same command at once."""
    return await asyncio.gather(*(course.workspace.command(who, CHANNEL, line) for who in CROWD))


async def answers(course: Course, within: float = 20.0) -> list[str]:
    """Wait until everybody has an answer; the texts, by person."""

    def said() -> list[str]:
        seen = [course.workspace.messages(CHANNEL, who) for who in CROWD]
        return [each[-1].text for each in seen if each] if all(seen) else []

    return await course.workspace.wait_for(said, within=within)


def assert_in_time(delivered: list[Delivered], within: float = SOON) -> None:
    late = [one for one in delivered if not one.acknowledged or one.after > within]
    assert late == []


async def test_two_hundred_at_once(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> None:
    async with crowded(postgres18, migrated_sqlite_url, tmp_path) as (course, alice):
        assert_in_time(await everybody(course, f"/conns {alice}"))

        assert all("You may not see the connections" in text for text in await answers(course))
        assert course.workspace.complaints == []


@contextlib.contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold the write lock of an SQLite file as another program might."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def test_while_another_program_writes_to_the_own_database(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with crowded(postgres18, migrated_sqlite_url, tmp_path) as (course, _):
        with locked(migrated_sqlite_url):
            assert_in_time(await everybody(course, "/connbot help"))
            await asyncio.sleep(2)  # as long as the other program takes
            assert not any(course.workspace.messages(CHANNEL, who) for who in CROWD)

        assert all("/conns" in text for text in await answers(course))


async def test_a_click_that_cannot_be_recorded_ends_nothing_and_keeps_its_buttons(course: Course) -> None:
    alice = course.make_student()
    (one,) = await course.fill(alice, 1)
    await course.grant("tom")
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")

    with locked(course.url):
        told = await course.press("tom", asked, ids.TERMINATE)

    assert "nothing was ended" in told.text
    assert course.postgres.is_open(one)
    await course.press("tom", asked, ids.TERMINATE)
    assert not course.postgres.is_open(one)


async def test_while_the_students_server_stands_still(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with crowded(postgres18, migrated_sqlite_url, tmp_path) as (course, alice):
        asked = await course.ask("tom", f"/kill {alice} strays")
        course.look("tom")
        for pid in (course.postgres.server.pid, *bot_backends(course)):
            course.postgres.freeze(pid)

        assert_in_time(await everybody(course, "/conns"))
        assert_in_time([await course.workspace.command("tom", CHANNEL, f"/conns {alice}")])
        told = await course.next("tom")

        assert "3 s" in told.text
        assert asked.text != told.text
        # Whoever owns no role needs no server to be told so.
        assert all("No role" in text for text in await answers(course))
        course.postgres.server.resume()


def bot_backends(course: Course) -> list[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'connbot'"
    return [pid for (pid,) in course.postgres.admin.execute(query)]


UNKNOWN: dict[str, tuple[Envelope, dict[str, Any]]] = {
    "a command": (Envelope.COMMAND, {"command": "/gone", "text": "x", "trigger_id": "1.1"}),
    "a click": (
        Envelope.INTERACTION,
        {"type": "block_actions", "actions": [{"action_id": "of an older version", "block_id": "b", "value": "x"}]},
    ),
    "ticks": (
        Envelope.INTERACTION,
        {"type": "block_actions", "actions": [{"action_id": f"{ids.CHOOSE}", "block_id": "b", "selected_options": []}]},
    ),
    "a global shortcut": (Envelope.INTERACTION, {"type": "shortcut", "callback_id": "gone"}),
    "a message shortcut": (Envelope.INTERACTION, {"type": "message_action", "callback_id": "gone"}),
    "a view": (Envelope.INTERACTION, {"type": "view_submission", "view": {"type": "modal", "callback_id": "gone"}}),
    "a closed view": (Envelope.INTERACTION, {"type": "view_closed", "view": {"type": "modal", "callback_id": "gone"}}),
    "options": (Envelope.INTERACTION, {"type": "block_suggestion", "action_id": "gone", "block_id": "b"}),
    "an event": (Envelope.EVENT, {"type": "event_callback", "event_id": "Ev1", "event": {"type": "something_new"}}),
    "an edit": (
        Envelope.EVENT,
        {"type": "event_callback", "event_id": "Ev2", "event": {"type": "message", "subtype": "message_changed"}},
    ),
    "a limit": (Envelope.EVENT, {"type": "app_rate_limited", "team_id": "T0", "minute_rate_limited": 1}),
    "nothing": (Envelope.INTERACTION, {}),
    "another shape": (Envelope.INTERACTION, {"type": "block_actions", "actions": [5], "channel": 5}),
    "another shape yet": (Envelope.COMMAND, {"command": 5, "user_id": None}),
}


async def test_what_nobody_understands_is_acknowledged(course: Course) -> None:
    who = {"team": {"id": course.team}, "user": {"id": slack_id("alice"), "team_id": course.team}}
    fields = {"team_id": course.team, "user_id": slack_id("alice"), "channel_id": "C0"}
    for name, (kind, payload) in UNKNOWN.items():
        sent = payload | (
            {} if not payload or "channel" in payload else who if kind is Envelope.INTERACTION else fields
        )

        delivered = await course.workspace._delivery.send(course.workspace.app(), kind, sent)

        assert delivered.acknowledged, name


async def test_an_unknown_button_is_told_of_and_a_tick_or_a_link_is_not(course: Course) -> None:
    who = {"team": {"id": course.team}, "user": {"id": slack_id("alice"), "team_id": course.team}}
    container = {"type": "message", "channel_id": course.workspace.state.find_channel(CHANNEL).id}
    elements = {
        "a tick": {"type": "checkboxes", "action_id": "an_old_list", "selected_options": []},
        "a link": {"type": "button", "action_id": "a_link", "url": "https://course.example/"},
        "a button": {"type": "button", "action_id": "of_an_older_version", "value": "7"},
    }
    course.look("alice")
    for number, element in enumerate(elements.values()):
        clicked = {"type": "block_actions", "trigger_id": f"{number}.1", "actions": [element], "container": container}
        await deliver(course, Envelope.INTERACTION, clicked | who)

    assert "This button is not one I can read any more" in (await course.next("alice")).text
    assert course.new("alice") == []


GARBAGE: tuple[Any, ...] = (None, 5, "", "\x00", "\ud800", "x" * 3000, [], {}, "<!channel>", "' OR 1=1 --")
"""What no button of ours ever carried, and no person ever was."""


async def test_garbage_in_what_is_ours_is_no_failure_of_ours(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    person = {"id": slack_id("alice"), "team_id": course.team}
    where = {"channel_id": course.workspace.state.find_channel(CHANNEL).id}
    for number, garbage in enumerate(GARBAGE):
        clicks: list[dict[str, Any]] = [
            {"actions": [{"action_id": action, "block_id": "b", "value": garbage}], "user": person, "container": where}
            for action in ids.ACTIONS
        ]
        clicks += [
            {"actions": [{"action_id": ids.TERMINATE, "block_id": "b", "value": "x"}], "container": where} | odd
            for odd in (
                {"user": {"id": garbage}},
                {"user": person, "state": garbage},
                {"user": person, "message": garbage},
            )
        ]
        for at, click in enumerate(clicks):
            payload = {"type": "block_actions", "team": {"id": course.team}, "trigger_id": f"{number}.{at}"} | click
            await deliver(course, Envelope.INTERACTION, payload)
        for name, odd in itertools.product(
            ("/conns", "/kill", "/connbot"), ("text", "user_id", "channel_id", "team_id")
        ):
            command = {"command": name, "text": "alice", "team_id": course.team, "user_id": f"U0ODD{number}", **where}
            trigger = {"trigger_id": f"{number}.{name}.{odd}"}
            await deliver(course, Envelope.COMMAND, command | trigger | {odd: garbage})
    # Whoever comes after all that is answered as ever.
    assert "/conns" in (await course.ask("bob", "/connbot help")).text

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert course.workspace.broadcasts == []
    course.workspace.complaints.clear()


async def deliver(course: Course, kind: Envelope, payload: dict[str, Any]) -> None:
    """Send a payload again, as Slack does when it did not see the acknowledgement."""
    delivered = await course.workspace._delivery.send(course.workspace.app(), kind, payload)
    assert delivered.acknowledged


async def test_a_click_that_comes_twice_is_answered_once(course: Course) -> None:
    alice = course.make_student()
    one, other = await course.fill(alice, 2)
    await course.grant("tom")
    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    click = answerable(course, a_click(course, "tom", asked, ids.TERMINATE), asked)
    course.look("tom")

    await asyncio.gather(*(deliver(course, Envelope.INTERACTION, click) for _ in range(3)))
    told = await course.next("tom")
    await deliver(course, Envelope.INTERACTION, click)
    # One who asks later is answered later: nothing more is to come.
    await course.ask("alice", "/connbot help")

    assert not course.postgres.is_open(one)
    assert course.postgres.is_open(other)
    assert course.new("tom") == []
    assert "1 of 5" in told.text
    assert [entry["kind"] for entry in await course.history(alice)] == ["termination"]


async def test_a_command_that_comes_twice_is_answered_once(course: Course) -> None:
    command = {
        "command": "/connbot",
        "text": "help",
        "team_id": course.team,
        "user_id": slack_id("alice"),
        "channel_id": course.workspace.state.find_channel(CHANNEL).id,
        "trigger_id": "1.3.same",
    }

    for _ in range(3):
        await deliver(course, Envelope.COMMAND, command)
    await course.ask("bob", "/connbot help")

    assert len(course.workspace.messages(CHANNEL, "alice")) == 1


async def fail(*_: object) -> None:
    message = "nobody foresaw this"
    raise ZeroDivisionError(message)


async def test_a_failure_that_nobody_foresaw_is_told_with_a_reference(
    migrated_sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def bind(app: AsyncApp, front: Front, _: Windows) -> None:
        app.command("/ask")(front.command(fail))

    async with a_workspace(now=clock) as workspace, a_front(workspace, migrated_sqlite_url, bind) as front:
        delivered = await workspace.command("alice", "general", "/ask")
        (told,) = await workspace.wait_for(lambda: workspace.messages("general", "alice"))

    assert delivered.acknowledged
    (failure,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert failure.__dict__["reference"] in told.text
    assert "nobody foresaw" not in told.text
    assert front.failures == 1
