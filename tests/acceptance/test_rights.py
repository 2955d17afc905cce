"""A bot whose role lacks rights on the server: the operator is told at the start, the person at the command."""

from pathlib import Path

import pytest

from bot.slack import ids
from tests.courses import a_course
from tests.postgres import Postgres
from tests.processes import serving


async def test_without_the_right_to_see_nothing_is_shown_and_it_is_said(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dsn = postgres18.dsn(postgres18.make_bot_role(stats=False))
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, dsn=dsn) as course:
        alice = course.make_student()
        await course.fill(alice, 1)
        await course.grant("tom")

        told = await course.ask("tom", f"/conns {alice}")

    assert "GRANT pg_read_all_stats TO" in caplog.text
    assert "rights" in told.text


async def test_without_the_right_to_end_nothing_ends_and_it_is_said(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    """As a process: the sentence is for whoever starts it."""
    dsn = postgres18.dsn(postgres18.make_bot_role(signal=False))
    async with (
        a_course(postgres18, migrated_sqlite_url, tmp_path, dsn=dsn, serving=False) as course,
        serving(course.environment, tmp_path / "serve.err") as process,
    ):
        alice = course.make_student()
        (one,) = await course.fill(alice, 1)
        await course.grant("tom")
        asked = await course.ask("tom", f"/kill {alice} {one.pid}")
        told = await course.press("tom", asked, ids.TERMINATE)

        assert postgres18.is_open(one)
        assert process.err.count("GRANT pg_signal_backend TO") == 1
        assert "something is missing" not in process.err
        assert "right" in told.text
        entry = (await course.history(alice))[0]
        assert [backend["outcome"] for backend in entry["backends"]] == ["failed"]
