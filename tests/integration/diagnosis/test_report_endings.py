"""“The server closed the connection”: whether the bot did, at whose word, is told to the role's owner alone."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.access.member import Actor, Grade, Right
from bot.clock import clock
from bot.diagnosis.replies import Explained, Reply, WasClosed
from bot.incidents.proposal import Claimed, Kind, Outcome
from bot.servers.server import Verdict
from tests import builders
from tests.builders import a_backend
from tests.integration.diagnosis.conftest import Help

CLOSED = "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally"
BY_ADMINISTRATOR = "FATAL:  terminating connection due to administrator command"
_numbers = itertools.count()


async def end(
    help_desk: Help,
    role: str,
    verdict: Verdict = Verdict.TERMINATED,
    *,
    by: str = "UTOM",
    reason: str = "exam at noon",
    kind: Kind = Kind.TERMINATE,
) -> None:
    """Let a responder end a connection of a role, as far as the record knows of it."""
    found = help_desk.role(role)
    backend = a_backend(4711 + next(_numbers), role=role, role_oid=found.oid)
    proposal = builders.a_proposal(
        backend, id=f"p{next(_numbers)}", team="T1", kind=kind, role=role, role_oid=found.oid, requester=by,
        right=Right.RESPONDER, reason=reason,
    )  # fmt: skip
    await help_desk.history.propose(proposal)
    now = builders.NOON
    claimed = await help_desk.history.claim(Actor("T1", by), proposal.id, role=found, server_now=now, now=now)
    assert isinstance(claimed, Claimed)
    await help_desk.history.resolve(claimed.proposal, [Outcome(backend.id, verdict, now)])


async def says(help_desk: Help, person: str, text: str = CLOSED, later: float = 0) -> Reply:
    return await help_desk.say(person, text, later=timedelta(minutes=later))


@pytest.fixture
async def alices(help_desk: Help) -> str:
    await help_desk.grant("UTOM", Grade.RESPONDER)
    return await help_desk.owned("UALICE", full=False)


@pytest.mark.parametrize("text", [CLOSED, BY_ADMINISTRATOR])
@pytest.mark.parametrize("verdict", [Verdict.TERMINATED, Verdict.STILL_ENDING])
async def test_the_owner_is_told_who_ended_it_when_and_why(
    help_desk: Help, alices: str, text: str, verdict: Verdict
) -> None:
    await end(help_desk, alices, verdict)
    told = await says(help_desk, "UALICE", text)
    assert isinstance(told, WasClosed)
    assert (told.role, told.server, told.requester, told.reason) == (alices, "class", "UTOM", "exam at noon")
    assert await help_desk.open() == {}


async def test_nobody_else_is_told(help_desk: Help, alices: str) -> None:
    await help_desk.owned("UBOB", full=False)
    await end(help_desk, alices)
    assert isinstance(await says(help_desk, "UEVE"), Explained)
    assert isinstance(await says(help_desk, "UBOB"), Explained)


async def test_what_was_long_ago_is_not_taken_for_it(help_desk: Help, alices: str) -> None:
    await end(help_desk, alices)
    assert isinstance(await says(help_desk, "UALICE", later=9), WasClosed)
    assert isinstance(await says(help_desk, "UALICE", later=10.5), Explained)


@pytest.mark.parametrize("verdict", [Verdict.ALREADY_GONE, Verdict.CHANGED, Verdict.REFUSED, Verdict.FAILED])
async def test_what_the_bot_did_not_end_it_does_not_claim(help_desk: Help, alices: str, verdict: Verdict) -> None:
    await end(help_desk, alices, verdict)
    assert isinstance(await says(help_desk, "UALICE"), Explained)


async def test_a_cancelled_query_closes_nothing(help_desk: Help, alices: str) -> None:
    await end(help_desk, alices, kind=Kind.CANCEL)
    assert isinstance(await says(help_desk, "UALICE"), Explained)


async def test_of_several_the_last_one_is_told(help_desk: Help, alices: str) -> None:
    team = await help_desk.owned("UALICE", full=False)
    await end(help_desk, alices, reason="first")
    await end(help_desk, team, reason="second")
    told = await says(help_desk, "UALICE")
    assert isinstance(told, WasClosed)
    assert (told.role, told.reason) == (team, "second")


async def test_what_ended_of_an_earlier_role_of_that_name_is_not_the_new_one_s(help_desk: Help, alices: str) -> None:
    await end(help_desk, alices)
    help_desk.postgres.run("DROP ROLE {}", alices)
    help_desk.make_student(alices)
    await help_desk.own("UBOB", alices)
    assert isinstance(await says(help_desk, "UBOB"), Explained)


async def test_of_another_role_or_server_than_the_text_names_it_is_not_told(help_desk: Help, alices: str) -> None:
    await end(help_desk, alices)
    heard = help_desk.heard("UALICE", CLOSED)
    standing = await help_desk.standing("UALICE")

    async def told(role: str | None = None, host: str | None = None) -> type[Reply]:
        finding = replace(heard.finding, role=role, host=host)
        return type(await help_desk.reports.hear(replace(heard, finding=finding), standing, now=clock()))

    assert await told() is await told(role=alices) is await told(role=alices.upper()) is WasClosed
    assert await told(host="class.example.edu") is WasClosed
    assert await told(role="somebody") is await told(host="db.elsewhere.org") is Explained


async def test_what_ended_in_another_workspace_is_not_told(help_desk: Help, alices: str) -> None:
    await end(help_desk, alices)
    roles = {("class", help_desk.role(alices).oid)}
    a_while_ago = clock() - timedelta(minutes=10)
    assert await help_desk.history.ended_lately("T1", roles, a_while_ago) is not None
    assert await help_desk.history.ended_lately("T2", roles, a_while_ago) is None
    assert await help_desk.history.ended_lately("T1", (), a_while_ago) is None
