"""`connbot doctor` as a newcomer runs it: before, beside and without everything it looks at."""

import asyncio
import contextlib
import os
import pty
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.access.member import Grade
from bot.slack.scopes import EVENTS
from tests.courses import APP_TOKEN, BOT_TOKEN, CHANNEL, SECRET, Course, a_course, served
from tests.postgres import Postgres
from tests.processes import Ended, started, surroundings


async def doctor(course: Course, folder: Path, *arguments: str, **variables: str) -> Ended:
    """Run the command; nothing secret stands in what it prints, and it ends by itself."""
    environment = {**course.environment, **variables}
    async with started(("doctor", *arguments), environment, folder / "doctor.err") as process:
        ended = await process.end()
    assert "Traceback" not in ended.err
    for secret in (BOT_TOKEN, APP_TOKEN, SECRET):
        assert secret not in ended.out + ended.err
    return ended


async def test_a_sound_set_up_is_told_in_a_line_each_while_the_bot_serves(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    dsn = postgres18.dsn(postgres18.make_bot_role(reserved=True))
    async with a_course(postgres18, migrated_url, tmp_path, dsn=dsn, serving=False, CONNBOT_AUDIT_KEY="key") as course:
        course.make_student()
        channel = course.workspace.state.find_channel(CHANNEL).id
        config = tmp_path / "connbot.toml"
        config.write_text(f"staff_channel = '{channel}'\n{config.read_text()}")
        async with served(course):
            await course.grant("priya", Grade.ADMIN)
            told = await doctor(course, tmp_path)

    assert told.status == 0, told.out
    assert told.err == ""
    assert "FAULT" not in told.out
    assert "The bot is in #db-help" in told.out
    assert all(event in told.out for event in EVENTS)
    assert "connbot serve` " in told.out.replace("\n        ", "")
    assert all(len(line) <= 100 for line in told.out.splitlines())
    assert told.out.splitlines()[-1].startswith("Nothing is wrong.")


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """A port where everybody is let in and nobody ever gets an answer."""
    over = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]
        over.set()


async def test_when_everything_is_down_every_check_is_told_and_none_hangs(tmp_path: Path) -> None:
    async with silence() as port:
        (tmp_path / "connbot.toml").write_text(
            "[servers.gone]\ndsn = 'host=127.0.0.1 port=1 user=connbot'\nstudents = ['s']\n"
            f"[servers.silent]\ndsn = 'host=127.0.0.1 port={port} user=connbot'\nstudents = ['s']\n"
        )
        variables = {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
            "CONNBOT_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{port}/own",
        }
        async with started(("doctor",), variables, tmp_path / "doctor.err") as process:
            # Within the bound that every process of these tests has.
            ended = await process.end()

    assert ended.status == 1
    assert "Traceback" not in ended.err
    told = " ".join(ended.out.split())
    assert "Slack cannot be reached" in told
    assert "The bot's own database cannot be reached" in told
    assert told.count("It cannot be reached") == 2
    assert "pg_isready -h 127.0.0.1 -p 1" in told
    assert told.count(f"nc -vz -w 3 127.0.0.1 {port}") == 2


async def test_without_any_settings_all_that_is_missing_is_named(tmp_path: Path) -> None:
    async with started(("doctor",), {}, tmp_path / "doctor.err") as process:
        ended = await process.end()

    assert ended.status == 1
    told = " ".join(ended.out.split())
    for missing in ("SLACK_BOT_TOKEN is not set", "SLACK_APP_TOKEN", "There is no connbot.toml", "connbot allow"):
        assert missing in told
    assert "\x1b" not in ended.out
    assert not (tmp_path / "connbot.db").exists()


def seen_in_a_terminal(folder: Path, width: int) -> str:
    """What `connbot doctor` shows in a terminal so wide."""
    ours, its = pty.openpty()
    variables = surroundings() | {"TERM": "xterm", "COLUMNS": str(width)}
    with subprocess.Popen([sys.executable, "-m", "bot", "doctor"], cwd=folder, env=variables, stdout=its) as process:
        os.close(its)
        said = b""
        # How a terminal ends whose last program has gone.
        with contextlib.suppress(OSError):
            while more := os.read(ours, 4096):
                said += more
    os.close(ours)
    assert process.returncode == 1
    return said.decode().replace("\r\n", "\n")


async def test_a_terminal_gets_colours_and_its_own_width(tmp_path: Path) -> None:
    told = seen_in_a_terminal(tmp_path, 44)
    assert "\x1b[1;31mFAULT" in told
    words = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in told.splitlines()]
    assert all(len(line) <= 44 for line in words if not line.startswith(" " * 11) and " " in line[9:])


async def test_the_letter_needs_neither_slack_nor_a_server(tmp_path: Path) -> None:
    (tmp_path / "connbot.toml").write_text(
        "[servers.class]\ndsn = 'host=127.0.0.1 port=1 user=connbot dbname=postgres password=geheim'\nstudents = ['s']\n"
    )
    async with started(("doctor", "--letter"), {}, tmp_path / "doctor.err") as process:
        ended = await process.end()

    assert (ended.status, ended.err) == (0, "")
    assert "version unknown, the server could not be asked (Connection refused)" in ended.out
    assert f"`{tmp_path / 'connbot.db'}`" in ended.out
    assert not (tmp_path / "connbot.db").exists()
    assert "CREATE OR REPLACE FUNCTION" in ended.out
    assert "geheim" not in ended.out


async def test_the_letter_of_a_true_server_holds_the_script_that_is_printed_for_it(
    postgres18: Postgres, tmp_path: Path
) -> None:
    dsn = postgres18.dsn(postgres18.make_bot_role())
    (tmp_path / "connbot.toml").write_text(f"[servers.class]\ndsn = '{dsn}'\nstudents = ['s']\n")
    said = []
    for words in (("--letter",), ("--sql", "class")):
        async with started(("doctor", *words), {}, tmp_path / "doctor.err") as process:
            said.append((await process.end()).out)

    letter, script = said
    assert script.strip() in letter
    assert f"PostgreSQL {postgres18.server.version}" in letter
    assert "The guard is not yet in place." in letter
