"""`connbot history` and `connbot audit verify`: the record, read."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from textwrap import indent

from bot.cli.own_database import stores
from bot.incidents.export import as_csv
from bot.incidents.history import Event, as_json
from bot.incidents.timeline_values import Question
from bot.settings import read_course, read_environment
from bot.slack.blocks.text import plain
from bot.storage.record import Broken

_THINGS = {"cancellation": "query of ", "client_termination": "client "}
"""What is said before the number of an event's backend, where it is not simply a connection's pid."""


def show(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Print the record, newest first."""
    environment = read_environment(variables)
    zone = read_course(environment, servers_needed=False).timezone

    async def run() -> None:
        async with stores(environment) as own:
            since, until = (chosen.week.begins(zone), chosen.week.ends(zone)) if chosen.week else (None, None)
            asked = Question(None, chosen.role, None, chosen.person, chosen.cause, since, until)
            first = True
            async for events in own.history.pages(asked, chosen.limit):
                sys.stdout.write(_written(events, chosen.format, zone, first=first))
                first = first and not events
        sys.stdout.write(_end(chosen, nothing=first))

    asyncio.run(run())
    return 0


def _written(events: Sequence[Event], form: str, zone: tzinfo, *, first: bool) -> str:
    """One part of a history that is written page by page."""
    if form == "csv":
        return as_csv(events, header=first)
    if form == "text":
        return "".join(f"{_line(event, zone)}\n" for event in events)
    written = [indent(json.dumps(as_json(event), indent=2, ensure_ascii=False), "  ") for event in events]
    return ("[\n" if first else ",\n") + ",\n".join(written) if written else ""


def _end(chosen: argparse.Namespace, *, nothing: bool) -> str:
    if chosen.format == "json":
        return "[]\n" if nothing else "\n]\n"
    if chosen.format == "csv" or not nothing:
        return ""
    return f"Nothing is on record for {plain(chosen.role)}.\n" if chosen.role else "Nothing is on record yet.\n"


def _line(event: Event, zone: tzinfo) -> str:
    entry = as_json(event)
    when = event.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    words = [when, str(entry["kind"]), str(entry["state"] or "")]
    words += [f"{name} {plain(str(entry[name]))}" for name in ("server", "role", "requester", "reason") if entry[name]]
    backends = entry["backends"]
    about = _THINGS.get(event.kind, "")
    ended = (
        [f"{about}{one['pid']} {one['outcome'] or 'open'}" for one in backends] if isinstance(backends, list) else []
    )
    return "  ".join(word for word in [*words, ", ".join(ended)] if word)


def verify(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Check every entry of the record against its chain."""
    environment = read_environment(variables)

    async def run() -> int:
        async with stores(environment) as own, own.database.read() as connection:
            found = await own.record.verify(connection, head=chosen.head)
        if isinstance(found, Broken):
            print(f"The record is broken at entry {found.seq}: {found.why}.", file=sys.stderr)
            return 1
        keyed = (
            ""
            if own.record.keyed
            else " It has no key: whoever can write the database could make it anew; set CONNBOT_AUDIT_KEY."
        )
        print(f"The record is whole: {found.entries} entries, head {found.head}.{keyed}")
        return 0

    return asyncio.run(run())
