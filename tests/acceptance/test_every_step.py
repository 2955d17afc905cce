"""Killed, or stopped and continued, at every step between a click and its answer: nothing lost, doubled or late.

A step is a message in either direction between the bot and the class's server, Slack, or its own PostgreSQL database, or a
statement or commit on its own SQLite file. They are not listed anywhere: one click goes through
undisturbed to find them, then one is disturbed at each. A message at which the bot is killed does not arrive, be it sent by
the bot or to it. Several lanes share the steps, each with a workspace and an own database.
"""

import asyncio
import contextlib
import itertools
import secrets
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, Row, create_engine, select
from sqlalchemy.engine import make_url

from bot.clock import clock
from bot.incidents.proposal import State
from bot.servers.server import Presence, Verdict
from bot.slack import ids
from bot.storage.engine import OwnDatabase
from bot.storage.migrate import upgrade
from bot.storage.record import Record, Verified
from bot.storage.tables import proposal_backends, proposals, record_head
from bot.storage.tables import record as entries
from bot.workspace.block_kit.walk import elements
from bot.workspace.model import Message
from bot.workspace.server import Workspace
from tests.courses import CHANNEL, Course, a_course
from tests.eventually import eventually
from tests.forks import SHORT, Fork, Forks, forking
from tests.majors import NEWEST
from tests.postgres import OpenBackend, Postgres, Running
from tests.taps import Passing, Signals, tap

pytestmark = pytest.mark.timeout(600)  # two hundred starts of a process; half a minute each test on two idle cores
LANES = 5
WITHIN = 20.0
WHO = "tom"
NEVER = 10_000
"""A step that does not come."""
AT_THE_END = ""
"""Of a click that had not so many steps: nothing was disturbed."""
SURVEYED = 6
"""Clicks that are let be, to see which steps there are."""
TRIES = 10
TERMINATED, THERE, GONE = "terminated ", "interrupted there", "interrupted gone"
ON_THE_NEXT_CLICK = (State.PROPOSED, TERMINATED)
NOT_SIGNALLED = (State.CLAIMED, THERE)
SIGNALLED = (State.CLAIMED, GONE)
TOLD_LATER = (State.RESOLVED, TERMINATED)
"""The state in which a proposal was left, and what its person was told at the end."""
BEFORE_ITS_TIME_BEGAN = (State.PROPOSED, TERMINATED)
TOO_LATE = (State.PROPOSED, THERE)
SEEN_BY_ITSELF = (State.CLAIMED, TERMINATED)
"""The same for one that was only stopped."""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A server with room for all lanes: each takes about ten connections."""
    with contextlib.closing(Running(NEWEST, max_connections=100)) as running:
        yield running


@pytest.fixture
def roomy(running: Running) -> Iterator[Postgres]:
    postgres = Postgres(running)
    yield postgres
    postgres.clean()


@pytest.fixture
def own_files(migrated_file: Path, tmp_path: Path) -> Callable[[], str]:
    """Makes own databases: SQLite files."""
    numbers = itertools.count(1)
    return lambda: f"sqlite:///{shutil.copy(migrated_file, tmp_path / f'own-{next(numbers)}.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def own_urls(request: pytest.FixtureRequest, own_files: Callable[[], str], roomy: Postgres) -> Callable[[], str]:
    """Makes own databases of one kind or the other."""

    def make() -> str:
        url = roomy.url(dbname=roomy.make_database("own"))
        upgrade(url)
        return url

    return own_files if request.param == "sqlite" else make


@dataclass
class Lane:
    """A course whose bot is behind taps; `alice` is its student, `engine` the tests' own door to the bot's."""

    course: Course
    forks: Forks
    passing: Passing
    signals: Signals
    alice: str
    engine: Engine
    direct: dict[str, str]
    """The environment of a bot that no tap stands before."""
    order: Path
    bot: Fork
    became: list[str] = field(default_factory=list)
    """What became of each click, for whoever reads a failure."""
    clicking: asyncio.Task[None] | None = None

    async def serve(self) -> Fork:
        """Begin the bot behind the taps."""
        return await self.forks.serve(self.course.environment, order=self.order)

    async def settled(self, asked: "Asked", at: int, state: str) -> str:
        """Wait until the person of a click is told, see that all is well, and return what was told."""
        await eventually(partial(self.is_told, asked.proposal_id), within=WITHIN)
        end = await check(self, asked)
        self.became.append(f"{at} {state or 'undisturbed'}: {end}")
        assert self.clicking is not None
        await self.clicking
        await self.course.postgres.close_backend(asked.one)
        return end

    async def begin_after(self, proposal_id: str) -> None:
        """Begin the bot anew when its time for this proposal is over: it looks once, at its beginning."""
        proposal = self.proposal(proposal_id)
        over = max(filter(None, (proposal.deadline, proposal.telling_until)), default=clock())
        await eventually(lambda: clock() > over, every=0.1)
        self.bot = await self.serve()

    def proposal(self, proposal_id: str) -> Row[Any]:
        """A proposal's row as it is now."""
        with self.engine.connect() as connection:
            return connection.execute(select(proposals).where(proposals.c.id == proposal_id)).one()

    def may_be_settled(self) -> bool:
        """Whether another process can settle: on a file there is none, and whoever has the record in hand is waited for."""
        if self.engine.name == "sqlite":
            return False
        with self.engine.connect() as connection:
            return connection.execute(select(record_head).with_for_update(skip_locked=True)).first() is not None

    def is_told(self, proposal_id: str) -> bool:
        """Whether it is on record that its person was told."""
        return self.proposal(proposal_id).told_at is not None

    def seen(self) -> list[Message]:
        """All that is seen of the bot, in the channel and in the direct messages."""
        workspace = self.course.workspace
        return [*workspace.messages(CHANNEL, WHO), *workspace.messages(workspace.dm(WHO), WHO)]


@dataclass
class Asked:
    """A session and the message that asks whether to end it."""

    one: OpenBackend
    message: Message
    proposal_id: str
    before: list[Message]
    """All that was seen then."""


async def ask(lane: Lane) -> Asked:
    # Each by a program of its own: none is taken for another one that reconnects.
    one = await lane.course.postgres.open_backend(lane.alice, application_name=secrets.token_hex(4))
    message = await lane.course.ask(WHO, f"/kill {lane.alice} {one.pid}")
    (button,) = [element for _, element in elements(message.blocks) if element["action_id"] == ids.TERMINATE]
    return Asked(one, message, button["value"], lane.seen())


async def click(lane: Lane, asked: Asked) -> None:
    """Press **Terminate**; whether it is acknowledged is another matter."""
    await lane.course.workspace.click(WHO, CHANNEL, asked.message.ts, action_id=ids.TERMINATE)


async def check(lane: Lane, asked: Asked) -> str:
    """What must hold of a click that was told: one end, one truth, one telling, in the place of the buttons."""
    proposal, course, one = lane.proposal(asked.proposal_id), lane.course, asked.one
    assert proposal.state == State.RESOLVED
    async with OwnDatabase(course.url) as database, database.read() as connection:
        assert isinstance(await Record(None).verify(connection), Verified)
        about = select(entries.c.kind).where(entries.c.payload.contains(asked.proposal_id)).order_by(entries.c.seq)
        assert (await connection.execute(about)).scalars().all() == ["claim", "termination"]
        backends = select(proposal_backends).where(proposal_backends.c.proposal_id == asked.proposal_id)
        outcome = (await connection.execute(backends)).one()
    if outcome.outcome == Verdict.TERMINATED:
        await eventually(lambda: not course.postgres.is_open(one))
    else:
        assert outcome.outcome == Verdict.INTERRUPTED
        assert outcome.outcome_detail == (Presence.THERE if course.postgres.is_open(one) else Presence.GONE)

    told, *new = [message for message in lane.seen() if message not in asked.before]
    assert new == []
    assert told.ts == asked.message.ts
    ended = outcome.outcome == Verdict.TERMINATED
    assert ("ended 1 connection" in told.text) == ended, told.text
    assert ("interrupted" in told.text) == (not ended), told.text
    assert ids.TERMINATE not in [element["action_id"] for _, element in elements(told.blocks)]

    signalled = lane.signals.of(one.pid, one.started_at)
    assert len(signalled) <= 1, "signalled twice"
    in_time = [at for at in signalled if at < proposal.deadline]
    assert course.postgres.is_open(one) == (not in_time), "signalled late"

    return f"{outcome.outcome} {outcome.outcome_detail}"


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a click: the steps until it was disturbed, the state it was left in ("" undisturbed), what was told."""

    steps: list[str]
    left: str
    told: str


class Steps(Protocol):
    """Steps of one kind, and a way to send the bot a signal at one of them."""

    def arm(self, lane: Lane, at: int, number: signal.Signals) -> None:
        """Send the lane's bot a signal at step `at`, counted from now on."""

    def reached(self, lane: Lane) -> list[str]:
        """The steps that it came to so far, up to that one."""

    def disarm(self, lane: Lane) -> bool:
        """Count no more; whether the signal was not sent by then and never will be."""


class Messages:
    """Messages between the bot and what is behind the taps; one at which it is killed does not arrive."""

    def arm(self, lane: Lane, at: int, number: signal.Signals) -> None:
        bot = lane.bot

        def disturb() -> bool:
            bot.signal(number)
            return number is not signal.SIGKILL

        lane.passing.arm(at, disturb)

    def reached(self, lane: Lane) -> list[str]:
        return lane.passing.seen

    def disarm(self, lane: Lane) -> bool:
        return lane.passing.disarm()


class Statements:
    """Statements and commits on its own database, each before and after."""

    def arm(self, lane: Lane, at: int, number: signal.Signals) -> None:
        self._trace(lane).write_text("")
        written = lane.order.with_suffix(".new")
        written.write_text(f"{at} {int(number)} {secrets.token_hex(4)}")
        written.rename(lane.order)

    def reached(self, lane: Lane) -> list[str]:
        return self._trace(lane).read_text().splitlines()

    def disarm(self, lane: Lane) -> bool:
        try:
            lane.order.unlink()
        except FileNotFoundError:
            return False
        return True

    def _trace(self, lane: Lane) -> Path:
        return lane.order.with_suffix(".trace")


async def disturbed(steps: Steps, lane: Lane, at: int, number: signal.Signals) -> tuple[Asked, list[str]]:
    """Click, and wait until step `at` or the end of it; returns what was clicked and the steps until then."""
    asked = await ask(lane)
    steps.arm(lane, at, number)
    lane.clicking = asyncio.create_task(click(lane, asked))
    await eventually(partial(is_over, steps, lane, asked, at), within=WITHIN)
    if not steps.disarm(lane):
        await eventually(lambda: len(steps.reached(lane)) == at)
    return asked, steps.reached(lane)


def is_over(steps: Steps, lane: Lane, asked: Asked, at: int) -> bool:
    return len(steps.reached(lane)) == at or lane.is_told(asked.proposal_id)


async def killed(steps: Steps, lane: Lane, at: int) -> Became:
    """Click with the bot killed at step `at`, begin it again and see that all is well."""
    asked, reached = await disturbed(steps, lane, at, signal.SIGKILL)
    state: str = AT_THE_END
    if len(reached) == at:
        await lane.bot.kill()
        state = lane.proposal(asked.proposal_id).state
        await lane.begin_after(asked.proposal_id)
        if state == State.PROPOSED:
            stands(lane, asked)
            await click(lane, asked)
    return Became(reached, state, await lane.settled(asked, at, state))


def stands(lane: Lane, asked: Asked) -> None:
    """Nothing happened, nothing is said, and the buttons are there."""
    assert lane.proposal(asked.proposal_id).state == State.PROPOSED
    assert lane.course.postgres.is_open(asked.one)
    assert lane.signals.of(asked.one.pid, asked.one.started_at) == []
    assert lane.seen() == asked.before


async def stopped(steps: Steps, lane: Lane, at: int) -> Became:
    """Click with the bot stopped at step `at` until its time is over, and see that all is well.

    On a database that it shares another bot comes meanwhile, and settles what it finds claimed.
    """
    asked, reached = await disturbed(steps, lane, at, signal.SIGSTOP)
    bot, replica, state = lane.bot, None, ""
    if len(reached) == at:
        await eventually(lambda: bot.stopped)
        over = clock() + SHORT.claim_holds_for
        await eventually(lambda: clock() > over or lane.proposal(asked.proposal_id).resolved_at, every=0.1)
        state = lane.proposal(asked.proposal_id).state
        if state == State.CLAIMED and lane.may_be_settled():
            replica = await lane.forks.serve(lane.direct)
            await eventually(partial(lane.is_told, asked.proposal_id), within=WITHIN)
        bot.signal(signal.SIGCONT)
    await eventually(lambda: lane.seen() != asked.before or bot.left_untold, within=WITHIN)
    # What it still has to say, it says before it ends, or the next one says it. The next click is for another one in any
    # case: one that has answered often prepares its statements, which is a step more.
    bot.signal(signal.SIGTERM)
    await eventually(lambda: not bot.alive, within=WITHIN)
    if replica:
        await replica.kill()
    await lane.begin_after(asked.proposal_id)
    return Became(reached, state, await lane.settled(asked, at, state))


async def cut_off(lane: Lane, at: int) -> Became:
    """Click with a connection broken at message `at`, and see that all is well."""
    asked = await ask(lane)
    lane.passing.arm(at, lambda: False)
    lane.clicking = asyncio.create_task(click(lane, asked))
    await eventually(lambda: lane.seen() != asked.before, within=WITHIN)
    lane.passing.disarm()
    # What it says at first may be that the server is still at it; its last word comes before it ends.
    lane.bot.signal(signal.SIGTERM)
    await eventually(lambda: not lane.bot.alive, within=WITHIN)
    state = lane.proposal(asked.proposal_id).state
    if state == State.CLAIMED:
        (told,) = [message for message in lane.seen() if message not in asked.before]
        assert "stopped answering" in told.text
        assert "please do not ask again yet" in told.text
    await lane.begin_after(asked.proposal_id)
    return Became(lane.passing.seen, state, await lane.settled(asked, at, state))


@asynccontextmanager
async def a_lane(postgres: Postgres, url: str, folder: Path, forks: Forks) -> AsyncIterator[Lane]:
    folder.mkdir()
    passing, signals, own = Passing(), Signals(), make_url(url)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(tap("class", postgres.host, postgres.port, passing, signals.reader))
        direct = postgres.dsn(postgres.make_bot_role())
        course = await stack.enter_async_context(a_course(postgres, url, folder, serving=False, dsn=direct))
        tapped = make_conninfo(direct, host="127.0.0.1", port=port)
        config = Path(course.environment["CONNBOT_CONFIG"])
        behind = config.with_name("behind-taps.toml")
        behind.write_text(config.read_text().replace(direct, tapped))
        without = dict(course.environment)
        slack = make_url(course.workspace.url)
        port = await stack.enter_async_context(tap("Slack", slack.host or "", slack.port or 0, passing))
        lead_through(course.workspace, f"127.0.0.1:{port}")
        course.environment |= {"CONNBOT_CONFIG": str(behind), "SLACK_API_URL": f"http://127.0.0.1:{port}/api/"}
        if own.host:
            port = await stack.enter_async_context(tap("own", own.host, own.port or 0, passing))
            tapped = own.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
            course.environment["CONNBOT_DATABASE_URL"] = tapped
        engine = create_engine(
            own.set(drivername="postgresql+psycopg") if own.host else own, pool_size=1, max_overflow=0
        )
        stack.callback(engine.dispose)
        await course.grant(WHO)
        order = folder / "order"
        bot = await forks.serve(course.environment, order=order)
        alice = course.make_student(limit=-1)
        yield Lane(course, forks, passing, signals, alice, engine, without, order, bot)


def lead_through(workspace: Workspace, address: str) -> None:
    """Let the bot find everything of Slack's behind one address: connections and the places for answers too."""
    workspace.socket_mode.link = f"ws://{address}/link"
    workspace._response_urls.base = f"http://{address}/response/"


async def at_every_step(
    disturb: Callable[[Lane, int], Awaitable[Became]],
    postgres: Postgres,
    own_urls: Callable[[], str],
    folder: Path,
    meant: Callable[[str], bool] = bool,
) -> set[tuple[str, str]]:
    """Find out the steps of a click, then disturb one of those `meant` after the other; returns the states they were left
    in with their ends.

    That each was the step it was meant to be is seen from those before it: a click that took others is repeated. Once the
    end is resolved, several are told at once, in whatever order: there any step will do, and what must hold of it holds.
    """
    async with forking(folder) as forks, AsyncExitStack() as stack:
        lanes = [
            await stack.enter_async_context(a_lane(postgres, own_urls(), folder / f"lane-{number}", forks))
            for number in range(LANES)
        ]
        try:
            found: list[list[str]] = []
            while len(found) < SURVEYED:
                undisturbed = await asyncio.gather(*(disturb(lane, NEVER) for lane in lanes[:2]))
                found += [one.steps for one in undisturbed if one.told == TERMINATED]
            # One of them may have met something else that the bot does by itself.
            usual = max(found, key=lambda one: sum(alike(one, other) for other in found))
            left = [at for at in range(len(usual), 0, -1) if meant(usual[at - 1])]
            ends = await asyncio.gather(*(share(disturb, lane, usual, left) for lane in lanes))
        finally:
            for number, lane in enumerate(lanes):
                print(f"lane {number}: {', '.join(lane.became)}")
        print(len(usual), usual)
        return set().union(*ends)


def alike(one: list[str], other: list[str]) -> int:
    """How many steps two clicks have in common before the first that differs."""
    differ = (at for at, (here, there) in enumerate(zip(one, other, strict=False)) if here != there)
    return next(differ, min(len(one), len(other)))


async def share(
    disturb: Callable[[Lane, int], Awaitable[Became]], lane: Lane, usual: list[str], left: list[int]
) -> set[tuple[str, str]]:
    """Disturb steps that are left, together with other lanes, until none is."""
    ends = set()
    while left:
        at = left.pop()
        tried: list[Became] = []
        while len(tried) < TRIES and not any(meant_or_resolved(one, usual[:at]) for one in tried):
            tried.append(await disturb(lane, at))
        # Of those who are told at once another may have been faster, or have had one message less to wait for.
        assert any(meant_or_resolved(one, usual[:at]) or one.left == AT_THE_END for one in tried), tried
        ends |= {(one.left, one.told) for one in tried}
    return ends


def meant_or_resolved(became: Became, steps: list[str]) -> bool:
    return became.steps == steps or became.left == State.RESOLVED


async def test_killed_at_every_message(roomy: Postgres, own_urls: Callable[[], str], tmp_path: Path) -> None:
    ends = await at_every_step(partial(killed, Messages()), roomy, own_urls, tmp_path)

    assert ends >= {ON_THE_NEXT_CLICK, NOT_SIGNALLED, SIGNALLED, TOLD_LATER}


async def test_killed_at_every_statement(roomy: Postgres, own_files: Callable[[], str], tmp_path: Path) -> None:
    """Of an SQLite file; with PostgreSQL each is a message."""
    ends = await at_every_step(partial(killed, Statements()), roomy, own_files, tmp_path)

    assert ends >= {ON_THE_NEXT_CLICK, SIGNALLED, TOLD_LATER}


async def test_stopped_at_every_message_until_its_time_is_over(
    roomy: Postgres, own_urls: Callable[[], str], tmp_path: Path
) -> None:
    ends = await at_every_step(partial(stopped, Messages()), roomy, own_urls, tmp_path)

    assert ends >= {BEFORE_ITS_TIME_BEGAN, TOO_LATE, SEEN_BY_ITSELF, TOLD_LATER}
    assert ends >= {NOT_SIGNALLED, SIGNALLED} or own_urls().startswith("sqlite")


async def test_stopped_at_every_statement_until_its_time_is_over(
    roomy: Postgres, own_files: Callable[[], str], tmp_path: Path
) -> None:
    ends = await at_every_step(partial(stopped, Statements()), roomy, own_files, tmp_path)

    assert ends >= {TOO_LATE, SEEN_BY_ITSELF, TOLD_LATER}


async def test_the_students_server_lost_at_every_message(
    roomy: Postgres, own_files: Callable[[], str], tmp_path: Path
) -> None:
    """What may be asked again is; where a signal may have been sent, its person is told so and later what came of it."""
    ends = await at_every_step(cut_off, roomy, own_files, tmp_path, lambda step: step.endswith("class"))

    assert ends >= {NOT_SIGNALLED, SIGNALLED, TOLD_LATER}
