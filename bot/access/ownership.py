"""Whose role is whose: links between people and roles, each with its origin, changed only by those who may, on record."""

import secrets
from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.entries import record_links, record_refusal
from bot.access.link import NewsKind
from bot.access.member import Action, Actor, Denied, Origin, Owner
from bot.access.policy import permit
from bot.access.roster import Enrolled, Preview
from bot.access.standing import owner_of, read_standing
from bot.servers.server import Role
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Turn
from bot.storage.tables import link_news, owners

SLACK = "slack"
"""The actor of what Slack said."""
DEACTIVATED = "deactivated"
_KEY = (owners.c.team, owners.c.slack_id, owners.c.server, owners.c.role_oid)
_SAID = ("role", "origin", "linked_by", "linked_at", "suspended_at", "suspended_why")
_COUNTS = owners.c.suspended_at.is_(None)


class Ownership:
    """The owners of roles in each workspace; what is answered `Denied` is on record and changed nothing.

    A suspended link is none, until somebody makes it anew. Of each new owner there is news for people; of those made at the
    command line, by whoever runs the bot, only where the role had other owners.
    """

    def __init__(self, db: OwnDatabase, record: Record) -> None:
        self._db = db
        self._record = record

    async def owners_of(self, team: str, server: str, role_oid: int) -> tuple[Owner, ...]:
        """Read the owners of one role, by its oid: those of a role of the same name before it are none."""
        async with self._db.read() as connection:
            return await read_owners(connection, team, server, role_oid)

    async def roles_of(self, team: str, slack_id: str) -> tuple[Owner, ...]:
        """Read the links of one person."""
        return await self._read((owners.c.team == team) & (owners.c.slack_id == slack_id) & _COUNTS)

    async def all_of(self, team: str) -> tuple[Owner, ...]:
        """Read every link of a workspace, the suspended too."""
        return await self._read(owners.c.team == team)

    async def roster_links(self, team: str, server: str) -> tuple[Owner, ...]:
        """Read the links of a server that came from a roster: those that `enrol` may remove."""
        return await self._read(_from_roster(team, server))

    async def own(
        self,
        actor: Actor,
        slack_id: str,
        *,
        server: str,
        role: Role,
        origin: Origin = Origin.STAFF,
        now: datetime,
    ) -> Owner | Denied:
        """Link a person to a role; a link to an earlier role of this name goes."""
        async with self._record.turn(self._db) as turn:
            standing = await read_standing(turn.connection, actor)
            answer = permit(standing, Action.OWN, role=role, server=server, now=now)
            if isinstance(answer, Denied):
                about = {"server": server, "role": role.name, "member": slack_id}
                await record_refusal(turn, actor, answer, **about)
                return answer
            owner = Owner(actor.team, slack_id, server, role.name, role.oid, origin, actor.id, turn.at)
            await self.link(turn, actor, [owner])
            return owner

    async def disown(
        self, actor: Actor, slack_id: str, *, role: str | None = None, server: str | None = None, now: datetime
    ) -> tuple[Owner, ...] | Denied:
        """Unlink a person from a role of this name, or from all roles; all of them or none. Returns the links taken.

        From Slack that takes a grant without ROLES: what groups a role was in cannot be asked of the links.
        """
        async with self._record.turn(self._db) as turn:
            which = (owners.c.team == actor.team) & (owners.c.slack_id == slack_id)
            which = which if role is None else which & (owners.c.role == role)
            which = which if server is None else which & (owners.c.server == server)
            taken = await _links(turn.connection, which)
            standing = await read_standing(turn.connection, actor)
            for reach in sorted({owner.server for owner in taken} or {server or ""}):
                answer = permit(standing, Action.OWN, role=None, server=reach, now=now)
                if isinstance(answer, Denied):
                    about = {"server": reach, "role": role or "", "member": slack_id}
                    await record_refusal(turn, actor, answer, **about)
                    return answer
            await self._unlink(turn, actor, taken)
            return taken

    async def enrol(
        self, actor: Actor, preview: Preview, *, server: str, leaving: Collection[Owner] = (), now: datetime
    ) -> Enrolled | Denied:
        """Store what `preview` matched, after somebody has confirmed it; links of other origins stay what they are.

        Of `leaving`, which were shown too, the roster's links go that are still there and not matched; never those by staff or
        by proof, and none that nobody was shown.
        """
        async with self._record.turn(self._db) as turn:
            standing = await read_standing(turn.connection, actor)
            answer = permit(standing, Action.OWN, role=None, server=server, now=now)
            if isinstance(answer, Denied):
                about = {"server": server, "roster": len(preview.matched)}
                await record_refusal(turn, actor, answer, **about)
                return answer
            links = [
                Owner(actor.team, match.slack_id, server, match.role, match.role_oid, Origin.ROSTER, actor.id, turn.at)
                for match in preview.matched
            ]
            keys = {_key(link) for link in links}
            there = {_key(owner) for owner in await _links(turn.connection, _on_server(actor.team, server) & _COUNTS)}
            added = tuple(link for link in links if _key(link) not in there)
            await self.link(turn, actor, added)
            roster = await _links(turn.connection, _from_roster(actor.team, server)) if leaving else ()
            gone = {_key(link) for link in leaving} - keys
            removed = tuple(link for link in roster if _key(link) in gone)
            await self._unlink(turn, actor, removed)
            return Enrolled(added, removed, len(links) - len(added))

    async def suspend(self, team: str, slack_id: str, why: str) -> tuple[Owner, ...]:
        """Let the links of a person count no more, and return those that this call suspended."""
        async with self._record.turn(self._db) as turn:
            which = (owners.c.team == team) & (owners.c.slack_id == slack_id) & _COUNTS
            counted = await _links(turn.connection, which)
            found = [replace(owner, suspended_at=turn.at, suspended_why=why) for owner in counted]
            await turn.connection.execute(update(owners).where(which).values(suspended_at=turn.at, suspended_why=why))
            await record_links(turn, Actor(team, SLACK), found, state="suspended")
            return tuple(found)

    async def link(self, turn: Turn, actor: Actor, links: Collection[Owner], *, request: str | None = None) -> None:
        """Store links of one server in the caller's transaction, who has decided the right to them; `request` is what asked for them."""
        if not links:
            return
        team, server = actor.team, next(iter(links)).server
        there = await _links(turn.connection, _on_server(team, server))
        oids = {(link.slack_id, link.role): link.role_oid for link in links}
        recreated = [one for one in there if oids.get((one.slack_id, one.role), one.role_oid) != one.role_oid]
        await self._unlink(turn, actor, recreated)
        upsert = self._db.insert(owners)
        said = {name: upsert.excluded[name] for name in _SAID}
        await turn.connection.execute(
            upsert.on_conflict_do_update(index_elements=list(_KEY), set_=said), [asdict(link) for link in links]
        )
        await record_links(turn, actor, links, state="linked")
        counted = [one for one in there if one.suspended_at is None and one not in recreated]
        await _add_news(turn, _to_be_told(links, counted, quiet=actor.at_command_line), request)

    async def _read(self, which: ColumnElement[bool]) -> tuple[Owner, ...]:
        async with self._db.read() as connection:
            return await _links(connection, which)

    async def _unlink(self, turn: Turn, actor: Actor, links: Collection[Owner]) -> None:
        if links:
            await turn.connection.execute(delete(owners).where(tuple_(*_KEY).in_([_key(link) for link in links])))
        await record_links(turn, actor, links, state="unlinked")


async def read_owners(connection: AsyncConnection, team: str, server: str, role_oid: int) -> tuple[Owner, ...]:
    """Read the owners of one role, by its oid, in the caller's transaction."""
    return await _links(connection, _on_server(team, server) & (owners.c.role_oid == role_oid) & _COUNTS)


async def _links(connection: AsyncConnection, which: ColumnElement[bool]) -> tuple[Owner, ...]:
    order = (owners.c.server, owners.c.role, owners.c.slack_id)
    return tuple(owner_of(row) for row in await connection.execute(select(owners).where(which).order_by(*order)))


def _to_be_told(links: Collection[Owner], there: Collection[Owner], *, quiet: bool) -> list[Owner]:
    """Those that make somebody an owner who was none; if `quiet` only where others owned the role before."""
    known, owned = {_key(one) for one in there}, {one.role_oid for one in there}
    return [link for link in links if link.team and _key(link) not in known and (link.role_oid in owned or not quiet)]


async def _add_news(turn: Turn, links: Collection[Owner], request: str | None) -> None:
    rows = [
        {
            "id": secrets.token_urlsafe(18),
            "team": link.team,
            "kind": NewsKind.NEW_OWNER,
            "slack_id": link.slack_id,
            "server": link.server,
            "role": link.role,
            "role_oid": link.role_oid,
            "origin": link.origin,
            "by": link.linked_by,
            "at": link.linked_at,
            "request": request,
        }
        for link in links
    ]
    if rows:
        await turn.connection.execute(insert(link_news), rows)


def _key(owner: Owner) -> tuple[str, str, str, int]:
    return owner.team, owner.slack_id, owner.server, owner.role_oid


def _on_server(team: str, server: str) -> ColumnElement[bool]:
    return (owners.c.team == team) & (owners.c.server == server)


def _from_roster(team: str, server: str) -> ColumnElement[bool]:
    return _on_server(team, server) & (owners.c.origin == Origin.ROSTER.value)
