"""Requests to own a role: codes that are looked for, what staff are asked, and the news of both; each change on record."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.entries import LINK_REQUEST, record_refusal
from bot.access.link import MOST_WAITING, Decision, LinkRequest, News, NewsKind, Proof, TooMany, Vouch, digest_of
from bot.access.member import Action, Actor, Denied, Origin, Owner
from bot.access.ownership import Ownership
from bot.access.policy import can_be_linked, permit
from bot.access.standing import read_standing
from bot.servers.server import Role
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Turn
from bot.storage.tables import link_news, link_requests

CARDS_STAND_FOR = timedelta(hours=24)
"""A card that staff have left so long no longer keeps its person from asking for another."""
_REQUEST = tuple(link_requests.c[name] for name in LinkRequest.__dataclass_fields__)
_NEWS = tuple(link_news.c[name] for name in News.__dataclass_fields__)


class Links:
    """The requests of each workspace; of several who act on one, one is first."""

    def __init__(self, db: OwnDatabase, record: Record, ownership: Ownership) -> None:
        self._db = db
        self._record = record
        self._ownership = ownership

    async def ask(
        self, actor: Actor, *, server: str, asked_for: str, role: Role | None, shown: str, waits: timedelta
    ) -> LinkRequest | TooMany:
        """Store that a person wants to prove a role (None: nothing that could be proved) by a session that is `shown` so."""
        async with self._record.turn(self._db) as turn:
            waiting = _of(actor) & (link_requests.c.proof == Proof.WAITING) & (link_requests.c.expires_at > turn.at)
            query = select(func.count(), func.min(link_requests.c.expires_at)).where(waiting)
            count, until = (await turn.connection.execute(query)).one()
            if count >= MOST_WAITING:
                return TooMany(until)
            request = LinkRequest(
                id=secrets.token_urlsafe(18),
                team=actor.team,
                slack_id=actor.id,
                server=server,
                asked_for=asked_for,
                role=role.name if role else None,
                role_oid=role.oid if role else None,
                digest=digest_of(shown),
                asked_at=turn.at,
                expires_at=turn.at + waits,
                proof=Proof.WAITING,
            )
            values = {name: getattr(request, name) for name in LinkRequest.__dataclass_fields__}
            await turn.connection.execute(insert(link_requests).values(card_due=False, **values))
            await _append(turn, actor, request, "asked")
            return request

    async def get(self, team: str, request_id: str) -> LinkRequest | None:
        """Read a request of a workspace; None: it has none of this id."""
        async with self._db.read() as connection:
            return await _get(connection, team, request_id)

    async def waiting(self, team: str) -> tuple[LinkRequest, ...]:
        """Read those whose proof can still be found."""
        in_time = (link_requests.c.proof == Proof.WAITING, link_requests.c.expires_at > self._db.clock)
        async with self._db.read() as connection:
            return await _requests(connection, team, *in_time, link_requests.c.role_oid.is_not(None))

    async def expire(self, team: str) -> int:
        """Give up those whose time is over; there is news for their people."""
        due = (link_requests.c.proof == Proof.WAITING, link_requests.c.expires_at <= self._db.clock)
        if not await self._any(link_requests.c.team == team, *due):
            return 0
        async with self._db.write() as connection:
            now = await self._db.now(connection)
            over = (link_requests.c.proof == Proof.WAITING, link_requests.c.expires_at <= now)
            giving_up = update(link_requests).where(link_requests.c.team == team, *over).values(proof=Proof.EXPIRED)
            rows = (await connection.execute(giving_up.returning(*_REQUEST))).all()
            await _tell(connection, NewsKind.NOT_FOUND, [_request(row) for row in rows], "", now)
            return len(rows)

    async def prove(self, request: LinkRequest) -> Owner | None:
        """Link the person, whose proof was found; None: its time is over, or another process was first."""
        if request.role is None or request.role_oid is None:
            return None
        actor = Actor(request.team, request.slack_id)
        async with self._record.turn(self._db) as turn:
            still = _is(request) & (link_requests.c.proof == Proof.WAITING) & (link_requests.c.expires_at > turn.at)
            proving = update(link_requests).where(still).values(proof=Proof.PROVED)
            if (await turn.connection.execute(proving)).rowcount != 1:
                return None
            owner = Owner(
                request.team,
                request.slack_id,
                request.server,
                request.role,
                request.role_oid,
                Origin.POSSESSION,
                request.slack_id,
                turn.at,
            )
            await self._link(turn, actor, owner, request)
            return owner

    async def void(self, request: LinkRequest, why: str) -> bool:
        """Look no more for a proof that is none, and say so on record; its person is told as of one that was not found."""
        async with self._record.turn(self._db) as turn:
            still = _is(request) & (link_requests.c.proof == Proof.WAITING)
            voiding = update(link_requests).where(still).values(proof=Proof.VOID)
            if (await turn.connection.execute(voiding)).rowcount != 1:
                return False
            await _append(turn, Actor(request.team, request.slack_id), request, "void", why=why)
            await _tell(turn.connection, NewsKind.NOT_FOUND, [request], "", turn.at)
            return True

    async def ask_to_vouch(self, actor: Actor, request_id: str) -> LinkRequest | TooMany | None:
        """Put the person's own request before staff, once; None: the person has none of this id."""
        async with self._record.turn(self._db) as turn:
            request = await _get(turn.connection, actor.team, request_id)
            if request is None or request.slack_id != actor.id:
                return None
            before_staff = _of(actor) & (link_requests.c.vouch == Vouch.ASKED)
            asked = await _requests(turn.connection, actor.team, before_staff)
            same = [one for one in asked if (one.server, one.asked_for) == (request.server, request.asked_for)]
            if request.vouch is not None or request.proof is Proof.PROVED or same:
                return same[0] if same else request
            if sum(one.asked_at > turn.at - CARDS_STAND_FOR for one in asked) >= MOST_WAITING:
                return TooMany()
            values = {"vouch": Vouch.ASKED, "vouch_asked_at": turn.at, "card_due": True}
            await turn.connection.execute(update(link_requests).where(_is(request)).values(values))
            await _append(turn, actor, request, "vouch_asked")
            return replace(request, vouch=Vouch.ASKED)

    async def decide(
        self, actor: Actor, request_id: str, role: Role | None, *, theirs: bool, now: datetime
    ) -> Decision | Denied | None:
        """Store what staff say to a request, if they may, and link its person if they vouch; None: there is no such request.

        `role` is the one of that name as its server has it now. Right and decision are one transaction.
        """
        async with self._record.turn(self._db) as turn:
            request = await _get(turn.connection, actor.team, request_id)
            if request is None or request.vouch is None:
                return None
            meant = role if role is not None and can_be_linked(role) else None
            standing = await read_standing(turn.connection, actor)
            answer = permit(standing, Action.OWN, role=meant, server=request.server, now=now)
            if isinstance(answer, Denied):
                about = {"server": request.server, "role": request.asked_for, "member": request.slack_id}
                await record_refusal(turn, actor, answer, **about)
                return answer
            if request.vouch is not Vouch.ASKED:
                return Decision(request, "first")
            if theirs and (meant is None or meant.oid != request.role_oid):
                return Decision(request, "made_anew")
            vouch = Vouch.VOUCHED if theirs else Vouch.NOT_THEIRS
            values = {"vouch": vouch, "decided_by": actor.id, "decided_at": turn.at, "card_due": True}
            await turn.connection.execute(update(link_requests).where(_is(request)).values(values))
            decided = replace(request, vouch=vouch, decided_by=actor.id, decided_at=turn.at)
            if meant is not None and theirs:
                owner = Owner(
                    request.team,
                    request.slack_id,
                    request.server,
                    meant.name,
                    meant.oid,
                    Origin.VOUCH,
                    actor.id,
                    turn.at,
                )
                await self._link(turn, actor, owner, decided)
            else:
                await _append(turn, actor, decided, "not_theirs")
                await _tell(turn.connection, NewsKind.NOT_THEIRS, [decided], actor.id, turn.at)
            return Decision(decided)

    async def cards_due(self, team: str) -> tuple[LinkRequest, ...]:
        """Read those whose card in the staff channel does not say yet how they stand."""
        async with self._db.read() as connection:
            return await _requests(connection, team, link_requests.c.card_due.is_(True))

    async def card_shown(self, request: LinkRequest) -> None:
        """Keep that the card says how `request` stands, unless that has changed meanwhile."""
        same = _is(request) & (link_requests.c.vouch == request.vouch)
        async with self._db.write(durable=False) as connection:
            await connection.execute(update(link_requests).where(same).values(card_due=False))

    async def take_news(self, team: str, holds_for: timedelta) -> tuple[News, ...]:
        """Take in hand what people are still to be told; nobody else gets it for so long."""
        if not await self._any(link_news.c.team == team):
            return ()
        async with self._db.write() as connection:
            now = await self._db.now(connection)
            free = link_news.c.telling_until.is_(None) | (link_news.c.telling_until <= now)
            taking = update(link_news).where(link_news.c.team == team, free).values(telling_until=now + holds_for)
            rows = (await connection.execute(taking.returning(*_NEWS))).all()
            return tuple(sorted((_news(row) for row in rows), key=lambda news: (news.at, news.id)))

    async def told(self, news: News) -> None:
        """Keep that everybody was told."""
        async with self._db.write(durable=False) as connection:
            await connection.execute(delete(link_news).where(link_news.c.id == news.id))

    async def _any(self, *which: ColumnElement[bool]) -> bool:
        """Whether there is such a row: hardly ever, so nobody's writing waits for ours."""
        async with self._db.read() as connection:
            return bool((await connection.execute(select(exists().where(*which)))).scalar_one())

    async def _link(self, turn: Turn, actor: Actor, owner: Owner, request: LinkRequest) -> None:
        """Link, and end what else the person asked for the same role."""
        await self._ownership.link(turn, actor, [owner], request=request.id)
        same = (link_requests.c.server == owner.server) & (link_requests.c.role_oid == owner.role_oid)
        theirs = _of(Actor(request.team, request.slack_id)) & same
        waiting = link_requests.c.proof == Proof.WAITING
        await turn.connection.execute(update(link_requests).where(theirs, waiting).values(proof=Proof.VOID))
        closing = update(link_requests).where(theirs, link_requests.c.vouch == Vouch.ASKED)
        await turn.connection.execute(closing.values(vouch=Vouch.CLOSED, card_due=True))


def _of(actor: Actor) -> ColumnElement[bool]:
    return (link_requests.c.team == actor.team) & (link_requests.c.slack_id == actor.id)


def _is(request: LinkRequest) -> ColumnElement[bool]:
    return link_requests.c.id == request.id


async def _get(connection: AsyncConnection, team: str, request_id: str) -> LinkRequest | None:
    found = await _requests(connection, team, link_requests.c.id == request_id)
    return found[0] if found else None


async def _requests(connection: AsyncConnection, team: str, *which: ColumnElement[bool]) -> tuple[LinkRequest, ...]:
    query = select(*_REQUEST).where(link_requests.c.team == team, *which)
    rows = await connection.execute(query.order_by(link_requests.c.asked_at, link_requests.c.id))
    return tuple(_request(row) for row in rows)


async def _append(turn: Turn, actor: Actor, request: LinkRequest, state: str, **more: object) -> None:
    about = {"team": request.team, "server": request.server, "role": request.role or request.asked_for}
    await turn.append(actor.id, LINK_REQUEST, {**about, "state": state, "for": request.slack_id, **more})


async def _tell(
    connection: AsyncConnection, kind: NewsKind, about: Sequence[LinkRequest], by: str, at: datetime
) -> None:
    rows = [
        {
            "id": secrets.token_urlsafe(18),
            "team": request.team,
            "kind": kind,
            "slack_id": request.slack_id,
            "server": request.server,
            "role": request.asked_for,
            "role_oid": request.role_oid,
            "by": by,
            "at": at,
            "request": request.id,
        }
        for request in about
    ]
    if rows:
        await connection.execute(insert(link_news), rows)


def _request(row: Row[Any]) -> LinkRequest:
    values = row._asdict()
    vouch = values["vouch"]
    return LinkRequest(**{**values, "proof": Proof(values["proof"]), "vouch": Vouch(vouch) if vouch else None})


def _news(row: Row[Any]) -> News:
    values = row._asdict()
    origin = values["origin"]
    return News(**{**values, "kind": NewsKind(values["kind"]), "origin": Origin(origin) if origin else None})
