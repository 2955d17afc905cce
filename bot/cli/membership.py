"""`connbot allow`, `disallow`, `members`, `own` and `disown`."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from typing import TypeVar

from bot.access.allow_list import Grant
from bot.access.member import Denied, Grade, Member
from bot.cli.own_database import stores
from bot.clock import clock
from bot.errors import NotPermitted, SetupError, UnknownRole, UnknownServer
from bot.servers.fleet import Fleet
from bot.settings import Course, Environment, read_course, read_environment
from bot.slack.blocks.text import plain
from bot.slack.subcommands import read_time

T = TypeVar("T")


def allow(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Put a person on the allow-list."""
    environment, course = _settings(variables)
    until = None
    if chosen.until is not None:
        until = read_time(chosen.until, course.timezone)
        if until is None:
            raise SetupError((f"--until {chosen.until!r} is no time: write it as 2026-12-20 or 2026-12-20T18:00.",))
    _check_server(course, chosen.server)
    grant = Grant(chosen.slack_id, Grade[chosen.grade.upper()], chosen.server or "", chosen.roles, until)

    async def run() -> None:
        async with stores(environment) as own:
            member = _permitted(await own.allow_list.allow(own.actor, grant, now=clock()))
            print(f"{member.slack_id} is {_described(member, course)} now.")

    asyncio.run(run())
    return 0


def disallow(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Take a person off the allow-list."""
    environment, course = _settings(variables)

    async def run() -> int:
        async with stores(environment) as own:
            removed = _permitted(await own.allow_list.disallow(own.actor, chosen.slack_id, now=clock()))
        if not removed:
            print(f"{chosen.slack_id} is not on the allow-list.", file=sys.stderr)
            return 1
        for member in removed:
            print(f"{member.slack_id} is no longer {_described(member, course)}.")
        return 0

    return asyncio.run(run())


def members(_: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Print who is on the allow-list."""
    environment, course = _settings(variables)

    async def run() -> None:
        async with stores(environment) as own:
            members = await own.allow_list.members(own.actor.team)
            links = await own.ownership.all_of(own.actor.team)
        for member in members:
            added = member.added_at.astimezone(course.timezone).strftime("%Y-%m-%d %H:%M")
            print(f"{member.slack_id}  {_described(member, course)}  (by {member.added_by}, {added})")
        if not members:
            print("Nobody is on the allow-list: connbot allow SLACK_ID --grade admin makes the first one.")
        for owner in links:
            if owner.suspended_at is not None:
                since = owner.suspended_at.astimezone(course.timezone).strftime("%Y-%m-%d %H:%M")
                where = f"{plain(owner.role)} on {owner.server}"
                print(f"{owner.slack_id}  owned {where}: suspended since {since} ({owner.suspended_why})")

    asyncio.run(run())
    return 0


def own(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """Make a person the owner of a role."""
    environment, course = _settings(variables, servers_needed=True)
    _check_server(course, chosen.server)

    async def run() -> None:
        async with stores(environment) as own, Fleet(course.servers, course.default) as fleet:
            server = fleet.choose(chosen.server)
            role = (await server.roles_by_name([chosen.role])).get(chosen.role)
            if role is None:
                raise UnknownRole(chosen.role, server.name)
            owner = await own.ownership.own(own.actor, chosen.slack_id, server=server.name, role=role, now=clock())
            found = _permitted(owner)
            print(f"{found.slack_id} owns {plain(found.role)} on {found.server} now.")

    asyncio.run(run())
    return 0


def disown(chosen: argparse.Namespace, variables: Mapping[str, str]) -> int:
    """End a person's ownership of a role, or of all."""
    environment, _course = _settings(variables)

    async def run() -> int:
        async with stores(environment) as own:
            removed = _permitted(
                await own.ownership.disown(
                    own.actor, chosen.slack_id, role=chosen.role, server=chosen.server, now=clock()
                )
            )
        for owner in removed:
            print(f"{owner.slack_id} no longer owns {plain(owner.role)} on {owner.server}.")
        if not removed:
            print(f"{chosen.slack_id} owns no {'such ' if chosen.role or chosen.server else ''}role.", file=sys.stderr)
        return 0 if removed else 1

    return asyncio.run(run())


def _settings(variables: Mapping[str, str], *, servers_needed: bool = False) -> tuple[Environment, Course]:
    environment = read_environment(variables)
    return environment, read_course(environment, servers_needed=servers_needed)


def _check_server(course: Course, name: str | None) -> None:
    known = tuple(server.name for server in course.servers)
    if name is not None and known and name not in known:
        raise UnknownServer(name, known)


def _permitted(result: T | Denied) -> T:
    if isinstance(result, Denied):
        raise NotPermitted(result.action)
    return result


def _described(member: Member, course: Course) -> str:
    where = f" on {plain(member.server)}" if member.server else ""
    roles = f" for {plain(member.roles)}" if member.roles else ""
    until = f" until {member.until.astimezone(course.timezone):%Y-%m-%d %H:%M}" if member.until else ""
    over = ", which is over" if member.until and member.until <= clock() else ""
    return f"{member.grade.word}{where}{roles}{until}{over}"
