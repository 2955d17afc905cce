"""`connbot doctor`: what is wrong with the set-up and how to mend it."""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Mapping

from bot.clock import clock
from bot.doctor import examination, report
from bot.doctor.finding import Level, Section, count
from bot.settings import inspect_environment


def examine(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Check everything and print what was found; 1 when something is wrong."""
    if chosen.remove:
        print("usage: connbot doctor --sql SERVER --remove\nconnbot doctor: --remove goes with --sql", file=sys.stderr)
        return 2
    environment, faults = inspect_environment(variables)
    settings = examination.read(environment, faults, [*variables])
    sections = asyncio.run(examination.examine(settings, clock))
    return _print(sections, variables)


def _print(sections: list[Section], variables: Mapping[str, str]) -> int:
    terminal = sys.stdout.isatty()
    colours = terminal and not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if terminal else report.WIDEST
    print(report.render(sections, width=width, colours=colours))
    return 1 if count(sections, Level.FAULT) else 0
