"""What every delivery passes before its listener: acknowledged, then worked on in a task of our own that owns every failure."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.access.desk import Desk
from bot.access.member import Actor, Standing
from bot.errors import BotError, OwnDatabaseUnavailable
from bot.pace import Pace, Paces
from bot.slack.announcer import Announcer
from bot.slack.blocks import refusal, tools, window
from bot.slack.blocks.text import Block, Message
from bot.slack.call import Call, is_button, of_action, of_command, of_home, of_shortcut, of_user_change, of_view
from bot.slack.commands import CommandNames
from bot.slack.hearing import Hearing, Reader, Utterance
from bot.slack.listeners.kill import Admit
from bot.slack.payloads import Behind
from bot.slack.windows import Windows
from bot.slack.words import Problem, wrong
from bot.slack.work import Work

log = logging.getLogger(__name__)

COMMANDS = 10
"""Of one person in `COMMANDS_WITHIN`; then they are told so once."""
COMMANDS_WITHIN = timedelta(minutes=1)

Listener = Callable[[Call, Standing], Awaitable[None]]
UrgentListener = Callable[[Call, Admit], Awaitable[None]]
Check = Callable[[Call], Mapping[str, str]]
"""What is wrong with what was put into a modal, by the id of the field's block; total, whatever it is given."""


class Front:
    """What every delivery passes before its listener: pace, the claim of the delivery, the person's standing."""

    def __init__(
        self,
        work: Work,
        desk: Desk,
        announcer: Announcer,
        windows: Windows,
        names: CommandNames,
        clock: Callable[[], datetime],
        redraw: Callable[[Actor], Awaitable[None]] | None = None,
    ) -> None:
        self._work = work
        self._desk = desk
        self._announcer = announcer
        self._windows = windows
        self._names = names
        self._clock = clock
        self._redraw = redraw
        self._paces = Paces(COMMANDS, COMMANDS_WITHIN)
        self.deliveries = 0
        self.failures = 0

    def command(self, listener: Listener) -> Callable[..., Awaitable[None]]:
        """Wrap the listener of a slash command for Bolt."""
        return self._acknowledging(of_command, partial(self._paced, listener))

    def action(self, listener: Listener) -> Callable[..., Awaitable[None]]:
        """Wrap the listener of a click for Bolt."""
        return self._acknowledging(of_action, partial(self._admitted, listener))

    def proposing_action(self, listener: Listener) -> Callable[..., Awaitable[None]]:
        """Wrap the listener of a click for Bolt that proposes: what it proposed in a modal is confirmed where that was opened."""

        async def propose(call: Call, standing: Standing) -> None:
            await listener(call, standing)
            if call.window is not None:
                told = tools.render_proposed(directly=not call.place.channel)
                behind = Behind(call.place.channel, call.place.thread)
                await self._windows.over(call, window.note(tools.TITLE, told, behind))

        return self.action(propose)

    def urgent_action(self, listener: UrgentListener) -> Callable[..., Awaitable[None]]:
        """Wrap the listener of a click for Bolt that claims its delivery itself, with what else it claims."""
        return self._acknowledging(
            of_action, lambda call: listener(call, partial(self._desk.admit, call.actor, call.key))
        )

    def shortcut(self, listener: Listener) -> Callable[..., Awaitable[None]]:
        """Wrap the listener of a shortcut for Bolt."""
        return self._acknowledging(of_shortcut, partial(self._admitted, listener))

    def view(
        self, listener: Listener, check: Check = lambda _: {}, meanwhile: Callable[[Call], Block] | None = None
    ) -> Callable[..., Awaitable[None]]:
        """Wrap the listener of a submitted modal for Bolt: what `check` finds is said beside the fields, and nothing is done.

        Else all modals close; or what is there `meanwhile` takes its place, until the listener has more to show.
        """

        async def acknowledge(ack: AsyncAck, body: Mapping[str, Any]) -> None:
            call = of_view(body, self._clock())
            faults = check(call)
            if faults:
                await ack(response_action="errors", errors=dict(faults))
                return
            if meanwhile is None:
                await ack(response_action="clear")
            else:
                await ack(response_action="update", view=meanwhile(call))
            self._begin(call, partial(self._admitted, listener))

        return acknowledge

    def home(self, listener: Listener) -> Callable[..., Awaitable[None]]:
        """Wrap for Bolt what draws the Home tab of whoever opens it."""
        return self._unasked(of_home, "home", listener)

    def departure(self, listener: Listener) -> Callable[..., Awaitable[None]]:
        """Wrap for Bolt what follows from it that somebody's account was closed; other changes of people are only acknowledged."""
        return self._unasked(of_user_change, "deleted", listener)

    def _unasked(
        self, read: Callable[[Mapping[str, Any], datetime], Call], concern: str, listener: Listener
    ) -> Callable[..., Awaitable[None]]:
        """Wrap the listener of events of which `concern` us; nobody asked, so no failure is told."""

        async def acknowledge(ack: AsyncAck, body: Mapping[str, Any]) -> None:
            await ack()
            call = read(body, self._clock())
            if call.text == concern:
                self.deliveries += 1
                answer = partial(self._admitted, listener)
                self._work.start(self._answer(call, answer, told=False), call.name)

        return acknowledge

    def unknown_view(self) -> Callable[..., Awaitable[None]]:
        """Wrap for Bolt what answers a modal that no listener knows."""
        return self.view(self._stale)

    def event(self, hearing: Hearing, reader: Reader) -> Callable[..., Awaitable[None]]:
        """Wrap for Bolt what hears messages; one that does not concern us costs nothing."""

        async def acknowledge(ack: AsyncAck, body: Mapping[str, Any]) -> None:
            await ack()
            utterance = hearing.overhear(body, self._clock())
            if utterance is not None:
                self._work.start(self.hear(hearing, reader, utterance), utterance.call.name)

        return acknowledge

    async def hear(self, hearing: Hearing, reader: Reader, utterance: Utterance) -> bool:
        """Have a message read that was taken in hand; false: somebody else has claimed it, or the own database did not take it."""
        self.deliveries += 1
        claimed = True

        async def answer(call: Call) -> None:
            nonlocal claimed
            admission = await self._desk.admit(call.actor, call.key)
            claimed = admission.first
            if claimed and (not utterance.asked or await self._in_pace(call)):
                await reader(call, admission.standing, utterance.spoken)

        failure = await self._answer(utterance.call, answer, told=utterance.asked)
        done = not isinstance(failure, OwnDatabaseUnavailable)
        hearing.let_go(utterance, done=done)
        return claimed and done

    def unknown_action(self) -> Callable[..., Awaitable[None]]:
        """Wrap for Bolt what answers a click that no listener knows; ticks and menus, which are read later, are only acknowledged."""
        return self._acknowledging(of_action, self._unknown)

    def _acknowledging(
        self, read: Callable[[Mapping[str, Any], datetime], Call], answer: Callable[[Call], Awaitable[None]]
    ) -> Callable[..., Awaitable[None]]:
        async def acknowledge(ack: AsyncAck, body: Mapping[str, Any]) -> None:
            await ack()
            self._begin(read(body, self._clock()), answer)

        return acknowledge

    def _begin(self, call: Call, answer: Callable[[Call], Awaitable[None]]) -> None:
        self.deliveries += 1
        self._work.start(self._deal(call, answer), call.name)

    async def _deal(self, call: Call, answer: Callable[[Call], Awaitable[None]]) -> None:
        await self._answer(call, answer)
        redraw = self._redraw
        if call.before_home and redraw is not None:
            await self._answer(call, lambda _: redraw(call.actor), told=False)

    async def _answer(
        self, call: Call, answer: Callable[[Call], Awaitable[None]], *, told: bool = True
    ) -> Exception | None:
        """Answer one delivery; the one place where a listener's failure is owned, so the person hears of each, unless nobody asked."""
        try:
            await answer(call)
        except BotError as exc:
            message = refusal.render(exc, viewer=call.actor.id, names=self._names)
            failure: Exception = exc
            if not told:
                log.warning("a message was not answered", extra={"action": call.name, "why": type(exc).__name__})
        except Exception as exc:
            self.failures += 1
            reference = secrets.token_hex(4)
            log.exception(
                "a delivery failed", extra={"action": call.name, "actor": call.actor.id, "reference": reference}
            )
            message, failure = refusal.render_unexpected(reference), exc
        else:
            return None
        if told:
            await self._tell(call, message)
        return failure

    async def _tell(self, call: Call, message: Message) -> None:
        """Say what went wrong: on top of the modal or the Home tab that was clicked, else where the person is."""
        behind = Behind(call.place.channel, call.place.thread)
        if not await self._windows.over(call, window.note(window.NOT_DONE, message, behind)):
            await self._announcer.answer(call.place, call.actor, message)

    async def _paced(self, listener: Listener, call: Call) -> None:
        if await self._in_pace(call):
            await self._admitted(listener, call)

    async def _in_pace(self, call: Call) -> bool:
        """Whether the person may ask one more thing now; whoever may not is told so once."""
        pace = self._paces.of((call.actor.team, call.actor.id), call.at)
        if pace is Pace.NOTICE:
            await self._announcer.answer(call.place, call.actor, refusal.render_pace(names=self._names))
        return pace is Pace.ANSWER

    async def _admitted(self, listener: Listener, call: Call) -> None:
        admission = await self._desk.admit(call.actor, call.key)
        if admission.first:
            await listener(call, admission.standing)

    async def _unknown(self, call: Call) -> None:
        if is_button(call.body) and (await self._desk.admit(call.actor, call.key)).first:
            await self._stale(call, None)

    async def _stale(self, call: Call, _: object) -> None:
        raise wrong(call.name, Problem.STALE_BUTTON)
