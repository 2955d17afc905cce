"""How a person comes to own a role: proof of possession, or staff who vouch; and whoever that concerns is told.

Nobody owns a role by naming it. What is answered is the same whether or not there is such a role.
"""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from bot.access.link import (
    CODE_LENGTH,
    LETTERS,
    AlreadyOwned,
    Asked,
    BeforeStaff,
    Card,
    Decision,
    LinkRequest,
    News,
    TooMany,
    Vouch,
    shown_name,
    shows,
)
from bot.access.links import Links
from bot.access.member import Actor, Denied, Origin, Owner, Standing
from bot.access.ownership import DEACTIVATED, Ownership
from bot.access.policy import can_be_linked
from bot.errors import NotPermitted, ServerUnavailable, UnknownServer
from bot.incidents.patience import USUAL, Patience
from bot.servers.fleet import Fleet

log = logging.getLogger(__name__)

LINK = "link"
"""What is asked for, where it is refused."""
TELLING_HOLDS_FOR = timedelta(seconds=90)
"""So long has one process to tell a piece of news; longer than a post may be in hand."""


class Shown(Enum):
    """What became of a card."""

    NOW = auto()
    """It stands as it should."""
    LATER = auto()
    """It does not yet, and is tried again."""
    NEVER = auto()
    """The staff channel takes nothing from us."""


class Tells(Protocol):
    """How people are told; each returns whether it is said now, or can never be. It does not raise."""

    async def news(self, news: News, owners: Sequence[Owner], request: LinkRequest | None) -> bool:
        """Tell what became of a wish to own a role to all whom it concerns; `owners` are the role's."""

    async def roster(self, news: Sequence[News]) -> bool:
        """Tell staff in one message whom a roster made owners."""

    async def card(self, card: Card) -> Shown:
        """Have the card of a request stand in the staff channel as things are now."""

    async def deactivated(self, people: Collection[str]) -> frozenset[str] | None:
        """Which of these people's accounts are closed; None: that cannot be told now."""


class Linking:
    """The links that people ask for in one workspace; safe to run in every process at once."""

    def __init__(
        self,
        team: str,
        fleet: Fleet,
        links: Links,
        ownership: Ownership,
        tells: Tells,
        patience: Patience = USUAL,
        telling_holds_for: timedelta = TELLING_HOLDS_FOR,
    ) -> None:
        self._team = team
        self._fleet = fleet
        self._links = links
        self._ownership = ownership
        self._tells = tells
        self._patience = patience
        self._telling_holds_for = telling_holds_for

    async def ask(self, standing: Standing, who: str, role: str, server: str | None) -> Asked | AlreadyOwned | TooMany:
        """Begin to look for a proof by the person, whom sessions show as `who`.

        Raises `UnknownServer`, `ServerUnavailable`, and `NotPermitted` for people of other workspaces.
        """
        meant = self._fleet.choose(server)
        if standing.actor.team != self._team:
            raise NotPermitted(LINK)
        there = await meant.role(role)
        found = there.role if there is not None and can_be_linked(there.role) else None
        if found and any((one.server, one.role_oid) == (meant.name, found.oid) for one in standing.owned):
            return AlreadyOwned(found.name, meant.name)
        shown = shown_name(who, "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH)))
        asked = await self._links.ask(
            standing.actor,
            server=meant.name,
            asked_for=role,
            role=found,
            shown=shown,
            waits=self._patience.proof_waits,
        )
        return asked if isinstance(asked, TooMany) else Asked(asked, shown)

    async def ask_to_vouch(self, actor: Actor, request_id: str) -> BeforeStaff | TooMany | None:
        """Put the person's own request before staff; None: there is none."""
        asked = await self._links.ask_to_vouch(actor, request_id)
        if not isinstance(asked, LinkRequest):
            return asked
        # One that was proved meanwhile is nothing to ask about.
        return BeforeStaff(asked, seen=asked.vouch is None or await self._show(asked) is not Shown.NEVER)

    async def decide(self, actor: Actor, request_id: str, *, theirs: bool, now: datetime) -> Decision | None:
        """Store what one of the staff says to a request; None: there is none.

        Raises `NotPermitted`, which is on record, `UnknownServer`, `ServerUnavailable`.
        """
        request = await self._links.get(actor.team, request_id)
        if request is None:
            return None
        there = await self._fleet.choose(request.server).role(request.role) if request.role else None
        decided = await self._links.decide(actor, request_id, there.role if there else None, theirs=theirs, now=now)
        if isinstance(decided, Denied):
            raise NotPermitted(decided.action, None, request.server)
        if decided is None:
            return None
        if decided.request.vouch is Vouch.VOUCHED and not decided.why:
            await self._suspend_closed({request.slack_id})
        await self._show_cards()
        await self.tell()
        return decided

    async def look(self) -> None:
        """Look once for every proof, give up those whose time is over, and tell whom it concerns."""
        by_server: dict[str, list[LinkRequest]] = defaultdict(list)
        for request in await self._links.waiting(self._team):
            by_server[request.server].append(request)
        await asyncio.gather(*(self._look_on(server, requests) for server, requests in by_server.items()))
        await self._links.expire(self._team)
        await self._show_cards()
        await self.tell()

    async def tell(self) -> None:
        """Tell what is untold; who cannot be reached now is told later."""
        taken = await self._links.take_news(self._team, self._telling_holds_for)
        rosters: dict[tuple[str, str, datetime], list[News]] = defaultdict(list)
        for news in taken:
            if news.origin is Origin.ROSTER:
                rosters[news.server, news.by, news.at].append(news)
        untold = {one.id for roster in rosters.values() if not await self._tells.roster(roster) for one in roster}
        for news in taken:
            if news.id not in untold and await self._tell(news):
                await self._links.told(news)

    async def _tell(self, news: News) -> bool:
        owners: tuple[Owner, ...] = ()
        if news.role_oid is not None:
            found = await self._ownership.owners_of(news.team, news.server, news.role_oid)
            owners = tuple(one for one in found if one.linked_at < news.at or one.slack_id == news.slack_id)
        request = await self._links.get(news.team, news.request) if news.request else None
        return await self._tells.news(news, owners, request)

    async def leave(self, slack_id: str) -> None:
        """Suspend the links of somebody whose account was closed."""
        for owner in await self._ownership.suspend(self._team, slack_id, DEACTIVATED):
            log.info("a link is suspended", extra={"action": "suspend", "actor": slack_id, "server": owner.server})

    async def look_who_left(self) -> None:
        """Suspend the links of those whose accounts were closed, which Slack may not have been heard to say."""
        await self._suspend_closed(
            {one.slack_id for one in await self._ownership.all_of(self._team) if not one.suspended_at}
        )

    async def _suspend_closed(self, people: Collection[str]) -> None:
        for slack_id in sorted(await self._tells.deactivated(people) or () if people else ()):
            await self.leave(slack_id)

    async def _look_on(self, name: str, requests: Sequence[LinkRequest]) -> None:
        try:
            server = self._fleet.choose(name)
            presets = await server.presets([request.digest for request in requests])
            roles = dict.fromkeys(request.role for request in requests if request.role is not None)
            readings = dict(zip(roles, await asyncio.gather(*map(server.read, roles)), strict=True))
        except (ServerUnavailable, UnknownServer) as exc:
            log.info("cannot look for proofs", extra={"action": "link", "server": name, "why": str(exc)})
            return
        for request in requests:
            reading = readings[request.role] if request.role is not None else None
            if request.digest in presets:
                # A database or a role gives it to whoever comes: no proof that anybody chose to show it.
                log.warning("a code is spread", extra={"action": "link", "server": name, "actor": request.slack_id})
                await self._links.void(request, "preset")
            elif reading is not None and shows(reading, request):
                await self._links.prove(request)

    async def _show_cards(self) -> None:
        for request in await self._links.cards_due(self._team):
            await self._show(request)

    async def _show(self, request: LinkRequest) -> Shown:
        of_person = await self._ownership.roles_of(request.team, request.slack_id)
        of_role: tuple[Owner, ...] = ()
        if request.role_oid is not None:
            of_role = await self._ownership.owners_of(request.team, request.server, request.role_oid)
        shown = await self._tells.card(Card(request, of_person, of_role))
        if shown is not Shown.LATER:
            await self._links.card_shown(request)
        return shown
