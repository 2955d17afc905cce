"""`serve` samples its servers by itself, over the one connection it holds, and can be told not to."""

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.storage.tables import leases, sample_limits, sample_programs
from tests.courses import a_course
from tests.eventually import eventually
from tests.postgres import Postgres


@pytest.mark.parametrize("every", [1, 0])
async def test_samples_are_taken_while_it_serves(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, every: int
) -> None:
    toml = f"[samples]\nevery = {every}"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, toml=toml) as course:
        alice = course.make_student(limit=5)
        await course.fill(alice, 3, program="pgAdmin 4 - CONN:1")

        async def sampled() -> list[tuple[int, int | None, bool, list[str]]]:
            async with course.database() as database, database.read() as connection:
                of_alice = select(sample_limits).where(sample_limits.c.name == alice)
                rows = (await connection.execute(of_alice)).all()
                programs = (await connection.execute(select(sample_programs.c.program))).scalars().all()
                held = (await connection.execute(select(leases.c.name))).scalars().all()
            return [(row.used, row.slots, "pgAdmin" in programs, [*held]) for row in rows]

        if every:

            async def whole() -> bool:
                return any(row[:3] == (3, 5, True) and "samples:class" in row[3] for row in await sampled())

            await eventually(whole, within=10)
        else:
            await course.ask("alice", "/connbot help")
            assert await sampled() == []
