"""Where a name ends that may itself hold quotation marks, and how it is spelled.

Servers print names as they are, so `role "o"dd "name""` is read the way a person does: by which marks open and which close.
"""

import re

from bot.causes.reading import CURLY, QUOTES

LONGEST_NAME = 90
"""Characters; PostgreSQL's names have at most 63 bytes, and a few may have been escaped on the way."""
LONGEST_SENTENCE = 400
"""Characters before a name in which the quotation mark around the whole sentence is looked for."""

_PAIRS = {
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab",
    "\u2039": "\u203a",
    "\u203a": "\u2039",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
}
"""Marks that come as pairs; Germans write them the other way round."""
_SINGLE = "'\u2018\u2019\u201a\u201b\u2032\uff07"
_DOUBLE = '"\u201c\u201d\u201e\u201f\u2033\uff02'
_CURLY = frozenset("\u2018\u2019\u201c\u201d")
_BEFORE_A_NAME = "([{:\uff1a>,\u3001\uff0c"
_MIMICRY = re.compile(r"\\?\s{1,2}(?:for\s|from\s)?(?:role|user|database|host)\s")
"""Somebody chose a name that reads as the rest of the server's sentence."""
_ESCAPED = re.compile(r"\\([\\\"'\u2018\u2019\u201c\u201d])")
_BREAK = re.compile(r"[ \t]*[\r\n]+[ \t]*(?:>[> \t]*)?")
_HARD_BLANKS = re.compile("[\u00a0\u202f\u2007]")


def closing_quote(text: str, start: int) -> int | None:
    """Return where the quotation mark stands that closes a name beginning at `start`, right behind its opening mark."""
    balanced, last = _closing(text, start)
    return last if balanced is None else balanced


def ends_name(text: str, start: int, end: int) -> bool:
    """Say whether a name that begins at `start` can end at the mark at `end`: it closes, or only marks stand before it."""
    close = closing_quote(text, start)
    return close is not None and close <= end and set(text[close:end]) <= {*QUOTES, "\\"}


def _closing(text: str, start: int) -> tuple[int | None, int | None]:
    """Return the mark at which as many have closed as opened, and the last one that could be meant."""
    window = text[start : start + LONGEST_NAME]
    line = window.partition("\n")[0]
    balanced, last = _closing_in(text, line, start)
    if balanced is None and len(line) < len(window):
        # A line was broken inside the name.
        joined, later = _closing_in(text, window.replace("\n", " "), start)
        return joined, last if last is not None and joined is None else later
    return balanced, last


def _closing_in(text: str, line: str, start: int) -> tuple[int | None, int | None]:
    opened = text[start - 1 : start]
    escaped = text[start - 2 : start - 1] == "\\"
    alike = opened + _PAIRS[opened] if opened in _PAIRS else _SINGLE if opened in _SINGLE else _DOUBLE
    marks = [at for at, char in enumerate(line) if char in alike and (line[at - 1 : at] == "\\") == escaped]
    if not marks:
        return None, None
    depth = 1
    for number, at in enumerate(marks):
        if not line[:at].strip() and opened in _PAIRS and len(marks) > 1:
            continue  # no name is empty
        depth += (1 if line[at] == opened else -1) if opened in _PAIRS else _turn(line, at)
        if depth == 0:
            rest = marks[number + 1 :]
            if rest and _MIMICRY.match(line, at + 1):
                break
            run = _run(line, [at, *rest])
            if run and not _outer(text, start, alike, escaped=escaped):
                return start + rest[run - 1], start + marks[-1]
            if opened not in _PAIRS and _goes_on(line, rest) and not _outer(text, start, alike, escaped=escaped):
                break
            return start + at, start + marks[-1]
    return None, start + marks[-1]


def _run(line: str, marks: list[int]) -> int:
    """Return how many more marks stand right behind the first: a name may end with some."""
    run = 0
    while run + 1 < len(marks) and not line[marks[run] + 1 : marks[run + 1]].strip("\\"):
        run += 1
    return run


def _turn(line: str, at: int) -> int:
    """Say whether the mark at `at` opens (1), closes (-1) or stands inside a word (0)."""
    before, after = _before(line, at), _after(line, at)
    if _in_word(after) and _opens(before):
        return 1
    return 0 if _in_word(after) and _in_word(before) else -1


def _in_word(char: str) -> bool:
    """Say whether it is a letter or digit of a script that has blanks between words; in others a mark stands next to any letter."""
    return char.isalnum() and char < "\u2e80"


def _before(text: str, at: int) -> str:
    """Return the character before a mark, or before what escapes it and the marks beside it."""
    while at and (text[at - 1] == "\\" or text[at - 1] in QUOTES):
        at -= 1
    return text[at - 1 : at]


def _after(text: str, at: int) -> str:
    """Return the character behind a mark and the marks beside it."""
    return text[at:].lstrip(f"{QUOTES}\\")[:1]


def _opens(before: str) -> bool:
    return not before or before.isspace() or before in _BEFORE_A_NAME or before in QUOTES


def _goes_on(line: str, marks: list[int]) -> bool:
    """Say whether the line ends with a mark that nothing opened: then that one closes the name."""
    return bool(marks) and marks[-1] == len(line.rstrip()) - 1 and sum(_turn(line, at) for at in marks) == -1


def _outer(text: str, start: int, alike: str, *, escaped: bool) -> bool:
    """Say whether the whole sentence stands in quotation marks of the same sort, whose closing one is not the name's."""
    furthest = max(start - LONGEST_SENTENCE, 0)
    begins = max(text.rfind("\n", furthest, start) + 1, furthest)
    before = text[begins : start - 1 - escaped]
    return (
        sum(1 for at, char in enumerate(before) if char in alike and (before[at - 1 : at] == "\\") == escaped) % 2 == 1
    )


def opening_quote(text: str, end: int) -> int | None:
    """Return where the quotation mark stands that opens a name closed by the mark at `end`."""
    furthest = max(end - LONGEST_NAME, 0)
    begins = max(text.rfind("\n", furthest, end) + 1, furthest)
    marks = [at for at in range(begins, end) if text[at] in QUOTES and text[at] not in _SINGLE]
    marks = [at for at in marks if (text[at - 1 : at] == "\\") == (text[end - 1 : end] == "\\")]
    fitting = [at for at in marks if _opens(_before(text, at)) and _closing(text, at + 1)[0] == end]
    said = [at for at in marks if text[begins:at].rstrip("\\ \t\u00a0")[-1:] in ("", ":", "\uff1a", ">")]
    both = [at for at in said if at in fitting]
    return next((found for found in (both[-1:], said[-1:], fitting[:1], marks[-1:]) if found), [None])[0]


def spelled(text: str, start: int, end: int, *, padded: bool) -> str:
    """Return the name between its marks; `padded`: the language puts a blank inside them."""
    name = text[start:end]
    if text[start - 2 : start - 1] == "\\":
        name = name.rstrip("\\")
    name = _ESCAPED.sub(r"\1", name)
    if text[start - 1 : start] in _CURLY or (not _CURLY.isdisjoint(name) and "'" not in text and '"' not in text):
        name = name.translate(CURLY)
    if padded:
        name = name[name[:1].isspace() : len(name) - name[-1:].isspace()]
    if " " not in text:
        # All blanks were made hard on the way; else the name has a hard one of its own.
        name = _HARD_BLANKS.sub(" ", name)
    return _BREAK.sub(" ", name)
