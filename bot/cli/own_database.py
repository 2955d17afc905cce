"""The bot's own database as the command line uses it, beside a running `serve` or without one."""

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.access.allow_list import AllowList
from bot.access.member import Actor
from bot.access.ownership import Ownership
from bot.errors import SetupError
from bot.incidents.forgetting import Forgetting
from bot.incidents.history import History
from bot.settings import Environment
from bot.storage import migrate
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores, and who asks, in the workspace the database belongs to."""

    actor: Actor
    allow_list: AllowList
    ownership: Ownership
    history: History
    forgetting: Forgetting
    record: Record
    database: OwnDatabase


@asynccontextmanager
async def stores(environment: Environment) -> AsyncIterator[Stores]:
    """Open the own database; an SQLite file that nobody served yet is made."""
    async with OwnDatabase(environment.database_url) as database:
        await migrate.prepare(database)
        record = Record(environment.audit_key)
        allow_list = AllowList(database, record)
        actor = Actor(await _team(environment, allow_list), f"cli:{_person()}")
        ownership, history = Ownership(database, record), History(database, record)
        yield Stores(actor, allow_list, ownership, history, Forgetting(database, record), record, database)


async def _team(environment: Environment, allow_list: AllowList) -> str:
    """The workspace meant: the token's, else the only one met so far, else '' until `serve` first meets one."""
    teams = await allow_list.teams()
    if len(teams) == 1:
        return teams[0]
    if environment.bot_token:
        from bot.slack.identity import meet_once  # noqa: PLC0415 - Slack's packages, rarely needed here

        workspace = await meet_once(environment.api_url, environment.bot_token)
        if workspace is not None:
            return workspace.team
    if len(teams) > 1:
        fault = "This database holds several workspaces: set SLACK_BOT_TOKEN, and let Slack be reached, to say which is meant."
        raise SetupError((fault,))
    return ""


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A uid without a name, as containers have.
        return f"uid-{os.getuid()}"
