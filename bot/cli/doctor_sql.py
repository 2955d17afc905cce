"""`connbot doctor --sql SERVER`: the script that gives the bot the least rights there, and the one that takes them back."""

import argparse
import asyncio
import sys
from collections.abc import Mapping

from bot.errors import SetupError
from bot.servers import opening
from bot.servers.guard_place import Asked, ask
from bot.servers.guard_script import install, removal
from bot.servers.settings import ServerSettings
from bot.settings import read_course, read_environment
from bot.slack.blocks.text import plain


def script(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Print the script for a server of the configuration; what is worth knowing besides goes to standard error."""
    settings = _find(chosen.sql, variables)
    asked = asyncio.run(ask(settings))
    print((removal if chosen.remove else install)(settings, asked.place), end="")
    for note in () if chosen.remove else _notes(settings, asked):
        print(note, file=sys.stderr)
    return 0


def _find(server: str, variables: Mapping[str, str]) -> ServerSettings:
    servers = {one.name: one for one in read_course(read_environment(variables)).servers}
    if server not in servers:
        known = ", ".join(servers) or "none"
        raise SetupError((f"connbot.toml has no server {plain(server)}: it has {known}.",))
    if faults := opening.faults(servers[server]):
        raise SetupError(faults)
    return servers[server]


def _notes(settings: ServerSettings, asked: Asked) -> list[str]:
    notes = []
    if asked.failure is not None:
        refused = asked.failure.why == "refused"
        notes.append(
            f"The server could not be asked ({asked.failure.why}: {plain(asked.failure.detail)})"
            f"{', which is as it should be before the bot has its role' if refused else ''}: "
            "the script is for any version from 14 on, and finds out for itself."
            f"{'' if refused else ' What is in the way, connbot doctor says.'}"
        )
    if not settings.students and not asked.place.students:
        notes.append(
            f"servers.{settings.name} names no students = […], so the guard will refuse to end anybody's connections: name their role, and make the script again."
        )
    unknown = asked.facts.unknown_students if asked.facts else ()
    return [
        *notes,
        *(
            f"The students' role {plain(name)} does not exist on the server: look at students = […]."
            for name in unknown
        ),
    ]
