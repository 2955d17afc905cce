"""The Home tab with real Bolt, a workspace and a server: drawn for whoever opens it, by their rights at that moment."""

from bot.access.member import Actor, Grade
from bot.access.ownership import Ownership
from bot.clock import clock
from bot.slack import ids
from bot.storage.record import Record
from bot.workspace.views import View
from tests.courses import Course, slack_id


async def opened(course: Course, who: str) -> View:
    """The tab as it is drawn when this person opens it."""
    before = course.workspace.home(who)
    course.workspace.open_home(who)
    return await drawn_since(course, who, before)


async def drawn_since(course: Course, who: str, before: View | None) -> View:
    def other() -> View | None:
        view = course.workspace.home(who)
        return view if view is not None and (before is None or view.hash != before.hash) else None

    view = await course.workspace.wait_for(other, within=10)
    assert view is not None
    return view


async def test_a_student_sees_their_own_and_nothing_of_others(course: Course) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.fill(alice)
    await course.fill(bob, 2)
    await course.own("alice", alice)

    text = str((await opened(course, "alice")).blocks)

    assert f"*{alice}* on class: 5 of 5" in text
    assert bob not in text
    assert "Servers" not in text
    assert "Allow-list" not in text


async def test_their_connections_open_in_a_modal(course: Course) -> None:
    alice = course.make_student()
    sessions = await course.fill(alice, 2)
    await course.own("alice", alice)
    view = await opened(course, "alice")

    await course.workspace.click_view("alice", view, action_id=ids.HOME_CONNECTIONS)

    [modal] = await course.workspace.wait_for(lambda: course.workspace.views("alice"), within=10)
    assert all(str(one.pid) in str(modal.blocks) for one in sessions)
    assert modal.title == "My connections"


async def test_of_many_roles_the_full_one_opens_first(course: Course) -> None:
    roles = [course.make_student(limit=1) for _ in range(12)]
    for role in roles:
        await course.own("alice", role)
    full = max(roles)
    await course.fill(full, 1)
    view = await opened(course, "alice")
    assert f"*{full}* on class: 1 of 1" in str(view.blocks)

    await course.workspace.click_view("alice", view, action_id=ids.HOME_CONNECTIONS)

    [modal] = await course.workspace.wait_for(lambda: course.workspace.views("alice"), within=10)
    assert f"{full}: 1 of 1" in str(modal.blocks)


async def test_what_waits_for_a_click_is_clicked_there_and_the_tab_is_drawn_anew(course: Course) -> None:
    alice = course.make_student()
    [session] = await course.fill(alice, 1)
    await course.own("alice", alice)
    await course.ask("alice", f"/kill {alice} {session.pid}")
    view = await opened(course, "alice")
    assert "Waiting for you" in str(view.blocks)

    await course.workspace.click_view("alice", view, action_id=ids.TERMINATE)
    after = await drawn_since(course, "alice", view)

    assert "Waiting for you" not in str(after.blocks)
    assert not course.postgres.is_open(session)
    assert "1 of 5" not in str(after.blocks)
    [told] = await course.workspace.wait_for(lambda: course.workspace.messages(course.workspace.dm("alice"), "alice"))
    assert str(session.pid) in told.text


async def test_staff_see_servers_and_proposals_and_instructors_the_allow_list(course: Course) -> None:
    alice = course.make_student()
    [session] = await course.fill(alice, 1)
    await course.grant("tom")
    await course.grant("priya", Grade.INSTRUCTOR)
    await course.ask("tom", f"/kill {alice} {session.pid}")

    toms, priyas = str((await opened(course, "tom")).blocks), str((await opened(course, "priya")).blocks)

    assert "*class*:" in toms
    assert "Waiting for you" in toms
    assert "Allow-list" not in toms
    assert "Proposed by others" in priyas
    assert alice in priyas
    assert "Allow-list" in priyas


async def test_a_ta_of_other_roles_does_not_see_what_is_proposed_for_these(course: Course) -> None:
    alice = course.make_student()
    [session] = await course.fill(alice, 1)
    await course.own("alice", alice)
    await course.grant("tina", roles="nobody_*")
    await course.ask("alice", f"/kill {alice} {session.pid}")

    assert alice not in str((await opened(course, "tina")).blocks)


async def test_a_right_that_was_lost_is_gone_at_the_next_look(course: Course) -> None:
    await course.grant("tom")
    view = await opened(course, "tom")
    assert "Servers" in str(view.blocks)
    await course.revoke("tom")

    await course.workspace.click_view("tom", view, action_id=ids.HOME_AGAIN)

    assert "Servers" not in str((await drawn_since(course, "tom", view)).blocks)


async def test_a_refusal_is_told_on_top_of_the_tab(course: Course) -> None:
    alice = course.make_student()
    await course.own("alice", alice)
    view = await opened(course, "alice")
    async with course.database() as database:
        await Ownership(database, Record(None)).disown(Actor(course.team, "cli:tests"), slack_id("alice"), now=clock())

    await course.workspace.click_view("alice", view, action_id=ids.HOME_CONNECTIONS)

    [modal] = await course.workspace.wait_for(lambda: course.workspace.views("alice"), within=10)
    assert modal.title == "Not done"


async def test_what_is_done_in_a_modal_shows_on_the_tab_behind_it(course: Course) -> None:
    alice = course.make_student()
    [session] = await course.fill(alice, 1)
    await course.own("alice", alice)
    view = await opened(course, "alice")
    await course.workspace.click_view("alice", view, action_id=ids.HOME_CONNECTIONS)
    [modal] = await course.workspace.wait_for(lambda: course.workspace.views("alice"), within=10)
    view = await drawn_since(course, "alice", view)
    assert "Waiting for you" not in str(view.blocks)

    await course.workspace.click_view("alice", modal, label="Close")

    again = await drawn_since(course, "alice", view)
    assert "Waiting for you" in str(again.blocks)
    assert str(session.pid) in str(again.blocks)


async def test_a_week_opens_in_a_modal_for_those_who_may_read_it(course: Course) -> None:
    await course.grant("tom")
    view = await opened(course, "tom")
    assert "*class*: nobody looked in weeks " in str(view.blocks)

    await course.workspace.click_view("tom", view, action_id=f"{ids.HOME_WEEK}:0")

    [modal] = await course.workspace.wait_for(lambda: course.workspace.views("tom"), within=10)
    assert modal.title.startswith("Week 2")
    again = await drawn_since(course, "tom", view)
    await course.workspace.close_view("tom", modal)
    await course.revoke("tom")
    await course.workspace.click_view("tom", again, action_id=f"{ids.HOME_WEEK}:1")
    [refused] = await course.workspace.wait_for(lambda: course.workspace.views("tom"), within=10)
    assert refused.title == "Not done"
