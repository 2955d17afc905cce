"""What cannot easily be made of a true server: a standby, another language, another version."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.doctor.finding import Finding, Level
from bot.doctor.server import judge
from bot.servers.counting import ServerSlots
from bot.servers.examined import Examined, Target
from bot.servers.guard import GuardStanding, GuardState
from bot.servers.rights import RightsFacts
from bot.servers.settings import ServerSettings

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
CLASS = ServerSettings("class", "service=class", students=("students",), ask="dba@example.edu")
RIGHTS = RightsFacts(
    version=180006,
    role="connbot",
    superuser=False,
    role_limit=-1,
    database="postgres",
    database_limit=-1,
    reads_all=True,
    signals=True,
    uses_reserved=True,
    reserved=2,
    students=("students",),
)
SEEN = Examined(
    version="18.6",
    rights=RIGHTS,
    slots=ServerSlots(40, 3, 2),
    used=7,
    role_used=0,
    students=3,
    off=timedelta(),
    identity=(1, NOW),
    standby=False,
    tracks=True,
    language="en_US.UTF-8",
    in_the_clear=False,
    valid_until=None,
    attributes=(),
    presets=(),
)


def judged(settings: ServerSettings = CLASS, **seen: Any) -> tuple[Finding, ...]:
    return judge(settings, Target(), replace(SEEN, **seen), NOW).findings


def said(words: str, findings: tuple[Finding, ...]) -> Finding:
    (found,) = [finding for finding in findings if words in finding.what]
    return found


def test_a_sound_server_has_nothing_wrong() -> None:
    assert {finding.level for finding in judged()} <= {Level.FINE, Level.NOTE}
    assert said("6 of its 35 ordinary slots", judged()).level is Level.FINE


def test_a_standby_is_told_as_one() -> None:
    assert said("a standby", judged(standby=True)).level is Level.NOTE


@pytest.mark.parametrize(
    ("language", "wrong"),
    [
        ("C", False),
        ("", False),
        ("C.UTF-8", False),
        ("POSIX", False),
        ("en_GB", False),
        ("de_DE.UTF-8", True),
        ("Chinese", True),
    ],
)
def test_refusals_in_another_language_would_not_be_known(language: str, wrong: bool) -> None:  # noqa: FBT001
    found = [finding for finding in judged(language=language) if "another language" in finding.what]

    assert [finding.level for finding in found] == ([Level.WARNING] if wrong else [])


@pytest.mark.parametrize("version", [130014, 90624])
def test_a_version_that_is_too_old(version: int) -> None:
    found = said("is not supported", judged(rights=replace(RIGHTS, version=version)))

    assert found.level is Level.FAULT


def test_slots_beyond_the_ordinary_ones_mean_it_is_full() -> None:
    assert said("6 of its", judged(used=7)).level is Level.FINE
    assert said("It is full now", judged(used=36)).level is Level.WARNING


def test_a_limit_of_the_role_says_how_many_are_free() -> None:
    found = said("may hold 5 connections", judged(rights=replace(RIGHTS, role_limit=5), role_used=2))

    assert "3 of them are free" in found.what


def test_what_the_configuration_leaves_out() -> None:
    settings = replace(CLASS, services=("canvas",), ask=None)

    assert said("Nobody is named for its service accounts", judged(settings)).lines == ('ask = "dba@example.edu"',)


@pytest.mark.parametrize(("reserved", "lines"), [(0, 2), (3, 1)])
def test_the_reserve_is_made_where_there_is_none(reserved: int, lines: int) -> None:
    rights = replace(RIGHTS, uses_reserved=False, reserved=reserved)
    found = said("a full server would refuse the bot", judged(rights=rights))

    assert len(found.lines) == lines
    assert found.lines[-1] == 'GRANT pg_use_reserved_connections TO "connbot";'


def test_a_right_of_two_that_is_missing_alone_is_told_alone() -> None:
    found = said("can be shown", judged(rights=replace(RIGHTS, reads_all=False)))
    assert (found.mend, found.lines) == ("As superuser there:", ('GRANT pg_read_all_stats TO "connbot";',))
    found = said("nothing can be ended", judged(rights=replace(RIGHTS, signals=False)))
    assert found.mend.startswith("Whoever runs the server reads this script")
    assert found.lines[0] == "connbot doctor --sql class > class.sql"


def test_a_reserve_that_is_empty_takes_a_restart() -> None:
    found = said("a full server would refuse the bot", judged(rights=replace(RIGHTS, reserved=0)))

    assert found.mend.endswith("restart the server:")


def test_a_guard_that_was_changed_is_told_with_its_own_mend() -> None:
    rights = replace(RIGHTS, signals=False, guard=GuardState(GuardStanding.CHANGED, ("source",)))
    found = said("not as its script makes it", judged(rights=rights))

    assert found.level is Level.FAULT
    assert found.mend.startswith("Find out who changed it")
    assert found.lines[0] == "connbot doctor --sql class > class.sql"


@pytest.mark.parametrize(("days", "words"), [(-1, "ended on 2026-11-21"), (1, "ends on 2026-11-23")])
def test_a_password_s_end_is_past_or_to_come(days: int, words: str) -> None:
    found = said(f"Its password {words}", judged(valid_until=NOW + timedelta(days=days)))

    assert found.level is (Level.FAULT if days < 0 else Level.WARNING)
