"""`connbot doctor`: what is wrong with the set-up and how to mend it."""

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping

from bot.doctor import report, setup
from bot.doctor.finding import Level, Section, count
from bot.errors import SetupError
from bot.settings import Course, inspect_environment, read_course


def examine(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Check everything and print what was found; 1 when something is wrong."""
    if chosen.remove:
        print("usage: connbot doctor --sql SERVER --remove\nconnbot doctor: --remove goes with --sql", file=sys.stderr)
        return 2
    environment, faults = inspect_environment(variables)
    told = [*faults, *_faults(environment.slack)]
    course: Course | None = None
    try:
        course = read_course(environment)
    except SetupError as exc:
        told.extend(exc.faults)
    sections = [setup.judge(environment, course, faults=told, set_variables=[*variables])]
    return _print(sections, variables)


def _faults(read: Callable[[], object]) -> tuple[str, ...]:
    try:
        read()
    except SetupError as exc:
        return exc.faults
    return ()


def _print(sections: list[Section], variables: Mapping[str, str]) -> int:
    terminal = sys.stdout.isatty()
    colours = terminal and not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if terminal else report.WIDEST
    print(report.render(sections, width=width, colours=colours))
    return 1 if count(sections, Level.FAULT) else 0
