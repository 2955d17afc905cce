"""The history turned page by page, and the details of an incident, with real Bolt, a workspace and a server."""

from datetime import UTC, timedelta

import pytest

from bot.access.allow_list import AllowList
from bot.access.member import Action, Actor, Denied
from bot.clock import clock
from bot.incidents.incident import Affected, Conversation, Report, Scope, ScopeKind
from bot.incidents.incidents import Incidents
from bot.incidents.timeline_values import Cursor, Question
from bot.slack import ids
from bot.slack.history_payloads import write_page
from bot.storage.record import Record
from bot.summaries.week import week_of
from bot.workspace.delivery import Envelope
from tests.courses import CHANNEL, Course, channel_id, slack_id


async def refusals(course: Course, count: int) -> None:
    """So many entries, each by a person of its own."""
    async with course.database() as database:
        allow_list = AllowList(database, Record(None))
        for number in range(count):
            actor = Actor(course.team, f"U0STRANGER{number:02}")
            await allow_list.refuse(actor, Denied(Action.LIST, "nothing"), server="class")


async def incident(course: Course, role: str, *, private: bool = False) -> str:
    """An incident that alice reported; its id."""
    message = course.workspace.say("alice", CHANNEL, "too many")
    where = Conversation(channel_id(CHANNEL), message.ts, private)
    affected = Affected(slack_id("alice"), where, clock(), role, message.ts)
    async with course.database() as database:
        report = Report(course.team, "class", Scope(ScopeKind.ROLE, role), "role_limit", affected)
        return (await Incidents(database, Record(None), lambda: f"i-{role}").report(report)).incident.id


async def test_older_and_newest_lead_through_all_of_it(course: Course) -> None:
    await course.grant("tom")
    await refusals(course, 30)

    first = await course.ask("tom", "/connbot history")
    assert "U0STRANGER29" in first.text
    assert "U0STRANGER05" not in first.text
    older = await course.press("tom", first, ids.HISTORY_OLDER)
    assert older.ts == first.ts
    assert "U0STRANGER05" in older.text
    assert "U0STRANGER29" not in older.text
    newest = await course.press("tom", older, ids.HISTORY_NEWEST)
    assert newest.text == first.text


async def test_it_is_asked_by_person_and_by_cause(course: Course) -> None:
    alice = course.make_student()
    await course.grant("tom")
    await refusals(course, 2)
    await incident(course, alice)

    mine = await course.ask("tom", "/connbot history by @alice")
    assert "U0STRANGER" not in mine.text
    assert "incident" in mine.text
    caused = await course.ask("tom", "/connbot history cause role_limit")
    assert alice in caused.text
    assert "refusal" not in caused.text
    assert "Nothing is on record" in (await course.ask("tom", "/connbot history cause server_limit")).text
    assert "Nothing is on record" in (await course.ask("tom", "/connbot history week 2001-W01")).text
    wrong = (await course.ask("tom", "/connbot history cause rain")).text
    assert (
        "rain is no cause of incidents. They are role_limit, database_limit, reserved_slots, server_limit and pooler_limit"
        in wrong
    )
    assert "/connbot history by @Tom cause role_limit week 2026-W47" in wrong


async def test_of_several_roles_of_one_person_it_says_where_the_older_ones_are(course: Course) -> None:
    alice, spare = course.make_student(), course.make_student()
    await course.grant("tom")
    for role in (alice, spare):
        await course.own("alice", role)
    async with course.database() as database:
        allow_list = AllowList(database, Record(None))
        for _ in range(25):
            await allow_list.refuse(
                Actor(course.team, "U0STRANGER"), Denied(Action.LIST, "nothing"), role=alice, server="class"
            )

    told = await course.ask("tom", "/connbot history @alice")

    assert f"There are older ones: ask for {' or '.join(sorted((alice, spare)))} alone." in told.text
    alone = await course.ask("tom", f"/connbot history {spare}")
    assert "ownership (linked)" in alone.text


async def test_the_details_of_an_incident_lead_to_its_thread(course: Course) -> None:
    alice = course.make_student()
    await course.grant("tom")
    await incident(course, alice)

    told = await course.ask("tom", f"/connbot history {alice} cause role_limit")
    view = await course.modal("tom", told, ids.INCIDENT_DETAILS)

    assert view.title == "Incident"
    text = str(view.blocks)
    assert f"The role {alice} on class" in text
    assert "Open still" in text
    assert f"/archives/{channel_id(CHANNEL)}/" in text


async def test_a_page_is_turned_only_by_whoever_still_may(course: Course) -> None:
    alice = course.make_student()
    await course.grant("tom")
    await refusals(course, 25)
    await incident(course, alice)
    page = await course.ask("tom", "/connbot history")
    await course.revoke("tom")

    refused = await course.press("tom", page, ids.HISTORY_OLDER)
    assert "U0STRANGER" not in refused.text
    assert "not" in refused.text
    again = await course.press("tom", page, ids.INCIDENT_DETAILS)
    assert alice not in again.text
    assert course.workspace.views("tom") == ()


async def test_a_ta_of_other_roles_sees_no_details(course: Course) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.grant("tom")
    await incident(course, alice)
    told = await course.ask("tom", f"/connbot history {alice} cause role_limit")
    await course.revoke("tom")
    await course.grant("tom", roles=bob)

    answer = await course.press("tom", told, ids.INCIDENT_DETAILS)

    assert alice not in answer.text
    assert course.workspace.views("tom") == ()


@pytest.mark.parametrize("which", ["by", "week", "cause", "all", "role"])
async def test_a_ta_of_some_roles_reads_of_those_alone_however_it_is_asked(course: Course, which: str) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.grant("tom", roles=bob)
    await incident(course, alice)
    await incident(course, bob)
    week = str(week_of(clock(), UTC))
    asked = {"by": "by @alice", "week": f"week {week}", "cause": "cause role_limit", "all": "", "role": alice}[which]

    refused = await course.ask("tom", f"/connbot history {asked}")
    assert alice not in refused.text or which == "role"
    assert "incident" not in refused.text
    theirs = await course.ask("tom", f"/connbot history {bob} {asked if which != 'role' else ''}")
    assert f"incident (opened) \u00b7 {bob}" in theirs.text
    assert alice not in theirs.text


async def test_a_forged_page_tells_nothing_that_is_not_theirs(course: Course) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.grant("tom", roles=bob)
    await incident(course, alice)
    await refusals(course, 1)
    forged = [
        Question(role=alice),
        Question(role=alice, server="class"),
        Question(person=slack_id("alice")),
        Question(cause="role_limit"),
        Question(since=clock() - timedelta(days=1)),
        Question(role=f"{bob}%", server="class"),
        Question(role=bob, server="elsewhere"),
        Question(),
    ]
    values = [write_page(one, Cursor(10**9, clock(), "p")) for one in forged]
    for value in [*values, *(one.replace('"role": null', '"role": ""') for one in values), "", "{}", "[", "null"]:
        for action_id in ids.HISTORY_ACTIONS:
            course.look("tom")
            await click(course, "tom", action_id, value)
            told = await course.next("tom")
            assert "incident" not in told.text.replace("incident_", "") or "can read any more" in told.text, told.text
            assert "U0STRANGER" not in told.text
    assert course.workspace.views("tom") == ()


@pytest.mark.parametrize("name", ["Ann Smith", "by", "Ann <!channel>", "100% 'of' *it*", "on", "\u4e2d\u6587 role"])
async def test_whatever_a_role_is_called_its_history_is_told_page_by_page(course: Course, name: str) -> None:
    role = course.postgres.make_role(name=name, groups=(course.students,))
    await course.grant("tom")
    async with course.database() as database:
        allow_list = AllowList(database, Record(None))
        for _ in range(41):
            await allow_list.refuse(
                Actor(course.team, "U0EVE"), Denied(Action.LIST, "nothing"), role=role, server="class"
            )

    first = await course.ask("tom", f'/connbot history "{role}"')
    assert "the newest 20 entries" in first.text
    second = await course.press("tom", first, ids.HISTORY_OLDER)
    third = await course.press("tom", second, ids.HISTORY_OLDER)
    assert third.text.count("refusal") == 1
    assert ids.HISTORY_OLDER not in str(third.blocks)
    shown = [
        str(block["text"]) for message in (first, second, third) for block in (message.blocks or ()) if "text" in block
    ]
    assert shown
    assert "<!channel>" not in "".join([*shown, first.text, second.text, third.text])


async def click(course: Course, who: str, action_id: str, value: str) -> None:
    """Press a button that nobody was shown."""
    action = {"type": "button", "block_id": "b", "action_id": action_id, "value": value}
    person = {"user": {"id": slack_id(who), "team_id": course.team}, "team": {"id": course.team}}
    where = {"container": {"channel_id": channel_id(CHANNEL), "message_ts": "1.000001"}}
    workspace = course.workspace
    made_up = {"type": "block_actions", **person, **where, "actions": [action]}
    trigger = workspace._interactions._triggers.issue(workspace.app(), workspace.state.find_user(who))
    made_up["trigger_id"] = trigger
    assert (await workspace._delivery.send(workspace.app(), Envelope.INTERACTION, made_up)).acknowledged
