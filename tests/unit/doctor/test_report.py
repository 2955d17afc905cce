"""The report: wrapped to the terminal, commands whole, colours for a terminal alone."""

import re

import pytest

from bot.doctor.finding import Section, fault, fine, note, warning
from bot.doctor.report import render, verdict

LINE = "GRANT pg_read_all_stats TO connbot_with_a_long_name_indeed;"
SECTIONS = (
    Section("Settings", (fine("connbot.toml names 1 server."), note("The first server is meant."))),
    Section(
        "Server class",
        (
            fault("Without pg_read_all_stats no connection can be shown or ended.", "Run as superuser:", LINE),
            warning("The clock is 4 s off.", "Let it be set by NTP."),
        ),
    ),
)


@pytest.mark.parametrize("width", [20, 30, 40, 80, 300])
def test_text_keeps_to_the_width_and_what_is_to_be_copied_stays_whole(width: int) -> None:
    told = render(SECTIONS, width=width, colours=False)

    assert all(len(line) <= max(30, min(width, 100)) for line in told.splitlines() if line.strip() != LINE)
    assert LINE in [line.strip() for line in told.splitlines()]
    assert "\x1b" not in told


def test_every_finding_is_marked_and_grouped_under_its_title() -> None:
    told = render(SECTIONS, width=80, colours=False).splitlines()

    assert told[0] == "Settings"
    assert told[1] == "ok       connbot.toml names 1 server."
    assert told[2].startswith("note     ")
    assert told[told.index("Server class") + 1].startswith("FAULT    Without")
    assert any(line.startswith("warning  The clock") for line in told)


def test_colours_change_nothing_but_colours() -> None:
    coloured = render(SECTIONS, width=50, colours=True)

    assert "\x1b[1;31mFAULT" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(SECTIONS, width=50, colours=False)


def test_the_verdict_counts_what_is_to_be_done() -> None:
    assert verdict(SECTIONS) == "1 fault to mend. 1 warning: not wrong today. Then run `connbot doctor` again."
    assert verdict(SECTIONS[:1]) == "Nothing is wrong."
    assert verdict([Section("x", (warning("w", "m"),) * 2)]) == "Nothing is wrong. 2 warnings: not wrong today."
