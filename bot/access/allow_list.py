"""The stored allow-list: who has which grade, changed only by those who may, each change and each refusal on record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, delete, exists, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.entries import WORKSPACE, record_grants, record_refusal
from bot.access.member import Action, Actor, Denied, Grade, Member, Standing
from bot.access.policy import items, leaves_no_admin, may_change, permit
from bot.access.standing import member_of, read_standing
from bot.errors import UsageError
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.storage.tables import members, owners, workspaces


@dataclass(frozen=True, slots=True)
class Grant:
    """What is to be given to a person; `server` '' every server, `roles` '' all of the server's students."""

    slack_id: str
    grade: Grade
    server: str = ""
    roles: str = ""
    until: datetime | None = None


class AllowList:
    """The members of each workspace; what is answered `Denied` is on record and changed nothing."""

    def __init__(self, db: OwnDatabase, record: Record) -> None:
        self._db = db
        self._record = record

    async def standing(self, actor: Actor) -> Standing:
        """Read all that is stored of a person now."""
        async with self._db.read() as connection:
            return await read_standing(connection, actor)

    async def members(self, team: str) -> tuple[Member, ...]:
        """Read the allow-list, the highest grades first; grants that are over stand in it too."""
        async with self._db.read() as connection:
            rows = (await connection.execute(select(members).where(members.c.team == team))).all()
        found = [member_of(row) for row in rows]
        return tuple(sorted(found, key=lambda member: (-member.grade, member.slack_id, member.server)))

    async def allow(self, actor: Actor, grant: Grant, *, now: datetime) -> Member | Denied:
        """Give a person a grant, in place of the one for the same server.

        Who gives it must be allowed to give it and to take the one it replaces; the last admin is not replaced from Slack.
        Raises `UsageError` (problem `slack_id`, `roles` or `until`) for a grant that gives nothing.
        """
        roles = _tidy(grant)
        async with self._record.turn(self._db) as turn:
            if grant.until is not None and grant.until <= turn.at:
                raise UsageError("allow", "until")
            member = Member(
                actor.team, grant.slack_id, grant.grade, grant.server, roles, grant.until, actor.id, turn.at
            )
            replaced = await self._grants(turn.connection, actor.team, grant.slack_id, grant.server)
            denied = await self._objection(turn.connection, actor, replaced, member, now=now, at=turn.at)
            if denied:
                about = {"member": member.slack_id, "grade": member.grade.word, "server": member.server}
                await record_refusal(turn, actor, denied, **about)
                return denied
            await self._store(turn.connection, member)
            state = "changed" if replaced else "allowed"
            await record_grants(turn, actor, [member], state=state)
            return member

    async def disallow(
        self, actor: Actor, slack_id: str, *, server: str | None = None, now: datetime
    ) -> tuple[Member, ...] | Denied:
        """Take a person's grants, or the one for `server` ('' the one for every server): all of them or none.

        Returns those taken. The last admin is not removed from Slack, where nobody could put it right; at the command line
        that is possible.
        """
        async with self._record.turn(self._db) as turn:
            taken = await self._grants(turn.connection, actor.team, slack_id, server)
            denied = await self._objection(turn.connection, actor, taken, None, now=now, at=turn.at)
            if denied:
                about = {"member": slack_id, "server": server or ""}
                await record_refusal(turn, actor, denied, **about)
                return denied
            for member in taken:
                await turn.connection.execute(delete(members).where(_is(member)))
            await record_grants(turn, actor, taken, state="removed")
            return taken

    async def refuse(
        self,
        actor: Actor,
        denied: Denied,
        *,
        role: str | None = None,
        server: str | None = None,
        target: str | None = None,
    ) -> None:
        """Put a refusal on record: who asked for what, and why not; `target` is the person it was about."""
        about = {"role": role or "", "server": server or "", **({"member": target} if target else {})}
        async with self._record.turn(self._db) as turn:
            await record_refusal(turn, actor, denied, **about)

    async def teams(self) -> tuple[str, ...]:
        """Name the workspaces met so far, the first one first."""
        async with self._db.read() as connection:
            order = (workspaces.c.first_seen, workspaces.c.team)
            return tuple((await connection.execute(select(workspaces.c.team).order_by(*order))).scalars())

    async def adopt_team(self, team: str, name: str) -> bool:
        """Meet a workspace; true the first time. What the command line stored before any was known becomes its own."""
        if await self._is_met(team):
            # Whoever begins need not wait for whoever has the record in hand.
            return False
        async with self._record.turn(self._db) as turn:
            row = {"team": team, "name": name, "first_seen": turn.at}
            meet = self._db.insert(workspaces).values(row).on_conflict_do_nothing().returning(workspaces.c.team)
            new = (await turn.connection.execute(meet)).first() is not None
            adopted = {table.name: await _adopt(turn.connection, table, team) for table in (members, owners)}
            if new or any(adopted.values()):
                payload = {"team": team, "name": name, "state": "met" if new else "adopted", **adopted}
                await turn.append("serve", WORKSPACE, payload)
            return new

    async def _is_met(self, team: str) -> bool:
        met = exists().where(workspaces.c.team == team)
        left = [exists().where(table.c.team == "") for table in (members, owners)]
        async with self._db.read() as connection:
            return bool((await connection.execute(select(met & ~or_(*left)))).scalar_one())

    async def _grants(
        self, connection: AsyncConnection, team: str, slack_id: str, server: str | None
    ) -> tuple[Member, ...]:
        whose = (members.c.team == team) & (members.c.slack_id == slack_id)
        query = select(members).where(whose if server is None else whose & (members.c.server == server))
        return tuple(member_of(row) for row in await connection.execute(query.order_by(members.c.server)))

    async def _objection(
        self,
        connection: AsyncConnection,
        actor: Actor,
        taken: tuple[Member, ...],
        given: Member | None,
        *,
        now: datetime,
        at: datetime,
    ) -> Denied | None:
        """What forbids to take these grants and to give that one, if anything."""
        standing = await read_standing(connection, actor)
        for member in (*taken, *([given] if given else [])):
            answer = may_change(standing, member.grade, server=member.server, roles=member.roles, now=now)
            if isinstance(answer, Denied):
                return answer
        if not taken and not given:
            # There is nothing to take; that too is told only to those who might.
            reach = {member.server for member in standing.members} or {""}
            answers = [permit(standing, Action.ALLOW_RESPONDER, role=None, server=server, now=now) for server in reach]
            denials = [answer for answer in answers if isinstance(answer, Denied)]
            return denials[0] if len(denials) == len(answers) else None
        everybody = await connection.execute(select(members).where(members.c.team == actor.team))
        if actor.at_command_line or not leaves_no_admin(map(member_of, everybody), taken, given, at):
            return None
        return Denied(Action.ALLOW, "last_admin")

    async def _store(self, connection: AsyncConnection, member: Member) -> None:
        said = {
            "grade": member.grade.word,
            "roles": member.roles,
            "until": member.until,
            "added_by": member.added_by,
            "added_at": member.added_at,
        }
        key = {"team": member.team, "slack_id": member.slack_id, "server": member.server}
        upsert = self._db.insert(members).values(key | said)
        await connection.execute(upsert.on_conflict_do_update(index_elements=list(key), set_=said))


def _is(member: Member) -> ColumnElement[bool]:
    key = members.c.team, members.c.slack_id, members.c.server
    return and_(
        *(column == value for column, value in zip(key, (member.team, member.slack_id, member.server), strict=True))
    )


def _tidy(grant: Grant) -> str:
    """ROLES without blanks; raises `UsageError` where a grant says nothing, lest nothing be read as everything."""
    if not grant.slack_id.strip():
        raise UsageError("allow", "slack_id")
    named = items(grant.roles)
    if "@" in named or (grant.roles and not named):
        raise UsageError("allow", "roles")
    return ",".join(named)


async def _adopt(connection: AsyncConnection, table: Table, team: str) -> int:
    """Give the rows without a workspace to `team`; where it has the same already, its own is the later one and stays."""
    rest = [column for column in table.primary_key.columns if column.name != "team"]
    theirs = select(*rest).where(table.c.team == team)
    await connection.execute(delete(table).where(table.c.team == "", tuple_(*rest).in_(theirs)))
    moved = await connection.execute(update(table).where(table.c.team == "").values(team=team).returning(table.c.team))
    return len(moved.all())
