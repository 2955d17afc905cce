"""All that is stored of a person, read in the transaction that decides by it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Row, bindparam, cast, null, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access.member import Actor, Grade, Member, Origin, Owner, Standing
from bot.storage.tables import members, owners

_PEOPLE: BindParameter[Sequence[tuple[str, str]]] = bindparam("people", expanding=True)
# Both kinds of row in one statement, since each statement is a way to the database and back: `said` is a member's grade or
# an owner's origin, `named` the ROLES or the role, `role_oid` is an owner's alone.
_EVERYTHING = union_all(
    select(
        members.c.team,
        members.c.slack_id,
        members.c.server,
        members.c.grade.label("said"),
        members.c.roles.label("named"),
        members.c.until,
        members.c.added_by.label("by"),
        members.c.added_at.label("at"),
        cast(null(), BigInteger).label("role_oid"),
    ).where(tuple_(members.c.team, members.c.slack_id).in_(_PEOPLE)),
    select(
        owners.c.team,
        owners.c.slack_id,
        owners.c.server,
        owners.c.origin,
        owners.c.role,
        null(),
        owners.c.linked_by,
        owners.c.linked_at,
        owners.c.role_oid,
    ).where(tuple_(owners.c.team, owners.c.slack_id).in_(_PEOPLE), owners.c.suspended_at.is_(None)),
)


async def read_standing(connection: AsyncConnection, actor: Actor) -> Standing:
    """Read what is stored of one person."""
    return (await read_standings(connection, [actor]))[actor]


async def read_standings(connection: AsyncConnection, actors: Collection[Actor]) -> dict[Actor, Standing]:
    """Read what is stored of each of these people; nothing is stored of those at the command line."""
    people = {"people": sorted({(actor.team, actor.id) for actor in actors})}
    granted: dict[tuple[str, str], list[Member]] = defaultdict(list)
    owned: dict[tuple[str, str], list[Owner]] = defaultdict(list)
    for team, slack_id, server, said, named, until, by, at, role_oid in await connection.execute(_EVERYTHING, people):
        if role_oid is None:
            member = Member(team, slack_id, Grade[said.upper()], server, named, until, by, at)
            granted[team, slack_id].append(member)
        else:
            owner = Owner(team, slack_id, server, named, role_oid, Origin(said), by, at)
            owned[team, slack_id].append(owner)
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
        row.team,
        row.slack_id,
        row.server,
        row.role,
        row.role_oid,
        Origin(row.origin),
        row.linked_by,
        row.linked_at,
        row.suspended_at,
        row.suspended_why,
    )
