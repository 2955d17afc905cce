"""The allow-list and the class list on the Home tab, with real Bolt, a workspace and a server."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.access.allow_list import AllowList
from bot.access.member import Actor, Grade, Member
from bot.access.ownership import Ownership
from bot.access.roster import Match, Preview
from bot.clock import clock
from bot.slack import ids
from bot.storage.record import Record
from bot.workspace.limits import Fault
from bot.workspace.refusals import NotPossible
from bot.workspace.views import View
from tests.acceptance.test_home import drawn_since, opened
from tests.courses import Course, a_course, a_seed, slack_id
from tests.postgres import Postgres


async def modal(course: Course, who: str, action_id: str) -> View:
    """The modal that a button of the Home tab opens."""
    await course.workspace.click_view(who, await opened(course, who), action_id=action_id)
    await course.workspace.wait_for(lambda: course.workspace.views(who), within=10)
    return course.workspace.views(who)[-1]


async def shown(course: Course, who: str, fits: Callable[[str], bool]) -> View:
    """The modal once its blocks fit."""

    def found() -> View | None:
        views = course.workspace.views(who)
        return views[-1] if views and fits(str(views[-1].blocks)) else None

    view = await course.workspace.wait_for(found, within=10)
    assert view is not None
    return view


async def told(course: Course, who: str, words: str) -> str:
    """The direct message that holds these words."""
    dm = course.workspace.dm(who)

    def found() -> str:
        return next((one.text for one in course.workspace.messages(dm, who) if words in one.text), "")

    return await course.workspace.wait_for(found, within=10)


async def members(course: Course) -> dict[str, Member]:
    async with course.database() as database:
        return {one.slack_id: one for one in await AllowList(database, Record(None)).members(course.team)}


async def owned(course: Course, who: str) -> list[str]:
    async with course.database() as database:
        return [one.role for one in await Ownership(database, Record(None)).roles_of(course.team, slack_id(who))]


async def test_an_admin_adds_and_removes_somebody(course: Course) -> None:
    await course.grant("priya", Grade.ADMIN)
    view = await modal(course, "priya", ids.HOME_ADD)
    before = course.workspace.home("priya")

    await course.workspace.submit(
        "priya",
        view,
        {"who": "tom", "grade": "responder", "server": "class", "roles": "sec1_*, @team", "until": "2099-12-20"},
    )

    assert "Allow-list" in str((await drawn_since(course, "priya", before)).blocks)
    assert "is a responder on class" in await told(course, "priya", "Done:")
    tom = (await members(course))[slack_id("tom")]
    assert (tom.grade, tom.server, tom.roles, tom.added_by) == (
        Grade.RESPONDER,
        "class",
        "sec1_*,@team",
        slack_id("priya"),
    )
    assert tom.until is not None

    view = await modal(course, "priya", ids.HOME_REMOVE)
    await course.workspace.submit("priya", view, {"who": "tom", "server": "Every server"})
    await told(course, "priya", "is no longer a responder")
    assert slack_id("tom") not in await members(course)


async def test_what_cannot_be_is_said_beside_its_field(course: Course) -> None:
    await course.grant("priya", Grade.ADMIN)
    view = await modal(course, "priya", ids.HOME_ADD)
    values: dict[str, Any] = {"who": "tom", "grade": "responder", "server": "class"}

    await course.workspace.submit("priya", view, values | {"until": "2001-01-01"})
    assert course.workspace.views("priya")[-1].errors == {"until": "This day is over."}
    await course.workspace.submit("priya", view, values | {"until": None, "roles": "@"})
    assert course.workspace.views("priya")[-1].errors == {"roles": "Name the group behind the @."}
    assert slack_id("tom") not in await members(course)


async def test_an_instructor_is_offered_responders_alone_and_whoever_lost_the_right_nothing(course: Course) -> None:
    await course.grant("priya", Grade.INSTRUCTOR)
    view = await modal(course, "priya", ids.HOME_ADD)
    with pytest.raises(NotPossible):
        await course.workspace.submit("priya", view, {"who": "tom", "grade": "admin", "server": "class"})
    await course.revoke("priya")

    await course.workspace.submit("priya", view, {"who": "tom", "grade": "responder", "server": "class"})

    await told(course, "priya", "not")
    assert slack_id("tom") not in await members(course)
    assert (await course.history())[0]["kind"] == "refusal"


@pytest.mark.parametrize("button", [ids.HOME_ADD, ids.HOME_REMOVE, ids.HOME_IMPORT])
async def test_a_form_that_does_not_open_in_time_is_not_silence(course: Course, button: str) -> None:
    await course.grant("priya", Grade.ADMIN)
    view = await opened(course, "priya")
    course.workspace.inject("views.open", Fault(500), times=9)
    await course.workspace.click_view("priya", view, action_id=button)
    await told(course, "priya", "The form did not open in time: click once more.")


async def test_students_and_responders_have_no_such_buttons(course: Course) -> None:
    await course.grant("tom")
    for who in ("alice", "tom"):
        text = str((await opened(course, who)).blocks)
        assert not [action for action in (ids.HOME_ADD, ids.HOME_REMOVE, ids.HOME_IMPORT) if action in text]


async def test_a_class_list_is_shown_matched_and_stored_at_a_further_click(course: Course) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.grant("priya", Grade.INSTRUCTOR)
    view = await modal(course, "priya", ids.HOME_IMPORT)
    rows = f"alice@example.edu;{alice};Enrolled\nbob@example.edu;{bob};Dropped\nnobody@example.edu;{bob};Enrolled\n"
    data = f"Databases 101;;\nPost;Login;Standing\n{rows}".encode("utf-16")
    file = course.workspace.put_file("priya", data, name="class.csv")

    values = {"file": [file], "email": "Post", "template": "{login}", "status": "Standing=enrolled"}
    await course.workspace.submit("priya", view, values)
    preview = await shown(course, "priya", lambda blocks: "matched" in blocks)
    assert "1 matched, to own their roles on class" in str(preview.blocks)
    assert "1 not in Slack" in str(preview.blocks)
    assert "1 line of another status" in str(preview.blocks)
    assert await owned(course, "alice") == []

    await course.workspace.submit("priya", preview)
    assert "1 new, 0 there before" in await told(course, "priya", "The class list is stored on class")
    assert await owned(course, "alice") == [alice]
    assert await owned(course, "bob") == []


async def test_those_who_left_are_ended_only_where_that_is_ticked(course: Course) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.grant("priya", Grade.INSTRUCTOR)

    async def store(text: str, *ticked: str) -> str:
        view = await modal(course, "priya", ids.HOME_IMPORT)
        file = course.workspace.put_file("priya", text.encode(), name="class.csv")
        await course.workspace.submit("priya", view, {"file": [file], "replace": list(ticked)})
        preview = await shown(course, "priya", lambda blocks: "matched" in blocks)
        await course.workspace.submit("priya", preview)
        stored = await shown(course, "priya", lambda blocks: "The class list is stored" in blocks)
        await course.workspace.close_view("priya", stored, whole=True)
        return str(preview.blocks)

    await store(f"email,role\nalice@example.edu,{alice}\nbob@example.edu,{bob}\n")
    await told(course, "priya", "2 new")
    unticked = await preview_of(course, f"email,role\nalice@example.edu,{alice}\n")
    assert "There is nothing to store" in str(unticked.blocks)
    assert "no longer in the file" not in str(unticked.blocks)
    await course.workspace.close_view("priya", unticked, whole=True)
    assert await owned(course, "bob") == [bob]
    preview = await store(f"email,role\nalice@example.edu,{alice}\n", "yes")
    assert "1 matched, and own their roles on class already" in preview
    assert "1 no longer in the file" in preview
    await told(course, "priya", "1 ended")
    assert await owned(course, "bob") == []


async def test_a_file_that_is_no_list_is_told_in_the_modal(course: Course) -> None:
    await course.grant("priya", Grade.INSTRUCTOR)
    view = await modal(course, "priya", ids.HOME_IMPORT)
    file = course.workspace.put_file("priya", b"name,age\nx,3\n", name="class.csv")

    await course.workspace.submit("priya", view, {"file": [file]})

    told_there = await shown(course, "priya", lambda blocks: "e-mail" in blocks)
    assert told_there.title == "Not done"
    await course.workspace.close_view("priya", told_there, whole=True)


async def preview_of(course: Course, text: str, *ticked: str) -> View:
    """The preview that priya gets of a class list."""
    view = await modal(course, "priya", ids.HOME_IMPORT)
    file = course.workspace.put_file("priya", text.encode(), name="class.csv")
    await course.workspace.submit("priya", view, {"file": [file], "replace": list(ticked)})
    return await shown(course, "priya", lambda blocks: "Matching" not in blocks and "CSV file" not in blocks)


async def test_what_changed_after_the_preview_is_shown_before_it_is_stored(course: Course) -> None:
    alice, bob, team = course.make_student(), course.make_student(), course.make_student()
    await course.grant("priya", Grade.INSTRUCTOR)
    text = f"email,role\nalice@example.edu,{alice}\nbob@example.edu,{bob}\n"
    preview = await preview_of(course, text, "yes")
    assert "*Store* makes *2 new links*, ends *0* and leaves 0 as they are." in str(preview.blocks)
    # Meanwhile somebody else stores another list, in which mallory has a role, and gives bob his by hand.
    async with course.database() as database:
        matched = (Match(2, "mallory@example.edu", slack_id("mallory"), team, course.role(team).oid),)
        await Ownership(database, Record(None)).enrol(
            Actor(course.team, "cli:tests"), Preview(matched, (), (), (), ()), server="class", now=clock()
        )
    await course.own("bob", bob)

    await course.workspace.submit("priya", preview)
    again = await shown(course, "priya", lambda blocks: "Nothing was stored" in blocks)
    assert "*Store* makes *1 new link*, ends *1* and leaves 1 as they are." in str(again.blocks)
    assert "Nothing was stored" in await told(course, "priya", "somebody changed links")
    assert await owned(course, "alice") == []
    assert await owned(course, "mallory") == [team]

    await course.workspace.submit("priya", again)
    await shown(course, "priya", lambda blocks: "is stored on class: 1 new, 1 there before, 1 ended" in blocks)
    assert await owned(course, "alice") == [alice]
    assert await owned(course, "mallory") == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04" + bytes(500), "The file is an Excel workbook or an archive: save the list as CSV"),
        (b"\x89PNG\r\n" + bytes(500), "The file is a picture"),
        (b"email,<!channel> <https://evil.example|x>\na@b,c\n", "it has email, &lt;!channel&gt; &lt;https"),
        (b"email\n" + b"a@b\n" * 60_000, "more than 50,000 lines"),
        (b"x" * 500_000, "names no e-mail and role columns"),
    ],
    ids=["xlsx", "picture", "hostile column", "lines", "one line"],
)
async def test_what_is_no_class_list_is_a_sentence_in_the_modal(course: Course, data: bytes, words: str) -> None:
    await course.grant("priya", Grade.INSTRUCTOR)
    view = await modal(course, "priya", ids.HOME_IMPORT)
    file = course.workspace.put_file("priya", data, name="class.csv")
    await course.workspace.submit("priya", view, {"file": [file]})
    refused = await shown(course, "priya", lambda blocks: words in blocks)
    assert refused.title == "Not done"


async def test_without_the_scope_for_files_the_mend_is_named(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    seed = a_seed()
    narrow = replace(seed.apps[0], scopes=frozenset(seed.apps[0].scopes) - {"files:read"})
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, seed=replace(seed, apps=(narrow,))) as course:
        await course.grant("priya", Grade.INSTRUCTOR)
        refused = await preview_of(course, "email,role\n")
        assert "the app needs files:read" in str(refused.blocks)


async def test_whom_one_list_makes_owners_together_are_not_told_of_each_other(course: Course) -> None:
    team = course.make_student()
    await course.own("mallory", team)
    await course.grant("priya", Grade.INSTRUCTOR)
    preview = await preview_of(course, f"email,role\nalice@example.edu,{team}\nbob@example.edu,{team}\n")
    await course.workspace.submit("priya", preview)

    def direct(who: str) -> list[str]:
        return [one.text for one in course.workspace.messages(course.workspace.dm(who), who)]

    await course.workspace.wait_for(lambda: len(direct("mallory")) == 2, within=10)
    assert direct("alice") == direct("bob") == []


async def test_a_list_of_a_thousand_people_for_one_role_is_shown(course: Course) -> None:
    team = course.make_student()
    await course.grant("priya", Grade.INSTRUCTOR)
    rows = "".join(f"{who}@example.edu,{team}\n" for who in ("alice", "bob", "mallory", "tom", "tina", "priya"))
    rows += "".join(f"nobody{number}@example.edu,{team}\n" for number in range(5_000))
    preview = await preview_of(course, f"email,role\n{rows}")
    assert "6 matched, to own their roles on class" in str(preview.blocks)
    assert "5,000 not in Slack" in str(preview.blocks)
    assert "1 roles with several owners" in str(preview.blocks)


async def test_whoever_lost_the_right_before_the_click_stores_nothing(course: Course) -> None:
    alice = course.make_student()
    await course.grant("priya", Grade.INSTRUCTOR)
    view = await modal(course, "priya", ids.HOME_IMPORT)
    file = course.workspace.put_file("priya", f"email,role\nalice@example.edu,{alice}\n".encode(), name="class.csv")
    await course.workspace.submit("priya", view, {"file": [file]})
    preview = await shown(course, "priya", lambda blocks: "matched" in blocks)
    await course.revoke("priya")

    await course.workspace.submit("priya", preview)

    await told(course, "priya", "not")
    assert await owned(course, "alice") == []
