"""All that is stored of a person, read in the transaction that decides by it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.member import Actor, Grade, Member, Origin, Owner, Standing
from bot.storage.tables import members, owners

_PEOPLE: BindParameter[Sequence[tuple[str, str]]] = bindparam("people", expanding=True)
_MEMBERS = select(members).where(tuple_(members.c.team, members.c.slack_id).in_(_PEOPLE))
_OWNERS = select(owners).where(tuple_(owners.c.team, owners.c.slack_id).in_(_PEOPLE))


async def read_standing(connection: AsyncConnection, actor: Actor) -> Standing:
    """Read what is stored of one person."""
    return (await read_standings(connection, [actor]))[actor]


async def read_standings(connection: AsyncConnection, actors: Collection[Actor]) -> dict[Actor, Standing]:
    """Read what is stored of each of these people; nothing is stored of those at the command line."""
    people = {"people": sorted({(actor.team, actor.id) for actor in actors})}
    granted: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for row in await connection.execute(_MEMBERS, people):
        granted[row.team, row.slack_id].append(member_of(row))
    owned: dict[tuple[str, str], list[Owner]] = defaultdict(list)
    for row in await connection.execute(_OWNERS, people):
        owned[row.team, row.slack_id].append(owner_of(row))
    return {
        actor: Standing(actor, tuple(granted[actor.team, actor.id]), tuple(owned[actor.team, actor.id]))
        for actor in actors
    }


def member_of(row: Row[Any]) -> Member:
    """Make a member of its row."""
    grade = Grade[row.grade.upper()]
    return Member(row.team, row.slack_id, grade, row.server, row.roles, row.until, row.added_by, row.added_at)


def owner_of(row: Row[Any]) -> Owner:
    """Make an owner of its row."""
    return Owner(
        row.team, row.slack_id, row.server, row.role, row.role_oid, Origin(row.origin), row.linked_by, row.linked_at
    )
