"""Programs that connect, are cut off, and come back."""

import contextlib

import pytest

from bot.demo.clients import Refused, Returning
from tests.eventually import eventually
from tests.postgres import Postgres


async def test_a_returning_program_comes_back_when_it_is_cut_off(postgres18: Postgres) -> None:
    role = postgres18.make_role()
    client = await Returning(postgres18.dsn(role), "notebook").start()
    async with contextlib.aclosing(_Closing(client)):
        (first,) = _pids(postgres18, role)
        postgres18.admin.execute("SELECT pg_terminate_backend(%s)", [first])
        await eventually(lambda: _pids(postgres18, role) not in ([], [first]))
        row = postgres18.activity(_pids(postgres18, role)[0])
        assert row["application_name"] == "notebook"
    await eventually(lambda: not _pids(postgres18, role))


async def test_a_returning_program_that_is_refused_tries_again(postgres18: Postgres) -> None:
    role = postgres18.make_role(limit=1)
    client = await Returning(postgres18.dsn(role), "notebook").start()
    async with contextlib.aclosing(_Closing(client)):
        (first,) = _pids(postgres18, role)
        postgres18.run("ALTER ROLE {} CONNECTION LIMIT 0", role)
        postgres18.admin.execute("SELECT pg_terminate_backend(%s)", [first])
        await eventually(
            lambda: "too many connections for role" in postgres18.server.log and not _pids(postgres18, role)
        )
        postgres18.run("ALTER ROLE {} CONNECTION LIMIT 1", role)
        await eventually(lambda: _pids(postgres18, role))


async def test_a_program_refused_at_first_says_so(postgres18: Postgres) -> None:
    role = postgres18.make_role(limit=0)
    with pytest.raises(Refused, match=f'^connection to server .* FATAL:  too many connections for role "{role}"$'):
        await Returning(postgres18.dsn(role), "notebook").start()


class _Closing:
    def __init__(self, client: Returning) -> None:
        self._client = client

    async def aclose(self) -> None:
        await self._client.close()


def _pids(postgres: Postgres, role: str) -> list[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE usename = %s"
    return [pid for (pid,) in postgres.admin.execute(query, [role])]
