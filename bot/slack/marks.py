"""How far each help channel has been read: never beyond a message that is still being answered, or was not read at all."""

from collections.abc import Iterable

_BEFORE_ALL = ""


class Marks:
    """The messages in hand, and the last ones done; a channel moves on only once it was caught up with."""

    def __init__(self, channels: Iterable[str]) -> None:
        self._behind = set(channels)
        self._channels = frozenset(self._behind)
        self._in_hand: dict[str, dict[str, int]] = {channel: {} for channel in self._channels}
        self._failures = dict.fromkeys(self._channels, 0)
        self._done: dict[str, str] = {}
        self._kept: dict[str, str] = {}

    def begin(self, channel: str, ts: str) -> None:
        """Take a message in hand."""
        if channel in self._channels:
            hands = self._in_hand[channel]
            hands[ts] = hands.get(ts, 0) + 1

    def end(self, channel: str, ts: str, *, done: bool = True) -> None:
        """Note that it is answered; not `done`: it could not be, and its channel is to be read again from the last mark."""
        if channel not in self._channels:
            return
        hands = self._in_hand[channel]
        hands[ts] -= 1
        if not hands[ts]:
            del hands[ts]
        if done:
            self._done[channel] = max(ts, self._done.get(channel, _BEFORE_ALL))
        else:
            self._failures[channel] += 1
            self._behind.add(channel)

    def failures(self, channel: str) -> int:
        """How often something could not be answered."""
        return self._failures[channel]

    def reached(self, channel: str, ts: str, *, failures: int | None = None) -> None:
        """Note that all of a channel was read up to here; if something failed since it had so many `failures`, it stays behind."""
        if failures in (None, self._failures[channel]):
            self._done[channel] = max(ts, self._done.get(channel, _BEFORE_ALL))
            self._behind.discard(channel)

    def fall_behind(self) -> None:
        """Note that something may have been missed, anywhere."""
        self._behind.update(self._channels)
        self._done.clear()

    def behind(self) -> tuple[str, ...]:
        """The channels that are to be caught up with."""
        return tuple(sorted(self._behind))

    def to_keep(self) -> dict[str, str]:
        """Return the marks that are not kept yet."""
        marks = {channel: self._mark(channel, done) for channel, done in self._done.items()}
        return {
            channel: mark
            for channel, mark in marks.items()
            if channel not in self._behind and mark > self._kept.get(channel, _BEFORE_ALL)
        }

    def kept(self, channel: str, ts: str) -> None:
        """Note that a mark is kept."""
        self._kept[channel] = ts

    def _mark(self, channel: str, done: str) -> str:
        """The last message done, or a moment before the first in hand."""
        first = min(self._in_hand[channel], default=None)
        return done if first is None or first > done else _before(first)


def _before(ts: str) -> str:
    seconds, _, micros = ts.partition(".")
    at = int(seconds) * 1_000_000 + int(micros) - 1
    return f"{at // 1_000_000}.{at % 1_000_000:06d}"
