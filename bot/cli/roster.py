"""`connbot roster import`: the class list, shown before anything of it is stored."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

import aiohttp

from bot.access.class_list import Roster, choose, extract, read_table
from bot.access.member import Denied
from bot.access.roster import Found
from bot.cli.asking import agreed
from bot.cli.own_database import stores
from bot.clock import clock
from bot.connections.enrolment import match
from bot.errors import NotPermitted, SetupError
from bot.servers.fleet import Fleet
from bot.settings import Course, Environment, read_course, read_environment
from bot.slack.api_errors import UNREACHABLE, why
from bot.slack.blocks.enrolment import parts
from bot.slack.blocks.text import plain, visible
from bot.slack.directory import people_by_email
from bot.slack.identity import API_TIMEOUT, meet, web_client

SHOWN = 20
"""Lines of each kind in the preview."""


def import_file(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Show what the class list comes to, and store it if nobody objects."""
    try:
        roster = _read(chosen)
    except OSError as exc:
        raise SetupError((f"{chosen.file} cannot be read ({exc.strerror}).",)) from exc
    environment = read_environment(variables)
    course = read_course(environment)
    found = asyncio.run(_look(roster, environment, course, chosen.server))
    _show(found, replace=chosen.replace)
    # Nothing is open while a person thinks.
    if chosen.dry_run or not _agreed(found, replace=chosen.replace):
        print("Nothing was stored.")
        return 0 if chosen.dry_run else 1
    return asyncio.run(_store(environment, found, replace=chosen.replace))


def _read(chosen: argparse.Namespace) -> Roster:
    table = read_table(chosen.file.read_bytes(), chosen.email)
    choice = choose(table, email=chosen.email, role=chosen.role)
    if chosen.status is not None:
        column, statuses = chosen.status
        choice = replace(choice, status=column, statuses=statuses)
    return extract(table, choice)


async def _look(roster: Roster, environment: Environment, course: Course, server: str | None) -> Found:
    async with stores(environment) as own, Fleet(course.servers, course.default) as fleet:
        people = partial(_people, environment, own.actor.team)
        return await match(roster, people, fleet, own.ownership, own.actor.team, server)


async def _people(environment: Environment, expected: str, emails: Iterable[str]) -> dict[str, str]:
    token = environment.token()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=API_TIMEOUT)) as session:
        client = web_client(environment.api_url, session, token)
        try:
            team = (await meet(client)).team
            people = await people_by_email(client, team, emails)
        except UNREACHABLE as exc:
            fault = f"Slack cannot be reached to look up the e-mails ({str(exc) or why(exc)}): try again later."
            raise SetupError((fault,)) from exc
    if expected not in ("", team):
        raise SetupError(("This database belongs to another workspace than SLACK_BOT_TOKEN: use that one's token.",))
    return people


async def _store(environment: Environment, found: Found, *, replace: bool) -> int:
    async with stores(environment) as own:
        enrolled = await own.ownership.enrol(
            own.actor, found.preview, server=found.server, leaving=found.leaving if replace else (), now=clock()
        )
    if isinstance(enrolled, Denied):
        raise NotPermitted(enrolled.action)
    removed = f", {len(enrolled.removed)} ended" if replace else ""
    print(f"Stored: {len(enrolled.added)} new, {enrolled.kept} there before{removed}.")
    return 0


def _agreed(found: Found, *, replace: bool) -> bool:
    anything = found.changes(replace=replace)
    return agreed("Store this?") if anything or not sys.stdin.isatty() else False


def _show(found: Found, *, replace: bool) -> None:
    for part in parts(found, replace=replace, quote=plain, address=visible, who=str):
        print(f"{len(part.lines)} {part.title}:")
        for line in part.lines[:SHOWN]:
            print(f"  {line}")
        if len(part.lines) > SHOWN:
            print(f"  … and {len(part.lines) - SHOWN} more")
        print()
    if not found.preview.matched:
        print("Nobody in this list is matched with both a person and a role.")
    if found.preview.left_out:
        print(f"{found.preview.left_out} of another status: left out.")
