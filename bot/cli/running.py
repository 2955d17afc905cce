"""`connbot serve`, `connbot migrate` and `connbot demo`."""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Mapping

from bot import logs
from bot.settings import read_course, read_environment


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the grammar."""
    serve = commands.add_parser("serve", help="run the bot until it is told to stop")
    serve.set_defaults(run=_serve)
    migrate = commands.add_parser("migrate", help="bring the bot's own database to this version's schema")
    migrate.set_defaults(run=_migrate)
    demo = commands.add_parser("demo", help="the whole story on this machine, without Slack and without a server")
    demo.add_argument("--once", action="store_true", help="play the story by itself, print it, and exit")
    demo.add_argument("--port", type=_port, default=8765, metavar="N", help="the page's port (default: %(default)s)")
    demo.set_defaults(run=_demo)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 (any free one) to 65535")
    return int(text)


def _serve(_: argparse.Namespace, variables: Mapping[str, str]) -> int:
    # Bolt, aiohttp and SQLAlchemy take most of a second to import: `--help` need not wait for them.
    from bot.app import serve  # noqa: PLC0415

    environment = read_environment(variables)
    course = read_course(environment)
    logs.configure()

    async def run() -> None:
        stop = asyncio.Event()
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
        await serve(environment, course, stop, lambda sentence: print(sentence, flush=True))

    asyncio.run(run())
    return 0


def _migrate(_: argparse.Namespace, variables: Mapping[str, str]) -> int:
    from bot.storage import migrate  # noqa: PLC0415 - Alembic takes a second to import
    from bot.storage.engine import OwnDatabase  # noqa: PLC0415

    url = read_environment(variables).database_url
    before = migrate.upgrade(url)
    after, address = migrate.head(), OwnDatabase(url).address
    if before == after:
        print(f"{address} is at revision {after} already.")
    else:
        print(f"{address}: from {before or 'an empty database'} to revision {after}.")
    return 0


def _demo(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    from bot.demo.story import run  # noqa: PLC0415 - only the demo needs what the demo needs

    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(run(once=chosen.once, port=chosen.port, variables=variables))
    return 0
