"""Text as people paste it, made comparable: a form without blanks, case and kinds of quotation marks, and the way back.

Terminals break lines inside words, Slack turns quotation marks and writes entities and links, languages put no-break spaces: none of
that is in the comparable form, and each of its characters knows its place in the text, where names are read as they were written.
"""

import re
import unicodedata
from dataclasses import dataclass
from html import unescape
from itertools import chain

QUOTES = "\"'\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u2032\u2033\u300c\u300d\u300e\u300f\uff02\uff07"
CURLY = str.maketrans("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\uff02\uff07", "''''\"\"\"\"\"'")

# What Slack makes of an address that is typed; other things in angle brackets may be somebody's name.
_LINK = re.compile(r"<(?:https?://|ftp://|mailto:|tel:|postgres(?:ql)?://)([^<>|\s]{1,2000})(?:\|([^<>|]{1,2000}))?>")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#[0-9]{1,6}|#x[0-9a-fA-F]{1,5});")
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
# Blanks, what nobody sees, what stands for formatting or quotes a line, and how programs escape blanks and quotation marks.
_NOISE = re.compile(
    rf"(?:^[ \t]*>[> \t]*|[\s{_UNSEEN}`*\x00]|\\[nrt]|\\{{1,4}}(?=[{re.escape(QUOTES)}]))+", re.MULTILINE
)
_ALIKE = str.maketrans(
    dict.fromkeys(QUOTES, '"')
    | dict(zip("\uff1a\uff0c\uff1b\uff08\uff09\u3002\u3001\uff01\uff1f\uff0e", ":,;(),,!?.", strict=True))
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text and its comparable form; `places[i]` is where character i of the form stands in the text."""

    text: str
    form: str
    places: tuple[int, ...]

    def place(self, at: int) -> int:
        """Return where character `at` of the form stands in the text; its end for what lies behind it."""
        return self.places[at] if at < len(self.places) else len(self.text)

    def form_at(self, place: int) -> int:
        """Return the first character of the form at `place` of the text or behind it."""
        low, high = 0, len(self.places)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.places[middle] < place else (low, middle)
        return low


def comparable(text: str) -> str:
    """Return the comparable form alone."""
    return _form(_NOISE.sub("", text))


def read(text: str) -> Reading:
    """Undo what Slack and programs did to the text, and make its comparable form; time grows as its length."""
    text = _plain(text)
    kept: list[range] = []
    end = 0
    for noise in _NOISE.finditer(text):
        kept.append(range(end, noise.start()))
        end = noise.end()
    kept.append(range(end, len(text)))
    form = _form("".join(text[part.start : part.stop] for part in kept))
    return Reading(text, form, tuple(chain.from_iterable(kept)))


def _plain(text: str) -> str:
    if "<" in text:
        text = _LINK.sub(lambda link: link[2] or link[1], text)
    if "&" in text:
        text = _ENTITY.sub(lambda entity: unescape(entity[0]), text)
    if "\\u" in text:
        text = _ESCAPED.sub(lambda run: _characters(run[0]), text)
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _characters(escaped: str) -> str:
    """Undo such escapes as JSON has, two of which make one character where it is beyond the first 65,536."""
    units = b"".join(int(unit, 16).to_bytes(2, "little") for unit in escaped.split("\\u")[1:])
    return units.decode("utf-16-le", "replace")


def _form(text: str) -> str:
    """Fold each character to one character, so that places stay."""
    text = text.translate(_ALIKE)
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(char if len(char.lower()) != 1 else char.lower() for char in text)
