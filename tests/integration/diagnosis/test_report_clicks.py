"""What is answered by buttons: the same rights as in words, looked at again at the click."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.access.member import Grade
from bot.causes.finding import NOTHING, Cause, Finding
from bot.clock import clock
from bot.diagnosis.replies import Answered, Explained, HasRoom, IsIn, Joined, Nothing, Reply, TooMany, WhichRole
from bot.errors import NotPermitted, UnknownServer
from bot.incidents.incident import Conversation, How, Incident, Waiting
from bot.storage.engine import OwnDatabase
from bot.storage.tables import incidents as rows
from tests.integration.diagnosis.conftest import SERVER_FULL, Help, incident_of, role_full

THREAD = Conversation("C0HELP", "1.0")
SERVER_LIMIT = Finding(Cause.SERVER_LIMIT, confidence=0.99)


async def has_it_too(help_desk: Help, person: str, incident: Incident | str) -> Reply:
    which = incident if isinstance(incident, str) else incident.id
    return await help_desk.reports.me_too(await help_desk.standing(person), which, THREAD, now=clock())


async def role_is(help_desk: Help, person: str, role: str, server: str = "class") -> Reply:
    standing = await help_desk.standing(person)
    return await help_desk.reports.role_is(standing, server, role, THREAD, "1.0", now=clock())


async def resolve(help_desk: Help, person: str, incident: Incident | str) -> Incident | None:
    which = incident if isinstance(incident, str) else incident.id
    return await help_desk.reports.resolve(await help_desk.standing(person), which, now=clock())


async def still_stuck(help_desk: Help, person: str, incident: Incident) -> Reply:
    standing = await help_desk.standing(person)
    return await help_desk.reports.still_stuck(standing, incident.id, THREAD, now=clock())


async def is_in(help_desk: Help, person: str, incident: Incident) -> Reply:
    return await help_desk.reports.is_in(await help_desk.standing(person), incident.id, now=clock())


async def opened(help_desk: Help, text: str = SERVER_FULL, person: str = "UALICE") -> Incident:
    return incident_of(await help_desk.say(person, text))


async def now(help_desk: Help, incident: Incident) -> Incident:
    found = await help_desk.incidents.get("T1", incident.id)
    assert found is not None
    return found


async def refusals(help_desk: Help) -> list[tuple[str, str]]:
    events = await help_desk.history.read("T1")
    return [(event.requester, event.role) for event in events if event.kind == "refusal"]


async def test_i_have_this_too_joins_what_is_everybody_s_in_the_thread_there_is(help_desk: Help) -> None:
    incident = await opened(help_desk)
    joined = await has_it_too(help_desk, "UBOB", incident)
    assert isinstance(joined, Joined)
    assert joined.reported.incident.conversations == (incident.conversation,)
    again = await has_it_too(help_desk, "UBOB", incident)
    assert isinstance(again, Joined)
    assert again.reported.how is How.KNOWN


async def test_i_have_this_too_joins_a_role_for_its_owners_alone(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")
    await help_desk.own("UBOB", role)
    incident = await opened(help_desk, role_full(role))
    assert isinstance(await has_it_too(help_desk, "UBOB", incident), Joined)
    assert await has_it_too(help_desk, "UEVE", incident) == WhichRole(await now(help_desk, incident), None, [])
    assert [one.person for one in (await now(help_desk, incident)).people] == ["UALICE", "UBOB"]


async def test_a_click_on_what_is_not_there_or_over_does_nothing(help_desk: Help) -> None:
    incident = await opened(help_desk)
    assert await has_it_too(help_desk, "UEVE", "forged") == Nothing()
    await help_desk.incidents.resolve("T1", incident.id, "")
    assert await has_it_too(help_desk, "UEVE", incident) == Nothing()
    await help_desk.postgres.fill(help_desk.postgres.make_role("filler"))
    again = await has_it_too(help_desk, "UEVE", incident)
    assert isinstance(again, Answered)
    assert again.reported.how is How.REOPENED


async def test_the_answer_to_which_role_counts_for_an_own_role_alone(help_desk: Help) -> None:
    full, free = await help_desk.owned("UALICE"), await help_desk.owned("UALICE", full=False)
    answered = await role_is(help_desk, "UALICE", full)
    assert isinstance(answered, Answered)
    assert answered.reported.incident.scope.name == full
    room = await role_is(help_desk, "UALICE", free)
    assert isinstance(room, HasRoom)
    assert room.role == free
    for role in (full, "nobody_at_all", "half \ud83d", "nul\0"):
        with pytest.raises(NotPermitted):
            await role_is(help_desk, "UEVE", role)
    with pytest.raises(NotPermitted):
        await role_is(help_desk, "UALICE", full, "elsewhere")
    assert len(await refusals(help_desk)) == 5
    assert len(await help_desk.open()) == 1


async def test_while_the_server_is_gone_an_owner_s_answer_opens_and_joins_nothing(apart: Help) -> None:
    role = await apart.owned("UALICE", full=False)
    await apart.own("UBOB", role)
    apart.postgres.halt()
    try:
        answered = await role_is(apart, "UALICE", role)
        assert isinstance(answered, Answered)
        assert answered.facts is None
        assert isinstance(await role_is(apart, "UBOB", role), Explained)
        with pytest.raises(NotPermitted):
            await role_is(apart, "UEVE", role)
    finally:
        apart.postgres.start()


async def test_the_answer_to_which_server_is_a_report_about_it(help_desk: Help) -> None:
    standing = await help_desk.standing("UALICE")
    reports = help_desk.reports
    answered = await reports.server_is(standing, SERVER_LIMIT, "psql", "class", THREAD, "1.0", now=clock())
    assert isinstance(answered, Answered)
    assert answered.reported.incident.client == "psql"
    assert await reports.server_is(standing, NOTHING, "", "class", THREAD, "1.0", now=clock()) == Nothing()
    with pytest.raises(UnknownServer):
        await reports.server_is(standing, SERVER_LIMIT, "", "forged", THREAD, "1.0", now=clock())


async def test_the_answer_to_which_server_gives_no_right_to_a_role(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")
    await opened(help_desk, role_full(role))
    theirs = Finding(Cause.ROLE_LIMIT, role=role, confidence=0.99)
    eve = await help_desk.standing("UEVE")
    assert isinstance(
        await help_desk.reports.server_is(eve, theirs, "", "class", THREAD, "1.0", now=clock()), Explained
    )


async def test_who_is_in_and_who_is_not(help_desk: Help) -> None:
    incident = await opened(help_desk)
    assert await is_in(help_desk, "UEVE", incident) == Nothing()
    said = await is_in(help_desk, "UALICE", incident)
    assert isinstance(said, IsIn)
    assert said.incident.waiting == ()
    stuck = await still_stuck(help_desk, "UALICE", incident)
    assert isinstance(stuck, Answered)
    assert [one.state for one in stuck.reported.incident.people] == [Waiting.WAITING]


async def test_still_stuck_reopens_once_for_one_of_its_people(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE", full=False)
    incident = await opened(help_desk, role_full(role))
    await help_desk.incidents.resolve("T1", incident.id, "")

    assert await still_stuck(help_desk, "UEVE", incident) == Nothing()
    assert not (await now(help_desk, incident)).open
    stuck = await still_stuck(help_desk, "UALICE", incident)
    assert isinstance(stuck, Answered)
    assert (stuck.reported.how, stuck.reported.incident.occasion) == (How.REOPENED, 2)
    again = await still_stuck(help_desk, "UALICE", incident)
    assert isinstance(again, Answered)
    assert (again.reported.how, again.reported.incident.occasion) == (How.KNOWN, 2)


async def test_against_the_facts_nobody_reopens_again_and_again(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE", full=False)
    incident = await opened(help_desk, role_full(role))
    said = []
    for _ in range(5):
        await help_desk.incidents.resolve("T1", incident.id, "")
        said.append(type(await still_stuck(help_desk, "UALICE", incident)))
    assert said == [Answered] * 3 + [TooMany, Nothing]
    await help_desk.postgres.open_backend(role)
    stuck = await still_stuck(help_desk, "UALICE", incident)
    assert isinstance(stuck, Answered), "the facts agree"
    assert stuck.reported.incident.occasion == 5


async def test_after_half_an_hour_still_stuck_counts_only_if_the_facts_agree(
    help_desk: Help, own_database: OwnDatabase
) -> None:
    role = await help_desk.owned("UALICE", full=False)
    incident = await opened(help_desk, role_full(role))
    await help_desk.incidents.resolve("T1", incident.id, "")
    async with own_database.write() as connection:
        early = await own_database.now(connection) - timedelta(minutes=31)
        past = {"opened_at": early, "occasion_at": early, "resolved_at": early}
        await connection.execute(update(rows).values(past))
    assert await still_stuck(help_desk, "UALICE", incident) == Nothing()
    await help_desk.postgres.open_backend(role)
    stuck = await still_stuck(help_desk, "UALICE", incident)
    assert isinstance(stuck, Answered)
    assert stuck.reported.how is How.OPENED
    assert stuck.reported.incident.id != incident.id


async def test_an_incident_ends_by_the_word_of_those_whose_grant_reaches_it(help_desk: Help) -> None:
    role = await help_desk.owned("UALICE")
    await help_desk.grant("UTA", roles="other_*")
    await help_desk.grant("UTOM", roles="student_*")
    await help_desk.grant("ULAB", Grade.ADMIN, server="lab")
    incident = await opened(help_desk, role_full(role))

    for person in ("UALICE", "UEVE", "UTA", "ULAB"):
        with pytest.raises(NotPermitted):
            await resolve(help_desk, person, incident)
    assert await refusals(help_desk) == [(person, role) for person in ("ULAB", "UTA", "UEVE", "UALICE")]
    over = await resolve(help_desk, "UTOM", incident)
    assert over is not None
    assert (over.open, over.resolved_by, over.human) == (False, "UTOM", "UTOM")
    assert await resolve(help_desk, "UTOM", incident) is None, "somebody was first"
    assert await resolve(help_desk, "UTOM", "forged") is None
    with pytest.raises(NotPermitted):
        await resolve(help_desk, "UEVE", incident)


async def test_a_server_s_incident_ends_by_the_word_of_any_of_its_staff(help_desk: Help) -> None:
    await help_desk.grant("UTA", roles="other_*")
    incident = await opened(help_desk)
    with pytest.raises(NotPermitted):
        await resolve(help_desk, "UEVE", incident)
    assert await resolve(help_desk, "UTA", incident) is not None


async def test_while_the_server_is_gone_a_role_s_incident_ends_by_the_word_of_who_has_all_of_them(
    apart: Help,
) -> None:
    role = await apart.owned("UALICE")
    incident = await opened(apart, role_full(role))
    await apart.grant("UTA", roles="student_*")
    await apart.grant("UTOM")
    apart.postgres.halt()
    try:
        with pytest.raises(NotPermitted):
            await resolve(apart, "UTA", incident)
        assert await resolve(apart, "UTOM", incident) is not None
    finally:
        apart.postgres.start()


async def test_the_first_of_the_staff_who_writes_in_a_thread_has_seen_what_it_is_about(help_desk: Help) -> None:
    role = await help_desk.owned("UBOB")
    incident = await opened(help_desk)
    thread = incident.conversation
    await help_desk.say("UBOB", "same", thread=thread.thread)
    await help_desk.grant("UTA", roles="other_*")
    await help_desk.grant("ULAB", server="lab")

    async def spoke(person: str) -> set[str]:
        standing = await help_desk.standing(person)
        return {one.scope.name for one in await help_desk.reports.staff_spoke(standing, thread, now=clock())}

    assert await spoke("UEVE") == await spoke("ULAB") == set()
    assert await spoke("UTA") == {"", role}
    assert await spoke("UTA") == set()
    assert (await now(help_desk, incident)).human == "UTA"


async def test_nobody_of_another_workspace_reaches_an_incident(help_desk: Help) -> None:
    incident = await opened(help_desk)
    foreign = await help_desk.standing("UTA", team="T2")
    reports = help_desk.reports
    assert await reports.me_too(foreign, incident.id, THREAD, now=clock()) == Nothing()
    assert await reports.is_in(foreign, incident.id, now=clock()) == Nothing()
    assert await reports.still_stuck(foreign, incident.id, THREAD, now=clock()) == Nothing()
    assert await reports.resolve(foreign, incident.id, now=clock()) is None
