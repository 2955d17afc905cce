"""What staff do about an incident, in a modal, by shortcut and by mention; and that nobody else does."""

import pytest

from bot.access.member import Grade
from bot.slack import ids
from bot.slack.payloads import Group, write_group
from bot.workspace.block_kit.walk import elements
from tests.courses import slack_id
from tests.evenings import Evening, actions, value_of
from tests.eventually import eventually
from tests.help_channels import words


async def test_staff_tools_show_the_facts_who_waits_and_what_looks_stray(evening: Evening) -> None:
    view = await evening.tools()

    shown = str(view.blocks)
    assert "3 of 3 connections" in shown
    assert f"<@{slack_id('alice')}>" in shown
    assert {ids.CHOOSE, ids.TERMINATE_CHOSEN, ids.RESOLVE_INCIDENT} <= set(actions(view))
    assert (await evening.the_incident()).human == slack_id("tom")
    await eventually(lambda: f"<@{slack_id('tom')}>" in words(evening.help.now(evening.answer)))


async def test_staff_tools_are_for_staff_and_a_refusal_says_nothing(evening: Evening) -> None:
    for who in ("mallory", "alice"):
        told = await evening.click(who, evening.answer, ids.STAFF_TOOLS)

        assert "for the course's staff" in told.text
        assert evening.role not in words(told)
        assert "3 of 3" not in words(told)
        assert evening.help.course.workspace.views(who) == ()
    assert (await evening.the_incident()).human is None
    assert {"refusal"} == {
        entry["kind"] for entry in await evening.help.course.history() if entry["requester"] == slack_id("mallory")
    }


async def test_a_responder_for_other_roles_may_say_it_is_over_for_nobody_and_sees_no_figures(evening: Evening) -> None:
    await evening.help.course.grant("tina", roles="section2_*")

    view = await evening.tools("tina")

    assert "3 of 3" not in str(view.blocks)
    assert ids.CHOOSE not in actions(view)
    await evening.help.course.workspace.click_view("tina", view, action_id=ids.RESOLVE_INCIDENT)
    assert "for the course's staff" in str((await evening.view("tina", 2)).blocks)
    assert await evening.incidents()


async def test_what_is_chosen_in_the_tools_is_confirmed_in_the_thread(evening: Evening) -> None:
    course, view = evening.help.course, await evening.tools()
    evening.attend("tom")
    options = [option for _, element in elements(view.blocks) for option in element.get("options", ())]
    await course.workspace.choose_view("tom", view, ids.CHOOSE, [options[0]["value"]])

    await course.workspace.click_view("tom", view, action_id=ids.TERMINATE_CHOSEN)
    asked = await evening.told("tom")

    assert asked.thread_ts == evening.root.ts
    assert "confirm it there" in str((await evening.view("tom", 2)).blocks)
    assert all(course.postgres.is_open(one) for one in evening.opened)
    await course.press("tom", asked, ids.TERMINATE)
    assert sum(course.postgres.is_open(one) for one in evening.opened) == 2


async def test_the_tools_are_open_before_the_server_answers(evening: Evening) -> None:
    postgres, workspace = evening.help.course.postgres, evening.help.course.workspace
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'connbot' AND datname IS NOT NULL"
    for (pid,) in postgres.admin.execute(query).fetchall():
        postgres.freeze(pid)

    await evening.help.press("tom", evening.answer, ids.STAFF_TOOLS)

    await eventually(lambda: "Looking at the server" in str([view.blocks for view in workspace.views("tom")]), within=2)
    assert f"<@{slack_id('alice')}>" in str((await evening.view("tom")).blocks)


async def test_a_click_whose_window_cannot_be_opened_any_more_is_told_so(evening: Evening) -> None:
    course = evening.help.course
    tom = {"user": {"id": slack_id("tom"), "team_id": course.team}, "team": {"id": course.team}}
    container = {"channel_id": evening.root.channel, "thread_ts": evening.root.ts, "message_ts": evening.answer.ts}
    action = {"type": "button", "block_id": "b", "action_id": ids.STAFF_TOOLS}
    action["value"] = value_of(evening.answer, ids.STAFF_TOOLS)
    evening.attend("tom")

    click = {"type": "block_actions", **tom, "container": container, "actions": [action], "trigger_id": "1.2.late"}
    await evening.deliver(click)

    assert "could not be opened in time" in (await evening.told("tom")).text


async def test_a_window_that_stands_before_no_conversation_is_confirmed_by_direct_message(evening: Evening) -> None:
    course, view = evening.help.course, await evening.tools()
    tom = {"user": {"id": slack_id("tom"), "team_id": course.team}, "team": {"id": course.team}}
    action = {"type": "button", "block_id": "b", "action_id": ids.TERMINATE_STRAYS}
    action["value"] = write_group(Group("class", evening.role, 0))
    shown = {"id": view.id, "hash": view.hash, "private_metadata": ""}

    await evening.deliver(
        {"type": "block_actions", **tom, "container": {"type": "view"}, "view": shown, "actions": [action]}
    )

    await course.workspace.wait_for(lambda: evening.help.direct("tom"))
    (asked,) = evening.help.direct("tom")
    assert ids.TERMINATE in actions(asked) or "Nothing to end" in asked.text


async def test_nothing_chosen_is_said_on_the_tools(evening: Evening) -> None:
    view = await evening.tools()

    await evening.help.course.workspace.click_view("tom", view, action_id=ids.TERMINATE_CHOSEN)

    assert "Nothing is ticked" in str((await evening.view("tom", 2)).blocks)


async def test_a_right_lost_while_the_tools_are_open_is_lost(evening: Evening) -> None:
    course, view = evening.help.course, await evening.tools()
    options = [option for _, element in elements(view.blocks) for option in element.get("options", ())]
    await course.workspace.choose_view("tom", view, ids.CHOOSE, [options[0]["value"]])
    await course.revoke("tom")
    evening.attend("tom")

    await course.workspace.click_view("tom", view, action_id=ids.TERMINATE_CHOSEN)
    assert "You may not end" in str((await evening.view("tom", 2)).blocks)
    await course.workspace.close_view("tom", await evening.view("tom", 2))
    await course.workspace.click_view("tom", view, action_id=ids.RESOLVE_INCIDENT)
    assert "for the course's staff" in str((await evening.view("tom", 2)).blocks)

    assert evening.unheard("tom") == []
    assert await evening.incidents()


async def test_an_instructor_of_another_server_is_no_staff_here(evening: Evening) -> None:
    await evening.help.course.grant("priya", Grade.ADMIN, server="lab")

    told = await evening.click("priya", evening.answer, ids.STAFF_TOOLS)

    assert "for the course's staff" in told.text


async def test_resolved_in_the_tools_it_is_said_once_in_the_thread(evening: Evening) -> None:
    view = await evening.tools()

    await evening.help.course.workspace.click_view("tom", view, action_id=ids.RESOLVE_INCIDENT)

    _, over = await evening.help.said(evening.root, 2)
    assert f"<@{slack_id('alice')}>" in over.text
    await eventually(lambda: "is marked as over" in str(evening.help.course.workspace.views("tom")[-1].blocks))
    assert await evening.incidents() == []


async def test_resolved_by_the_shortcut_on_any_message_of_the_thread(evening: Evening) -> None:
    workspace = evening.help.course.workspace
    reply = evening.help.say("bob", "hm", evening.root)
    for message in (reply, evening.root):
        evening.attend("mallory")
        await workspace.shortcut("mallory", message, ids.RESOLVE_SHORTCUT)
        assert "for the course's staff" in (await evening.told("mallory")).text
    assert await evening.incidents()

    await workspace.shortcut("tom", reply, ids.RESOLVE_SHORTCUT)

    await evening.help.said(evening.root, 2)
    assert await evening.incidents() == []
    evening.attend("tom")
    await workspace.shortcut("tom", reply, ids.RESOLVE_SHORTCUT)
    assert "Nothing is open here" in (await evening.told("tom")).text


async def test_resolved_by_mention(evening: Evening) -> None:
    bot = "@connbot"
    evening.attend("alice")
    evening.help.say("alice", f"{bot} resolve", evening.root)
    assert "for the course's staff" in (await evening.told("alice")).text
    assert await evening.incidents()

    evening.help.say("tom", f"{bot} resolve", evening.root)

    await evening.help.said(evening.root, 2)
    assert await evening.incidents() == []


async def test_of_several_it_is_asked_which_is_over(evening: Evening) -> None:
    course = evening.help.course
    bobs = course.make_student(2)
    await course.own("bob", bobs)
    await course.fill(bobs, 2)
    evening.help.say("bob", "same", evening.root)
    await eventually(lambda: evening.are_open(2))
    evening.attend("tom")

    await course.workspace.shortcut("tom", evening.root, ids.RESOLVE_SHORTCUT)
    asked = await evening.told("tom")
    button = next(e for _, e in elements(asked.blocks) if bobs in e["text"]["text"])
    await course.workspace.click("tom", asked.channel, asked.ts, action_id=button["action_id"])

    await eventually(lambda: left_is(evening, evening.role))


async def left_is(evening: Evening, role: str) -> bool:
    return [one.scope.name for one in await evening.incidents()] == [role]


async def test_conns_and_kill_by_mention_are_answered_in_the_thread_to_who_may(evening: Evening) -> None:
    course = evening.help.course
    bot, pid = "@connbot", evening.opened[0].pid
    for who, text in (("mallory", f"conns {evening.role}"), ("mallory", f"kill {evening.role} {pid}")):
        evening.attend(who)
        evening.help.say(who, f"{bot} {text}", evening.root)
        assert "You may not" in (await evening.told(who)).text
    evening.attend("tom")
    evening.help.say("tom", f"{bot} conns {evening.role}", evening.root)
    listed = await evening.told("tom")
    assert f"{evening.role}: 3 of 3 connections" in listed.text
    assert listed.thread_ts == evening.root.ts
    evening.help.say("tom", f"{bot} kill {evening.role} {pid}", evening.root)
    asked = await evening.told("tom")
    assert asked.thread_ts == evening.root.ts
    assert course.postgres.is_open(evening.opened[0])

    await course.press("tom", asked, ids.TERMINATE)

    assert not course.postgres.is_open(evening.opened[0])
    assert (await evening.the_incident()).human == slack_id("tom")


@pytest.mark.parametrize("words_", ["help", "kill", "conns a b c"])
async def test_wrong_words_get_the_usage(evening: Evening, words_: str) -> None:
    evening.attend("tom")
    evening.help.say("tom", f"@connbot {words_}", evening.root)
    assert "/conns" in (await evening.told("tom")).text or "/kill" in evening.help.privately("tom")[-1].text


async def test_whoever_of_the_staff_ends_its_connections_anywhere_has_seen_it(evening: Evening) -> None:
    course = evening.help.course
    theirs = await course.ask("alice", f"/kill {evening.role} {evening.opened[0].pid}", "random")
    await course.press("alice", theirs, ids.TERMINATE)
    await course.postgres.open_backend(evening.role)
    assert (await evening.the_incident()).human is None

    asked = await course.ask("tom", f"/kill {evening.role} {evening.opened[1].pid}", "random")
    await course.press("tom", asked, ids.TERMINATE)

    await eventually(lambda: evening.is_seen_by("tom"))
