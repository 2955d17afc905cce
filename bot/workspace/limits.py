"""Rate limits as Slack grants them, and faults that a test orders."""

from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from bot.workspace.calls import Tier
from bot.workspace.state import Clock


@dataclass(frozen=True, slots=True)
class Limits:
    """What an app may do: calls a minute by tier, and posts a second in each channel, with a burst."""

    enforced: bool = True
    posts_per_second: float = 1.0
    burst: int = 5
    tier_burst: int = 10
    """Calls that even the lowest tier takes at once; Slack tolerates small bursts."""


UNLIMITED = Limits(enforced=False)


class RateLimits:
    """Counts calls by the workspace's clock; an answer None grants the call."""

    def __init__(self, limits: Limits, now: Clock) -> None:
        self._limits = limits
        self._now = now
        self._left: dict[Hashable, tuple[float, datetime]] = {}

    def wait_for_call(self, app: str, method: str, tier: Tier) -> int | None:
        """Whole seconds until this method may be called again; None: now, and the call is counted."""
        if not self._limits.enforced or tier is Tier.POSTING:
            return None
        return self._take((app, method), tier.value / 60, max(tier.value, self._limits.tier_burst))

    def wait_for_post(self, app: str, channel: str) -> int | None:
        """Whole seconds until something may be posted to this channel; None: now, and the post is counted."""
        if not self._limits.enforced:
            return None
        return self._take((app, "post", channel), self._limits.posts_per_second, self._limits.burst)

    def _take(self, key: Hashable, per_second: float, capacity: int) -> int | None:
        now = self._now()
        left, at = self._left.get(key, (float(capacity), now))
        left = min(left + (now - at).total_seconds() * per_second, float(capacity))
        if left < 1:
            self._left[key] = (left, now)
            return max(ceil((1 - left) / per_second), 1)
        self._left[key] = (left - 1, now)
        return None


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a call instead of its work: an HTTP status at once, or a hang, or a hang and then the status."""

    status: int | None = 500
    retry_after: int | None = None
    hang: float = 0.0
    """Seconds before the answer; with `status` None the call is done after them."""


class Faults:
    """Faults in order, by method; `response_url` and `link` (the Socket Mode handshake) count as methods."""

    def __init__(self) -> None:
        self._ordered: dict[str, deque[Fault]] = defaultdict(deque)

    def order(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of a method meet this fault."""
        self._ordered[method].extend([fault] * times)

    def take(self, method: str) -> Fault | None:
        """The fault that this call meets."""
        waiting = self._ordered.get(method)
        return waiting.popleft() if waiting else None
