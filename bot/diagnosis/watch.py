"""The watch over incidents: keeps their answers true, ends those that are over, and says what nobody lived to say."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial

from bot.causes.finding import Cause
from bot.diagnosis.facts import Facts
from bot.diagnosis.herald import Herald
from bot.diagnosis.outlook import Spell, Step, looked, step
from bot.errors import OwnDatabaseUnavailable
from bot.incidents.incident import BY_ITSELF, Incident, Scope, Watched
from bot.incidents.incidents import Incidents
from bot.incidents.patience import USUAL, Patience

log = logging.getLogger(__name__)

Occasion = tuple[str, int]
"""An incident's id, and which time it was open."""
Look = Callable[[str, Scope], Awaitable[Facts | None]]
"""Reads the facts of a scope of a server; None: they cannot be told now."""
Start = Callable[[Coroutine[object, object, None], str], None]
"""Has something done, under a name, without waiting for it; it is ended in order when the program ends."""


class Watch:
    """Looks again and again after the incidents of one workspace; safe to run in every process at once.

    No look waits for what is being said: Slack may take its time, and room that nobody looked at does not count.
    """

    def __init__(
        self, team: str, look: Look, incidents: Incidents, herald: Herald, start: Start, patience: Patience = USUAL
    ) -> None:
        self._team = team
        self._look = look
        self._incidents = incidents
        self._herald = herald
        self._start = start
        self._patience = patience
        self._spells: dict[Occasion, Spell] = {}
        # What needs no saying any more, as far as this process knows: the posts themselves know it for all of them.
        self._staff_know: set[Occasion] = set()
        self._told: set[Occasion] = set()
        self._being_said: set[tuple[Occasion, bool]] = set()

    async def look_after(self) -> None:
        """Look once after each incident; what could not be said or seen is seen to next time."""
        watched = await self._incidents.watched(self._team)
        self._forget_but(watched)
        untold = [one for one in watched.over if _occasion(one) not in self._told]
        by_server: dict[str, list[Incident]] = defaultdict(list)
        for incident in (*watched.standing, *untold):
            by_server[incident.server].append(incident)
        await _all(self._look_after(server, incidents, watched) for server, incidents in by_server.items())

    async def _look_after(self, server: str, incidents: Sequence[Incident], watched: Watched) -> None:
        facts = await self._facts(server, incidents)
        await _all(self._see(incident, _of(facts, incident), watched) for incident in incidents)

    async def _facts(self, server: str, incidents: Sequence[Incident]) -> dict[Scope, Facts | None]:
        """Look once at each scope; the others share a read, and are not asked for where the first got no answer."""
        first, *others = dict.fromkeys(incident.scope for incident in incidents)
        facts: dict[Scope, Facts | None] = {first: await self._look(server, first)}
        if facts[first] is not None:
            found = await asyncio.gather(*(self._look(server, scope) for scope in others))
            facts.update(zip(others, found, strict=True))
        return facts

    async def _see(self, incident: Incident, facts: Facts | None, watched: Watched) -> None:
        if not incident.open:
            self._say(incident, partial(self._tell, incident, facts))
            return
        occasion = _occasion(incident)
        spell = self._spells[occasion] = looked(self._spells.get(occasion), facts, watched.at)
        match step(incident, spell, watched.at, self._patience):
            case Step.RESOLVE:
                await self._end(incident, "", facts)
            case Step.GIVE_UP:
                await self._end(incident, BY_ITSELF, facts)
            case Step.CALL_STAFF:
                self._say(incident, partial(self._call_staff, incident, facts))
            case Step.WAIT:
                self._say(incident, partial(self._keep, incident, facts))

    async def _end(self, incident: Incident, by: str, facts: Facts | None) -> None:
        over = await self._incidents.resolve(self._team, incident.id, by, seen=incident)
        if over is not None:
            log.info("over", extra={"action": "resolve", "incident": over.id, "server": over.server})
            self._say(over, partial(self._tell, over, facts))

    def _say(self, incident: Incident, saying: Callable[[], Coroutine[object, object, None]]) -> None:
        """Have something said of an incident, unless that is still being done since an earlier look."""
        which = _occasion(incident), incident.open
        if which not in self._being_said:
            self._being_said.add(which)
            self._start(self._said(which, saying), "incident")

    async def _said(self, which: tuple[Occasion, bool], saying: Callable[[], Coroutine[object, object, None]]) -> None:
        try:
            await saying()
        except OwnDatabaseUnavailable as exc:
            log.warning("not said yet", extra={"action": "watch", "incident": which[0][0], "why": exc.detail})
        finally:
            self._being_said.discard(which)

    async def _keep(self, incident: Incident, facts: Facts | None) -> None:
        await self._herald.keep(incident, facts)

    async def _call_staff(self, incident: Incident, facts: Facts | None) -> None:
        occasion = _occasion(incident)
        if occasion not in self._staff_know and await self._herald.call_staff(incident, facts):
            self._staff_know.add(occasion)
        await self._herald.keep(incident, facts)

    async def _tell(self, incident: Incident, facts: Facts | None) -> None:
        """Have it said that an incident is over; of one that was given up only its answer says so."""
        told = incident.given_up or await self._herald.resolved(incident, facts)
        if await self._herald.keep(incident, facts) and told:
            self._told.add(_occasion(incident))

    def _forget_but(self, watched: Watched) -> None:
        """Keep nothing in mind of what is past."""
        standing = {_occasion(one) for one in watched.standing}
        self._spells = {occasion: spell for occasion, spell in self._spells.items() if occasion in standing}
        self._staff_know &= standing
        self._told &= {_occasion(one) for one in watched.over}


def _occasion(incident: Incident) -> Occasion:
    return incident.id, incident.occasion


def _of(facts: dict[Scope, Facts | None], incident: Incident) -> Facts | None:
    """The facts of an incident; a pooler's limit is none that the server can tell of."""
    return None if incident.cause == Cause.POOLER_LIMIT else facts.get(incident.scope)


async def _all(doings: Iterable[Awaitable[None]]) -> None:
    """Do all of them, though one of them may fail; then its failure is raised."""
    for done in await asyncio.gather(*doings, return_exceptions=True):
        if done is not None:
            raise done
