"""`connbot roster import`: the class list, shown before anything of it is stored."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import aiohttp

from bot.access.member import Denied, Owner
from bot.access.roster import Preview, Roster, parse, preview
from bot.cli.own_database import Stores, stores
from bot.clock import clock
from bot.errors import NotPermitted, SetupError
from bot.servers.fleet import Fleet
from bot.settings import Course, Environment, read_course, read_environment
from bot.slack.api_errors import UNREACHABLE, why
from bot.slack.blocks.text import plain
from bot.slack.directory import people_by_email
from bot.slack.identity import API_TIMEOUT, meet, web_client

T = TypeVar("T")

SHOWN = 20
"""Lines of each kind in the preview."""
MALFORMED = {
    "quotes": "its quotes do not match",
    "no_email": "it has no e-mail",
    "no_role": "it has no role",
    "not_an_email": "its e-mail is none",
}


def import_file(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Show what the class list comes to, and store it if nobody objects."""
    try:
        roster = parse(chosen.file.read_bytes())
    except OSError as exc:
        raise SetupError((f"{chosen.file} cannot be read ({exc.strerror}).",)) from exc
    environment = read_environment(variables)
    course = read_course(environment)

    async def run() -> int:
        async with stores(environment) as own:
            server, found = await _matched(roster, environment, course, own, chosen.server)
            links = await own.ownership.roster_links(own.actor.team, server)
            leaving = found.departures(links) if chosen.replace else ()
            _show(found, leaving, server)
            if chosen.dry_run or not _agreed(found, leaving):
                print("Nothing was stored.")
                return 0 if chosen.dry_run else 1
            return await _store(own, found, server, replace=chosen.replace)

    return asyncio.run(run())


async def _matched(
    roster: Roster, environment: Environment, course: Course, own: Stores, server: str | None
) -> tuple[str, Preview]:
    token = environment.token()
    timeout = aiohttp.ClientTimeout(total=API_TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session, Fleet(course.servers, course.default) as fleet:
        client = web_client(environment.api_url, session, token)
        try:
            team = (await meet(client)).team
            people = await people_by_email(client, team, roster.emails)
        except UNREACHABLE as exc:
            fault = f"Slack cannot be reached to look up the e-mails ({str(exc) or why(exc)}): try again later."
            raise SetupError((fault,)) from exc
        if own.actor.team not in ("", team):
            raise SetupError(
                ("This database belongs to another workspace than SLACK_BOT_TOKEN: use that one's token.",)
            )
        meant = fleet.choose(server)
        roles = await meant.roles_by_name(sorted(roster.role_names))
    return meant.name, preview(roster, people, {name: role.oid for name, role in roles.items()})


async def _store(own: Stores, found: Preview, server: str, *, replace: bool) -> int:
    enrolled = await own.ownership.enrol(own.actor, found, server=server, replace=replace, now=clock())
    if isinstance(enrolled, Denied):
        raise NotPermitted(enrolled.action)
    removed = f", {len(enrolled.removed)} ended" if replace else ""
    print(f"Stored: {len(enrolled.added)} new, {enrolled.kept} there before{removed}.")
    return 0


def _agreed(found: Preview, leaving: tuple[Owner, ...]) -> bool:
    """Ask where a person is there to answer; a script has said what it wants by calling us."""
    if not sys.stdin.isatty():
        return True
    if not found.matched and not leaving:
        return False
    return input("Store this? [y/N] ").strip().lower() in ("y", "yes")


def _show(found: Preview, leaving: tuple[Owner, ...], server: str) -> None:
    print(f"{len(found.matched)} matched, to own their roles on {server}.")
    _list("matched", found.matched, lambda match: f"{plain(match.email)} ({match.slack_id}): {plain(match.role)}")
    _list("not in Slack", found.not_in_slack, lambda line: f"line {line.number}: {plain(line.email)}")
    _list("no such role", found.no_such_role, lambda line: f"line {line.number}: {plain(line.role)}")
    _list("said twice", found.repeated, lambda line: f"line {line.number}: {plain(line.email)}, {plain(line.role)}")
    _list("not readable", found.malformed, lambda bad: f"line {bad.number}: {MALFORMED.get(bad.why, bad.why)}")
    _several("with several roles", found.several_roles)
    _several("roles with several owners", found.several_owners)
    _list("no longer in the file", leaving, lambda link: f"{link.slack_id}: {plain(link.role)}")


def _list(title: str, items: Iterable[T], line: Callable[[T], str]) -> None:
    found = list(items)
    if not found:
        return
    print(f"\n{len(found)} {title}:")
    for item in found[:SHOWN]:
        print(f"  {line(item)}")
    if len(found) > SHOWN:
        print(f"  … and {len(found) - SHOWN} more")


def _several(title: str, several: Mapping[str, tuple[str, ...]]) -> None:
    _list(title, several.items(), lambda item: f"{plain(item[0])}: {', '.join(plain(one) for one in item[1])}")
