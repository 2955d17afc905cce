"""A week's summary on demand."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from bot.access.allow_list import AllowList
from bot.access.member import Action, Denied, Standing
from bot.access.policy import permit
from bot.errors import NotPermitted
from bot.servers.fleet import Fleet
from bot.summaries.digest import Digest, digest
from bot.summaries.outline import Outline
from bot.summaries.reading import Weeks
from bot.summaries.told import Told, tell
from bot.summaries.week import Week, last_whole

OUTLINED = 4
"""Weeks that are told beside each other."""


class Summaries:
    """The use case of `/connbot summary`: the right is looked up at each call, and a refusal is on record."""

    def __init__(self, fleet: Fleet, allow_list: AllowList, weeks: Weeks, zone: tzinfo) -> None:
        self._fleet = fleet
        self._allow_list = allow_list
        self._weeks = weeks
        self._zone = zone

    async def show(self, standing: Standing, week: Week | None, server: str | None, *, now: datetime) -> Told:
        """Work out a week, the last whole one where none is named; raises `NotPermitted`, `UnknownServer`."""
        meant = await self._permitted(standing, Action.SUMMARY, server, now)
        asked = week or last_whole(await self._weeks.now(), self._zone)
        return tell(await self._weeks.read(standing.actor.team, meant, asked))

    async def outlines(self, team: str, servers: Sequence[str]) -> Mapping[str, Sequence[Outline]]:
        """Tell the last weeks of servers that somebody may read of, the newest first."""
        newest = last_whole(await self._weeks.now(), self._zone)
        weeks = [newest.after(-ago) for ago in range(OUTLINED)]
        return {server: [await self._weeks.outline(team, server, week) for week in weeks] for server in servers}

    async def names(self, standing: Standing, week: Week, server: str, *, now: datetime) -> Digest:
        """Work out a week for whoever may see names in it; raises `NotPermitted`, `UnknownServer`."""
        meant = await self._permitted(standing, Action.NAMES, server, now)
        return digest(await self._weeks.read(standing.actor.team, meant, week))

    async def _permitted(self, standing: Standing, action: Action, server: str | None, now: datetime) -> str:
        meant = self._fleet.choose(server).name
        permission = permit(standing, action, role=None, server=meant, now=now)
        if isinstance(permission, Denied):
            await self._allow_list.refuse(standing.actor, permission, server=meant)
            raise NotPermitted(permission.action, None, meant)
        return meant
