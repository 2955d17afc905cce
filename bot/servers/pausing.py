"""How long to wait before a server is tried again."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
LONGEST_PAUSE_WHEN_FULL = 1.0
"""On a full server the slot that comes free next is taken by whoever asks first, and reconnecting clients ask often."""


def pause(failures: int, draw: float, longest: float = LONGEST_PAUSE) -> float:
    """Seconds to wait after so many failed attempts: doubling, between half and the whole of it by `draw` of [0, 1)."""
    return float(min(longest, FIRST_PAUSE * 2 ** min(failures - 1, 16)) * (0.5 + draw / 2))
