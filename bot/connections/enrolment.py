"""What a class list comes to: matched with the people of the workspace and the roles of a server, nothing stored."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from bot.access.class_list import Roster
from bot.access.ownership import Ownership
from bot.access.roster import Found, preview
from bot.servers.fleet import Fleet

People = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""Finds the people of e-mail addresses: Slack ids by address in lower case."""


async def match(
    roster: Roster, people: People, fleet: Fleet, ownership: Ownership, team: str, server: str | None
) -> Found:
    """Match a class list on a server; raises `UnknownServer`, `ServerUnavailable`, and what `people` raises."""
    meant = fleet.choose(server)
    roles = (await meant.roles_by_name(sorted(roster.role_names))).values()
    found = preview(roster, await people(roster.emails), {role.name: role.oid for role in roles if role.student})
    leaving = found.departures(await ownership.roster_links(team, meant.name))
    counted = [link for link in await ownership.all_of(team) if link.server == meant.name and link.suspended_at is None]
    there = frozenset((link.slack_id, link.role_oid) for link in counted)
    return Found(meant.name, found, frozenset(role.name for role in roles if not role.student), leaving, there)
