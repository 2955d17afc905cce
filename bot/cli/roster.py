"""`connbot roster import`: the class list, shown before anything of it is stored."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import aiohttp

from bot.access.class_list import Roster, choose, extract, read_table
from bot.access.member import Denied, Owner
from bot.access.roster import Preview, preview
from bot.cli.asking import agreed
from bot.cli.own_database import stores
from bot.clock import clock
from bot.errors import NotPermitted, SetupError
from bot.servers.fleet import Fleet
from bot.settings import Course, Environment, read_course, read_environment
from bot.slack.api_errors import UNREACHABLE, why
from bot.slack.blocks.text import plain, visible
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


@dataclass(frozen=True, slots=True)
class Found:
    """What the class list comes to on one server."""

    server: str
    preview: Preview
    not_students: frozenset[str]
    """Names in the list of roles that are there and no student's."""
    leaving: tuple[Owner, ...]
    """Links that the list does not have any more."""


async def _look(roster: Roster, environment: Environment, course: Course, server: str | None) -> Found:
    async with stores(environment) as own, Fleet(course.servers, course.default) as fleet:
        meant = fleet.choose(server)
        roles = (await meant.roles_by_name(sorted(roster.role_names))).values()
        people = await _people(roster, environment, own.actor.team)
        students = {role.name: role.oid for role in roles if role.student}
        found = preview(roster, people, students)
        leaving = found.departures(await own.ownership.roster_links(own.actor.team, meant.name))
        return Found(meant.name, found, frozenset(role.name for role in roles if not role.student), leaving)


async def _people(roster: Roster, environment: Environment, expected: str) -> dict[str, str]:
    token = environment.token()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=API_TIMEOUT)) as session:
        client = web_client(environment.api_url, session, token)
        try:
            team = (await meet(client)).team
            people = await people_by_email(client, team, roster.emails)
        except UNREACHABLE as exc:
            fault = f"Slack cannot be reached to look up the e-mails ({str(exc) or why(exc)}): try again later."
            raise SetupError((fault,)) from exc
    if expected not in ("", team):
        raise SetupError(("This database belongs to another workspace than SLACK_BOT_TOKEN: use that one's token.",))
    return people


async def _store(environment: Environment, found: Found, *, replace: bool) -> int:
    async with stores(environment) as own:
        enrolled = await own.ownership.enrol(
            own.actor, found.preview, server=found.server, replace=replace, now=clock()
        )
    if isinstance(enrolled, Denied):
        raise NotPermitted(enrolled.action)
    removed = f", {len(enrolled.removed)} ended" if replace else ""
    print(f"Stored: {len(enrolled.added)} new, {enrolled.kept} there before{removed}.")
    return 0


def _agreed(found: Found, *, replace: bool) -> bool:
    anything = bool(found.preview.matched) or (replace and bool(found.leaving))
    return agreed("Store this?") if anything or not sys.stdin.isatty() else False


def _show(found: Found, *, replace: bool) -> None:
    seen, students = found.preview, "the configuration's students"
    owning = f"matched, to own their roles on {found.server}"
    _list(owning, seen.matched, lambda match: f"{visible(match.email)} ({match.slack_id}): {plain(match.role)}")
    if not seen.matched:
        print("Nobody in this list is matched with both a person and a role.")
    _list("not in Slack", seen.not_in_slack, lambda line: f"line {line.number}: {visible(line.email)}")
    there = [line for line in seen.no_such_role if found.not_students & {line.role, line.role.lower()}]
    missing = [line for line in seen.no_such_role if line not in there]
    _list("no such role", missing, lambda line: f"line {line.number}: {plain(line.role)}")
    _list(f"not among {students}", there, lambda line: f"line {line.number}: {plain(line.role)}")
    _list("said twice", seen.repeated, lambda line: f"line {line.number}: {visible(line.email)}, {plain(line.role)}")
    if seen.left_out:
        print(f"{seen.left_out} of another status: left out.\n")
    _list("not readable", seen.malformed, lambda bad: f"line {bad.number}: {MALFORMED.get(bad.why, bad.why)}")
    _several("with several roles", seen.several_roles)
    _several("roles with several owners", seen.several_owners)
    if replace:
        _list("no longer in the file", found.leaving, lambda link: f"{link.slack_id}: {plain(link.role)}")


def _list(title: str, items: Iterable[T], line: Callable[[T], str]) -> None:
    found = list(items)
    if not found:
        return
    print(f"{len(found)} {title}:")
    for item in found[:SHOWN]:
        print(f"  {line(item)}")
    if len(found) > SHOWN:
        print(f"  … and {len(found) - SHOWN} more")
    print()


def _several(title: str, several: Mapping[str, tuple[str, ...]]) -> None:
    _list(title, several.items(), lambda item: f"{visible(item[0])}: {', '.join(visible(one) for one in item[1])}")
