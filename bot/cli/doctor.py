"""`connbot doctor`: what is wrong with the set-up and how to mend it."""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Mapping

from bot.clock import clock
from bot.doctor import correspondence, examination, report
from bot.doctor import letter as letters
from bot.doctor.finding import Level, Section, count
from bot.settings import inspect_environment, read_course, read_environment


def examine(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Check everything and print what was found; 1 when something is wrong."""
    if chosen.remove:
        return _goes_with_sql()
    environment, faults = inspect_environment(variables)
    settings = examination.read(environment, faults, [*variables])

    async def run() -> int:
        # Printed before the loop ends, which waits for a name that is still being looked up.
        return _print(await examination.examine(settings, clock), variables)

    return asyncio.run(run())


def letter(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Print the page for whoever runs the servers; it asks each for its version, and does without where none answers."""
    if chosen.remove:
        return _goes_with_sql()
    environment = read_environment(variables)
    course = read_course(environment)
    print(letters.write(course, correspondence.home(environment), asyncio.run(correspondence.ask(course))), end="")
    return 0


def _goes_with_sql() -> int:
    print("usage: connbot doctor --sql SERVER --remove\nconnbot doctor: --remove goes with --sql", file=sys.stderr)
    return 2


def _print(sections: list[Section], variables: Mapping[str, str]) -> int:
    terminal = sys.stdout.isatty()
    colours = terminal and not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if terminal else report.WIDEST
    print(report.render(sections, width=width, colours=colours), flush=True)
    return 1 if count(sections, Level.FAULT) else 0
