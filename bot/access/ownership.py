"""Whose role is whose: links between people and roles, each with its origin, changed only by those who may, on record."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.entries import record_links, record_refusal
from bot.access.member import Action, Actor, Denied, Origin, Owner
from bot.access.policy import permit
from bot.access.roster import Preview
from bot.access.standing import owner_of, read_standing
from bot.servers.server import Role
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Turn
from bot.storage.tables import owners

_KEY = (owners.c.team, owners.c.slack_id, owners.c.server, owners.c.role_oid)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What storing a roster changed; `kept` links were there before."""

    added: tuple[Owner, ...]
    removed: tuple[Owner, ...]
    kept: int


class Ownership:
    """The owners of roles in each workspace; what is answered `Denied` is on record and changed nothing."""

    def __init__(self, db: OwnDatabase, record: Record) -> None:
        self._db = db
        self._record = record

    async def owners_of(self, team: str, server: str, role_oid: int) -> tuple[Owner, ...]:
        """Read the owners of one role, by its oid: those of a role of the same name before it are none."""
        async with self._db.read() as connection:
            return await read_owners(connection, team, server, role_oid)

    async def roles_of(self, team: str, slack_id: str) -> tuple[Owner, ...]:
        """Read the links of one person."""
        return await self._read((owners.c.team == team) & (owners.c.slack_id == slack_id))

    async def roster_links(self, team: str, server: str) -> tuple[Owner, ...]:
        """Read the links of a server that came from a roster: those that `enrol` with `replace` may remove."""
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
            await self._link(turn, actor, [owner])
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
        self, actor: Actor, preview: Preview, *, server: str, replace: bool, now: datetime
    ) -> Enrolled | Denied:
        """Store what `preview` matched, after somebody has confirmed it; links of other origins stay what they are.

        With `replace` the roster's links that are not in it any more go, never those by staff or by proof.
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
            there = {_key(owner) for owner in await _links(turn.connection, _on_server(actor.team, server))}
            added = tuple(link for link in links if _key(link) not in there)
            await self._link(turn, actor, added)
            roster = await _links(turn.connection, _from_roster(actor.team, server)) if replace else ()
            removed = tuple(link for link in roster if _key(link) not in keys)
            await self._unlink(turn, actor, removed)
            return Enrolled(added, removed, len(links) - len(added))

    async def _read(self, which: ColumnElement[bool]) -> tuple[Owner, ...]:
        async with self._db.read() as connection:
            return await _links(connection, which)

    async def _link(self, turn: Turn, actor: Actor, links: Collection[Owner]) -> None:
        if not links:
            return
        there = await _links(turn.connection, _on_server(actor.team, next(iter(links)).server))
        oids = {(link.slack_id, link.role): link.role_oid for link in links}
        recreated = [one for one in there if oids.get((one.slack_id, one.role), one.role_oid) != one.role_oid]
        await self._unlink(turn, actor, recreated)
        upsert = self._db.insert(owners)
        said = {name: upsert.excluded[name] for name in ("role", "origin", "linked_by", "linked_at")}
        await turn.connection.execute(
            upsert.on_conflict_do_update(index_elements=list(_KEY), set_=said), [asdict(link) for link in links]
        )
        await record_links(turn, actor, links, state="linked")

    async def _unlink(self, turn: Turn, actor: Actor, links: Collection[Owner]) -> None:
        if links:
            await turn.connection.execute(delete(owners).where(tuple_(*_KEY).in_([_key(link) for link in links])))
        await record_links(turn, actor, links, state="unlinked")


async def read_owners(connection: AsyncConnection, team: str, server: str, role_oid: int) -> tuple[Owner, ...]:
    """Read the owners of one role, by its oid, in the caller's transaction."""
    return await _links(connection, _on_server(team, server) & (owners.c.role_oid == role_oid))


async def _links(connection: AsyncConnection, which: ColumnElement[bool]) -> tuple[Owner, ...]:
    order = (owners.c.server, owners.c.role, owners.c.slack_id)
    return tuple(owner_of(row) for row in await connection.execute(select(owners).where(which).order_by(*order)))


def _key(owner: Owner) -> tuple[str, str, str, int]:
    return owner.team, owner.slack_id, owner.server, owner.role_oid


def _on_server(team: str, server: str) -> ColumnElement[bool]:
    return (owners.c.team == team) & (owners.c.server == server)


def _from_roster(team: str, server: str) -> ColumnElement[bool]:
    return _on_server(team, server) & (owners.c.origin == Origin.ROSTER.value)
