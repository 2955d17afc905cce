"""The end of a pooler's clients: rights and time are asked of their server once more, right before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.connections.pooled import Pooled
from bot.errors import PoolerUnavailable
from bot.incidents.proposal import Kind, Proposal, State
from bot.servers.fleet import Fleet
from bot.servers.pooled import client_target
from bot.servers.server import Verdict
from bot.servers.settings import ServerSettings
from tests.builders import a_proposal
from tests.consoles import Console as Pooler
from tests.consoles import a_console
from tests.postgres import Postgres


class Class:
    """One server with a pooler, a student, and a claimed proposal to end the student's client."""

    def __init__(self, postgres: Postgres, pooler: Pooler, fleet: Fleet, student: str) -> None:
        self.postgres = postgres
        self.pooler = pooler
        self.fleet = fleet
        self.student = student

    async def claimed(self, *, left: float = 10.0) -> Proposal:
        """A claim whose deadline is `left` seconds away by the server's clock."""
        self.pooler.add(self.student)
        server, console = self.fleet.choose("class"), self.fleet.console("class")
        reading = await server.read(self.student)
        assert reading is not None
        assert console is not None
        found = await console.look(self.student)
        claim = a_proposal(kind=Kind.CLIENT, role=self.student, role_oid=reading.role.oid, state=State.CLAIMED)
        targets = tuple(client_target(client, found, reading.role, {}) for client in found.clients)
        return replace(claim, targets=targets, deadline=await server.clock() + timedelta(seconds=left))

    async def end(self, claimed: Proposal) -> tuple[Verdict, str]:
        verdicts = await Pooled(self.fleet).end(claimed)
        (one,) = verdicts
        return verdicts[one], verdicts.details.get(one, "")


@asynccontextmanager
async def a_class(postgres: Postgres) -> AsyncIterator[Class]:
    students = postgres.make_group()
    async with a_console() as pooler:
        dsn = postgres.dsn(postgres.make_bot_role())
        settings = ServerSettings("class", dsn, students=(students,), pgbouncer=pooler.dsn())
        async with Fleet([settings]) as fleet:
            yield Class(postgres, pooler, fleet, postgres.make_role("student", groups=[students]))


async def test_what_is_claimed_is_ended(postgres18: Postgres) -> None:
    async with a_class(postgres18) as course:
        assert await course.end(await course.claimed()) == (Verdict.TERMINATED, "")
        assert course.pooler.clients == []


@pytest.mark.parametrize("left", [0.0, -60.0])
async def test_past_the_deadline_by_the_server_s_clock_nothing_is_sent(postgres18: Postgres, left: float) -> None:
    async with a_class(postgres18) as course:
        assert await course.end(await course.claimed(left=left)) == (Verdict.INTERRUPTED, "")
        assert course.pooler.ended == []


async def test_a_server_that_is_gone_tells_no_time_so_nothing_is_sent(postgres18: Postgres) -> None:
    async with a_class(postgres18) as course:
        claimed = await course.claimed()
        course.postgres.halt()
        assert await course.end(claimed) == (Verdict.FAILED, "server_silent")
        assert course.pooler.ended == []


async def test_a_role_made_anew_since_is_not_the_one_that_was_shown(postgres18: Postgres) -> None:
    async with a_class(postgres18) as course:
        claimed = await course.claimed()
        course.postgres.run("DROP ROLE {}", course.student)
        assert await course.end(claimed) == (Verdict.ALREADY_GONE, "")
        course.postgres.run("CREATE ROLE {} LOGIN", course.student)
        assert await course.end(claimed) == (Verdict.ALREADY_GONE, "")
        assert course.pooler.ended == []


async def test_a_role_that_became_a_superuser_since_is_refused(postgres18: Postgres) -> None:
    async with a_class(postgres18) as course:
        claimed = await course.claimed()
        course.postgres.run("ALTER ROLE {} SUPERUSER", course.student)
        assert await course.end(claimed) == (Verdict.REFUSED, "superuser")
        assert course.pooler.ended == []


async def test_a_claim_without_a_deadline_is_none(postgres18: Postgres) -> None:
    async with a_class(postgres18) as course:
        with pytest.raises(ValueError, match="deadline"):
            await course.end(replace(await course.claimed(), deadline=None))


async def test_a_console_that_is_configured_no_more_is_said(postgres18: Postgres) -> None:
    async with a_class(postgres18) as course:
        claimed = await course.claimed()
        settings = replace(course.fleet.settings("class"), pgbouncer=None)
        async with Fleet([settings]) as without:
            with pytest.raises(PoolerUnavailable) as told:
                await Pooled(without).end(claimed)
            assert told.value.why == "none"
            with pytest.raises(PoolerUnavailable):
                await Pooled(without).presence(claimed)
