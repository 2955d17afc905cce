"""How long to wait before a server is tried again."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
LONGEST_PAUSE_WHEN_FULL = 1.0
"""On a full server the slot that comes free next is taken by whoever asks first, and reconnecting clients ask often."""

LONGEST_PAUSE_WHEN_WANTED = 0.2
WANTED_FOR = 60.0
"""Seconds after somebody asked in which a full server is tried more often: then its next free slot is worth the most."""


def longest(*, full: bool, asked_ago: float) -> float:
    """Seconds that a pause lasts at most, `asked_ago` seconds after somebody last asked for the server in vain."""
    if not full:
        return LONGEST_PAUSE
    return LONGEST_PAUSE_WHEN_WANTED if asked_ago < WANTED_FOR else LONGEST_PAUSE_WHEN_FULL


def pause(failures: int, draw: float, longest: float = LONGEST_PAUSE) -> float:
    """Seconds to wait after so many failed attempts: doubling, between half and the whole of it by `draw` of [0, 1)."""
    return float(min(longest, FIRST_PAUSE * 2 ** min(failures - 1, 16)) * (0.5 + draw / 2))
