"""The doctor's findings for tests, by how they read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.clock import clock
from bot.doctor import examination
from bot.doctor.finding import Finding, Level, Section
from bot.settings import inspect_environment


@dataclass(frozen=True, slots=True)
class Findings:
    """What a doctor found."""

    sections: Sequence[Section]

    def of(self, *levels: Level, title: str = "") -> list[Finding]:
        """The findings of these levels, in the sections whose title begins so."""
        return [
            finding
            for section in self.sections
            if section.title.startswith(title)
            for finding in section.findings
            if finding.level in levels
        ]

    def bad(self, title: str = "") -> list[str]:
        """What is wrong or will be, in words."""
        return [finding.what for finding in self.of(Level.FAULT, Level.WARNING, title=title)]

    def the(self, words: str) -> Finding:
        """The one finding that says these words, or names them as its mend."""
        (found,) = [finding for finding in self.all if words in f"{finding.what} {finding.mend} {finding.lines}"]
        return found

    def says(self, words: str) -> bool:
        """Whether any finding says these words."""
        return any(words in finding.what for finding in self.all)

    @property
    def all(self) -> list[Finding]:
        """Every finding."""
        return self.of(*Level)


async def examined(variables: Mapping[str, str], clock: Callable[[], datetime] = clock) -> Findings:
    """Have everything looked at as `connbot doctor` does."""
    environment, faults = inspect_environment(variables)
    settings = examination.read(environment, faults, [*variables])
    return Findings(await examination.examine(settings, clock))
