"""Clicks and modals that nobody was shown, about other people's incidents, roles and connections."""

from dataclasses import replace
from typing import Any

from bot.incidents.incident import Conversation
from bot.slack import ids
from bot.slack import incident_payloads as payloads
from bot.slack.payloads import Behind, Group, write_behind, write_close, write_group
from tests.builders import a_backend
from tests.courses import CHANNEL, slack_id
from tests.evenings import Evening, value_of
from tests.help_channels import STAFF, refused, words

STALE = "not one I can read any more"


async def test_whatever_is_forged_nobody_sees_closes_or_resolves_what_is_another_s(evening: Evening) -> None:
    course = evening.help.course
    staff_view = await evening.tools()
    incident, where = await evening.the_incident(), evening.root
    here = Conversation(where.channel, where.ts)
    source = payloads.Source(slack_id("alice"), here, where.ts)
    hers = replace(source, person=slack_id("mallory"))
    pid = evening.opened[0].pid
    backend = a_backend(pid, role=evening.role)
    group = write_group(Group("class", evening.role, 0))
    values = {
        ids.MY_CONNECTIONS: incident.id,
        ids.STAFF_TOOLS: incident.id,
        ids.RESOLVE_INCIDENT: incident.id,
        ids.numbered(ids.RESOLVE_INCIDENT, 0): incident.id,
        ids.IM_IN: payloads.write_occasion(payloads.Occasion(incident.id, 1)),
        ids.numbered(ids.WHICH_ROLE, 0): payloads.write_role_chosen(payloads.RoleChosen(source, "class", evening.role)),
        ids.numbered(ids.WHICH_ROLE, 1): payloads.write_role_chosen(payloads.RoleChosen(hers, "class", evening.role)),
        ids.ANOTHER_ROLE: payloads.write_role_asked(payloads.RoleAsked(source, "class")),
        ids.PICTURE_SAYS_SO: payloads.write_source(source),
        ids.PICTURE_OTHER: payloads.write_source(source),
        ids.TERMINATE_CHOSEN: group,
        ids.TERMINATE_STRAYS: group,
        ids.CLOSE: write_close("class", evening.role, backend),
        ids.TERMINATE: "p1",
    }
    ticked = {"values": {"choose:0:0": {ids.CHOOSE: {"selected_options": [{"value": f"{pid}:1"}]}}}}
    mallory = {"user": {"id": slack_id("mallory"), "team_id": course.team}, "team": {"id": course.team}}
    places: list[dict[str, Any]] = [
        {"container": {"channel_id": where.channel, "thread_ts": where.ts, "message_ts": evening.answer.ts}},
        {"container": {"channel_id": where.channel, "message_ts": "1.000001"}},
        {"container": {"channel_id": course.workspace.state.find_channel(STAFF).id, "thread_ts": where.ts}},
        {
            "container": {"type": "view", "view_id": staff_view.id},
            "view": {
                "id": staff_view.id,
                "hash": staff_view.hash,
                "private_metadata": write_behind(Behind(where.channel, where.ts, incident.id)),
                "state": ticked,
            },
        },
        {"container": {"type": "view", "view_id": "V0NONE"}, "view": {"private_metadata": "[[[", "state": 7}},
    ]
    for place in places:
        for action_id, value in values.items():
            action = {"type": "button", "block_id": "b", "action_id": action_id, "value": value}
            await evening.deliver({"type": "block_actions", **mallory, "state": ticked, **place, "actions": [action]})
    for about in (
        values[ids.ANOTHER_ROLE],
        payloads.write_role_asked(payloads.RoleAsked(hers, "class")),
        "",
        "[",
        incident.id,
    ):
        for callback_id in (ids.ROLE_MODAL, ids.STAFF_TOOLS_MODAL, "made up"):
            state = {"values": {ids.ROLE_FIELD: {ids.ROLE_FIELD: {"value": evening.role}}}}
            metadata = write_behind(Behind(where.channel, where.ts, about))
            view = {"id": "V1", "callback_id": callback_id, "private_metadata": metadata, "state": state}
            await evening.deliver({"type": "view_submission", **mallory, "view": view})
    await course.workspace.shortcut("mallory", evening.root, ids.RESOLVE_SHORTCUT)
    await course.ask("mallory", "/connbot help", "random")

    assert all(course.postgres.is_open(one) for one in evening.opened)
    after = await evening.the_incident()
    assert (after.people, after.open) == (incident.people, True)
    told = [words(one) for one in evening._private("mallory", CHANNEL)] + [
        words(one) for one in evening.help.direct("mallory")
    ]
    assert told
    for one in told:
        assert "3 of 3" not in one
        assert f"Pid {pid}" not in one
    assert all("3 of 3" not in str(view.blocks) for view in course.workspace.views("mallory"))
    assert not [entry for entry in await course.history() if entry["kind"] in ("termination", "withdrawal")]
    assert len(evening.help.in_thread(evening.root)) == 1


async def test_an_incident_of_another_conversation_is_stale_here(evening: Evening) -> None:
    """Who sees the buttons of one thread cannot use them on another's incident."""
    course = evening.help.course
    bobs = course.make_student(1)
    await course.own("bob", bobs)
    await course.own("mallory", bobs)
    await course.fill(bobs, 1)
    elsewhere = await evening.help.answer(evening.help.say("bob", refused(bobs)))
    mallory = {"user": {"id": slack_id("mallory"), "team_id": course.team}, "team": {"id": course.team}}
    container = {"channel_id": elsewhere.channel, "thread_ts": elsewhere.thread_ts, "message_ts": elsewhere.ts}
    stolen = value_of(evening.answer, ids.HAVE_THIS_TOO)
    for action_id in (ids.MY_CONNECTIONS, ids.HAVE_THIS_TOO):
        evening.attend("mallory")
        action = {"type": "button", "block_id": "b", "action_id": action_id, "value": stolen}
        await evening.deliver({"type": "block_actions", **mallory, "container": container, "actions": [action]})
        assert STALE in (await evening.told("mallory")).text
