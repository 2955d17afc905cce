"""What cannot easily be made of a true own database: a full disk, a folder of somebody else's."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.access.member import Grade, Member
from bot.doctor.finding import Finding, Level
from bot.doctor.own import Kept, judge
from bot.storage.examined import FileSeen, OwnSeen, PostgresqlSeen

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
FILE = FileSeen(Path("/var/lib/connbot/own.db"), there=True, free=10**12)
SEEN = OwnSeen(file=FILE, revision="0007", now=NOW)
ADMIN = Member("T1", "U1", Grade.ADMIN, "", "", None, "cli:ada", NOW)


def judged(seen: OwnSeen = SEEN, kept: Kept | None = None) -> list[Finding]:
    kept = Kept(("T1",), (ADMIN,)) if kept is None else kept
    section = judge(seen, head="0007", keyed=True, kept=kept, team="T1", watched=())
    return [finding for finding in section.findings if finding.level is not Level.FINE]


def test_a_sound_one_has_nothing_wrong() -> None:
    assert judged() == []


def test_a_disk_that_is_nearly_full() -> None:
    (found,) = judged(replace(SEEN, file=replace(FILE, free=5_000_000)))

    assert (found.level, found.lines) == (Level.WARNING, ("df -h /var/lib/connbot/own.db",))
    assert "Only 5 MB" in found.what


def test_a_folder_of_somebody_else_s() -> None:
    (found,) = judged(replace(SEEN, file=replace(FILE, folder_writable=False)))

    assert found.level is Level.FAULT
    assert "/var/lib/connbot" in found.lines[0]


def test_a_file_of_somebody_else_s() -> None:
    (found,) = judged(replace(SEEN, now=None, failure="unable to open database file"))

    assert found.level is Level.FAULT
    assert found.lines[0] == "ls -l /var/lib/connbot/own.db*"


def test_a_disk_that_is_full() -> None:
    (found,) = judged(replace(SEEN, unwritable="database or disk is full"))

    assert found.level is Level.FAULT
    assert "df -h /var/lib/connbot/own.db" in found.lines


def test_a_serve_that_keeps_its_connections_is_as_it_should_be() -> None:
    server = PostgresqlSeen((1, NOW), "own", -1, "own", -1, others=3, forbidden=())
    seen = replace(SEEN, file=None, postgresql=server)

    assert told(seen, "3 other connections of connbot") == [Level.FINE]
    assert told(replace(seen, postgresql=replace(server, others=0)), "of connbot use it") == []


def told(seen: OwnSeen, words: str) -> list[Level]:
    section = judge(seen, head="0007", keyed=True, kept=None, team="T1", watched=())
    return [finding.level for finding in section.findings if words in finding.what]
