"""`/kill` and its buttons: propose, then **Terminate**, **Cancel** or **Ask again**."""

import asyncio
from datetime import tzinfo

from bot.access.member import Standing
from bot.connections.plan import TerminateRequest
from bot.connections.termination import Ended, NothingToEnd, Preview, Termination
from bot.incidents.proposal import NotClaimed
from bot.slack import payloads
from bot.slack.announcer import Announcer
from bot.slack.blocks import confirmation, outcome, settled
from bot.slack.blocks.text import Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames, parse_kill

PROGRESS_AFTER = 1.0
"""Seconds after which the person is told that the server is still at it."""


class KillListener:
    """Nothing ends before the click on **Terminate**."""

    def __init__(self, termination: Termination, announcer: Announcer, names: CommandNames, zone: tzinfo) -> None:
        self._termination = termination
        self._announcer = announcer
        self._names = names
        self._zone = zone

    async def on_command(self, call: Call, standing: Standing) -> None:
        """`/kill ROLE PID… | strays | all [on SERVER]`."""
        await self.propose(call, standing, parse_kill(call.text, names=self._names))

    async def propose(self, call: Call, standing: Standing, request: TerminateRequest) -> None:
        """Show what would end, with its two buttons; a list that was picked from stays where it is."""
        result = await self._termination.propose(standing, request, call.place, now=call.at)
        await self._announcer.answer(call.place, call.actor, self._previewed(result))

    async def on_terminate(self, call: Call, _: Standing) -> None:
        """The click on **Terminate**."""
        proposal_id = payloads.read_proposal_id(call.text)
        ending = asyncio.ensure_future(self._termination.confirm(call.actor, proposal_id, call.place, now=call.at))
        done, _pending = await asyncio.wait({ending}, timeout=PROGRESS_AFTER)
        if not done:
            await self._announcer.answer(call.place, call.actor, outcome.render_progress(), replace=True)
        result = await ending
        await self._announcer.answer(call.place, call.actor, self._ended(result, call), replace=_is_over(result))

    async def on_cancel(self, call: Call, _: Standing) -> None:
        """The click on **Cancel**."""
        result = await self._termination.withdraw(call.actor, payloads.read_proposal_id(call.text), now=call.at)
        if isinstance(result, NotClaimed):
            message = self._ended(result, call)
            await self._announcer.answer(call.place, call.actor, message, replace=_is_over(result))
        else:
            await self._announcer.answer(call.place, call.actor, settled.render_withdrawn(result), replace=True)

    async def on_ask_again(self, call: Call, standing: Standing) -> None:
        """The click on **Ask again**: the same backends with fresh facts."""
        proposal_id = payloads.read_proposal_id(call.text)
        result = await self._termination.ask_again(standing, proposal_id, call.place, now=call.at)
        if isinstance(result, NotClaimed):
            await self._announcer.answer(call.place, call.actor, self._ended(result, call))
        else:
            await self._announcer.answer(call.place, call.actor, self._previewed(result), replace=True)

    def _previewed(self, result: Preview | NothingToEnd) -> Message:
        if isinstance(result, Preview):
            return confirmation.render(result, zone=self._zone)
        return confirmation.render_nothing(result, zone=self._zone, names=self._names)

    def _ended(self, result: Ended | NotClaimed, call: Call) -> Message:
        if isinstance(result, Ended):
            return outcome.render(result, zone=self._zone)
        return settled.render_not_claimed(result, actor=call.actor, zone=self._zone)


def _is_over(result: Ended | NotClaimed) -> bool:
    """Whether the message with the buttons gives way to the answer: not while its proposal still stands or is at work."""
    return isinstance(result, Ended) or result.why in ("lapsed", "withdrawn", "unknown")
