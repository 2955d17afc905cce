"""What people could send from a Home tab that is not theirs: nothing is changed, and nobody learns of others."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from bot.access.allow_list import AllowList
from bot.access.member import Grade
from bot.access.ownership import Ownership
from bot.slack import ids
from bot.slack.listeners.enrolment import Request
from bot.slack.payloads import Behind, write_behind
from bot.storage.record import Record
from bot.workspace.delivery import Envelope
from tests.acceptance.test_home import drawn_since, opened
from tests.acceptance.test_home_modals import told
from tests.courses import Course, slack_id

HOME = {"container": {"type": "view", "view_id": "V0HOME"}, "view": {"id": "V0HOME", "type": "home", "hash": "1.1"}}


async def deliver(course: Course, who: str, payload: dict[str, Any], team: str = "") -> None:
    """Send a payload as if Slack had it from this person."""
    workspace = course.workspace
    trigger = workspace._interactions._triggers.issue(workspace.app(), workspace.state.find_user(who))
    user = {"id": slack_id(who), "team_id": team or course.team}
    body = {"user": user, "team": {"id": course.team}, "trigger_id": trigger, **payload}
    delivered = await workspace._delivery.send(workspace.app(), Envelope.INTERACTION, body)
    assert delivered.acknowledged


async def click(course: Course, who: str, action_id: str, value: str, trigger: str = "") -> None:
    action = {"type": "button", "block_id": "b", "action_id": action_id, "value": value}
    body = {"type": "block_actions", **HOME, "actions": [action]}
    await deliver(course, who, body | ({"trigger_id": trigger} if trigger else {}))


async def submit(course: Course, who: str, callback_id: str, about: str, fields: Any, **more: Any) -> None:
    values = {name: {name: value} for name, value in fields.items()} if isinstance(fields, dict) else fields
    view = {
        "id": "V0MODAL",
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": write_behind(Behind("", None, about)),
    }
    body = {"type": "view_submission", "view": view | {"hash": "1.1", "state": {"values": values}}}
    await deliver(course, who, body | more)


async def stored(course: Course) -> tuple[list[tuple[str, str]], list[str]]:
    """The allow-list and the links, as they are."""
    async with course.database() as database:
        members = await AllowList(database, Record(None)).members(course.team)
        links = await Ownership(database, Record(None)).all_of(course.team)
    return sorted((one.slack_id, one.grade.word) for one in members), sorted(one.slack_id for one in links)


@pytest.mark.parametrize("who", ["mallory", "tom"])
async def test_whoever_may_not_changes_nothing_whatever_they_send(course: Course, who: str) -> None:
    alice = course.make_student()
    [session] = await course.fill(alice, 1)
    await course.own("alice", alice)
    await course.grant("priya", Grade.ADMIN)
    await course.grant("tom", roles="nobody_*")
    await course.ask("alice", f"/kill {alice} {session.pid}")
    view = await opened(course, "alice")
    proposal = next(
        part["value"]
        for block in view.blocks
        for part in block.get("elements", ())
        if part.get("action_id") == ids.TERMINATE
    )
    file = course.workspace.put_file("priya", f"email,role\nmallory@example.edu,{alice}\n".encode(), name="class.csv")
    before = await stored(course)
    person = {"type": "users_select", "selected_user": slack_id(who)}
    everywhere = {"type": "static_select", "selected_option": {"value": "0"}}
    admin = {"type": "static_select", "selected_option": {"value": "2"}}

    for action_id, value in {
        ids.HOME_ADD: "add", ids.HOME_REMOVE: "remove", ids.HOME_IMPORT: "import", ids.HOME_CONNECTIONS: alice,
        f"{ids.HOME_WEEK}:0": '{"server": "class", "week": "2026-W46"}', f"{ids.HOME_WEEK}:99": "[[[",
        ids.TERMINATE: proposal, ids.WITHDRAW: proposal, ids.IN_USE: proposal, ids.CLOSE_IT: proposal,
        ids.RESOLVE_INCIDENT: "i1",
    }.items():  # fmt: skip
        await click(course, who, action_id, value)
    await submit(course, who, ids.ADD_MODAL, "", {"who": person, "grade": admin, "server": everywhere})
    priya = {"type": "users_select", "selected_user": slack_id("priya")}
    await submit(course, who, ids.REMOVE_MODAL, "", {"who": priya, "server": everywhere})
    await submit(course, who, ids.IMPORT_MODAL, "", {"file": {"type": "file_input", "files": [file]}})
    asked = Request(file["id"], "class", replace=True, shown="0" * 32)
    await submit(course, who, ids.STORE_MODAL, json.dumps(asdict(asked)), {})
    for about in ("", "[]", "[[[", '{"file": 7}', json.dumps(asdict(asked) | {"server": "elsewhere"})):
        await submit(course, who, ids.STORE_MODAL, about, {})
        await submit(course, who, ids.ADD_MODAL, about, [7])
    await course.ask(who, "/connbot help", "random")
    await click(course, who, ids.HOME_AGAIN, "again")
    await drawn_since(course, who, None)

    assert await stored(course) == before
    assert course.postgres.is_open(session)
    assert [one["state"] for one in await course.history() if one["kind"] == "termination"] == ["proposed"]
    home = course.workspace.home(who)
    shown = [one.text for one in course.workspace.messages(course.workspace.dm(who), who)]
    for text in (*shown, str(home and home.blocks), *(str(one.blocks) for one in course.workspace.views(who))):
        assert alice not in text
        assert str(session.pid) not in text


async def test_another_persons_file_is_nobody_elses_list(course: Course) -> None:
    alice = course.make_student()
    await course.grant("priya", Grade.INSTRUCTOR)
    await course.grant("tina", Grade.INSTRUCTOR)
    file = course.workspace.put_file("priya", f"email,role\nalice@example.edu,{alice}\n".encode(), name="class.csv")
    asked = Request(file["id"], "class", shown="0" * 32)

    await submit(course, "tina", ids.STORE_MODAL, json.dumps(asdict(asked)), {})

    assert "it is not yours" in await told(course, "tina", "I cannot read this file")
    assert not (await stored(course))[1]


async def test_one_submission_that_comes_twice_is_done_once(course: Course) -> None:
    await course.grant("priya", Grade.ADMIN)
    fields = {
        "who": {"type": "users_select", "selected_user": slack_id("tom")},
        "grade": {"type": "static_select", "selected_option": {"value": "0"}},
        "server": {"type": "static_select", "selected_option": {"value": "1"}},
    }
    for _ in range(2):
        await submit(course, "priya", ids.ADD_MODAL, "", fields, trigger_id="1.2.same")
    await told(course, "priya", "Done:")
    await course.ask("priya", "/connbot help", "random")

    grants = [
        entry for entry in await course.history() if entry["kind"] == "membership" and entry["state"] == "allowed"
    ]
    assert len([entry for entry in grants if slack_id("tom") in str(entry)]) == 1
    said = [one.text for one in course.workspace.messages(course.workspace.dm("priya"), "priya")]
    assert len([text for text in said if text.startswith("Done:")]) == 1


async def test_a_person_of_another_workspace_has_no_right_of_ours(course: Course) -> None:
    await course.grant("priya", Grade.ADMIN)
    fields = {
        "who": {"type": "users_select", "selected_user": slack_id("mallory")},
        "grade": {"type": "static_select", "selected_option": {"value": "2"}},
        "server": {"type": "static_select", "selected_option": {"value": "0"}},
    }
    before = await stored(course)
    view = {"id": "V1", "type": "modal", "callback_id": ids.ADD_MODAL, "private_metadata": "", "hash": "1", "state": {}}
    values = {name: {name: value} for name, value in fields.items()}
    view["state"] = {"values": values}
    await deliver(course, "priya", {"type": "view_submission", "view": view}, team="T0OTHER")
    await course.ask("priya", "/connbot help", "random")
    assert await stored(course) == before
