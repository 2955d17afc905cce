"""`connbot forget`: a person, removed."""

import argparse
import asyncio
import sys
from collections.abc import Mapping

from bot.cli.asking import agreed
from bot.cli.own_database import stores
from bot.incidents.forgetting import Forgotten, StillOpen
from bot.settings import read_environment
from bot.slack.blocks.text import plural


def forget(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Remove a person from the bot's own database."""
    environment = read_environment(variables)
    person = chosen.slack_id
    print(
        f"Forgetting {person} ends every right of theirs and every link to a role, and removes who they were from the record "
        "and from what they asked for. It cannot be undone; the record stays provable."
    )
    if not agreed(f"Forget {person}?"):
        print("Nothing was changed.")
        return 1

    async def run() -> Forgotten | StillOpen:
        async with stores(environment) as own:
            return await own.forgetting.forget(own.actor.id, person)

    found = asyncio.run(run())
    if isinstance(found, StillOpen):
        asked = plural(found.count, "request")
        print(f"{asked} of {person} still open: try again in a few minutes. Nothing was changed.", file=sys.stderr)
        return 1
    if not found.anything:
        print(f"Nothing is kept of {person}.", file=sys.stderr)
        return 1
    print(
        f"Forgotten: {plural(found.grants, 'grant')}, {plural(found.links, 'link')} to roles, "
        f"{plural(found.entries, 'entry', 'entries')} of the record, {plural(found.proposals, 'request')}."
    )
    print("Messages in Slack, backups and the bot's log are not touched.")
    return 0
