"""The bot's own database as the command line uses it, beside a running `serve` or without one."""

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.access.allow_list import AllowList
from bot.access.member import Actor
from bot.access.ownership import Ownership
from bot.errors import SetupError
from bot.incidents.history import History
from bot.settings import Environment
from bot.slack.identity import API_TIMEOUT, meet, web_client
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
        yield Stores(actor, allow_list, Ownership(database, record), History(database, record), record, database)


async def _team(environment: Environment, allow_list: AllowList) -> str:
    """The workspace meant: the token's, else the only one met so far, else '' until `serve` first meets one."""
    teams = await allow_list.teams()
    if len(teams) == 1:
        return teams[0]
    if environment.bot_token:
        try:
            timeout = aiohttp.ClientTimeout(total=API_TIMEOUT)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                return (await meet(web_client(environment.api_url, session, environment.bot_token))).team
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            if teams:
                fault = "Slack cannot be reached to tell which of several workspaces is meant: try again."
                raise SetupError((fault,)) from exc
    if len(teams) > 1:
        raise SetupError(("This database holds several workspaces: set SLACK_BOT_TOKEN to say which is meant.",))
    return ""


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A uid without a name, as containers have.
        return f"uid-{os.getuid()}"
