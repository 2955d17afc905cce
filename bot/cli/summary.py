"""`connbot summary`: a week's figures, for reading, for programs, for spreadsheets, for print."""

import argparse
import asyncio
import json
import shutil
import sys
import textwrap
from collections.abc import Mapping
from datetime import datetime, tzinfo

from bot.cli.own_database import stores
from bot.errors import SetupError, UnknownServer
from bot.settings import Course, read_course, read_environment
from bot.slack.blocks import week as words
from bot.slack.blocks.text import plain, visible
from bot.summaries.export import as_csv, as_json
from bot.summaries.reading import Weeks
from bot.summaries.told import Told, tell
from bot.summaries.week import last_whole


def show(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Print a week; without a `--week` the last whole one."""
    environment = read_environment(variables)
    course = read_course(environment)
    server, zone = _server(course, chosen.server), course.timezone
    if chosen.format == "png" and sys.stdout.isatty():
        raise SetupError(("A picture is nothing for a terminal: write it into a file, with > week.png.",))

    async def run() -> tuple[Told, datetime]:
        async with stores(environment) as own:
            weeks = Weeks(own.database, zone)
            now = await weeks.now()
            asked = chosen.week or last_whole(now, zone)
            if asked.begins(zone) > now:
                raise SetupError((f"The week {asked} has not begun yet.",))
            return tell(await weeks.read(own.actor.team or None, server, asked)), now

    told, now = asyncio.run(run())
    if chosen.format == "json":
        print(json.dumps(as_json(told), indent=2, ensure_ascii=False))
    elif chosen.format == "csv":
        sys.stdout.write(as_csv(told))
    elif chosen.format == "png":
        sys.stdout.buffer.write(_picture(told, zone))
    else:
        # What a program reads stays as it is.
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for line in _lines(told, words.Style(plain, zone, now)):
            print(line if columns is None else folded(line, columns))
    return 0


def _server(course: Course, asked: str | None) -> str:
    names = tuple(server.name for server in course.servers)
    meant = asked or course.default or names[0]
    if meant not in names:
        raise UnknownServer(meant, names)
    return meant


def _lines(told: Told, style: words.Style) -> list[str]:
    record = words.record(told.digest, str)
    if told.digest.quiet:
        return [words.quiet(told.digest, style.quote), record]
    lines = [words.title(told.digest, style.quote), ""]
    for paragraph in words.paragraphs(told, style):
        lines += [f"{paragraph.heading}:", *(f"  {sentence}" for sentence in paragraph.sentences), ""]
    return [*lines, record]


def folded(line: str, columns: int) -> str:
    """Let a line of a terminal end between two words, and the next begin below its first."""
    if len(line) <= columns:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    # A digest is one word, to be copied whole.
    folder = textwrap.TextWrapper(columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return folder.fill(line)


def _picture(told: Told, zone: tzinfo) -> bytes:
    try:
        from bot.summaries.charts import as_png  # noqa: PLC0415 - takes a second, and only this needs it
    except ModuleNotFoundError as exc:
        fault = f"A picture needs the package {exc.name}: install connbot with its extra, connbot[charts]."
        raise SetupError((fault,)) from exc
    return as_png(told, zone, visible)
