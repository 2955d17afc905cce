"""Forgetting a person: what was said of them goes, what followed upon it stays proved."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.incidents.proposal import State
from bot.storage.engine import OwnDatabase
from bot.storage.record import FORGET, Record
from bot.storage.tables import (
    incident_people,
    incidents,
    link_news,
    link_requests,
    members,
    owners,
    posts,
    proposal_backends,
    proposals,
)
from bot.storage.tables import record as entries

FORGOTTEN = "forgotten"
"""Stands where a person stood whose part in something others did must be kept."""
_PEOPLE = (proposals.c.requester, proposals.c.claimed_by, proposals.c.asked_by, proposals.c.answered_by)
_OPEN = (State.WAITING, State.PROPOSED, State.CLAIMED)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much of a person was removed: grants, links to roles, entries of the record, proposals."""

    grants: int
    links: int
    entries: int
    proposals: int

    @property
    def anything(self) -> bool:
        """Whether there was anything to forget."""
        return any((self.grants, self.links, self.entries, self.proposals))


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Proposals of the person that wait or are at work: they end by themselves within minutes, and nothing was forgotten."""

    count: int


class Forgetting:
    """Removes a person from the own database; the chain of the record still proves what is left."""

    def __init__(self, db: OwnDatabase, record: Record) -> None:
        self._db = db
        self._record = record

    async def forget(self, actor: str, slack_id: str) -> Forgotten | StillOpen:
        """Remove `slack_id` in every workspace: their grants and links, who they were in proposals, what the record says of them.

        - of proposals stay server, role, times and outcomes, so that a role's history is whole
        - of connections to roles that they own go program and address
        - one transaction; the forgetting is an entry itself, which names nobody
        """
        async with self._db.write() as connection:
            theirs = or_(*(column == slack_id for column in _PEOPLE))
            still = select(proposals.c.id).where(theirs, proposals.c.state.in_(_OPEN))
            if waiting := (await connection.execute(still)).all():
                return StillOpen(len(waiting))
            seqs = await self._entries_about(connection, slack_id)
            changed = await _forget_proposals(connection, slack_id, theirs)
            await _forget_incidents(connection, slack_id)
            await _forget_requests(connection, slack_id)
            grants = await _remove(connection, members, slack_id)
            links = await _remove(connection, owners, slack_id)
            for table, column in ((members, members.c.added_by), (owners, owners.c.linked_by)):
                await connection.execute(update(table).where(column == slack_id).values({column.name: FORGOTTEN}))
            now = await self._db.now(connection)
            await self._record.forget(connection, now, actor, seqs)
            return Forgotten(grants, links, len(seqs), changed)

    async def _entries_about(self, connection: AsyncConnection, slack_id: str) -> Sequence[int]:
        """The entries that name the person, as who did it or anywhere in what they say."""
        named = _naming(slack_id)
        likely = select(entries.c.seq, entries.c.payload).where(
            entries.c.payload.contains(slack_id, autoescape=True), entries.c.kind != FORGET
        )
        return [row.seq for row in await connection.execute(likely) if named.search(row.payload)]


def _naming(slack_id: str) -> re.Pattern[str]:
    """What is found where a text names that very person."""
    return re.compile(rf"(?<![A-Z0-9]){re.escape(slack_id)}(?![A-Z0-9])")


async def _forget_proposals(connection: AsyncConnection, slack_id: str, theirs: ColumnElement[bool]) -> int:
    owned = select(owners.c.role_oid).where(
        owners.c.slack_id == slack_id, owners.c.server == proposals.c.server, owners.c.role_oid == proposals.c.role_oid
    )
    about = select(proposals.c.id).where(or_(theirs, owned.exists()))
    ids = (await connection.execute(about)).scalars().all()
    where = proposal_backends.c.proposal_id.in_(select(proposals.c.id).where(owned.exists()))
    await connection.execute(update(proposal_backends).where(where).values(application_name="", client_address=None))
    gone = {"reason": "", "channel": "", "thread": None, "response_url": None, "response_url_until": None}
    await connection.execute(update(proposals).where(theirs).values(gone))
    # Others may have mentioned them when they said why.
    mentions = select(proposals.c.id, proposals.c.reason).where(proposals.c.reason.contains(slack_id, autoescape=True))
    named = [row.id for row in await connection.execute(mentions) if _naming(slack_id).search(row.reason)]
    await connection.execute(update(proposals).where(proposals.c.id.in_(named)).values(reason=""))
    for column in _PEOPLE:
        await connection.execute(update(proposals).where(column == slack_id).values({column.name: FORGOTTEN}))
    return len(ids)


async def _forget_incidents(connection: AsyncConnection, slack_id: str) -> None:
    """Of incidents stays what happened, and when; who was kept out or helped goes."""
    private = incident_people.c.private.is_(True) & (incident_people.c.slack_id == slack_id)
    spoken = select(incident_people.c.channel).where(private)
    # What was said to them alone was said in a direct message, which is theirs.
    own = {"channel": None, "thread": None}
    await connection.execute(update(incidents).where(incidents.c.channel.in_(spoken)).values(own))
    await connection.execute(delete(posts).where(posts.c.channel.in_(spoken)))
    # As are the questions and notices that name them as whom they were for.
    theirs, named = posts.c.occasion == slack_id, posts.c.occasion.startswith(f"{slack_id}:", autoescape=True)
    await connection.execute(delete(posts).where(or_(theirs, named)))
    await _remove(connection, incident_people, slack_id)
    for column in (incidents.c.reporter, incidents.c.human, incidents.c.resolved_by):
        await connection.execute(update(incidents).where(column == slack_id).values({column.name: FORGOTTEN}))


async def _forget_requests(connection: AsyncConnection, slack_id: str) -> None:
    """What they asked to own goes whole, and what is still to be told of it; whom they decided on keeps the decision."""
    theirs = select(link_requests.c.id).where(link_requests.c.slack_id == slack_id)
    # A notice to one person names them as its occasion.
    await connection.execute(delete(posts).where(posts.c.about.in_(theirs) | (posts.c.occasion == slack_id)))
    for table in (link_requests, link_news):
        await _remove(connection, table, slack_id)
    for column in (link_requests.c.decided_by, link_news.c.by):
        await connection.execute(update(column.table).where(column == slack_id).values({column.name: FORGOTTEN}))


async def _remove(connection: AsyncConnection, table: Table, slack_id: str) -> int:
    return (await connection.execute(delete(table).where(table.c.slack_id == slack_id))).rowcount
