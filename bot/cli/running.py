"""`connbot serve`, `connbot migrate` and `connbot demo`."""

import argparse
import asyncio
import gc
import signal
from collections.abc import Mapping
from functools import partial

from bot import logs
from bot.errors import SetupError
from bot.incidents.proposal import USUAL, Waits
from bot.settings import Course, Environment, read_course, read_environment

COLLECT_AFTER = 20_000
"""Objects made before the youngest are looked through for garbage: a delivery makes hundreds, and nearly all go by themselves.
With Python's own 700 the looking took a fifth of the time under load."""


def serve(_: argparse.Namespace, variables: Mapping[str, str], waits: Waits = USUAL) -> int:
    """Run the bot until SIGTERM or Ctrl-C; `waits` are for whoever cannot wait as long as people can."""
    environment, course = _settings(variables)
    # Settings that are wrong are told before Bolt, aiohttp and SQLAlchemy have been imported.
    from bot import app  # noqa: PLC0415

    logs.configure()

    async def run() -> None:
        stop = asyncio.Event()
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
        await app.serve(environment, course, stop, _ready, waits)

    asyncio.run(run())
    return 0


def _ready(sentence: str) -> None:
    # What there is by now stays until the end: no use in looking through it again and again.
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    print(sentence, flush=True)


def _settings(variables: Mapping[str, str]) -> tuple[Environment, Course]:
    """Read what `serve` needs; raises `SetupError` with the faults of both file and environment."""
    environment = read_environment(variables)
    faults: list[str] = []
    for read in (environment.slack, partial(read_course, environment)):
        try:
            read()
        except SetupError as exc:
            faults.extend(exc.faults)
    if faults:
        raise SetupError(tuple(faults))
    return environment, read_course(environment)


def migrate(_: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Bring the own database to this version's schema."""
    from bot.storage import migrate as storage  # noqa: PLC0415
    from bot.storage.engine import OwnDatabase  # noqa: PLC0415

    url = read_environment(variables).database_url
    before = storage.upgrade(url)
    after, address = storage.head(), OwnDatabase(url).address
    if before == after:
        print(f"{address} is at revision {after} already.")
    else:
        print(f"{address}: from {before or 'an empty database'} to revision {after}.")
    return 0


def demo(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Play the story, or leave the stage to whoever opens the page."""
    try:
        from bot.demo.story import run  # noqa: PLC0415 - only the demo needs what the demo needs
    except ModuleNotFoundError as exc:
        raise SetupError(
            (f"The demo needs the package {exc.name}: install connbot with its extra, connbot[demo].",)
        ) from exc
    return asyncio.run(run(once=chosen.once, port=chosen.port, variables=variables))
