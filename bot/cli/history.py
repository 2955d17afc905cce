"""`connbot history` and `connbot audit verify`: the record, read."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import tzinfo

from bot.cli.own_database import stores
from bot.incidents.history import Event, as_json
from bot.settings import read_course, read_environment
from bot.slack.blocks.text import plain
from bot.storage.record import Broken


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the grammar."""
    history = commands.add_parser("history", help="what was asked, refused, ended and changed, newest first")
    history.add_argument("role", metavar="ROLE", nargs="?", help="only of this role (default: everything)")
    history.add_argument("--format", choices=("text", "json"), default="text")
    history.add_argument(
        "--limit", type=_count, default=100, metavar="N", help="entries at most (default: %(default)s)"
    )
    history.set_defaults(run=_history)
    audit = commands.add_parser("audit", help="whether the record is whole").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    verify = audit.add_parser("verify", help="check every entry of the record against its chain")
    verify.add_argument("--head", metavar="H", help="a head noted earlier: the record must still contain it")
    verify.set_defaults(run=_verify)


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of entries: from 1 to 1000000")
    return int(text)


def _history(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    environment = read_environment(variables)
    zone = read_course(environment, servers_needed=False).timezone

    async def run() -> None:
        async with stores(environment) as own:
            events = await own.history.read(None, role=chosen.role, limit=chosen.limit)
        if chosen.format == "json":
            print(json.dumps([as_json(event) for event in events], indent=2, ensure_ascii=False))
            return
        for event in events:
            print(_line(event, zone))
        if not events:
            print(f"Nothing is on record for {plain(chosen.role)}." if chosen.role else "Nothing is on record yet.")

    asyncio.run(run())
    return 0


def _line(event: Event, zone: tzinfo) -> str:
    entry = as_json(event)
    when = event.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    words = [when, str(entry["kind"]), str(entry["state"] or "")]
    words += [f"{name} {plain(str(entry[name]))}" for name in ("server", "role", "requester", "reason") if entry[name]]
    backends = entry["backends"]
    ended = [f"{one['pid']} {one['outcome'] or 'open'}" for one in backends] if isinstance(backends, list) else []
    return "  ".join(word for word in [*words, ", ".join(ended)] if word)


def _verify(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
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
