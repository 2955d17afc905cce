"""HTTP mode: what Slack signed is served, a stranger's request is not read, and the operator's pages tell the truth."""

import json
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio

from bot.errors import SetupError
from bot.slack import ids
from bot.workspace.delivery import sign
from tests.courses import SECRET, Course, a_course
from tests.eventually import eventually
from tests.postgres import Postgres
from tests.workspaces import true_time

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@dataclass
class Door:
    """The bot's HTTP address, and requests to it."""

    course: Course
    session: aiohttp.ClientSession
    base: str

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.base + path) as response:
            return response.status, await response.text()

    async def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        async with self.session.post(f"{self.base}/slack/events", data=BytesIO(body), headers=headers) as response:
            return response.status, await response.text()

    async def signed(self, body: bytes, headers: dict[str, str], *, ago: int = 0) -> tuple[int, str]:
        """Post as Slack does, so many seconds ago."""
        return await self.post(body, headers | sign(SECRET, int(true_time().timestamp()) - ago, body))


@asynccontextmanager
async def a_door(course: Course) -> AsyncIterator[Door]:
    found = re.search(r"HTTP on (\S+:\d+)", course.ready)
    assert found is not None, course.ready
    async with aiohttp.ClientSession() as session:
        yield Door(course, session, f"http://{found[1]}")


@pytest_asyncio.fixture
async def door(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A bot in HTTP mode, whose address Slack knows."""
    running = a_course(
        postgres18,
        migrated_sqlite_url,
        tmp_path,
        SLACK_APP_TOKEN="",
        SLACK_SIGNING_SECRET=SECRET,
        CONNBOT_HTTP="127.0.0.1:0",
    )
    async with running as course, a_door(course) as door:
        course.workspace.set_request_url(f"{door.base}/slack/events")
        yield door
        assert course.workspace.complaints == []


def a_command(**fields: str) -> bytes:
    return urlencode(
        {
            "team_id": "T0",
            "user_id": "U0STRANGER",
            "channel_id": "C0",
            "command": "/conns",
            "text": "private words",
            "trigger_id": "1",
            **fields,
        }
    ).encode()


async def test_commands_and_clicks_are_served(door: Door) -> None:
    course = door.course
    alice = course.make_student()
    one, other = await course.fill(alice, 2)
    await course.grant("tom")

    asked = await course.ask("tom", f"/kill {alice} {one.pid}")
    assert course.postgres.is_open(one)
    await course.press("tom", asked, ids.TERMINATE)

    assert not course.postgres.is_open(one)
    assert course.postgres.is_open(other)


async def test_slack_may_verify_the_address(door: Door) -> None:
    assert await door.course.workspace.verify_request_url()


async def test_only_what_slack_signed_now_is_served(door: Door) -> None:
    body, now = a_command(), int(true_time().timestamp())
    good = sign(SECRET, now, body)
    refused: dict[str, dict[str, str]] = {
        "no signature at all": {},
        "another secret": sign("another", now, body),
        "another body": sign(SECRET, now, body + b"&"),
        "a signature of nonsense": good | {"X-Slack-Signature": "v0=\u00e9"},
        "no timestamp": {"X-Slack-Signature": good["X-Slack-Signature"]},
        "a timestamp of words": good | {"X-Slack-Request-Timestamp": "yesterday"},
        "a timestamp with a sign": good | {"X-Slack-Request-Timestamp": "-1"},
        "a timestamp beyond all numbers": good | {"X-Slack-Request-Timestamp": "9" * 5000},
        "an old one": sign(SECRET, now - 301, body),
        "one to come": sign(SECRET, now + 400, body),
    }

    assert {name: (await door.post(body, FORM | headers))[0] for name, headers in refused.items()} == dict.fromkeys(
        refused, 401
    )
    assert (await door.post(body, FORM | good)) == (200, "")


BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing": (b"", FORM),
    "no JSON": (b"{", JSON),
    "a list": (b"[1, 2]", JSON),
    "a number": (b"5", JSON),
    "very deep": (b"[" * 100_000, JSON),
    "no UTF-8": (b"\xff\xfe\x00", FORM),
    "half a letter": (b'{"type": "\\ud800"}', JSON),
    "a payload that is none": (b"payload=%7B", FORM),
    "an empty payload": (b"payload=", FORM),
    "another shape": (b'{"team": 5, "user": 5, "authorizations": 5}', JSON),
    "a click without actions": (urlencode({"payload": '{"type": "block_actions", "actions": []}'}).encode(), FORM),
    "actions of another shape": (urlencode({"payload": '{"type": "block_actions", "actions": [5]}'}).encode(), FORM),
    "an unknown kind": (b'{"type": "app_rate_limited", "team_id": "T0"}', JSON),
    "a picture": (b"\x89PNG\r\n\x1a\n", {"Content-Type": "image/png"}),
}


@pytest.mark.parametrize("name", BODIES)
async def test_garbage_is_never_an_error_of_ours(door: Door, name: str, caplog: pytest.LogCaptureFixture) -> None:
    body, headers = BODIES[name]

    assert (await door.post(body, headers))[0] == 401
    assert caplog.records == []
    assert (await door.signed(body, headers))[0] in (200, 400, 401)


async def test_too_long_a_body_is_refused(door: Door) -> None:
    assert (await door.post(b"x" * ((1 << 20) + 1), FORM))[0] == 413


async def test_slack_s_look_at_the_certificate_is_answered(door: Door) -> None:
    assert await door.post(b"ssl_check=1&token=legacy", FORM) == (200, "")
    assert (await door.post(b"ssl_check=0", FORM))[0] == 401
    assert (await door.post(b"ssl_check=1&" + b"x" * 2000, FORM))[0] == 401


async def test_other_methods_and_addresses_are_not_there(door: Door) -> None:
    assert (await door.get("/slack/events"))[0] == 405
    assert (await door.get("/"))[0] == 404


async def test_whatever_slack_sends_is_acknowledged(door: Door) -> None:
    events: list[dict[str, Any]] = [
        {"type": "event_callback", "event_id": "Ev1", "event": {"type": "message", "subtype": "message_changed"}},
        {"type": "event_callback", "event_id": "Ev2", "event": {"type": "something_new"}},
    ]
    interactions: list[dict[str, Any]] = [
        {"type": "block_actions", "actions": [{"action_id": "of an older version", "value": "x"}]},
        {"type": "shortcut", "callback_id": "gone"},
        {"type": "message_action", "callback_id": "gone"},
        {"type": "view_submission", "view": {"type": "modal", "callback_id": "gone"}},
        {"type": "view_closed", "view": {"type": "modal", "callback_id": "gone"}},
        {"type": "block_suggestion", "action_id": "gone", "block_id": "b"},
    ]
    who = {"team": {"id": "T0"}, "user": {"id": "U0STRANGER", "team_id": "T0"}}
    for event in events:
        assert (await door.signed(json.dumps(event).encode(), JSON))[0] == 200
    for interaction in interactions:
        body = urlencode({"payload": json.dumps(interaction | who)}).encode()
        # Of what was submitted in a modal that is not known any more nothing stays on the screen.
        acknowledged = '{"response_action": "clear"}' if interaction["type"] == "view_submission" else ""
        assert await door.signed(body, FORM) == (200, acknowledged), interaction


async def test_no_body_and_no_secret_is_in_the_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """At every level: Bolt writes whole bodies at INFO."""
    caplog.set_level(logging.INFO)
    body = a_command()
    await door.post(body, FORM)
    await door.signed(body, FORM)
    await door.signed(b'{"text": "private words"', JSON)

    assert "private" not in caplog.text
    assert SECRET not in caplog.text


async def test_the_operator_s_pages(door: Door) -> None:
    await door.course.ask("alice", "/conns")

    assert await door.get("/healthz") == (200, '{"alive": true}')
    assert await door.get("/readyz") == (200, '{"ready": true}')
    status, figures = await door.get("/metrics")
    assert status == 200
    assert "connbot_deliveries_total 1\n" in figures
    assert "connbot_servers_connected 1\n" in figures


async def test_a_port_that_is_taken_is_one_sentence(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SetupError) as told:
            async with a_course(postgres18, migrated_sqlite_url, tmp_path, CONNBOT_HTTP=address):
                pass
    (fault,) = told.value.faults
    assert address in fault
    assert "CONNBOT_HTTP" in fault


async def test_in_socket_mode_slack_is_not_listened_to_without_a_signing_secret(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        a_course(postgres18, migrated_sqlite_url, tmp_path, CONNBOT_HTTP="127.0.0.1:0") as course,
        a_door(course) as door,
    ):
        assert (await door.signed(a_command(), FORM))[0] == 404
        assert await door.get("/readyz") == (200, '{"ready": true}')


async def test_with_both_slack_may_use_either(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> None:
    running = a_course(
        postgres18, migrated_sqlite_url, tmp_path, SLACK_SIGNING_SECRET=SECRET, CONNBOT_HTTP="127.0.0.1:0"
    )
    async with running as course, a_door(course) as door:
        assert (await door.signed(a_command(), FORM))[0] == 200
        assert (await course.ask("alice", "/connbot help")).text


async def test_readyz_follows_the_line_to_slack(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> None:
    async with (
        a_course(postgres18, migrated_sqlite_url, tmp_path, CONNBOT_HTTP="127.0.0.1:0") as course,
        a_door(course) as door,
    ):
        socket_mode, app = course.workspace.socket_mode, course.workspace.app().id
        socket_mode.issue_dead_tickets(1)
        await socket_mode.drop(app)

        await eventually(lambda: answers(door, "/readyz", 503))
        assert (await door.get("/healthz"))[0] == 200
        await eventually(lambda: answers(door, "/readyz", 200))
        assert socket_mode.connections(app)


async def answers(door: Door, path: str, status: int) -> bool:
    return (await door.get(path))[0] == status
