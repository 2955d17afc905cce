"""The history turned page by page, and the details of an incident, with real Bolt, a workspace and a server."""

from bot.access.allow_list import AllowList
from bot.access.member import Action, Actor, Denied
from bot.clock import clock
from bot.incidents.incident import Affected, Conversation, Report, Scope, ScopeKind
from bot.incidents.incidents import Incidents
from bot.slack import ids
from bot.storage.record import Record
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
    assert "cause rain" in (await course.ask("tom", "/connbot history cause rain")).text


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
