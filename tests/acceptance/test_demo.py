"""`connbot demo`: the story is told once, the stage stands until Ctrl-C, and nothing is left in any case."""

import asyncio
import re
import secrets
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.demo import story
from bot.demo.stage import Stage
from tests.eventually import eventually
from tests.processes import ROOT, Process, connbot, started


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for all that a demo writes, whose name is nowhere else: PostgreSQL's sockets need a short one."""
    folder = Path("/tmp") / f"cb-{secrets.token_hex(6)}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def left_over(folder: Path) -> list[str]:
    """What still runs or lies in `folder`: every process of a demo names it on its command line or in its environment."""
    found = [entry.name for entry in folder.iterdir() if entry.is_dir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in known:
            found.append(known.replace(b"\0", b" ").decode("utf-8", "replace")[:200])
    return found


def variables(folder: Path) -> dict[str, str]:
    return {"TMPDIR": str(folder)}


async def page_of(process: Process) -> str:
    """The page's address, once it is told."""
    while line := await process.line():
        if found := re.search(r"Open (\S+) in a browser", line):
            return found[1]
    raise AssertionError(process.err)


async def test_once_it_tells_the_story_and_leaves_nothing(folder: Path) -> None:
    ended = await connbot("demo", "--once", variables=variables(folder), folder=folder)

    assert ended.status == 0, ended.out + ended.err
    assert ended.err == ""
    assert "Every one of" in ended.out
    for line in (
        'too many connections for role "alice"',
        "/conns alice",
        "nothing ended before the click",
        "alice is in",
    ):
        assert line in ended.out
    assert "&lt;" not in ended.out
    assert "<@" not in ended.out
    assert left_over(folder) == []


async def test_it_stays_until_ctrl_c_and_leaves_nothing(folder: Path) -> None:
    async with started(["demo", "--port", "0"], variables(folder), folder / "err") as process:
        page = await page_of(process)
        async with aiohttp.ClientSession() as session, session.get(page) as response:
            assert response.status == 200
        # The port is taken now; a second demo says so before it starts anything.
        port = page.rstrip("/").rpartition(":")[2]
        second = await connbot("demo", "--port", port, variables=variables(folder), folder=folder)
        assert left_over(folder) != []

        process.signal(signal.SIGINT)
        ended = await process.end()

    assert (second.status, len(second.err.splitlines())) == (1, 1)
    assert port in second.err
    assert "--port" in second.err
    assert (ended.status, ended.err) == (0, "")
    assert "Ending" in ended.out
    assert left_over(folder) == []


async def test_killed_it_takes_everything_along(folder: Path) -> None:
    async with started(["demo", "--port", "0"], variables(folder), folder / "err") as process:
        await page_of(process)

        process.signal(signal.SIGKILL)
        await process.end()

    # What it had no time to remove is the folder of its own configuration.
    await eventually(lambda: all(entry.startswith("connbot-demo-") for entry in left_over(folder)), within=20)


async def test_what_is_not_seen_is_not_claimed(capsys: pytest.CaptureFixture[str]) -> None:
    async with Stage({}, 0) as stage:
        staying = asyncio.create_task(story._stay(stage))
        await eventually(lambda: "Ctrl-C" in capsys.readouterr().out)

        await stage.bot.stop()

        assert await asyncio.wait_for(staying, 5) == 1
        assert "The bot ended" in capsys.readouterr().err
        assert await story._play(stage) == 1
    assert "Not seen: acknowledged" in capsys.readouterr().out


async def test_without_what_it_needs_it_says_so(folder: Path) -> None:
    extra = folder / "packages" / "yaml"
    extra.mkdir(parents=True)
    extra.joinpath("__init__.py").write_text("raise ModuleNotFoundError(name='yaml')")
    path = {"PYTHONPATH": f"{extra.parent}:{ROOT}"}

    ended = await connbot("demo", "--once", variables=variables(folder) | path, folder=folder)

    assert ended.status == 1
    assert ended.err == "The demo needs the package yaml: install connbot with its extra, connbot[demo].\n"
