"""Which messages concern us, each once; told without asking anybody, since all that is said wherever we are comes by here."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.access.member import Actor, Standing
from bot.incidents.incident import Conversation
from bot.incidents.proposal import Place
from bot.slack.call import Call
from bot.slack.marks import Marks
from bot.slack.messages import Removed, Rewritten, Spoken, Us, Written, is_direct, key_of, read_event

KEPT = 2000
"""Messages of late that are remembered, and threads outside of the help channels in which we were asked."""


Reader = Callable[[Call, Standing, Spoken], Awaitable[None]]
"""What reads the messages that concern us, does what they ask for, and says what is to be said; `slack.listeners.reports` is one."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A message that concerns us, as a delivery."""

    call: Call
    spoken: Spoken
    asked: bool
    """It is meant for us: its author hears of a failure; others have not asked for anything."""


class Hearing:
    """Takes in hand what concerns us: what is said in the help channels, to us, and in threads in which we were asked."""

    def __init__(self, us: Us, help_channels: Iterable[str], marks: Marks) -> None:
        self._us = us
        self._help_channels = frozenset(help_channels)
        self._marks = marks
        self._heard: OrderedDict[str, None] = OrderedDict()
        self._elsewhere: OrderedDict[tuple[str, str], None] = OrderedDict()

    def overhear(self, body: Mapping[str, Any], at: datetime) -> Utterance | None:
        """Read an event, and take it in hand as `take` does."""
        spoken = read_event(body, self._us)
        return None if spoken is None else self.take(spoken, at)

    def take(self, spoken: Spoken, at: datetime, *, again: bool = False) -> Utterance | None:
        """Take a message in hand; None: it does not concern us, or this process heard it already. Whoever takes it calls `let_go`.

        `again`: whoever had claimed it was not heard of any more.
        """
        author = _author(spoken)
        if not self._concerns(spoken, author):
            return None
        call = self._call(spoken, author, at, again=again)
        if call.key in self._heard:
            return None
        _remember(self._heard, call.key)
        if author is not None and author.asked:
            self.listen_in(author.where)
        if isinstance(spoken, Written):
            self._marks.begin(spoken.channel, spoken.ts)
        return Utterance(call, spoken, asked=author is not None and author.asked)

    def let_go(self, utterance: Utterance, *, done: bool) -> None:
        """It is dealt with; not `done`: it could not be, and may come again."""
        if not done:
            self._heard.pop(utterance.call.key, None)
        if isinstance(utterance.spoken, Written):
            self._marks.end(utterance.spoken.channel, utterance.spoken.ts, done=done)

    def listen_in(self, where: Conversation) -> None:
        """Hear what is said in a thread from now on, wherever it is."""
        if where.channel not in self._help_channels and not where.private:
            _remember(self._elsewhere, (where.channel, where.thread))

    def _concerns(self, spoken: Spoken, author: Written | None) -> bool:
        if spoken.channel in self._help_channels or is_direct(spoken.channel):
            return True
        if author is None:
            return (spoken.channel, spoken.ts) in self._elsewhere
        return author.asked or (author.channel, author.where.thread) in self._elsewhere

    def _call(self, spoken: Spoken, author: Written | None, at: datetime, *, again: bool) -> Call:
        key = key_of(spoken.channel, spoken.ts) if isinstance(spoken, Written) else f"event:{spoken.event}"
        return Call(
            actor=Actor(author.team if author else self._us.team, author.person if author else ""),
            place=Place(spoken.channel, author.thread if author else None, None, None),
            key=f"{key}:again" if again else key,
            at=at,
            name="message",
            text=author.text if author else "",
            body={},
        )


def _author(spoken: Spoken) -> Written | None:
    match spoken:
        case Written():
            return spoken
        case Rewritten(now=now):
            return now
        case Removed(before=before):
            return before


def _remember(kept: "OrderedDict[Any, None]", what: object) -> None:
    kept[what] = None
    kept.move_to_end(what)
    if len(kept) > KEPT:
        kept.popitem(last=False)
