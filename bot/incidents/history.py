"""What is asked and what became of it, kept: nothing is ended that is not claimed here first."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import tuple_, update

from bot.access.desk import Deliveries
from bot.access.entries import record_refusal
from bot.access.member import Action, Actor, Denied, Right
from bot.access.ownership import read_owners
from bot.access.standing import read_standing
from bot.incidents.claims import SHARED, TOLD_APART, may_claim
from bot.incidents.event import KINDS, Event, as_json, said_of, said_of_outcomes
from bot.incidents.proposal import (
    USUAL,
    Claimed,
    Consent,
    Kind,
    NotClaimed,
    Outcome,
    Place,
    Proposal,
    State,
    Waits,
)
from bot.incidents.rows import (
    insert_proposal,
    move_proposal,
    read_proposal,
    read_proposals,
    write_outcomes,
)
from bot.incidents.timeline import CLAIM, WITHDRAWAL, read_page
from bot.incidents.timeline_values import Cursor, Page, Question
from bot.servers.server import Role, Verdict
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Turn
from bot.storage.tables import proposals

__all__ = ["Event", "History", "as_json"]

AT_ONCE = 1000
"""Events of a long history that are read at a time."""
SETTLEMENT = "settlement"
"""The actor of what nobody's click did."""
LONGEST = timedelta(hours=1)
"""No proposal stands or is at work for so long."""
_ENDED = (Verdict.TERMINATED, Verdict.STILL_ENDING)
"""What became of a connection that its client finds closed."""
_STANDING = (State.WAITING, State.PROPOSED)


class History:
    """The proposals and their outcomes, and the reading of all that is on record."""

    def __init__(self, db: OwnDatabase, record: Record, waits: Waits = USUAL) -> None:
        self._db = db
        self._record = record
        self._waits = waits
        self._deliveries = Deliveries(db)

    async def propose(self, proposal: Proposal) -> Proposal:
        """Store a proposal as it is shown; it keeps its time to lapse, from now, both by the own database's clock."""
        # Losing a proposal to a power cut loses nothing: it has not been acted upon.
        async with self._db.write(durable=False) as connection:
            now = await self._db.now(connection)
            stored = replace(proposal, created_at=now, lapses_at=now + (proposal.lapses_at - proposal.created_at))
            await insert_proposal(connection, stored)
        return stored

    async def get(self, team: str, proposal_id: str) -> Proposal | None:
        """Read a proposal of a workspace; None: it has none of this id."""
        async with self._db.read() as connection:
            return await read_proposal(connection, team, proposal_id)

    async def claim(
        self,
        actor: Actor,
        proposal_id: str,
        *,
        role: Role | None,
        server_now: datetime,
        now: datetime,
        place: Place | None = None,
        delivery: str = "",
        reason: str = "",
    ) -> Claimed | NotClaimed:
        """Take a proposal in hand, if it is the actor's own, still stands, and the actor still has the right.

        `role` is the proposal's role as its server has it now, `server_now` that server's clock: no signal is sent later
        than `claim_holds_for` after it. Right and claim are one transaction, and so is the claim of the click's own `delivery` if that was
        not claimed before; of several claims one wins. `place` is where this click is to be answered, `reason` what it gives where
        the proposal has none.
        """
        async with self._record.turn(self._db) as turn:
            if not await self._deliveries.is_first(turn.connection, actor, delivery):
                return NotClaimed("repeated")
            proposal = await self._own(turn, actor, proposal_id)
            if isinstance(proposal, NotClaimed):
                return proposal
            if proposal.state is not State.PROPOSED:
                return NotClaimed(str(proposal.state), proposal)
            proposal = replace(proposal, reason=proposal.reason or reason)
            standing = await read_standing(turn.connection, actor)
            about_role = (proposal.team, proposal.server, proposal.role_oid)
            owners = await read_owners(turn.connection, *about_role) if standing.owned else ()
            answer = may_claim(standing, proposal, role, [owner.slack_id for owner in owners], now)
            if isinstance(answer, Denied):
                about = {"server": proposal.server, "role": proposal.role, "proposal": proposal.id}
                await record_refusal(turn, actor, answer, **about)
                others = tuple(owner.slack_id for owner in owners if owner.slack_id != actor.id)
                shared = answer.why == SHARED
                return NotClaimed(
                    answer.why if answer.why in TOLD_APART else "denied", proposal, others if shared else ()
                )
            claimed = replace(
                proposal,
                state=State.CLAIMED,
                right=answer.right,
                consent=Consent.OWNER if answer.right is Right.OWNER else proposal.consent,
                claimed_by=actor.id,
                claimed_at=turn.at,
                deadline=server_now + self._waits.claim_holds_for,
                place=place or proposal.place,
            )
            if not await move_proposal(turn.connection, claimed, (State.PROPOSED,), in_time_at=turn.at):
                return NotClaimed(str(State.LAPSED), await read_proposal(turn.connection, actor.team, proposal_id))
            await turn.append(actor.id, CLAIM, said_of(claimed) | {"right": str(answer.right)})
            return Claimed(claimed, answer.right)

    async def withdraw(
        self, actor: Actor, proposal_id: str, *, place: Place | None = None, tell: bool = True
    ) -> Proposal | NotClaimed:
        """Take the actor's own proposal back, while nobody has claimed it; returns it as it now stands.

        Without `tell` there is nothing to be told of it.
        """
        async with self._record.turn(self._db) as turn:
            proposal = await self._own(turn, actor, proposal_id)
            if isinstance(proposal, NotClaimed):
                return proposal
            withdrawn = replace(
                proposal,
                state=State.WITHDRAWN,
                place=place or proposal.place,
                telling_until=turn.at + self._waits.telling_holds_for,
                told_at=None if tell else turn.at,
                owners_told_at=None if tell else turn.at,
            )
            if not await move_proposal(turn.connection, withdrawn, _STANDING):
                return NotClaimed(str(proposal.state), proposal)
            await turn.append(actor.id, WITHDRAWAL, said_of(withdrawn))
            return withdrawn

    async def resolve(self, proposal: Proposal, outcomes: Sequence[Outcome]) -> Proposal:
        """Store what became of each backend of a claimed proposal; if settlement was first, return what it stored.

        Whoever did it has `telling_holds_for` to tell its person.
        """
        async with self._record.turn(self._db) as turn:
            resolved = await self._end(turn, proposal, outcomes, proposal.claimed_by or SETTLEMENT)
            return resolved or await read_proposal(turn.connection, proposal.team, proposal.id) or proposal

    async def settle(self, proposal: Proposal, outcomes: Sequence[Outcome]) -> Proposal | None:
        """Close a claim that its process left open, as `resolve`; None: another process was first, and it tells people."""
        async with self._record.turn(self._db) as turn:
            return await self._end(turn, proposal, outcomes, SETTLEMENT)

    async def ended_lately(self, team: str, roles: Collection[tuple[str, int]], since: datetime) -> Proposal | None:
        """Read what ended connections of one of these roles, each a server and an oid, last since then; None: nothing did."""
        if not roles:
            return None
        role = tuple_(proposals.c.server, proposals.c.role_oid).in_(roles)
        closing = proposals.c.kind.in_((Kind.TERMINATE, Kind.CLIENT))
        # What ended lately was proposed not long before; by that the rows are found.
        lately = (proposals.c.created_at >= since - LONGEST, proposals.c.resolved_at >= since)
        async with self._db.read() as connection:
            found = await read_proposals(connection, proposals.c.team == team, *lately, closing, role)
        ended = (one for one in found if any(outcome.verdict in _ENDED for outcome in one.outcomes))
        return max(ended, key=lambda one: one.resolved_at or since, default=None)

    async def overdue(self) -> tuple[Proposal, ...]:
        """Read every claimed proposal, of all workspaces; which are past their deadline their servers' clocks say."""
        async with self._db.read() as connection:
            return await read_proposals(connection, proposals.c.state == State.CLAIMED)

    async def lapse(self) -> tuple[Proposal, ...]:
        """Let lapse what was neither claimed nor withdrawn in its time; returns what this call let lapse.

        What waits for owners is theirs until `connections.consent` has looked what is there still.
        """
        async with self._db.write(durable=False) as connection:
            over = (proposals.c.state == State.PROPOSED, proposals.c.lapses_at <= self._db.clock)
            lapsing = update(proposals).where(*over).values(state=State.LAPSED).returning(proposals.c.id)
            ids = (await connection.execute(lapsing)).scalars().all()
            return await read_proposals(connection, proposals.c.id.in_(ids)) if ids else ()

    async def read(
        self, team: str | None, *, role: str | None = None, server: str | None = None, limit: int = 100
    ) -> tuple[Event, ...]:
        """Read the newest events of a workspace (None: of all), newest first.

        With `role` only what was about the role of that name; with `server` what was about that one or about every server.
        """
        return (await self.page(Question(team, role, server), limit)).events

    async def pages(
        self, question: Question, limit: int, *, at_once: int = AT_ONCE
    ) -> AsyncIterator[tuple[Event, ...]]:
        """Read the newest `limit` events that answer the question, some `at_once`, so that however many take little room."""
        after: Cursor | None = None
        while limit > 0:
            page = await self.page(question, min(limit, at_once), after)
            yield page.events
            limit, after = limit - len(page.events), page.older
            if after is None:
                return

    async def page(self, question: Question, limit: int, after: Cursor | None = None) -> Page:
        """Read the newest events that answer the question, or those older than `after`."""
        async with self._db.read() as connection:
            return await read_page(connection, question, limit, after)

    async def _own(self, turn: Turn, actor: Actor, proposal_id: str) -> Proposal | NotClaimed:
        """The actor's own proposal, lapsed if its time is over; a click on anything else is refused, and that is on record."""
        proposal = await read_proposal(turn.connection, actor.team, proposal_id)
        if proposal is None or proposal.requester != actor.id:
            why = "unknown" if proposal is None else "foreign"
            about = {} if proposal is None else {"server": proposal.server, "role": proposal.role}
            denied = Denied(Action.TERMINATE, why)
            await record_refusal(turn, actor, denied, proposal=proposal_id[:64], **about)
            return NotClaimed(why)
        if proposal.state is State.PROPOSED and proposal.lapses_at <= turn.at:
            lapsed = replace(proposal, state=State.LAPSED)
            await move_proposal(turn.connection, lapsed, (State.PROPOSED,))
            return NotClaimed(str(State.LAPSED), lapsed)
        return proposal

    async def _end(self, turn: Turn, proposal: Proposal, outcomes: Sequence[Outcome], actor: str) -> Proposal | None:
        resolved = replace(
            proposal,
            state=State.RESOLVED,
            resolved_at=turn.at,
            outcomes=tuple(outcomes),
            telling_until=turn.at + self._waits.telling_holds_for,
        )
        if not await move_proposal(turn.connection, resolved, (State.CLAIMED,)):
            return None
        await write_outcomes(turn.connection, proposal, outcomes)
        await turn.append(actor, KINDS[proposal.kind], said_of(resolved) | {"outcomes": said_of_outcomes(outcomes)})
        return resolved
