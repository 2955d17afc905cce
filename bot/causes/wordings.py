"""The table of what programs print when a connection fails: `wordings.csv`, one row a sentence in one language.

A row has five columns. `means`: a cause, a kind, or one of `Mark`. `language`: a code of PostgreSQL's catalogues. `needs`: what must stand
around the sentence before it counts, one of `Needs`. `words`: the sentence, `{role}`, `{database}`, `{host}`, `{port}`, `{socket}` for what
is told there and `{_}` for what is not kept; a slot that ends the sentence without a closing mark is one word. `source`: where it is printed.
Blanks, case, kinds of quotation marks do not matter. A new row needs nothing else.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from bot.causes.finding import Cause, Kind
from bot.causes.reading import QUOTES, comparable

COLUMNS = ("means", "language", "needs", "words", "source")
SLOTS = frozenset({"role", "database", "host", "port", "socket", "_"})
SHORTEST_ANCHOR = 3
"""Characters of the longest piece between slots; shorter ones would be found anywhere."""

_SLOT = re.compile(r"\{(\w+)\}")


class Mark(StrEnum):
    """What a row can mean beside causes and kinds."""

    SEVERITY = "severity"
    """The server's word for an error that ends the session."""
    STATEMENT = "statement"
    """Its word for an error of one statement: no connection was lost."""
    NOTICE = "notice"
    PREFIX = "prefix"
    """What a client puts before the server's words: which server it was."""


class Needs(StrEnum):
    """What must stand around a sentence."""

    NOTHING = ""
    FATAL = "fatal"
    """Other programs, statements or people say the same: a severity, a client's prefix or a driver's error must stand before it."""
    SAID = "said"
    """Nobody else says it, but it is short: any severity, a prefix or a driver's error must stand before it."""
    POSTGRES = "postgres"
    """Any network program says the same: the text must be about PostgreSQL."""


Meaning = Cause | Kind | Mark


@dataclass(frozen=True, slots=True)
class Wording:
    """One row, ready to be looked for in comparable text."""

    means: Meaning
    language: str
    needs: Needs
    words: str
    source: str
    pieces: tuple[str, ...]
    """The words between the slots, comparable; one more than `slots`, the first and last may be ''."""
    slots: tuple[str, ...]
    padded: tuple[bool, ...]
    """Of each slot: the language puts a blank inside the quotation marks."""
    anchor: int
    """Which piece is looked for first: the longest."""

    @property
    def names_something(self) -> bool:
        """It holds a name, which nobody makes up."""
        return bool({"role", "database"} & set(self.slots))


def meaning(word: str) -> Meaning:
    """Return what `means` says; raises `ValueError`."""
    for words in (Cause, Kind, Mark):
        if word in set(words):
            return words(word)
    raise ValueError(word)


def wording(row: Mapping[str, str]) -> Wording:
    """Make one row ready; raises `ValueError` with what is wrong with it."""
    words = row["words"]
    slots = tuple(_SLOT.findall(words))
    if unknown := set(slots) - SLOTS:
        raise ValueError(f"{words}: unknown slot {', '.join(sorted(unknown))}")
    parts = _SLOT.split(words)[::2]
    pieces = tuple(comparable(part) for part in parts)
    anchor = max(range(len(pieces)), key=lambda at: len(pieces[at]))
    if len(pieces[anchor]) < SHORTEST_ANCHOR and row["means"] not in set(Mark):
        raise ValueError(f"{words}: no piece of it is long enough to be looked for")
    if any(not piece for piece in pieces[1:-1]):
        raise ValueError(f"{words}: two slots stand side by side")
    padded = tuple(_is_padded(part) for part in parts[:-1])
    return Wording(
        meaning(row["means"]), row["language"], Needs(row["needs"]), words, row["source"], pieces, slots, padded, anchor
    )


def _is_padded(before: str) -> bool:
    return before != before.rstrip() and before.rstrip()[-1:] in QUOTES and bool(before.rstrip())


@dataclass(frozen=True, slots=True)
class Table:
    """All rows; `severities` and `statements` are comparable words with their colon, `spoken` all of them as they are printed."""

    sentences: tuple[Wording, ...]
    """Causes and kinds."""
    prefixes: tuple[Wording, ...]
    severities: tuple[str, ...]
    statements: tuple[str, ...]
    spoken: tuple[str, ...]
    ascii_sentences: tuple[Wording, ...]
    """Those of the sentences that can stand in a text without any other letter."""


def table_of(rows: Iterable[Mapping[str, str]]) -> Table:
    """Make a table of rows."""
    found = [wording(row) for row in rows]

    def said(mark: Mark) -> tuple[str, ...]:
        return tuple(sorted({f"{one.pieces[0]}:" for one in found if one.means is mark}))

    sentences = tuple(one for one in found if not isinstance(one.means, Mark))
    return Table(
        sentences=sentences,
        ascii_sentences=tuple(one for one in sentences if one.pieces[one.anchor].isascii()),
        prefixes=tuple(one for one in found if one.means is Mark.PREFIX),
        severities=said(Mark.SEVERITY),
        statements=said(Mark.STATEMENT) + said(Mark.NOTICE),
        spoken=tuple(sorted({one.words for one in found if one.means in (Mark.SEVERITY, Mark.STATEMENT)})),
    )


@cache
def table() -> Table:
    """Return the table that comes with the program, read once."""
    rows = files(__package__).joinpath("wordings.csv").read_text(encoding="utf-8")
    return table_of(csv.DictReader(rows.splitlines()))
