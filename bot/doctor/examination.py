"""Looks everywhere at once, each look with an end of its own, and has what was seen judged."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access.allow_list import AllowList
from bot.doctor import clocks, own, server, setup, slack
from bot.doctor.finding import Section
from bot.doctor.own import Kept
from bot.errors import OwnDatabaseUnavailable, ServerUnavailable, SetupError
from bot.servers import examination as servers
from bot.servers import opening
from bot.servers.examined import Examined
from bot.servers.settings import ServerSettings
from bot.settings import Course, Environment, read_course
from bot.slack import examination as workspace
from bot.slack.commands import CommandNames
from bot.slack.examined import SlackSeen
from bot.storage import examination as storage
from bot.storage.engine import OwnDatabase
from bot.storage.examined import OwnSeen
from bot.storage.migrate import HEAD
from bot.storage.record import Record


@dataclass(frozen=True, slots=True)
class Settings:
    """What could be read of the settings; `faults` are whole sentences."""

    environment: Environment
    course: Course | None
    faults: tuple[str, ...]
    variables: Collection[str]
    """The names of the variables that are set."""


def read(environment: Environment, faults: tuple[str, ...], variables: Collection[str]) -> Settings:
    """Read connbot.toml and what Slack needs, collecting every fault."""
    told = [*faults]
    course: Course | None = None
    try:
        environment.slack()
    except SetupError as exc:
        told.extend(exc.faults)
    try:
        course = read_course(environment)
    except SetupError as exc:
        told.extend(exc.faults)
    return Settings(environment, course, tuple(told), variables)


async def examine(settings: Settings, clock: Callable[[], datetime]) -> list[Section]:
    """Look at everything and return what was found, in the order in which it is best mended."""
    environment, course = settings.environment, settings.course
    async with asyncio.TaskGroup() as looks:
        at_slack = looks.create_task(
            workspace.examine(
                environment.api_url,
                bot_token=environment.bot_token,
                app_token=environment.app_token,
                channels=[*slack.configured(course)] if course else [],
                clock=clock,
            )
        )
        at_own = looks.create_task(storage.examine(environment.database_url))
        at_consoles = {
            each: looks.create_task(servers.examine_console(each, clock))
            for each in (course.servers if course else ())
            if each.pgbouncer
        }
        at_servers = {each: looks.create_task(_server(each, clock)) for each in (course.servers if course else ())}
    slack_seen, own_seen = at_slack.result(), at_own.result()
    servers_seen = {each: task.result() for each, task in at_servers.items()}
    watched = [
        each.name
        for each, seen in servers_seen.items()
        if isinstance(seen, Examined) and own_seen.postgresql and seen.identity == own_seen.postgresql.identity
    ]
    return [
        setup.judge(environment, course, faults=settings.faults, set_variables=settings.variables),
        slack.judge(environment, course.commands if course else CommandNames(), slack_seen),
        *([slack.judge_channels(course, slack_seen)] if course else []),
        own.judge(
            own_seen,
            head=HEAD,
            keyed=environment.audit_key is not None,
            kept=await _kept(environment, own_seen, slack_seen.team, clock()),
            team=slack_seen.team,
            watched=watched,
        ),
        *(
            server.judge(
                each,
                servers.target(each.dsn),
                seen,
                clock(),
                at_consoles[each].result() if each in at_consoles else None,
            )
            for each, seen in servers_seen.items()
        ),
        clocks.judge(_offsets(slack_seen, servers_seen), over_http=not environment.app_token),
    ]


async def _kept(environment: Environment, seen: OwnSeen, team: str, now: datetime) -> Kept | None:
    """Read who is allowed what, where the schema is one that can be read; in a file that is not there yet it is nobody."""
    if seen.file is not None and not seen.file.there:
        return Kept((), ()) if seen.file.folder_writable else None
    if seen.now is None or seen.revision != HEAD or (seen.postgresql and seen.postgresql.forbidden):
        return None
    database = OwnDatabase(environment.database_url)
    allow_list = AllowList(database, Record(environment.audit_key))
    try:
        async with asyncio.timeout(storage.LOOK_WITHIN):
            teams = await allow_list.teams()
            members = await allow_list.members(team if team in teams else next(iter(teams), ""))
    except (OwnDatabaseUnavailable, TimeoutError):
        # It answered a moment ago: whatever it is now will be found by looking again.
        return None
    finally:
        await database.close()
    return Kept(teams, tuple(member for member in members if member.until is None or member.until > now))


async def _server(settings: ServerSettings, clock: Callable[[], datetime]) -> Examined | ServerUnavailable | SetupError:
    if faults := opening.faults(settings):
        return SetupError(faults)
    try:
        return await servers.examine(settings, clock)
    except ServerUnavailable as exc:
        return exc


def _offsets(
    at_slack: SlackSeen, at_servers: Mapping[ServerSettings, Examined | ServerUnavailable | SetupError]
) -> dict[str, timedelta]:
    """The clocks that could be asked, by whose they are."""
    found = {clocks.SLACK: at_slack.off} if at_slack.off is not None else {}
    seen = {clocks.of_server(each.name): one.off for each, one in at_servers.items() if isinstance(one, Examined)}
    return found | seen
