"""What is said of trouble in chat, put to true servers: who opens, who joins, and what is told to whom."""

import asyncio

import pytest

from bot.diagnosis.replies import (
    Answered,
    Explained,
    HasRoom,
    HowToAsk,
    Joined,
    Nothing,
    SeesNoPictures,
    WhatDoesItSay,
    WhichRole,
)
from bot.incidents.incident import How
from tests.integration.diagnosis.conftest import (
    SERVER_FULL,
    Help,
    database_full,
    incident_of,
    role_full,
)

SAME = "same"


async def test_the_owner_of_a_full_role_opens_its_incident_and_is_one_who_waits(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")

    reply = await help_desk.say("UALICE", role_full(role))

    assert isinstance(reply, Answered)
    assert reply.facts is not None
    assert reply.facts.full
    assert reply.reported.how is How.OPENED
    (one,) = reply.reported.incident.waiting
    assert (one.person, one.role) == ("UALICE", role)
    assert reply.reported.incident.client == "psql"
    assert list(await help_desk.open()) == [("class", "role", role)]


async def test_an_owner_is_believed_though_there_is_room_by_now(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE", full=False)
    reply = await help_desk.say("UALICE", role_full(role))
    assert isinstance(reply, Answered)
    assert reply.facts is not None
    assert not reply.facts.full
    assert list(await help_desk.open()) == [("class", "role", role)]


async def test_a_role_that_is_another_s_or_nobody_s_is_explained_in_the_same_words(help_desk: Help) -> None:
    theirs = await help_desk.owned("UALICE", full=False)

    there = await help_desk.say("UEVE", role_full(theirs))
    nowhere = await help_desk.say("UEVE", role_full("nobody_at_all"))

    assert isinstance(there, Explained)
    assert isinstance(nowhere, Explained)
    assert (there.server, there.advice, there.room) == (nowhere.server, nowhere.advice, nowhere.room)
    assert await help_desk.open() == {}


async def test_of_another_s_full_role_there_is_an_incident_whose_reporter_owns_nothing_of_it(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")

    opened = incident_of(await help_desk.say("UEVE", role_full(role)))
    assert (opened.reporter, [(one.person, one.role) for one in opened.waiting]) == ("UEVE", [("UEVE", None)])
    # The next stranger is none of its people; who reported it is, and its owner joins with the role.
    assert isinstance(await help_desk.say("UMALLORY", role_full(role)), Explained)
    again = await help_desk.say("UEVE", role_full(role))
    assert isinstance(again, Answered)
    assert again.reported.how is How.KNOWN
    joined = incident_of(await help_desk.say("UALICE", role_full(role)))
    assert [(one.person, one.role) for one in joined.waiting] == [("UEVE", None), ("UALICE", role)]
    assert joined.id == opened.id


async def test_what_a_stranger_reports_again_after_it_was_over_is_the_same_occasion(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")
    first = incident_of(await help_desk.say("UALICE", role_full(role)))
    await help_desk.incidents.resolve("T1", first.id, "")
    again = incident_of(await help_desk.say("UEVE", role_full(role)))
    assert (again.id, again.occasion) == (first.id, 2)
    assert [(one.person, one.role) for one in again.waiting] == [("UALICE", role), ("UEVE", None)]


async def test_a_server_s_limit_is_everybody_s(help_desk: Help) -> None:
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    second = await help_desk.say("UBOB", SAME, thread=first.conversation.thread)

    assert isinstance(second, Joined)
    assert [one.person for one in second.reported.incident.waiting] == ["UALICE", "UBOB"]
    assert list(await help_desk.open()) == [("class", "server", "")]


async def test_a_database_s_limit_is_everybody_s_and_one_that_is_not_there_nobody_s(help_desk: Help) -> None:
    database = help_desk.postgres.make_database(limit=1)
    student = help_desk.make_student(limit=5)
    await help_desk.postgres.open_backend(student, dbname=database)

    reply = await help_desk.say("UALICE", database_full(database))
    assert isinstance(reply, Answered)
    assert reply.facts is not None
    assert reply.facts.full
    assert isinstance(await help_desk.say("UBOB", "igual", thread=incident_of(reply).conversation.thread), Joined)
    assert isinstance(await help_desk.say("UEVE", database_full("<!channel>")), Explained)
    assert list(await help_desk.open()) == [("class", "database", database)]


async def test_twelve_say_same_of_whom_three_have_other_full_roles(help_desk: Help) -> None:
    """The class of the issue: a saturated server, forty students, sixty messages; four incidents in one thread."""
    own = {f"UOWN{n}": await help_desk.owned(f"UOWN{n}") for n in range(3)}
    for n in range(3):
        await help_desk.owned(f"UFREE{n}", full=False)
    await help_desk.postgres.fill(help_desk.postgres.make_role("filler"))
    server = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    thread = server.conversation.thread

    async def say(n: int) -> None:
        if n < 12:
            person = f"UOWN{n // 4}" if n % 4 == 0 else f"UFREE{n // 4}" if n % 4 == 1 else f"USAME{n}"
            await help_desk.say(person, SAME, thread=thread if n % 2 else "")
        elif n < 18:
            await help_desk.say(f"UPASTE{n}", SERVER_FULL)
        else:
            chatter = await help_desk.say(f"UTALK{n}", "when is the homework due?", thread=thread if n % 3 else "")
            assert isinstance(chatter, Nothing)

    for start in range(0, 60, 20):
        await asyncio.gather(*(say(n) for n in range(start, start + 20)))

    found = await help_desk.open()
    assert set(found) == {("class", "server", ""), *(("class", "role", role) for role in own.values())}
    assert {one.conversations for one in found.values()} == {(server.conversation,)}
    assert len(found["class", "server", ""].waiting) == 1 + 9 + 6
    for person, role in own.items():
        assert [(one.person, one.role) for one in found["class", "role", role].waiting] == [(person, role)]


async def test_of_those_who_say_same_about_one_s_role_only_owners_get_anywhere(help_desk: Help) -> None:
    """alice's role is full, twelve say “same”: three have other full roles, the others are asked, and there is room."""
    alices = await help_desk.owned("UALICE")
    others = {await help_desk.owned(f"UOWN{n}") for n in range(3)}
    free = await help_desk.owned("UFREE", full=False)
    opened = incident_of(await help_desk.say("UALICE", role_full(alices)))
    thread = opened.conversation.thread

    people = [*(f"UOWN{n}" for n in range(3)), "UFREE", *(f"UEVE{n}" for n in range(8))]
    replies = await asyncio.gather(*(help_desk.say(person, SAME, thread=thread) for person in people))

    assert [type(reply) for reply in replies] == [Answered] * 3 + [HasRoom] + [WhichRole] * 8
    assert isinstance(replies[3], HasRoom)
    assert replies[3].role == free
    found = await help_desk.open()
    assert {name for _, _, name in found} == {alices, *others}
    assert {one.conversations for one in found.values()} == {(opened.conversation,)}
    assert [one.person for one in found["class", "role", alices].people] == ["UALICE"]


async def test_a_co_owner_joins_and_what_is_known_is_not_asked_again(help_desk: Help) -> None:
    team = await help_desk.owned("UALICE")
    await help_desk.own("UBOB", team)
    thread = incident_of(await help_desk.say("UALICE", role_full(team))).conversation.thread

    joined = await help_desk.say("UBOB", "+1", thread=thread)
    again = await help_desk.say("UBOB", "+1", thread=thread)

    assert isinstance(joined, Joined)
    assert isinstance(again, Joined)
    assert (joined.reported.how, again.reported.how) == (How.JOINED, How.KNOWN)
    assert [(one.person, one.role) for one in again.reported.incident.waiting] == [("UALICE", team), ("UBOB", team)]


async def test_another_full_role_takes_part_in_the_thread_of_the_whole_server(help_desk: Help) -> None:
    role = await help_desk.owned("UBOB")
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    own = await help_desk.say("UBOB", SAME)
    assert isinstance(own, Answered)
    assert own.reported.how is How.OPENED
    assert own.reported.incident.scope.name == role
    assert own.reported.incident.conversation == first.conversation


async def test_a_role_made_anew_is_not_its_former_owner_s(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE", full=False)
    help_desk.postgres.run("DROP ROLE {}", role)
    help_desk.make_student(role)

    assert isinstance(await help_desk.say("UALICE", role_full(role)), Explained)
    await help_desk.postgres.open_backend(role)
    opened = incident_of(await help_desk.say("UALICE", role_full(role)))
    assert [one.role for one in opened.waiting] == [None]
    thread = opened.conversation.thread
    await help_desk.own("UBOB", role)
    assert isinstance(await help_desk.say("UBOB", SAME, thread=thread), Joined)


@pytest.mark.parametrize("name", ["<!channel>", "it's", "名前", "*bold* & more", "Mixed Case"])
async def test_a_role_may_have_any_name(help_desk: Help, name: str) -> None:
    role = await help_desk.owned("UALICE", name=name)
    opened = incident_of(await help_desk.say("UALICE", role_full(role)))
    assert opened.scope.name == name
    assert isinstance(await help_desk.say("UALICE", SAME, thread=opened.conversation.thread), Joined)


async def test_a_retold_name_is_found_as_a_person_writes_it(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")
    opened = incident_of(await help_desk.say("UALICE", f'FATAL: too many connections for role "{role.upper()}"'))
    assert (opened.scope.name, opened.waiting[0].role) == (role, role)


async def test_without_a_role_s_name_it_is_the_person_s_only_one_or_the_only_full_one(help_desk: Help) -> None:
    nameless = "FATAL:  too many connections for role"
    free = await help_desk.owned("UALICE", full=False)
    assert incident_of(await help_desk.say("UALICE", nameless)).scope.name == free
    full = await help_desk.owned("UALICE")
    assert incident_of(await help_desk.say("UALICE", nameless)).scope.name == full
    another = await help_desk.owned("UALICE")
    asked = await help_desk.say("UALICE", nameless)
    assert isinstance(asked, WhichRole)
    assert {name for _, name in asked.roles} == {free, full, another}
    nobody = await help_desk.say("UEVE", nameless)
    assert isinstance(nobody, WhichRole)
    assert nobody.roles == ()


async def test_while_the_server_is_gone_an_owner_is_believed_by_name_and_nobody_else(apart: Help) -> None:
    role = await apart.owned("UALICE", full=False)
    await apart.own("UBOB", role)
    apart.postgres.halt()
    try:
        reply = await apart.say("UALICE", role_full(role))
        assert isinstance(reply, Answered)
        assert reply.facts is None
        assert [(one.person, one.role) for one in reply.reported.incident.waiting] == [("UALICE", None)]
        thread = reply.reported.incident.conversation.thread
        assert isinstance(await apart.say("UBOB", role_full(role)), Explained)
        assert isinstance(await apart.say("UEVE", role_full(role)), Explained)
        asked = await apart.say("UBOB", SAME, thread=thread)
        assert isinstance(asked, WhichRole)
        assert asked.roles == [("class", role)]
        server = await apart.say("UEVE", SERVER_FULL)
        assert isinstance(server, Answered)
        assert server.facts is None
    finally:
        apart.postgres.start()


async def test_that_it_is_down_is_an_incident_only_if_something_is_full(help_desk: Help) -> None:
    down = "the database is down"
    asked = await help_desk.say("UALICE", down)
    assert asked == WhatDoesItSay(("class",), ())
    role = await help_desk.owned("UALICE")
    assert incident_of(await help_desk.say("UALICE", down)).scope.name == role
    assert isinstance(await help_desk.say("UEVE", down), WhatDoesItSay)
    await help_desk.postgres.fill(help_desk.postgres.make_role("filler"))
    opened = incident_of(await help_desk.say("UEVE", down))
    assert (str(opened.scope.kind), opened.cause) == ("server", "server_limit")


async def test_that_a_server_is_down_that_does_not_answer_us_either_is_a_question(apart: Help) -> None:
    apart.postgres.halt()
    try:
        assert await apart.say("UALICE", "is the db down?") == WhatDoesItSay((), ("class",))
    finally:
        apart.postgres.start()


async def test_what_is_no_limit_is_explained_and_opens_nothing(help_desk: Help) -> None:
    for text in (
        'FATAL:  password authentication failed for user "alice"',
        "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
    ):
        reply = await help_desk.say("UALICE", text)
        assert isinstance(reply, Explained), text
        assert reply.server == "class"
    assert isinstance(await help_desk.say("UALICE", "", picture=True), SeesNoPictures)
    assert isinstance(await help_desk.say("UALICE", "hello?", asked=True), HowToAsk)
    assert isinstance(await help_desk.say("UALICE", "who wants pizza"), Nothing)
    assert isinstance(await help_desk.say("UALICE", SAME), Nothing)
    assert await help_desk.open() == {}
