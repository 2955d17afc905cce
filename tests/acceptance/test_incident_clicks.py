"""What people click about an incident: everybody sees the same buttons, and what they do depends on who clicks."""

from bot.incidents.incident import Waiting
from bot.slack import ids
from bot.workspace.block_kit.walk import elements
from bot.workspace.payloads import Act
from tests.courses import CHANNEL, slack_id
from tests.evenings import Evening, actions
from tests.eventually import eventually
from tests.help_channels import words

PNG = b"\x89PNG\r\n\x1a\n"


async def test_my_connections_are_the_clickers_own_and_close_there(evening: Evening) -> None:
    shown = await evening.click("alice", evening.answer, ids.MY_CONNECTIONS)
    assert shown.thread_ts == evening.root.ts
    assert f"{evening.role}: 3 of 3 connections" in shown.text
    closing = [(block, element) for block, element in elements(shown.blocks) if element["action_id"] == ids.CLOSE]
    assert len(closing) == 3

    course = evening.help.course
    alice, (block_id, close) = course.workspace.state.find_user("alice"), closing[0]
    act = Act(block_id, ids.CLOSE, {"value": close["value"]}, {})
    await course.workspace._interactions.act(alice, shown, act)
    asked = await evening.told("alice")
    assert asked.thread_ts == evening.root.ts
    assert all(course.postgres.is_open(one) for one in evening.opened)
    await course.press("alice", asked, ids.TERMINATE)

    assert sum(course.postgres.is_open(one) for one in evening.opened) == 2


async def test_another_owner_sees_their_own_alone(evening: Evening) -> None:
    course = evening.help.course
    bobs = course.make_student(5)
    await course.own("bob", bobs)

    shown = await evening.click("bob", evening.answer, ids.MY_CONNECTIONS)

    assert bobs in words(shown)
    assert evening.role not in words(shown)


async def test_who_owns_nothing_is_told_how_to_link_and_nothing_else(evening: Evening) -> None:
    for who in ("mallory", "tom"):
        shown = await evening.click(who, evening.answer, ids.MY_CONNECTIONS)

        assert "/connbot link ROLE" in shown.text
        assert evening.role not in words(shown)
        assert actions(shown) == []


async def test_who_has_it_too_waits_too(evening: Evening) -> None:
    await evening.help.course.own("bob", evening.role)

    told = await evening.click("bob", evening.answer, ids.HAVE_THIS_TOO)

    assert "Noted" in told.text
    theirs = (await evening.the_incident()).of(slack_id("bob"))
    assert theirs is not None
    assert (theirs.state, theirs.role) == (Waiting.WAITING, evening.role)


async def test_naming_another_s_role_gives_no_right_to_it(evening: Evening) -> None:
    workspace = evening.help.course.workspace
    asked = await evening.click("mallory", evening.answer, ids.HAVE_THIS_TOO)
    assert evening.role not in asked.text
    await evening.help.press("mallory", asked, ids.ANOTHER_ROLE)
    view = await evening.view("mallory")
    evening.attend("mallory")

    await workspace.submit("mallory", view, {ids.ROLE_FIELD: "\u00e9" * 60})
    assert "No role can have this name" in str(workspace.views("mallory")[-1].errors)
    assert evening.unheard("mallory") == []
    for name in (evening.role, "no_such_role"):
        assert (await submit_role(evening, name)).replace(name, "X") == (
            "I do not know that X on class is yours, so I say nothing about it. "
            "Type `/connbot link ROLE` with its name in the channel's message box to have it linked to you."
        )
    incident = await evening.the_incident()
    assert slack_id("mallory") not in {who.person for who in incident.people}


async def submit_role(evening: Evening, name: str) -> str:
    """Type a role into the modal of a new question, and return the answer."""
    workspace = evening.help.course.workspace
    if not workspace.views("mallory"):
        asked = await evening.click("mallory", evening.answer, ids.HAVE_THIS_TOO)
        await evening.help.press("mallory", asked, ids.ANOTHER_ROLE)
    view = await evening.view("mallory")
    evening.attend("mallory")
    await workspace.submit("mallory", view, {ids.ROLE_FIELD: name})
    assert workspace.views("mallory") == ()
    return (await evening.told("mallory")).text.replace("`", "").replace("/connbot link ROLE", "`/connbot link ROLE`")


async def test_one_of_several_own_roles_is_chosen(evening: Evening) -> None:
    course = evening.help.course
    first, second = course.make_student(1), course.make_student(1)
    for role in (first, second):
        await course.own("bob", role)
        await course.fill(role, 1)
    asked = await evening.click("bob", evening.answer, ids.HAVE_THIS_TOO)
    button = next(e for _, e in elements(asked.blocks) if second in e["text"]["text"])

    await course.workspace.click("bob", asked.channel, asked.ts, action_id=button["action_id"])

    await eventually(lambda: evening.are_open(2))
    roles = {one.scope.name for one in await evening.incidents()}
    assert roles == {evening.role, second}
    await eventually(lambda: f"It is {second} on class." in words(evening.help.now(asked)).replace("`", ""))


async def test_a_picture_that_says_so_is_a_report_of_whose_it_is(evening: Evening) -> None:
    course = evening.help.course
    bobs = course.make_student(1)
    await course.own("bob", bobs)
    await course.fill(bobs, 1)
    picture = course.workspace.upload("bob", CHANNEL, PNG)
    question = await evening.help.answer(picture)

    told = await evening.click("mallory", question, ids.PICTURE_SAYS_SO)
    assert f"<@{slack_id('bob')}>" in told.text
    assert len(await evening.incidents()) == 1
    await evening.help.press("bob", question, ids.PICTURE_SAYS_SO)

    await eventually(lambda: evening.are_open(2))
    assert {one.scope.name for one in await evening.incidents()} == {evening.role, bobs}
    await eventually(lambda: "shows *too many connections*" in words(evening.help.now(question)))
    assert ids.PICTURE_SAYS_SO not in actions(evening.help.now(question))


async def test_a_picture_that_says_something_else_is_asked_for_as_text(evening: Evening) -> None:
    picture = evening.help.course.workspace.upload("bob", CHANNEL, PNG)
    question = await evening.help.answer(picture)

    await evening.help.press("bob", question, ids.PICTURE_OTHER)

    await eventually(lambda: "please paste here as text" in words(evening.help.now(question)))
    assert len(await evening.incidents()) == 1


async def test_still_stuck_opens_it_again_and_in_leaves_the_list(evening: Evening) -> None:
    view = await evening.tools()
    await evening.help.course.workspace.click_view("tom", view, action_id=ids.RESOLVE_INCIDENT)
    _, over = await evening.help.said(evening.root, 2)

    assert "Noted" in (await evening.click("alice", over, ids.STILL_STUCK)).text
    incident = await eventually(evening.incidents)
    assert incident[0].occasion == 2
    assert "You wait no more" in (await evening.click("alice", over, ids.IM_IN)).text

    await eventually(lambda: nobody_waits(evening))


async def nobody_waits(evening: Evening) -> bool:
    return all(not one.waiting for one in await evening.incidents())


async def test_who_never_waited_is_told_so_and_opens_nothing(evening: Evening) -> None:
    view = await evening.tools()
    await evening.help.course.workspace.click_view("tom", view, action_id=ids.RESOLVE_INCIDENT)
    _, over = await evening.help.said(evening.root, 2)

    assert "You were not on the list" in (await evening.click("mallory", over, ids.IM_IN)).text
    assert evening.role not in words(await evening.click("mallory", over, ids.STILL_STUCK))
    assert all(slack_id("mallory") not in {who.person for who in one.people} for one in await evening.incidents())
