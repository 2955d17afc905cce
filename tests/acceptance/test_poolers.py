"""A pooler's clients in Slack: seen with `/conns`, ended with `/kill ROLE client NUMBER`, by a console of the newer protocol and an older true one."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest_asyncio
from sqlalchemy import update

from bot.access.member import Grade
from bot.clock import clock
from bot.incidents.history import History
from bot.incidents.proposal import Claimed, Kind, Waits
from bot.servers.backend import BackendId
from bot.slack import ids
from bot.storage.record import Record
from bot.storage.tables import proposals
from bot.workspace.block_kit.walk import elements
from bot.workspace.controls import find_control
from bot.workspace.payloads import Act
from tests.builders import a_proposal, a_target
from tests.consoles import READER, Console, a_console
from tests.courses import Course, a_course, served, slack_id
from tests.eventually import eventually
from tests.poolers import a_pooler
from tests.postgres import Postgres

QUICK = Waits(claim_holds_for=timedelta(seconds=1), watch_lasts=timedelta(seconds=1), look_every=timedelta(seconds=0.2))


@pytest_asyncio.fixture
async def console() -> AsyncIterator[Console]:
    async with a_console() as console:
        yield console


@pytest_asyncio.fixture
async def pooled(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, console: Console
) -> AsyncIterator[Course]:
    """A course whose server has a pooler with an admin console."""
    toml = f"pgbouncer = '{console.dsn()}'\npoolers = ['127.0.0.1']"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, toml=toml) as running:
        yield running
        assert running.workspace.broadcasts == []
        assert running.workspace.complaints == []


def client_of(entry: dict[str, Any]) -> list[tuple[int, str]]:
    return [(one["pid"], one["outcome"]) for one in entry["backends"]]


async def test_a_client_is_listed_proposed_and_ended_and_that_is_on_record(pooled: Course, console: Console) -> None:
    alice = pooled.make_student()
    await pooled.grant("tom")
    (backend,) = await pooled.fill(alice, 1)
    busy, idle = console.add(alice, backend_pid=backend.pid), console.add(alice, application_name="<!channel>")
    console.add("bob")

    listed = await pooled.ask("tom", f"/conns {alice}")
    assert "At the pooler: 2 clients (1 with a slot, 1 idle)." in listed.text
    shown = str(listed.blocks)
    assert f"client {busy.id}" in shown
    assert f"on pid {backend.pid}" in shown
    assert f"/kill {alice} client {busy.id} on class" in shown
    assert "to end it frees nothing" in shown

    asked = await pooled.ask("tom", f"/kill {alice} client {idle.id} because it is left over")
    assert f"Client {idle.id}" in asked.text
    assert console.ended == []
    told = await pooled.press("tom", asked, ids.TERMINATE)

    assert console.ended == [idle.id]
    assert console.clients[0] is busy
    assert pooled.postgres.is_open(backend)
    assert f"client {idle.id}" in told.text
    assert "closed by the pooler" in told.text
    (entry,) = [one for one in await pooled.history(alice) if one["kind"] == "client_termination"]
    assert (entry["state"], entry["requester"], entry["reason"]) == ("resolved", slack_id("tom"), "it is left over")
    assert client_of(entry) == [(idle.id, "terminated")]


async def test_all_of_a_role_s_clients_and_no_other_are_ended(pooled: Course, console: Console) -> None:
    alice = pooled.make_student()
    await pooled.grant("tom")
    hers = [console.add(alice) for _ in range(120)]
    others = [console.add("bob"), console.add(f"{alice}2")]
    asked = await pooled.ask("tom", f"/kill {alice} client all")
    late = console.add(alice)

    told = await pooled.press("tom", asked, ids.TERMINATE)

    assert console.ended == [client.id for client in hers]
    assert console.clients == [*others, late]
    assert "ended 120 clients" in told.text


async def test_an_owner_closes_an_own_client_with_its_button(pooled: Course, console: Console) -> None:
    alice = pooled.make_student()
    await pooled.own("alice", alice)
    one, other = console.add(alice, age=90), console.add(alice)

    listed = await pooled.ask("alice", "/conns")
    spoken = [e["accessibility_label"] for _, e in elements(listed.blocks) if e["action_id"] == ids.CLOSE_CLIENT]
    assert sorted(spoken) == sorted(f"Close client {client.id}" for client in (one, other))
    block_id, button = next(
        (block, e)
        for block, e in elements(listed.blocks)
        if e["action_id"] == ids.CLOSE_CLIENT and f'"{other.id}:' in e["value"]
    )
    pooled.look("alice")
    act = Act(block_id, ids.CLOSE_CLIENT, {"value": button["value"]}, {})
    await pooled.workspace._interactions.act(pooled.workspace.state.find_user("alice"), listed, act)
    asked = await pooled.next("alice")
    assert console.ended == []
    await pooled.press("alice", asked, ids.TERMINATE)

    assert console.ended == [other.id]


async def test_nobody_sees_or_ends_the_clients_of_others(pooled: Course, console: Console) -> None:
    alice, bob = pooled.make_student(), pooled.make_student()
    await pooled.own("bob", bob)
    client, own = console.add(alice), console.add(bob)

    refused = await pooled.ask("bob", f"/kill {alice} client {client.id}")
    assert "You may not" in refused.text
    nothing = await pooled.ask("bob", f"/kill {bob} client {client.id}")
    assert "no such client" in nothing.text
    listed = await pooled.ask("bob", "/conns")
    assert "10.0.0.5" in str(listed.blocks)
    assert f"client {client.id}" not in str(listed.blocks)
    asked = await pooled.ask("bob", f"/kill {bob} client {own.id}")
    await pooled.press("bob", asked, ids.TERMINATE)
    assert console.ended == [own.id]


async def test_a_click_that_comes_late_or_twice_ends_nothing_more(pooled: Course, console: Console) -> None:
    alice = pooled.make_student()
    await pooled.grant("tom")
    one, other = console.add(alice), console.add(alice)
    asked = await pooled.ask("tom", f"/kill {alice} client {one.id}, {other.id}")
    async with pooled.database() as database, database.write() as connection:
        long_ago = clock() - timedelta(minutes=3)
        lapsed = update(proposals).values(created_at=long_ago, lapses_at=long_ago + timedelta(minutes=2))
        await connection.execute(lapsed)

    lapsed_message = await pooled.press("tom", asked, ids.TERMINATE)
    assert console.ended == []
    console.clients.remove(one)
    again = await pooled.press("tom", lapsed_message, ids.ASK_AGAIN)
    assert f"client {one.id}: the pooler has no such client" in again.text
    await pooled.press("tom", again, ids.TERMINATE)

    assert console.ended == [other.id]


async def test_a_client_that_began_to_work_since_is_not_ended(pooled: Course, console: Console) -> None:
    alice = pooled.make_student()
    await pooled.grant("tom")
    client = console.add(alice)
    asked = await pooled.ask("tom", f"/kill {alice} client {client.id}")
    client.waiting = True

    told = await pooled.press("tom", asked, ids.TERMINATE)

    assert "changed since it was shown" in told.text
    assert console.ended == []
    assert find_control(told, action_id=ids.ASK_AGAIN)


async def test_a_service_s_clients_are_refused(pooled: Course, console: Console) -> None:
    await pooled.grant("priya", Grade.ADMIN)
    client = console.add(pooled.service)
    told = await pooled.ask("priya", f"/kill {pooled.service} client {client.id}")
    assert "service account" in told.text
    assert "dba@example.edu" in told.text
    listed = await pooled.ask("priya", f"/conns {pooled.service}")
    assert not [e for _, e in elements(listed.blocks) if e["action_id"] == ids.CLOSE_CLIENT]
    assert console.ended == []


async def test_a_console_that_is_gone_costs_no_listing_and_ends_nothing(pooled: Course, console: Console) -> None:
    alice = pooled.make_student()
    await pooled.grant("tom")
    client = console.add(alice)
    asked = await pooled.ask("tom", f"/kill {alice} client {client.id}")
    await console.stop()

    listed = await pooled.ask("tom", f"/conns {alice}")
    assert "nobody is connected" in listed.text
    assert "its admin console cannot be reached" in listed.text
    refused = await pooled.ask("tom", f"/kill {alice} client {client.id}")
    assert "its admin console cannot be reached" in refused.text
    told = await pooled.press("tom", asked, ids.TERMINATE)
    assert "it was not told anything" in told.text
    (entry,) = [one for one in await pooled.history(alice) if one["kind"] == "client_termination"]
    assert (entry["state"], client_of(entry)) == ("resolved", [(client.id, "failed")])


async def test_a_console_that_breaks_off_at_the_end_of_a_client_is_settled_later(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, console: Console
) -> None:
    toml = f"pgbouncer = '{console.dsn()}'"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, toml=toml, waits=QUICK) as course:
        alice = course.make_student()
        await course.grant("tom")
        client = console.add(alice)
        asked = await course.ask("tom", f"/kill {alice} client {client.id}")
        console.drops_at = "KILL_CLIENT"

        told = await course.press("tom", asked, ids.TERMINATE)
        assert "The pooler stopped answering" in told.text
        console.drops_at = ""
        settled = await course.next("tom")

        assert "still there" in settled.text
        assert console.ended == []
        (entry,) = [one for one in await course.history(alice) if one["kind"] == "client_termination"]
        assert client_of(entry) == [(client.id, "interrupted")]


async def test_a_process_that_was_stopped_past_its_deadline_sends_nothing_any_more(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, console: Console
) -> None:
    toml = f"pgbouncer = '{console.dsn()}'"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, toml=toml, waits=QUICK) as course:
        alice = course.make_student()
        await course.grant("tom")
        client = console.add(alice)
        asked = await course.ask("tom", f"/kill {alice} client {client.id}")

        def stop(command: str) -> None:
            """Stand still, the bot with us, between its look at the server's clock and what it would send next."""
            if command == "SHOW DATABASES":
                time.sleep(QUICK.claim_holds_for.total_seconds())

        console.before = stop
        await course.press("tom", asked, ids.TERMINATE)
        told = await course.next("tom")

        assert "interrupted" in told.text
        assert not any("KILL" in command for command in console.commands)
        (entry,) = [one for one in await course.history(alice) if one["kind"] == "client_termination"]
        assert client_of(entry) == [(client.id, "interrupted")]


async def test_a_console_that_is_gone_holds_up_no_other_settlement(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, console: Console
) -> None:
    toml = f"pgbouncer = '{console.dsn()}'"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, toml=toml, serving=False) as course:
        alice = course.make_student()
        await course.grant("tom")
        (opened,) = await course.fill(alice, 1)
        client = console.add(alice)
        began = client.connected_at.replace(microsecond=0)
        await leave_claimed(course, alice, Kind.TERMINATE, opened.pid, opened.started_at)
        await leave_claimed(course, alice, Kind.CLIENT, client.id, began)
        await console.stop()

        async def states() -> dict[str, str]:
            return {entry["kind"]: entry["state"] for entry in await course.history(alice)}

        async with served(course, QUICK):
            await eventually(partial(_settled, states, "termination"))
            assert (await states())["client_termination"] == "claimed"
            await console.start()
            await eventually(partial(_settled, states, "client_termination"))

        ends = {entry["kind"]: client_of(entry) for entry in await course.history(alice) if entry["backends"]}
        assert ends == {
            "termination": [(opened.pid, "interrupted")],
            "client_termination": [(client.id, "interrupted")],
        }
        assert course.postgres.is_open(opened)
        assert console.ended == []


async def leave_claimed(course: Course, role: str, kind: Kind, number: int, began: datetime) -> None:
    """Leave behind what a process leaves that ended between its claim and the end."""
    found = course.role(role)
    async with course.database() as database:
        history = History(database, Record(None))
        target = replace(a_target(), id=BackendId("class", number, began, found.oid), role=role)
        draft = replace(
            a_proposal(team=course.team, kind=kind, role=role, role_oid=found.oid, requester=slack_id("tom")),
            id=f"p-{kind}",
            targets=(target,),
        )
        await history.propose(draft)
        long_ago = clock() - timedelta(hours=1)
        claim = await history.claim(draft.requester_actor, draft.id, role=found, server_now=long_ago, now=clock())
        assert isinstance(claim, Claimed)


async def _settled(states: Callable[[], Awaitable[dict[str, str]]], kind: str) -> bool:
    return (await states())[kind] == "resolved"


async def test_who_may_only_read_at_the_console_is_told_what_is_missing(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, console: Console
) -> None:
    toml = f"pgbouncer = '{console.dsn(READER)}'"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, toml=toml) as course:
        alice = course.make_student()
        await course.grant("tom")
        client = console.add(alice)
        asked = await course.ask("tom", f"/kill {alice} client {client.id}")
        told = await course.press("tom", asked, ids.TERMINATE)
        assert "admin_users" in told.text


async def test_a_true_pooler_shows_its_clients_and_an_older_one_what_helps_instead_of_their_end(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    alice = postgres18.make_role("alice")
    with a_pooler(postgres18, [alice], "pool_mode = transaction") as pooler:
        toml = f"pgbouncer = '{pooler.console()}'\npoolers = ['127.0.0.1']"
        async with a_course(postgres18, migrated_sqlite_url, tmp_path, toml=toml) as course:
            course.postgres.run("GRANT {} TO {}", course.students, alice)
            await course.grant("tom")
            clients = [await pooler.connect(alice, application_name="psql") for _ in range(8)]

            listed = await course.ask("tom", f"/conns {alice}")
            asked = await course.ask("tom", f"/kill {alice} client all")
            if pooler.ends_clients:
                await course.press("tom", asked, ids.TERMINATE)
                await eventually(lambda: all(_is_cut_off(client) for client in clients))

    assert "At the pooler: 8 clients" in listed.text
    assert "None of these can be ended here" in str(listed.blocks)
    for answer in (str(listed.blocks), asked.text):
        old = "cannot end a single client (PgBouncer can from 1.24 on): close it in its own program" in answer
        assert old is not pooler.ends_clients


def _is_cut_off(client: psycopg.AsyncConnection) -> bool:
    """What a pooler says to a client that it ends stands there to be read."""
    client.pgconn.consume_input()
    return client.pgconn.status is not psycopg.pq.ConnStatus.OK


async def test_without_a_console_a_client_cannot_be_ended_and_that_is_said(course: Course) -> None:
    alice = course.make_student()
    await course.grant("tom")
    told = await course.ask("tom", f"/kill {alice} client 17")
    assert "pgbouncer = " in told.text
