"""Finds the table's sentences in a text, and the names told in them.

Each sentence is looked for by its longest piece; what stands around it is read within a bounded distance and never tried twice, so time
grows as the length of the text, whatever the text is.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.causes.names import closing_quote, ends_name, opening_quote, spelled
from bot.causes.reading import QUOTES, Reading
from bot.causes.wordings import Wording

FURTHEST = 260
"""Characters of the comparable form that a slot may take: a host's name has 253."""

MOST_OF_ONE = 20
"""Occurrences of one sentence that are looked at: a loop may have printed it thousands of times."""

_STOPS = ",;()[]{}<>|\\"
_NO_NAMES = frozenset(
    {"a", "again", "and", "at", "but", "by", "error", "for", "from", "i", "in", "is", "it", "message", "my", "on", "or"}
    | {"the", "this", "what", "when", "while", "with"}
)
"""Words that follow a sentence without being a name."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A sentence of the table found; `start` and `end` are places in the comparable form."""

    wording: Wording
    start: int
    end: int
    told: tuple[tuple[str, str], ...]
    """Slot and what stands in it, `{_}` left out."""


def hits(reading: Reading, wordings: Iterable[Wording]) -> Iterator[Hit]:
    """Yield each occurrence of each of `wordings`; of one that occurs very often the last ones."""
    form = reading.form
    for wording in wordings:
        anchor = wording.pieces[wording.anchor]
        at = form.find(anchor)
        if at < 0:
            continue
        places: deque[int] = deque(maxlen=MOST_OF_ONE)
        while at >= 0:
            places.append(at)
            at = form.find(anchor, at + len(anchor))
        for place in places:
            hit = _around(reading, wording, place)
            if hit is not None:
                yield hit


def _around(reading: Reading, wording: Wording, at: int) -> Hit | None:
    """Read what stands before and after the anchor found at `at`."""
    told: list[tuple[str, str]] = []
    end = at + len(wording.pieces[wording.anchor])
    for slot in range(wording.anchor, len(wording.slots)):
        found = _forward(reading, wording, slot, end)
        if found is None:
            return None
        text, end = found
        told.append((wording.slots[slot], text))
    start = at
    for slot in range(wording.anchor - 1, -1, -1):
        back = _backward(reading, wording, slot, start)
        if back is None:
            return None
        text, start = back
        told.append((wording.slots[slot], text))
    return Hit(wording, start, end, tuple((name, text) for name, text in told if name != "_" and text))


def _forward(reading: Reading, wording: Wording, slot: int, begin: int) -> tuple[str, int] | None:
    """Return what stands in a slot that begins at `begin`, and where the piece after it ends."""
    piece = wording.pieces[slot + 1]
    start = reading.place(begin - 1) + 1 if begin else 0
    quoted = wording.pieces[slot].endswith('"')
    if not piece:
        return _word(reading, start)
    if quoted and reading.text[start : start + 1].isspace() and reading.text[start - 2 : start - 1].isalnum():
        # The mark closes what somebody quotes: between "too many connections for role" and "sorry, …".
        return None
    if piece == '"' and quoted:
        close = closing_quote(reading.text, start)
        if close is None:
            return None
        return spelled(reading.text, start, close, padded=wording.padded[slot]), reading.form_at(close) + 1
    at = reading.form.find(piece, begin + (not quoted), begin + FURTHEST)
    if at < 0:
        return None
    close = reading.place(at)
    return _told(reading, start, close, quoted=quoted, padded=wording.padded[slot]), at + len(piece)


def _backward(reading: Reading, wording: Wording, slot: int, end: int) -> tuple[str, int] | None:
    """Return what stands in a slot that ends at `end`, and where the piece before it begins."""
    piece = wording.pieces[slot]
    close = reading.place(end)
    if piece == '"':
        opened = opening_quote(reading.text, close)
        if opened is None or close - opened < 2:
            return None
        return spelled(reading.text, opened + 1, close, padded=wording.padded[slot]), reading.form_at(opened)
    if not piece:
        return "", end
    at = reading.form.rfind(piece, max(0, end - FURTHEST), end)
    if at < 0:
        return None
    start = reading.place(at + len(piece) - 1) + 1
    quoted = piece.endswith('"')
    if quoted and wording.pieces[slot + 1].startswith('"') and not ends_name(reading.text, start, close):
        return None
    return _told(reading, start, close, quoted=quoted, padded=wording.padded[slot]), at


def _told(reading: Reading, start: int, close: int, *, quoted: bool, padded: bool) -> str:
    if quoted:
        return spelled(reading.text, start, close, padded=padded)
    return " ".join(reading.text[start:close].split())


def _word(reading: Reading, start: int) -> tuple[str, int] | None:
    """Return the one word behind a sentence: `no such database: class`."""
    rest = reading.text[start : start + FURTHEST].lstrip(" \t\u00a0")
    if rest[:1] and rest[0] in QUOTES:
        return None
    word = rest.split(None, 1)[0] if rest.split() else ""
    for stop in _STOPS:
        word = word.partition(stop)[0]
    word = word.rstrip(".:!?`*'\"\u2026").lstrip("`*'\"")
    return (word, reading.form_at(start) + len(word)) if word and word.lower() not in _NO_NAMES else None
