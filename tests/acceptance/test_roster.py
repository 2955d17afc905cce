"""`connbot roster import`: a class list against a true workspace and a true server, shown before it is stored."""

import asyncio
import os
import pty
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.access.ownership import Ownership
from bot.storage.record import Record
from bot.workspace.limits import Fault
from bot.workspace.seed import Person
from tests.courses import Course, a_course, a_seed, slack_id
from tests.eventually import eventually
from tests.postgres import Postgres
from tests.processes import surroundings
from tests.terminals import Said, Terminal

CROWD = [f"person{number:03}x" for number in range(230)]


@dataclass
class Registrar:
    """Imports class lists."""

    course: Course
    folder: Path
    terminal: Terminal

    def write(self, text: str | bytes) -> str:
        path = self.folder / "class.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    async def load(self, text: str | bytes, *options: str, **variables: str) -> Said:
        """Write the list and import it, as a script does: nobody is there to be asked."""
        path = self.write(text)
        return await asyncio.to_thread(self.terminal, "roster", "import", path, *options, **variables)

    async def owned(self, who: str) -> list[tuple[str, str]]:
        """A person's roles, and where each link comes from."""
        async with self.course.database() as database:
            links = await Ownership(database, Record(None)).roles_of(self.course.team, slack_id(who))
        return [(link.role, link.origin.value) for link in links]


@pytest_asyncio.fixture
async def registrar(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Registrar]:
    seed = a_seed()
    seed = replace(seed, people=(*seed.people, Person("robot", "Robot", "robot@example.edu", is_bot=True)))
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, seed=seed, serving=False) as course:
        yield Registrar(course, tmp_path, Terminal(capsys, course.environment))


async def test_a_class_list_is_matched_shown_and_stored(registrar: Registrar) -> None:
    course = registrar.course
    alice, bob = course.make_student(), course.make_student()
    said = await registrar.load(
        f"Name,E-Mail,Role,Grade\nAlice,ALICE@example.edu,{alice},A\nBob,bob@example.edu,{bob.upper()},B\n"
        f"Nobody,nobody@example.edu,{bob},C\nMallory,mallory@example.edu,nosuchrole,D\n"
        f"Alice,alice@example.edu,{alice},A\nBroken,not an address,{bob},F\nRobot,robot@example.edu,{bob},F\n"
        f"Tom,tom@example.edu,{course.service},F\n"
    )

    assert said.status == 0, said.err
    for line in (
        "2 matched, to own their roles on class:",
        f"alice@example.edu ({slack_id('alice')}): {alice}",
        f"bob@example.edu ({slack_id('bob')}): {bob}",
        "2 not in Slack",
        "line 4: nobody@example.edu",
        "line 8: robot@example.edu",
        "1 no such role",
        "line 5: nosuchrole",
        "1 not among the configuration's students",
        f"line 9: {course.service}",
        "1 said twice",
        "line 6: alice@example.edu",
        "1 not readable",
        "line 7: its e-mail is no address",
        "Stored: 2 new, 0 there before.",
    ):
        assert line in said.out
    assert await registrar.owned("alice") == [(alice, "roster")]
    assert await registrar.owned("bob") == [(bob, "roster")]
    assert await registrar.owned("mallory") == []
    assert await registrar.owned("tom") == []
    again = await registrar.load(f"email,role\nalice@example.edu,{alice}\n")
    assert "Stored: 0 new, 1 there before." in again.out


async def test_as_a_spreadsheet_writes_it(registrar: Registrar) -> None:
    alice = registrar.course.make_student()

    said = await registrar.load(f"\ufeffE-mail address;Database user\r\nalice@example.edu;{alice}\r\n")

    assert said.status == 0
    assert await registrar.owned("alice") == [(alice, "roster")]


async def test_dry_run_stores_nothing(registrar: Registrar) -> None:
    alice = registrar.course.make_student()

    said = await registrar.load(f"email,role\nalice@example.edu,{alice}\n", "--dry-run")

    assert said.status == 0
    assert said.out.endswith("Nothing was stored.\n")
    assert await registrar.owned("alice") == []


async def test_replace_ends_what_is_no_longer_there_but_not_what_staff_said(registrar: Registrar) -> None:
    course = registrar.course
    alice, bob = course.make_student(), course.make_student()
    await course.own("mallory", alice)
    await registrar.load(f"email,role\nalice@example.edu,{alice}\nbob@example.edu,{bob}\n")

    kept = await registrar.load(f"email,role\nalice@example.edu,{alice}\n")
    assert await registrar.owned("bob") == [(bob, "roster")]
    said = await registrar.load(f"email,role\nalice@example.edu,{alice}\n", "--replace")

    assert "no longer" not in kept.out
    assert "1 no longer in the file" in said.out
    assert f"{slack_id('bob')}: {bob}" in said.out
    assert "1 matched, and own their roles on class already" in said.out
    assert "to own their roles" not in said.out
    assert "Stored: 0 new, 1 there before, 1 ended." in said.out
    assert await registrar.owned("bob") == []
    assert await registrar.owned("alice") == [(alice, "roster")]
    assert await registrar.owned("mallory") == [(alice, "staff")]


async def test_a_large_class_is_picked_out_of_the_whole_list(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One by one would take Slack's limit of fifty a minute; the list comes in pages, with a limit of its own."""
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, seed=a_seed(CROWD), serving=False) as course:
        alice = course.make_student()
        course.workspace.inject("users.list", Fault(429, retry_after=1))
        registrar = Registrar(course, tmp_path, Terminal(capsys, course.environment))

        said = await registrar.load("email,role\n" + "".join(f"{who}@example.edu,{alice}\n" for who in CROWD))

        assert "230 matched" in said.out
        assert "… and 210 more" in said.out
        assert f"{alice}: " in said.out
        called = [call.method for call in course.workspace.calls]
        assert called.count("users.list") == 2
        assert "users.lookupByEmail" not in called


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("name,age\nx,y\n", "names no e-mail and role columns"),
        (b"\x00\xff\x9a", "The file is no text: save the list as CSV"),
    ],
    ids=["empty", "other columns", "garbage"],
)
async def test_a_file_that_is_no_class_list_is_a_sentence(registrar: Registrar, text: str | bytes, word: str) -> None:
    said = await registrar.load(text)

    assert said.status == 1
    assert word in said.err
    assert len(said.err.splitlines()) == 1


async def test_what_is_in_the_way_is_a_sentence(registrar: Registrar) -> None:
    rows = "email,role\nalice@example.edu,x\n"
    workspace = registrar.course.workspace
    told = {
        "SLACK_BOT_TOKEN": await registrar.load(rows, SLACK_BOT_TOKEN=""),
        "Slack refuses SLACK_BOT_TOKEN (invalid_auth)": await registrar.load(rows, SLACK_BOT_TOKEN="xoxb-another"),
        "Slack cannot be reached": await registrar.load(rows, SLACK_API_URL="http://127.0.0.1:1/api/"),
        "There is no server elsewhere": await registrar.load(rows, "--server", "elsewhere"),
    }
    workspace.inject("users.lookupByEmail", Fault(503), times=9)
    told["Slack cannot be reached to look up the e-mails (internal_error)"] = await registrar.load(rows)
    registrar.course.postgres.halt()
    told["The server class cannot be reached"] = await registrar.load(rows)

    for words, said in told.items():
        assert (said.status, said.out) == (1, ""), words
        assert words in said.err
        assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(("answer", "stored"), [("y\n", True), ("\n", False), ("\x04", False)])
async def test_a_person_is_asked_first(registrar: Registrar, answer: str, *, stored: bool) -> None:
    alice = registrar.course.make_student()
    path = registrar.write(f"email,role\nalice@example.edu,{alice}\n")
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "roster", "import", path,
        env=surroundings() | registrar.course.environment, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    shown = ""

    def asked() -> bool:
        nonlocal shown
        shown += read(ours)
        return "[y/N]" in shown

    await eventually(asked, within=20)
    assert await registrar.owned("alice") == []
    os.write(ours, answer.encode())
    status = await asyncio.wait_for(process.wait(), 20)
    shown += read(ours)
    os.close(ours)

    assert "Traceback" not in shown
    assert status == (0 if stored else 1)
    assert ("Nothing was stored" in shown) is not stored
    assert await registrar.owned("alice") == ([(alice, "roster")] if stored else [])


def read(descriptor: int) -> str:
    try:
        return os.read(descriptor, 10_000).decode()
    except (BlockingIOError, OSError):
        return ""


async def test_a_registrars_list_with_columns_that_are_named(registrar: Registrar) -> None:
    alice, bob = registrar.course.make_student(), registrar.course.make_student()
    rows = f"alice@example.edu;{alice};Enrolled\nbob@example.edu;{bob};Dropped\n"
    text = f"Databases 101;;\nPost;Login;Standing\n{rows}"
    options = ("--email", "Post", "--role", "{login}", "--status", "Standing=enrolled", "--dry-run")
    said = await registrar.load(text, *options)
    assert (said.status, said.err) == (0, "")
    assert "1 matched" in said.out
    assert "1 of another status: left out." in said.out
    wrong = await registrar.load(text, "--email", "Post", "--role", "{login}", "--status", "enrolled")
    assert wrong.status == 2
