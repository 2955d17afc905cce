"""What has grown old names nobody any more, by itself, where a course says for how long people are named."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from bot.clock import clock
from bot.storage.tables import incidents
from tests.courses import a_course, served
from tests.eventually import eventually
from tests.histories import an_incident, write
from tests.postgres import Postgres


async def test_a_course_that_serves_reduces_what_is_old_and_nothing_else(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    top = "[retention]\nmonths = 1\n"
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, top=top, serving=False) as course:
        old, new = (
            an_incident(number, clock() - timedelta(days=days), team=course.team)
            for number, days in enumerate((60, 20))
        )
        async with course.database() as database:
            await write(database, incidents, old, new)

        async def reporters() -> list[str]:
            async with course.database() as database, database.read() as connection:
                query = select(incidents.c.reporter).order_by(incidents.c.opened_at)
                return list((await connection.execute(query)).scalars())

        async def reduced() -> bool:
            return await reporters() != ["U1", "U1"]

        async with served(course):
            await eventually(reduced, within=10)
        assert await reporters() == ["forgotten", "U1"]
