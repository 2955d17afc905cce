"""`/kill` and its buttons: propose, then **Terminate**, **Cancel** or **Ask again**."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import tzinfo

from bot.access.desk import Admission
from bot.access.member import Right, Standing
from bot.connections.consent import OwnersAsked
from bot.connections.ending import Ended, NothingToEnd, Preview, Unsettled
from bot.connections.plan import TerminateRequest
from bot.connections.telling import Telling
from bot.connections.termination import Prospect, Termination
from bot.errors import BotError, OwnDatabaseUnavailable
from bot.incidents.incidents import Incidents
from bot.incidents.proposal import Claimed, NotClaimed, Proposal, State
from bot.slack import payloads
from bot.slack.announcer import Announcer
from bot.slack.blocks import confirmation, consent, outcome, settled
from bot.slack.blocks.text import Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames, parse_kill
from bot.slack.work import Work

PROGRESS_AFTER = 1.0
"""Seconds after which the person is told that the server is still at it."""
LOOK_AGAIN_AFTER = 3.0
"""Seconds; a client that is back by then reconnects by itself."""


Admit = Callable[[], Awaitable[Admission]]
"""Claims the delivery that is being answered."""


class KillListener:
    """Nothing ends before the click on **Terminate**."""

    def __init__(
        self,
        termination: Termination,
        telling: Telling,
        owners: OwnersAsked,
        incidents: Incidents,
        announcer: Announcer,
        work: Work,
        names: CommandNames,
        zone: tzinfo,
    ) -> None:
        self._termination = termination
        self._telling = telling
        self._owners = owners
        self._incidents = incidents
        self._announcer = announcer
        self._work = work
        self._names = names
        self._zone = zone

    async def on_command(self, call: Call, standing: Standing) -> None:
        """`/kill ROLE PID… | strays | all [on SERVER]`."""
        await self.propose(call, standing, parse_kill(call.text))

    async def propose(self, call: Call, standing: Standing, request: TerminateRequest) -> None:
        """Show what would end, with its two buttons; a list that was picked from stays where it is."""
        result = await self._termination.propose(standing, request, call.place, now=call.at)
        await self._announcer.answer(call.place, call.actor, self._previewed(result))
        await self._ask_owners(result)

    async def on_terminate(self, call: Call, admit: Admit) -> None:
        """The click on **Terminate**: its delivery is claimed in the transaction that claims the proposal, or else by itself."""
        found = await self._look_up(call)
        if isinstance(found, Prospect):
            claim = await self._termination.claim(call.actor, found, call.place, delivery=call.key, now=call.at)
            await self._terminate(call, claim)
        elif (await admit()).first:
            if isinstance(found, BotError):
                raise found
            await self._announcer.answer(call.place, call.actor, self._not_claimed(found), replace=_is_over(found))

    async def terminate(self, call: Call, proposal_id: str, *, reason: str) -> None:
        """End what a proposal shows, for a reason that was asked for in a modal; answered where its button was clicked."""
        found = await self._termination.prepare(call.actor, proposal_id)
        if found is None:
            await self._announcer.answer(call.place, call.actor, self._not_claimed(NotClaimed("unknown")))
        else:
            await self._terminate(
                call, await self._termination.claim(call.actor, found, None, delivery="", now=call.at, reason=reason)
            )

    async def tell_why_not(self, call: Call, proposal_id: str) -> None:
        """Say why a button of a proposal does nothing any more."""
        refused = await self._termination.why_not(call.actor, proposal_id)
        await self._announcer.answer(call.place, call.actor, self._not_claimed(refused), replace=_is_over(refused))

    async def _terminate(self, call: Call, claim: Claimed | NotClaimed) -> None:
        if isinstance(claim, NotClaimed):
            if claim.why != "repeated":
                over = _is_over(claim) and call.replaces
                await self._announcer.answer(call.place, call.actor, self._not_claimed(claim), replace=over)
            return
        call = replace(call, place=claim.proposal.place)
        ending = asyncio.ensure_future(self._termination.end(claim.proposal, now=call.at))
        done, _pending = await asyncio.wait({ending}, timeout=PROGRESS_AFTER)
        if not done:
            await self._announcer.answer(
                call.place, call.actor, outcome.render_progress(claim.proposal.kind), replace=True
            )
        result = await ending
        if isinstance(result, Unsettled):
            await self._tell_unsettled(call, result)
            return
        await self._telling.tell(result)
        if not result.on_record:
            self._work.start(self._complete(result), "complete the record")
        self._work.start(self._look_again(result.proposal), "look again", needed=False)
        if claim.right is not Right.OWNER:
            self._work.start(self._keep_help(result.proposal, call.actor.id), "keep who helped")

    async def _tell_unsettled(self, call: Call, unsettled: Unsettled) -> None:
        """Say that the end is not known yet; not over what settlement said, if this process was held up until then."""
        settled_already = await self._termination.settled(unsettled.proposal)
        if settled_already is None:
            message = settled.render_unsettled(unsettled, zone=self._zone)
            await self._announcer.answer(call.place, call.actor, message, replace=True)
            # It may have been told between our look and our words.
            settled_already = await self._termination.settled(unsettled.proposal)
        if settled_already is not None:
            await self._telling.tell_again(settled_already)

    async def _complete(self, ended: Ended) -> None:
        completed = await self._termination.complete(ended)
        if completed.on_record:
            await self._telling.tell(completed)

    async def on_cancel(self, call: Call, _: Standing) -> None:
        """The click on **Cancel**."""
        result = await self._termination.withdraw(call.actor, payloads.read_proposal_id(call.text), call.place)
        if isinstance(result, NotClaimed):
            message = self._not_claimed(result)
            await self._announcer.answer(call.place, call.actor, message, replace=_is_over(result))
        else:
            await self._telling.tell(Ended(result, None))

    async def on_ask_again(self, call: Call, standing: Standing) -> None:
        """The click on **Ask again**: the same backends with fresh facts."""
        proposal_id = payloads.read_proposal_id(call.text)
        result = await self._termination.ask_again(standing, proposal_id, call.place, now=call.at)
        if isinstance(result, NotClaimed):
            await self._announcer.answer(call.place, call.actor, self._not_claimed(result))
        else:
            await self._announcer.answer(call.place, call.actor, self._previewed(result), replace=True)
            await self._ask_owners(result)

    async def _look_up(self, call: Call) -> Prospect | NotClaimed | BotError:
        try:
            found = await self._termination.prepare(call.actor, payloads.read_proposal_id(call.text))
            return found or NotClaimed("unknown")
        except BotError as exc:
            # Told only to the first delivery of this click.
            return exc

    async def _look_again(self, ended: Proposal) -> None:
        """Say it when a client came back by itself: then the slot is taken again, and only its owner can mend that."""
        await asyncio.sleep(LOOK_AGAIN_AFTER)
        pids = await self._termination.returned(ended)
        if pids:
            await self._announcer.tell_reconnected(ended, pids)

    async def _ask_owners(self, result: Preview | NothingToEnd) -> None:
        if isinstance(result, Preview) and result.proposal.state is State.WAITING:
            await self._owners.ask(result.proposal)

    async def _keep_help(self, ended: Proposal, person: str) -> None:
        """Keep it with the incidents that it helps; without it, staff are called once more than needed."""
        with contextlib.suppress(OwnDatabaseUnavailable):
            await self._incidents.helped(ended.team, ended.server, ended.role, person)

    def _previewed(self, result: Preview | NothingToEnd) -> Message:
        if isinstance(result, Preview) and result.proposal.state is State.WAITING:
            return consent.render_waiting(result, zone=self._zone)
        if isinstance(result, Preview):
            return confirmation.render(result, zone=self._zone, names=self._names)
        return confirmation.render_nothing(result, zone=self._zone, names=self._names)

    def _not_claimed(self, refused: NotClaimed) -> Message:
        return settled.render_not_claimed(refused, zone=self._zone, names=self._names)


def _is_over(result: NotClaimed) -> bool:
    """Whether the answer takes the place of the message with the buttons: not while its proposal still stands or is at work."""
    return result.why in ("lapsed", "withdrawn", "unknown")
