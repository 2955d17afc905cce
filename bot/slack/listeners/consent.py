"""The clicks of owners who are asked first, of staff who do not wait for them, and the modals that ask staff why."""

from datetime import tzinfo

from bot.access.member import Standing
from bot.connections.consent import OwnersAsked
from bot.connections.ending import Ended
from bot.connections.telling import Telling
from bot.incidents.proposal import NotClaimed, Proposal, State
from bot.slack import given_reason, payloads
from bot.slack.announcer import Announcer
from bot.slack.blocks import confirmation, consent, settled
from bot.slack.blocks.text import Block, Message
from bot.slack.call import Call
from bot.slack.commands import CommandNames
from bot.slack.listeners.kill import KillListener
from bot.slack.payloads import Behind
from bot.slack.windows import Windows


class ConsentListener:
    """Nothing ends here: an owner's yes and a reason given lead to the one way of ending backends."""

    def __init__(
        self,
        owners: OwnersAsked,
        kill: KillListener,
        telling: Telling,
        announcer: Announcer,
        windows: Windows,
        names: CommandNames,
        zone: tzinfo,
    ) -> None:
        self._owners = owners
        self._kill = kill
        self._telling = telling
        self._announcer = announcer
        self._windows = windows
        self._names = names
        self._zone = zone

    async def on_in_use(self, call: Call, _: Standing) -> None:
        """**I am using it**."""
        result = await self._owners.in_use(call.actor, payloads.read_proposal_id(call.text))
        if isinstance(result, NotClaimed):
            await self._answer(call, consent.render_not(result, zone=self._zone), replace=_is_over(result))
            return
        await self._answer(call, consent.render_using(result), replace=True)
        await self._telling.tell(Ended(result, None))

    async def on_close_it(self, call: Call, _: Standing) -> None:
        """**Close it**: the facts as they are now, and the buttons of any confirmation."""
        result = await self._owners.close(call.actor, payloads.read_proposal_id(call.text), call.place)
        if isinstance(result, NotClaimed):
            await self._answer(call, consent.render_not(result, zone=self._zone), replace=_is_over(result))
        else:
            shown = confirmation.render(result, zone=self._zone, names=self._names)
            await self._answer(call, shown, replace=True)

    async def on_override(self, call: Call, _: Standing) -> None:
        """**Override…**: the question why."""
        proposal = await self._placed(call)
        if proposal is not None:
            await self._open(call, consent.override_window(proposal, _behind(call)))

    async def on_override_given(self, call: Call, _: Standing) -> None:
        """The reason for not waiting: the facts as they are now, and the buttons of any confirmation."""
        proposal_id = payloads.read_proposal_id(call.text)
        reason = given_reason.read(call.body)
        result = await self._owners.override(call.actor, proposal_id, reason, now=call.at)
        if isinstance(result, NotClaimed):
            await self._answer(call, settled.render_not_claimed(result, zone=self._zone, names=self._names))
        else:
            shown = confirmation.render(result, zone=self._zone, names=self._names)
            await self._announcer.answer(result.proposal.place, call.actor, shown, replace=True)

    async def on_terminate_because(self, call: Call, _: Standing) -> None:
        """**Terminate…** of what is in use: the question why."""
        proposal = await self._placed(call)
        if proposal is not None:
            await self._open(call, consent.reason_window(proposal, _behind(call)))

    async def on_reason_given(self, call: Call, _: Standing) -> None:
        """The reason for ending what is in use, which is the click on **Terminate** too."""
        proposal_id = payloads.read_proposal_id(call.text)
        await self._kill.terminate(call, proposal_id, reason=given_reason.read(call.body))

    async def _placed(self, call: Call) -> Proposal | None:
        """The person's own proposal, which is answered from now on where they clicked; None: they have been told that it is none."""
        proposal_id = payloads.read_proposal_id(call.text)
        proposal = await self._owners.comes_from(call.actor, proposal_id, call.place)
        if proposal is None:
            # Taken back, over, or never theirs: its own buttons say which.
            await self._kill.tell_why_not(call, proposal_id)
        return proposal

    async def _open(self, call: Call, view: Block) -> None:
        shown = await self._windows.over(call, view) if call.window else await self._windows.open(call.trigger, view)
        if shown is None:
            await self._answer(call, consent.render_no_window(names=self._names))

    async def _answer(self, call: Call, message: Message, *, replace: bool = False) -> None:
        await self._announcer.answer(call.place, call.actor, message, replace=replace and call.replaces)


def _behind(call: Call) -> Behind:
    return Behind(call.place.channel, call.place.thread)


def _is_over(refused: NotClaimed) -> bool:
    """Whether the answer takes the question's place: it needs no answer any more."""
    return refused.why == "nothing_left" or (
        refused.proposal is not None and refused.proposal.state not in (State.WAITING, State.PROPOSED)
    )
