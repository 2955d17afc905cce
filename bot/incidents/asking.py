"""What becomes of proposals about which a role's owners are asked: each step is one conditional update, on record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.access.entries import record_refusal
from bot.access.member import Action, Actor, Denied, Right
from bot.access.ownership import read_owners
from bot.access.standing import read_standing
from bot.incidents.claims import permit_as
from bot.incidents.event import said_of
from bot.incidents.history import SETTLEMENT
from bot.incidents.proposal import (
    LAPSES_AFTER,
    USUAL,
    Consent,
    NotClaimed,
    Place,
    Proposal,
    State,
    Waits,
)
from bot.incidents.rows import move_proposal, read_proposal, read_proposals, replace_backends
from bot.servers.server import Role, Target
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record, Turn
from bot.storage.tables import proposals

CONSENT = "consent"
"""The kind of entry that says how owners answered, or that nobody waited for it."""
_OPEN = (State.WAITING, State.PROPOSED)


class Asking:
    """The answers of owners to what staff propose; whoever comes late is told what became of it."""

    def __init__(self, db: OwnDatabase, record: Record, waits: Waits = USUAL) -> None:
        self._db = db
        self._record = record
        self._waits = waits

    async def standing(self) -> tuple[tuple[Proposal, ...], datetime]:
        """Read what waits for owners or for a click after they were asked, of all workspaces, and the own database's clock."""
        asked = (proposals.c.consent == Consent.ASKED) | proposals.c.asked_by.is_not(None)
        async with self._db.read() as connection:
            found = await read_proposals(connection, proposals.c.state.in_(_OPEN), asked)
            return found, await self._db.now(connection)

    async def in_use(self, actor: Actor, proposal_id: str) -> Proposal | NotClaimed:
        """*I am using it*: take the proposal back, whoever agreed; not once it is claimed, or staff did not wait for the answer."""
        async with self._record.turn(self._db) as turn:
            proposal = await self._for_owner(turn, actor, proposal_id)
            if isinstance(proposal, NotClaimed):
                return proposal
            withdrawn = replace(
                proposal,
                state=State.WITHDRAWN,
                answered_by=actor.id,
                telling_until=turn.at + self._waits.telling_holds_for,
            )
            return await self._moved(turn, actor.id, proposal, withdrawn, "using")

    async def take_over(
        self, actor: Actor, proposal_id: str, targets: Sequence[Target], place: Place
    ) -> Proposal | NotClaimed:
        """*Close it*: make this owner the requester, with the facts as they are now; whoever asked first is kept."""
        async with self._record.turn(self._db) as turn:
            proposal = await self._for_owner(turn, actor, proposal_id)
            if isinstance(proposal, NotClaimed):
                return proposal
            if proposal.asked_by is not None and proposal.requester != actor.id:
                return NotClaimed("taken", proposal)
            taken = replace(
                proposal,
                state=State.PROPOSED,
                requester=actor.id,
                right=Right.OWNER,
                consent=Consent.OWNER,
                asked_by=proposal.asked_by or proposal.requester,
                answered_by=actor.id,
                targets=tuple(targets),
                place=place,
                lapses_at=turn.at + LAPSES_AFTER,
            )
            return await self._moved(turn, actor.id, proposal, taken, "close")

    async def override(
        self,
        actor: Actor,
        proposal_id: str,
        reason: str,
        *,
        role: Role | None,
        targets: Sequence[Target],
        now: datetime,
        place: Place | None = None,
    ) -> Proposal | NotClaimed:
        """Let staff go on without the owners' answer, for a reason that is kept; `role` is as its server has it now."""
        async with self._record.turn(self._db) as turn:
            proposal = await read_proposal(turn.connection, actor.team, proposal_id)
            if proposal is None or proposal.requester != actor.id:
                return await self._refused(turn, actor, proposal, "unknown" if proposal is None else "foreign")
            if proposal.state is not State.WAITING:
                return NotClaimed(str(proposal.state), proposal)
            standing = await read_standing(turn.connection, actor)
            answer = permit_as(standing, proposal.right, role=role, server=proposal.server, now=now)
            if isinstance(answer, Denied):
                return await self._refused(turn, actor, proposal, answer.why, told="denied")
            if not reason:
                return NotClaimed("reason", proposal)
            going_on = replace(
                proposal,
                state=State.PROPOSED,
                right=answer.right,
                consent=Consent.OVERRIDDEN,
                reason=reason,
                answered_by=actor.id,
                targets=tuple(targets),
                place=place or proposal.place,
                lapses_at=turn.at + LAPSES_AFTER,
            )
            return await self._moved(turn, actor.id, proposal, going_on, "overridden", why=reason)

    async def unanswered(self, proposal: Proposal, targets: Sequence[Target]) -> Proposal | None:
        """Their time is over: let whoever asked go on, with the facts as they are now; None: it waits no more, or still."""
        async with self._record.turn(self._db) as turn:
            now = await read_proposal(turn.connection, proposal.team, proposal.id)
            if now is None or now.state is not State.WAITING or now.lapses_at > turn.at:
                return None
            over = replace(now, state=State.PROPOSED, targets=tuple(targets), lapses_at=turn.at + LAPSES_AFTER)
            moved = await self._moved(turn, SETTLEMENT, now, over, "unanswered")
            return None if isinstance(moved, NotClaimed) else moved

    async def let_go(self, proposal: Proposal) -> Proposal | None:
        """Close a proposal about which there is nothing left to ask; None: it came to another end before."""
        async with self._record.turn(self._db) as turn:
            now = await read_proposal(turn.connection, proposal.team, proposal.id)
            if now is None or now.state not in _OPEN:
                return None
            moved = await self._moved(turn, SETTLEMENT, now, replace(now, state=State.LAPSED), "nothing_left")
            return None if isinstance(moved, NotClaimed) else moved

    async def comes_from(self, actor: Actor, proposal_id: str, place: Place) -> Proposal | None:
        """Keep where the actor's own proposal is answered from now on; None: it does not wait for them any more."""
        # In a turn, so that it writes over no owner's answer.
        async with self._record.turn(self._db) as turn:
            proposal = await read_proposal(turn.connection, actor.team, proposal_id)
            if proposal is None or proposal.requester != actor.id or proposal.state not in _OPEN:
                return None
            placed = replace(proposal, place=place)
            return placed if await move_proposal(turn.connection, placed, (proposal.state,)) else None

    async def refuse(self, actor: Actor, proposal: Proposal | None) -> NotClaimed:
        """Put on record that somebody answered who was not asked; they learn nothing."""
        async with self._record.turn(self._db) as turn:
            return await self._refused(turn, actor, proposal, "no_owner", told="unknown")

    async def _for_owner(self, turn: Turn, actor: Actor, proposal_id: str) -> Proposal | NotClaimed:
        """A proposal that this person is asked about: an owner now, of the role of that oid; anybody else learns nothing."""
        proposal = await read_proposal(turn.connection, actor.team, proposal_id)
        if proposal is None:
            return await self._refused(turn, actor, proposal, "unknown")
        owners = await read_owners(turn.connection, proposal.team, proposal.server, proposal.role_oid)
        if actor.id not in {owner.slack_id for owner in owners} or not _was_asked(proposal, actor):
            return await self._refused(turn, actor, proposal, "no_owner", told="unknown")
        if proposal.state not in _OPEN or proposal.consent is Consent.OVERRIDDEN:
            return NotClaimed("over", proposal)
        return proposal

    async def _refused(
        self, turn: Turn, actor: Actor, proposal: Proposal | None, why: str, *, told: str | None = None
    ) -> NotClaimed:
        about = {} if proposal is None else {"server": proposal.server, "role": proposal.role, "proposal": proposal.id}
        await record_refusal(turn, actor, Denied(Action.TERMINATE, why), **about)
        return NotClaimed(told or why, proposal if told == "denied" else None)

    async def _moved(
        self,
        turn: Turn,
        actor: str,
        old: Proposal,
        to: Proposal,
        answer: str,
        *,
        why: str = "",
    ) -> Proposal | NotClaimed:
        if not await move_proposal(turn.connection, to, (old.state,)):
            now = await read_proposal(turn.connection, old.team, old.id)
            return NotClaimed("over", now)
        if to.targets != old.targets:
            await replace_backends(turn.connection, to)
        await turn.append(actor, CONSENT, said_of(to) | {"became": str(to.state), "state": answer, "why": why})
        return to


def _was_asked(proposal: Proposal, owner: Actor) -> bool:
    """Whoever asks the owners is not asked, though one of them."""
    if proposal.asked_by is not None:
        return owner.id != proposal.asked_by
    return proposal.consent in (Consent.ASKED, Consent.OVERRIDDEN) and owner.id != proposal.requester
