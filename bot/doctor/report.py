"""The findings as a terminal shows them: grouped, wrapped to its width, what is to be copied left whole."""

import textwrap
from collections.abc import Iterator, Sequence

from bot.doctor.finding import Finding, Level, Section, count
from bot.slack.blocks.text import plural

WIDEST = 100
NARROWEST = 30
_INDENT = 9
"""Columns before the text: the mark and its blanks."""
_COLOURS = {Level.FINE: "32", Level.NOTE: "36", Level.WARNING: "33", Level.FAULT: "1;31"}
AGAIN = "Then run `connbot doctor` again."


def render(sections: Sequence[Section], *, width: int, colours: bool) -> str:
    """Write the report for a terminal of `width` columns; `colours` are escape codes, for a terminal alone."""
    text_width = max(min(width, WIDEST), NARROWEST)
    blocks = ["\n".join(_section(section, text_width, colours=colours)) for section in sections]
    return "\n\n".join([*blocks, "\n".join(textwrap.wrap(verdict(sections), text_width))])


def verdict(sections: Sequence[Section]) -> str:
    """Say in a sentence what all of it comes to."""
    faults, warnings = count(sections, Level.FAULT), count(sections, Level.WARNING)
    told = f" {plural(warnings, 'warning')}: not wrong today." if warnings else ""
    if faults:
        return f"{plural(faults, 'fault')} to mend.{told} {AGAIN}"
    return f"Nothing is wrong.{told}"


def _section(section: Section, width: int, *, colours: bool) -> Iterator[str]:
    yield f"\x1b[1m{section.title}\x1b[0m" if colours else section.title
    for finding in section.findings:
        yield from _finding(finding, width, colours=colours)


def _finding(finding: Finding, width: int, *, colours: bool) -> Iterator[str]:
    mark = f"{finding.level:<7}"
    if colours:
        mark = f"\x1b[{_COLOURS[finding.level]}m{mark}\x1b[0m"
    first, *more = _wrapped(finding.what, width)
    yield f"{mark}  {first}"
    for line in [*more, *_wrapped(finding.mend, width)]:
        yield f"{'':{_INDENT}}{line}"
    for line in finding.lines:
        # Not wrapped: it is to be copied.
        yield f"{'':{_INDENT}}  {line}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width - _INDENT, break_long_words=False, break_on_hyphens=False)
