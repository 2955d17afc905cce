"""What is said of trouble in chat, put to true servers: who opens, who joins, and what is told to whom."""

from bot.diagnosis.replies import Answered, Explained, Joined
from bot.incidents.incident import How
from tests.integration.diagnosis.conftest import SERVER_FULL, Help, incident_of, role_full


async def test_the_owner_of_a_full_role_opens_its_incident_and_is_one_who_waits(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")

    reply = await help_desk.say("UALICE", role_full(role))

    assert isinstance(reply, Answered)
    assert reply.facts is not None
    assert reply.facts.full
    assert reply.reported.how is How.OPENED
    (one,) = reply.reported.incident.waiting
    assert (one.person, one.role) == ("UALICE", role)
    assert list(await help_desk.open()) == [("class", "role", role)]


async def test_a_role_that_is_another_s_or_nobody_s_is_explained_in_the_same_words(help_desk: Help) -> None:
    theirs = await help_desk.owned("UALICE", full=False)

    there = await help_desk.say("UEVE", role_full(theirs))
    nowhere = await help_desk.say("UEVE", role_full("nobody_at_all"))

    assert isinstance(there, Explained)
    assert isinstance(nowhere, Explained)
    assert (there.server, there.advice, there.room) == (nowhere.server, nowhere.advice, nowhere.room)
    assert await help_desk.open() == {}


async def test_a_server_s_limit_is_everybody_s(help_desk: Help) -> None:
    first = incident_of(await help_desk.say("UALICE", SERVER_FULL))
    thread = first.conversation.thread
    second = await help_desk.say("UBOB", "same", thread=thread)

    assert isinstance(second, Joined)
    assert [one.person for one in second.reported.incident.waiting] == ["UALICE", "UBOB"]
    assert list(await help_desk.open()) == [("class", "server", "")]
