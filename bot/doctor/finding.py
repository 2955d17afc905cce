"""What a check comes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters; the words are those the report marks it with."""

    FINE = "ok"
    NOTE = "note"
    """Worth knowing; nothing needs to be done."""
    WARNING = "warning"
    """It works, and will not on some day that can be foreseen."""
    FAULT = "FAULT"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one check: `what` is so, `mend` says what to do about it, and `lines` are to be copied as they stand."""

    level: Level
    what: str
    mend: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The findings about one thing."""

    title: str
    findings: tuple[Finding, ...]


def fine(what: str) -> Finding:
    """All is well."""
    return Finding(Level.FINE, what)


def note(what: str, mend: str = "", *lines: str) -> Finding:
    """Worth knowing."""
    return Finding(Level.NOTE, what, mend, lines)


def warning(what: str, mend: str, *lines: str) -> Finding:
    """Not wrong yet."""
    return Finding(Level.WARNING, what, mend, lines)


def fault(what: str, mend: str, *lines: str) -> Finding:
    """Wrong."""
    return Finding(Level.FAULT, what, mend, lines)


def count(sections: Iterable[Section], level: Level) -> int:
    """Count the findings of a level."""
    return sum(finding.level is level for section in sections for finding in section.findings)
